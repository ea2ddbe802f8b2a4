"""A peer that signs a number for two statements has proven it itself; the proof outlives the refusal and convinces a third party."""

from __future__ import annotations

from dataclasses import replace

import pytest

from peer import SimulatedPeer
from support.room import Room
from tansiq.errors import NotProven
from tansiq.exchange.used_twice import Half, proofs
from tansiq.protocol.envelope import Entry, make_batch_head, parse_batch_head, parse_entry
from tansiq.protocol.merkle import leaf_hash, root_of
from tansiq.protocol.parcel import Parcel

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def refused(room: Room, parcel: Parcel) -> None:
    before = room.state()
    with pytest.raises(NotProven, match="number-used-twice"):
        room.hear(parcel)
    assert room.state() == before


def signed(half: Half, peer: SimulatedPeer) -> Entry:
    """The entry that ``peer`` signed, as anybody finds who has its key."""
    head = parse_batch_head(half.head)
    head.signature.verify(peer.node_key.public)
    leaves = [half.leaves[at : at + 32] for at in range(0, len(half.leaves), 32)]
    assert head.root == root_of(leaves)
    assert leaf_hash(half.entry) in leaves
    return parse_entry(half.entry)


def test_both_uses_are_kept_with_the_signatures_over_them(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno", "dos")
    ma.lies.number_twice = True
    first, second = room.said(ma, "one"), room.said(ma, "two")
    parcel = ma.parcel_with(first, second)
    for _ in range(2):
        refused(room, parcel)
    [proof] = proofs()
    assert (proof.peer, proof.epoch) == ("ma.dgst", 1)
    said, again = signed(proof.first, ma), signed(proof.second, ma)
    assert (said.epoch, said.lane, said.number) == (again.epoch, again.lane, again.number)
    assert again.statement == first.statement.digest
    assert said.statement != again.statement


def test_two_uses_in_one_batch_are_kept(room: Room, ma: SimulatedPeer) -> None:
    one = ma.parcel_with(room.said(ma, "uno")).items[0]
    ma.lies.number_twice = True
    other = ma.parcel_with(room.said(ma, "dos")).items[0]
    parcel = in_one_batch(room, ma, one.entry, other.entry)
    refused(room, replace(parcel, items=(one, other)))
    [proof] = proofs()
    assert signed(proof.first, ma).statement != signed(proof.second, ma).statement


def test_the_same_entry_twice_in_one_batch_contradicts_nothing(room: Room, ma: SimulatedPeer) -> None:
    one = ma.parcel_with(room.said(ma, "uno")).items[0]
    refused(room, replace(in_one_batch(room, ma, one.entry, one.entry), items=(one, one)))
    assert proofs() == []


def test_who_lies_often_does_not_fill_the_disk(room: Room, ma: SimulatedPeer) -> None:
    count = 20
    room.tell(ma, *(f"word {at}" for at in range(count)))
    room.hear(ma.parcel_with())
    relation = ma.relation()
    for number in range(1, count + 1):
        relation.numbers = dict.fromkeys(relation.numbers, number)
        refused(room, ma.parcel_with(room.said(ma, "otro")))
    assert len(proofs()) == 16


def in_one_batch(room: Room, peer: SimulatedPeer, *entries: bytes) -> Parcel:
    head = make_batch_head(
        sender=peer.agency,
        receiver=room.agency,
        epoch=1,
        time_ms=peer.clock(),
        entries=list(entries),
        signer=peer.node_key,
    )
    return replace(peer.parcel_with(), batch=head.encoded)
