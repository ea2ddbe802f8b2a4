"""At whose desk an enquiry stands: at its own, and at an office or a liaison officer's that it passes, as far as the compartments there reach.

Invariant: who passes an enquiry on sees its row; what stands in it is for those whom the compartments of that desk let read it, and
nobody says anything in an enquiry who may not read what is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tansiq.cases.exits import Weighed, reader_of, weigh
from tansiq.cases.queries import ItemRow, items_of_statements
from tansiq.channels.compartments import reads_between
from tansiq.enquiries.drafts import REQUEST
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import EnquiryRow
from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.policy.handling import Use
from tansiq.protocol.docket import agency_of

__all__ = ["not_viewed", "require_read", "stands_at", "viewed"]

_PURPOSE: Final = "policy.use.other-purpose"


def stands_at(row: EnquiryRow, officer: ActingOfficer) -> bool:
    """Whether the enquiry stands on a desk of the officer's, or passes one at which the officer's compartment reaches it."""
    if row.own_post in officer.posts:
        return True
    service = agency_of(row.own_post)
    return row.office_post in officer.posts and reads_between(
        row.office_post, officer.number, service=service, field=row.field
    )


def _against(one: Weighed) -> tuple[str, ...]:
    return tuple(reason for reason in one.decision.reasons if reason != _PURPOSE or one.row.purpose)


def viewed(items: Sequence[ItemRow], officer: ActingOfficer, context: Context) -> list[tuple[ItemRow, tuple[str, ...]]]:
    """Each item with what stands against the officer's viewing it, by the one decision on its use; nothing when it may be viewed. The purpose
    of what is for own eyes stands in its body alone, so that one is not asked.
    """
    weighed = weigh(items, Use.VIEW, reader_of(officer, context=context), context=context)
    return [(one.row, () if one.decision.allowed else _against(one)) for one in weighed]


def require_read(row: EnquiryRow, officer: ActingOfficer, context: Context) -> None:
    """Raises Refused('policy.use') unless the officer may view the request; one that was erased is judged no longer."""
    asked = [
        item
        for item in items_of_statements([row.request]).get(row.request, ())
        if item.kind == REQUEST and not item.erased
    ]
    for _, against in viewed(asked, officer, context):
        if against:
            raise not_viewed(against)


def not_viewed(against: Sequence[str]) -> Refused:
    """The refusal for what an officer may not view, with its reasons."""
    return Refused("policy.use", use=Use.VIEW.value, count=len(against), reasons=", ".join(against))
