"""What comes by several routes is in effect once, and no route can hide or spoil what comes whole by another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from django.db import connection

from peer import SimulatedPeer, seeded
from support.node import Node, Nodes, carry
from support.room import NOTE, Room
from tansiq.directory.queries import current_directory
from tansiq.errors import NotProven
from tansiq.exchange import kinds
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.quarantine import Outcome, retry_all
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import send
from tansiq.node.creation import NewPost
from tansiq.node.fsck import fsck
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.directory import Use
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover, check_batch, parse_batch_head, parse_entry
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made, parse_statement
from tansiq.protocol.wraps import Wrap, parse_wrap, seal_wrap

pytestmark = pytest.mark.storage

CLOSED = "(closed)"
LETTER = "test.letter"
TOMORROW = "test.of-tomorrow"


def _handle(arrived: Sequence[Arrived], context: Context) -> None:
    """Writes down what could be read of a letter here."""
    with connection.cursor() as cursor:
        for one in arrived:
            word = str(one.parts[0].content[0]) if one.body_open else CLOSED
            cursor.execute("INSERT INTO test_effect (word, statement) VALUES (%s, %s)", (word, one.statement.id.hex()))


@pytest.fixture
def fr(room: Room) -> Iterator[SimulatedPeer]:
    """The originator; whatever came by which route, the post room is sound in the end."""
    kinds.register(LETTER, _handle)
    yield room.peer("fr.dgsi")
    room.node.use()
    assert fsck(room.context).findings == ()


@pytest.fixture
def ma(room: Room, fr: SimulatedPeer) -> SimulatedPeer:
    """A relay between the originator and us, honest or not."""
    ma = room.peer("ma.dgst")
    ma.know(fr.directory)
    return ma


def ours(room: Room) -> PublicSealingKey:
    (key,) = room.context.directory.current(Use.POST_OPENS, room.node.post(), room.context.clock())
    return PublicSealingKey(key.public)


def whole(room: Room, made: Made) -> list[Wrap]:
    return [seal_wrap(made.keys, reader=ours(room), statement_digest=made.statement.digest)]


def docket_alone(room: Room, made: Made) -> list[Wrap]:
    return [seal_wrap(made.keys.docket_only, reader=ours(room), statement_digest=made.statement.digest)]


def none(room: Room, made: Made) -> list[Wrap]:
    return []


def unreadable(room: Room, made: Made) -> list[Wrap]:
    """A wrap that names our key and opens to nothing."""
    return [parse_wrap(encode([1, ours(room).identifier, seeded("noise", 1200)]))]


def of_another(room: Room, made: Made) -> list[Wrap]:
    """A wrap that opens, to keys of some other statement."""
    return [seal_wrap(made.keys, reader=ours(room), statement_digest=seeded("another statement"))]


Wraps = Callable[[Room, Made], list[Wrap]]


def brings(room: Room, peer: SimulatedPeer, made: Made, wraps: Wraps = whole) -> None:
    """``peer`` carries the statement to us and takes our answer."""
    sealed = {made.statement.digest: wraps(room, made)}
    peer.take(room.hear(peer.parcel_with(made, to=room.agency, wraps=sealed)))


@pytest.mark.parametrize("apart", [False, True], ids=["dispatched together", "dispatched apart"])
@pytest.mark.parametrize("relay_first", [False, True], ids=["straight first", "relay first"])
def test_what_comes_by_two_routes_is_in_effect_once_and_receipted_twice(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer, *, relay_first: bool, apart: bool
) -> None:
    made = room.said(fr, "une lettre")
    for peer in [ma, fr] if relay_first else [fr, ma]:
        brings(room, peer, made)
        if apart:
            room.work()
    room.work()
    assert room.words() == ["une lettre"]
    assert room.faults() == []
    assert (len(fr.receipts), len(ma.receipts)) == (1, 1)
    assert (room.counts(fr).received, room.counts(ma).received) == (1, 1)


SPOILT: dict[str, tuple[Wraps, str]] = {
    "without our wrap": (none, "exchange.unopened"),
    "with a wrap of noise": (unreadable, "protocol.not-opened"),
    "with another statement's wrap": (of_another, "protocol.not-opened"),
}


@pytest.mark.parametrize("apart", [False, True], ids=["dispatched together", "dispatched apart"])
@pytest.mark.parametrize(("wraps", "code"), SPOILT.values(), ids=SPOILT)
def test_a_relay_can_not_hide_what_comes_by_another_route(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer, wraps: Wraps, code: str, *, apart: bool
) -> None:
    made = room.said(fr, "une lettre")
    brings(room, ma, made, wraps)
    if apart:
        room.work()
        assert room.faults() == [code]
    brings(room, fr, made)
    room.work()
    assert (room.words(), room.faults()) == (["une lettre"], [])
    assert retry_all(context=room.context) == []


def test_of_two_routes_the_one_that_opens_the_body_counts(room: Room, fr: SimulatedPeer, ma: SimulatedPeer) -> None:
    made = room.said(fr, "une lettre", kind=LETTER)
    brings(room, ma, made, docket_alone)
    brings(room, fr, made)
    room.work()
    assert room.words() == ["une lettre"]
    assert len(room.context.keys.contents(made.statement.id)) == 2


def test_what_no_route_opens_stays_set_aside_with_its_reason(room: Room, fr: SimulatedPeer, ma: SimulatedPeer) -> None:
    made = room.said(fr, "une lettre")
    brings(room, ma, made, none)
    brings(room, fr, made, unreadable)
    room.work()
    assert room.words() == []
    assert room.faults() == ["exchange.unopened"]
    assert [tried.outcome for tried in retry_all(context=room.context)] == [Outcome.SET_ASIDE]


def test_a_damaged_copy_by_a_relay_does_not_keep_the_whole_one_from_a_later_retry(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer
) -> None:
    """The relay's copy is proof of what it did, and stays; the whole one waits for the upgrade that brings its handler."""
    made = room.said(fr, "une lettre", kind=TOMORROW)
    ma.lies.drop_wraps = True
    brings(room, ma, made)
    assert room.faults() == ["protocol.other-wraps"]
    brings(room, fr, made)
    room.work()
    assert [tried.outcome for tried in retry_all(context=room.context)] == [Outcome.SET_ASIDE]
    kinds.register(TOMORROW, _handle)
    assert [tried.outcome for tried in retry_all(context=room.context)] == [Outcome.HANDLED]
    assert (room.words(), room.faults()) == (["une lettre"], ["protocol.other-wraps"])
    assert [tried.outcome for tried in retry_all(context=room.context)] == [Outcome.SET_ASIDE]
    assert room.words() == ["une lettre"]


@pytest.mark.parametrize(
    "order", [("ma.dgst", "be.vsse"), ("be.vsse", "ma.dgst")], ids=["damaged first", "whole first"]
)
def test_a_third_agencys_word_by_a_bad_relay_and_a_good_one_is_accepted_once_its_directory_is_here(
    room: Room, ma: SimulatedPeer, order: Sequence[str]
) -> None:
    pt, be = SimulatedPeer("pt.pj", clock=ma.clock), room.peer("be.vsse")
    pt.meet(room.context.directory)
    made = room.said(pt, "uma carta")
    for agency in order:
        peer = {"ma.dgst": ma, "be.vsse": be}[agency]
        peer.lies.drop_wraps = agency == "ma.dgst"
        brings(room, peer, made)
    room.work()
    room.befriend(pt)
    retry_all(context=room.context)
    room.work()
    assert room.words() == ["uma carta"]


# ------------------------------------------------------------------------------------------------ three real nodes


def contents(node: Node, statement: bytes) -> list[bytes]:
    """What stands of a statement at a node: its bytes, docket, proofs and parts."""
    node.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoded, docket, proofs, parts FROM exchange_statement WHERE id = %s", (statement,))
        return [bytes(column) for column in cursor.fetchone()]


def received(node: Node) -> tuple[bytes, bytes]:
    """The only entry that a node received, and the head of its batch."""
    node.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT r.entry, b.head FROM exchange_received r JOIN exchange_batch b ON b.digest = r.batch")
        ((entry, head),) = cursor.fetchall()
    return bytes(entry), bytes(head)


def key_of(agency: str) -> PublicSigningKey:
    """The node signing key that the bound node believes of an agency."""
    return next(PublicSigningKey(key.public) for key in current_directory(agency).keys if key.use == Use.NODE_SIGNS)


def test_three_nodes_and_each_signature_is_whose_it_says(node: Nodes, room: Room) -> None:
    """Madrid writes to Rabat by way of a hub that may read the docket alone, knows nothing of such letters and adds nothing."""
    kinds.register(LETTER, _handle)
    es, ma = node("es.cgi"), node("ma.dgst")
    hub = node.new("int.hub", posts=[NewPost("desk", "desk", {"en": "Desk"}, ("en",))])
    node.meet(es, hub)
    node.meet(hub, ma)
    rooms = {one.agency: Room(one) for one in (es, hub, ma) if NOTE in kinds.kinds()}
    context = es.use()
    now_ms = context.clock()
    docket = Docket(
        kind=LETTER,
        channel="interpol",
        matter=seeded("matter", 16),
        sender=es.post(),
        route=(es.post(), "int.hub/desk", ma.post()),
        addressees=(ma.post(),),
    )
    readers = [
        post_reader("int.hub/desk", peer="int.hub", now_ms=now_ms, docket_only=True),
        post_reader(ma.post(), peer="int.hub", now_ms=now_ms),
    ]
    said = send(Draft(docket=docket, parts=[Part("note", {0: "una carta"})], readers=readers), context=context)
    carry(es, hub)
    hub.use()
    handover = Handover("int.hub/desk", now_ms, now_ms)
    carry(hub, ma)
    assert rooms["int.hub"].words() == []
    assert contents(es, said.id) == contents(hub, said.id) == contents(ma, said.id)
    raw, head = received(ma)
    assert rooms["ma.dgst"].words() == ["una carta"]
    entry = parse_entry(raw)
    assert (entry.sender, entry.statement, entry.handovers) == ("int.hub", said.digest, (handover,))
    parse_statement(contents(ma, said.id)[0]).signature.verify(key_of("es.cgi"))
    check_batch(parse_batch_head(head), entries=[raw], key=key_of("int.hub"))
    with pytest.raises(NotProven):
        check_batch(parse_batch_head(head), entries=[raw], key=key_of("es.cgi"))
    (kept,) = ma.context.keys.wraps([said.id], "int.hub").values()
    (wrap,) = decode(kept)
    assert (
        parse_wrap(wrap).reader
        == current_directory(ma.agency).current(Use.POST_OPENS, ma.post(), now_ms)[0].key.identifier
    )
