"""Who has the docket of what heads say: each service rules it for itself, of what its head says and of what its head is told.

At es.cgi the rules name the counter-terrorism desk and the office in Rabat, which is a node of its own; at ma.dgst nobody. What
Madrid's head is told is Rabat's docket: it goes to no node that Rabat did not name, so the office abroad is told of what Madrid says alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.matters import an_enquiry  # noqa: E402
from support.node import Nodes  # noqa: E402
from support.ways import ES, HEADS, OFFICE, World  # noqa: E402
from tansiq.channels import copies, ways  # noqa: E402
from tansiq.channels.houserules import HouseRules  # noqa: E402
from tansiq.directory.queries import own_directory  # noqa: E402
from tansiq.enquiries.services import send_enquiry  # noqa: E402

pytestmark = pytest.mark.storage
PASSED = "SELECT post, step, reads_body, channel, sender, addressee FROM channels_passage ORDER BY post"
RULED = {"es.cgi": HouseRules(direct_copies=(ES, OFFICE))}


@pytest.fixture
def world(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World.of(node)
    for room in (copies, ways):
        monkeypatch.setattr(room, "house_rules", lambda: RULED.get(own_directory().agency, HouseRules()))
    return made


def rabat_asks(world: World) -> bytes:
    """Rabat's head asks Madrid's."""
    ma = world["ma.dgst"]
    return send_enquiry(
        an_enquiry("MA-1001"), context=ma.use(), officer=ma.officer("MA-1001"), from_post=HEADS[1], to_post=HEADS[0],
        channel="direct",
    )  # fmt: skip


def passed(world: World, agency: str) -> Sequence[Any]:
    return world.rows(agency, PASSED)


def test_of_what_its_head_is_told_a_desk_of_its_node_that_the_service_rules_has_the_docket(world: World) -> None:
    rabat_asks(world)
    world.carry()
    assert world.faults() == {}
    way = ("direct", HEADS[1], HEADS[0])
    assert passed(world, "es.cgi") == [(ES, "copy", False, *way)]
    assert passed(world, "es.rabat") == [], "a node of its own, which Rabat's docket does not name"
    assert passed(world, "ma.dgst") == [], "Rabat rules that nobody has it"


def test_of_what_its_head_says_too(world: World) -> None:
    world.ask("direct")
    world.carry()
    assert world.faults() == {}
    way = ("direct", *HEADS)
    assert passed(world, "es.cgi") == [(ES, "copy", False, *way)]
    assert passed(world, "es.rabat") == [(OFFICE, "copy", False, *way)]
    assert passed(world, "ma.dgst") == []
