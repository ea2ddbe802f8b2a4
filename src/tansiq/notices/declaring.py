"""Declarations about persons: a service tells others that it holds somebody, has found somebody, or knows somebody to be dead.

Invariant: what is declared to a service stands in that service's register ``declared``, what it declared itself in ``held``, each
under the declaration's matter, until it is ended by who made it. Nobody is told more than was declared to that one
(`flagging`). The failure that this prevents: in 2004 a man was sought internationally whom the neighbour had held for a week.

    person.status   by any of the channels, from a desk to a desk, signed by an officer
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import transaction

from tansiq.cases.items import Whence, plain_item
from tansiq.cases.queries import items_of
from tansiq.cases.services import add_items
from tansiq.channels.agreed import check_agreed
from tansiq.channels.arriving import came_by_their_way
from tansiq.channels.copies import note_said
from tansiq.channels.officers import ActingOfficer, verified_act
from tansiq.channels.ways import find
from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.drafts import languages_of
from tansiq.errors import BadInput, Conflict, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices.declared import (
    DeclarationRow,
    Direction,
    declaration_rows,
    end_declarations,
    keep_declaration,
    reference_of,
    require_room,
)
from tansiq.notices.kinds import STATUS
from tansiq.notices.saying import day_of
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.notice import StatusDeclaration
from tansiq.policy.notice_law import notice_word_faults
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.ids import IdMaker, id_text
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Statement

__all__ = ["ENDED", "RELEASED", "declare", "end_declaration", "take_status"]

RELEASED: Final = "status.released"
ENDED: Final = frozenset({RELEASED})
"""What ends an earlier declaration instead of making one."""
_NEWER: Final = "policy.law.code-unknown"
_maker = IdMaker()


# ---------------------------------------------------------------------------------------------------- said


def _draft(
    body: StatusDeclaration, to_post: str, *, channel: str, matter: bytes, follows: tuple[bytes, ...], officer: ActingOfficer,
    from_post: str, context: Context,
) -> Draft:  # fmt: skip
    way = find(channel, from_post, to_post, context=context, now_ms=context.clock())
    if way.closed:
        raise BadInput("notices.not-for-own-eyes")
    law, conditions = body.law or LawBasis(), body.conditions
    docket = Docket(
        kind=STATUS,
        channel=channel,
        field=law.offence or "",
        matter=matter,
        follows=follows,
        answers=follows[0] if follows else b"",
        classification=conditions.classification or "" if conditions is not None else "",
        handling=conditions.codes if conditions is not None else (),
        languages=languages_of(body.to_plain()),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )
    return Draft(
        docket=docket,
        parts=[Part(STATUS, dict(body.to_plain()))],
        readers=way.readers,
        act=officer.acting(STATUS, post=from_post),
        handovers=way.handovers,
    )


def _item(statement: Statement, body: StatusDeclaration, *, matter: bytes, received_ms: int, context: Context) -> None:
    whence = Whence(
        case=matter,
        statement=statement.id,
        sender=statement.agency,
        received_ms=received_ms,
        purpose=(body.law or LawBasis()).purpose or "",
    )
    add_items([plain_item(whence, STATUS, subjects=body.subjects, conditions=body.conditions)], context=context)


def _check(body: StatusDeclaration, *, said_ms: int, to: Sequence[str] = ()) -> None:
    """Raises Refused (law, attested by somebody else), also for a basis on which nothing leaves ``to`` one of these desks' services."""
    refuse(notice_word_faults(body, said_ms=said_ms, today=day_of(said_ms)))
    check_attested(body.law, body.subjects, own_directory())
    for agency in dict.fromkeys(map(agency_of, to)):
        check_agreed((body.law,), agency, at_ms=said_ms)


def _say(
    body: StatusDeclaration, to: Sequence[str], *, channel: str, matter: bytes, before: dict[str, bytes],
    officer: ActingOfficer, from_post: str, context: Context,
) -> list[tuple[Statement, str]]:  # fmt: skip
    """One statement for each desk, in the caller's transaction: each service sees whom it was told, and no other."""
    said = []
    for post in dict.fromkeys(to):
        follows = (before[agency_of(post)],) if agency_of(post) in before else ()
        draft = _draft(
            body, post, channel=channel, matter=matter, follows=follows, officer=officer, from_post=from_post, context=context,
        )  # fmt: skip
        statement = send(draft, context=context)
        note_said([(statement, draft.docket)], context=context)
        _item(statement, body, matter=matter, received_ms=statement.time_ms, context=context)
        said.append((statement, agency_of(post)))
    return said


def _disclosed(body: StatusDeclaration, matter: bytes, to: Sequence[str], officer: str, context: Context) -> None:
    law = body.law or LawBasis()
    access = Access(
        operation=Operation.DISCLOSURE if to else Operation.COLLECTION,
        officer=officer,
        thing=matter,
        purpose=law.purpose or "",
        justification=" ".join(code for code in (body.status, law.legal_basis, law.offence) if code),
        recipients=tuple(to),
        time_ms=context.clock(),
    )
    log_access([access], keys=context.keys)


def declare(
    body: StatusDeclaration,
    *,
    to: Sequence[str],
    officer: ActingOfficer,
    from_post: str,
    context: Context,
    channel: str = "embassy",
) -> bytes:
    """Declares to the desks ``to``, one statement each, that we hold somebody, have found or know somebody dead.

    Returns the matter. To nobody: it stays in our own register, and our desk is told when somebody asks about the person.
    Raises Refused (law, not the officer's desk), BadInput ('notices.not-a-declaration': that a person was released ends one),
    and what finding the way raises.
    """
    now_ms = context.clock()
    if from_post not in officer.posts:
        raise Refused("notices.not-your-desk", role="desk")
    if body.status in ENDED:
        raise BadInput("notices.not-a-declaration")
    _check(body, said_ms=now_ms, to=to)
    matter = _maker.make(now_ms)
    with transaction.atomic():
        said = _say(
            body, to, channel=channel, matter=matter, before={}, officer=officer, from_post=from_post, context=context
        )
        rows: list[tuple[bytes, int, tuple[str, ...]]]
        rows = [(statement.id, statement.time_ms, (agency,)) for statement, agency in said] or [(matter, now_ms, ())]
        for statement, said_ms, recipients in rows:
            row = DeclarationRow(
                statement=statement,
                matter=matter,
                direction=Direction.OUT,
                agency=context.agency,
                post=from_post,
                officer=officer.number,
                status=body.status or "",
                reference=matter.hex(),
                recipients=recipients,
                said_ms=said_ms,
                at_ms=said_ms,
            )
            keep_declaration(row, body.subjects[0], context=context)
        _disclosed(body, matter, to, officer.number, context)
    return matter


def end_declaration(
    matter: bytes, body: StatusDeclaration, *, to: Sequence[str], officer: ActingOfficer, context: Context, channel: str = "embassy"
) -> None:  # fmt: skip
    """Ends what we declared: the person was released, or it was a mistake; told to the desks ``to``, of those who had it. That passes
    on an agreement that has ended too: whoever was told must learn that it no longer holds.

    Raises as `declare`, NotFound and Conflict (it has ended).
    """
    now_ms = context.clock()
    if body.status not in ENDED:
        raise BadInput("notices.not-a-declaration")
    _check(body, said_ms=now_ms)
    with transaction.atomic():
        known = declaration_rows("matter = %s AND direction = %s", (matter, int(Direction.OUT)), lock=True)
        if not known or known[0].post not in officer.posts:
            raise NotFound("notices.unknown", notice=id_text(matter))
        rows = [row for row in known if row.ended_ms is None]
        if not rows:
            raise Conflict("notices.ended", notice=id_text(matter), state=body.status)
        before = {row.recipients[0]: row.statement for row in rows if row.recipients}
        _say(
            body, to, channel=channel, matter=matter, before=before, officer=officer, from_post=rows[0].post, context=context,
        )  # fmt: skip
        end_declarations(rows, context=context)
        _disclosed(body, matter, to, officer.number, context)


# ---------------------------------------------------------------------------------------------------- heard


def _read(one: Arrived) -> StatusDeclaration:
    if not one.body_open:
        raise NotFound("notices.body-closed")
    part = one.part(STATUS)
    if part is None:
        raise BadInput("notices.part-missing", kind=STATUS)
    body = StatusDeclaration.from_plain(part.content)
    said_ms = one.statement.time_ms
    faults = notice_word_faults(body, said_ms=said_ms, today=day_of(said_ms))
    refuse(Faults(fault for fault in faults if fault.code != _NEWER))
    return body


def _require_not_repeated(one: Arrived, known: Sequence[DeclarationRow]) -> None:
    """Raises Conflict ('notices.said-ended') for an end that was said before, as often as something was declared in its matter."""
    ends = [
        item for item in items_of(one.docket.matter) if (item.kind, item.originator) == (STATUS, one.statement.agency)
    ]
    if len(ends) >= 2 * len(known):
        raise Conflict("notices.said-ended", agency=one.statement.agency)


def take_status(arrived: Sequence[Arrived], context: Context) -> None:
    """Takes what a partner declares of a person, or that it no longer does. In the dispatch's transaction.

    Raises TooMuch ('notices.too-many-declarations'); the end of what was declared passes always, once for each declaration.
    """
    came_by_their_way(arrived, context)
    for one in arrived:
        body = _read(one)
        act = verified_act(one)
        if body.status in ENDED:
            known = declaration_rows(
                "matter = %s AND agency = %s AND direction = %s",
                (one.docket.matter, one.statement.agency, int(Direction.IN)),
            )
            if one.docket.answers not in {row.statement for row in known}:
                raise NotProven("notices.about-another")
            _require_not_repeated(one, known)
            _item(one.statement, body, matter=one.docket.matter, received_ms=one.at_ms, context=context)
            end_declarations([row for row in known if row.ended_ms is None], context=context)
            continue
        require_room(one.statement.agency, now_ms=context.clock())
        _item(one.statement, body, matter=one.docket.matter, received_ms=one.at_ms, context=context)
        row = DeclarationRow(
            statement=one.statement.id,
            matter=one.docket.matter,
            direction=Direction.IN,
            agency=one.statement.agency,
            post=next((post for post in one.docket.addressees if agency_of(post) == context.agency), act.post),
            officer=act.officer,
            status=body.status or "",
            reference=reference_of(one.docket.matter, one.statement.agency),
            said_ms=one.statement.time_ms,
            at_ms=one.at_ms,
        )
        keep_declaration(row, body.subjects[0], context=context)
        access = Access(
            operation=Operation.COLLECTION,
            officer="node",
            thing=one.docket.matter,
            purpose=(body.law or LawBasis()).purpose or "",
            justification=body.status or "",
            time_ms=context.clock(),
        )
        log_access([access], keys=context.keys)
