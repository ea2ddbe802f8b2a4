"""What an office directs in its register, who may, and what stays of it."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from support.ways import OFFICE, World
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.office import directing
from tansiq.office.compartments import Compartment, compartment_of, head_of, set_compartment
from tansiq.office.directing import directs_of, links_of
from tansiq.office.proposing import proposals_for
from tansiq.office.queries import FlowView, counts, flow_page, flows_of, one_flow, services_of, together_with
from tansiq.office.rebuilding import check_register, rebuild
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage

HEAD, CGI, OTHER = "ES-3300", "ES-3301", "ES-3302"


def at_rabat(world: World, number: str = HEAD) -> tuple[Compartment, Context]:
    context = world["es.rabat"].use()
    return compartment_of(OFFICE, number), context


def two_matters(world: World, **more: Any) -> tuple[bytes, bytes]:
    found = world.ask("embassy", **more), world.ask("interpol", **more)
    world.carry()
    assert world.faults() == {}
    return found


def whats(world: World, matter: bytes) -> list[tuple[str, str]]:
    who, context = at_rabat(world)
    return [(one.what, one.value) for one in directs_of(one_flow(matter, who), context=context)]


def test_a_matter_is_assigned_put_first_and_noted(world: World) -> None:
    matter, _ = two_matters(world)
    who, context = at_rabat(world)
    directing.assign(matter, CGI, who=who, context=context)
    directing.prioritise(matter, "first", who=who, context=context)
    directing.comment(matter, Text("es", "Hablar con Rabat antes del viernes."), who=who, context=context)
    row = one_flow(matter, who)
    assert (row.assigned, row.priority) == (CGI, "first")
    assert whats(world, matter) == [("assign", CGI), ("prioritise", "first"), ("comment", "")]
    said = directs_of(row, context=context)[-1]
    assert said.words == Text("es", "Hablar con Rabat antes del viernes.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT concealed FROM office_direct WHERE what = 'comment'")
        assert b"Rabat" not in bytes(cursor.fetchone()[0])


def test_what_changes_nothing_is_not_written_down(world: World) -> None:
    matter, _ = two_matters(world)
    who, context = at_rabat(world)
    for _ in range(3):
        directing.assign(matter, CGI, who=who, context=context)
        directing.prioritise(matter, "raised", who=who, context=context)
    assert whats(world, matter) == [("assign", CGI), ("prioritise", "raised")]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda matter, more: directing.assign(matter, "ES-9999", **more), NotFound),
        (lambda matter, more: directing.assign(matter, "ES-4017", **more), NotFound),
        (lambda matter, more: directing.prioritise(matter, "soon", **more), BadInput),
        (lambda matter, more: directing.comment(matter, Text("es", "  "), **more), BadInput),
        (lambda matter, more: directing.assign(b"?" * 16, CGI, **more), NotFound),
        (lambda matter, more: directing.join(matter, matter, **more), BadInput),
        (lambda matter, more: directing.join(matter, b"?" * 16, **more), NotFound),
        (lambda matter, more: directing.part(matter, **more), Conflict),
    ],
)
def test_what_can_not_be_directed_changes_nothing(world: World, act: Any, error: type[Exception]) -> None:
    matter, _ = two_matters(world)
    who, context = at_rabat(world)
    with pytest.raises(error):
        act(matter, {"who": who, "context": context})
    assert whats(world, matter) == []


def test_matters_are_joined_whole_and_parted_again(world: World) -> None:
    first, second = two_matters(world)
    third = world.ask("liaison")
    world.carry()
    who, context = at_rabat(world)
    directing.join(first, second, who=who, context=context)
    directing.join(third, second, who=who, context=context)
    assert {one.matter for one in together_with(one_flow(first, who), who)} == {second, third}
    with pytest.raises(Conflict):
        directing.join(first, third, who=who, context=context)
    directing.part(first, who=who, context=context)
    assert together_with(one_flow(first, who), who) == []
    directing.part(second, who=who, context=context)
    assert one_flow(third, who).together is None
    assert [what for what, _ in whats(world, first)] == ["join", "part"]


def test_the_same_matter_by_two_channels_is_proposed_by_its_case_and_decided_by_a_person(world: World) -> None:
    case = b"one-case-of-both"
    first, second = two_matters(world, case=case)
    who, context = at_rabat(world)
    (proposal,) = proposals_for(one_flow(first, who), who)
    assert (proposal.row.matter, proposal.why, proposal.other_channel) == (second, ("case",), True)
    assert not one_flow(first, who).flagged
    directing.flag(first, second, who=who, context=context)
    assert one_flow(first, who).flagged
    assert one_flow(second, who).flagged
    assert proposals_for(one_flow(first, who), who) == []
    assert links_of(one_flow(second, who))[first].verdict == "flagged"
    directing.apart(second, first, who=who, context=context)
    assert not one_flow(first, who).flagged
    assert proposals_for(one_flow(second, who), who) == []


def test_matters_of_one_channel_are_not_the_same_by_two(world: World) -> None:
    first, second = world.ask("embassy"), world.ask("embassy")
    world.carry()
    who, context = at_rabat(world)
    with pytest.raises(BadInput, match=r"office.one-channel"):
        directing.flag(first, second, who=who, context=context)
    assert not one_flow(first, who).flagged


def test_directs_outlive_the_making_again_of_the_register(world: World) -> None:
    matter, second = two_matters(world)
    who, context = at_rabat(world)
    directing.assign(matter, CGI, who=who, context=context)
    directing.join(matter, second, who=who, context=context)
    before = one_flow(matter, who)
    rebuild(context=context)
    assert one_flow(matter, who) == before
    assert check_register(context=world["es.rabat"].context).wrong_rows == 0


# ------------------------------------------------------------------------------------------------ compartments


def test_the_head_is_whom_the_directory_lists_first(world: World) -> None:
    world["es.rabat"].use()
    assert head_of(OFFICE) == HEAD
    assert [compartment_of(OFFICE, number).directs for number in (HEAD, CGI, OTHER)] == [True, False, False]


def test_nobody_sets_the_own_compartment_and_only_the_head_sets_others(world: World) -> None:
    _, context = at_rabat(world)
    with pytest.raises(Refused, match=r"office.own-compartment"):
        set_compartment(OFFICE, HEAD, service="es.cgi", by=HEAD, context=context)
    with pytest.raises(Refused, match=r"office.not-the-head"):
        set_compartment(OFFICE, OTHER, service="es.cgi", by=CGI, context=context)
    with pytest.raises(NotFound, match=r"office.no-member"):
        set_compartment(OFFICE, "ES-4017", service="es.cgi", by=HEAD, context=context)
    with pytest.raises(BadInput):
        set_compartment(OFFICE, CGI, service="es.cgi", fields=("offence.?",), by=HEAD, context=context)
    set_compartment(OFFICE, CGI, service="es.cgi", fields=("offence.terrorism",), deputy=True, by=HEAD, context=context)
    set_compartment(OFFICE, OTHER, service="es.gc", by=CGI, context=context)
    assert compartment_of(OFFICE, OTHER).service == "es.gc"


@pytest.mark.parametrize(
    ("number", "service", "rows", "reads_terrorism", "reads_drugs"),
    [
        (HEAD, None, True, False, False),
        (CGI, "es.cgi", True, True, False),
        (OTHER, "es.gc", False, False, False),
        (OTHER, None, False, False, False),
    ],
)
def test_what_one_service_may_read_another_may_not(
    world: World, number: str, service: str | None, rows: bool, reads_terrorism: bool, reads_drugs: bool
) -> None:
    matter, second = two_matters(world)
    _, context = at_rabat(world)
    if service is not None:
        set_compartment(OFFICE, number, service=service, fields=("offence.terrorism",), by=HEAD, context=context)
    who = compartment_of(OFFICE, number)
    assert {row.matter for row in flow_page(FlowView(), who, now_ms=context.clock()).rows} == (
        {matter, second} if rows else set()
    )
    assert bool(counts(who, now_ms=context.clock()).by_state) is rows
    assert services_of(who) == (["es.cgi"] if rows else [])
    assert who.reads("es.cgi", "offence.terrorism") is reads_terrorism
    assert who.reads("es.cgi", "offence.drugs") is reads_drugs
    assert [one.matter for one in flows_of([matter], who)] == ([matter] if rows else [])
    for view in (
        FlowView(field="offence.terrorism"),
        FlowView(service="es.cgi"),
        FlowView(channel="embassy"),
        FlowView(state="waiting"),
    ):
        assert bool(flow_page(view, who, now_ms=context.clock()).rows) is rows
    if not rows:
        for act in (
            lambda: one_flow(matter, who),
            lambda: directing.comment(matter, Text("es", "Nada."), who=who, context=context),
            lambda: directing.assign(matter, number, who=who, context=context),
            lambda: directing.join(matter, second, who=who, context=context),
        ):
            with pytest.raises(NotFound, match=r"office.unknown"):
                act()


def test_what_is_assigned_to_somebody_is_seen_by_that_one_but_no_body_is_read(world: World) -> None:
    matter, _ = two_matters(world)
    head, context = at_rabat(world)
    set_compartment(OFFICE, OTHER, service="es.gc", by=HEAD, context=context)
    directing.assign(matter, OTHER, who=head, context=context)
    who = compartment_of(OFFICE, OTHER)
    assert [row.matter for row in flow_page(FlowView(mine=True), who, now_ms=context.clock()).rows] == [matter]
    assert one_flow(matter, who).matter == matter
    assert not who.reads("es.cgi", "offence.terrorism")
    with pytest.raises(Refused, match=r"office.not-the-head"):
        directing.assign(matter, CGI, who=who, context=context)
    directing.assign(matter, "", who=who, context=context)
    with pytest.raises(NotFound):
        one_flow(matter, who)


def test_a_matter_that_somebody_else_sees_is_not_joined_to_one_that_one_does_not(world: World) -> None:
    """A proposal, a joined matter and a flag say nothing of what the reader does not see."""
    first, second = two_matters(world, case=b"one-case-of-both")
    head, context = at_rabat(world)
    set_compartment(OFFICE, OTHER, service="es.gc", by=HEAD, context=context)
    directing.assign(first, OTHER, who=head, context=context)
    who = compartment_of(OFFICE, OTHER)
    assert proposals_for(one_flow(first, who), who) == []
    directing.join(first, second, who=head, context=context)
    assert together_with(one_flow(first, who), who) == []
    assert len(together_with(one_flow(first, head), head)) == 1


def test_joining_moves_nothing_that_the_officer_does_not_see(world: World) -> None:
    first, second = two_matters(world)
    third = world.ask("embassy")
    world.carry()
    head, context = at_rabat(world)
    directing.join(first, third, who=head, context=context)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE office_flow SET service = 'es.gc' WHERE matter = %s", (third,))
    set_compartment(OFFICE, CGI, service="es.cgi", by=HEAD, context=context)
    who = compartment_of(OFFICE, CGI)
    before = world.rows("es.rabat", "SELECT matter, together FROM office_flow ORDER BY matter")
    with pytest.raises(Refused) as refused:
        directing.join(second, first, who=who, context=context)
    assert (refused.value.code, dict(refused.value.values)) == ("office.joined-beyond", {})
    assert world.rows("es.rabat", "SELECT matter, together FROM office_flow ORDER BY matter") == before
    assert whats(world, second) == []
    directing.join(second, first, who=compartment_of(OFFICE, HEAD), context=context)


def test_of_a_long_history_the_newest_is_read_and_the_older_can_be_reached(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    matter, _ = two_matters(world)
    who, context = at_rabat(world)
    monkeypatch.setattr(directing, "MOST_DIRECTS", 3)
    for number in range(5):
        directing.comment(matter, Text("en", str(number)), who=who, context=context)
    row = one_flow(matter, who)
    newest = directs_of(row, context=context)
    assert [one.words.value for one in newest if one.words] == ["2", "3", "4"]
    older = directs_of(row, context=context, before=newest[0].id)
    assert [one.words.value for one in older if one.words] == ["0", "1"]
