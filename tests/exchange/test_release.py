"""What leaves the house: numbers without a gap, lanes apart, nothing that was held, nothing that no parcel could carry."""

from __future__ import annotations

import secrets
from dataclasses import replace

import pytest
from django.db import connection

from peer import SimulatedPeer
from support.room import Room
from tansiq.directory.queries import own_directory
from tansiq.errors import TooMuch
from tansiq.exchange import release as releasing
from tansiq.exchange.release import next_batch
from tansiq.exchange.services import MAX_ITEM_BYTES, send_many
from tansiq.node.rotation import revoke_key, rotate_node_keys
from tansiq.protocol.envelope import Lane, parse_batch_head, parse_entry
from tansiq.protocol.limits import MAX_PARCEL_BYTES
from tansiq.protocol.parcel import Parcel
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def numbers(parcel: Parcel) -> list[tuple[int, int]]:
    return [(int(entry.lane), entry.number) for entry in (parse_entry(item.entry) for item in parcel.items)]


def heard(peer: SimulatedPeer) -> list[str]:
    return [str(one.parts[0].content[0]) for one in peer.received if one.parts and one.parts[0]]


def hold(*, held: bool) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE exchange_outbox SET held = %s", (held,))


def test_what_is_held_is_not_released_and_leaves_no_gap(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    room.say(ma, "held", held=True)
    room.say(ma, "dos")
    assert numbers(room.push(ma)) == [(1, 1), (1, 2)]
    assert heard(ma) == ["uno", "dos"]
    assert room.counts(ma).waiting == 1
    assert next_batch("ma.dgst", tuple(Lane), context=room.context) is None
    hold(held=False)
    assert numbers(room.push(ma)) == [(1, 3)]
    assert heard(ma) == ["uno", "dos", "held"]


def test_lanes_are_independent_and_the_urgent_one_goes_first(room: Room, ma: SimulatedPeer) -> None:
    for lane in (Lane.BULK, Lane.NORMAL, Lane.BULK, Lane.URGENT):
        room.say(ma, lane.name, lane=lane)
    assert [numbers(room.push(ma)) for _ in range(3)] == [[(0, 1)], [(1, 1)], [(2, 1), (2, 2)]]


def test_a_lane_whose_batch_has_no_receipt_does_not_hold_up_the_others(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "bulky", lane=Lane.BULK)
    stuck = room.parcel(ma, lanes=(Lane.BULK,))
    room.say(ma, "urgent", lane=Lane.URGENT)
    assert numbers(room.parcel(ma)) == [(0, 1)]
    room.say(ma, "more", lane=Lane.BULK)
    assert room.parcel(ma, lanes=(Lane.BULK,)).batch == stuck.batch


def test_two_partners_have_numbers_of_their_own(room: Room, ma: SimulatedPeer) -> None:
    fr = room.peer("fr.dgsi")
    for peer in (ma, fr, fr):
        room.say(peer, "word")
    assert numbers(room.push(ma)) == [(1, 1)]
    assert numbers(room.push(fr)) == [(1, 1), (1, 2)]


def test_a_batch_never_weighs_more_than_a_parcel_may(room: Room, ma: SimulatedPeer) -> None:
    heavy = [replace(room.draft(ma, "w"), parts=[Part("note", {0: "w", 1: secrets.token_bytes(900_000)})])] * 20
    send_many(heavy, context=room.context)
    sizes = []
    while room.counts(ma).waiting:
        parcel = room.push(ma)
        sizes.append(len(parcel.items))
        assert len(parcel.to_bytes()) <= MAX_PARCEL_BYTES
    assert sum(sizes) == 20
    assert max(sizes) == releasing.BATCH_BYTES // 900_000


def test_what_no_parcel_could_carry_is_not_even_kept(room: Room, ma: SimulatedPeer) -> None:
    part = Part("note", {0: "w", 1: bytes(3_000_000)})
    before = room.state()
    with pytest.raises(TooMuch, match="statement-too-heavy"):
        send_many(
            [replace(room.draft(ma, "w"), parts=[part] * (MAX_ITEM_BYTES // 3_000_000 + 1))], context=room.context
        )
    with pytest.raises(TooMuch, match="part-too-large"):
        send_many([replace(room.draft(ma, "w"), parts=[Part("note", {0: bytes(5_000_000)})])], context=room.context)
    draft = room.draft(ma, "w")
    with pytest.raises(TooMuch, match="too-many-wraps"):
        send_many([replace(draft, readers=list(draft.readers) * 1_024)], context=room.context)
    assert room.state() == before


def test_of_many_drafts_all_are_said_or_none(room: Room, ma: SimulatedPeer) -> None:
    before = room.state()
    bad = replace(room.draft(ma, "bad"), parts=[Part("note", {0: bytes(5_000_000)})])
    with pytest.raises(TooMuch):
        send_many([room.draft(ma, "good"), bad], context=room.context)
    assert room.state() == before


def test_what_has_lost_its_wraps_is_held_and_the_rest_goes(room: Room, ma: SimulatedPeer) -> None:
    lost = room.say(ma, "lost")
    room.say(ma, "kept")
    room.context.keys.drop_wraps([lost.id])
    room.push(ma)
    assert heard(ma) == ["kept"]
    assert room.rows("SELECT statement, held FROM exchange_outbox") == [(lost.id, True)]


def test_a_batch_without_a_receipt_is_signed_anew_after_our_key_was_revoked(room: Room, ma: SimulatedPeer) -> None:
    """The entries stay; otherwise what was on its way when a key was lost would never arrive."""
    room.say(ma, "uno")
    lost = room.parcel(ma)
    old = room.context.signer.identifier
    now_ms = room.context.clock()
    identity = room.node.identity
    rotate_node_keys(room.context.keys, identity=identity, now_ms=now_ms)
    revoke_key(old, identity=identity, reason="key.stolen", from_ms=now_ms + 1, now_ms=now_ms)
    room.node.context.clock.advance(minutes=2)  # type: ignore[attr-defined]
    room.context = room.node.reopen()
    assert room.context.signer.identifier != old
    ma.meet(own_directory())
    again = room.parcel(ma)
    assert [item.entry for item in again.items] == [item.entry for item in lost.items]
    assert parse_batch_head(again.batch).signature.signer == room.context.signer.identifier
    room.take(ma, ma.take(again))
    assert room.counts(ma).receipts == 1
    assert room.parcel(ma).batch == b""


def test_after_a_change_of_keys_an_idle_relation_goes_on(room: Room, ma: SimulatedPeer) -> None:
    """Head and witness of our journals are kept; under a key that has ended the peer would refuse them for ever."""
    room.say(ma, "uno")
    room.push(ma)
    room.tell(ma, "dos")
    rotate_node_keys(room.context.keys, identity=room.node.identity, now_ms=room.context.clock(), overlap_ms=60_000)
    room.node.context.clock.advance(days=8)  # type: ignore[attr-defined]
    peer_clock = iter(range(room.context.clock(), room.context.clock() + 10_000))
    ma.clock = lambda: next(peer_clock)
    room.context = room.node.reopen()
    room.door._context = room.context
    ma.meet(own_directory())
    room.take(ma, ma.take(room.parcel(ma)))
    room.tell(ma, "tres")
    assert len(ma.receipts) == 2
