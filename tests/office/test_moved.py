"""What waited and was taken back, or took another channel, stands in the register as it left; what heads say, where the service rules it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.node import Node, Nodes
from support.ways import World
from tansiq.channels.houserules import HouseRules, set_house_rules
from tansiq.channels.passing import reroute, take_back
from tansiq.channels.states import decide
from tansiq.office.compartments import compartment_of
from tansiq.office.feeding import sees
from tansiq.office.folding import fold_came
from tansiq.office.queries import FlowView, flow_page, one_flow
from tansiq.office.rebuilding import Checked, check_register, rebuild
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import StateWord
from tansiq.protocol.docket import Docket

pytestmark = pytest.mark.storage

OFFICE, HEAD = "es.cgi/embassy-office", "ES-3300"


def suspended(node: Node) -> None:
    context = node.use()
    word = StateWord(channel="embassy", state="suspended", reason="state.political", from_ms=context.clock())
    decide("ma.dgst", word, announce=False, officer=node.officer(HEAD), context=context)


@pytest.fixture
def waits(at_home: World) -> tuple[World, bytes]:
    """An enquiry that waits on the embassy's channel."""
    from tansiq.channels.rules import Rules, rules, set_rules

    before = rules()
    set_rules(Rules(deciders=("office",)))
    suspended(at_home["es.cgi"])
    set_rules(before)
    matter = at_home.ask("embassy")
    fold_came(context=at_home["es.cgi"].context)
    return at_home, matter


def test_what_was_taken_back_never_was(waits: tuple[World, bytes]) -> None:
    world, matter = waits
    es = world["es.cgi"]
    assert one_flow(matter, compartment_of(OFFICE, HEAD)).channel == "embassy"
    take_back(matter, officer=es.officer("ES-4017"), context=es.use())
    fold_came(context=es.context)
    assert flow_page(FlowView(), compartment_of(OFFICE, HEAD), now_ms=world.clock()).rows == []
    assert check_register(context=es.context) == Checked(0, 0, 0)


def test_what_took_another_channel_stands_there_alone(waits: tuple[World, bytes]) -> None:
    world, matter = waits
    es = world["es.cgi"]
    reroute(matter, Channel.INTERPOL, officer=es.officer("ES-4017"), context=es.use())
    fold_came(context=es.context)
    row = one_flow(matter, compartment_of(OFFICE, HEAD))
    assert (row.channel, row.channels) == ("interpol", ("interpol",))
    assert check_register(context=es.context) == Checked(1, 0, 0)


# ------------------------------------------------------------------------------------------------ what heads say


def test_an_office_sees_of_what_heads_say_what_its_service_rules(node: Nodes) -> None:
    world = World.of(node)
    kept = world.ask("direct")
    world.carry()
    set_house_rules(HouseRules(direct_copies=("es.rabat/office",)))
    seen = world.ask("direct")
    world.carry()
    set_house_rules(HouseRules())
    assert world.faults() == {}
    context = world["es.rabat"].use()
    (row,) = flow_page(FlowView(), compartment_of("es.rabat/office", HEAD), now_ms=context.clock()).rows
    assert (row.matter, row.channel) == (seen, "direct")
    assert kept != seen
    assert rebuild(context=context) == Checked(1, 0, 0)


@pytest.mark.parametrize(("ruled", "seen"), [((), False), ((OFFICE,), True), (("es.cgi/head",), False)])
def test_at_home_too_what_heads_say_is_seen_where_the_service_rules_it(ruled: tuple[str, ...], seen: bool) -> None:
    heads = ("es.cgi/head", "ma.dgst/head")
    docket = Docket(
        kind="direct.message", channel="direct", matter=b"m" * 16, sender=heads[0], route=heads, addressees=heads[1:]
    )
    assert sees(OFFICE, docket, ruled) is seen
    assert not sees(OFFICE, replace(docket, channel="liaison"), ruled)
