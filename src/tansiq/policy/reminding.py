"""When the clock calls somebody to an enquiry, and whom: before it is due, when it is due, and after.

Invariant: the steps are data of a node (`Steps`, set in its `node.toml`), each is taken at most once a matter, and a later one calls more
people: the desk's officers, then their substitutes, then whoever is on the duty roster. Directive (EU) 2023/977,
Articles 14 and 16(1)(e).

>>> [code for code, _ in steps_of(deadline_ms=0, deadline_class="urgent-direct")]
['notice.soon', 'notice.due', 'notice.overdue']
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tansiq.policy.deadlines import term

__all__ = ["LATE_AT_PARTNER", "NOTICES", "Steps", "steps_of"]

_HOUR_MS: Final = 3_600_000
NOTICES: Final = ("notice.soon", "notice.due", "notice.overdue")
"""The calls, in the order of their weight."""
LATE_AT_PARTNER: Final = "notice.partner-overdue"
"""To the desk that asked: the partner's deadline has passed, a reminder may be sent."""


@dataclass(frozen=True, slots=True)
class Steps:
    """How long before and after the deadline: a part of the class's length, and at most so many hours."""

    before: float = 0.25
    after: float = 0.125
    most_hours: int = 24


def steps_of(*, deadline_ms: int, deadline_class: str, steps: Steps = Steps()) -> tuple[tuple[str, int], ...]:
    """The calls with their moments (UTC milliseconds), the earliest first. Raises BadInput('policy.unknown-code')."""
    length, most = term(deadline_class).length_ms, steps.most_hours * _HOUR_MS
    lead, lag = min(int(length * steps.before), most), min(int(length * steps.after), most)
    return tuple(zip(NOTICES, (deadline_ms - lead, deadline_ms, deadline_ms + lag), strict=True))
