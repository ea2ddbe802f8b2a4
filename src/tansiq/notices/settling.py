"""What a word, or the hour, does to a notice here: its state, whom the registers know of, and when its contents end.

Invariant: what is stored of a notice is `policy.notice_course` of its words. A notice that binds stands in the register ``notice``
under each of its persons, and is gone from it the moment it ends; its contents end then too. Its source keeps them for
the term of review, as everybody keeps what it said itself. What ends here has ended in one commit with the word that ended it.
INTERPOL's Rules on the Processing of Data, Articles 49 to 51.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from django.db import transaction

from tansiq.cases.services import bring_forward
from tansiq.enquiries.terms import CLOSED_REVIEW_MS
from tansiq.exchange.context import Context
from tansiq.notices.contents import notices_in
from tansiq.notices.kinds import Side
from tansiq.notices.rows import NoticeRow, WordRow, course_row, notice_rows, store_notice, words_of
from tansiq.policy.notice import Notice
from tansiq.registers.own import end_entries, listed_person, put_entries

__all__ = ["REGISTER", "Bound", "end_listed", "expire", "on_bound", "on_ended", "reference_of", "settle"]

REGISTER: Final = "notice"
"""The register of all who are sought by a notice that binds."""
_MOST_PERSONS: Final = 16
_AT_ONCE: Final = 200

Bound = Callable[[NoticeRow, Notice, Context], None]
Ended = Callable[[NoticeRow, Context], None]
_bound: list[Bound] = []
_ended: list[Ended] = []


def on_bound(listener: Bound) -> None:
    """Lets a module of this room act when a notice begins to bind here, or another version does; in the same transaction."""
    if listener not in _bound:
        _bound.append(listener)


def on_ended(listener: Ended) -> None:
    """The same when it has ended."""
    if listener not in _ended:
        _ended.append(listener)


def reference_of(matter: bytes, place: int) -> str:
    """The reference in the register of the person at ``place`` of a notice."""
    return f"{matter.hex()}.{place}"


def _every_reference(matter: bytes) -> list[str]:
    return [reference_of(matter, place) for place in range(_MOST_PERSONS)]


def _bind(row: NoticeRow, context: Context) -> None:
    notice = notices_in([row.version], context=context).get(row.version)
    if notice is None:
        return
    persons = {place: subject for place, subject in enumerate(notice.subjects) if subject.is_person}
    gone = [one for place, one in enumerate(_every_reference(row.matter)) if place not in persons]
    end_entries(REGISTER, gone, context=context)
    put_entries(
        REGISTER,
        [listed_person(subject, reference_of(row.matter, place)) for place, subject in persons.items()],
        context=context,
    )
    for listener in _bound:
        listener(row, notice, context)


def end_listed(row: NoticeRow, *, context: Context) -> None:
    """Takes the persons of a notice out of the register, in the caller's transaction."""
    end_entries(REGISTER, _every_reference(row.matter), context=context)


def _end(row: NoticeRow, words: Sequence[WordRow], *, context: Context) -> None:
    end_listed(row, context=context)
    now_ms = context.clock()
    said = {row.first: row.source} | {word.statement: word.agency for word in words}
    kept = [one for one, agency in said.items() if row.side is Side.SOURCE or agency == context.agency]
    bring_forward(kept, review_ms=now_ms + CLOSED_REVIEW_MS)
    bring_forward([one for one in said if one not in set(kept)], review_ms=now_ms, erase_ms=now_ms)
    for listener in _ended:
        listener(row, context)


def settle(row: NoticeRow, words: Sequence[WordRow], *, context: Context, until_ms: int | None = None) -> NoticeRow:
    """Writes where a notice stands by its words, now, and what follows from it; in the caller's transaction."""
    settled = course_row(row, words, now_ms=context.clock(), until_ms=until_ms)
    store_notice(settled)
    if settled.binds and (not row.binds or settled.version != row.version):
        _bind(settled, context)
    if settled.has_ended and not row.has_ended:
        _end(settled, words, context=context)
    return settled


def expire(*, context: Context) -> int:
    """The clock's work: what has come to its end ends; returns how many."""
    now_ms = context.clock()
    with transaction.atomic():
        due = notice_rows(
            "ends_ms IS NOT NULL AND ends_ms <= %s ORDER BY ends_ms LIMIT %s", (now_ms, _AT_ONCE), lock=True
        )
        words = words_of([row.matter for row in due])
        for row in due:
            settle(row, words[row.matter], context=context)
    return len(due)
