"""Envelopes: one hop each, many under one signature."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from peer import START_MS, altered, seeded
from tansiq.errors import BadInput, Error, NotProven
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.cose import sign1
from tansiq.protocol.envelope import (
    Entry,
    Handover,
    Lane,
    check_batch,
    check_wraps,
    make_batch_head,
    parse_batch_head,
    parse_entry,
)
from tansiq.protocol.keys import SealingKey, SigningKey
from tansiq.protocol.limits import MAX_BATCH, MAX_EPOCH, MAX_TIME_MS
from tansiq.protocol.merkle import MemoryNodes, inclusion_path, leaf_hash, verify_inclusion
from tansiq.protocol.wraps import ContentKeys, seal_wrap

NODE, OTHER = SigningKey(seeded("node")), SigningKey(seeded("other node"))
READER = SealingKey(seeded("reader", 96))
WRAPS = [
    seal_wrap(ContentKeys(seeded(f"key {number}")), reader=READER.public, statement_digest=seeded("statement 1"))
    for number in range(2)
]


def entry(number: int = 1, **changes: Any) -> Entry:
    plain = Entry(
        sender="es.cgi",
        receiver="ma.dgst",
        epoch=1,
        lane=Lane.NORMAL,
        number=number,
        statement=seeded(f"statement {number}"),
        wraps=tuple(wrap.digest for wrap in WRAPS),
        handovers=(Handover("es.mir/embassy-rabat", START_MS, START_MS + 60_000),),
        released_ms=START_MS + number,
    )
    return replace(plain, **changes)


ENTRIES = [entry(number).to_bytes() for number in (1, 2, 3)]
HEAD = make_batch_head(sender="es.cgi", receiver="ma.dgst", epoch=1, time_ms=START_MS, entries=ENTRIES, signer=NODE)


def test_an_entry_travels_as_its_bytes() -> None:
    assert parse_entry(ENTRIES[0]) == entry(1)
    assert parse_entry(entry(lane=Lane.URGENT, wraps=(), handovers=()).to_bytes()).lane is Lane.URGENT
    longest = entry(handovers=(Handover("es.mir/embassy-rabat", 0, MAX_TIME_MS),) * 16)
    assert parse_entry(longest.to_bytes()) == longest
    latest = entry(epoch=MAX_EPOCH, number=(1 << 63) - 1, released_ms=MAX_TIME_MS)
    assert parse_entry(latest.to_bytes()) == latest


def test_one_signature_serves_a_batch() -> None:
    head = parse_batch_head(HEAD.encoded)
    check_batch(head, entries=ENTRIES, key=NODE.public)
    assert (head.sender, head.receiver, head.epoch, head.count, head.time_ms) == (
        "es.cgi", "ma.dgst", 1, 3, START_MS,
    )  # fmt: skip
    assert head.digest == HEAD.digest


def test_each_entry_of_a_batch_is_proven_alone() -> None:
    nodes = MemoryNodes([leaf_hash(one) for one in ENTRIES])
    for index, one in enumerate(ENTRIES):
        verify_inclusion(
            leaf=leaf_hash(one), index=index, size=HEAD.count, path=inclusion_path(index, 3, nodes), root=HEAD.root
        )


def test_the_wraps_of_an_entry_are_those_that_it_names() -> None:
    check_wraps(entry(), WRAPS)
    for others in (WRAPS[:1], WRAPS[::-1], [*WRAPS, WRAPS[0]], []):
        with pytest.raises(NotProven) as caught:
            check_wraps(entry(), others)
        assert caught.value.code == "protocol.other-wraps"


NOT_THE_BATCH = {
    "in another order": [ENTRIES[1], ENTRIES[0], ENTRIES[2]],
    "one fewer": ENTRIES[:2],
    "one more": [*ENTRIES, entry(4).to_bytes()],
    "one twice": [*ENTRIES[:2], ENTRIES[1]],
    "one altered": [*ENTRIES[:2], entry(3, released_ms=0).to_bytes()],
    "one re-addressed": [entry(1, receiver="fr.dgsi").to_bytes(), *ENTRIES[1:]],
    "one with another number": [replace(entry(1), number=9).to_bytes(), *ENTRIES[1:]],
    "one in another lane": [entry(1, lane=Lane.URGENT).to_bytes(), *ENTRIES[1:]],
    "one for another statement": [entry(1, statement=bytes(32)).to_bytes(), *ENTRIES[1:]],
    "none": [],
}


@pytest.mark.parametrize("entries", NOT_THE_BATCH.values(), ids=NOT_THE_BATCH)
def test_a_batch_is_exactly_what_was_signed(entries: list[bytes]) -> None:
    with pytest.raises(NotProven) as caught:
        check_batch(HEAD, entries=entries, key=NODE.public)
    assert caught.value.code == "protocol.other-batch"


def test_a_batch_is_signed_by_its_node() -> None:
    with pytest.raises(NotProven) as caught:
        check_batch(HEAD, entries=ENTRIES, key=OTHER.public)
    assert caught.value.code == "protocol.other-key"
    readdressed = altered(HEAD.encoded, payload=lambda fields: fields | {2: "fr.dgsi"})
    with pytest.raises(NotProven) as caught:
        check_batch(parse_batch_head(readdressed), entries=ENTRIES, key=NODE.public)
    assert caught.value.code == "protocol.wrong-signature"


def test_a_count_that_is_signed_wrongly_is_refused_though_the_root_is_right() -> None:
    payload = HEAD.signature.payload
    assert payload is not None
    counted = parse_batch_head(sign1(encode(decode(payload) | {4: 4}), kind="envelope", signer=NODE))
    with pytest.raises(NotProven) as caught:
        check_batch(counted, entries=ENTRIES, key=NODE.public)
    assert caught.value.code == "protocol.other-batch"


def test_two_nodes_of_a_tree_are_no_batch_of_two() -> None:
    """A leaf and a node are hashed differently (RFC 9162 section 2.1.1), so an inner node can't pose as an entry."""
    left = b"".join(leaf_hash(one) for one in ENTRIES[:2])
    pretended = replace(HEAD, count=2)
    with pytest.raises(NotProven):
        check_batch(pretended, entries=[left, ENTRIES[2]], key=NODE.public)


WRONG_ENTRIES: list[tuple[int, Any]] = [
    (0, 0),
    (1, "ES.CGI"),
    (1, "es.cgi/desk"),
    (2, b"ma.dgst"),
    (3, 0),
    (3, MAX_EPOCH + 1),
    (4, 3),
    (4, True),
    (5, 0),
    (6, bytes(31)),
    (7, [bytes(31)]),
    (7, [bytes(32)] * 1025),
    (8, [{"es.mir/embassy": 1}]),
    (8, [["es.mir/embassy", 1]]),
    (8, [["es.mir/embassy", 1, "2"]]),
    (8, [["es.mir/embassy", -1, 2]]),
    (8, [["es.mir/embassy", 1, MAX_TIME_MS + 1]]),
    (8, [["es.mir/embassy", MAX_TIME_MS + 1, 2]]),
    (8, [["es.mir/embassy", True, 2]]),
    (8, [["the embassy", 1, 2]]),
    (8, [["es.mir/embassy", 1, 2]] * 17),
    (9, -1),
    (9, MAX_TIME_MS + 1),
]


@pytest.mark.parametrize(("field", "value"), WRONG_ENTRIES)
def test_an_entry_that_is_none_is_refused(field: int, value: Any) -> None:
    with pytest.raises(BadInput) as caught:
        parse_entry(encode(decode(ENTRIES[0]) | {field: value}))
    assert caught.value.code in {"protocol.wrong-field", "protocol.not-a-post", "protocol.not-an-agency"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (1, "x"),
        (2, 1),
        (3, 0),
        (3, MAX_EPOCH + 1),
        (4, 0),
        (4, MAX_BATCH + 1),
        (5, bytes(31)),
        (6, -1),
        (6, None),
        (6, MAX_TIME_MS + 1),
    ],
)
def test_a_batch_head_that_is_none_is_refused(field: int, value: Any) -> None:
    payload = HEAD.signature.payload
    assert payload is not None
    with pytest.raises(Error) as caught:
        parse_batch_head(sign1(encode(decode(payload) | {field: value}), kind="envelope", signer=NODE))
    assert caught.value.code in {"protocol.wrong-field", "protocol.not-an-agency"}


def test_an_empty_batch_is_none() -> None:
    with pytest.raises(BadInput):
        make_batch_head(sender="es.cgi", receiver="ma.dgst", epoch=1, time_ms=START_MS, entries=[], signer=NODE)
    with pytest.raises(BadInput):
        parse_batch_head(sign1(b"\xa0", kind="envelope", signer=NODE, detached=True))
