"""What officers see of enquiries: the desk's list, one enquiry with all that belongs to it, counts for a summary.

Invariant: everything comes out as plain values fit for JSON: ids as text, times as ISO 8601 in UTC. Lists hold codes
and times alone; whoever opens one enquiry is logged (Directive (EU) 2016/680, Article 25), and what stands on other
desks is not there for them. Pages of a desk and its counts are in ``desk``, one enquiry in ``matter``.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.enquiries.desk import DeskView, in_ranges
from tansiq.enquiries.matter import show_enquiry
from tansiq.enquiries.rows import EnquiryRow, enquiry_rows
from tansiq.enquiries.summaries import Json, summaries_of, with_receipts
from tansiq.exchange.context import Context

__all__ = ["list_enquiries", "show_enquiry", "summaries"]


def list_enquiries(
    *, context: Context, posts: Sequence[str], direction: str = "", state: str = "", limit: int = 100
) -> list[Json]:
    """The enquiries on the desks ``posts`` (or that pass the office ``posts``): open ones by their deadline, then
    closed ones, the latest first.

    ``direction`` ('out', 'in') and ``state`` narrow. See the reference of the command line for the fields.
    """
    # One of ours whose receipt came since the last sweep is still written down as sent.
    states = ["received", "sent"] if state == "received" else [state] if state else []
    now_ms = context.clock()
    found: list[EnquiryRow] = []
    for section in ("open", "closed"):
        view = DeskView(posts=posts, direction=direction, states=states, section=section)
        found += in_ranges(view, now_ms=now_ms, limit=max(0, limit) - len(found))
    rows = [row for row in with_receipts(found) if not state or row.state == state]
    return summaries_of(rows, now_ms)


def summaries(*, context: Context) -> list[Json]:
    """Every enquiry of this node in codes and times, the oldest first: for a summary that names nobody."""
    return summaries_of(enquiry_rows("1 = 1 ORDER BY sent_ms, matter", ()), context.clock())
