"""A confirmed partner turned hostile: whatever it sends within what is allowed costs bounded time and bounded room.

The budgets are generous, so that a slow machine passes; what they forbid is work that grows faster than what was sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from peer import SimulatedPeer, nested, seeded
from support.room import BAD, Room
from tansiq.errors import BadInput, Error, NotProven, TooMuch
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.envelope import Lane, make_batch_head
from tansiq.protocol.limits import MAX_BATCH, MAX_LEAVES, MAX_PARCEL_BYTES
from tansiq.protocol.parcel import Parcel, parse_parcel
from tansiq.protocol.parts import Part


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Processor time of this process."""
    start = time.process_time()
    yield
    spent = time.process_time() - start
    assert spent < seconds, f"{spent:.2f} s of processor time"


BOMBS = {
    "16 MiB of noise": seeded("noise", 4096) * (MAX_PARCEL_BYTES // 4096),
    "16 MiB of nothing": bytes(MAX_PARCEL_BYTES),
    "deep": nested(MAX_PARCEL_BYTES - 1),
    "a list that says it is endless": b"\x9f" + b"\x00" * 1000,
    "a list with an invented length": b"\x9b\x00\x00\x00\xff\xff\xff\xff\xff",
    "a text with an invented length": b"\x7b\x00\x00\x00\xff\xff\xff\xff\xff" + bytes(1000),
    "a million numbers": b"\x9a\x00\x0f\x42\x40" + b"\x00" * 1_000_000,
    "a million empty lists": b"\x9a\x00\x0f\x42\x40" + b"\x80" * 1_000_000,
    "a map of a million keys": b"\xba\x00\x0f\x42\x40" + b"\x00" * 2_000_000,
    "one byte more than a parcel": bytes(MAX_PARCEL_BYTES + 1),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_quickly(room: Room, ma: SimulatedPeer, name: str) -> None:
    with within(1.0), pytest.raises((BadInput, TooMuch)):
        room.door._parcel("ma.dgst", BOMBS[name])


def grown(parcel: Parcel, key: int, value: object) -> bytes:
    """The parcel with one field exchanged."""
    fields = decode(parcel.to_bytes())
    fields[key] = value
    return encode(fields)


FIELDS: dict[str, tuple[int, object]] = {
    "too many items": (9, [[b"", b"", b"", [], [], []]] * (MAX_BATCH + 1)),
    "too many parts": (9, [[b"", b"", b"", [], [b""] * 257, []]]),
    "too many wraps": (9, [[b"", b"", b"", [], [], [b""] * 1025]]),
    "a part that is too large": (9, [[b"", b"", b"", [], [bytes(5_000_000)], []]]),
    "a docket that is too large": (9, [[b"", b"", bytes(20_000), [], [], []]]),
    "too many receipts": (10, [[bytes(32), [], [], 0, []]] * 65),
    "too many indices": (10, [[bytes(32), [0] * 513, [0] * 513, 0, []]]),
    "too many faults": (11, [[bytes(32), "x"]] * (MAX_BATCH + 1)),
    "too much wanted": (12, MAX_BATCH + 1),
    "too many leaves": (5, [b"", bytes(32), 0, bytes(32 * (MAX_LEAVES + 1))]),
    "half a leaf": (5, [b"", bytes(32), 0, bytes(31)]),
    "a negative number": (6, -1),
    "an absurd number": (4, 1 << 64),
    "a number that is a text": (3, "1"),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_beyond_its_limit_is_refused(room: Room, ma: SimulatedPeer, name: str) -> None:
    key, value = FIELDS[name]
    before = room.state()
    with within(1.0), pytest.raises((BadInput, TooMuch)):
        room.door._parcel("ma.dgst", grown(ma.parcel_with(room.said(ma, "uno")), key, value))
    assert room.state() == before


@pytest.mark.storage
def test_the_largest_batch_is_taken(room: Room, ma: SimulatedPeer) -> None:
    made = [room.said(ma, str(number)) for number in range(MAX_BATCH)]
    data = ma.parcel_with(*made).to_bytes()
    with within(4.0):
        answer = parse_parcel(room.door._parcel("ma.dgst", data))
    ma.take(answer)
    assert len(ma.receipts) == MAX_BATCH
    with within(4.0):
        assert room.work() >= MAX_BATCH
    assert room.words() == [str(number) for number in range(MAX_BATCH)]


def test_a_batch_full_of_forgeries_is_set_aside_in_bounded_time_and_its_repetition_adds_nothing(
    room: Room, ma: SimulatedPeer
) -> None:
    ma.lies.other_contents = True
    data = ma.parcel_with(*(room.said(ma, str(number)) for number in range(MAX_BATCH))).to_bytes()
    with within(4.0):
        first = parse_parcel(room.door._parcel("ma.dgst", data))
        again = parse_parcel(room.door._parcel("ma.dgst", ma.again().to_bytes()))
    assert len(first.faults) == len(again.faults) == MAX_BATCH
    assert len(room.faults()) == MAX_BATCH
    assert len(room.rows("SELECT * FROM exchange_received")) == MAX_BATCH


def test_a_whole_batch_that_its_handler_refuses_is_set_aside_in_bounded_time(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, *([BAD] * 256))
    with within(6.0):
        room.work()
    assert len(room.faults()) == 256


def test_a_ring_of_statements_that_follow_one_another_waits_and_costs_nothing_more(
    room: Room, ma: SimulatedPeer
) -> None:
    identifiers = [seeded(f"ring {number}", 16) for number in range(64)]
    made = [
        ma.say(
            docket=ma.docket(to=[room.node.post()], follows=tuple(one for one in identifiers if one != identifier)),
            parts=[Part("note", {0: "never"})],
            statement_id=identifier,
        )
        for identifier in identifiers
    ]
    ma.take(room.hear(ma.parcel_with(*made)))
    with within(2.0):
        room.work()
        assert room.work() == 0
    room.tell(ma, "goes on")
    room.work()
    assert room.words() == ["goes on"]


def test_numbers_at_both_ends_of_all_numbers_are_looked_up_without_reading_what_lies_between(
    room: Room, ma: SimulatedPeer
) -> None:
    """A batch may name any numbers: asking for all between them would read the whole history."""
    for _ in range(4):
        room.tell(ma, *(str(number) for number in range(64)))
    first = ma.parcel_with(room.said(ma, "uno"))
    ma.relation().numbers[Lane.NORMAL] = (1 << 63) - 1
    last = ma.parcel_with(room.said(ma, "dos"))
    items = (*first.items, *last.items)
    head = make_batch_head(
        sender=ma.agency,
        receiver=room.agency,
        epoch=1,
        time_ms=ma.clock(),
        entries=[item.entry for item in items],
        signer=ma.node_key,
    )
    with CaptureQueriesContext(connection) as queries:
        room.hear(replace(last, batch=head.encoded, items=items))
    assert not [query for query in queries.captured_queries if "BETWEEN" in query["sql"]]
    room.work()
    assert room.words()[-2:] == ["uno", "dos"]


def test_a_flood_of_small_parcels_leaves_no_rows_behind(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    ma.take(room.hear(ma.parcel_with()))
    room.hear(ma.parcel_with())
    before = {name: len(rows) for name, rows in room.state().items()}
    for _ in range(100):
        room.hear(ma.parcel_with())
    assert {name: len(rows) for name, rows in room.state().items()} == before


def test_proofs_with_absurd_sizes_are_refused_quickly(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    answer = ma.take(room.parcel(ma))
    receipts = answer.receipts[0]
    for size, indices in (((1 << 63) - 1, ((1 << 62),)), (0, (0,)), (1, (1 << 40,))):
        forged = replace(receipts, size=size, indices=indices, nodes=(bytes(32),) * 64)
        with within(1.0), pytest.raises(Error):
            room.take(ma, replace(answer, receipts=(forged,)))
    assert room.counts(ma).pending == 1


def test_a_head_of_an_absurd_size_is_refused_quickly(room: Room, ma: SimulatedPeer) -> None:
    news = ma.parcel_with().news
    assert news is not None
    head = ma._head("es.cgi", "ma.dgst:exchange:es.cgi", 1, (1 << 63) - 1, bytes(32))
    with within(1.0), pytest.raises(NotProven):
        room.hear(
            replace(ma.parcel_with(), news=replace(news, head=head, root=bytes(32), leaves=bytes(32) * MAX_LEAVES))
        )
