"""The row and the item of a request of our own, as it was said.

Invariant: codes, times and references alone; of what is for an officer's own eyes nothing that stands in its body.
"""

from __future__ import annotations

from tansiq.cases.items import NewItem, Whence, plain_item
from tansiq.channels.ways import Way
from tansiq.enquiries.closed import closed_item
from tansiq.enquiries.drafts import REQUEST, URGENT_CLASSES
from tansiq.enquiries.rows import Direction, EnquiryRow, way_text
from tansiq.exchange.drafts import Draft
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.protocol.docket import agency_of
from tansiq.protocol.statement import Statement

__all__ = ["own_enquiry", "own_request", "own_whence"]


def own_enquiry(
    request: Enquiry, matter: bytes, statement: Statement, *, way: Way, case: bytes, officer: str
) -> EnquiryRow:
    """The row of a request that was said along ``way``; of one that is for an officer's own eyes, what its docket says."""
    law = request.law or LawBasis()
    return EnquiryRow(
        matter=matter,
        direction=Direction.OUT,
        partner=agency_of(way.addressee),
        own_post=way.sender,
        their_post=way.addressee,
        office_post=way.office,
        channel=way.channel,
        case=case,
        sought=() if way.closed else request.sought,
        field=law.offence or "",
        purpose="" if way.closed else law.purpose or "",
        deadline_class=request.deadline_class or "",
        urgent=request.deadline_class in URGENT_CLASSES,
        state="sent",
        request=statement.id,
        officer=officer,
        sent_ms=statement.time_ms,
        way=way_text(way.channel, way.route, way.copies),
    )


def own_whence(request: Enquiry, matter: bytes, statement: Statement, *, case: bytes, sender: str) -> Whence:
    """Whence the parts of our own request come; the request's place."""
    return Whence(
        case=case or matter,
        statement=statement.id,
        sender=sender,
        received_ms=statement.time_ms,
        purpose=request.law.purpose or "" if request.law else "",
    )


def own_request(
    request: Enquiry, matter: bytes, statement: Statement, *, draft: Draft, case: bytes, sender: str
) -> NewItem:
    """The item that our own request is."""
    whence = own_whence(request, matter, statement, case=case, sender=sender)
    if draft.own:
        return closed_item(whence, draft.docket)
    return plain_item(whence, REQUEST, subjects=request.subjects, conditions=request.conditions)
