"""Enquiries by each of the four channels: asked, handed on, answered by the same way, with the time at every desk."""

from __future__ import annotations

from typing import Any

import pytest

from support.matters import an_answer, an_enquiry, an_item, no_hit
from support.node import Nodes
from support.ways import ES, HEADS, LIAISON, MA, OFFICE, World
from tansiq.enquiries.correspondence import ask_clarification, clarify
from tansiq.enquiries.queries import list_enquiries, show_enquiry
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.errors import NotFound
from tansiq.node.fsck import fsck
from tansiq.policy.correspondence import Clarification, ClarificationRequest
from tansiq.policy.values import Text

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


# ------------------------------------------------------------------------------------------------ as desks of one's own node


@pytest.fixture
def at_home(node: Nodes) -> World:
    return World.of(node, at_home=True)


def passages(world: World, agency: str) -> list[tuple[str, str, bool]]:
    return [(post, step, bool(reads)) for post, step, reads in world.rows(agency, "SELECT post, step, reads_body FROM channels_passage ORDER BY said_ms, post")]  # fmt: skip


def test_bureaux_that_are_desks_of_the_two_nodes(at_home: World) -> None:
    """The hub is the only node between; each node keeps what its bureau and its office may see, and shows them no more."""
    world = at_home
    matter = world.ask("interpol")
    world.carry()
    world.clock.advance(hours=1)
    world.answer(matter, no_hit())
    world.carry()
    here = shown(world, "es.cgi", matter, "ES-4017")
    bureaux = ("es.cgi/national-bureau", "int.hub/centre", "ma.dgst/national-bureau")
    assert [stop["post"] for stop in here["route"]] == [ES, *bureaux, MA]
    assert (here["state"], here["clock"]) == ("answered", "met")
    assert all(stop["taken_at"] for stop in here["route"][1:])
    assert passages(world, "es.cgi") == [
        ("es.cgi/embassy-office", "copy", False), ("es.cgi/national-bureau", "sender.bureau", True),
        ("es.cgi/embassy-office", "copy", False), ("es.cgi/national-bureau", "addressee.bureau", False),
    ]  # fmt: skip
    assert passages(world, "ma.dgst") == [
        ("ma.dgst/national-bureau", "addressee.bureau", False),
        ("ma.dgst/embassy-office", "copy", False), ("ma.dgst/national-bureau", "sender.bureau", True),
    ]  # fmt: skip
    for number in ("ES-5200", "ES-3300"):
        with pytest.raises(NotFound, match=r"enquiries\.unknown"):
            shown(world, "es.cgi", matter, number)
    sound(world)


@pytest.mark.parametrize("via", ["es.cgi/embassy-office", "ma.dgst/embassy-office"])
def test_an_office_that_is_a_desk_of_either_node(at_home: World, via: str) -> None:
    world = at_home
    matter = world.ask("embassy", via_office_post=via)
    world.carry()
    world.answer(matter, no_hit())
    world.carry()
    here = shown(world, "es.cgi", matter, "ES-4017")
    assert [stop["post"] for stop in here["route"]] == [ES, via, MA]
    assert [stop["post"] for stop in here["replies"][0]["route"]] == [MA, via, ES]
    agency, number = ("es.cgi", "ES-3300") if via.startswith("es.") else ("ma.dgst", "MA-3300")
    assert shown(world, agency, matter, number)["request"]["content"], "the office reads what passes it"
    other, stranger = ("ma.dgst", "MA-3300") if via.startswith("es.") else ("es.cgi", "ES-3300")
    with pytest.raises(NotFound):
        shown(world, other, matter, stranger)
    sound(world)


def test_the_host_asks_by_the_office_that_stands_in_its_capital(world: World) -> None:
    """Both ways: from the host's desk over the office to the desk at home."""
    ma = world["ma.dgst"]
    matter = send_enquiry(
        an_enquiry("MA-2210"), context=ma.use(), officer=ma.officer("MA-2210"), from_post=MA, to_post=ES, via_office_post=OFFICE,
    )  # fmt: skip
    world.carry()
    assert world.faults() == {}
    es = world["es.cgi"]
    answer_enquiry(matter, context=es.use(), officer=es.officer("ES-4017"), answer=no_hit())
    world.carry()
    there = shown(world, "ma.dgst", matter, "MA-2210")
    assert [stop["post"] for stop in there["route"]] == [MA, OFFICE, ES]
    assert (there["state"], there["outcome"]) == ("answered", "answer.no-hit")
    sound(world)


def test_a_liaison_officer_between_two_desks_reads_too(world: World) -> None:
    matter = world.ask("liaison", from_post=ES, number="ES-4017", via_office_post=LIAISON)
    world.carry()
    there = shown(world, "ma.dgst", matter, "MA-2210")
    assert [stop["post"] for stop in there["route"]] == [ES, LIAISON, MA]
    world.answer(matter, no_hit())
    world.carry()
    assert shown(world, "es.cgi", matter, "ES-6100")["replies"][0]["content"]["outcome"] == "answer.no-hit"
    assert shown(world, "es.cgi", matter, "ES-4017")["state"] == "answered"
    sound(world)


def test_words_between_go_by_the_same_way(world: World) -> None:
    matter = world.ask("interpol")
    world.carry()
    ma, es = world["ma.dgst"], world["es.cgi"]
    question = ClarificationRequest(points=("clarify.facts",), question=Text("fr", "Quand ?"))
    ask_clarification(matter, question, context=ma.use(), officer=ma.officer("MA-2210"))
    world.carry()
    clarify(matter, Clarification(words=Text("es", "En marzo.")), context=es.use(), officer=es.officer("ES-4017"))
    world.carry()
    world.answer(matter, no_hit())
    world.carry()
    es.use()
    note_receipts()
    here, there = shown(world, "es.cgi", matter, "ES-4017"), shown(world, "ma.dgst", matter, "MA-2210")
    assert [len(word["route"]) for word in here["words"]] == [5, 5, 5]
    assert (here["state"], here["deadline"]) == (there["state"], there["deadline"])
    sound(world)
