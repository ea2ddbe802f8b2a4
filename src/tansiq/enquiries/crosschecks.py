"""The registers asked again for the persons of enquiries that are known already: what we ask ourselves, and what a newer list brings.

An enquiry that arrives is compared while it is taken in (`handlers`); this is the other way round (Directive (EU) 2023/977,
Article 16(1)(d)). Invariant: a proposal that is there, with what a person decided of it, stays as it is; only what is new is added, and
that two sets of data were combined is logged. What is for an officer's own eyes is not opened for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction

from tansiq.cases.sql import marks
from tansiq.enquiries.duplicates import subjects_of
from tansiq.enquiries.proposals import add_matches, matches_of
from tansiq.enquiries.rows import EnquiryRow, enquiry_rows
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.registers.matching import index_of

__all__ = ["check_matter", "check_open"]

_AT_ONCE: Final = 200


def check_matter(matter: bytes, *, context: Context, officer: str) -> int:
    """Asks the registers for the persons of one enquiry, on behalf of ``officer``; returns how many proposals are new."""
    index_of(context).refresh()
    return _check(enquiry_rows("matter = %s", (matter,)), context=context, officer=officer)


def check_open(*, context: Context, officer: str) -> int:
    """The same for all enquiries that are open, of either direction: after a list was imported."""
    index_of(context).refresh()
    found, last = 0, b""
    while rows := enquiry_rows("is_open AND matter > %s ORDER BY matter LIMIT %s", (last, _AT_ONCE)):
        last = rows[-1].matter
        found += _check(rows, context=context, officer=officer)
    return found


def _check(rows: Sequence[EnquiryRow], *, context: Context, officer: str) -> int:
    if not rows:
        return 0
    named, now_ms = subjects_of([row.request for row in rows], context.keys), context.clock()
    fresh = []
    accesses = []
    known = _known([row.request for row in rows])
    for row in rows:
        proposed = matches_of(
            row.matter,
            row.request,
            named.get(row.request, ()),
            context,
            posts=(row.own_post, row.office_post),
            fresh=True,
        )
        added = [one for one in proposed if (row.request, one[1]) not in known]
        fresh += added
        if added:
            accesses.append(
                Access(
                    operation=Operation.COMBINATION,
                    officer=officer,
                    thing=row.matter,
                    purpose=row.purpose,
                    justification=row.field,
                    time_ms=now_ms,
                )
            )
    with transaction.atomic():
        log_access(accesses, keys=context.keys)
        add_matches(fresh)
    return len(fresh)


def _known(requests: Sequence[bytes]) -> set[tuple[bytes, bytes]]:
    """Which entry is proposed for which request already."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT request, entry FROM enquiries_match WHERE request IN ({marks(requests)})", list(requests)
        )
        return {(bytes(request), bytes(entry)) for request, entry in cursor.fetchall()}
