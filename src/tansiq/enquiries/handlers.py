"""What arrives for this room: requests, answers, refusals, each verified before a row is written.

Invariant: what is not signed by an officer of its desk, contradicts its docket, lacks what the law wants, or answers
what was never asked is refused as a whole: the post room quarantines it with the reason and nothing of it is used. A
request is checked against the registers as it arrives (Directive (EU) 2023/977, Article 16(1)(d)); what is found is a
proposal for a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from tansiq.cases.erasure import follow
from tansiq.cases.items import ITEM, NewItem, Whence, plain_item
from tansiq.cases.queries import ItemRow
from tansiq.cases.services import add_items
from tansiq.cases.sql import insert, marks
from tansiq.enquiries.drafts import ANSWER, PARTIAL_REFUSAL, REFUSAL, REQUEST, URGENT_CLASSES
from tansiq.enquiries.officers import verified_act
from tansiq.enquiries.recovered import placed_parts, register_recovered_kinds
from tansiq.enquiries.routes import received_at
from tansiq.enquiries.rows import Direction, EnquiryRow, ReplyRow, add_enquiries, add_replies, enquiry_rows, settle
from tansiq.enquiries.services import reply_items
from tansiq.errors import BadInput, Conflict, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, register
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.deadlines import due_at
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.law import answer_faults, law_faults, refusal_faults
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.parts import Part
from tansiq.registers.matching import RegisterIndex, index_of

__all__ = ["register_kinds"]

NODE = "node"
_MOST_MATCHES = 10
_ADD_MATCH = insert("enquiries_match", ("request", "entry", "subject", "score", "reasons", "decision", "decided_by"))
_NEWER = "policy.law.code-unknown"
"""A partner's newer code is shown as it is and answered: it makes nothing unlawful."""


def _day(arrived: Arrived) -> dt.date:
    """The day on which it was said: a request does not become unlawful on its way."""
    return dt.datetime.fromtimestamp(arrived.statement.time_ms / 1000, dt.UTC).date()


def _known_codes(faults: Faults) -> Faults:
    return Faults(fault for fault in faults if fault.code != _NEWER)


def _part(arrived: Arrived, kind: str) -> Part:
    """The part of this kind, which stands first. Raises NotFound (the body is not for us to read) or BadInput."""
    if not arrived.body_open:
        raise NotFound("enquiries.body-closed")
    place, part = next(iter(placed_parts(arrived)), (0, None))
    if place or part is None or part.kind != kind:
        raise BadInput("enquiries.part-missing", kind=kind)
    return part


def _own_post(docket: Docket, agency: str) -> str:
    """The desk of ours that it is for. Raises Refused when it is only passing through."""
    for post in docket.addressees:
        if agency_of(post) == agency:
            return post
    raise Refused("enquiries.not-for-us")


def _read_request(arrived: Arrived) -> Enquiry:
    """The request, lawful and saying what its docket says. Raises BadInput, Refused."""
    request = Enquiry.from_plain(_part(arrived, REQUEST).content)
    refuse(_known_codes(law_faults(request, today=_day(arrived))))
    docket, conditions = arrived.docket, request.conditions
    said = {
        "deadline_class": (docket.deadline_class, request.deadline_class or ""),
        "field": (docket.field, request.law.offence or "" if request.law else ""),
        "classification": (docket.classification, conditions.classification or "" if conditions else ""),
        "handling": (set(docket.handling), set(conditions.codes) if conditions else set()),
    }
    for name, (of_docket, of_body) in said.items():
        if of_docket != of_body:
            raise BadInput("enquiries.docket-differs", field=name)
    return request


def _refuse_known(arrived: Sequence[Arrived]) -> None:
    """Raises Conflict when a matter is there already, or comes twice."""
    matters = [one.docket.matter for one in arrived]
    if len(set(matters)) < len(matters) or enquiry_rows(f"matter IN ({marks(matters)})", matters):
        raise Conflict("enquiries.matter-known")


def _enquiry_row(one: Arrived, request: Enquiry, *, officer: str, context: Context) -> EnquiryRow:
    docket = one.docket
    middle = [post for post in docket.route if post != docket.sender and post not in docket.addressees]
    return EnquiryRow(
        matter=docket.matter,
        direction=Direction.IN,
        partner=one.statement.agency,
        own_post=_own_post(docket, context.agency),
        their_post=docket.sender,
        office_post=middle[0] if middle else "",
        channel=docket.channel,
        case=docket.case,
        sought=request.sought,
        field=docket.field,
        purpose=request.law.purpose or "" if request.law else "",
        deadline_class=docket.deadline_class,
        urgent=docket.deadline_class in URGENT_CLASSES,
        state="received",
        request=one.statement.id,
        officer=officer,
        sent_ms=one.statement.time_ms,
        received_ms=one.at_ms,
        deadline_ms=due_at(received_at_ms=one.at_ms, deadline_class=docket.deadline_class),
    )


def _collected(row: EnquiryRow, *, operation: Operation, now_ms: int) -> Access:
    return Access(
        operation=operation,
        officer=NODE,
        thing=row.matter,
        purpose=row.purpose,
        justification=row.field,
        time_ms=now_ms,
    )


def _matches(row: EnquiryRow, request: Enquiry, index: RegisterIndex) -> list[tuple[Any, ...]]:
    """What the registers propose, each entry once, under the subject that it fits best."""
    best: dict[bytes, tuple[float, int, str]] = {}
    for place, subject in enumerate(request.subjects):
        for match in index.match(subject, limit=_MOST_MATCHES):
            if match.entry not in best or match.score > best[match.entry][0]:
                best[match.entry] = (match.score, place, " ".join(match.reasons)[:1024])
    return [(row.request, entry, place, score, reasons, "", "") for entry, (score, place, reasons) in best.items()]


def _request_item(row: EnquiryRow, request: Enquiry, *, received_ms: int) -> NewItem:
    whence = Whence(
        case=row.case or row.matter,
        statement=row.request,
        sender=row.partner,
        received_ms=received_ms,
        purpose=row.purpose,
    )
    return plain_item(whence, REQUEST, subjects=request.subjects, conditions=request.conditions)


def _take_requests(arrived: Sequence[Arrived], context: Context) -> None:
    now_ms = context.clock()
    directories: dict[str, Directory] = {}
    rows: list[EnquiryRow] = []
    items: list[NewItem] = []
    matches: list[tuple[Any, ...]] = []
    accesses: list[Access] = []
    _refuse_known(arrived)
    index = index_of(context)
    index.refresh()
    for one in arrived:
        request = _read_request(one)
        act = verified_act(one, directories=directories)
        row = _enquiry_row(one, request, officer=act.officer, context=context)
        rows.append(row)
        items.append(_request_item(row, request, received_ms=one.at_ms))
        accesses.append(_collected(row, operation=Operation.COLLECTION, now_ms=now_ms))
        if found := _matches(row, request, index):
            matches += found
            accesses.append(_collected(row, operation=Operation.COMBINATION, now_ms=now_ms))
    add_enquiries(rows)
    add_items(items, context=context)
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_MATCH, matches)
    log_access(accesses, keys=context.keys)


def _read_reply(arrived: Arrived) -> tuple[Answer | Refusal, list[tuple[int, Item]]]:
    """The reply and its items with their places, lawful. Raises BadInput, Refused."""
    kind = arrived.docket.kind
    cover = _part(arrived, kind).content
    items = [
        (place, Item.from_plain(part.content).assessed()) for place, part in placed_parts(arrived) if part.kind == ITEM
    ]
    if kind == ANSWER:
        answer = Answer.from_plain(cover)
        given = [item for _, item in items]
        refuse(_known_codes(answer_faults(answer, given, agency=arrived.statement.agency, today=_day(arrived))))
        return answer, items
    refusal = Refusal.from_plain(cover)
    refuse(_known_codes(refusal_faults(refusal)))
    if refusal.partial != (kind == PARTIAL_REFUSAL) or items:
        raise BadInput("enquiries.docket-differs", field="kind")
    return refusal, []


def _asked(arrived: Arrived, known: dict[bytes, EnquiryRow]) -> EnquiryRow:
    """The enquiry of ours that is answered. Raises NotFound, Refused (not its addressee), NotProven, Conflict (it is
    closed).
    """
    docket = arrived.docket
    enquiry = known.get(docket.matter)
    if enquiry is None or enquiry.direction != Direction.OUT:
        raise NotFound("enquiries.never-asked")
    if enquiry.partner != arrived.statement.agency:
        raise Refused("enquiries.other-agency", agency=arrived.statement.agency)
    if docket.answers != enquiry.request or enquiry.request not in docket.follows:
        raise NotProven("enquiries.answers-another")
    if not enquiry.is_open:
        raise Conflict("enquiries.answered-before", state=enquiry.state)
    return enquiry


def _take_replies(arrived: Sequence[Arrived], context: Context) -> None:
    now_ms = context.clock()
    directories: dict[str, Directory] = {}
    matters = list({one.docket.matter for one in arrived})
    known = {row.matter: row for row in enquiry_rows(f"matter IN ({marks(matters)})", matters, lock=True)}
    accesses = []
    for one in arrived:
        enquiry = _asked(one, known)
        reply, items = _read_reply(one)
        act = verified_act(one, directories=directories)
        said = ReplyRow(
            statement=one.statement.id,
            matter=enquiry.matter,
            kind=one.docket.kind,
            post=act.post,
            officer=act.officer,
            said_ms=one.statement.time_ms,
            at_ms=one.at_ms,
        ).saying(reply, items=len(items))
        received_ms = enquiry.received_ms
        if received_ms is None:
            received_ms = received_at([enquiry.request], enquiry.partner).get(enquiry.request)
        deadline_ms = None
        if received_ms is not None:
            deadline_ms = due_at(received_at_ms=received_ms, deadline_class=enquiry.deadline_class)
        add_replies([said])
        add_items(reply_items(reply, items, enquiry=enquiry, said=said, sender=enquiry.partner), context=context)
        known[enquiry.matter] = settle(enquiry, said, received_ms=received_ms, deadline_ms=deadline_ms)
        accesses.append(_collected(enquiry, operation=Operation.COLLECTION, now_ms=now_ms))
    log_access(accesses, keys=context.keys)


def _forget_matches(items: Sequence[ItemRow]) -> None:
    """When a request ends, so does what was found about the person: the entries proposed would tell who it was."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM enquiries_match WHERE request = %s",
            [(item.statement,) for item in items if item.kind == REQUEST],
        )


def register_kinds() -> None:
    """Registers the kinds of this room, and what it derives from items."""
    register(REQUEST, _take_requests)
    for kind in (ANSWER, REFUSAL, PARTIAL_REFUSAL):
        register(kind, _take_replies)
    follow(_forget_matches)
    register_recovered_kinds()
