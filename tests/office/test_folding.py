"""Folding: what came is lost by no crash, holds up nothing, and what was taken back never was."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from support.dying import dies_at
from support.ways import OFFICE, World
from tansiq.errors import BadInput
from tansiq.office import folding
from tansiq.office.compartments import compartment_of
from tansiq.office.feeding import Came, Entry, note_came, note_taken_back
from tansiq.office.folding import fold_came
from tansiq.office.queries import FlowView, flow_page, one_flow
from tansiq.office.rebuilding import Checked, check_register, rebuild, stored_dockets

pytestmark = pytest.mark.storage
HEAD = "ES-3300"


def arrived(world: World) -> Came:
    """An enquiry at the office in Rabat, folded; the office's node stays bound."""
    world.ask("embassy")
    world.carry()
    (came,) = [one for some in stored_dockets(world["es.rabat"].use()) for one in some]
    return came


def another(came: Came, number: int, **changed: object) -> Came:
    docket = replace(came.docket, **{"matter": bytes([number]) * 16, **changed})
    return replace(came, statement=bytes([number]) * 16, docket=docket)


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM office_came")
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize("point", ["office.fold.before-commit", "office.fold.after-commit"])
def test_a_crash_loses_nothing_and_counts_nothing_twice(world: World, point: str) -> None:
    came, es = arrived(world), world["es.rabat"]
    note_came([another(came, number) for number in (1, 2)])
    assert dies_at(point, lambda: fold_came(context=es.use()))
    fold_came(context=es.use())
    assert waiting() == 0
    assert check_register(context=es.context) == Checked(3, 0, 0)


def test_what_can_not_be_folded_holds_up_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    came, context = arrived(world), world["es.rabat"].context
    take = folding.take_entries

    def fails(office: str, entries: list[Entry]) -> None:
        if any(one.matter == b"\2" * 16 for one in entries):
            raise BadInput("office.wrong-view", name="after")
        take(office, entries)

    monkeypatch.setattr(folding, "take_entries", fails)
    note_came([another(came, number) for number in (1, 2, 3)])
    fold_came(context=context)
    assert waiting() == 0
    assert check_register(context=context) == Checked(3, 0, 0)


@pytest.mark.parametrize("folded_between", [True, False])
def test_of_a_matter_whose_ends_took_their_word_back_the_first_that_is_left_makes_the_ends(
    world: World, folded_between: bool
) -> None:
    came, context = arrived(world), world["es.rabat"].context
    first = another(came, 1)
    third = replace(another(came, 1, sender="es.gc/desk"), statement=b"\2" * 16, at_ms=came.at_ms + 1)
    note_came([first, third])
    if folded_between:
        fold_came(context=context)
    note_taken_back([first.statement])
    fold_came(context=context)
    assert one_flow(b"\1" * 16, compartment_of(OFFICE, HEAD)).service == "es.gc"
    assert check_register(context=context) == Checked(2, 0, 0)
    assert rebuild(context=context) == Checked(2, 0, 0)
    note_taken_back([third.statement])
    fold_came(context=context)
    assert check_register(context=context) == Checked(1, 0, 0)


def test_whoever_says_something_reads_and_writes_no_row_of_the_register(world: World) -> None:
    came = arrived(world)
    before = flow_page(FlowView(), compartment_of(OFFICE, HEAD), now_ms=world.clock()).rows
    note_came([another(came, number) for number in range(1, 200)])
    assert waiting() == 1
    assert flow_page(FlowView(), compartment_of(OFFICE, HEAD), now_ms=world.clock()).rows == before
    assert fold_came(context=world["es.rabat"].context) == 199
    assert check_register(context=world["es.rabat"].context) == Checked(200, 0, 0)
