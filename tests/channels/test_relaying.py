"""What passes: handed on whatever it is, by the way that it names and no other; what is told of the way is believed of whom it
is, and of nobody else.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from support.matters import an_enquiry, no_hit
from support.node import Nodes
from support.ways import ES, MA, OFFICE, World
from tansiq.channels.stops import KIND, known_stops, tell_stops
from tansiq.channels.ways import find
from tansiq.enquiries.drafts import request_draft
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.rows import enquiry_rows
from tansiq.errors import NotFound, Refused
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.drafts import Draft
from tansiq.exchange.quarantine import retry_all
from tansiq.exchange.service import announce
from tansiq.exchange.services import send
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import new_id
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Statement, parse_statement
from tansiq.protocol.stops import Stop, make_stop

pytestmark = pytest.mark.storage

HUB = "int.hub/centre"


@pytest.fixture
def world(node: Nodes) -> World:
    return World.of(node)


def a_draft(world: World, **docket: Any) -> Draft:
    """A request of Madrid's desk to Rabat's, to be spoilt; Madrid is bound."""
    es = world["es.cgi"]
    context = es.use()
    way = find("interpol", ES, MA, context=context, now_ms=context.clock())
    act = es.officer("ES-4017").acting("enquiry.request", post=ES)
    draft = request_draft(an_enquiry(), matter=new_id(context.clock()), case=b"", way=way, act=act)
    return replace(draft, docket=replace(draft.docket, **docket))


def said(world: World, draft: Draft) -> Statement:
    statement = send(draft, context=world["es.cgi"].use())
    world.carry()
    return statement


def the_statement(world: World, agency: str, statement: bytes) -> Statement:
    ((encoded,),) = world.rows(agency, "SELECT encoded FROM exchange_statement WHERE id = %s", (statement,))
    return parse_statement(encoded)


# ------------------------------------------------------------------------------------------------ the way


def test_a_kind_that_no_relay_knows_is_passed_on_and_waits_where_it_is_for(world: World) -> None:
    statement = said(world, a_draft(world, kind="enquiry.of-tomorrow"))
    assert world.faults() == {"ma.dgst": ["exchange.unknown-kind kind=enquiry.of-tomorrow"]}
    assert [(post, step, reads) for post, step, reads in world.rows("int.hub", "SELECT post, step, reads_body FROM channels_passage")] == [
        (HUB, "hub", False)
    ]  # fmt: skip
    assert the_statement(world, "ma.dgst", statement.id).encoded == statement.encoded


def test_whoever_passes_a_desk_over_is_not_believed(world: World) -> None:
    """Madrid's node sends straight to Rabat what its docket says goes by the bureaux."""
    draft = a_draft(world)
    said(
        world,
        replace(draft, readers=[replace(one, peer="ma.dgst") for one in draft.readers if one.agency == "ma.dgst"]),
    )
    assert world.faults() == {"ma.dgst": ["channels.other-hop agency=es.cgi"]}
    assert world.rows("ma.dgst", "SELECT COUNT(*) FROM enquiries_enquiry") == [(0,)]


def test_a_relay_that_is_passed_over_does_not_hand_on(world: World) -> None:
    draft = a_draft(world)
    said(world, replace(draft, readers=[replace(one, peer="int.hub") for one in draft.readers]))
    assert world.faults() == {"int.hub": ["channels.other-hop agency=es.cgi"]}
    assert world.rows("int.hub", "SELECT COUNT(*) FROM exchange_outbox") == [(0,)]


def test_a_route_that_the_channel_has_not_is_not_handed_on(world: World) -> None:
    said(world, a_draft(world, channel="direct"))
    assert world.faults() == {"es.ncb": ["policy.wrong-route channel=direct"], "es.rabat": ["policy.wrong-route channel=direct"]}  # fmt: skip


def test_a_copy_that_a_stranger_brings_is_refused(world: World) -> None:
    """The office is copied by the side of its own state, and by nobody else."""
    draft = a_draft(world)
    said(world, replace(draft, docket=replace(draft.docket, copies=())))
    assert world.faults() == {"es.rabat": ["exchange.not-addressed post=es.rabat/office"]}


def test_what_can_not_go_on_now_waits_with_its_reason_and_goes_on_later(world: World) -> None:
    with_hub = world.rows("es.ncb", "SELECT confirmed_ms FROM directory_partner WHERE agency = 'int.hub'")[0][0]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_partner SET confirmed_ms = 0 WHERE agency = 'int.hub'")
    matter = world.ask("interpol")
    world.carry()
    assert world.faults() == {"es.ncb": ["directory.unconfirmed agency=int.hub"]}
    world["es.ncb"].use()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_partner SET confirmed_ms = %s WHERE agency = 'int.hub'", (with_hub,))
    retry_all(context=world["es.ncb"].context)
    world.carry()
    assert world.faults() == {}
    world["ma.dgst"].use()
    assert enquiry_rows("matter = %s", (matter,))


def test_what_is_handled_again_is_not_said_again(world: World) -> None:
    """After a restore a node hands to its rooms again what it had; the next hop has it already."""
    world.ask("interpol")
    world.carry()
    hub = world["int.hub"]
    ((statement, peer),) = world.rows("int.hub", "SELECT statement, peer FROM channels_passage")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM exchange_handled WHERE statement = %s", (statement,))
        cursor.execute("DELETE FROM channels_passage")
        cursor.execute(
            "INSERT INTO exchange_queue (statement, peer, lane, at_ms, waits_for) VALUES (%s, %s, 1, %s, NULL)",
            (statement, peer, hub.context.clock()),
        )
    assert dispatch_once(context=hub.context) == 1
    assert world.rows("int.hub", "SELECT COUNT(*) FROM channels_passage") == [(1,)]
    assert world.rows("int.hub", "SELECT COUNT(*) FROM exchange_outbox") == [(0,)]


# ------------------------------------------------------------------------------------------------ the times


def test_the_deadline_runs_from_the_receipt_at_the_end_of_the_way(world: World) -> None:
    matter = world.ask("interpol")
    es = world["es.cgi"]
    world.carry(tell=False)
    es.use()
    note_receipts()
    (row,) = enquiry_rows("matter = %s", (matter,))
    assert row.received_ms is None, "the bureau's receipt is not the addressee's"
    world.clock.advance(hours=1)
    world.carry()
    es.use()
    note_receipts()
    (here,) = enquiry_rows("matter = %s", (matter,))
    world["ma.dgst"].use()
    (there,) = enquiry_rows("matter = %s", (matter,))
    assert (here.received_ms, here.deadline_ms) == (there.received_ms, there.deadline_ms)
    assert there.received_ms is not None
    assert there.received_ms < world.clock(), "what is told an hour later is the moment itself"


def test_every_desk_signs_for_itself_and_all_are_known_where_it_was_said(world: World) -> None:
    world.ask("interpol")
    world.carry()
    ((statement,),) = world.rows("es.cgi", "SELECT request FROM enquiries_enquiry")
    known = known_stops([statement])[statement]
    assert [(one.post, one.proven, one.handed_ms is not None) for one in known] == [
        ("es.ncb/bureau", True, True), (HUB, True, True), ("ma.ncb/bureau", True, True), (MA, True, False),
    ]  # fmt: skip
    for agency in world.nodes:
        world[agency].use()
        assert tell_stops(context=world[agency].context) == 0, "told once"


def test_between_neighbours_the_receipt_says_it_and_nothing_is_told(world: World) -> None:
    matter = world.ask("direct")
    world.carry()
    world.answer(matter, no_hit(), number="MA-1001")
    world.carry()
    for agency in ("es.cgi", "ma.dgst"):
        assert world.rows(agency, "SELECT COUNT(*) FROM channels_stop") == [(0,)]


def told(world: World, teller: str, hearer: str, stop: Stop, *, signed_by: str = "") -> dict[str, list[str]]:
    """What becomes of a stop that a node tells another, signed by some node; what was set aside."""
    made = make_stop(stop, signer=world[signed_by or teller].context.signer)
    announce(hearer, Part(KIND, {0: [made.encoded]}), context=world[teller].use())
    world.carry(tell=False)
    return world.faults()


@pytest.fixture
def going(world: World) -> tuple[World, Statement]:
    """A request that Madrid's bureau has and the hub has not yet."""
    world.ask("interpol")
    es, bureau = world["es.cgi"], world["es.ncb"]
    while bureau in world.waited_for(es):
        world.hop(es, bureau, tuple(Lane))
    ((statement,),) = world.rows("es.cgi", "SELECT request FROM enquiries_enquiry")
    return world, the_statement(world, "es.cgi", statement)


def a_stop(statement: Statement, post: str, **more: Any) -> Stop:
    values: dict[str, Any] = {"statement": statement.id, "digest": statement.digest, "taken_ms": 5, **more}
    return Stop(post=post, **values)


def test_a_relay_that_speaks_for_another_desk_is_shown_as_not_proven_and_moves_no_deadline(
    going: tuple[World, Statement],
) -> None:
    """The bureau says that Rabat has it; Rabat did not sign that."""
    world, statement = going
    assert told(world, "es.ncb", "es.cgi", a_stop(statement, MA)) == {}
    world["es.cgi"].use()
    (one,) = [stop for stop in known_stops([statement.id])[statement.id] if stop.post == MA]
    assert not one.proven
    note_receipts()
    (row,) = enquiry_rows("request = %s", (statement.id,))
    assert row.received_ms is None
    world.carry()
    world["es.cgi"].use()
    (one,) = [stop for stop in known_stops([statement.id])[statement.id] if stop.post == MA]
    assert one.proven
    assert one.taken_ms > 5, "the true word takes its place"


WRONG_STOPS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "of a desk before the one who tells": ("es.ncb", ES, {}),
    "of a desk that the way has not": ("es.ncb", "int.hub/legal", {}),
    "of a desk that gets a copy": ("es.ncb", OFFICE, {}),
    "of another statement": ("es.ncb", HUB, {"digest": secrets.token_bytes(32)}),
    "by somebody to whom it did not go": ("ma.dgst", HUB, {}),
}


@pytest.mark.parametrize("name", WRONG_STOPS)
def test_a_word_on_the_way_that_nobody_can_know_is_set_aside(going: tuple[World, Statement], name: str) -> None:
    world, statement = going
    teller, post, more = WRONG_STOPS[name]
    assert told(world, teller, "es.cgi", a_stop(statement, post, **more)) == {
        "es.cgi": [f"channels.stop-of-another post={post}"]
    }


def test_a_word_on_what_is_not_here_is_passed_over(world: World) -> None:
    stop = Stop(statement=secrets.token_bytes(16), digest=secrets.token_bytes(32), post=HUB, taken_ms=5)
    assert told(world, "es.ncb", "es.cgi", stop) == {}


def test_a_word_that_is_no_stop_is_set_aside(world: World) -> None:
    announce("es.cgi", Part(KIND, {0: [b"not a stop"]}), context=world["es.ncb"].use())
    world.carry(tell=False)
    assert world.faults() == {"es.cgi": ["protocol.not-sign1"]}


# ------------------------------------------------------------------------------------------------ whom another vouches for


def vouched(world: World, agency: str, of: str, by: str) -> None:
    """At ``agency`` nobody compared the words of ``of``: its partner ``by`` vouches for it."""
    world[agency].use()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_partner SET confirmed_ms = 0, introduced_by = %s WHERE agency = %s", (by, of))


def test_desks_along_the_way_for_whom_the_next_one_vouches_are_sealed_to_and_believed(world: World) -> None:
    vouched(world, "es.cgi", "int.hub", "es.ncb")
    vouched(world, "es.cgi", "ma.ncb", "es.ncb")
    vouched(world, "ma.dgst", "int.hub", "ma.ncb")
    vouched(world, "ma.ncb", "es.cgi", "int.hub")
    matter = world.ask("interpol")
    world.carry()
    assert world.faults() == {}
    world["es.cgi"].use()
    note_receipts()
    (row,) = enquiry_rows("matter = %s", (matter,))
    assert row.received_ms is not None
    assert [one.proven for one in known_stops([row.request])[row.request]] == [True] * 4


def test_nothing_is_sealed_to_whom_nobody_on_the_way_vouches_for(world: World) -> None:
    """A body goes to nobody whose words were not compared; a docket alone is left to the relay that knows the desk."""
    vouched(world, "es.cgi", "int.hub", "")
    with pytest.raises(NotFound, match=r"channels\.no-desk"):
        world.ask("interpol")
    vouched(world, "es.cgi", "ma.dgst", "fr.ncb")
    with pytest.raises(Refused, match=r"directory\.unconfirmed"):
        world.ask("embassy")


def test_a_docket_is_sealed_by_the_relay_that_knows_the_next_desk(world: World) -> None:
    """Madrid knows the names of the desks behind its bureau and none of their keys."""
    draft = a_draft(world)
    known = {"es.ncb", "ma.dgst", "es.rabat"}
    said(world, replace(draft, readers=[one for one in draft.readers if one.agency in known]))
    assert world.faults() == {}
    assert world.rows("int.hub", "SELECT step FROM channels_passage") == [("hub",)]
    assert world.rows("ma.dgst", "SELECT COUNT(*) FROM enquiries_enquiry") == [(1,)]
