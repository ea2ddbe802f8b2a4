"""The register of the flow: what an office sees of each channel, how it follows what is said, and that it can be made again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from support.matters import an_enquiry, no_hit
from support.ways import OFFICE, World
from tansiq.office.compartments import compartment_of
from tansiq.office.feeding import note_came, note_taken
from tansiq.office.folding import fold_came
from tansiq.office.queries import FlowView, counts, flow_page, one_flow
from tansiq.office.rebuilding import Checked, check_register, rebuild, stored_dockets
from tansiq.office.rows import Direction, FlowRow

pytestmark = pytest.mark.storage

HEAD = "ES-3300"


def rows_at(world: World, agency: str, office: str, number: str = HEAD, **view: object) -> list[FlowRow]:
    context = world[agency].use()
    fold_came(context=context)
    return flow_page(FlowView(**view), compartment_of(office, number), now_ms=context.clock()).rows


@pytest.mark.parametrize("channel", ["embassy", "interpol", "liaison"])
def test_what_goes_by_a_channel_stands_in_the_register_of_the_office_abroad(world: World, channel: str) -> None:
    matter = world.ask(channel)
    world.carry()
    assert world.faults() == {}
    (row,) = rows_at(world, "es.rabat", OFFICE)
    assert (row.matter, row.service, row.partner, row.direction) == (matter, "es.cgi", "ma.dgst", Direction.OUT)
    assert (row.channel, row.channels, row.state, row.kind) == (channel, (channel,), "waiting", "enquiry.request")
    assert row.lies_at == "ma.dgst/counter-terrorism"


def test_an_answer_moves_the_matter_and_its_counts(world: World) -> None:
    matter = world.ask("embassy")
    world.carry()
    world["es.rabat"].use()
    who = compartment_of(OFFICE, HEAD)
    field = one_flow(matter, who).field
    assert counts(who, now_ms=world.clock()).open_in(field, "embassy") == 1
    world.answer(matter, no_hit())
    world.carry()
    assert world.faults() == {}
    assert rows_at(world, "es.rabat", OFFICE) == []
    (row,) = rows_at(world, "es.rabat", OFFICE, ended=True)
    assert (row.matter, row.state, row.lies_at) == (matter, "answered", "")
    found = counts(who, now_ms=world.clock())
    assert found.open_in(field, "embassy") == 0
    assert found.by_state == {(field, "embassy", "answered"): 1}


def test_the_deadline_runs_from_when_the_addressee_took_it(world: World) -> None:
    matter = world.ask("embassy")
    world.carry(tell=False)
    fold_came(context=world["es.rabat"].use())
    before = one_flow(matter, compartment_of(OFFICE, HEAD)).deadline_ms
    world.clock.advance(minutes=5)
    world.carry()
    world["es.rabat"].use()
    assert one_flow(matter, compartment_of(OFFICE, HEAD)).deadline_ms == before
    assert world.rows("es.rabat", "SELECT COUNT(*) FROM office_docket WHERE taken_ms IS NOT NULL") == [(1,)]


def test_an_office_at_home_sees_what_passes_it_and_what_it_is_copied(at_home: World) -> None:
    office = "es.cgi/embassy-office"
    asked = {channel: at_home.ask(channel) for channel in ("embassy", "interpol")}
    at_home.carry()
    assert at_home.faults() == {}
    found = {row.channel: row.matter for row in rows_at(at_home, "es.cgi", office)}
    assert found == asked
    assert at_home.rows("ma.dgst", "SELECT COUNT(*) FROM office_flow") == [(0,)]


def test_what_the_host_asks_stands_in_it_as_the_other_way(at_home: World) -> None:
    from tansiq.enquiries.services import send_enquiry

    ma = at_home["ma.dgst"]
    matter = send_enquiry(
        an_enquiry("MA-2210"), context=ma.use(), officer=ma.officer("MA-2210"), from_post="ma.dgst/counter-terrorism",
        to_post="es.cgi/counter-terrorism", channel="embassy", via_office_post="es.cgi/embassy-office",
    )  # fmt: skip
    at_home.carry()
    assert at_home.faults() == {}
    (row,) = rows_at(at_home, "es.cgi", "es.cgi/embassy-office")
    assert (row.matter, row.direction, row.lies_at) == (matter, Direction.IN, "es.cgi/counter-terrorism")
    assert (row.service, row.partner) == ("es.cgi", "ma.dgst")


def everything(world: World, agency: str) -> dict[str, list[tuple[object, ...]]]:
    """All that the register says at a node, its counts added up."""
    return {
        "flow": world.rows(agency, "SELECT * FROM office_flow ORDER BY office, matter"),
        "dockets": world.rows(agency, "SELECT * FROM office_docket ORDER BY office, statement"),
        "counts": world.rows(
            agency,
            "SELECT office, service, field, channel, state, day, SUM(number) FROM office_tally "
            "GROUP BY office, service, field, channel, state, day HAVING SUM(number) <> 0 ORDER BY 1, 2, 3, 4, 5, 6",
        ),
    }


def some_flow(world: World) -> None:
    first, *_ = [world.ask(channel) for channel in ("embassy", "interpol", "liaison", "embassy")]
    world.carry()
    world.answer(first, no_hit())
    world.carry()
    assert world.faults() == {}


@pytest.mark.parametrize(
    "lost",
    [
        ("office_flow", "office_docket", "office_tally"),
        ("office_tally",),
        ("office_flow", "office_docket"),
        ("office_docket", "office_flow"),
        ("office_flow",),
        ("office_docket",),
    ],
)
def test_the_register_is_made_again_from_what_isstored_dockets(world: World, lost: tuple[str, ...]) -> None:
    some_flow(world)
    before = everything(world, "es.rabat")
    assert len(before["flow"]) == 4
    with connection.cursor() as cursor:
        for table in lost:
            cursor.execute(f"DELETE FROM {table}")
    assert rebuild(context=world["es.rabat"].use()) == Checked(4, 0, 0)
    assert everything(world, "es.rabat") == before


def test_making_it_again_where_nothing_is_wrong_changes_nothing(world: World) -> None:
    some_flow(world)
    before = everything(world, "es.rabat")
    assert rebuild(context=world["es.rabat"].use()) == Checked(4, 0, 0)
    assert everything(world, "es.rabat") == before


def test_what_was_altered_is_found_and_put_right(world: World) -> None:
    some_flow(world)
    before = everything(world, "es.rabat")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE office_flow SET state = 'closed', is_open = %s", (False,))
    assert check_register(context=world["es.rabat"].context).wrong_rows == 4
    assert check_register(context=world["es.rabat"].context).wrong_counts > 0
    assert rebuild(context=world["es.rabat"].use()) == Checked(4, 0, 0)
    assert everything(world, "es.rabat")["flow"] == before["flow"]


def test_what_passed_and_can_not_be_opened_any_more_is_made_again_from_its_row(world: World) -> None:
    some_flow(world)
    before = everything(world, "es.rabat")["flow"]
    context = world["es.rabat"].use()
    for (statement,) in world.rows("es.rabat", "SELECT statement FROM office_docket"):
        context.keys.erase(statement)
    with connection.cursor() as cursor:
        for table in ("office_flow", "office_docket", "office_tally"):
            cursor.execute(f"DELETE FROM {table}")
    assert rebuild(context=context) == Checked(4, 0, 0)
    kept = slice(0, 17)  # all but the case, which only the docket said
    assert [row[kept] for row in everything(world, "es.rabat")["flow"]] == [row[kept] for row in before]


def test_each_sort_is_counted_in_one_row_and_what_comes_to_nothing_goes(world: World) -> None:
    some_flow(world)
    rows = world.rows("es.rabat", "SELECT number FROM office_tally")
    assert len(rows) == len(everything(world, "es.rabat")["counts"])
    assert all(number > 0 for (number,) in rows)


# ------------------------------------------------------------------------------------------------ peers that lie


def test_a_docket_that_is_handled_again_changes_nothing(world: World) -> None:
    some_flow(world)
    before = everything(world, "es.rabat")
    context = world["es.rabat"].use()
    for came in stored_dockets(context):
        note_came(came)
        note_came(came)
    assert fold_came(context=context) > 0
    assert everything(world, "es.rabat") == before


def test_dockets_in_any_order_make_the_same_register(world: World) -> None:
    some_flow(world)
    before = everything(world, "es.rabat")
    context = world["es.rabat"].use()
    came = [one for some in stored_dockets(context) for one in some]
    requests = [one for one in came if one.docket.kind == "enquiry.request"]
    others = [one for one in came if one not in requests]
    with connection.cursor() as cursor:
        for table in ("office_flow", "office_docket", "office_tally"):
            cursor.execute(f"DELETE FROM {table}")
    for one in [*reversed(others), *reversed(requests)]:
        note_came([one])
        if one is came[0]:
            fold_came(context=context)
    note_taken([one.statement for one in came])
    fold_came(context=context)
    assert everything(world, "es.rabat")["flow"] == before["flow"]
    assert check_register(context=world["es.rabat"].context) == Checked(4, 0, 0)


def test_a_third_agency_moves_nothing_by_using_the_reference_of_a_matter(world: World) -> None:
    """Madrid's bureau says an answer and a withdrawal in a matter that is not its own."""
    matter = world.ask("embassy")
    world.carry()
    world["es.rabat"].use()
    before = one_flow(matter, compartment_of(OFFICE, HEAD))
    (came,) = [one for some in stored_dockets(world["es.rabat"].context) for one in some]
    for number, kind in enumerate(("enquiry.answer", "enquiry.withdrawal", "enquiry.of-tomorrow")):
        docket = replace(came.docket, kind=kind, sender="es.ncb/bureau", deadline_class="urgent-direct")
        note_came([replace(came, statement=bytes([number]) * 16, docket=docket, said_ms=came.said_ms + 1)])
    fold_came(context=world["es.rabat"].context)
    assert one_flow(matter, compartment_of(OFFICE, HEAD)) == before
    assert world.rows("es.rabat", "SELECT COUNT(*) FROM office_docket WHERE counts = %s", (False,)) == [(3,)]


def test_codes_that_nobody_knows_yet_are_kept_and_break_nothing(world: World) -> None:
    matter = world.ask("embassy")
    world.carry()
    (came,) = [one for some in stored_dockets(world["es.rabat"].use()) for one in some]
    docket = replace(
        came.docket, matter=b"m" * 16, kind="thing.of-tomorrow", field="field.of-tomorrow", deadline_class="of-tomorrow"
    )
    note_came([replace(came, statement=b"s" * 16, docket=docket)])
    rows = {row.matter: row for row in rows_at(world, "es.rabat", OFFICE)}
    assert rows[b"m" * 16].deadline_ms is None
    assert rows.keys() == {matter, b"m" * 16}
