"""The reminder: to the desk where a matter lies, on whatever node that is; from an office on its way, and from nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.matters import no_hit
from support.ways import ES, MA, OFFICE, World
from tansiq.errors import Conflict
from tansiq.exchange.drafts import Draft
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import send
from tansiq.office.compartments import compartment_of
from tansiq.office.directing import directs_of
from tansiq.office.queries import one_flow
from tansiq.office.reminding import REMINDER, remind, reminders_at, reminders_of
from tansiq.policy.reminder import OfficeReminder
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage

HEAD = "ES-3300"
HOME = "es.cgi/embassy-office"


def reminded(world: World, matter: bytes, *, agency: str = "es.rabat", office: str = OFFICE) -> bytes:
    context = world[agency].use()
    who = compartment_of(office, HEAD)
    return remind(matter, who=who, officer=world[agency].officer(HEAD), context=context)


def asked(world: World, channel: str = "embassy") -> bytes:
    matter = world.ask(channel)
    world.carry()
    assert world.faults() == {}
    return matter


@pytest.mark.parametrize("channel", ["embassy", "interpol", "liaison"])
def test_the_desk_where_it_lies_is_reminded_on_its_own_node(world: World, channel: str) -> None:
    matter = asked(world, channel)
    world.clock.advance(hours=2)
    reminded(world, matter)
    world.carry()
    assert world.faults() == {}
    world["ma.dgst"].use()
    (one,) = reminders_of(matter, [MA])
    assert (one.office, one.post, one.officer, one.times) == (OFFICE, MA, HEAD, 1)
    assert one.since_ms < one.said_ms
    assert reminders_of(matter, ["ma.dgst/head"]) == []
    assert [found.matter for found in reminders_at([MA], since_ms=0)] == [matter]
    world["es.rabat"].use()
    row = one_flow(matter, compartment_of(OFFICE, HEAD))
    assert [(found.what, found.value) for found in directs_of(row, context=world["es.rabat"].context)] == [
        ("remind", MA)
    ]


def test_a_desk_on_the_offices_own_node_is_reminded_by_a_word_that_leaves_for_nobody(at_home: World) -> None:
    from support.matters import an_enquiry
    from tansiq.enquiries.services import send_enquiry

    ma = at_home["ma.dgst"]
    matter = send_enquiry(
        an_enquiry("MA-2210"), context=ma.use(), officer=ma.officer("MA-2210"), from_post=MA, to_post=ES, channel="embassy",
        via_office_post=HOME,
    )  # fmt: skip
    at_home.carry()
    statement = reminded(at_home, matter, agency="es.cgi", office=HOME)
    assert at_home.rows("es.cgi", "SELECT COUNT(*) FROM exchange_outbox WHERE statement = %s", (statement,)) == [(0,)]
    (one,) = reminders_of(matter, [ES])
    assert (one.office, one.times) == (HOME, 1)


def test_it_is_not_said_again_at_once_and_counted_when_it_is(world: World) -> None:
    matter = asked(world)
    reminded(world, matter)
    with pytest.raises(Conflict, match=r"office.reminded-lately"):
        reminded(world, matter)
    world.clock.advance(hours=7)
    reminded(world, matter)
    world.carry()
    world["ma.dgst"].use()
    (one,) = reminders_of(matter, [MA])
    assert one.times == 2


def test_where_nobody_owes_anything_nobody_is_reminded(world: World) -> None:
    matter = asked(world)
    world.answer(matter, no_hit())
    world.carry()
    with pytest.raises(Conflict, match=r"office.nothing-due"):
        reminded(world, matter)


def test_what_crosses_the_answer_is_no_fault_and_changes_nothing(world: World) -> None:
    matter = asked(world)
    reminded(world, matter)
    world.answer(matter, no_hit())
    world.carry()
    assert world.faults() == {}
    world["ma.dgst"].use()
    assert reminders_of(matter, [MA]) == []
    assert reminders_at([MA], since_ms=0) == []


def test_it_passes_a_suspension(world: World) -> None:
    from tansiq.channels.rules import Rules, set_rules
    from tansiq.channels.states import decide
    from tansiq.policy.channel_word import StateWord

    matter = asked(world)
    rabat = world["es.rabat"]
    context = rabat.use()
    set_rules(Rules(deciders=("office",)))
    word = StateWord(channel="embassy", state="suspended", reason="state.political", from_ms=context.clock())
    decide("ma.dgst", word, announce=False, officer=rabat.officer(HEAD), context=context)
    reminded(world, matter)
    world.carry()
    set_rules(Rules())
    world["ma.dgst"].use()
    assert len(reminders_of(matter, [MA])) == 1


# ------------------------------------------------------------------------------------------------ peers that lie


def said(world: World, agency: str, number: str, sender: str, matter: bytes, **more: Any) -> None:
    """A node says a reminder that no honest office says."""
    node = world[agency]
    context = node.use()
    addressee = more.pop("addressee", MA)
    docket = Docket(
        kind=REMINDER,
        channel="service",
        matter=matter,
        sender=sender,
        route=(sender, addressee),
        addressees=(addressee,),
    )
    plain = more.pop("plain", dict(OfficeReminder(since_ms=1).to_plain()))
    draft = Draft(
        docket=replace(docket, **more),
        parts=[Part(REMINDER, plain)],
        readers=[post_reader(addressee, peer="ma.dgst", now_ms=context.clock())],
        lane=Lane.URGENT,
        act=node.officer(number).acting(REMINDER, post=sender) if number else None,
    )
    send(draft, context=context)
    world.carry()


@pytest.mark.parametrize(
    ("agency", "number", "sender", "more", "code"),
    [
        ("es.ncb", "ES-5200", "es.ncb/bureau", {}, "office.not-its-office"),
        ("es.cgi", "ES-4017", ES, {}, "office.not-its-office"),
        ("es.rabat", "", OFFICE, {}, "channels.no-act"),
        ("es.rabat", HEAD, OFFICE, {"addressee": "ma.dgst/head"}, "office.not-its-office"),
        ("es.rabat", HEAD, OFFICE, {"plain": {}}, "policy.field-missing"),
        ("es.rabat", HEAD, OFFICE, {"plain": {"since_ms": -5}}, "policy.field-"),
        ("es.rabat", HEAD, OFFICE, {"matter": b"another-matter-x"}, "enquiries.unknown"),
    ],
)
def test_who_is_no_office_on_its_way_reminds_nobody(
    world: World, agency: str, number: str, sender: str, more: dict[str, Any], code: str
) -> None:
    matter = asked(world)
    said(world, agency, number, sender, more.pop("matter", matter), **more)
    (fault,) = world.faults()["ma.dgst"]
    assert fault.startswith(code)
    world["ma.dgst"].use()
    assert reminders_of(matter, [MA]) == []


def test_an_office_that_the_enquiry_passed_by_is_not_heard(world: World) -> None:
    """What heads say to one another reaches no office that nobody ruled; an office that learns the reference can't use it."""
    matter = asked(world, "direct")
    said(world, "es.rabat", HEAD, OFFICE, matter, addressee="ma.dgst/head")
    (fault,) = world.faults()["ma.dgst"]
    assert fault.startswith("office.not-its-office")


def test_an_office_that_reminds_without_end_fills_no_table_and_calls_nobody_more_often(world: World) -> None:
    matter = asked(world)
    for minute in range(5):
        world.clock.advance(minutes=minute)
        said(world, "es.rabat", HEAD, OFFICE, matter)
    world["ma.dgst"].use()
    (one,) = reminders_of(matter, [MA])
    assert one.times == 5
    assert one.told_ms < one.said_ms
