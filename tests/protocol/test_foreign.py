"""What we sign is verified by software that is not ours, and what was tampered with is refused by it as by us.

`cwt` (COSE), `scitt-cose` (COSE receipts, RFC 9942, and signed statements) and `pymerkle` (RFC 9162 trees) share no
code with `tansiq.protocol`. Every tampering below meets all judges that can look at the thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle import InmemoryTree
from pymerkle import verify_inclusion as pymerkle_verifies
from pymerkle.core import _inclusion_path_layout
from pymerkle.proof import InclusionProof, InvalidProof
from scitt_cose import CoseError, verify_sign1
from scitt_cose import merkle as scitt_merkle
from scitt_cose import verify_receipt as scitt_verifies

from peer import SimulatedPeer, altered, introduce, seeded, signature_moved
from support.judge import Refused, cwt_holds, cwt_reads
from tansiq.errors import Error
from tansiq.protocol.acts import Act, act_of
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.cose import media_type, parse_sign1
from tansiq.protocol.heads import Direction, exchange_leaf, parse_receipt, verify_receipt
from tansiq.protocol.keys import PublicSigningKey
from tansiq.protocol.merkle import MemoryNodes, consistency_path, leaf_hash
from tansiq.protocol.parts import Part

ES, MA = introduce(SimulatedPeer("es.cgi"), SimulatedPeer("ma.dgst"))
MADE = ES.say(officer="4711", parts=[Part("note", {0: "uno"}), Part("note", {0: "dos"})])
ANSWER = MA.take(ES.parcel_with(MADE, *(ES.say() for _ in range(4))))
ES.take(ANSWER)
PARCEL = ES.parcel_with(ES.say())


def act() -> Act:
    part = MA.received[0].parts[-1]
    assert part is not None
    return act_of(part)


# ---------------------------------------------------------------------------------------------------- the judges


def cose_key(key: PublicSigningKey) -> dict[int, Any]:
    return {1: 1, 2: key.identifier, 3: -8, -1: 6, -2: key.public, 4: [2]}


def pem(key: PublicSigningKey) -> bytes:
    return key.raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def by_cwt(message: bytes, key: PublicSigningKey, detached: bytes | None) -> bool:
    return cwt_holds(message, cose_key(key), detached=detached)


def by_scitt_cose(message: bytes, key: PublicSigningKey, detached: bytes | None) -> bool:
    try:
        verify_sign1(message, public_key_pem=pem(key), detached_payload=detached)
    except CoseError:
        return False
    return True


def by_us(message: bytes, key: PublicSigningKey, detached: bytes | None) -> bool:
    try:
        parse_sign1(message, kind=None, unprotected=frozenset((396,))).verify(key, detached=detached)
    except Error:
        return False
    return True


JUDGES = {"cwt": by_cwt, "scitt-cose": by_scitt_cose, "tansiq": by_us}


@dataclass(frozen=True)
class Signed:
    """Something signed: its bytes, who signed, its payload where that travels apart."""

    message: bytes = field(repr=False)
    key: PublicSigningKey
    detached: bytes | None = field(default=None, repr=False)


def things() -> dict[str, Signed]:
    news, received = PARCEL.news, ANSWER.news
    assert news is not None
    assert received is not None
    receipts = [(ES.receipts[digest], ES.receipt_roots[digest]) for digest in ES.receipts]
    return {
        "statement": Signed(MADE.statement.encoded, ES.node_key.public),
        "batch head": Signed(PARCEL.batch, ES.node_key.public),
        "act": Signed(act().encoded, ES.officers["4711"].public),
        "directory": Signed(ES.directory.encoded, ES.identity.public),
        "journal head": Signed(news.head, ES.node_key.public, news.root),
        "witness": Signed(ES.relation().witnesses[5], MA.node_key.public, ES.relation().frontier(5).root()),
        "receipt": Signed(receipts[2][0], MA.node_key.public, receipts[2][1]),
    }


THINGS = things()
judges = pytest.mark.parametrize("judge", JUDGES.values(), ids=JUDGES)
every_thing = pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)


@judges
@every_thing
def test_every_judge_verifies_what_we_sign(thing: Signed, judge: Callable[..., bool]) -> None:
    assert judge(thing.message, thing.key, thing.detached)


def changed_payload(thing: Signed) -> Signed:
    if thing.detached is None:
        return Signed(altered(thing.message, payload=lambda fields: fields | {99: 1}), thing.key)
    return Signed(thing.message, thing.key, hashlib.sha256(thing.detached).digest())


def with_signature(thing: Signed, change: Callable[[bytes], bytes]) -> Signed:
    return Signed(altered(thing.message, signature=change), thing.key, thing.detached)


def with_header(thing: Signed, label: int, value: Any) -> Signed:
    return Signed(altered(thing.message, protected=lambda old: old | {label: value}), thing.key, thing.detached)


TAMPERED: dict[str, Callable[[Signed], Signed]] = {
    "payload": changed_payload,
    "signature": lambda thing: with_signature(thing, lambda old: old[:10] + bytes((old[10] ^ 4,)) + old[11:]),
    "zeros for a signature": lambda thing: with_signature(thing, lambda old: bytes(len(old))),
    "the signature of another thing": lambda thing: Signed(
        signature_moved(next(one for one in THINGS.values() if one is not thing).message, thing.message),
        thing.key,
        thing.detached,
    ),
    "the type": lambda thing: with_header(thing, 16, media_type("something-else")),
    "a header added": lambda thing: with_header(thing, 99, "added"),
    "another key, named": lambda thing: Signed(
        altered(thing.message, protected=lambda old: old | {4: MA.identity.identifier}),
        MA.identity.public,
        thing.detached,
    ),
    "another key": lambda thing: Signed(thing.message, MA.identity.public, thing.detached),
    "cut off": lambda thing: Signed(thing.message[:-1], thing.key, thing.detached),
}


@judges
@every_thing
@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED)
def test_every_judge_refuses_what_was_tampered_with(
    thing: Signed, tamper: Callable[[Signed], Signed], judge: Callable[..., bool]
) -> None:
    tampered = tamper(thing)
    assert not judge(tampered.message, tampered.key, tampered.detached)


def test_cwt_reads_the_headers_that_we_mean() -> None:
    protected, unprotected, payload = cwt_reads(THINGS["statement"].message, cose_key(ES.node_key.public))
    assert (protected[1], protected[4], unprotected) == (-8, ES.node_key.identifier, {})
    assert protected[16] == "application/tansiq-statement+cbor"
    assert decode(payload)[2] == "es.cgi"


# ---------------------------------------------------------------------------------------------------- contents


def foreign_open(ciphertext: bytes, key: bytes, place: int) -> bytes:
    """A content opened by cwt alone: key, statement id and place are all it needs."""
    symmetric = {1: 4, 3: 3, -1: key, 4: [4]}
    _, _, opened = cwt_reads(ciphertext, symmetric, external=encode([MADE.statement.id, place]))
    return opened


def test_cwt_opens_a_content_and_the_commitment_is_a_plain_hash() -> None:
    contents = [
        (MADE.docket, MADE.keys.docket, DOCKET_PLACE, MADE.statement.docket_commitment),
        *(
            (MADE.parts[place], MADE.keys.parts[place], place, MADE.proofs[place].commitment)
            for place in range(len(MADE.parts))
        ),
    ]
    for ciphertext, key, place, commitment in contents:
        padded = foreign_open(ciphertext, key, place)
        opening = padded[: padded.rindex(b"\x80")]
        assert hashlib.sha256(opening).digest() == commitment
        content, ours = reveal(ciphertext, key=key, statement_id=MADE.statement.id, place=place, commitment=commitment)
        assert ours == opening
        assert content == decode(opening)[1]


@pytest.mark.parametrize("change", ["key", "place", "ciphertext"])
def test_cwt_does_not_open_what_we_would_not(change: str) -> None:
    ciphertext, key, place = MADE.parts[0], MADE.keys.parts[0], 0
    if change == "key":
        key = seeded("another key")
    elif change == "place":
        place = 1
    else:
        ciphertext = ciphertext[:-1] + bytes((ciphertext[-1] ^ 1,))
    with pytest.raises(Refused, match="decrypt"):
        foreign_open(ciphertext, key, place)


# ---------------------------------------------------------------------------------------------------- receipts


def leaf_of(digest: bytes) -> bytes:
    time_ms = next(
        time_ms for entry, _, time_ms in MA.relation().seen.values() if hashlib.sha256(entry).digest() == digest
    )
    return exchange_leaf(Direction.RECEIVED, time_ms, digest)


@pytest.mark.parametrize("index", range(5))
def test_scitt_cose_verifies_every_receipt(index: int) -> None:
    digest = list(ES.receipts)[index]
    result = scitt_verifies(
        ES.receipts[digest], leaf_entry_hex=leaf_of(digest).hex(), log_public_key_pem=pem(MA.node_key.public)
    )
    assert result.ok, result.errors
    assert (result.root, result.tree_size, result.leaf_index) == (ES.receipt_roots[digest].hex(), 5, index)
    # What RFC 9943 asks of a receipt: who issues it, about what, when, with which key.
    assert (result.issuer, result.subject) == ("ma.dgst", "ma.dgst:exchange:es.cgi")
    assert result.iat == parse_receipt(ES.receipts[digest]).time_ms // 1000
    assert result.protected_header_ext[4] == MA.node_key.identifier
    verify_receipt(ES.receipts[digest], leaf=leaf_of(digest), root=ES.receipt_roots[digest], key=MA.node_key.public)


def changed_proof(message: bytes, change: Callable[[list[Any]], list[Any]]) -> bytes:
    proof = decode(decode(message[1:])[1][396][-1][0])
    return altered(message, unprotected={396: {-1: [encode(change(proof))]}})


def flipped(hashes: list[bytes]) -> list[bytes]:
    return [bytes((hashes[0][0] ^ 1,)) + hashes[0][1:], *hashes[1:]]


BAD_RECEIPTS: dict[str, Callable[[bytes], bytes]] = {
    "the index": lambda message: changed_proof(message, lambda proof: [proof[0], proof[1] + 1, proof[2]]),
    "the size": lambda message: changed_proof(message, lambda proof: [proof[0] + 4, *proof[1:]]),
    "the path": lambda message: changed_proof(message, lambda proof: [*proof[:2], flipped(proof[2])]),
    "the path cut": lambda message: changed_proof(message, lambda proof: [*proof[:2], proof[2][1:]]),
    "the signature": lambda message: altered(message, signature=lambda old: old[:-1] + bytes((old[-1] ^ 1,))),
    "the journal": lambda message: altered(message, protected=lambda old: old | {15: {1: "x", 2: "y"}}),
    "the tree's kind": lambda message: altered(message, protected=lambda old: old | {395: 9}),
    "no proof": lambda message: altered(message, unprotected={}),
}


@pytest.mark.parametrize("tamper", BAD_RECEIPTS.values(), ids=BAD_RECEIPTS)
def test_scitt_cose_refuses_the_receipts_that_we_refuse(tamper: Callable[[bytes], bytes]) -> None:
    digest = list(ES.receipts)[1]
    message = tamper(ES.receipts[digest])
    result = scitt_verifies(message, leaf_entry_hex=leaf_of(digest).hex(), log_public_key_pem=pem(MA.node_key.public))
    assert not result.ok
    with pytest.raises(Error):
        verify_receipt(message, leaf=leaf_of(digest), root=ES.receipt_roots[digest], key=MA.node_key.public)


def test_the_size_that_counts_is_the_signed_one() -> None:
    """RFC 9942 leaves the size unsigned, and a path may hold under several sizes; ours stands in the signed header.

    A foreign verifier shows it among the headers that it doesn't know: whoever uses one compares the two.
    """
    digest = list(ES.receipts)[1]
    message = changed_proof(ES.receipts[digest], lambda proof: [8, *proof[1:]])
    result = scitt_verifies(message, leaf_entry_hex=leaf_of(digest).hex(), log_public_key_pem=pem(MA.node_key.public))
    assert result.ok
    assert result.tree_size == 8
    assert result.protected_header_ext[-70001][1] == 5
    with pytest.raises(Error) as caught:
        verify_receipt(message, leaf=leaf_of(digest), root=ES.receipt_roots[digest], key=MA.node_key.public)
    assert caught.value.code == "protocol.wrong-receipt-size"


def test_neither_takes_a_receipt_for_another_statement_or_by_another_key() -> None:
    one, other = list(ES.receipts)[:2]
    key = pem(MA.node_key.public)
    assert not scitt_verifies(ES.receipts[one], leaf_entry_hex=leaf_of(other).hex(), log_public_key_pem=key).ok
    key = pem(ES.node_key.public)
    assert not scitt_verifies(ES.receipts[one], leaf_entry_hex=leaf_of(one).hex(), log_public_key_pem=key).ok


# ---------------------------------------------------------------------------------------------------- trees


def pymerkle_proof(index: int, size: int, path: list[bytes], leaf: bytes) -> InclusionProof:
    """Our path in pymerkle's form: the leaf first, the turns from the index and the size, counted from one."""
    rule, _ = _inclusion_path_layout(index + 1, size)
    return InclusionProof("sha256", True, size, index + 1, rule, [leaf, *path])


@pytest.mark.parametrize("index", range(5))
def test_pymerkle_verifies_the_path_in_every_receipt(index: int) -> None:
    digest = list(ES.receipts)[index]
    size, at, path = decode(decode(ES.receipts[digest][1:])[1][396][-1][0])
    leaf, root = leaf_hash(leaf_of(digest)), ES.receipt_roots[digest]
    pymerkle_verifies(leaf, root, pymerkle_proof(at, size, path, leaf), index=index + 1, size=5)
    for wrong in (
        pymerkle_proof(at, size, flipped(path), leaf),
        pymerkle_proof((at + 1) % 5, size, path, leaf),
        pymerkle_proof(at, size, path, seeded("another leaf")),
    ):
        with pytest.raises(InvalidProof):
            pymerkle_verifies(leaf, root, wrong)


def test_all_grow_the_same_journal() -> None:
    entries = [leaf_of(digest) for digest in ES.receipts]
    tree = InmemoryTree(algorithm="sha256")
    for size, entry in enumerate(entries, 1):
        tree.append_entry(entry)
        ours = MemoryNodes([leaf_hash(one) for one in entries[:size]]).root()
        assert tree.get_root() == ours
        assert scitt_merkle.merkle_root([one.hex() for one in entries[:size]]) == ours.hex()
    assert tree.get_root() == ES.receipt_roots[next(iter(ES.receipts))]


def test_scitt_cose_verifies_that_a_journal_only_grew() -> None:
    leaves = MA.relation().leaves
    nodes = MemoryNodes(leaves)
    first, second = MemoryNodes(leaves[:3]).root().hex(), nodes.root().hex()
    path = [one.hex() for one in consistency_path(3, len(leaves), nodes)]
    assert scitt_merkle.verify_consistency(first, second, 3, len(leaves), path)
    assert not scitt_merkle.verify_consistency(first, second, 2, len(leaves), path)
    assert not scitt_merkle.verify_consistency(second, first, 3, len(leaves), path)
