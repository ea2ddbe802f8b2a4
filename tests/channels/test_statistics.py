"""Where time goes: counted from what the desks signed, desk by desk and from one to the next."""

from __future__ import annotations

from itertools import pairwise

import pytest

from support.matters import no_hit
from support.node import Nodes
from support.ways import ES, MA, World
from tansiq.channels.statistics import DeskTime, desk_times, summed
from tansiq.enquiries.times import ANSWERING, times_of
from tansiq.exchange.dispatch import dispatch_once
from tansiq.protocol.envelope import Lane

pytestmark = pytest.mark.storage

MINUTE, HOUR = 60_000, 3_600_000
WAY = ("es.cgi", "es.ncb", "int.hub", "ma.ncb", "ma.dgst")


@pytest.mark.parametrize(
    ("spans", "expected"),
    [([7], (1, 7, 7, 7)), ([5, 1, 3], (3, 3, 5, 5)), (list(range(1, 11)), (10, 5, 9, 10)), ([-4, 2], (2, 0, 2, 2))],
)
def test_the_figures_of_spans(spans: list[int], expected: tuple[int, int, int, int]) -> None:
    one = summed("interpol", "int.hub/centre", "", spans)
    assert (one.count, one.median_ms, one.most_ms, one.longest_ms) == expected


def slowly(world: World, *, desk: int, leg: int) -> None:
    """Everything goes from hop to hop: ``leg`` ms on the way to each, ``desk`` ms there until it is handed on."""
    for sender, receiver in pairwise(WAY):
        world.clock.advance(ms=leg)
        while world.hop(world[sender], world[receiver], tuple(Lane)):
            pass
        world.clock.advance(ms=desk)
        while dispatch_once(context=world[receiver].use()):
            pass
    world.carry()


@pytest.fixture
def world(node: Nodes) -> World:
    return World.of(node)


def by_step(found: list[DeskTime]) -> dict[tuple[str, str], int]:
    return {(one.post, one.to): one.median_ms for one in found}


def test_the_asker_sees_how_long_it_stood_where_and_went_from_where_to_where(world: World) -> None:
    world.ask("interpol")
    slowly(world, desk=20 * MINUTE, leg=MINUTE)
    world["es.cgi"].use()
    found = desk_times()
    assert {one.channel for one in found} == {"interpol"}
    assert by_step(found) == {
        ("es.ncb/bureau", ""): 20 * MINUTE, ("int.hub/centre", ""): 20 * MINUTE, ("ma.ncb/bureau", ""): 20 * MINUTE,
        ("es.ncb/bureau", "int.hub/centre"): MINUTE, ("int.hub/centre", "ma.ncb/bureau"): MINUTE, ("ma.ncb/bureau", MA): MINUTE,
    }  # fmt: skip
    assert desk_times(channel="embassy") == []
    assert desk_times(since_ms=world.clock() + 1) == []


def test_a_desk_on_the_way_sees_what_lies_behind_it_and_no_more(world: World) -> None:
    world.ask("interpol")
    slowly(world, desk=20 * MINUTE, leg=MINUTE)
    world["int.hub"].use()
    assert set(by_step(desk_times())) == {
        ("int.hub/centre", ""), ("int.hub/centre", "ma.ncb/bureau"), ("ma.ncb/bureau", ""), ("ma.ncb/bureau", MA),
    }  # fmt: skip


def test_the_time_until_the_answer_stands_beside_it(world: World) -> None:
    matter = world.ask("interpol")
    world.carry()
    world.clock.advance(hours=3)
    world.answer(matter, no_hit())
    world.carry()
    for agency, post in (("es.cgi", ES), ("ma.dgst", MA)):
        world[agency].use()
        (answering,) = [one for one in times_of([post]) if one.to == ANSWERING]
        assert (answering.channel, answering.post, answering.median_ms) == ("interpol", MA, 3 * HOUR)
        assert [one for one in times_of(["es.cgi/head"]) if one.to == ANSWERING] == []
