"""Enquiries by each of the four channels: asked, handed on, answered by the same way, with the time at every desk."""

from __future__ import annotations

from typing import Any

import pytest

from support.matters import an_answer, an_item
from support.node import Nodes
from support.ways import ES, HEADS, LIAISON, MA, OFFICE, World
from tansiq.enquiries.queries import list_enquiries, show_enquiry
from tansiq.node.fsck import fsck

pytestmark = pytest.mark.storage


@pytest.fixture
def world(node: Nodes) -> World:
    return World.of(node)


def shown(world: World, agency: str, matter: bytes, number: str) -> dict[str, Any]:
    one = world[agency]
    return show_enquiry(matter, context=one.use(), officer=one.officer(number))


def sound(world: World) -> None:
    """Nothing is set aside anywhere, and every node is sound."""
    assert world.faults() == {}
    for one in world.nodes.values():
        assert fsck(one.use()).findings == ()


def test_by_interpol_through_both_bureaux_and_the_hub_and_back(world: World) -> None:
    matter = world.ask("interpol")
    world.clock.advance(minutes=1)
    world.carry()
    assert world.faults() == {}
    (there,) = list_enquiries(context=world["ma.dgst"].use(), posts=[MA])
    assert (there["channel"], there["partner"], there["their_post"], there["state"]) == (
        "interpol", "es.cgi", ES, "received",
    )  # fmt: skip
    world.clock.advance(hours=1)
    world.answer(matter, an_answer(), items=[an_item()])
    world.clock.advance(minutes=2)
    world.carry()
    here = shown(world, "es.cgi", matter, "ES-4017")
    assert (here["state"], here["clock"]) == ("answered", "met")
    assert here["replies"][0]["items"][0]["content"]["words"]["value"].startswith("يقيم")
    assert [stop["post"] for stop in here["route"]] == [ES, "es.ncb/bureau", "int.hub/centre", "ma.ncb/bureau", MA]
    assert [stop["post"] for stop in here["replies"][0]["route"]] == [
        MA, "ma.ncb/bureau", "int.hub/centre", "es.ncb/bureau", ES,
    ]  # fmt: skip
    for route in (here["route"], here["replies"][0]["route"]):
        assert all(stop["taken_at"] and stop["handed_at"] for stop in route[1:-1])
        assert route[-1]["taken_at"]
    sound(world)


@pytest.mark.parametrize("channel", ["embassy", "liaison", "direct"])
def test_by_the_other_three(world: World, channel: str) -> None:
    matter = world.ask(channel)
    world.carry()
    assert world.faults() == {}
    number = "MA-1001" if channel == "direct" else "MA-2210"
    asker = {"direct": "ES-1001", "liaison": "ES-6100"}.get(channel, "ES-4017")
    there = shown(world, "ma.dgst", matter, number)
    assert there["request"]["withheld"] == []
    assert there["request"]["content"]["facts"]["value"]
    assert [stop["post"] for stop in there["route"]] == {
        "embassy": [ES, OFFICE, MA], "liaison": [LIAISON, MA], "direct": list(HEADS),
    }[channel]  # fmt: skip
    world.answer(matter, an_answer(number), items=[an_item()], number=number)
    world.carry()
    here = shown(world, "es.cgi", matter, asker)
    assert here["state"] == "answered"
    assert here["replies"][0]["items"][0]["content"]["words"]["value"]
    assert here["replies"][0]["content"]["outcome"] == "answer.full"
    sound(world)
