"""Asking back, clarifying, delaying, reminding, withdrawing, feedback: what happens on both sides, and what liars try."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from support.matters import PERSON, an_answer, an_enquiry, an_item, no_hit
from support.two import Two
from tansiq.cases.erasure import erase_due
from tansiq.cases.queries import items_of
from tansiq.enquiries import history
from tansiq.enquiries.correspondence import (
    announce_delay,
    ask_clarification,
    clarify,
    give_feedback,
    prepare_word,
    remind_partner,
    withdraw,
)
from tansiq.enquiries.queries import show_enquiry
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.services import answer_enquiry
from tansiq.errors import Conflict, NotFound, Refused, TooMuch
from tansiq.exchange.drafts import Draft
from tansiq.exchange.services import send
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Withdrawal,
)
from tansiq.policy.law_between import Between
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage
Codes = Callable[[], list[str]]
HOUR = 3_600_000
QUESTION = ClarificationRequest(points=("clarify.identity",), question=Text("fr", "De quel Mohamed s'agit-il ?"))
CLEAR = Clarification(words=Text("fr", "De celui qui est né en 1984."))
GONE = Withdrawal(reason="withdrawal.not-needed")
REMINDED = Reminder(code="reminder.still-needed")
USED = Feedback(uses=("feedback.identified", "feedback.lead"))


def delay(two: Two, *, hours: int = 100) -> DelayNotice:
    return DelayNotice(
        ground="delay.judicial",
        until_ms=two.clock() + hours * HOUR,
        reason=Text("fr", "L'autorisation du juge est attendue."),
    )


def there(two: Two, matter: bytes) -> dict[str, Any]:
    return show_enquiry(matter, context=two.ma.use(), officer=two.ma.officer())


def here(two: Two, matter: bytes) -> dict[str, Any]:
    return show_enquiry(matter, context=two.es.use(), officer=two.es.officer())


def both(two: Two, matter: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    """What both sides see after everything has arrived; their state and clock agree."""
    two.carry()
    for node in (two.es, two.ma):
        node.use()
        note_receipts()
    sides = here(two, matter), there(two, matter)
    for name in ("state", "deadline", "clock", "answered_at", "received_at", "outcome"):
        assert sides[0][name] == sides[1][name], name
    return sides


def by_es(two: Two) -> dict[str, Any]:
    return {"context": two.es.use(), "officer": two.es.officer()}


def by_ma(two: Two) -> dict[str, Any]:
    return {"context": two.ma.use(), "officer": two.ma.officer()}


def test_asking_back_stops_the_clock_on_both_sides_until_the_answer_is_received(two: Two) -> None:
    matter = two.arrived(an_enquiry(urgent=True))
    two.clock.advance(hours=2)
    ask_clarification(matter, QUESTION, **by_ma(two))
    assert [one["state"] for one in both(two, matter)] == ["clarification"] * 2
    assert [one["clock"] for one in both(two, matter)] == ["paused"] * 2
    two.clock.advance(hours=30)
    clarify(matter, CLEAR, **by_es(two))
    assert here(two, matter)["clock"] == "paused", "the partner has not received it yet"
    two.clock.advance(hours=1)
    mine, theirs = both(two, matter)
    assert (mine["state"], mine["clock"]) == ("received", "running")
    assert theirs["deadline"] == mine["deadline"]
    two.clock.advance(hours=6, ms=1)
    assert both(two, matter)[0]["clock"] == "overdue"


def test_a_clarification_with_more_about_the_person_is_matched_too(registered: Two) -> None:
    two = registered
    vague = replace(PERSON, names=PERSON.names[1:2], births=(), identifiers=())
    matter = two.arrived(an_enquiry(subject=vague))
    before = len(there(two, matter)["matches"])
    ask_clarification(matter, QUESTION, **by_ma(two))
    two.carry()
    clarify(matter, replace(CLEAR, subjects=(PERSON,)), **by_es(two))
    two.carry()
    assert len(there(two, matter)["matches"]) > before


def test_it_is_answered_although_a_question_is_open(two: Two) -> None:
    matter = two.arrived()
    ask_clarification(matter, QUESTION, **by_ma(two))
    two.clock.advance(minutes=1)
    answer_enquiry(matter, answer=no_hit(), **by_ma(two))
    assert [one["clock"] for one in both(two, matter)] == ["met", "met"]


def test_a_delay_moves_the_deadline_on_both_sides_and_is_counted(two: Two) -> None:
    matter = two.arrived(an_enquiry(urgent=True))
    announce_delay(matter, delay(two, hours=100), **by_ma(two))
    two.clock.advance(hours=90)
    announce_delay(matter, delay(two, hours=50), **by_ma(two))
    mine, theirs = both(two, matter)
    assert (mine["delays"], theirs["delays"]) == (2, 2)
    assert mine["clock"] == "running"


def test_a_withdrawal_ends_it_on_both_sides_and_what_was_asked_is_erased_at_the_partner(two: Two) -> None:
    matter = two.arrived()
    two.clock.advance(hours=1)
    withdraw(matter, GONE, **by_es(two))
    mine, theirs = both(two, matter)
    assert (mine["state"], theirs["state"]) == ("withdrawn", "withdrawn")
    two.ma.use()
    assert erase_due(context=two.ma.context) == 1
    assert there(two, matter)["request"]["content"] is None
    assert here(two, matter)["request"]["content"] is not None
    assert [item.erased for item in items_of(matter) if item.kind == "enquiry.request"] == [False]
    with pytest.raises(Conflict, match=r"enquiries\.closed"):
        answer_enquiry(matter, answer=no_hit(), **by_ma(two))


def test_a_withdrawal_that_crosses_an_answer_holds_on_both_sides(two: Two, set_aside: Codes) -> None:
    matter = two.arrived()
    withdraw(matter, GONE, **by_es(two))
    answer_enquiry(matter, answer=an_answer(), items=[an_item()], **by_ma(two))
    mine, theirs = both(two, matter)
    assert (mine["state"], theirs["state"]) == ("withdrawn", "withdrawn")
    assert mine["replies"][0]["items"], "it is there to be seen"
    assert set_aside() == []


def test_feedback_closes_it_and_more_may_follow(two: Two) -> None:
    matter = two.arrived()
    with pytest.raises(Conflict, match=r"enquiries\.not-now"):
        give_feedback(matter, USED, **by_es(two))
    answer_enquiry(matter, answer=an_answer(), items=[an_item()], **by_ma(two))
    two.carry()
    give_feedback(matter, USED, **by_es(two))
    give_feedback(matter, Feedback(uses=("feedback.arrest",)), **by_es(two))
    assert [one["state"] for one in both(two, matter)] == ["closed"] * 2


def test_a_reminder_says_a_code_and_is_not_repeated_at_once(two: Two) -> None:
    matter = two.arrived()
    remind_partner(matter, REMINDED, **by_es(two))
    with pytest.raises(Conflict, match=r"enquiries\.reminded-before"):
        remind_partner(matter, REMINDED, **by_es(two))
    two.clock.advance(hours=7)
    remind_partner(matter, REMINDED, **by_es(two))
    assert [one["state"] for one in both(two, matter)] == ["received"] * 2


WRONG_SIDE: dict[str, tuple[Between, Callable[[Two], dict[str, Any]]]] = {
    "the asker asks back": (QUESTION, by_es),
    "the asker is late": (DelayNotice(ground="delay.judicial", until_ms=1, reason=Text("fr", "Non.")), by_es),
    "the addressee withdraws": (GONE, by_ma),
    "the addressee reminds": (REMINDED, by_ma),
    "the addressee uses": (USED, by_ma),
    "the addressee clarifies": (CLEAR, by_ma),
}


@pytest.mark.parametrize("name", sorted(WRONG_SIDE))
def test_only_the_side_whose_word_it_is_says_it(two: Two, name: str) -> None:
    said, who = WRONG_SIDE[name]
    matter = two.arrived()
    with pytest.raises(NotFound, match=r"enquiries\.unknown"):
        prepare_word(matter, said, **who(two))


def test_what_the_law_wants_is_asked_first_and_nothing_is_stored(two: Two) -> None:
    matter = two.arrived()
    before = there(two, matter)
    with pytest.raises(Refused, match=r"policy\.law"):
        ask_clarification(matter, ClarificationRequest(), **by_ma(two))
    with pytest.raises(Refused, match=r"policy\.law"):
        announce_delay(matter, replace(delay(two), reason=None), **by_ma(two))
    assert there(two, matter) == before


def test_nothing_is_clarified_that_nobody_asked(two: Two) -> None:
    matter = two.arrived()
    with pytest.raises(Conflict, match=r"enquiries\.not-now"):
        clarify(matter, CLEAR, **by_es(two))


# ------------------------------------------------------------------------------------------------------ liars


def said_by_ma(two: Two, asked: bytes, word: Between, **docket: object) -> list[str]:
    """Rabat says a word that was spoilt; why Madrid set it aside."""
    draft = prepare_word(asked, word, **by_ma(two)).draft
    return lied(two, draft, **docket)


def lied(two: Two, draft: Draft, **docket: object) -> list[str]:
    send(replace(draft, docket=replace(draft.docket, **docket)), context=two.ma.use())  # type: ignore[arg-type]
    two.carry()
    two.es.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT code FROM exchange_quarantine ORDER BY since_ms")
        return [row[0] for row in cursor.fetchall()]


def test_a_question_in_a_matter_that_nobody_asked(two: Two) -> None:
    matter = two.arrived()
    assert said_by_ma(two, matter, QUESTION, matter=b"never asked this") == ["enquiries.never-asked"]


def test_a_word_that_does_not_follow_the_request(two: Two) -> None:
    matter = two.arrived()
    assert said_by_ma(two, matter, QUESTION, follows=()) == ["enquiries.answers-another"]


def test_a_word_that_answers_something_else(two: Two) -> None:
    matter = two.arrived()
    assert said_by_ma(two, matter, QUESTION, answers=b"x" * 16) == ["enquiries.answers-another"]


def test_a_word_of_another_desk(two: Two) -> None:
    matter = two.arrived()
    draft = prepare_word(matter, QUESTION, **by_ma(two)).draft
    act = two.ma.officer("MA-1001").acting("enquiry.clarification-request", post=two.ma.post("head"))
    assert lied(two, replace(draft, act=act), sender=two.ma.post("head")) == ["enquiries.other-desk"]


def test_an_answer_and_then_a_delay(two: Two) -> None:
    """Rabat answers, and says afterwards that it will be late."""
    matter = two.arrived()
    late = prepare_word(matter, delay(two), **by_ma(two)).draft
    answer_enquiry(matter, answer=no_hit(), **by_ma(two))
    assert lied(two, late) == ["enquiries.forked"]
    assert here(two, matter)["state"] == "answered"


def test_two_histories_of_one_agency(two: Two) -> None:
    matter = two.arrived()
    other = prepare_word(matter, delay(two), **by_ma(two)).draft
    ask_clarification(matter, QUESTION, **by_ma(two))
    assert lied(two, other) == ["enquiries.forked"]


def test_a_question_while_one_is_open(two: Two) -> None:
    matter = two.arrived()
    again = prepare_word(matter, QUESTION, **by_ma(two)).draft
    first = ask_clarification(matter, QUESTION, **by_ma(two))
    assert lied(two, again, follows=(*again.docket.follows, first)) == ["enquiries.not-now"]


def test_a_word_that_follows_one_of_another_matter(two: Two) -> None:
    matter, other = two.ask(), two.ask()
    two.carry()
    elsewhere = ask_clarification(other, QUESTION, **by_ma(two))
    two.carry()
    draft = prepare_word(matter, QUESTION, **by_ma(two)).draft
    assert lied(two, draft, follows=(*draft.docket.follows, elsewhere)) == ["enquiries.follows-another"]


def test_a_clarification_after_the_matter_was_answered(two: Two, set_aside: Codes) -> None:
    """Madrid knows the answer and clarifies all the same."""
    matter = two.arrived()
    ask_clarification(matter, QUESTION, **by_ma(two))
    two.carry()
    draft = prepare_word(matter, CLEAR, **by_es(two)).draft
    answered = answer_enquiry(matter, answer=no_hit(), **by_ma(two))
    two.carry()
    send(replace(draft, docket=replace(draft.docket, follows=(*draft.docket.follows, answered))), context=two.es.use())
    two.carry()
    two.ma.use()
    assert set_aside() == ["enquiries.not-now"]


def test_the_addressee_speaks_as_if_it_had_asked(two: Two) -> None:
    """Rabat withdraws what Madrid asked."""
    matter = two.arrived()
    question = prepare_word(matter, QUESTION, **by_ma(two)).draft
    act = two.ma.officer().acting("enquiry.withdrawal", post=two.ma.post())
    parts = [replace(question.parts[0], kind="enquiry.withdrawal", content=dict(GONE.to_plain()))]
    draft = replace(question, act=act, parts=parts)
    assert lied(two, draft, kind="enquiry.withdrawal") == ["enquiries.never-asked"]
    assert here(two, matter)["state"] == "received"


# ------------------------------------------------------------------------------------------------------ how much


def reminded(two: Two, times: int) -> bytes:
    """Madrid asks and reminds, six hours apart; nothing of the reminders has left."""
    matter = two.arrived()
    for _ in range(times):
        remind_partner(matter, REMINDED, **by_es(two))
        two.clock.advance(hours=6)
    return matter


def test_who_says_too_much_silences_nobody(two: Two, set_aside: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = reminded(two, 5)
    monkeypatch.setattr(history, "MOST_WORDS", 8)
    two.carry()
    two.ma.use()
    assert set_aside() == ["enquiries.too-many-words"]
    ask_clarification(matter, QUESTION, **by_ma(two))
    answer_enquiry(matter, answer=no_hit(), **by_ma(two))
    two.carry()
    assert (set_aside(), here(two, matter)["state"]) == ([], "answered")


def test_who_has_said_its_half_can_still_end_it(two: Two, set_aside: Codes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST_WORDS", 8)
    matter = reminded(two, 4)
    with pytest.raises(TooMuch):
        remind_partner(matter, REMINDED, **by_es(two))
    withdraw(matter, GONE, **by_es(two))
    assert [one["state"] for one in both(two, matter)] == ["withdrawn"] * 2
    assert set_aside() == []


def test_reminders_are_not_dated_ahead_to_be_said_at_once(two: Two, set_aside: Codes) -> None:
    began = two.clock()
    matter = reminded(two, 3)
    two.clock.now_ms = began + 60_000
    two.carry()
    two.ma.use()
    assert set_aside() == ["enquiries.not-now"]
    assert len(there(two, matter)["words"]) == 2
