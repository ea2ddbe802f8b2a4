"""A relay adds wraps and an entry of its own; the originator's statement goes on byte for byte and is proven to the end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from peer import SimulatedPeer, seeded
from support.room import Room
from tansiq.directory.queries import current_directory
from tansiq.errors import Error, Refused
from tansiq.exchange import kinds
from tansiq.exchange.drafts import Reader
from tansiq.exchange.services import relay, relay_many
from tansiq.protocol.directory import Use
from tansiq.protocol.envelope import Handover, Lane, parse_entry
from tansiq.protocol.keys import PublicSealingKey
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made
from tansiq.protocol.wraps import SUITE_HYBRID, SUITE_OWN, SealingKey, parse_wrap, seal_wrap

pytestmark = pytest.mark.storage

OURS = "es.cgi/counter-terrorism"


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


@pytest.fixture
def fr(room: Room, ma: SimulatedPeer) -> SimulatedPeer:
    fr = room.peer("fr.dgsi")
    fr.know(ma.directory)
    ma.know(fr.directory)
    return fr


def reader(peer: SimulatedPeer, *, docket_only: bool = False) -> Reader:
    key = current_directory(peer.agency).current(Use.POST_OPENS, next(iter(peer.posts)), 2**62)[0]
    return Reader(peer.agency, PublicSealingKey(key.public), docket_only)


def from_rabat(room: Room, ma: SimulatedPeer, word: str = "for Paris too", *, lane: Lane = Lane.NORMAL) -> Made:
    """A statement of Rabat to Madrid and Paris that came to Madrid and was handled."""
    made = room.said(ma, word, to=[OURS, "fr.dgsi/desk"])
    ma.take(room.hear(ma.parcel_with(made, to=room.agency, lane=lane, handovers=[Handover("ma.dgst/desk", 1, 2)])))
    room.work()
    return made


def test_three_agencies(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    made = from_rabat(room, ma, lane=Lane.URGENT)
    relay(
        made.statement.id,
        to="fr.dgsi",
        readers=[reader(fr)],
        handovers=[Handover(OURS, 3, 4)],
        context=room.context,
    )
    parcel = room.push(fr)
    assert parcel.items[0].statement == made.statement.encoded
    received = fr.received[0]
    assert received.fault == ""
    assert received.statement is not None
    assert received.statement.agency == "ma.dgst"
    assert received.parts == (Part("note", {0: "for Paris too"}),)
    entry = received.entry
    assert (entry.sender, entry.lane, entry.number) == ("es.cgi", Lane.URGENT, 1)
    assert entry.handovers == (Handover("ma.dgst/desk", 1, 2), Handover(OURS, 3, 4))
    assert room.counts(fr).receipts == 1
    assert room.words() == ["for Paris too"]


def test_a_relay_that_may_read_the_docket_alone_adds_docket_wraps_alone(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer
) -> None:
    """The hub: what it can't read it can't pass on, and the body goes on closed."""
    made = room.said(ma, "closed to Madrid", to=[OURS, "fr.dgsi/desk"])
    ours = room.context.directory.current(Use.POST_OPENS, OURS, room.context.clock())[0]
    wrap = seal_wrap(
        made.keys.docket_only, reader=PublicSealingKey(ours.public), statement_digest=made.statement.digest
    )
    room.hear(ma.parcel_with(made, wraps={made.statement.digest: [wrap]}))
    kinds._handlers["note"] = lambda arrived, context: None
    room.work()
    with pytest.raises(Refused, match="relay-docket-only"):
        relay(made.statement.id, to="fr.dgsi", readers=[reader(fr)], context=room.context)
    relay(made.statement.id, to="fr.dgsi", readers=[reader(fr, docket_only=True)], context=room.context)
    room.push(fr)
    received = fr.received[0]
    assert (received.fault, received.parts) == ("", ())
    assert received.docket is not None
    assert received.docket.sender == "ma.dgst/desk"


def test_wraps_that_the_originator_sealed_to_the_next_agency_go_with_it(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer
) -> None:
    made = room.said(ma, "sealed end to end", to=[OURS, "fr.dgsi/desk"])
    wraps = [*ma.wraps(made, "fr.dgsi"), *ma.wraps(made, "es.cgi")]
    room.hear(ma.parcel_with(made, wraps={made.statement.digest: wraps}))
    room.work()
    relay(made.statement.id, to="fr.dgsi", readers=[], context=room.context)
    item = room.push(fr).items[0]
    theirs = {key.identifier for key in fr.posts.values()}
    assert {parse_wrap(wrap).reader for wrap in item.wraps} == theirs, "Madrid's own wraps are nobody else's business"
    assert fr.received[0].parts == (Part("note", {0: "sealed end to end"}),)


def test_further_readers_later_get_the_same_statement_with_more_wraps(
    room: Room, ma: SimulatedPeer, fr: SimulatedPeer
) -> None:
    made = from_rabat(room, ma)
    relay(made.statement.id, to="fr.dgsi", readers=[reader(fr, docket_only=True)], context=room.context)
    first = room.parcel(fr)
    relay(made.statement.id, to="fr.dgsi", readers=[reader(fr)], context=room.context)
    assert room.parcel(fr).items == first.items, "what is on its way stays as it was signed"
    room.push(fr)
    room.push(fr)
    assert [one.fault for one in fr.received] == ["", ""]
    assert [len(one.entry.wraps) for one in fr.received] == [1, 2]


def test_nested_recovery_readers(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    made = from_rabat(room, ma)
    one, two = (SealingKey(seeded(f"custodian {number}", 96)) for number in range(2))
    nested = Reader("fr.dgsi", two.public, custodians=(one.public, two.public))
    relay(made.statement.id, to="fr.dgsi", readers=[reader(fr), nested], context=room.context)
    item = room.push(fr).items[0]
    assert parse_wrap(item.wraps[1]).reader == one.identifier


def test_held_until_its_channel_opens(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    made = from_rabat(room, ma)
    relay(made.statement.id, to="fr.dgsi", readers=[reader(fr)], held=True, lane=Lane.BULK, context=room.context)
    assert room.parcel(fr).items == ()
    assert room.rows("SELECT lane, held FROM exchange_outbox") == [(int(Lane.BULK), True)]


def refused(room: Room, made: Made, **arguments: object) -> str:
    before, wraps = room.state(), room.context.keys.wraps([made.statement.id], "fr.dgsi")
    values: dict[str, object] = {"to": "fr.dgsi", "readers": [], "context": room.context} | arguments
    with pytest.raises(Error) as caught:
        relay(made.statement.id, **values)  # type: ignore[arg-type]
    assert room.state() == before
    assert room.context.keys.wraps([made.statement.id], "fr.dgsi") == wraps
    return caught.value.code


def test_what_is_refused_and_why(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    made = from_rabat(room, ma)
    not_theirs = room.said(ma, "for Madrid alone")
    room.hear(ma.parcel_with(not_theirs))
    room.work()
    assert refused(room, not_theirs, readers=[reader(fr)]) == "exchange.relay-not-addressed"
    assert refused(room, made) == "exchange.relay-no-reader"
    assert refused(room, made, readers=[reader(ma)]) == "exchange.relay-other-reader"
    assert refused(room, made, to="pt.pj") == "directory.unknown-agency"
    many = [Handover(OURS, 1, 1)] * 16
    assert refused(room, made, readers=[reader(fr)], handovers=many) == "exchange.too-many-handovers"
    assert refused(room, made, readers=[reader(fr)] * 1_025) == "protocol.too-many-wraps"
    unknown = replace(made, statement=replace(made.statement, id=seeded("nobody", 16)))
    assert refused(room, unknown, readers=[reader(fr)]) == "exchange.unknown-statement"
    room.befriend(SimulatedPeer("be.sgrs", clock=ma.clock), confirm=False)
    assert refused(room, made, to="be.sgrs") == "directory.unconfirmed"
    room.context.keys.erase(made.statement.id, place=1)
    assert refused(room, made, readers=[reader(fr)]) == "exchange.relay-erased"


def test_what_was_not_opened_yet_can_not_be_passed_on(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    made = room.said(ma, "waits for dispatch", to=[OURS, "fr.dgsi/desk"])
    room.hear(ma.parcel_with(made))
    assert refused(room, made, readers=[reader(fr)]) == "keystore.no-contents"


def test_our_own_statement_may_be_passed_on_too(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    """Our bureau passes a diffusion on to one bureau more."""
    own = room.say(ma, "ours", route=(OURS, "ma.dgst/desk", "fr.dgsi/desk"))
    relay(own.id, to="fr.dgsi", readers=[reader(fr)], context=room.context)
    item = room.push(fr).items[0]
    assert parse_entry(item.entry).statement == own.digest
    assert fr.received[0].parts == (Part("note", {0: "ours"}),)
    suites = [parse_wrap(one).suite for one in item.wraps]
    assert suites == [SUITE_HYBRID, SUITE_OWN], "with our own copy, to be asked back after a restore"


def test_to_many_at_once_each_with_its_own_wrap(room: Room, ma: SimulatedPeer) -> None:
    """The hub: what is for all goes on once composed; a partner costs a wrap and a row."""
    partners = [room.peer(f"fr.b{number}") for number in range(5)]
    for one in partners:
        one.know(ma.directory)
    made = room.said(ma, "for all", to=[OURS], addressees=("*",))
    room.hear(ma.parcel_with(made, to=room.agency))
    room.work()
    relay_many(made.statement.id, to={one.agency: [reader(one)] for one in partners[:4]}, context=room.context)
    for one in partners[:4]:
        room.push(one)
        (received,) = one.received
        assert (received.fault, received.parts) == ("", (Part("note", {0: "for all"}),))
        assert len(received.entry.wraps) == 1
        assert received.statement is not None
        assert received.statement.encoded == made.statement.encoded
    assert room.parcel(partners[4]).items == ()
    assert room.rows("SELECT COUNT(*) FROM exchange_statement") == [(1,)]


def test_one_who_may_not_have_it_stops_all(room: Room, ma: SimulatedPeer, fr: SimulatedPeer) -> None:
    made = from_rabat(room, ma)
    room.befriend(SimulatedPeer("be.sgrs", clock=ma.clock), confirm=False)
    for other in ("be.sgrs", "pt.pj"):
        with pytest.raises(Error):
            relay_many(made.statement.id, to={"fr.dgsi": [reader(fr)], other: []}, context=room.context)
    assert room.parcel(fr).items == ()
