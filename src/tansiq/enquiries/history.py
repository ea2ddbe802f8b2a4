"""The history of an enquiry: the words that are here, what a new one has to follow, and what it changes.

Invariant: what is stored of an enquiry's state and clock is `policy.course` of its words; a word is believed when its
past permits it and it continues its own agency's line (`judge`). Each side has half of what an enquiry holds, and its end passes
always: so nobody silences the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tansiq.cases.services import bring_forward
from tansiq.enquiries.rows import Direction, EnquiryRow, ReplyRow, order_of, remind_at, store_course
from tansiq.enquiries.terms import CLOSED_REVIEW_MS, terms
from tansiq.errors import Conflict, NotProven, TooMuch
from tansiq.policy.course import REMINDER_EVERY_MS, Course, Move, course_of, past_of, permits, side_of
from tansiq.protocol.ids import id_text

__all__ = ["heads", "judge", "rejudged", "require_permitted", "settle"]

MOST_WORDS = 256
_ENDING = frozenset({Move.ANSWER, Move.REFUSAL})
_ENDS = _ENDING | {Move.WITHDRAW}


def heads(words: Sequence[ReplyRow]) -> tuple[bytes, ...]:
    """Those of ``words`` that no other one follows: what a new word follows."""
    followed = {one for word in words for one in word.follows}
    return tuple(word.statement for word in words if word.statement not in followed)


def _require_room(move: Move, words: Sequence[ReplyRow]) -> None:
    """Raises TooMuch where the side whose move it is has said its half; what ends the matter passes, for it is said once."""
    most, side = MOST_WORDS // 2, side_of(move)
    if move not in _ENDS and sum(side_of(word.move) is side for word in words) >= most:
        raise TooMuch("enquiries.too-many-words", most=most)


def require_permitted(move: Move, enquiry: EnquiryRow, words: Sequence[ReplyRow], *, said_ms: int) -> None:
    """Raises Conflict unless ``move`` may be said now by us, who know ``words``."""
    _require_room(move, words)
    if enquiry.state == "withdrawn" and not words:  # taken back before it ever left (`interrupted`)
        raise Conflict("enquiries.closed", enquiry=id_text(enquiry.matter), state=enquiry.state)
    if permits(move, [word.word for word in words], said_ms=said_ms):
        return
    if move is Move.REMIND and enquiry.is_open and enquiry.state != "clarification":
        raise Conflict("enquiries.reminded-before", enquiry=id_text(enquiry.matter))
    code = "enquiries.not-now" if enquiry.is_open else "enquiries.closed"
    raise Conflict(code, enquiry=id_text(enquiry.matter), state=enquiry.state)


def judge(said: ReplyRow, enquiry: EnquiryRow, words: Sequence[ReplyRow]) -> None:
    """Raises unless the partner's word ``said`` may be believed beside the ``words`` that are here.

    Conflict ('enquiries.answered-before': its agency had ended the matter; 'enquiries.forked': it passes over a word of its own agency;
    'enquiries.not-now': its speaker knew better, or dated a reminder ahead to say many at once), NotProven
    ('enquiries.follows-another'), TooMuch.
    """
    _require_room(said.move, words)
    known = {word.statement: word.word for word in words}
    if any(one not in known for one in said.follows):
        raise NotProven("enquiries.follows-another")
    side = side_of(said.move)
    own = {word.statement for word in words if side_of(word.move) is side}
    ended = any(word.move in _ENDING for word in words)
    if ended and said.move in _ENDING | {Move.PARTIAL}:
        raise Conflict("enquiries.answered-before", state=enquiry.state)
    past = past_of(said.follows, known)
    if not own <= past:
        raise Conflict("enquiries.forked", agency=enquiry.partner)
    ahead = said.move is Move.REMIND and said.said_ms > said.at_ms + REMINDER_EVERY_MS
    if ahead or not permits(said.move, [known[one] for one in past], said_ms=said.said_ms):
        raise Conflict("enquiries.not-now", enquiry=id_text(enquiry.matter), state=enquiry.state)


def _as_it_stands(enquiry: EnquiryRow, course: Course, *, said: int) -> EnquiryRow:
    row = replace(
        enquiry,
        state=course.state,
        deadline_ms=course.deadline_ms,
        answered_ms=course.answered_ms,
        said=said,
        delays=course.delays,
    )
    return replace(row, order_ms=order_of(row, ended_ms=course.ended_ms), remind_ms=remind_at(row))


def rejudged(enquiry: EnquiryRow, words: Sequence[ReplyRow], *, received_ms: int | None) -> EnquiryRow:
    """The row as these words and this receipt make it; nothing is written."""
    course = course_of([word.word for word in words], received_ms=received_ms, deadline_class=enquiry.deadline_class)
    return _as_it_stands(replace(enquiry, received_ms=received_ms), course, said=len(words))


def settle(enquiry: EnquiryRow, said: ReplyRow, before: Sequence[ReplyRow], *, received_ms: int | None) -> EnquiryRow:
    """What a word does to its enquiry: state, clock, outcome, and how long its items stay; returns the new row.

    ``before`` are the words that were here. In the caller's transaction.
    """
    settled = rejudged(enquiry, [*before, said], received_ms=received_ms)
    if said.outcome:
        settled = replace(settled, outcome=said.outcome)
    store_course(settled)
    if not settled.is_open:
        _let_end(settled, said, before)
    return settled


def _let_end(enquiry: EnquiryRow, said: ReplyRow, before: Sequence[ReplyRow]) -> None:
    """When a matter has ended: its items are reviewed within the term; the asker's data end here where nothing was found,
    and at once where nobody needs anything any more.
    """
    erase_ms = None
    if enquiry.direction == Direction.IN and enquiry.state == "withdrawn":
        erase_ms = said.at_ms
    elif enquiry.direction == Direction.IN and enquiry.outcome == "answer.no-hit":
        erase_ms = said.at_ms + terms().no_hit_ms
    asked = [enquiry.request, *(word.statement for word in (*before, said) if word.move is Move.CLARIFY)]
    review_ms = said.at_ms + CLOSED_REVIEW_MS
    bring_forward(asked, review_ms=review_ms, erase_ms=erase_ms)
    if said.statement not in asked:
        bring_forward([said.statement], review_ms=review_ms)
