"""`tansiq channel times`: what the page of times shows, for whoever may open that page."""

from __future__ import annotations

import os
from typing import Any

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.matters import an_answer, an_item  # noqa: E402
from support.node import Nodes  # noqa: E402
from support.ways import World  # noqa: E402

pytestmark = pytest.mark.storage


def test_the_times_at_every_desk_are_told_to_a_head_and_a_bureau(node: Nodes, terminal: Any) -> None:
    world = World.of(node)
    matter = world.ask("interpol")
    world.carry()
    world.answer(matter, an_answer(), items=[an_item()])
    world.carry()
    es = world["es.cgi"]
    es.use()
    found = terminal.json("channel", "times", home=es, officer="ES-1001")
    desks = {(one["stage"], one["desk"]) for one in found}
    assert ("desk", "es.ncb/bureau") in desks
    assert ("between", "es.ncb/bureau") in desks
    assert {one["channel"] for one in found} == {"interpol"}
    assert all(one["count"] and one["median_ms"] <= one["most_ms"] <= one["longest_ms"] for one in found)
    assert terminal.json("channel", "times", "--channel", "embassy", home=es, officer="ES-1001") == []
    assert terminal("channel", "times", home=es, officer="ES-1001") == 0
    assert "es.ncb/bureau" in terminal.out
    assert terminal("channel", "times", "--channel", "embassy", home=es, officer="ES-1001") == 0


def test_they_are_not_told_to_everybody(node: Nodes, terminal: Any) -> None:
    es = node("es.cgi")
    assert terminal("channel", "times", home=es, officer="ES-4017") != 0
    assert terminal.code == "channels.times-for-supervisors"
    assert terminal("channel", "times", "--channel", "pigeon", home=es, officer="ES-1001") != 0
    assert terminal("channel", "times", home=es) != 0, "nobody asks for nobody"
