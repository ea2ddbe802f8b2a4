"""How a matter stands as far as its dockets tell it: the register of an office reads no body.

Invariant: the state is a function of the *set* of dockets, never of the order in which they came. Only what the matter's two ends
say moves it; a partial answer and a delay are told by bodies, so here the one reads as an answer and the other as waiting.

>>> from tansiq.policy.flow import Said, stand
>>> stand([Said(id=b"1", kind="enquiry.request", by_asker=True, said_ms=5)]).state
'waiting'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tansiq.policy.codes import code_list
from tansiq.policy.deadlines import due_at

__all__ = ["AGES", "OPEN_FLOW", "Said", "Stand", "age_of", "stand"]

OPEN_FLOW: Final = ("waiting", "clarification")
"""States in which somebody is still to say something."""
_HOUR_MS: Final = 3_600_000
AGES: Final = (24 * _HOUR_MS, 7 * 24 * _HOUR_MS, 30 * 24 * _HOUR_MS)
"""Up to which age (milliseconds) a matter counts as one of a day, of a week, of a month; older: of more."""
_ASKS: Final = frozenset({"enquiry.request", "accreditation.proposal", "consent.request", "notice.request"})
_MOVES: Final = {
    "enquiry.answer": "answered",
    "enquiry.refusal": "refused",
    "enquiry.partial-refusal": "waiting",
    "enquiry.clarification-request": "clarification",
    "enquiry.clarification": "waiting",
    "enquiry.withdrawal": "withdrawn",
    "enquiry.feedback": "closed",
    "accreditation.acceptance": "answered",
    "accreditation.refusal": "refused",
    "accreditation.withdrawal": "closed",
    "consent.decision": "answered",
    "notice.publication": "told",
    "notice.refusal": "refused",
    "notice.cancellation": "closed",
}
_OF_THE_ASKER: Final = frozenset({"enquiry.clarification", "enquiry.withdrawal", "enquiry.feedback"})
_SILENT: Final = frozenset({"enquiry.reminder", "enquiry.delay", "enquiry.acknowledgement"})
"""What says nothing of where a matter stands."""
_LAST: Final = frozenset({"withdrawn", "closed"})
"""What nothing later undoes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One docket of a matter. ``by_asker``: it is said by the agency that began the matter; ``taken_ms`` when the desk that it
    is for took it, as far as that is known.
    """

    id: bytes
    kind: str
    by_asker: bool
    said_ms: int
    deadline_class: str = ""
    taken_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """How a matter stands: its state, when it began and moved last, until when somebody must answer, and whether urgently."""

    state: str
    opened_ms: int
    moved_ms: int
    deadline_ms: int | None
    urgent: bool

    @property
    def is_open(self) -> bool:
        """Whether something is still to be said."""
        return self.state in OPEN_FLOW


def _moved(state: str, one: Said) -> str:
    if one.kind in _ASKS:
        return state or "waiting"
    found = _MOVES.get(one.kind)
    if found is None:
        return state or ("waiting" if one.deadline_class not in {"", "none"} else "told")
    enquiry = one.kind.startswith("enquiry.")
    if enquiry and (one.kind in _OF_THE_ASKER) != one.by_asker:
        return state
    if found in OPEN_FLOW and state not in OPEN_FLOW:
        return state or "waiting"
    return found


def _deadline(said: list[Said]) -> int | None:
    """The end of the term of the first that has one, from when it was taken, else from when it was said."""
    classes = code_list("deadline_classes")
    first = next((one for one in said if one.deadline_class != "none" and one.deadline_class in classes), None)
    if first is None:
        return None
    start = first.said_ms if first.taken_ms is None else first.taken_ms
    return due_at(received_at_ms=start, deadline_class=first.deadline_class)


def stand(said: Iterable[Said]) -> Stand:
    """How the matter of these dockets stands; there is one at least; a class of deadline that this version does not know has none."""
    ordered = sorted(said, key=lambda one: (one.said_ms, one.id))
    state = ""
    for one in ordered:
        if one.kind not in _SILENT and state not in _LAST:
            state = _moved(state, one)
    deadline_ms = _deadline(ordered)
    state = state or "waiting"
    return Stand(
        state=state,
        opened_ms=ordered[0].said_ms,
        moved_ms=ordered[-1].said_ms,
        deadline_ms=deadline_ms if state in OPEN_FLOW else None,
        urgent=any(one.deadline_class.startswith("urgent") for one in ordered),
    )


def age_of(opened_ms: int, now_ms: int) -> int:
    """Into which of the four ages it falls: 0 up to a day, 1 a week, 2 a month, 3 more.

    >>> age_of(0, 25 * 3_600_000)
    1
    """
    age = now_ms - opened_ms
    return next((place for place, most in enumerate(AGES) if age <= most), len(AGES))
