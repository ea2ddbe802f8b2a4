"""What a peer that restored a backup is given: never more than a parcel, whatever it asks and whatever it once sent."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from django.db import connection, transaction

from peer import SimulatedPeer
from support.room import NOTE, Room
from tansiq.errors import BadInput, TooMuch
from tansiq.exchange import restoring
from tansiq.exchange.copies import set_aside_id
from tansiq.exchange.restore_wire import ItemsPage, JournalPage, LaneStart, Question, Returned, Topic
from tansiq.exchange.restoring import serve_restore
from tansiq.journal.services import append
from tansiq.protocol.cbor import encode
from tansiq.protocol.envelope import BatchHead, check_batch, check_wraps, make_batch_head, parse_batch_head, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf, parse_head
from tansiq.protocol.limits import MAX_EPOCH, MAX_INTEGER, MAX_PARCEL_BYTES
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.parcel import Item
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made, check_contents, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import parse_wrap

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def heavy(room: Room, ma: SimulatedPeer, size: int, parts: int = 1) -> Made:
    """A statement of the peer with so many parts of so many bytes each."""
    several = [Part("note", {0: "w", 1: os.urandom(size)}) for _ in range(parts)]
    return ma.say(docket=ma.docket(to=[room.node.post()], kind=NOTE), parts=several)


def bare(ma: SimulatedPeer, made: Made) -> Item:
    """The statement again, under the next number, without its parts."""
    [item] = ma.parcel_with(made).items
    return replace(item, parts=(None,) * len(item.parts))


def batch_of(room: Room, ma: SimulatedPeer, items: Sequence[Item]) -> BatchHead:
    return parse_batch_head(
        make_batch_head(
            sender=ma.agency,
            receiver=room.agency,
            epoch=1,
            time_ms=ma.clock(),
            entries=[item.entry for item in items],
            signer=ma.node_key,
        ).encoded
    )


def pages(room: Room, topic: Topic = Topic.ASKER_SENT, lanes: tuple[LaneStart, ...] = ()) -> Iterator[ItemsPage]:
    """What the peer is given, page by page, as long as it asks on."""
    question = Question(topic=topic, lanes=lanes)
    while True:
        answer = room.door._restore("ma.dgst", question.to_bytes())
        assert len(answer) <= MAX_PARCEL_BYTES
        assert len(Question(topic=Topic.OFFER, content=answer).to_bytes()) <= MAX_PARCEL_BYTES
        page = ItemsPage.parse(answer, topic)
        yield page
        if not page.more:
            return
        last = parse_entry(page.batches[-1].items[-1].entry)
        question = replace(question, after=(last.epoch, int(last.lane), last.number))


def proven(ma: SimulatedPeer, batch: Returned) -> list[bool]:
    """Checks a batch as the asker does; for each item, whether its parts are there."""
    check_batch(parse_batch_head(batch.head), entries=[item.entry for item in batch.items], key=ma.node_key.public)
    there = []
    for item in batch.items:
        statement = parse_statement(item.statement)
        assert statement.digest == parse_entry(item.entry).statement
        check_contents(statement, docket=item.docket, proofs=parse_part_proofs(item.proofs), parts=item.parts)
        if item.wraps:
            check_wraps(parse_entry(item.entry), [parse_wrap(wrap) for wrap in item.wraps])
        there.append(None not in item.parts)
    return there


def test_what_came_in_one_parcel_goes_back_in_one_page_and_a_full_page_ends_before_the_next(
    room: Room, ma: SimulatedPeer
) -> None:
    for size, parts in ((3_900_000, 1), (4_000_000, 3), (100, 1)):
        ma.take(room.hear(ma.parcel_with(heavy(room, ma, size, parts))))
    given = list(pages(room))
    assert [len(page.batches) for page in given] == [1, 1, 1]
    assert [proven(ma, batch) for page in given for batch in page.batches] == [[True]] * 3


def test_a_batch_that_weighs_more_than_it_did_when_it_came_is_given_as_far_as_there_is_room(
    room: Room, ma: SimulatedPeer
) -> None:
    """Several large statements come one by one, and then once more together, without what we have already."""
    several = [heavy(room, ma, 3_900_000) for _ in range(6)]
    for one in several:
        ma.take(room.hear(ma.parcel_with(one)))
    items = [bare(ma, one) for one in several]
    room.hear(replace(ma.parcel_with(), batch=batch_of(room, ma, items).encoded, items=tuple(items)))
    *before, last = pages(room)
    assert [proven(ma, batch) for page in before for batch in page.batches] == [[True]] * 6
    assert [proven(ma, batch) for batch in last.batches] == [[True] * 3 + [False] * 3]
    assert [page.batches for page in pages(room, lanes=((1, 1, 7),))] == [last.batches]


def kept_before(room: Room, ma: SimulatedPeer, items: Sequence[Item], thing: bytes) -> None:
    """A batch of the peer's as it would lie here if one statement could stand in it several times."""
    head = batch_of(room, ma, items)
    entries = [parse_entry(item.entry) for item in items]
    leaves = [leaf_hash(exchange_leaf(Direction.RECEIVED, 1, hashlib.sha256(item.entry).digest())) for item in items]
    with transaction.atomic(), connection.cursor() as cursor:
        start, _ = append("ma.dgst", leaves)
        cursor.executemany(
            "INSERT INTO exchange_received (peer, epoch, lane, number, statement, entry, batch, leaf, at_ms) "
            "VALUES ('ma.dgst', 1, 1, %s, %s, %s, %s, %s, 1)",
            [
                (entry.number, thing, item.entry, head.digest, start + at)
                for at, (entry, item) in enumerate(zip(entries, items, strict=True))
            ],
        )
        cursor.execute(
            "INSERT INTO exchange_batch (digest, peer, direction, head, leaves) VALUES (%s, 'ma.dgst', 2, %s, %s)",
            (head.digest, head.encoded, b""),
        )


@pytest.mark.parametrize("aside", [False, True], ids=["usable", "set aside"])
def test_one_statement_many_times_in_a_batch_is_given_once(room: Room, ma: SimulatedPeer, aside: bool) -> None:
    made = heavy(room, ma, 3_000_000)
    ma.take(room.hear(ma.parcel_with(made)))
    thing = made.statement.id
    items = [bare(ma, made) for _ in range(100)]
    if aside:
        [whole] = ma.parcel_with(made).items
        thing = set_aside_id(made.statement.digest)
        raw = encode([whole.statement, whole.docket, whole.proofs, list(whole.parts), list(whole.wraps)])
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO exchange_quarantine (statement, peer, code, detail, at_ms, since_ms, tries, raw) "
                "VALUES (%s, 'ma.dgst', 'exchange.unknown-key', '', 1, 1, 1, %s)",
                (made.statement.digest, raw),
            )
    kept_before(room, ma, items, thing)
    [page] = pages(room, lanes=((1, 1, 2),))
    assert [proven(ma, batch) for batch in page.batches] == [[True] + [False] * 99]
    assert [fault.code for fault in page.faults] == (["exchange.unknown-key"] if aside else [])
    assert len(page.to_bytes()) < 4_000_000


@pytest.mark.parametrize("known", [True, False], ids=["usable", "set aside"])
def test_what_came_twice_goes_back_each_time_with_the_wraps_that_came(
    room: Room, ma: SimulatedPeer, known: bool
) -> None:
    by = ma if known else SimulatedPeer("fr.dgsi", clock=ma.clock)
    by.know(room.context.directory)
    made = by.say(docket=by.docket(to=[room.node.post()], kind=NOTE), parts=[Part("note", {0: "w"})])
    several = [by.wraps(made, room.agency) for _ in range(2)]
    for wraps in several:
        ma.take(room.hear(ma.parcel_with(made, wraps={made.statement.digest: wraps})))
    [page] = pages(room)
    assert [proven(ma, batch) for batch in page.batches] == [[True]] * 2
    assert [list(item.wraps) for batch in page.batches for item in batch.items] == [
        [wrap.encoded for wrap in wraps] for wraps in several
    ]
    assert {fault.code for fault in page.faults} == (set() if known else {"directory.unknown-agency"})


def test_what_we_sent_goes_back_too(room: Room, ma: SimulatedPeer) -> None:
    for number in range(5):
        room.say(ma, str(number))
        room.push(ma)
    room.say(ma, "without a receipt")
    room.parcel(ma)
    [page] = pages(room, Topic.ANSWERER_SENT)
    numbers = [parse_entry(item.entry).number for batch in page.batches for item in batch.items]
    assert numbers == [1, 2, 3, 4, 5]
    assert all(item.parts[0] and item.wraps for batch in page.batches for item in batch.items)


@pytest.mark.parametrize("topic", Topic)
@pytest.mark.parametrize(
    ("first", "place"), [(MAX_INTEGER, (1, 1, MAX_INTEGER - 1)), (0, (MAX_EPOCH, 2, 1)), (1, (1, 1, 0))]
)
def test_no_place_however_far_harms(room: Room, ma: SimulatedPeer, topic: Topic, first: int, place: LaneStart) -> None:
    room.tell(ma, "uno")
    room.say(ma, "dos")
    room.push(ma)
    for question in (
        Question(topic=topic, first=first, after=place),
        Question(topic=topic, first=first, lanes=(place,)),
    ):
        assert room.door._restore("ma.dgst", question.to_bytes()) is not None


def test_a_place_beyond_all_columns_is_no_question(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    question = Question(topic=Topic.ASKER_SENT, after=(1, 1, MAX_INTEGER))
    with pytest.raises(BadInput, match="wrong-field"):
        room.door._restore("ma.dgst", question.to_bytes())


def test_after_the_last_epoch_there_is_none(room: Room, ma: SimulatedPeer) -> None:
    ma.relation().epoch = MAX_EPOCH
    room.tell(ma, "uno")
    with pytest.raises(TooMuch, match="epoch-too-large"):
        serve_restore("ma.dgst", Question(topic=Topic.ASKERS_JOURNAL).to_bytes(), context=room.context)


def test_a_page_of_our_journal_is_signed_where_it_ends(
    room: Room, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring, "MAX_LEAVES", 4)
    for number in range(10):
        room.tell(ma, str(number))
    heads = room.rows("SELECT COUNT(*) FROM journal_witnessed")
    key = room.context.signer.public
    for first, size in ((0, 4), (3, 7), (7, 10), (10, 10), (99, 10)):
        question = Question(topic=Topic.ANSWERERS_JOURNAL, first=first)
        page = JournalPage.parse(room.door._restore("ma.dgst", question.to_bytes()), Topic.ANSWERERS_JOURNAL)
        assert (page.size, len(page.leaves) // 32) == (size, max(0, size - first))
        head = parse_head(page.head)
        head.verify(key, page.root)
        assert head.size == size
    assert room.rows("SELECT COUNT(*) FROM journal_witnessed") == heads, "a question leaves nothing behind"
