"""What officers do with enquiries: ask, answer, refuse, decide on a possible match.

Invariant: the law is asked first and nothing is stored when it says no; what is said, its item, its enquiry's state and
its leaf in the access journal are one commit with the post room's. Attestations come from officers of this agency, and
the word on a protected person from a head of service (Directive (EU) 2016/680, Articles 8, 10, 25 and 35; Directive
(EU) 2023/977, Articles 4 to 6).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from django.db import connection, transaction

from tansiq.cases.items import NewItem, evaluated_item, plain_item
from tansiq.cases.services import add_items
from tansiq.directory.queries import own_directory
from tansiq.enquiries.drafts import (
    ANSWER,
    CHANNEL,
    PARTIAL_REFUSAL,
    REFUSAL,
    REQUEST,
    URGENT_CLASSES,
    Way,
    reply_draft,
    request_draft,
)
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.routes import received_at
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
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.services import send_many
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.answer import Answer, Item, Refusal
from tansiq.policy.deadlines import due_at
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.policy.law import check_answer, check_enquiry, check_refusal
from tansiq.policy.subjects import Subject
from tansiq.policy.values import Attestation
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.ids import IdMaker, id_text

__all__ = [
    "MATCH_DECISIONS",
    "answer_enquiry",
    "decide_match",
    "note_receipts",
    "refuse_enquiry",
    "reply_items",
    "send_enquiries",
    "send_enquiry",
]

MATCH_DECISIONS = frozenset({"match.same", "match.different"})
_HEAD = "head"
_maker = IdMaker()


def _today(now_ms: int) -> dt.date:
    return dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()


def _attestations(law: LawBasis | None) -> Iterator[Attestation | None]:
    if law is not None and law.assurance is not None:
        yield law.assurance.death_penalty
        yield law.assurance.ill_treatment
    if law is not None and law.neutrality is not None:
        yield from (law.neutrality.political, law.neutrality.military, law.neutrality.religious, law.neutrality.racial)


def _check_attested(law: LawBasis | None, subjects: Sequence[Subject], directory: Directory) -> None:
    """Raises Refused unless officers of ours gave every answer, and a head of service every word on a protected person."""
    heads = {post.id for post in directory.posts if post.role == _HEAD}
    posts = {officer.number: officer.posts for officer in directory.officers}
    for one in _attestations(law):
        if one is not None and one.officer not in posts:
            raise Refused("enquiries.not-attested-here", officer=one.officer)
    for subject in subjects:
        if subject.decision is not None and heads.isdisjoint(posts.get(subject.decision.officer, ())):
            raise Refused("enquiries.no-head", officer=subject.decision.officer)


def send_enquiries(
    requests: Sequence[Enquiry],
    *,
    context: Context,
    officer: ActingOfficer,
    from_post: str,
    to_post: str,
    via_office_post: str,
    case: bytes = b"",
) -> list[bytes]:
    """Sends ``requests`` from one desk to another in one commit; returns their matters, by which the enquiries are
    known.

    ``via_office_post`` is the embassy office, ours or the partner's. Raises Refused (law, not in the post, partner not
    confirmed, attested by somebody else), NotFound (no such desk), BadInput.
    """
    now_ms = context.clock()
    today = _today(now_ms)
    act = officer.acting(REQUEST, post=from_post)
    way = Way.find(from_post, via_office_post, to_post, context=context, now_ms=now_ms)
    directory = own_directory()
    for request in requests:
        check_enquiry(request, today=today)
        _check_attested(request.law, request.subjects, directory)
    matters = [_maker.make(now_ms) for _ in requests]
    partner = agency_of(to_post)
    with transaction.atomic():
        statements = send_many(
            [
                request_draft(request, matter=matter, case=case, way=way, act=act)
                for request, matter in zip(requests, matters, strict=True)
            ],
            context=context,
        )
        rows, items, accesses = [], [], []
        for request, matter, statement in zip(requests, matters, statements, strict=True):
            purpose = request.law.purpose or "" if request.law else ""
            rows.append(
                EnquiryRow(
                    matter=matter,
                    direction=Direction.OUT,
                    partner=partner,
                    own_post=from_post,
                    their_post=to_post,
                    office_post=via_office_post,
                    channel=CHANNEL,
                    case=case,
                    sought=request.sought,
                    field=request.law.offence or "" if request.law else "",
                    purpose=purpose,
                    deadline_class=request.deadline_class or "",
                    urgent=request.deadline_class in URGENT_CLASSES,
                    state="sent",
                    request=statement.id,
                    officer=officer.number,
                    sent_ms=statement.time_ms,
                )
            )
            items.append(
                plain_item(
                    case=case or matter,
                    statement=statement.id,
                    place=0,
                    kind=REQUEST,
                    originator=context.agency,
                    received_ms=now_ms,
                    subjects=request.subjects,
                    conditions=request.conditions,
                    purpose=purpose,
                )
            )
            accesses.append(_disclosure(matter, officer.number, request.law, way, now_ms))
        add_enquiries(rows)
        add_items(items, context=context)
        log_access(accesses, keys=context.keys)
    return matters


def _disclosure(matter: bytes, officer: str, law: LawBasis | None, way: Way, now_ms: int) -> Access:
    """What the law wants logged of a transfer: who, to whom, for what purpose, on what basis (Article 25)."""
    law = law or LawBasis()
    return Access(
        operation=Operation.DISCLOSURE,
        officer=officer,
        thing=matter,
        purpose=law.purpose or "",
        justification=" ".join(code for code in (law.legal_basis, law.offence) if code),
        recipients=way.route[1:],
        time_ms=now_ms,
    )


def send_enquiry(
    request: Enquiry,
    *,
    context: Context,
    officer: ActingOfficer,
    from_post: str,
    to_post: str,
    via_office_post: str,
    case: bytes = b"",
) -> bytes:
    """Sends one request; see `send_enquiries`."""
    sent = send_enquiries(
        [request],
        context=context,
        officer=officer,
        from_post=from_post,
        to_post=to_post,
        via_office_post=via_office_post,
        case=case,
    )
    return sent[0]


def _to_reply_to(matter: bytes, officer: ActingOfficer) -> EnquiryRow:
    """The partner's enquiry, held until the transaction ends. Raises NotFound, Conflict (it is closed)."""
    rows = enquiry_rows("matter = %s AND direction = %s", (matter, int(Direction.IN)), lock=True)
    if not rows or rows[0].own_post not in officer.posts:
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    if not rows[0].is_open:
        raise Conflict("enquiries.closed", enquiry=id_text(matter), state=rows[0].state)
    return rows[0]


def _reply(
    matter: bytes,
    reply: Answer | Refusal,
    items: Sequence[Item],
    *,
    kind: str,
    law: LawBasis | None,
    context: Context,
    officer: ActingOfficer,
) -> bytes:
    now_ms = context.clock()
    with transaction.atomic():
        enquiry = _to_reply_to(matter, officer)
        way = Way.find(enquiry.own_post, enquiry.office_post, enquiry.their_post, context=context, now_ms=now_ms)
        act = officer.acting(kind, post=enquiry.own_post)
        earlier = [one.statement for one in replies_of([matter])]
        asked = Docket(
            kind=REQUEST, channel=enquiry.channel, matter=matter, sender=enquiry.their_post, route=(), addressees=(), field=enquiry.field,
            case=enquiry.case, deadline_class=enquiry.deadline_class,
        )  # fmt: skip
        draft = reply_draft(reply, items, request=asked, follows=(enquiry.request, *earlier), way=way, act=act)
        statement = send_many([draft], context=context)[0]
        said = ReplyRow.of(
            reply, statement=statement.id, matter=matter, kind=kind, post=enquiry.own_post, officer=officer.number, items=len(items),
            said_ms=statement.time_ms, at_ms=now_ms,
        )  # fmt: skip
        add_replies([said])
        add_items(
            reply_items(
                reply, items, enquiry=enquiry, statement=statement.id, kind=kind, sender=context.agency, at_ms=now_ms
            ),
            context=context,
        )
        settle(enquiry, said, received_ms=enquiry.received_ms, deadline_ms=enquiry.deadline_ms)
        log_access([_disclosure(matter, officer.number, law, way, now_ms)], keys=context.keys)
    return statement.id


def reply_items(
    reply: Answer | Refusal,
    items: Sequence[Item],
    *,
    enquiry: EnquiryRow,
    statement: bytes,
    kind: str,
    sender: str,
    at_ms: int,
) -> list[NewItem]:
    """The items that a reply is made of: its cover in part 0, and each piece of information in a part of its own."""
    case = enquiry.case or enquiry.matter
    purpose = (
        reply.law.purpose
        if isinstance(reply, Answer) and reply.law is not None and reply.law.purpose
        else enquiry.purpose
    )
    cover = plain_item(
        case=case, statement=statement, place=0, kind=kind, originator=sender, received_ms=at_ms, purpose=purpose
    )
    return [
        cover,
        *(
            evaluated_item(
                item, case=case, statement=statement, place=place, received_ms=at_ms, purpose=purpose, sender=sender
            )
            for place, item in enumerate(items, 1)
        ),
    ]


def answer_enquiry(
    matter: bytes, *, context: Context, officer: ActingOfficer, answer: Answer, items: Sequence[Item] = ()
) -> bytes:
    """Answers a partner's enquiry; returns the statement's id. An outcome of ``answer.partial`` leaves it open.

    Raises NotFound (no such enquiry on the officer's desk), Conflict (it is closed), Refused (law, attested by somebody
    else).
    """
    assessed = tuple(item.assessed() for item in items)
    check_answer(answer, assessed, agency=context.agency, today=_today(context.clock()))
    _check_attested(answer.law, [subject for item in assessed for subject in item.subjects], own_directory())
    return _reply(matter, answer, assessed, kind=ANSWER, law=answer.law, context=context, officer=officer)


def refuse_enquiry(matter: bytes, *, context: Context, officer: ActingOfficer, refusal: Refusal) -> bytes:
    """Refuses a partner's enquiry on coded grounds; returns the statement's id. A partial refusal leaves it open.

    Raises as `answer_enquiry`.
    """
    check_refusal(refusal)
    kind = PARTIAL_REFUSAL if refusal.partial else REFUSAL
    return _reply(matter, refusal, (), kind=kind, law=None, context=context, officer=officer)


def decide_match(matter: bytes, entry: bytes, decision: str, *, context: Context, officer: ActingOfficer) -> None:
    """Records an officer's decision whether a proposed entry is the person asked about; a later one takes its place.

    Raises BadInput (no such decision), NotFound (no such enquiry on the officer's desk, no such proposal).
    """
    if decision not in MATCH_DECISIONS:
        raise BadInput("enquiries.wrong-decision")
    now_ms = context.clock()
    with transaction.atomic():
        rows = enquiry_rows("matter = %s", (matter,), lock=True)
        if not rows or rows[0].own_post not in officer.posts:
            raise NotFound("enquiries.unknown", enquiry=id_text(matter))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE enquiries_match SET decision = %s, decided_by = %s, decided_ms = %s WHERE matter = %s AND entry = %s",
                (decision, officer.number, now_ms, matter, entry),
            )
            if not cursor.rowcount:
                raise NotFound("enquiries.unknown-match", enquiry=id_text(matter))
        access = Access(
            operation=Operation.COMBINATION,
            officer=officer.number,
            thing=matter,
            purpose=rows[0].purpose,
            justification=decision,
            time_ms=now_ms,
        )
        log_access([access], keys=context.keys)


def note_receipts(*, context: Context, limit: int = 1000) -> int:
    """Writes down when partners received our enquiries, and so when their answers are due; returns how many. For the
    clock's sweep.
    """
    with transaction.atomic():
        waiting = enquiry_rows("received_ms IS NULL ORDER BY sent_ms LIMIT %s", (limit,))
        noted = []
        for partner in {row.partner for row in waiting}:
            known = received_at([row.request for row in waiting if row.partner == partner], partner)
            noted += [(row, known[row.request]) for row in waiting if row.request in known]
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE enquiries_enquiry SET received_ms = %s, deadline_ms = %s, state = CASE WHEN state = 'sent' THEN 'received' ELSE state END "
                "WHERE matter = %s AND received_ms IS NULL",
                [
                    (at_ms, due_at(received_at_ms=at_ms, deadline_class=row.deadline_class), row.matter)
                    for row, at_ms in noted
                ],
            )
    return len(noted)
