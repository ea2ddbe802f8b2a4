"""After a backup was restored: the rows of what we ourselves had said since it was made.

Invariant: the post room has brought back the statements with their keys; here their enquiries, replies and items are
made again, as far as their bodies still open. What is there already stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from tansiq.cases.files_sending import files_in, note_files
from tansiq.cases.items import ITEM, Whence, plain_item
from tansiq.cases.services import add_items
from tansiq.channels.arriving import reading_between
from tansiq.channels.copies import note_said
from tansiq.enquiries.closed import closed_item
from tansiq.enquiries.correspondence import BODIES, codes_of, said_by
from tansiq.enquiries.drafts import ANSWER, PARTIAL_REFUSAL, REFUSAL, REQUEST, TRANSLATION, URGENT_CLASSES
from tansiq.enquiries.history import settle
from tansiq.enquiries.made import reply_items, word_whence
from tansiq.enquiries.rows import (
    MOVES,
    Direction,
    EnquiryRow,
    ReplyRow,
    add_enquiries,
    add_replies,
    enquiry_rows,
    replies_of,
    way_text,
)
from tansiq.enquiries.translations import translations_kept
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.own_again import register_recovered
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.correspondence import Clarification, DelayNotice, Translation
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
    row = EnquiryRow(
        matter=docket.matter,
        direction=Direction.OUT,
        partner=agency_of(addressee),
        own_post=docket.sender,
        their_post=addressee,
        office_post=reading_between(docket, context.agency),
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
        way=way_text(docket.channel, docket.route, docket.copies),
    )
    whence = Whence(
        case=row.case or row.matter,
        statement=row.request,
        sender=context.agency,
        received_ms=row.sent_ms,
        purpose=row.purpose,
    )
    add_enquiries([row])
    note_said([(arrived.statement, docket)], context=context)
    if not arrived.body_open:
        add_items([closed_item(whence, docket)], context=context)
        return
    made = [plain_item(whence, REQUEST, subjects=request.subjects, conditions=request.conditions)]
    add_items(made, context=context)
    note_files(arrived.statement.id, files_in(arrived), items=made, context=context)
    _translations_again(arrived, whence, context)


def _reply_again(arrived: Arrived, context: Context) -> None:
    docket = arrived.docket
    rows = enquiry_rows("matter = %s AND direction = %s", (docket.matter, int(Direction.IN)), lock=True)
    words = replies_of([docket.matter]) if rows else []
    if not rows or arrived.statement.id in {one.statement for one in words}:
        return
    part = arrived.part(docket.kind)
    reply: Answer | Refusal | None = None
    if part is not None:
        reply = Answer.from_plain(part.content) if docket.kind == ANSWER else Refusal.from_plain(part.content)
    items = [(place, Item.from_plain(one.content)) for place, one in placed_parts(arrived) if one.kind == ITEM]
    said = _said(arrived, rows[0])
    said = said if reply is None else said.saying(reply, items=len(items))
    add_replies([said])
    note_said([(arrived.statement, docket)], context=context)
    whence = word_whence(rows[0], said, sender=context.agency)
    made = [closed_item(whence, docket)]
    if arrived.body_open:
        made = reply_items(reply, items, enquiry=rows[0], said=said, sender=context.agency)
    add_items(made, context=context)
    note_files(arrived.statement.id, files_in(arrived), items=made, context=context)
    _translations_again(arrived, whence, context)
    settle(rows[0], said, words, received_ms=rows[0].received_ms)


def _said(arrived: Arrived, enquiry: EnquiryRow) -> ReplyRow:
    return ReplyRow(
        statement=arrived.statement.id,
        matter=enquiry.matter,
        kind=arrived.docket.kind,
        post=arrived.docket.sender,
        officer=_officer(arrived),
        said_ms=arrived.statement.time_ms,
        at_ms=arrived.statement.time_ms,
        follows=tuple(before for before in arrived.docket.follows if before != enquiry.request),
    )


def _translations_again(arrived: Arrived, whence: Whence, context: Context) -> None:
    placed = [(place, part) for place, part in placed_parts(arrived) if part.kind == TRANSLATION]
    if placed:
        items = [plain_item(replace(whence, place=place), TRANSLATION) for place, _ in placed]
        translations_kept([Translation.from_plain(part.content) for _, part in placed], items, context=context)


def _word_again(arrived: Arrived, context: Context) -> None:
    docket = arrived.docket
    ours = int(said_by(MOVES[docket.kind]))
    rows = enquiry_rows("matter = %s AND direction = %s", (docket.matter, ours), lock=True)
    words = replies_of([docket.matter]) if rows else []
    if not rows or arrived.statement.id in {one.statement for one in words}:
        return
    said, part = _said(arrived, rows[0]), arrived.part(docket.kind)
    body = BODIES[docket.kind].from_plain(part.content) if part is not None else None
    if body is not None:
        said = replace(said, grounds=codes_of(body))
    if isinstance(body, DelayNotice):
        said = replace(said, until_ms=body.until_ms)
    add_replies([said])
    subjects = body.subjects if isinstance(body, Clarification) else ()
    note_said([(arrived.statement, docket)], context=context)
    whence = word_whence(rows[0], said, sender=context.agency)
    item = plain_item(whence, said.kind, subjects=subjects) if arrived.body_open else closed_item(whence, docket)
    add_items([item], context=context)
    _translations_again(arrived, whence, context)
    settle(rows[0], said, words, received_ms=rows[0].received_ms)


def register_recovered_kinds() -> None:
    """Registers what this room makes again of its own statements."""
    register_recovered(REQUEST, _request_again)
    for kind in (ANSWER, REFUSAL, PARTIAL_REFUSAL):
        register_recovered(kind, _reply_again)
    for kind in BODIES:
        register_recovered(kind, _word_again)
