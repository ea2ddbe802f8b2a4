"""After a backup was restored: the rows of what we ourselves had said since it was made.

Invariant: the post room has brought back the statements with their keys; here their enquiries, replies and items are
made again, as far as their bodies still open. What is there already stays as it is.
"""

from __future__ import annotations

from tansiq.cases.items import ITEM, Whence, plain_item
from tansiq.cases.services import add_items
from tansiq.enquiries.drafts import ANSWER, PARTIAL_REFUSAL, REFUSAL, REQUEST, URGENT_CLASSES
from tansiq.enquiries.rows import (
    Direction,
    EnquiryRow,
    ReplyRow,
    add_enquiries,
    add_replies,
    enquiry_rows,
    replies_of,
    settle,
)
from tansiq.enquiries.services import reply_items
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.own_again import register_recovered
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.protocol.docket import agency_of
from tansiq.protocol.parts import Part

__all__ = ["placed_parts", "register_recovered_kinds"]


def placed_parts(arrived: Arrived) -> list[tuple[int, Part]]:
    """The parts that are there, with their places: what was erased has left its place empty."""
    places = [place for place, ciphertext in enumerate(arrived.ciphertexts) if ciphertext is not None]
    return list(zip(places, arrived.parts, strict=False))


def _officer(arrived: Arrived) -> str:
    found = arrived.act()
    return found[0].officer if found is not None else ""


def _request_again(arrived: Arrived, context: Context) -> None:
    docket = arrived.docket
    if enquiry_rows("matter = %s", (docket.matter,)):
        return
    part = arrived.part(REQUEST)
    request = Enquiry() if part is None else Enquiry.from_plain(part.content)
    law = request.law or LawBasis()
    addressee = docket.addressees[0]
    passed = [post for post in docket.route if post not in {docket.sender, addressee}]
    row = EnquiryRow(
        matter=docket.matter,
        direction=Direction.OUT,
        partner=agency_of(addressee),
        own_post=docket.sender,
        their_post=addressee,
        office_post=passed[0] if passed else "",
        channel=docket.channel,
        case=docket.case,
        sought=request.sought,
        field=docket.field,
        purpose=law.purpose or "",
        deadline_class=docket.deadline_class,
        urgent=docket.deadline_class in URGENT_CLASSES,
        state="sent",
        request=arrived.statement.id,
        officer=_officer(arrived),
        sent_ms=arrived.statement.time_ms,
    )
    whence = Whence(
        case=row.case or row.matter,
        statement=row.request,
        sender=context.agency,
        received_ms=row.sent_ms,
        purpose=row.purpose,
    )
    add_enquiries([row])
    add_items([plain_item(whence, REQUEST, subjects=request.subjects, conditions=request.conditions)], context=context)


def _reply_again(arrived: Arrived, context: Context) -> None:
    docket = arrived.docket
    rows = enquiry_rows("matter = %s AND direction = %s", (docket.matter, int(Direction.IN)), lock=True)
    if not rows or arrived.statement.id in {one.statement for one in replies_of([docket.matter])}:
        return
    part = arrived.part(docket.kind)
    reply: Answer | Refusal | None = None
    if part is not None:
        reply = Answer.from_plain(part.content) if docket.kind == ANSWER else Refusal.from_plain(part.content)
    items = [(place, Item.from_plain(one.content)) for place, one in placed_parts(arrived) if one.kind == ITEM]
    said = ReplyRow(
        statement=arrived.statement.id,
        matter=docket.matter,
        kind=docket.kind,
        post=docket.sender,
        officer=_officer(arrived),
        said_ms=arrived.statement.time_ms,
        at_ms=arrived.statement.time_ms,
    )
    said = said if reply is None else said.saying(reply, items=len(items))
    add_replies([said])
    add_items(reply_items(reply, items, enquiry=rows[0], said=said, sender=context.agency), context=context)
    settle(rows[0], said, received_ms=rows[0].received_ms, deadline_ms=rows[0].deadline_ms)


def register_recovered_kinds() -> None:
    """Registers what this room makes again of its own statements."""
    register_recovered(REQUEST, _request_again)
    for kind in (ANSWER, REFUSAL, PARTIAL_REFUSAL):
        register_recovered(kind, _reply_again)
