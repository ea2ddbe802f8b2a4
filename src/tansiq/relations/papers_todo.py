"""What meetings decided and nobody has carried out yet, and who may know of a meeting.

Invariant: read from the last minutes of each meeting; a decision that either side has called carried out waits no longer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tansiq.exchange.context import Context
from tansiq.policy.paper_course import MEETING, Step
from tansiq.policy.papers import Decision, Minutes
from tansiq.protocol.docket import agency_of
from tansiq.relations.papers import PaperRow, WordRow, content_of, contents_of, held_meetings, standing_of, words_of

__all__ = ["Todo", "latest_minutes", "may_see_meeting", "todos"]


@dataclass(frozen=True, slots=True)
class Todo:
    """A decision of the meeting ``meeting`` that is to be carried out; ``said_ms`` is when its minutes were said."""

    meeting: bytes
    number: int
    decision: Decision
    said_ms: int


def _last(words: Sequence[WordRow]) -> WordRow | None:
    return max((word for word in words if word.step is Step.RECORD), key=lambda word: word.number, default=None)


def latest_minutes(words: Sequence[WordRow], *, context: Context) -> Minutes | None:
    """The last minutes among a meeting's words; None where there are none, or they were erased."""
    last = _last(words)
    word = contents_of([last], context=context).get(last.statement) if last is not None else None
    return word.minutes if word is not None else None


def may_see_meeting(row: PaperRow, posts: Sequence[str], *, context: Context) -> bool:
    """Whether one of these desks takes part in a meeting, or has to do something that it decided."""
    content = content_of(row, context=context)
    minutes = latest_minutes(words_of(row.id), context=context) if row.state == "held" else None
    named = set(content.meeting.posts if content is not None and content.meeting is not None else ())
    if minutes is not None:
        named |= {*minutes.posts, *(one.post or "" for one in minutes.decisions)}
    return not named.isdisjoint(posts)


def todos(posts: Sequence[str], *, whole: bool = False, context: Context) -> list[Todo]:
    """The decisions that wait for one of these desks, what is due first first; ``whole``: for every desk of our service."""
    found = []
    for row in held_meetings():
        words = words_of(row.id)
        standing, last = standing_of(MEETING, words), _last(words)
        minutes = latest_minutes(words, context=context)
        for number, one in enumerate(minutes.decisions if minutes is not None else (), 1):
            ours = one.post in posts or (whole and agency_of(one.post or "") == context.agency)
            if ours and last is not None and (standing.recorded, number) not in standing.done:
                found.append(Todo(row.id, number, one, last.said_ms))
    return sorted(found, key=lambda one: one.decision.due_ms or 0)
