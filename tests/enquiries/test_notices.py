"""The clock calls: each once, the later the more people, nothing of the matter, and never after it ended."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from support.matters import an_enquiry, no_hit
from support.two import Two
from tansiq.enquiries import notices
from tansiq.enquiries.correspondence import ask_clarification, clarify
from tansiq.enquiries.notices import Call, remind, use_notifier, use_roster
from tansiq.enquiries.queries import list_enquiries, show_enquiry
from tansiq.enquiries.services import answer_enquiry
from tansiq.enquiries.terms import Terms, set_terms
from tansiq.policy.correspondence import Clarification, ClarificationRequest
from tansiq.policy.reminding import Steps
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage


class Duty:
    """A desk with a member, somebody who stands in, and somebody on duty."""

    def members(self, post: str) -> Sequence[str]:
        return ("MEMBER",)

    def substitutes(self, post: str, at_ms: int) -> Sequence[str]:
        return ("STAND-IN",)

    def escalation(self, post: str, at_ms: int) -> Sequence[str]:
        return ("ON-DUTY", "STAND-IN", "MEMBER")


@dataclass
class Heard:
    """What was told."""

    calls: list[Call] = field(default_factory=list)

    def notify(self, calls: Sequence[Call]) -> None:
        self.calls += calls

    def taken(self) -> list[tuple[str, tuple[str, ...]]]:
        calls, self.calls = self.calls, []
        return [(call.code, call.officers) for call in calls]


@pytest.fixture
def heard() -> Iterator[Heard]:
    before = notices._seams.roster, notices._seams.notifier
    told = Heard()
    notices._bell.answered()
    yield told
    notices._bell.answered()
    notices._seams.roster, notices._seams.notifier = before
    set_terms(Terms())


def listen(heard: Heard) -> None:
    """After the nodes were opened, which wire their own."""
    use_roster(Duty())
    use_notifier(heard)


def test_what_arrives_is_told_to_the_desk_once_and_without_content(two: Two, heard: Heard) -> None:
    matter = two.arrived(an_enquiry(urgent=True))
    listen(heard)
    remind(two.ma.context)
    (call,) = heard.calls
    assert (call.post, call.code, call.officers, call.urgent) == (two.ma.post(), "notice.arrived", ("MEMBER",), True)
    assert id_text(matter) not in str(call)
    heard.calls.clear()
    remind(two.ma.context)
    assert heard.calls == []


def test_before_due_due_and_overdue_each_once_and_more_people_each_time(two: Two, heard: Heard) -> None:
    matter = two.arrived(an_enquiry(urgent=True))
    listen(heard)
    remind(two.ma.context)
    heard.taken()
    two.clock.advance(hours=6)
    assert remind(two.ma.context) == 1
    assert heard.taken() == [("notice.soon", ("MEMBER",))]
    assert remind(two.ma.context) == 0
    two.clock.advance(hours=2)
    remind(two.ma.context)
    assert heard.taken() == [("notice.due", ("MEMBER", "STAND-IN"))]
    two.clock.advance(hours=1)
    remind(two.ma.context)
    assert heard.taken() == [("notice.overdue", ("ON-DUTY", "STAND-IN", "MEMBER"))]
    two.clock.advance(days=9)
    assert remind(two.ma.context) == 0
    assert heard.taken() == []
    shown = show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())
    assert [one["codes"] for one in shown["timeline"] if one["what"] == "notice"] == [
        ["notice.soon"], ["notice.due"], ["notice.overdue"],
    ]  # fmt: skip
    (listed,) = list_enquiries(context=two.ma.context, posts=two.ma.officer().posts)
    assert listed["notice"] == "notice.overdue"


def test_a_node_that_was_down_calls_with_the_heaviest_alone(two: Two, heard: Heard) -> None:
    two.arrived()
    listen(heard)
    notices._bell.answered()
    two.clock.advance(days=30)
    assert remind(two.ma.context) == 1
    assert [code for code, _ in heard.taken()] == ["notice.overdue"]


def test_the_desk_that_asked_is_told_once_that_the_partner_is_late(two: Two, heard: Heard) -> None:
    two.ask()
    two.carry()
    from tansiq.enquiries.receipts import note_receipts

    note_receipts()
    listen(heard)
    notices._bell.answered()
    two.clock.advance(days=8)
    assert remind(two.es.context) == 1
    assert [code for code, _ in heard.taken()] == ["notice.partner-overdue"]


def test_what_was_answered_or_stands_still_is_not_called_for(two: Two, heard: Heard) -> None:
    answered, paused = two.ask(), two.ask()
    two.carry()
    context, officer = two.ma.use(), two.ma.officer()
    answer_enquiry(answered, context=context, officer=officer, answer=no_hit())
    question = ClarificationRequest(points=("clarify.facts",), question=Text("fr", "Quand ?"))
    ask_clarification(paused, question, context=context, officer=officer)
    listen(heard)
    notices._bell.answered()
    two.clock.advance(days=30)
    assert remind(context) == 0
    two.carry()
    clarify(paused, Clarification(words=Text("fr", "Hier.")), context=two.es.use(), officer=two.es.officer())
    two.carry()
    two.ma.use()
    notices._bell.answered()
    assert remind(context) == 0
    two.clock.advance(days=6)
    assert remind(context) == 1, "the clock went on"
    assert [code for code, _ in heard.taken()] == ["notice.soon"]


def test_a_node_sets_how_long_before(two: Two, heard: Heard) -> None:
    listen(heard)
    set_terms(Terms(steps=Steps(before=0.5)))
    two.arrived(an_enquiry(urgent=True))
    notices._bell.answered()
    two.clock.advance(hours=3)
    assert remind(two.ma.context) == 0
    two.clock.advance(hours=1.1)
    assert remind(two.ma.context) == 1, "after half of the eight hours"
