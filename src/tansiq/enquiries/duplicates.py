"""The same person in another matter: what an enquiry may be a second asking of (Directive (EU) 2023/977, Article
16(1)(d)).

Invariant: found by the entry of a register that the machine proposed for both, and by comparing with the persons of the
latest enquiries of the same desks; names are compared in memory and stand nowhere. It proposes, a person judges; whoever
may not see the other matter does not learn of it. Once the asker's data have ended, nothing is found.
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
from tansiq.names import compare
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.subjects import Subject
from tansiq.registers.matching import names_of

__all__ = ["Duplicate", "duplicates_of", "subjects_of"]

BY_ENTRY, BY_NUMBER, BY_NAME = "duplicate.entry", "duplicate.number", "duplicate.name"
_COMPARED = 60
"""How many of the latest enquiries of the same desks are compared by name."""
_LEAST = 0.85
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
    asked = [name for subject in mine if subject.is_person for name in names_of(subject)]
    held = [name for subject in theirs if subject.is_person for name in names_of(subject)]
    if any(compare(one, other).score >= _LEAST for one in asked for other in held):
        return BY_NAME
    return ""


def duplicates_of(
    row: EnquiryRow, subjects: Sequence[Subject], *, context: Context, posts: Sequence[str]
) -> list[Duplicate]:
    """The other enquiries on the desks ``posts``, of either direction, that may be about one of ``subjects``."""
    out: dict[bytes, Duplicate] = {}
    if named := [matter for matter in _by_entry(row) if matter != row.matter]:
        out = {other.matter: Duplicate(other, BY_ENTRY) for other in enquiry_rows(f"matter IN ({marks(named)})", named)}
    if subjects:
        latest = [one for one in _latest(posts, context.clock()) if one.matter != row.matter and one.matter not in out]
        theirs = subjects_of([one.request for one in latest], context.keys)
        for other in latest:
            if reason := _same(subjects, theirs.get(other.request, ())):
                out[other.matter] = Duplicate(other, reason)
    own = set(posts)
    return [one for one in out.values() if {one.row.own_post, one.row.office_post} & own]
