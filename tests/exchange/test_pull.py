"""Push and pull carry the same bytes under the same numbers: mixed, lost and repeated at will, everything arrives once."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from django.db import connection

from peer import SimulatedPeer
from support.node import Nodes
from support.room import LANES, Room
from tansiq.directory.queries import sealing_key_of
from tansiq.exchange import kinds
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import Taken, make_parcel
from tansiq.exchange.queries import counts
from tansiq.exchange.release import next_batch
from tansiq.exchange.services import send
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane, parse_entry
from tansiq.protocol.parcel import Parcel, parse_parcel
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def words(peer: SimulatedPeer) -> list[str]:
    return [str(one.parts[0].content[0]) for one in peer.received if one.parts and one.parts[0]]


# ---------------------------------------------------------------------------------------------------- we are pulled from


def test_a_peer_that_can_not_be_called_is_given_what_waits(room: Room, ma: SimulatedPeer) -> None:
    for number in range(5):
        room.say(ma, str(number))
    answer = room.hear(ma.parcel_with(want=2))
    assert len(answer.items) == 2
    owed = ma.take(answer)
    assert len(owed.receipts) == 1
    assert room.counts(ma).pending == 2
    ma.take(room.hear(owed))
    assert (room.counts(ma).pending, room.counts(ma).waiting, words(ma)) == (0, 3, ["0", "1"])


def test_an_answer_to_a_pull_that_was_lost_is_given_again(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    lost = room.hear(ma.parcel_with(want=10))
    room.say(ma, "dos")
    again = room.hear(ma.parcel_with(want=10))
    assert (again.batch, again.items) == (lost.batch, lost.items)
    room.hear(ma.take(again))
    more = room.hear(ma.parcel_with(want=10))
    assert [parse_entry(item.entry).number for item in more.items] == [2]
    ma.take(more)
    assert words(ma) == ["uno", "dos"]


def test_nobody_is_given_more_than_was_asked_for_and_nothing_unasked(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    assert room.hear(ma.parcel_with()).items == ()
    assert room.counts(ma).waiting == 1


def test_a_pull_and_a_push_at_once_carry_the_same_batch(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    pushed = room.parcel(ma)
    pulled = room.hear(ma.parcel_with(want=10))
    assert pulled.batch == pushed.batch
    first, second = ma.take(pushed), ma.take(pulled)
    room.take(ma, first)
    room.hear(second)
    assert words(ma) == ["uno"]
    assert room.counts(ma).receipts == 1


# ---------------------------------------------------------------------------------------------------- we pull


def test_we_pull_and_owe_the_receipts_with_the_next_request(room: Room, ma: SimulatedPeer) -> None:
    ma.hold(*(room.said(ma, word) for word in ("uno", "dos", "tres")))
    owed: list[Taken] = []
    for _ in range(3):
        request = make_parcel("ma.dgst", context=room.context, taken=owed, want=2)
        intake = room.take(ma, ma.take(parse_parcel(request.to_bytes())))
        owed = [intake.taken] if intake.taken else []
    assert len(ma.receipts) == 3
    assert not ma.relation().pending
    room.work()
    assert room.words() == ["uno", "dos", "tres"]


def test_receipts_that_we_owed_when_we_died_are_given_when_the_batch_comes_again(room: Room, ma: SimulatedPeer) -> None:
    ma.hold(room.said(ma, "uno"))
    room.take(ma, ma.take(make_parcel("ma.dgst", context=room.context, want=2)))  # then the process dies, and forgets
    assert ma.relation().pending
    ma.take(room.hear(ma.again()))
    assert len(ma.receipts) == 1
    room.work()
    assert room.words() == ["uno"]


# ---------------------------------------------------------------------------------------------------- anything goes


@dataclass
class Side:
    """One of two real nodes, as its delivery would see it: what it owes is in memory and may be forgotten."""

    room: Room
    peer: str
    said: list[str] = field(default_factory=list)
    owed: list[Taken] = field(default_factory=list)

    def say(self, number: int, lane: Lane) -> None:
        context = self.room.node.use()
        word = f"{context.agency} {number}"
        sender, receiver = f"{context.agency}/counter-terrorism", f"{self.peer}/counter-terrorism"
        docket = Docket(
            kind="note",
            channel="embassy",
            matter=bytes(16),
            sender=sender,
            route=(sender, receiver),
            addressees=(receiver,),
        )
        reader = Reader(self.peer, sealing_key_of(receiver, context.clock())[1])
        send(Draft(docket=docket, parts=[Part("note", {0: word})], readers=[reader], lane=lane), context=context)
        self.said.append(word)

    def request(self, *, push: bool, want: int) -> Parcel:
        context = self.room.node.use()
        batch = next_batch(self.peer, LANES, context=context, limit=5) if push else None
        parcel = make_parcel(self.peer, context=context, batch=batch, taken=self.owed, want=want)
        return parse_parcel(parcel.to_bytes())

    def hear(self, parcel: Parcel) -> Parcel:
        self.room.node.use()
        return self.room.hear(parcel)

    def take(self, answer: Parcel) -> None:
        context = self.room.node.use()
        intake = take(answer, peer=self.peer, context=context)
        self.owed = [intake.taken] if intake.taken else []

    def quiet(self) -> bool:
        """Whether nothing waits here and everything has its receipt."""
        self.room.node.use()
        counted = counts(self.peer)
        return not (counted.waiting or counted.pending)

    def finish(self) -> list[str]:
        """The words that took effect here, once nothing waits."""
        assert self.quiet()
        assert counts(self.peer).receipts == len(self.said)
        while dispatch_once(context=self.room.context):
            pass
        with connection.cursor() as cursor:
            cursor.execute("SELECT word FROM test_effect")
            return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("seed", range(2))
def test_push_and_pull_mixed_lost_and_repeated_never_double_and_never_lose(
    node: Nodes, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "_handlers", dict(kinds._handlers))
    sides = [Side(Room(node("es.cgi")), "ma.dgst"), Side(Room(node("ma.dgst")), "es.cgi")]
    chance = random.Random(seed)
    late: list[tuple[Side, Parcel]] = []

    def exchange(one: Side, other: Side, *, push: bool, want: int, lost: str) -> None:
        parcel = one.request(push=push, want=want)
        if lost == "request":
            late.append((other, parcel))
            return
        answer = other.hear(parcel)
        if lost == "answer":
            one.owed = []  # as when the process dies
            return
        one.take(answer)

    for number in range(30):
        one, other = chance.choice((sides, sides[::-1]))
        for count in range(chance.randint(0, 4)):
            one.say(10 * number + count, chance.choice(LANES))
        lost = chance.choice(("", "", "", "request", "answer"))
        exchange(one, other, push=chance.random() < 0.6, want=chance.choice((0, 3)), lost=lost)
        if late and chance.random() < 0.3:
            receiver, parcel = late.pop(chance.randrange(len(late)))
            receiver.hear(parcel)  # its answer never arrives
    for _ in range(60):
        for one, other in (sides, sides[::-1]):
            exchange(one, other, push=True, want=5, lost="")
        if all(side.quiet() for side in sides):
            break
    assert sorted(sides[0].finish()) == sorted(sides[1].said)
    assert sorted(sides[1].finish()) == sorted(sides[0].said)
    assert min(len(side.said) for side in sides) > 20
