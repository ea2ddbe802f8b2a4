"""The same person in another matter: what an enquiry may be a second asking of (Directive (EU) 2023/977, Article
16(1)(d)).

Invariant: found by the entry of a register that the machine proposed for both, and by comparing with the persons of the
latest enquiries of the same desks, by all that is known of them; names are compared in memory and stand nowhere. It
proposes, a person judges; whoever may not see the other matter does not learn of it. Once the asker's data have ended, nothing is found.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.cases.contents import open_statements
from tansiq.cases.sql import chunks, marks
from tansiq.enquiries.desk import DeskView, in_ranges
from tansiq.enquiries.drafts import REQUEST
from tansiq.enquiries.rows import EnquiryRow, enquiry_rows
from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.keystore.store import KeyStore
from tansiq.names import compare, explain
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.subjects import Subject
from tansiq.registers.matching import facts_of, names_of

__all__ = ["Duplicate", "alike_in", "duplicates_of", "earlier_of", "subjects_of"]

BY_ENTRY, BY_NUMBER, BY_NAME = "duplicate.entry", "duplicate.number", "duplicate.name"
_COMPARED = 60
"""How many of the latest enquiries of the same desks are compared by name."""
_WORTH = 0.55
"""Of two names, how much must be the same that all else that is known is weighed too."""
_LEAST = 0.9
"""How probable it must be that two are one."""
_AMONG = 1_000
"""Among how many persons: those of a desk's matters, a fixed number."""
_REMEMBERED = 2_000
_known: dict[bytes, tuple[Subject, ...]] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Another enquiry that may ask about the same person, and why it is thought so (a code)."""

    row: EnquiryRow
    reason: str


def _by_entry(row: EnquiryRow) -> list[bytes]:
    """The matters for which a register proposes an entry that it proposes for this one; dismissed ones left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT other.matter FROM enquiries_match mine JOIN enquiries_match other ON other.entry = mine.entry "
            "WHERE mine.request = %s AND other.request <> mine.request AND other.matter IS NOT NULL "
            "AND mine.decision <> 'match.different' AND other.decision <> 'match.different' LIMIT 50",
            (row.request,),
        )
        return [bytes(found[0]) for found in cursor.fetchall()]


def _latest(posts: Sequence[str], now_ms: int) -> list[EnquiryRow]:
    """Of the desks, the enquiries that are due first and those that ended last."""
    out: list[EnquiryRow] = []
    for section in ("open", "closed"):
        out += in_ranges(DeskView(posts=posts, section=section), now_ms=now_ms, limit=_COMPARED // 2)
    return out


def _alive(requests: Sequence[bytes]) -> set[bytes]:
    """Those of ``requests`` whose own data have not ended."""
    found: set[bytes] = set()
    for chunk in chunks(requests):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT statement FROM cases_item WHERE statement IN ({marks(chunk)}) AND place = 0 AND erased = %s",
                [*chunk, False],
            )
            found.update(bytes(row[0]) for row in cursor.fetchall())
    return found


def subjects_of(requests: Sequence[bytes], keys: KeyStore) -> dict[bytes, tuple[Subject, ...]]:
    """The persons of those requests whose data have not ended; kept in memory, as the index of the registers is."""
    alive = _alive(requests)
    with _lock:
        found = {one: _known[one] for one in alive if one in _known}
    for statement, opened in open_statements([one for one in alive if one not in found], keys=keys).items():
        part = opened.part(REQUEST)
        try:
            found[statement] = Enquiry.from_plain(part.content).subjects if part is not None else ()
        except Error:
            continue
    with _lock:
        for one in requests:
            _known.pop(one, None)
        _known.update(found)
        while len(_known) > _REMEMBERED:
            _known.pop(next(iter(_known)))
    return found


def _same(mine: Sequence[Subject], theirs: Sequence[Subject]) -> str:
    """Why two sets of subjects may share a person; '' when nothing says so."""
    numbers = {(one.type, one.number) for subject in mine for one in subject.identifiers}
    if numbers & {(one.type, one.number) for subject in theirs for one in subject.identifiers}:
        return BY_NUMBER
    persons = [one for one in mine if one.is_person], [one for one in theirs if one.is_person]
    return BY_NAME if any(_one_person(one, other) for one in persons[0] for other in persons[1]) else ""


def _one_person(mine: Subject, theirs: Subject) -> bool:
    """Whether two subjects are probably one, by a name of each and by births, nationalities, sex and parents."""
    facts, known = facts_of(mine), facts_of(theirs)
    return any(
        compare(one, other).score >= _WORTH
        and explain(one, other, facts=facts, known=known, population=_AMONG).probability >= _LEAST
        for one in names_of(mine)
        for other in names_of(theirs)
    )


def alike_in(subjects: Sequence[Subject]) -> list[tuple[int, int]]:
    """The places of two subjects that may be one: the same number, or a name that fits."""
    return [
        (one, other)
        for one in range(len(subjects))
        for other in range(one + 1, len(subjects))
        if subjects[one].kind == subjects[other].kind and _same(subjects[one : one + 1], subjects[other : other + 1])
    ]


def earlier_of(subjects: Sequence[Subject], *, context: Context, posts: Sequence[str]) -> list[Duplicate]:
    """Of the latest enquiries on the desks ``posts``, of either direction, those that may be about one of ``subjects``."""
    if not subjects:
        return []
    latest = _latest(posts, context.clock())
    theirs = subjects_of([one.request for one in latest], context.keys)
    found = ((other, _same(subjects, theirs.get(other.request, ()))) for other in latest)
    return [Duplicate(other, reason) for other, reason in found if reason]


def duplicates_of(
    row: EnquiryRow, subjects: Sequence[Subject], *, context: Context, posts: Sequence[str]
) -> list[Duplicate]:
    """The other enquiries on the desks ``posts``, of either direction, that may be about one of ``subjects``."""
    out: dict[bytes, Duplicate] = {}
    if named := [matter for matter in _by_entry(row) if matter != row.matter]:
        out = {other.matter: Duplicate(other, BY_ENTRY) for other in enquiry_rows(f"matter IN ({marks(named)})", named)}
    for one in earlier_of(subjects, context=context, posts=posts):
        if one.row.matter != row.matter:
            out.setdefault(one.row.matter, one)
    own = set(posts)
    return [one for one in out.values() if {one.row.own_post, one.row.office_post} & own]
