"""At whose desk an enquiry stands: at its own, and at an office or a liaison officer's that it passes, as far as the compartments there reach.

Invariant: who passes an enquiry on sees its row; what stands in it is for those whom the compartments of that desk let read it.
"""

from __future__ import annotations

from tansiq.channels.compartments import reads_between
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import EnquiryRow
from tansiq.protocol.docket import agency_of

__all__ = ["stands_at"]


def stands_at(row: EnquiryRow, officer: ActingOfficer) -> bool:
    """Whether the enquiry stands on a desk of the officer's, or passes one at which the officer's compartment reaches it."""
    if row.own_post in officer.posts:
        return True
    service = agency_of(row.own_post)
    return row.office_post in officer.posts and reads_between(
        row.office_post, officer.number, service=service, field=row.field
    )
