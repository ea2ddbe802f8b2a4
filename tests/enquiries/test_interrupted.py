"""An enquiry whose channel is suspended: it waits, is taken back, takes another channel, and its rows stay in step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.matters import CONDITIONS, an_answer, an_enquiry, an_item, no_hit
from support.node import Node, Nodes
from support.two import Two
from support.ways import CASE, ES, HEADS, LIAISON, MA, World
from tansiq.cases.erasure import erase_due
from tansiq.cases.queries import items_of
from tansiq.channels.matters import about
from tansiq.channels.passing import reroute, take_back
from tansiq.channels.queries import waiting
from tansiq.channels.states import decide
from tansiq.enquiries.correspondence import remind_partner, withdraw
from tansiq.enquiries.queries import list_enquiries, show_enquiry
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.rows import enquiry_rows, replies_of
from tansiq.enquiries.services import answer_enquiry
from tansiq.enquiries.terms import terms
from tansiq.errors import Conflict, Refused
from tansiq.node.fsck import fsck
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import StateWord
from tansiq.policy.correspondence import Reminder, Withdrawal

pytestmark = pytest.mark.storage


def set_state(node: Node, partner: str, state: str, *, head: str, channel: str = "embassy") -> None:
    context = node.use()
    reason = "state.settled" if state == "open" else "state.political"
    word = StateWord(channel=channel, state=state, reason=reason, from_ms=context.clock())
    decide(partner, word, announce=False, officer=node.officer(head), context=context)


def row_of(matter: bytes) -> Any:
    [row] = enquiry_rows("matter = %s", (matter,))
    return row


def test_a_request_waits_and_goes_when_the_channel_is_resumed(two: Two) -> None:
    set_state(two.es, "ma.dgst", "suspended", head="ES-1001")
    matter = two.ask()
    assert [row.kind for row in waiting()] == ["enquiry.request"]
    known = about([matter])[matter]
    assert known.title("es")
    assert known.url().endswith("/")
    two.carry()
    two.ma.use()
    assert list_enquiries(context=two.ma.context, posts=[two.ma.post()]) == []
    set_state(two.es, "ma.dgst", "open", head="ES-1001")
    two.carry()
    two.ma.use()
    assert len(list_enquiries(context=two.ma.context, posts=[two.ma.post()])) == 1


def test_a_request_that_was_taken_back_is_over_and_nothing_may_follow_it(two: Two) -> None:
    set_state(two.es, "ma.dgst", "suspended", head="ES-1001")
    matter = two.ask()
    officer, context = two.es.officer(), two.es.context
    take_back(matter, officer=officer, context=context)
    row = row_of(matter)
    assert (row.state, row.is_open, row.deadline_ms, row.remind_ms) == ("withdrawn", False, None, None)
    two.clock.advance(days=1)
    with pytest.raises(Conflict):
        remind_partner(matter, Reminder(code="reminder.still-needed"), context=context, officer=officer)
    with pytest.raises(Conflict):
        withdraw(matter, Withdrawal(reason="withdrawal.not-needed"), context=context, officer=officer)
    set_state(two.es, "ma.dgst", "open", head="ES-1001")
    two.carry()
    two.ma.use()
    assert list_enquiries(context=two.ma.context, posts=[two.ma.post()]) == []
    assert fsck(two.es.use()).findings == ()


def test_what_was_taken_back_stands_before_no_receipt(two: Two) -> None:
    set_state(two.es, "ma.dgst", "suspended", head="ES-1001")
    for _ in range(2):
        take_back(two.ask(), officer=two.es.officer(), context=two.es.context)
    held = two.ask()
    assert note_receipts(limit=1) == 0
    set_state(two.es, "ma.dgst", "open", head="ES-1001")
    two.clock.advance(seconds=1)
    later = two.ask()
    two.clock.advance(minutes=1)
    two.carry()
    assert [note_receipts(limit=1) for _ in range(3)] == [1, 1, 0]
    assert None not in {row_of(held).received_ms, row_of(later).received_ms}


def test_an_answer_that_was_taken_back_was_not_said(two: Two) -> None:
    matter = two.arrived()
    officer, context = two.ma.officer(), two.ma.context
    set_state(two.ma, "es.cgi", "suspended", head="MA-1001")
    answer_enquiry(matter, answer=an_answer(), items=[an_item()], context=context, officer=officer)
    assert row_of(matter).state == "answered"
    take_back(matter, officer=officer, context=context)
    row = row_of(matter)
    assert (row.state, row.outcome, row.is_open, row.deadline_ms is not None) == ("received", "", True, True)
    assert replies_of([matter]) == []
    answer_enquiry(matter, answer=an_answer(), items=[an_item()], context=context, officer=officer)
    set_state(two.ma, "es.cgi", "open", head="MA-1001")
    two.carry()
    assert row_of(matter).state == "answered"
    assert fsck(two.ma.use()).findings == ()


@pytest.mark.parametrize("days", [0, 90])
def test_a_no_hit_that_was_taken_back_lets_what_was_asked_stay(two: Two, days: int) -> None:
    """As long as the asker lets it be kept, if it says so, and until its own review."""
    until = two.clock() + days * 86_400_000 if days else None
    matter = two.arrived(replace(an_enquiry(), conditions=replace(CONDITIONS, erase_by_ms=until)))
    officer = two.ma.officer()
    (item,) = items_of(matter)
    set_state(two.ma, "es.cgi", "suspended", head="MA-1001")
    answer_enquiry(matter, answer=no_hit(), context=two.ma.context, officer=officer)
    assert items_of(matter)[0].erase_ms == two.clock() + terms().no_hit_ms
    take_back(matter, officer=officer, context=two.ma.context)
    assert (items_of(matter)[0].erase_ms, items_of(matter)[0].review_ms) == (item.erase_ms, item.review_ms)
    assert item.erase_ms == until
    two.clock.advance(days=60)
    assert erase_due(context=two.ma.use()) == 1, "the answer that nobody had"
    assert show_enquiry(matter, context=two.ma.use(), officer=officer)["request"]["content"]


@pytest.fixture
def world(node: Nodes) -> World:
    return World.of(node)


def test_a_request_takes_another_channel_and_is_answered_by_it(world: World) -> None:
    es = world["es.cgi"]
    set_state(es, "ma.dgst", "suspended", head="ES-1001")
    matter = world.ask("embassy")
    old = row_of(matter).request
    reroute(matter, Channel.INTERPOL, officer=es.officer("ES-4017"), context=es.use())
    row = row_of(matter)
    assert (row.channel, row.own_post, row.their_post, row.office_post, row.state) == ("interpol", ES, MA, "", "sent")
    assert row.request != old
    assert row.hop == "es.ncb"
    shown = show_enquiry(matter, context=es.context, officer=es.officer("ES-4017"))
    assert shown["request"]["content"]["facts"]["value"]
    world.carry()
    assert world.faults() == {}
    [there] = list_enquiries(context=world["ma.dgst"].use(), posts=[MA])
    assert there["channel"] == "interpol"
    world.answer(matter, an_answer(), items=[an_item()])
    world.carry()
    assert world.faults() == {}
    shown = show_enquiry(matter, context=es.use(), officer=es.officer("ES-4017"))
    assert shown["state"] == "answered"
    for one in world.nodes.values():
        assert fsck(one.use()).findings == ()


def test_a_head_takes_it_directly(world: World) -> None:
    es = world["es.cgi"]
    set_state(es, "ma.dgst", "suspended", head="ES-1001")
    matter = world.ask("embassy")
    reroute(matter, Channel.DIRECT, officer=es.officer("ES-1001"), context=es.use())
    row = row_of(matter)
    assert (row.channel, row.own_post, row.their_post) == ("direct", *HEADS)
    assert (row.sought, row.purpose) == ((), ""), "what is for the heads' eyes stands in no row"
    world.carry()
    assert world.faults() == {}
    shown = show_enquiry(matter, context=world["ma.dgst"].use(), officer=world["ma.dgst"].officer("MA-1001"))
    assert shown["channel"] == "direct"


def test_an_answer_goes_by_desks_that_the_request_never_passed(world: World) -> None:
    """Bureaux and hub have not seen what it follows, and hand it on all the same."""
    ma = world["ma.dgst"]
    matter = world.ask("embassy")
    world.carry()
    set_state(ma, "es.cgi", "suspended", head="MA-1001")
    world.answer(matter, an_answer(), items=[an_item()])
    reroute(matter, Channel.INTERPOL, officer=ma.officer("MA-2210"), context=ma.use())
    world.carry()
    assert world.faults() == {}
    es = world["es.cgi"]
    assert show_enquiry(matter, context=es.use(), officer=es.officer("ES-4017"))["state"] == "answered"
    for one in world.nodes.values():
        assert fsck(one.use()).findings == ()


def test_an_answer_takes_another_channel_between_the_same_two_desks(world: World) -> None:
    """By the heads' one it would reach another desk than asked, so it goes on waiting."""
    ma = world["ma.dgst"]
    world.accredit()
    matter = world.ask("embassy", case=CASE)
    world.carry()
    set_state(ma, "es.cgi", "suspended", head="MA-1001")
    world.answer(matter, an_answer(), items=[an_item()])
    with pytest.raises(Refused, match=r"channels\.reroute-unable"):
        reroute(matter, Channel.DIRECT, officer=ma.officer("MA-1001"), context=ma.use())
    reroute(matter, Channel.LIAISON, officer=ma.officer("MA-2210"), context=ma.use())
    world.carry()
    assert world.faults() == {}
    es = world["es.cgi"]
    shown = show_enquiry(matter, context=es.use(), officer=es.officer("ES-4017"))
    assert [stop["post"] for stop in shown["replies"][0]["route"]] == [MA, LIAISON, ES]
    assert (shown["state"], shown["replies"][0]["withheld"]) == ("answered", [])
    for one in world.nodes.values():
        assert fsck(one.use()).findings == ()


def test_a_liaison_officer_who_is_not_accredited_carries_nothing_that_waited(world: World) -> None:
    """Whatever the rules of the house say: the partner would set it aside."""
    es = world["es.cgi"]
    set_state(es, "ma.dgst", "suspended", head="ES-1001")
    matter = world.ask("embassy", from_post=LIAISON, number="ES-6100")
    officer, context = es.officer("ES-6100"), es.use()
    with pytest.raises(Refused, match=r"channels\.not-carried"):
        reroute(matter, Channel.LIAISON, officer=officer, context=context)
    assert [row.kind for row in waiting()] == ["enquiry.request"]
    assert row_of(matter).channel == "embassy"
    world.accredit()
    with pytest.raises(Refused, match=r"channels\.not-carried"):
        reroute(matter, Channel.LIAISON, officer=officer, context=es.use())
    other = world.ask("embassy", from_post=LIAISON, number="ES-6100", case=CASE)
    reroute(other, Channel.LIAISON, officer=officer, context=context)
    world.carry()
    assert world.faults() == {}
    assert [row["channel"] for row in list_enquiries(context=world["ma.dgst"].use(), posts=[MA])] == ["liaison"]
