"""The forms of everything that is said in an enquiry after its request.

Invariant: one table says which words there are, of which record each is made and which fields it has; pages, drafts and
previews follow it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tansiq.enquiries.forms import Data, Part, Section, count_of
from tansiq.enquiries.forms_parts import Making, basis_sections, conditions_part, subject_parts, translations_section
from tansiq.policy.answer import Answer, Refusal
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Withdrawal,
)
from tansiq.policy.plain import Record

__all__ = ["WORDS", "WordForm", "word_sections"]


@dataclass(frozen=True, slots=True)
class WordForm:
    """A word: its record, its sections, what stands in the form at first, and whether it takes something away for good."""

    record: type[Record]
    sections: Callable[[Making, Data], tuple[Section, ...]]
    initial: Mapping[str, Any]
    grave: bool = False


def _one(name: str, *fields: Any, help: str = "") -> Section:  # noqa: A002 (as the section calls it)
    return Section(name=name, title=f"enquiries.ask.{name}", help=help, parts=(Part(fields=fields),))


def _item(making: Making, data: Data, number: int) -> tuple[Part, ...]:
    at = f"items.{number}"
    head = Part(
        fields=(making.words(f"{at}.words", label="item-words", rows=4),),
        title="enquiries.part.item",
        number=number + 1,
        remove=f"items:{number}",
    )
    how_good = Part(
        fields=(
            making.coded(f"{at}.source", "evaluation_source", "radio", required=True),
            making.coded(f"{at}.information", "evaluation_information", "radio", required=True),
            making.coded(f"{at}.basis", "basis", "radio", required=True),
            making.field(f"{at}.as_of", size="short"),
        ),
        beside=True,
    )
    subjects = subject_parts(making, data, f"{at}.subjects", plain=True)
    more = Part(
        fields=(), add=f"{at}.subjects:subject.person", add_label="enquiries.add.item-person",
    )  # fmt: skip
    return (head, how_good, conditions_part(making, f"{at}.conditions."), *subjects, more)


def _answer(making: Making, data: Data) -> tuple[Section, ...]:
    count = count_of(data, "items", least=0)
    parts = [part for number in range(count) for part in _item(making, data, number)]
    parts.append(Part(fields=(), add="items", add_label="enquiries.add.item"))
    basis = basis_sections(making) if count else ()
    return (
        _one(
            "outcome",
            making.coded("outcome", "answer_outcomes", "radio", required=True),
            making.words("note", rows=3),
        ),
        Section(name="items", title="enquiries.ask.items", help="enquiries.ask.items-help", parts=tuple(parts)),
        *basis,
    )


def _refusal(making: Making, _: Data) -> tuple[Section, ...]:
    return (
        _one(
            "refusal",
            making.coded("grounds", "refusal_grounds", "ticks", required=True),
            making.words("reasons", required=True, rows=4),
            making.field("partial", "tick"),
        ),
    )


def _clarification_request(making: Making, _: Data) -> tuple[Section, ...]:
    return (
        _one(
            "clarification-request",
            making.coded("points", "clarification_points", "ticks", required=True),
            making.words("question", label="clarify-question", required=True, rows=4),
            help="enquiries.ask.clarification-request-help",
        ),
    )


def _clarification(making: Making, data: Data) -> tuple[Section, ...]:
    subjects = subject_parts(making, data, "subjects")
    more = Part(fields=(), add="subjects:subject.person", add_label="enquiries.add.clarify-person")
    return (
        _one("clarification", making.words("words", label="clarify-words", rows=4)),
        Section(name="about", title="enquiries.ask.more-known", parts=(*subjects, more)),
    )


def _delay(making: Making, _: Data) -> tuple[Section, ...]:
    return (
        _one(
            "delay",
            making.coded("ground", "delay_grounds", "radio", required=True, label="delay-ground"),
            making.field("until_ms", "date", label="until", required=True, size="short", calendars=True),
            making.words("reason", label="delay-reason", required=True, rows=3),
            help="enquiries.ask.delay-help",
        ),
    )


def _withdrawal(making: Making, _: Data) -> tuple[Section, ...]:
    return (
        _one(
            "withdrawal",
            making.coded("reason", "withdrawal_reasons", "radio", required=True, label="withdrawal-reason"),
            making.words("words", label="withdrawal-words", rows=2),
            help="enquiries.ask.withdrawal-help",
        ),
    )


def _feedback(making: Making, _: Data) -> tuple[Section, ...]:
    return (
        _one(
            "feedback",
            making.coded("uses", "feedback", "ticks", required=True, label="uses"),
            making.words("words", label="feedback-words", rows=3),
            help="enquiries.ask.feedback-help",
        ),
    )


def _reminder(making: Making, _: Data) -> tuple[Section, ...]:
    return (_one("reminder", making.coded("code", "reminders", "radio", required=True, label="reminder-code")),)


WORDS: Final[Mapping[str, WordForm]] = {
    "answer": WordForm(Answer, _answer, {}),
    "refusal": WordForm(Refusal, _refusal, {}),
    "clarification-request": WordForm(ClarificationRequest, _clarification_request, {}),
    "clarification": WordForm(Clarification, _clarification, {}),
    "delay": WordForm(DelayNotice, _delay, {"ground": "delay.judicial"}),
    "reminder": WordForm(Reminder, _reminder, {}),
    "withdrawal": WordForm(Withdrawal, _withdrawal, {}, grave=True),
    "feedback": WordForm(Feedback, _feedback, {}),
}
"""By the name in the address, which is the kind without 'enquiry.'."""
_WITH_EXCEPTION: Final = frozenset({"answer", "refusal", "clarification-request", "clarification", "delay"})


def word_sections(word: str, data: Data, *, language: str, urgent: bool) -> tuple[Section, ...]:
    """The sections of a word; what is ``urgent`` may say why it leaves in another language."""
    making = Making(language)
    sections = WORDS[word].sections(making, data)
    if urgent and word in _WITH_EXCEPTION and any(name.startswith("translation.") for name in data):
        exception = making.coded("language_exception", "language_exceptions")
        sections = (
            *sections,
            Section(name="language", title="enquiries.ask.language", parts=(Part(fields=(exception,)),)),
        )
    return (*sections, *translations_section(making, data))
