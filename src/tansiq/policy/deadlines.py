"""When an answer is due: the clock of an enquiry, on whole milliseconds of UTC.

Invariant: the clock starts at the addressee agency's receipt, stops while a clarification is awaited, and nothing that
happens after it has run out turns it back. Directive (EU) 2023/977, Articles 4 to 6; Regulation (EU) 2018/1862,
Article 8(3).

*A calendar day*: the articles count calendar days and don't say where a day ends between two zones. This house
counts days of 24 hours from receipt, which is the shorter reading (but for the hour of a change of clocks). An agency
that reads the end of the day gives its ``zone``; then a class counted in days ends there at the midnight after its last
day, the day of receipt not counted.

>>> due_at(received_at_ms=0, deadline_class="urgent-direct") // 3_600_000
8
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from importlib import resources
from typing import Annotated, Final

from tansiq.policy.codes import code_list
from tansiq.policy.plain import Code, One, Record
from tansiq.policy.values import MOMENT, Text

__all__ = ["ClockState", "Delay", "Pause", "Term", "deadline_class_for", "due_at", "state_at", "term"]

_HOUR_MS: Final = 3_600_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ClockState(StrEnum):
    """Where the clock of an enquiry stands. ``met``: answered in time; ``late``: answered, but after the deadline."""

    RUNNING = "running"
    PAUSED = "paused"
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"


@dataclass(frozen=True, slots=True)
class Term:
    """The length of a deadline class: hours, or days of 24 hours; ``at_once``: the law says 'immediately'."""

    hours: int = 0
    days: int = 0
    at_once: bool = False

    @property
    def length_ms(self) -> int:
        """The length in milliseconds; 0 for a class without deadline."""
        return (self.hours + 24 * self.days) * _HOUR_MS


@dataclass(frozen=True, slots=True, order=True)
class Pause:
    """A clarification awaited: from the moment it was asked until it was answered, or still (``until_ms`` None)."""

    from_ms: int
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay(Record):
    """A delay announced for a judicial authorisation: why, when it was said, how long it is expected to take."""

    ground: Annotated[str, Code("delay_grounds")]
    announced_at_ms: Annotated[int, MOMENT]
    until_ms: Annotated[int, MOMENT]
    reason: Annotated[Text | None, One(Text)] = None


@functools.cache
def _terms() -> dict[str, Term]:
    text = resources.files("tansiq.policy").joinpath("deadlines.toml").read_text(encoding="utf-8")
    return {name: Term(**table) for name, table in tomllib.loads(text).items()}


def term(deadline_class: str) -> Term:
    """The length of ``deadline_class``. Raises BadInput('policy.unknown-code')."""
    return _terms()[code_list("deadline_classes").require(deadline_class)]


def deadline_class_for(*, urgent: bool, directly_available: bool) -> str:
    """The class that Article 5(1) gives: only what is urgent is quicker than the ordinary seven days."""
    if not urgent:
        return "normal"
    return "urgent-direct" if directly_available else "urgent-indirect"


def _end(start_ms: int, length: Term, zone: tzinfo | None) -> int:
    """When ``length`` ends that began at ``start_ms``."""
    if zone is None or not length.days:
        return start_ms + length.length_ms
    local = (_EPOCH + timedelta(milliseconds=start_ms)).astimezone(zone)
    after = local.date() + timedelta(days=length.days + 1)
    midnight = datetime(after.year, after.month, after.day, tzinfo=zone)
    return (midnight - _EPOCH) // timedelta(milliseconds=1)


def _merged(pauses: Iterable[Pause], received_at_ms: int) -> list[Pause]:
    """The pauses in order, cut at the receipt, those that overlap joined, empty ones left out."""
    out: list[Pause] = []
    for pause in sorted(pauses, key=lambda one: one.from_ms):
        start, until = max(pause.from_ms, received_at_ms), pause.until_ms
        if out and (last := out[-1].until_ms) is None:
            break
        if out and last is not None and start <= last:
            out[-1] = Pause(out[-1].from_ms, None if until is None else max(last, until))
        elif until is None or until > start:
            out.append(Pause(start, until))
    return out


def _as_seen(pause: Pause, now_ms: int) -> Pause:
    """The pause as it stood at ``now_ms``: one that ends later is still open."""
    return pause if pause.until_ms is not None and pause.until_ms <= now_ms else Pause(pause.from_ms)


def due_at(
    *,
    received_at_ms: int,
    deadline_class: str,
    pauses: Iterable[Pause] = (),
    delays: Iterable[Delay] = (),
    zone: tzinfo | None = None,
) -> int | None:
    """When the answer is due, in milliseconds of UTC; None without a deadline, and while the clock stands still.

    A pause or an announced delay counts only when it began before the clock had run out. A delay moves the end to the
    moment that was announced, never nearer, and only on a ground of the list; whether the lawful term was exceeded
    shows by leaving ``delays`` out.
    Raises BadInput('policy.unknown-code').
    """
    length = term(deadline_class)
    if not length.length_ms:
        return None
    paused_ms, due = 0, _end(received_at_ms, length, zone)
    for pause in _merged(pauses, received_at_ms):
        if pause.from_ms >= due:
            break
        if pause.until_ms is None:
            return None
        paused_ms += pause.until_ms - pause.from_ms
        due = _end(received_at_ms + paused_ms, length, zone)
    lawful = code_list("delay_grounds")
    for delay in sorted(delays, key=lambda one: one.announced_at_ms):
        if delay.announced_at_ms < due and delay.ground in lawful:
            due = max(due, delay.until_ms)
    return due


def state_at(
    *,
    now_ms: int,
    received_at_ms: int,
    deadline_class: str,
    pauses: Iterable[Pause] = (),
    delays: Iterable[Delay] = (),
    answered_at_ms: int | None = None,
    zone: tzinfo | None = None,
) -> ClockState:
    """Where the clock stands at ``now_ms``; what began after that moment is not weighed. Raises as `due_at`."""
    seen = [_as_seen(pause, now_ms) for pause in pauses if pause.from_ms <= now_ms]
    due = due_at(received_at_ms=received_at_ms, deadline_class=deadline_class, pauses=seen, delays=delays, zone=zone)
    if answered_at_ms is not None and answered_at_ms <= now_ms:
        return ClockState.MET if due is None or answered_at_ms <= due else ClockState.LATE
    if due is None:
        return ClockState.PAUSED if term(deadline_class).length_ms else ClockState.RUNNING
    return ClockState.OVERDUE if now_ms > due else ClockState.RUNNING
