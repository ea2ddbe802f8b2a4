"""What a parcel tells of our journal: a peer that is far behind catches up parcel by parcel, and no receipt is lost meanwhile."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from django.db import transaction

from peer import SimulatedPeer
from support.node import Node, Nodes, deliver
from support.room import Room
from tansiq.exchange import parcels
from tansiq.exchange.intake import take
from tansiq.exchange.parcels import Taken, make_parcel, news_goes_on, receipts_left
from tansiq.exchange.queries import witness_debt
from tansiq.journal.queries import witnessed_size
from tansiq.journal.services import append
from tansiq.protocol.heads import parse_head
from tansiq.protocol.limits import MAX_LEAVES
from tansiq.protocol.parcel import Parcel

pytestmark = pytest.mark.storage
STEP = 4


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parcels that carry few leaves, so that few are many."""
    monkeypatch.setattr(parcels, "MAX_LEAVES", STEP)


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def grow(count: int, *, peer: str = "ma.dgst", name: str = "") -> None:
    """Leaves in our journal of which the peer knows nothing."""
    leaves = [hashlib.sha256(f"{name} {number}".encode()).digest() for number in range(count)]
    with transaction.atomic():
        append(peer, leaves)


def told(parcel: Parcel) -> tuple[int, int]:
    """From which leaf on the parcel tells, and where its head stands."""
    assert parcel.news is not None
    size = parse_head(parcel.news.head).size
    assert len(parcel.news.leaves) == 32 * (size - parcel.news.first)
    return parcel.news.first, size


def exchange(one: Node, other: Node) -> tuple[int, int]:
    """One parcel of ``one`` and the answer to it; what the parcel told."""
    parcel = make_parcel(other.agency, context=one.use())
    answer = deliver(parcel, other)
    take(answer, peer=other.agency, context=one.use())
    return told(parcel)


def test_more_leaves_than_a_parcel_may_carry_are_told_in_steps(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    es.use()
    grow(MAX_LEAVES + 1)
    assert exchange(es, ma) == (0, MAX_LEAVES)
    assert exchange(es, ma) == (MAX_LEAVES, MAX_LEAVES + 1)
    assert witness_debt("ma.dgst")[:2] == (MAX_LEAVES + 1, MAX_LEAVES + 1)


def test_it_goes_on_from_what_the_peer_witnessed_and_is_the_same_when_it_was_lost(node: Nodes, steps: None) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    es.use()
    grow(2 * STEP + 1)
    lost = make_parcel("ma.dgst", context=es.context)
    deliver(lost, ma)  # the answer never arrives
    es.use()
    grow(STEP, name="meanwhile")
    again = make_parcel("ma.dgst", context=es.context)
    assert again.news == lost.news
    assert [exchange(es, ma) for _ in range(4)] == [(0, 4), (4, 8), (8, 12), (12, 13)]
    assert exchange(es, ma) == (13, 13)


def test_a_smaller_head_is_never_younger_than_a_larger_one_that_the_peer_knows(node: Nodes, steps: None) -> None:
    """Else the peer would take it for a journal that was rolled back."""
    es, ma = node("es.cgi"), node("ma.dgst")
    es.use()
    grow(1)
    late = deliver(make_parcel("ma.dgst", context=es.context), ma)
    es.use()
    grow(11, name="meanwhile")
    carried = [make_parcel("ma.dgst", context=es.context, told=before) for before in (0, 4, 8)]
    assert [told(parcel) for parcel in carried] == [(0, 4), (4, 8), (8, 12)]
    for parcel in carried:
        deliver(parcel, ma)  # a courier brought them
    node.clock.advance(minutes=1)
    take(late, peer="ma.dgst", context=es.use())
    assert exchange(es, ma) == (1, 5)
    assert witnessed_size("ma.dgst") == 12


@pytest.mark.usefixtures("steps")
def test_a_receipt_waits_until_a_head_covers_it(room: Room, ma: SimulatedPeer) -> None:
    grow(2 * STEP)
    parcel = ma.parcel_with(room.said(ma, "uno"))
    answer = room.hear(parcel)
    assert (told(answer), answer.receipts, answer.faults) == ((0, STEP), (), ())
    assert news_goes_on(answer, known=0)
    assert not news_goes_on(answer, known=STEP), "what we know already is no step"
    ma.take(answer)
    assert ma.receipts == {}
    for expected in ((4, 8), (8, 9)):
        answer = room.hear(replace(ma.parcel_with(), batch=parcel.batch, items=parcel.items))
        assert told(answer) == expected
        ma.take(answer)
    assert len(ma.receipts) == 1
    room.work()
    assert room.words() == ["uno"]


@pytest.mark.usefixtures("steps")
def test_what_is_covered_is_receipted_and_the_rest_is_left(room: Room, ma: SimulatedPeer) -> None:
    intakes = []
    for word in ("uno", "dos"):
        intakes.append(take(ma.parcel_with(room.said(ma, word)), peer="ma.dgst", context=room.context))
        grow(STEP, name=word)
    taken = [one.taken for one in intakes if one.taken is not None]
    assert [one.indices for one in taken] == [(0,), (5,)]
    parcel = make_parcel("ma.dgst", context=room.context, taken=taken)
    assert [one.batch for one in parcel.receipts] == [taken[0].batch]
    left = receipts_left(taken, parcel)
    assert left == taken[1:]
    room.take(ma, ma.take(parcel))
    later = make_parcel("ma.dgst", context=room.context, taken=left)
    assert told(later) == (4, 8)
    assert receipts_left([Taken(b"other", (), ()), *left], later) == [Taken(b"other", (), ())]
    ma.take(later)
    assert len(ma.receipts) == 2
