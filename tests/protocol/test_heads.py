"""Heads, witnesses and receipts of a journal (RFC 9942 over RFC 9162)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from peer import START_MS, altered, seeded, signature_moved
from tansiq.errors import BadInput, Error, NotProven
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.cose import sign1
from tansiq.protocol.heads import (
    Direction,
    Head,
    exchange_leaf,
    journal_name,
    make_head,
    parse_head,
    parse_receipt,
    receipt,
    verify_receipt,
)
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.limits import MAX_EPOCH, MAX_TIME_MS
from tansiq.protocol.merkle import MemoryNodes, inclusion_path, leaf_hash

OWNER, PEER = SigningKey(seeded("owner")), SigningKey(seeded("peer"))
JOURNAL = journal_name("ma.dgst", "es.cgi")
LEAVES = [exchange_leaf(Direction.RECEIVED, START_MS + number, seeded(f"entry {number}")) for number in range(7)]
NODES = MemoryNodes([leaf_hash(leaf) for leaf in LEAVES])
ROOT = NODES.root()


def head(**changes: Any) -> bytes:
    values: dict[str, Any] = {
        "signer_agency": "ma.dgst",
        "journal": JOURNAL,
        "time_ms": START_MS,
        "epoch": 1,
        "size": len(LEAVES),
        "root": ROOT,
        "signer": OWNER,
    }
    return make_head(**values | changes)


HEAD = parse_head(head())


def receipt_for(index: int, of: Head = HEAD) -> bytes:
    return receipt(of, index=index, path=inclusion_path(index, len(LEAVES), NODES))


def test_a_head_says_whose_journal_how_long_and_when() -> None:
    HEAD.verify(OWNER.public, ROOT)
    assert (HEAD.signer, HEAD.journal, HEAD.epoch, HEAD.size, HEAD.time_ms) == ("ma.dgst", JOURNAL, 1, 7, START_MS)
    assert HEAD.signature.protected[395] == 1
    assert HEAD.signature.protected[15] == {1: "ma.dgst", 2: JOURNAL, 6: START_MS // 1000}
    assert HEAD.signature.payload is None


def test_a_witness_signs_the_same_root_of_the_same_journal_with_its_own_key() -> None:
    witness = parse_head(head(signer_agency="es.cgi", signer=PEER))
    witness.verify(PEER.public, ROOT)
    assert (witness.signer, witness.journal, witness.size) == ("es.cgi", HEAD.journal, HEAD.size)
    with pytest.raises(NotProven):
        witness.verify(OWNER.public, ROOT)


@pytest.mark.parametrize("index", range(7))
def test_every_leaf_has_a_receipt_under_one_signature(index: int) -> None:
    proven = verify_receipt(receipt_for(index), leaf=LEAVES[index], root=ROOT, key=OWNER.public)
    assert (proven.journal, proven.size) == (JOURNAL, 7)
    assert parse_receipt(receipt_for(index)).signature.signature == HEAD.signature.signature


def test_a_journal_with_one_leaf_or_none_has_a_head() -> None:
    one = MemoryNodes([leaf_hash(LEAVES[0])])
    only = parse_head(head(size=1, root=one.root()))
    verify_receipt(receipt(only, index=0, path=()), leaf=LEAVES[0], root=one.root(), key=OWNER.public)
    empty = parse_head(head(size=0, root=MemoryNodes([]).root()))
    empty.verify(OWNER.public, MemoryNodes([]).root())


def proof_of(message: bytes, change: Callable[[list[Any]], Any]) -> bytes:
    """``message`` with its inclusion proof changed: nobody signs that part."""
    proof = decode(decode(message[1:])[1][396][-1][0])
    return altered(message, unprotected={396: {-1: [encode(change(proof))]}})


GOOD = receipt_for(2)
OTHER_HEAD = head(time_ms=START_MS + 1)
BAD_RECEIPTS: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "another leaf": (GOOD, {"leaf": LEAVES[3]}, "merkle.inclusion"),
    "a leaf of another direction": (
        GOOD,
        {"leaf": exchange_leaf(Direction.SENT, START_MS + 2, seeded("entry 2"))},
        "merkle.inclusion",
    ),
    "another root": (GOOD, {"root": seeded("root")}, "merkle.inclusion"),
    "another key": (GOOD, {"key": PEER.public}, "protocol.other-key"),
    "another index": (proof_of(GOOD, lambda proof: [proof[0], 3, proof[2]]), {}, "merkle.inclusion"),
    "an index outside": (proof_of(GOOD, lambda proof: [proof[0], 7, proof[2]]), {}, "merkle.inclusion"),
    "another size": (proof_of(GOOD, lambda proof: [8, *proof[1:]]), {}, "protocol.wrong-receipt-size"),
    "a shorter path": (proof_of(GOOD, lambda proof: [*proof[:2], proof[2][:-1]]), {}, "merkle.inclusion"),
    "a longer path": (proof_of(GOOD, lambda proof: [*proof[:2], [*proof[2], bytes(32)]]), {}, "merkle.inclusion"),
    "a path of text": (proof_of(GOOD, lambda proof: [*proof[:2], ["x"] * 3]), {}, "merkle.inclusion"),
    "a negative index": (proof_of(GOOD, lambda proof: [proof[0], -1, proof[2]]), {}, "protocol.wrong-receipt"),
    "an index that is a truth": (
        proof_of(GOOD, lambda proof: [proof[0], True, proof[2]]),
        {},
        "protocol.wrong-receipt",
    ),
    "a proof of two": (proof_of(GOOD, lambda proof: proof[:2]), {}, "protocol.wrong-receipt"),
    "a proof that is a map": (proof_of(GOOD, lambda _: {0: 7, 1: 2, 2: []}), {}, "protocol.wrong-receipt"),
    "a path that is no list": (proof_of(GOOD, lambda proof: [*proof[:2], bytes(96)]), {}, "protocol.wrong-receipt"),
    "no proof": (HEAD.encoded, {}, "protocol.wrong-receipt"),
    "two proofs": (
        altered(GOOD, unprotected={396: {-1: decode(GOOD[1:])[1][396][-1] * 2}}),
        {},
        "protocol.wrong-receipt",
    ),
    "proofs that are none": (altered(GOOD, unprotected={396: [1]}), {}, "protocol.wrong-receipt"),
    "the signature of another head": (signature_moved(OTHER_HEAD, GOOD), {}, "protocol.wrong-signature"),
    "an altered size in the header": (
        altered(GOOD, protected=lambda old: old | {-70001: [1, 7, START_MS + 9]}),
        {},
        "protocol.wrong-signature",
    ),
    "something else beside the proof": (
        altered(GOOD, unprotected=decode(GOOD[1:])[1] | {99: 1}),
        {},
        "protocol.not-sign1",
    ),
}


@pytest.mark.parametrize(("message", "change", "code"), BAD_RECEIPTS.values(), ids=BAD_RECEIPTS)
def test_a_receipt_proves_one_leaf_of_one_journal(message: bytes, change: dict[str, Any], code: str) -> None:
    values: dict[str, Any] = {"leaf": LEAVES[2], "root": ROOT, "key": OWNER.public} | change
    with pytest.raises(Error) as caught:
        verify_receipt(message, **values)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {395: 2},
        {395: True},
        {395: None},
        {15: None},
        {15: {1: "ma.dgst"}},
        {15: {1: 1, 2: "x"}},
        {15: {1: "x" * 257, 2: "x"}},
        {-70001: [1, 7]},
        {-70001: [1, 7, -1]},
        {-70001: [1, 1 << 63, 0]},
        {-70001: [MAX_EPOCH + 1, 7, 0]},
        {-70001: [1, 7, MAX_TIME_MS + 1]},
        {-70001: [1, True, 0]},
        {-70001: {0: 1, 1: 1, 2: 1}},
        {-70001: b"abc"},
    ],
    ids=str,
)
def test_what_is_no_head_is_refused(change: dict[int, Any]) -> None:
    protected = dict(HEAD.signature.protected)
    with pytest.raises(BadInput) as caught:
        parse_head(sign1(ROOT, kind="journal-head", signer=OWNER, detached=True, more_protected=protected | change))
    assert caught.value.code == "protocol.wrong-head"


def test_what_is_just_within_its_limits_is_a_head() -> None:
    most = (1 << 63) - 1
    large = parse_head(head(journal="x" * 256, time_ms=MAX_TIME_MS, epoch=MAX_EPOCH, size=most))
    assert (large.time_ms, large.epoch, large.size, len(large.journal)) == (MAX_TIME_MS, MAX_EPOCH, most, 256)


@pytest.mark.parametrize("beside", [{396: {-1: [b"junk"]}}, {396: bytes(5)}, {99: 1}], ids=str)
def test_a_head_has_nothing_beside_it_that_nobody_signed(beside: dict[int, Any]) -> None:
    """Heads and witnesses are kept and shown as they came: what is not signed would be anybody's."""
    with pytest.raises(BadInput) as caught:
        parse_head(altered(HEAD.encoded, unprotected=beside))
    assert caught.value.code == "protocol.not-sign1"
    with pytest.raises(BadInput):
        parse_head(receipt_for(0))


def test_a_head_with_its_root_inside_is_none() -> None:
    protected = {label: value for label, value in HEAD.signature.protected.items() if label not in {1, 4, 16}}
    with pytest.raises(BadInput) as caught:
        parse_head(sign1(ROOT, kind="journal-head", signer=OWNER, more_protected=protected))
    assert caught.value.code == "protocol.wrong-head"


def test_each_relation_has_two_journals_and_each_a_name_of_its_own() -> None:
    names = {journal_name(*pair) for pair in (("ma.dgst", "es.cgi"), ("es.cgi", "ma.dgst"), ("es.cgi", "fr.dgsi"))}
    assert len(names) == 3
