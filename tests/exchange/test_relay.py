"""A statement passed on by a third agency stays its originator's: its bytes, its wraps, and what the relay may not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection

from peer import SimulatedPeer, seeded
from support.node import Node, Nodes, carry
from support.room import Room
from tansiq.directory.queries import current_directory
from tansiq.errors import Error
from tansiq.exchange import kinds
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import relay, send
from tansiq.node.creation import NewPost
from tansiq.protocol.cbor import decode
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover, Lane, check_batch, parse_batch_head, parse_entry
from tansiq.protocol.keys import PublicSealingKey
from tansiq.protocol.limits import MAX_HANDOVERS
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made, parse_statement
from tansiq.protocol.wraps import ContentKeys, Wrap, open_wrap, parse_wrap, seal_own, seal_wrap

pytestmark = pytest.mark.storage

LETTER = "test.letter"
CLOSED = "(closed)"


def _handle(arrived: Sequence[Arrived], context: Context) -> None:
    """Writes down what could be read of a letter here."""
    with connection.cursor() as cursor:
        for one in arrived:
            word = str(one.parts[0].content[0]) if one.body_open else CLOSED
            cursor.execute("INSERT INTO test_effect (word, statement) VALUES (%s, %s)", (word, one.statement.id.hex()))


@pytest.fixture(autouse=True)
def _letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_handlers", kinds._handlers | {LETTER: _handle})


@pytest.fixture
def fr(room: Room) -> SimulatedPeer:
    """The originator."""
    return room.peer("fr.dgsi")


@pytest.fixture
def ma(room: Room, fr: SimulatedPeer) -> SimulatedPeer:
    """Whom it is for; it knows the originator, with whom it exchanges nothing itself."""
    ma = room.peer("ma.dgst", posts=("desk", "office"))
    ma.know(fr.directory)
    fr.know(ma.directory)
    return ma


def written(room: Room, fr: SimulatedPeer, ma: SimulatedPeer, *, to: Sequence[str] = ("ma.dgst/desk",)) -> Made:
    """A letter of ``fr`` to ``ma`` by way of our desk."""
    docket = fr.docket(to=[room.node.post(), *to], kind=LETTER)
    return fr.say(docket=docket, parts=[Part("note", {0: "une lettre"}), Part("note", {0: "et une autre"})])


def our_key(room: Room) -> PublicSealingKey:
    return post_reader(room.node.post(), peer=room.agency, now_ms=room.context.clock()).key


def wraps_of(room: Room, fr: SimulatedPeer, ma: SimulatedPeer, made: Made, *, whole: bool) -> list[Wrap]:
    """The docket for us (or all of it, when ``whole``), everything for the desk that it is for, and the sender's copy."""
    digest = made.statement.digest
    return [
        seal_wrap(made.keys if whole else made.keys.docket_only, reader=our_key(room), statement_digest=digest),
        seal_wrap(made.keys, reader=ma.posts["ma.dgst/desk"].public, statement_digest=digest),
        seal_own(made.keys, secret=fr.own, statement_digest=digest),
    ]


def arrives(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer, *, whole: bool = False, lane: Lane = Lane.NORMAL, **options: Any
) -> Made:
    """The letter came to us and was handled."""
    made = written(room, fr, ma)
    wraps = {made.statement.digest: wraps_of(room, fr, ma, made, whole=whole)}
    fr.take(room.hear(fr.parcel_with(made, to=room.agency, wraps=wraps, lane=lane, **options)))
    room.work()
    return made


def test_a_relay_that_reads_the_docket_alone_passes_on_what_it_can_not_read(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer
) -> None:
    made = arrives(room, fr, ma)
    assert room.words() == [CLOSED]
    handover = Handover(room.node.post(), room.context.clock(), room.context.clock())
    relay(made.statement.id, to="ma.dgst", readers=[], context=room.context, handovers=[handover])
    parcel = room.push(ma)
    (item,) = parcel.items
    assert (item.statement, item.docket, item.parts) == (made.statement.encoded, made.docket, made.parts)
    (got,) = ma.received
    assert got.fault == ""
    assert got.statement is not None
    assert [part.content[0] for part in got.parts if part] == ["une lettre", "et une autre"]
    assert (got.statement.agency, got.entry.sender, got.entry.handovers) == ("fr.dgsi", room.agency, (handover,))
    assert room.counts(ma).receipts == 1


def test_what_a_docket_only_relay_adds_opens_the_docket_alone(room: Room, fr: SimulatedPeer, ma: SimulatedPeer) -> None:
    made = arrives(room, fr, ma)
    office = ma.posts["ma.dgst/office"]
    with pytest.raises(Error, match="relay-docket-only"):
        relay(made.statement.id, to="ma.dgst", readers=[Reader("ma.dgst", office.public)], context=room.context)
    assert room.counts(ma).waiting == 0
    added = [Reader("ma.dgst", office.public, docket_only=True)]
    relay(made.statement.id, to="ma.dgst", readers=added, context=room.context)
    (item,) = room.push(ma).items
    opened = {}
    for wrap in map(parse_wrap, item.wraps):
        key = next(key for key in ma.posts.values() if key.identifier == wrap.reader)  # no wrap is for anybody else
        opened[key.identifier] = open_wrap(wrap, reader=key, statement_digest=made.statement.digest)
    assert opened[ma.posts["ma.dgst/desk"].identifier] == made.keys
    assert opened[office.identifier] == ContentKeys(made.keys.docket)


def test_a_relay_that_reads_all_may_add_a_reader_of_all(room: Room, fr: SimulatedPeer, ma: SimulatedPeer) -> None:
    made = arrives(room, fr, ma, whole=True)
    assert room.words() == ["une lettre"]
    office = ma.posts["ma.dgst/office"]
    relay(made.statement.id, to="ma.dgst", readers=[Reader("ma.dgst", office.public)], context=room.context)
    (item,) = room.push(ma).items
    wrap = next(wrap for wrap in map(parse_wrap, item.wraps) if wrap.reader == office.identifier)
    assert open_wrap(wrap, reader=office, statement_digest=made.statement.digest) == made.keys


def test_the_lane_and_the_desks_that_it_passed_stay_with_it(room: Room, fr: SimulatedPeer, ma: SimulatedPeer) -> None:
    now_ms = room.context.clock()
    before, ours = Handover("fr.dgsi/desk", now_ms - 5, now_ms - 2), Handover(room.node.post(), now_ms, now_ms)
    made = arrives(room, fr, ma, lane=Lane.URGENT, handovers=[before])
    relay(made.statement.id, to="ma.dgst", readers=[], context=room.context, handovers=[ours])
    relay(made.statement.id, to="ma.dgst", readers=[], context=room.context, lane=Lane.BULK)
    room.push(ma)
    room.push(ma)
    assert [(got.entry.lane, got.entry.handovers) for got in ma.received] == [
        (Lane.URGENT, (before, ours)),
        (Lane.BULK, (before,)),
    ]


def too_many(room: Room, made: Made) -> None:
    handovers = [Handover(room.node.post(), 1, 2)] * (MAX_HANDOVERS + 1)
    relay(made.statement.id, to="ma.dgst", readers=[], context=room.context, handovers=handovers)


def erased(room: Room, made: Made) -> None:
    room.context.keys.erase(made.statement.id, place=1)
    relay(made.statement.id, to="ma.dgst", readers=[], context=room.context)


def unconfirmed(room: Room, made: Made) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_partner SET confirmed_ms = 0 WHERE agency = 'ma.dgst'")
    relay(made.statement.id, to="ma.dgst", readers=[], context=room.context)


REFUSALS: dict[str, Callable[[Room, Made], None]] = {
    "exchange.unknown-statement": lambda room, made: relay(seeded("none", 16), to="ma.dgst", readers=[], context=room.context),
    "directory.unknown-agency": lambda room, made: relay(made.statement.id, to="pt.pj", readers=[], context=room.context),
    "exchange.relay-not-addressed": lambda room, made: relay(made.statement.id, to="be.vsse", readers=[], context=room.context),
    "exchange.relay-other-reader": lambda room, made: relay(
        made.statement.id, to="ma.dgst", readers=[Reader("be.vsse", our_key(room), docket_only=True)], context=room.context
    ),
    "exchange.too-many-handovers": too_many,
    "exchange.relay-erased": erased,
    "directory.unconfirmed": unconfirmed,
}


@pytest.mark.parametrize(("code", "attempt"), REFUSALS.items(), ids=REFUSALS)
def test_what_may_not_be_passed_on_is_refused_and_nothing_waits(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer, code: str, attempt: Callable[[Room, Made], None]
) -> None:
    room.peer("be.vsse")
    made = arrives(room, fr, ma, whole=True)
    with pytest.raises(Error) as caught:
        attempt(room, made)
    assert caught.value.code == code
    assert room.rows("SELECT * FROM exchange_outbox") == []


def test_nobody_who_could_read_it_is_no_relay(room: Room, fr: SimulatedPeer, ma: SimulatedPeer) -> None:
    made = written(room, fr, ma)
    only_us = {made.statement.digest: wraps_of(room, fr, ma, made, whole=False)[:1]}
    room.hear(fr.parcel_with(made, to=room.agency, wraps=only_us))
    room.work()
    with pytest.raises(Error, match="relay-no-reader"):
        relay(made.statement.id, to="ma.dgst", readers=[], context=room.context)


# ------------------------------------------------------------------------------------------------ two routes


@pytest.mark.parametrize("between", [False, True], ids=["dispatched together", "dispatched apart"])
@pytest.mark.parametrize("first", ["ma.dgst", "fr.dgsi"])
def test_what_comes_by_two_routes_is_in_effect_once_and_receipted_twice(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer, first: str, between: bool  # noqa: FBT001 (a case of the table)
) -> None:
    made = written(room, fr, ma)
    peers = [fr, ma] if first == "fr.dgsi" else [ma, fr]
    for peer in peers:
        wraps = {made.statement.digest: wraps_of(room, fr, ma, made, whole=True)}
        peer.take(room.hear(peer.parcel_with(made, to=room.agency, wraps=wraps)))
        if between:
            room.work()
    room.work()
    assert room.words() == ["une lettre"]
    assert room.faults() == []
    assert (len(fr.receipts), len(ma.receipts)) == (1, 1)


@pytest.mark.parametrize("between", [False, True], ids=["dispatched together", "dispatched apart"])
def test_a_relay_that_keeps_our_wrap_back_can_not_stop_what_comes_by_another_route(
    room: Room, fr: SimulatedPeer, ma: SimulatedPeer, between: bool  # noqa: FBT001 (a case of the table)
) -> None:
    made = written(room, fr, ma)
    room.hear(ma.parcel_with(made, to=room.agency, wraps={made.statement.digest: []}))
    if between:
        room.work()
        assert room.faults() == ["exchange.unopened"]
    whole = {made.statement.digest: wraps_of(room, fr, ma, made, whole=True)}
    room.hear(fr.parcel_with(made, to=room.agency, wraps=whole))
    room.work()
    assert room.words() == ["une lettre"]


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


def test_three_nodes_and_each_signature_is_whose_it_says(node: Nodes) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    hub = node.new("int.hub", posts=[NewPost("desk", "desk", {"en": "Desk"}, ("en",))])
    node.meet(es, hub)
    node.meet(hub, ma)
    rooms = {one.agency: Room(one) for one in (es, hub, ma)}
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
    context = hub.use()
    assert rooms["int.hub"].words() == [CLOSED]
    handover = Handover("int.hub/desk", now_ms, now_ms)
    relay(said.id, to="ma.dgst", readers=[], context=context, handovers=[handover])
    carry(hub, ma)
    assert rooms["int.hub"].words() == [CLOSED]
    assert contents(es, said.id) == contents(hub, said.id) == contents(ma, said.id)
    entry, head = parse_entry(received(ma)[0]), parse_batch_head(received(ma)[1])
    assert rooms["ma.dgst"].words() == ["una carta"]
    assert (entry.sender, entry.statement, entry.handovers) == ("int.hub", said.digest, (handover,))
    keys = {agency: key_of(agency) for agency in ("es.cgi", "int.hub")}
    parse_statement(contents(ma, said.id)[0]).signature.verify(keys["es.cgi"])
    check_batch(head, entries=[received(ma)[0]], key=keys["int.hub"])
    with pytest.raises(Error):
        check_batch(head, entries=[received(ma)[0]], key=keys["es.cgi"])
    (kept,) = ma.context.keys.wraps([said.id], "int.hub").values()
    assert len(decode(kept)) == 1


def key_of(agency: str) -> Any:
    """The node signing key that the bound node believes of an agency."""
    return next(key.key for key in current_directory(agency).keys if str(key.use) == "node.sign")
