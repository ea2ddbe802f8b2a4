"""Flags: who asks about somebody, or seeks somebody, whom a service has declared held, found or dead, is told at once.

Invariant: twice, by two nodes. Before anything is sent, the sender's own node compares with what was declared to it
(`warnings_for`). When it arrives all the same, the node of the service that declared compares with its own declarations: to
whom it declared the person it points to that declaration by itself, for that tells nothing new; to whom it did not, it tells
nothing, and its own desk is asked. A flag that points to nothing we were told is refused. What a machine finds is proposed
to a person, with its reasons.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.sql import insert, marks
from tansiq.channels.ways import along
from tansiq.enquiries.drafts import REQUEST
from tansiq.enquiries.notices import ring
from tansiq.enquiries.rows import Direction as Asking
from tansiq.enquiries.rows import enquiry_rows
from tansiq.errors import BadInput, Error, NotFound, NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices.declared import DECLARED, HELD, DeclarationRow, Direction, declaration_rows
from tansiq.notices.desks import own_desk
from tansiq.notices.kinds import FLAG, Side
from tansiq.notices.making import answer_draft, lane_of
from tansiq.notices.rows import NoticeRow, notice_rows
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.notice import Notice, StatusFlag
from tansiq.policy.subjects import Subject
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part
from tansiq.registers.matching import SAME_DOCUMENT, PossibleMatch, index_of

__all__ = [
    "FlagRow", "Told", "Warned", "flag_asked", "flag_bound", "flag_rows", "mark_seen", "take_flags", "warnings_for",
]  # fmt: skip

SURE: Final = 0.9
"""From this probability on, and with a birth that agrees, a machine points to a declaration by itself; the number of a
document is as good. A name alone is borne by several.
"""
_BORN: Final = frozenset({"names.birth-same-day", "names.birth-same-year", "names.birth-swapped"})
_LIKELY: Final = 0.3
"""Below it nobody is warned: every common name would be."""
_MOST: Final = 5
_log = logging.getLogger("tansiq.notices")


class Told(IntEnum):
    """Who told whom."""

    OUT = 1
    """We told it to who asks."""
    IN = 2
    """It was told to us."""
    DESK = 3
    """Who asks was not told; our own desk is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRow:
    """A row of `models.Flag`; the columns in this order."""

    asked: bytes
    declaration: bytes
    matter: bytes
    direction: Told
    agency: str
    post: str
    status: str
    subject: int = 0
    score: float = 0.0
    reasons: tuple[str, ...] = ()
    at_ms: int
    seen_by: str = ""
    seen_ms: int | None = None


_COLUMNS: Final = tuple(field.name for field in fields(FlagRow))
_ADD: Final = insert("notices_flag", _COLUMNS, "ON CONFLICT DO NOTHING")


def flag_rows(where: str, values: Sequence[Any]) -> list[FlagRow]:
    """The flags that ``where`` (SQL of this room's own) selects."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM notices_flag WHERE {where}", list(values))
        return [
            FlagRow(
                **dict(zip(_COLUMNS, row, strict=True))
                | {
                    "asked": bytes(row[0]),
                    "declaration": bytes(row[1]),
                    "matter": bytes(row[2]),
                    "direction": Told(row[3]),
                    "reasons": tuple(row[9].split()),
                }
            )
            for row in cursor.fetchall()
        ]


def _keep(row: FlagRow) -> bool:
    """Keeps a flag, in the caller's transaction; whether it is new."""
    values = [" ".join(row.reasons)[:1024] if name == "reasons" else getattr(row, name) for name in _COLUMNS]
    with connection.cursor() as cursor:
        cursor.execute(_ADD, values)
        fresh = bool(cursor.rowcount)
    if fresh and row.direction is not Told.OUT:
        ring([(row.post, True)])
    return fresh


def mark_seen(matter: bytes, *, posts: Sequence[str], officer: str, now_ms: int) -> None:
    """An officer of one of these desks has looked at the flags of a matter."""
    if posts:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE notices_flag SET seen_by = %s, seen_ms = %s WHERE matter = %s AND seen_ms IS NULL "
                f"AND post IN ({marks(posts)})",
                [officer, now_ms, matter, *posts],
            )


# ---------------------------------------------------------------------------------------------------- before it is sent


@dataclass(frozen=True, slots=True)
class Warned:
    """Somebody who is asked about may be a person that was declared: which of the subjects, by whom, as what, how sure."""

    place: int
    declaration: DeclarationRow
    score: float
    reasons: tuple[str, ...]
    name: str


def _is_sure(match: PossibleMatch) -> bool:
    return SAME_DOCUMENT in match.reasons or (match.score >= SURE and not _BORN.isdisjoint(match.reasons))


def _found(
    subjects: Sequence[Subject], registers: Sequence[str], context: Context
) -> Iterator[tuple[int, PossibleMatch, list[DeclarationRow]]]:
    """For each subject the persons of these registers who may be meant, as they were at the index's last refresh, with the
    declarations about them.
    """
    index = index_of(context)
    for place, subject in enumerate(subjects):
        for match in index.match(subject, limit=_MOST, registers=registers):
            if match.score >= _LIKELY or SAME_DOCUMENT in match.reasons:
                direction = Direction.OUT if match.register == HELD else Direction.IN
                rows = declaration_rows(
                    "reference = %s AND direction = %s AND ended_ms IS NULL ORDER BY at_ms",
                    (match.reference, int(direction)),
                )
                if rows:
                    yield place, match, rows


def warnings_for(subjects: Sequence[Subject], *, context: Context) -> list[Warned]:
    """What was declared, to us or by us, of those who are asked about: for the page on which something is written."""
    index_of(context).refresh()
    return [
        Warned(place, rows[-1], match.score, match.reasons, match.name)
        for place, match, rows in _found(subjects, (DECLARED, HELD), context)
    ]


# ---------------------------------------------------------------------------------------------------- when it arrives


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who asks about whom: the statement in which the persons are named, its matter, and the desks of both."""

    statement: bytes
    matter: bytes
    agency: str
    own_post: str
    subjects: Sequence[Subject]


def _flags(asked: _Asked, context: Context) -> Iterator[tuple[FlagRow, DeclarationRow | None]]:
    """What is to be told: to who asks, with the declaration that was made to them, or to our own desk."""
    now_ms = context.clock()
    for place, match, rows in _found(asked.subjects, (HELD,), context):
        theirs = next((row for row in rows if asked.agency in row.recipients), None)
        told = theirs if theirs is not None and _is_sure(match) else None
        about = told or rows[-1]
        yield (
            FlagRow(
                asked=asked.statement,
                declaration=about.statement,
                matter=asked.matter,
                direction=Told.OUT if told is not None else Told.DESK,
                agency=asked.agency,
                post=asked.own_post,
                status=about.status,
                subject=place,
                score=match.score,
                reasons=match.reasons,
                at_ms=now_ms,
            ),
            told,
        )


def _body(row: FlagRow) -> StatusFlag:
    return StatusFlag(
        declaration=id_text(row.declaration), status=row.status, subject=row.subject, reasons=row.reasons[:16]
    )


def _tell(asked: _Asked, draft_of: Any, context: Context) -> None:
    for row, told in _flags(asked, context):
        sent = row
        if told is not None:
            try:
                with transaction.atomic():
                    send(draft_of(_body(row)), context=context)
            except Error as error:
                # There is no way back that this node may use by itself: then a person is asked.
                _log.warning("a flag could not be sent: %s", error.code)
                sent = replace(row, direction=Told.DESK)
        if _keep(sent):
            access = Access(
                operation=Operation.COMBINATION,
                officer="node",
                thing=asked.matter,
                purpose="",
                justification=row.status,
                recipients=(asked.agency,) if sent.direction is Told.OUT else (),
                time_ms=context.clock(),
            )
            log_access([access], keys=context.keys)


def _back(one: Arrived, own_post: str, context: Context) -> Any:
    """Makes the draft of a flag that goes back by the way by which something came."""

    def draft(body: StatusFlag) -> Draft:
        docket = one.docket
        route = docket.route[::-1]
        way = along(docket.channel, route, context=context, now_ms=context.clock(), copies=docket.copies)
        return Draft(
            docket=Docket(
                kind=FLAG,
                channel=docket.channel,
                field=docket.field,
                matter=docket.matter,
                answers=one.statement.id,
                follows=(one.statement.id,),
                classification=docket.classification,
                handling=docket.handling,
                sender=own_post,
                route=way.route,
                addressees=(way.addressee,),
                copies=way.copies,
            ),
            parts=[Part(FLAG, dict(body.to_plain()))],
            readers=way.readers,
            lane=Lane.URGENT,
            handovers=way.handovers,
        )

    return draft


def flag_asked(arrived: Sequence[Arrived], context: Context) -> None:
    """Looks at the enquiries that were just taken: whoever of those asked about we have declared. In the dispatch's transaction."""
    if not any(one.docket.kind == REQUEST for one in arrived) or not index_of(context).persons().get(HELD):
        return  # we hold nobody declared
    for one in arrived:
        if one.docket.kind != REQUEST or not one.body_open or one.statement.agency == context.agency:
            continue
        part = one.part(REQUEST)
        own_post = next((post for post in one.docket.addressees if agency_of(post) == context.agency), "")
        if part is None or not own_post:
            continue
        asked = _Asked(
            statement=one.statement.id,
            matter=one.docket.matter,
            agency=one.statement.agency,
            own_post=own_post,
            subjects=Enquiry.from_plain(part.content).subjects,
        )
        _tell(asked, _back(one, own_post, context), context)


def flag_bound(row: NoticeRow, notice: Notice, context: Context) -> None:
    """Looks at a notice that begins to bind here: whoever of those sought we have declared. In the caller's transaction."""
    own_post = own_desk()
    if row.side is not Side.MEMBER:
        return
    index_of(context).refresh()

    def draft(body: StatusFlag) -> Draft:
        return answer_draft(
            FLAG,
            body,
            matter=row.matter,
            act=None,
            from_post=own_post,
            lane=lane_of(row.colour),
            to=row.source_post,
            now_ms=context.clock(),
            answers=row.version,
            follows=(row.version,),
            field=row.field,
        )

    asked = _Asked(
        statement=row.version,
        matter=row.matter,
        agency=row.source,
        own_post=own_post or row.source_post,
        subjects=notice.subjects,
    )
    _tell(asked, draft, context)


# ---------------------------------------------------------------------------------------------------- when it comes back


def _own_post_of(one: Arrived) -> str:
    """The desk of ours that asked. Raises NotProven: we asked nothing of the kind."""
    asked = one.docket.answers
    rows = enquiry_rows("matter = %s AND direction = %s", (one.docket.matter, int(Asking.OUT)))
    if rows and rows[0].request == asked:
        return rows[0].own_post
    notices = notice_rows("matter = %s AND side = %s", (one.docket.matter, int(Side.SOURCE)))
    if notices and asked in {notices[0].first, notices[0].version}:
        return notices[0].source_post
    raise NotProven("notices.about-another")


def take_flags(arrived: Sequence[Arrived], context: Context) -> None:
    """Takes flags: who is asked about, or sought, was declared to us. In the dispatch's transaction.

    Raises NotProven for one that points to nothing that its service told us, or to nothing that we asked.
    """
    for one in arrived:
        if not one.body_open:
            raise NotFound("notices.body-closed")
        part = one.part(FLAG)
        if part is None:
            raise BadInput("notices.part-missing", kind=FLAG)
        body = StatusFlag.from_plain(part.content)
        declaration = bytes.fromhex(body.declaration.replace("-", ""))
        known = declaration_rows(
            "statement = %s AND direction = %s AND agency = %s", (declaration, int(Direction.IN), one.statement.agency)
        )
        if not known:
            raise NotProven("notices.flag-unfounded", agency=one.statement.agency)
        _keep(
            FlagRow(
                asked=one.docket.answers,
                declaration=declaration,
                matter=one.docket.matter,
                direction=Told.IN,
                agency=one.statement.agency,
                post=_own_post_of(one),
                status=known[0].status,
                subject=body.subject,
                reasons=body.reasons,
                at_ms=one.at_ms,
            )
        )
