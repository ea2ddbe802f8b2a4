"""A batch is done when the peer's signed head proves all of it, and not before; a receipt that proves something else is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from peer import SimulatedPeer, altered, seeded
from support.room import Room
from tansiq.errors import BadInput, Error
from tansiq.protocol.cbor import decode
from tansiq.protocol.envelope import Lane
from tansiq.protocol.limits import MAX_TIME_MS
from tansiq.protocol.parcel import Fault, Parcel, Receipts, parse_parcel

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def test_a_receipt_ends_the_waiting_and_is_kept_with_its_proof(room: Room, ma: SimulatedPeer) -> None:
    for word in ("uno", "dos", "tres"):
        room.say(ma, word)
    assert room.counts(ma).waiting == 3
    lost = ma.take(room.parcel(ma))
    assert (room.counts(ma).waiting, room.counts(ma).pending, room.counts(ma).receipts) == (0, 3, 0)
    room.take(ma, lost)
    assert (room.counts(ma).pending, room.counts(ma).receipts) == (0, 3)
    [(head, root, proof)] = room.rows("SELECT head, root, proof FROM exchange_receipt")
    assert lost.news is not None
    assert (head, root) == (lost.news.head, lost.news.root)
    indices, times, size, _ = decode(proof)
    assert (indices, size) == ([0, 1, 2], 3)
    assert times == [time_ms for _, _, time_ms in ma.relation().seen.values()]
    assert [one.parts[0].content[0] for one in ma.received if one.parts[0]] == ["uno", "dos", "tres"]


def test_an_answer_that_was_lost_is_asked_for_again_and_is_the_same(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    first = room.parcel(ma)
    lost = ma.take(first)
    second = room.parcel(ma)
    assert (second.batch, second.items) == (first.batch, first.items)
    again = ma.take(second)
    assert again.receipts == lost.receipts
    room.take(ma, again)
    room.take(ma, lost)  # and the lost one arrives after all
    assert room.counts(ma).receipts == 1
    assert len(ma.received) == 1
    assert len(room.rows("SELECT * FROM exchange_receipt")) == 1


@pytest.mark.parametrize("far", [MAX_TIME_MS + 1, 253_402_300_800_000, (1 << 63) - 2])
def test_a_receipt_beyond_the_calendar_is_refused_and_the_batch_stays_to_be_sent(
    room: Room, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch, far: int
) -> None:
    """A deadline is counted from when it was received, and every list shows it."""
    room.say(ma, "uno")
    sent, now_ms = room.parcel(ma), ma.clock()
    with monkeypatch.context() as patch:
        patch.setattr("tansiq.protocol.cbor.MAX_TIME_MS", (1 << 63) - 1)  # a peer that keeps no such limit
        ma.clock = lambda: far
        answer = ma.take(sent)
    assert answer.receipts[0].times_ms == (far,)
    for spoilt in (answer, replace(answer, time_ms=now_ms)):
        with pytest.raises(BadInput):
            parse_parcel(spoilt.to_bytes())
    with pytest.raises(BadInput):  # its head is as far
        room.take(ma, replace(answer, time_ms=now_ms, receipts=()))
    assert (room.counts(ma).receipts, room.counts(ma).pending) == (0, 1)


def other_size(receipts: Receipts) -> Receipts:
    return replace(receipts, size=receipts.size - 1)


def other_time(receipts: Receipts) -> Receipts:
    return replace(receipts, times_ms=(receipts.times_ms[0] + 1, *receipts.times_ms[1:]))


def one_leaf_for_all(receipts: Receipts) -> Receipts:
    return replace(receipts, indices=receipts.indices[:1] * len(receipts.indices))


def fewer(receipts: Receipts) -> Receipts:
    return replace(receipts, indices=receipts.indices[:-1], times_ms=receipts.times_ms[:-1])


def turned(receipts: Receipts) -> Receipts:
    return replace(receipts, indices=receipts.indices[::-1], times_ms=receipts.times_ms[::-1])


def more_nodes(receipts: Receipts) -> Receipts:
    return replace(receipts, nodes=(*receipts.nodes, seeded("a node too many")))


@pytest.mark.parametrize("change", [other_size, other_time, one_leaf_for_all, fewer, turned, more_nodes])
def test_a_forged_receipt_proves_nothing(room: Room, ma: SimulatedPeer, change: Callable[[Receipts], Receipts]) -> None:
    for word in ("uno", "dos", "tres"):
        room.say(ma, word)
    answer = ma.take(room.parcel(ma))
    refuse(room, ma, replace(answer, receipts=(change(answer.receipts[0]),)))
    room.take(ma, answer)
    assert room.counts(ma).receipts == 3


def refuse(room: Room, ma: SimulatedPeer, answer: Parcel) -> None:
    before = room.state()
    with pytest.raises(Error):
        room.take(ma, answer)
    assert room.state() == before


def test_one_leaf_is_no_receipt_for_three_entries(room: Room, ma: SimulatedPeer) -> None:
    """The last entry is in the peer's journal; the others are claimed to stand at the same place."""
    for word in ("uno", "dos", "tres"):
        room.say(ma, word)
    answer = ma.take(room.parcel(ma))
    [receipts] = answer.receipts
    last = ma._receipts(room.agency, receipts.batch, [receipts.indices[-1]], [receipts.times_ms[-1]])
    forged = replace(last, indices=last.indices * 3, times_ms=last.times_ms * 3)
    refuse(room, ma, replace(answer, receipts=(forged,)))


def test_a_receipt_that_names_our_batch_and_proves_other_leaves_is_refused(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    room.push(ma)
    room.say(ma, "dos")
    ma.lies.receipts_for_another = True
    refuse(room, ma, ma.take(room.parcel(ma)))
    assert room.counts(ma).pending == 1


def test_receipts_under_a_head_that_is_not_the_peers_are_refused(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    answer = ma.take(room.parcel(ma))
    assert answer.news is not None
    forged = altered(answer.news.head, signature=lambda signature: signature[::-1])
    refuse(room, ma, replace(answer, news=replace(answer.news, head=forged)))
    refuse(room, ma, replace(answer, news=None))


def test_receipts_for_a_batch_that_we_never_sent_change_nothing(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    answer = ma.take(room.parcel(ma))
    other = replace(answer.receipts[0], batch=seeded("another batch"))
    room.take(ma, replace(answer, receipts=(other,)))
    assert room.counts(ma).pending == 1
    assert room.rows("SELECT * FROM exchange_receipt") == []


def test_one_peers_receipt_is_none_for_what_another_was_sent(room: Room, ma: SimulatedPeer) -> None:
    fr = room.peer("fr.dgsi")
    room.say(ma, "for Rabat alone")
    answer = ma.take(room.parcel(ma))
    forged = fr.take(room.parcel(fr))
    room.take(fr, replace(forged, receipts=(replace(answer.receipts[0], size=0, nodes=()),)))
    assert room.counts(ma).pending == 1


def test_a_peer_that_gives_no_receipt_is_told_again_and_nothing_is_lost(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    ma.lies.withhold_receipts = True
    for _ in range(3):
        room.take(ma, ma.take(room.parcel(ma)))
    assert room.counts(ma).pending == 1
    ma.lies.withhold_receipts = False
    room.push(ma)
    assert room.counts(ma).receipts == 1
    assert len(ma.received) == 1


def test_faults_are_noted_for_what_we_sent_and_ignored_for_what_we_did_not(room: Room, ma: SimulatedPeer) -> None:
    statement = room.say(ma, "uno")
    answer = ma.take(room.parcel(ma))
    faults = (Fault(statement.digest, "exchange.unknown-key"), Fault(seeded("never sent"), "exchange.unknown-key"))
    room.take(ma, replace(answer, faults=faults))
    assert room.rows("SELECT statement, peer, code FROM exchange_reported") == [
        (statement.digest, "ma.dgst", "exchange.unknown-key")
    ]
    room.take(ma, replace(ma.take(room.parcel(ma)), faults=faults[1:] * 512))
    assert len(room.rows("SELECT * FROM exchange_reported")) == 1


def test_receipts_of_several_batches_may_come_in_one_parcel(room: Room, ma: SimulatedPeer) -> None:
    """As they do from a node that pulls: what it owes goes with its next request."""
    answers = []
    for lane in Lane:
        room.say(ma, lane.name, lane=lane)
        answers.append(ma.take(room.parcel(ma, lanes=(lane,))))
    batches = [answer.receipts[0].batch for answer in answers]
    proven = ma.parcel_with()
    receipts = tuple(
        ma._receipts(room.agency, batch, list(answer.receipts[0].indices), list(answer.receipts[0].times_ms))
        for batch, answer in zip(batches, answers, strict=True)
    )
    room.take(ma, replace(proven, receipts=receipts))
    assert room.counts(ma).receipts == 3
