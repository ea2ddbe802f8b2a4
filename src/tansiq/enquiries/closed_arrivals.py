"""What arrives for an officer's own eyes: its docket works at once, its body waits as *unopened*.

Invariant: nothing of it is judged that stands in the body; that is done when its owner opens it (`unsealed`), each time. Only
where a desk of ours reads with a key of one's own may a body be closed; anywhere else it is refused, as before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tansiq.cases.items import Whence
from tansiq.cases.services import add_items
from tansiq.channels.arriving import reading_between
from tansiq.channels.desks import role_of
from tansiq.enquiries.closed import closed_item
from tansiq.enquiries.drafts import URGENT_CLASSES
from tansiq.enquiries.history import judge, settle
from tansiq.enquiries.made import word_whence
from tansiq.enquiries.notices import arrived as call
from tansiq.enquiries.rows import (
    Direction,
    EnquiryRow,
    ReplyRow,
    add_enquiries,
    add_replies,
    replies_of,
    way_text,
)
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.eyes_only import owners_of
from tansiq.exchange.kinds import Arrived
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.deadlines import due_at
from tansiq.policy.ways import way_rule
from tansiq.protocol.docket import agency_of

__all__ = ["is_for_own_eyes", "require_reader", "take_closed_requests", "take_closed_word"]

NODE = "node"
_RECENT_MS = 30 * 86_400_000


def is_for_own_eyes(one: Arrived) -> bool:
    """Whether a body is closed here because the desk that it is for reads with its officer's own key."""
    if one.body_open or not one.docket.addressees:
        return False
    return role_of(one.docket.addressees[0]) in way_rule(one.docket.channel).own_key


def _row(one: Arrived, context: Context) -> EnquiryRow:
    docket = one.docket
    return EnquiryRow(
        matter=docket.matter,
        direction=Direction.IN,
        partner=one.statement.agency,
        own_post=next(post for post in docket.addressees if agency_of(post) == context.agency),
        their_post=docket.sender,
        office_post=reading_between(docket, context.agency),
        channel=docket.channel,
        case=docket.case,
        sought=(),
        field=docket.field,
        purpose="",
        deadline_class=docket.deadline_class,
        urgent=docket.deadline_class in URGENT_CLASSES,
        state="received",
        request=one.statement.id,
        officer="",
        sent_ms=one.statement.time_ms,
        received_ms=one.at_ms,
        deadline_ms=due_at(received_at_ms=one.at_ms, deadline_class=docket.deadline_class),
        way=way_text(docket.channel, docket.route, docket.copies),
    )


def _collected(matter: bytes, field: str, now_ms: int) -> Access:
    return Access(
        operation=Operation.COLLECTION, officer=NODE, thing=matter, purpose="", justification=field, time_ms=now_ms
    )


def require_reader(one: Arrived, context: Context) -> None:
    """Raises NotFound ('enquiries.body-closed') for an answer that is sealed to nobody of ours: its docket alone ends nothing. What is older
    than a month is let be: it may come again after a restore, and have been erased since at whoever brings it.
    """
    recent = context.clock() - one.statement.time_ms < _RECENT_MS
    if recent and not owners_of(one.statement.id, context.agency, context=context):
        raise NotFound("enquiries.body-closed")


def take_closed_requests(arrived: Sequence[Arrived], context: Context) -> None:
    """Puts requests on the desk as their dockets say. In the dispatch's transaction."""
    rows = [_row(one, context) for one in arrived]
    add_enquiries(rows)
    call(rows)
    add_items(
        [
            closed_item(
                Whence(
                    case=row.case or row.matter, statement=row.request, sender=row.partner, received_ms=one.at_ms,
                    purpose="",
                ),
                one.docket,
            )
            for one, row in zip(arrived, rows, strict=True)
        ],
        context=context,
    )  # fmt: skip
    log_access([_collected(row.matter, row.field, context.clock()) for row in rows], keys=context.keys)


def take_closed_word(one: Arrived, enquiry: EnquiryRow, *, received_ms: int | None, context: Context) -> EnquiryRow:
    """Lets a word do to its enquiry what its kind does; returns the new row. Raises as `history.judge`."""
    docket = one.docket
    said = ReplyRow(
        statement=one.statement.id,
        matter=enquiry.matter,
        kind=docket.kind,
        post=docket.sender,
        officer="",
        said_ms=one.statement.time_ms,
        at_ms=one.at_ms,
        follows=tuple(before for before in docket.follows if before != enquiry.request),
    )
    if docket.kind == "enquiry.clarification":
        said = replace(said, until_ms=one.at_ms)
    words = replies_of([enquiry.matter]) if enquiry.said != 0 else []
    judge(said, enquiry, words)
    add_replies([said])
    add_items([closed_item(word_whence(enquiry, said, sender=enquiry.partner), docket)], context=context)
    log_access([_collected(enquiry.matter, enquiry.field, context.clock())], keys=context.keys)
    return settle(enquiry, said, words, received_ms=received_ms)
