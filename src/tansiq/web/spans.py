"""How long something takes, is left or is past, with the plurals of four languages ('quedan 2 h 10', 'بقيت ساعتان و10 د').

Invariant: what is left is rounded down, so nobody is promised more time than there is. Under ten hours minutes are said,
under two days hours, then days. Arabic counts two as a form of its own, and says a span otherwise after 'since'.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tansiq.texts import text
from tansiq.web.plurals import plural, plural_key

__all__ = ["Deadline", "ago", "deadline", "left", "length"]

_MINUTE: Final = 60_000
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR
_NEAR: Final = 1 / 3
"""A deadline is near when a third of its time is left, or an hour."""


def _measure(ms: int) -> tuple[str, int, int]:
    """``(unit, count, minutes beside the hours)`` of a span."""
    if ms < _HOUR:
        return "minutes", max(ms, 0) // _MINUTE, 0
    if ms < 10 * _HOUR:
        return "hours", ms // _HOUR, ms % _HOUR // _MINUTE
    if ms < 2 * _DAY:
        return "hours", ms // _HOUR, 0
    return "days", ms // _DAY, 0


def length(ms: int, language: str, *, case: str = "length") -> str:
    """A span alone: '2 h 10', 'ساعتان و10 د'. ``case`` 'past' is its form after 'since'."""
    unit, count, minutes = _measure(ms)
    told = plural(f"web.{case}.{unit}", count, language)
    return text("web.length.and-minutes", language, hours=told, minutes=minutes) if minutes else told


def left(ms: int, language: str) -> str:
    """'quedan 2 h 10': what is left of a deadline."""
    unit, count, _ = _measure(ms)
    return text(plural_key(f"web.left.{unit}", count, language), language, span=length(ms, language))


def ago(ms: int, language: str) -> str:
    """'hace 40 min'; 'ahora mismo' within a minute, also for a moment that a clock ahead of ours gave."""
    if ms < _MINUTE:
        return text("web.ago.now", language)
    return text("web.ago.since", language, span=length(ms, language, case="past"))


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline to be shown. ``tone`` 'late', 'due', 'calm', 'still' (no clock runs) or 'met'; ``percent`` of the time
    that is gone, 0 to 100; ``words`` say the same.
    """

    tone: str
    words: str
    percent: int

    @property
    def from_top(self) -> int:
        """Where the filled part of a rail begins: it fills from its foot."""
        return 100 - self.percent


def deadline(*, due_ms: int | None, start_ms: int | None, clock: str, now_ms: int, language: str) -> Deadline:
    """The deadline as it stands at ``now_ms``; ``clock`` as `policy.deadlines.ClockState` says it, 'awaited' before the
    addressee's receipt is here, 'over' where nobody owes anything any more.
    """
    if clock in {"met", "late", "paused", "awaited", "over"}:
        tone = {"met": "met", "late": "late"}.get(clock, "still")
        return Deadline(tone, text(f"web.deadline.{clock}", language), {"met": 100, "late": 100}.get(clock, 0))
    if due_ms is None:
        return Deadline("still", text("web.deadline.none", language), 0)
    if now_ms > due_ms:
        past = now_ms - due_ms
        words = (
            text("web.deadline.since", language, span=length(past, language, case="past")) if past >= _MINUTE else ""
        )
        return Deadline("late", words or text("web.deadline.just", language), 100)
    rest = due_ms - now_ms
    whole = max(due_ms - start_ms, 1) if start_ms is not None else max(rest, _DAY)
    gone = min(max(whole - rest, 0), whole)
    tone = "due" if rest <= max(whole * _NEAR, _HOUR) else "calm"
    return Deadline(
        tone, left(rest, language) if rest >= _MINUTE else text("web.deadline.now", language), gone * 100 // whole
    )
