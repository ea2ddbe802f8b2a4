"""What both sides of an enquiry say to one another besides the request and the answer.

Invariant: each record is one word of one side with its code; free text only where the law or the work wants it, always
with its language. The rules of each stand in ``law``. Directive (EU) 2023/977, Articles 5(2), 6(3), 11 and 18(2)(d).

>>> Reminder(code="reminder.overdue").to_plain()
{'code': 'reminder.overdue'}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.policy.plain import Code, Many, Matching, One, Record, Whole
from tansiq.policy.subjects import Subject
from tansiq.policy.values import MOMENT, REFERENCE, Text

__all__ = ["Clarification", "ClarificationRequest", "DelayNotice", "Feedback", "Reminder", "Translation", "Withdrawal"]

FIELD: Final = Matching(re.compile(r"[a-z_]+(?:\.(?:[a-z_]+|[0-9]{1,3})){0,7}", re.ASCII), 96)
"""The path of a field inside a record, as the faults of law name it: ``subjects.0.description``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClarificationRequest(Record):
    """The addressee cannot answer as it was asked: which points, and the question in words. It stops the clock."""

    points: Annotated[tuple[str, ...], Many(Code("clarification_points"), 8)] = ()
    question: Annotated[Text | None, One(Text)] = None
    language_exception: Annotated[str | None, Code("language_exceptions")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Clarification(Record):
    """What the asker adds: words, and what more is known of the persons. With its receipt the clock goes on."""

    words: Annotated[Text | None, One(Text)] = None
    subjects: Annotated[tuple[Subject, ...], Many(One(Subject), 16)] = ()
    language_exception: Annotated[str | None, Code("language_exceptions")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayNotice(Record):
    """The answer waits for a judicial authorisation: why, and until when it is expected to take. A later one updates."""

    ground: Annotated[str | None, Code("delay_grounds")] = None
    until_ms: Annotated[int | None, MOMENT] = None
    reason: Annotated[Text | None, One(Text)] = None
    language_exception: Annotated[str | None, Code("language_exceptions")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal(Record):
    """The asker needs nothing more: with the reason's code the matter ends on both sides."""

    reason: Annotated[str | None, Code("withdrawal_reasons")] = None
    words: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback(Record):
    """What became of the information: the uses as codes, words where somebody wants to add them."""

    uses: Annotated[tuple[str, ...], Many(Code("feedback"), 8)] = ()
    words: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder(Record):
    """A reminder: one code and nothing else."""

    code: Annotated[str | None, Code("reminders")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation(Record):
    """A translation of one text: of the field ``field`` in the part at place ``part`` of the same statement (or of the
    one beside which it is kept), by the officer ``translator`` (service number). The original stays what it is.
    """

    part: Annotated[int, Whole(0, 255)]
    field: Annotated[str, FIELD]
    text: Annotated[Text, One(Text)]
    translator: Annotated[str, REFERENCE]
