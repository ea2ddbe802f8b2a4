"""The checks of law on what is said between a request and its answer, and after it.

Invariant: as in ``law``, a check tells all that is wrong. Directive (EU) 2023/977, Articles 5(2) and 6(3); the rest is
practice of the services.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final, TypeAlias

from tansiq.policy.codes import code_list
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Withdrawal,
)
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, refuse, unknown_codes
from tansiq.policy.rules import subject_faults

__all__ = ["Between", "between_faults", "check_between"]

Between: TypeAlias = ClarificationRequest | Clarification | DelayNotice | Withdrawal | Feedback | Reminder
"""One word of the correspondence."""

_ASKED_BACK: Final = "Directive (EU) 2023/977, Article 6(3)"
_DELAY: Final = "Directive (EU) 2023/977, Article 5(2)"
_PRACTICE: Final = "Practice"
_LONGEST_DELAY_MS: Final = 366 * 86_400_000

_ASK: Final[tuple[Rule[ClarificationRequest], ...]] = (
    Rule("policy.law.points-missing", "points", 7, _ASKED_BACK, lambda one, _: not one.points),
    Rule("policy.law.question-missing", "question", 7, _ASKED_BACK, lambda one, _: one.question is None),
)
_CLARIFY: Final[tuple[Rule[Clarification], ...]] = (
    Rule("policy.law.clarification-empty", "words", 7, _ASKED_BACK,
         lambda one, _: one.words is None and not one.subjects),
)  # fmt: skip
_NOTICE: Final[tuple[Rule[tuple[DelayNotice, int]], ...]] = (
    Rule("policy.law.delay-ground-missing", "ground", 3, _DELAY, lambda one, _: one[0].ground is None),
    Rule("policy.law.delay-end-missing", "until_ms", 3, _DELAY,
         lambda one, _: one[0].until_ms is None or not 0 < one[0].until_ms - one[1] <= _LONGEST_DELAY_MS),
    Rule("policy.law.delay-reason-missing", "reason", 3, _DELAY, lambda one, _: one[0].reason is None),
)  # fmt: skip
_WITHDRAW: Final[tuple[Rule[Withdrawal], ...]] = (
    Rule("policy.law.withdrawal-reason-missing", "reason", 52, _PRACTICE, lambda one, _: one.reason is None),
    Rule("policy.law.withdrawal-words-missing", "words", 52, _PRACTICE,
         lambda one, lists: one.words is None and lists("withdrawal_reasons").text_required(one.reason or "")),
)  # fmt: skip
_USES: Final[tuple[Rule[Feedback], ...]] = (
    Rule("policy.law.uses-missing", "uses", 17, _PRACTICE, lambda one, _: not one.uses),
)
_REMIND: Final[tuple[Rule[Reminder], ...]] = (
    Rule("policy.law.reminder-missing", "code", 19, _PRACTICE, lambda one, _: one.code is None),
)


def _found(record: Between, *, said_ms: int, lists: Lists, today: date | None) -> Iterator[Fault]:
    match record:
        case ClarificationRequest():
            yield from find(_ASK, record, lists)
        case Clarification():
            yield from find(_CLARIFY, record, lists)
            yield from subject_faults(record.subjects, lists=lists, today=today)
        case DelayNotice():
            yield from find(_NOTICE, (record, said_ms), lists)
        case Withdrawal():
            yield from find(_WITHDRAW, record, lists)
        case Feedback():
            yield from find(_USES, record, lists)
        case Reminder():
            yield from find(_REMIND, record, lists)
    yield from unknown_codes(record, lists)


def between_faults(record: Between, *, said_ms: int, lists: Lists = code_list, today: date | None = None) -> Faults:
    """All that ``record``, said at ``said_ms``, lacks; ``today`` lets a minor by the date of birth be found."""
    return Faults(_found(record, said_ms=said_ms, lists=lists, today=today))


def check_between(record: Between, *, said_ms: int, lists: Lists = code_list, today: date | None = None) -> None:
    """Raises Refused('policy.law', count, faults) unless ``record`` may leave; arguments as `between_faults`."""
    refuse(between_faults(record, said_ms=said_ms, lists=lists, today=today))
