"""What officers see of enquiries: the desk's list, one enquiry with all that belongs to it, counts for a summary.

Invariant: everything comes out as plain values fit for JSON: ids as text, times as ISO 8601 in UTC. Lists hold codes
and times alone; whoever opens one enquiry is logged (Directive (EU) 2016/680, Article 25), and what stands on other
desks is not there for them. Pages of a desk and its counts are in ``desk``, one enquiry in ``matter``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.enquiries.desk import DeskView, in_ranges
from tansiq.enquiries.matter import show_enquiry
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import EnquiryRow, enquiry_rows
from tansiq.enquiries.seen import stands_at
from tansiq.enquiries.summaries import Json, summaries_of, with_receipts
from tansiq.exchange.context import Context

__all__ = ["list_enquiries", "show_enquiry", "summaries"]


def list_enquiries(
    *,
    context: Context,
    posts: Sequence[str],
    officer: ActingOfficer | None = None,
    direction: str = "",
    state: str = "",
    limit: int = 100,
) -> list[Json]:
    """The enquiries on the desks ``posts`` (or that pass the office ``posts``): open ones by their deadline, then
    closed ones, the latest first; for an ``officer`` those that stand there for that officer (`seen.stands_at`).

    ``direction`` ('out', 'in') and ``state`` narrow. See the reference of the command line for the fields.
    """
    # One of ours whose receipt came since the last sweep is still written down as sent.
    states = ["received", "sent"] if state == "received" else [state] if state else []
    now_ms, most = context.clock(), max(0, limit)
    found: list[EnquiryRow] = []
    for section in ("open", "closed"):
        view = DeskView(posts=posts, direction=direction, states=states, section=section)
        found += _standing(view, officer, now_ms=now_ms, limit=most - len(found))
    rows = [row for row in with_receipts(found) if not state or row.state == state]
    return summaries_of(rows, now_ms)


def _standing(view: DeskView, officer: ActingOfficer | None, *, now_ms: int, limit: int) -> list[EnquiryRow]:
    """Up to ``limit`` rows of a view that stand on a desk of the officer's: filtered first, then cut."""
    found: list[EnquiryRow] = []
    after: tuple[int, bytes] | None = None
    while len(found) < limit:
        rows = in_ranges(view, now_ms=now_ms, limit=limit, after=after)
        found += [row for row in rows if officer is None or stands_at(row, officer)]
        if len(rows) < limit:
            break
        after = (rows[-1].order_ms or 0, rows[-1].matter)
    return found[:limit]


def summaries(*, context: Context) -> list[Json]:
    """Every enquiry of this node in codes and times, the oldest first: for a summary that names nobody."""
    return summaries_of(enquiry_rows("1 = 1 ORDER BY sent_ms, matter", ()), context.clock())
