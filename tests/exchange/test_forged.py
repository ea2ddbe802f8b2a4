"""Each way to spoil one statement of a batch: it alone is set aside with its reason, kept whole, and its sender is told."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.db import connection

from peer import SimulatedPeer, TwoReadings, altered, seeded, two_readings
from support.node import Nodes, carry
from support.notes import effects, notes, send_notes
from support.room import Room
from tansiq.directory.services import introduce
from tansiq.errors import Refused
from tansiq.exchange.copies import wraps_beside
from tansiq.exchange.queries import quarantined
from tansiq.exchange.services import _check_peers
from tansiq.node.fsck import fsck
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import DOCKET_PLACE, Concealed, conceal
from tansiq.protocol.directory import Use
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import parse_entry
from tansiq.protocol.keys import PublicSealingKey
from tansiq.protocol.parcel import Item, Parcel
from tansiq.protocol.statement import Made, parse_statement, sign_concealed
from tansiq.protocol.wraps import ContentKeys, Wrap, seal_wrap

__all__ = ["notes"]

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> Iterator[SimulatedPeer]:
    yield room.peer("ma.dgst")
    assert fsck(room.context).findings == ()


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes((data[-1] ^ 1,))


# ------------------------------------------------------------------------------------------------ what a batch carries


def other_signature(room: Room, ma: SimulatedPeer) -> Parcel:
    """The batch is the peer's own; the statement's signature does not hold."""
    made = room.said(ma, "spoilt")
    spoilt = replace(made, statement=parse_statement(altered(made.statement.encoded, signature=flipped)))
    return between(room, ma, spoilt, {spoilt.statement.digest: ma.wraps(made, room.agency)})


def other_time(room: Room, ma: SimulatedPeer) -> Parcel:
    """What the statement says was changed after it was signed."""
    made = room.said(ma, "spoilt")
    encoded = altered(made.statement.encoded, payload=lambda fields: fields | {3: fields[3] - 1})
    spoilt = replace(made, statement=parse_statement(encoded))
    return between(room, ma, spoilt, {spoilt.statement.digest: ma.wraps(made, room.agency)})


def between(room: Room, ma: SimulatedPeer, made: Made, wraps: dict[bytes, list[Wrap]]) -> Parcel:
    """A batch with something spoilt between two whole ones."""
    return ma.parcel_with(room.said(ma, "before"), made, room.said(ma, "after"), wraps=wraps)


Spoil = Callable[[Item, Item], Item]


def in_transit(spoil: Spoil) -> Callable[[Room, SimulatedPeer], Parcel]:
    """The item that travels beside the entry is another; ``spoil`` gets it and the one before."""

    def parcel(room: Room, ma: SimulatedPeer) -> Parcel:
        whole = between(room, ma, room.said(ma, "spoilt"), {})
        before, item, after = whole.items
        return replace(whole, items=(before, spoil(item, before), after))

    return parcel


SPOILT: dict[str, tuple[Callable[[Room, SimulatedPeer], Parcel], str]] = {
    "signature altered": (other_signature, "protocol.wrong-signature"),
    "time altered": (other_time, "protocol.wrong-signature"),
    "another statement": (in_transit(lambda item, other: replace(item, statement=other.statement)), "exchange.other-statement"),
    "docket altered": (in_transit(lambda item, _: replace(item, docket=flipped(item.docket))), "protocol.other-docket"),
    "another docket": (in_transit(lambda item, other: replace(item, docket=other.docket)), "protocol.other-docket"),
    "part altered": (in_transit(lambda item, _: replace(item, parts=(flipped(item.parts[0] or b""),))), "protocol.other-parts"),
    "part of another": (in_transit(lambda item, other: replace(item, parts=other.parts)), "protocol.other-parts"),
    "a part more": (in_transit(lambda item, _: replace(item, parts=item.parts * 2)), "protocol.other-parts"),
    "proofs of another": (in_transit(lambda item, other: replace(item, proofs=other.proofs)), "protocol.other-parts"),
    "wrap altered": (in_transit(lambda item, _: replace(item, wraps=(*item.wraps[1:], item.wraps[0]))), "protocol.other-wraps"),
    "a wrap less": (in_transit(lambda item, _: replace(item, wraps=item.wraps[1:])), "protocol.other-wraps"),
    "wraps of another": (in_transit(lambda item, other: replace(item, wraps=other.wraps)), "protocol.other-wraps"),
    "a wrap that is none": (in_transit(lambda item, _: replace(item, wraps=(b"\x00",))), "protocol.wrong-wrap"),
    "no statement at all": (in_transit(lambda item, _: replace(item, statement=b"\x00")), "protocol.not-sign1"),
}  # fmt: skip


@pytest.mark.parametrize(("spoil", "code"), SPOILT.values(), ids=SPOILT)
def test_the_spoilt_one_alone_is_set_aside_whole_and_its_sender_is_told(
    room: Room, ma: SimulatedPeer, spoil: Callable[[Room, SimulatedPeer], Parcel], code: str
) -> None:
    parcel = spoil(room, ma)
    digest = parse_entry(parcel.items[1].entry).statement
    answer = room.hear(parcel)
    ma.take(answer)
    assert [(fault.statement, fault.code) for fault in ma.reported] == [(digest, code)]
    assert len(ma.receipts) == 3
    assert room.hear(parcel).faults == answer.faults
    room.work()
    assert room.words() == ["before", "after"]
    assert [(one.statement, one.peer, one.code) for one in quarantined()] == [(digest, "ma.dgst", code)]
    ((raw,),) = room.rows("SELECT raw FROM exchange_quarantine")
    item = parcel.items[1]
    assert decode(raw) == [item.statement, item.docket, item.proofs, list(item.parts)], "and what opens it elsewhere"
    assert wraps_beside(digest, "ma.dgst", room.context.keys) == list(item.wraps)
    assert room.rows("SELECT COUNT(*) FROM exchange_received") == [(3,)]


# ------------------------------------------------------------------------------------------------ two readers


def of_two_readings(room: Room, ma: SimulatedPeer, readings: TwoReadings, docket: Docket) -> Made:
    """A statement of one part that opens differently under two keys."""
    part = Concealed(
        ciphertext=readings.ciphertext,
        key=readings.keys[0],
        digest=hashlib.sha256(readings.ciphertext).digest(),
        commitment=readings.commitment,
    )
    statement_id = seeded("two readings", 16)
    return sign_concealed(
        agency=ma.agency,
        statement_id=statement_id,
        time_ms=ma.clock(),
        docket=conceal(docket.to_bytes(), statement_id=statement_id, place=DOCKET_PLACE),
        parts=[part],
        signer=ma.node_key,
    )


def test_of_two_readers_told_different_things_one_finds_out(room: Room, ma: SimulatedPeer) -> None:
    """Our wrap has the second key: the cipher opens, the commitment does not."""
    readings = two_readings(statement_id=seeded("two readings", 16), place=0)
    made = of_two_readings(room, ma, readings, ma.docket(to=[room.node.post()]))
    (post,) = room.context.directory.current(Use.POST_OPENS, room.node.post(), room.context.clock())
    keys = ContentKeys(made.keys.docket, (readings.keys[1],))
    wrap = seal_wrap(keys, reader=PublicSealingKey(post.public), statement_digest=made.statement.digest)
    parcel = ma.parcel_with(room.said(ma, "whole"), made, wraps={made.statement.digest: [wrap]})
    answer = room.hear(parcel)
    assert answer.faults == ()  # nothing can be seen before it is opened
    room.work()
    assert room.words() == ["whole"]
    assert room.faults() == ["protocol.other-commitment"]


def test_a_docket_that_is_not_what_was_committed_to_is_not_believed(room: Room, ma: SimulatedPeer) -> None:
    readings = two_readings(statement_id=seeded("two readings", 16), place=DOCKET_PLACE)
    hidden = Concealed(
        ciphertext=readings.ciphertext,
        key=readings.keys[0],
        digest=hashlib.sha256(readings.ciphertext).digest(),
        commitment=readings.commitment,
    )
    made = sign_concealed(
        agency=ma.agency,
        statement_id=seeded("two readings", 16),
        time_ms=ma.clock(),
        docket=hidden,
        parts=[],
        signer=ma.node_key,
    )
    (post,) = room.context.directory.current(Use.POST_OPENS, room.node.post(), room.context.clock())
    keys = ContentKeys(readings.keys[1])
    wrap = seal_wrap(keys, reader=PublicSealingKey(post.public), statement_digest=made.statement.digest)
    room.hear(ma.parcel_with(made, wraps={made.statement.digest: [wrap]}))
    room.work()
    assert room.faults() == ["protocol.other-commitment"]


# ------------------------------------------------------------------------------------------------ between real nodes


def test_the_sender_knows_what_its_partner_could_not_use(node: Nodes, notes: None) -> None:
    """A disk that rots at Madrid: Rabat takes it, sets it aside and says so; the rest goes on."""
    es, ma = node("es.cgi"), node("ma.dgst")
    good, bad, last = send_notes(es, ma, 3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT docket FROM exchange_statement WHERE id = %s", (bad.id,))
        docket = bytes(cursor.fetchone()[0])
        cursor.execute("UPDATE exchange_statement SET docket = %s WHERE id = %s", (flipped(docket), bad.id))
    carry(es, ma)
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement, peer, code FROM exchange_reported")
        reported = [(bytes(row[0]), row[1], row[2]) for row in cursor.fetchall()]
        cursor.execute("SELECT COUNT(*) FROM exchange_pending")
        assert cursor.fetchone()[0] == 0
    assert reported == [(bad.digest, "ma.dgst", "protocol.other-docket")]
    assert effects(ma) == [good.id, last.id]
    ma.use()
    assert [(one.statement, one.code) for one in quarantined()] == [(bad.digest, "protocol.other-docket")]


def test_whom_a_relay_introduced_is_believed_by_way_of_that_relay_alone(room: Room) -> None:
    """The hub vouches for its members; that makes nobody a partner, and counts for nothing that another brings."""
    hub, other = room.peer("int.hub"), room.peer("ma.dgst")
    member = SimulatedPeer("fr.ncb", clock=hub.clock)
    introduce(member.directory.encoded, by="int.hub", now_ms=room.context.clock())
    member.meet(room.context.directory)
    made = room.said(member, "by the hub")
    wraps = {made.statement.digest: member.wraps(made, room.agency)}
    room.hear(other.parcel_with(made, to=room.agency, wraps=wraps))
    assert room.faults() == ["directory.unconfirmed"]
    room.hear(hub.parcel_with(made, to=room.agency, wraps=wraps))
    room.work()
    assert room.words() == ["by the hub"]
    with pytest.raises(Refused, match="unconfirmed"):
        _check_peers({"fr.ncb"})
