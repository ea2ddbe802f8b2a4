"""Rows of enquiries, written and read in batches: what services, handlers and queries share.

Invariant: one place knows the columns. States: *sent* (ours, no receipt yet), *received*, *partial* (something was
said, more is to come), *answered*, *refused*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.db import connection

from tansiq.cases.items import DAY_MS
from tansiq.cases.services import bring_forward
from tansiq.policy.answer import Answer, Refusal

__all__ = [
    "CLOSED_REVIEW_MS", "NO_HIT_MS", "Direction", "EnquiryRow", "ReplyRow", "add_enquiries", "add_replies", "enquiry_rows", "replies_of",
    "settle",
]  # fmt: skip

CLOSED_REVIEW_MS = 182 * DAY_MS
"""First review at most six months after an exchange closes (Directive (EU) 2023/977, Article 16(3))."""
NO_HIT_MS = 30 * DAY_MS
"""What a partner asked about, and of which we have nothing, ends here after thirty days."""


class Direction(IntEnum):
    """Who asks."""

    OUT = 1
    IN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryRow:
    """A row of `models.Enquiry`."""

    matter: bytes
    direction: Direction
    partner: str
    own_post: str
    their_post: str
    office_post: str
    channel: str
    case: bytes
    sought: tuple[str, ...]
    field: str
    purpose: str
    deadline_class: str
    urgent: bool
    state: str
    outcome: str = ""
    request: bytes
    officer: str
    sent_ms: int
    received_ms: int | None = None
    deadline_ms: int | None = None
    answered_ms: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is still to be said."""
        return self.state in {"sent", "received", "partial"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRow:
    """A row of `models.Reply`."""

    statement: bytes
    matter: bytes
    kind: str
    post: str
    officer: str
    outcome: str
    grounds: tuple[str, ...]
    items: int
    said_ms: int
    at_ms: int

    @classmethod
    def of(cls, reply: Answer | Refusal, *, statement: bytes, matter: bytes, kind: str, post: str, officer: str, items: int,
           said_ms: int, at_ms: int) -> ReplyRow:  # fmt: skip
        """The row of a reply: its codes."""
        refusal = isinstance(reply, Refusal)
        return cls(
            statement=statement,
            matter=matter,
            kind=kind,
            post=post,
            officer=officer,
            outcome="" if isinstance(reply, Refusal) else reply.outcome or "",
            grounds=reply.grounds if isinstance(reply, Refusal) else (),
            items=0 if refusal else items,
            said_ms=said_ms,
            at_ms=at_ms,
        )

    @property
    def state(self) -> str:
        """The state in which it leaves the enquiry."""
        if self.kind == "enquiry.refusal":
            return "refused"
        return "partial" if self.outcome == "answer.partial" or self.kind == "enquiry.partial-refusal" else "answered"


def add_enquiries(rows: Sequence[EnquiryRow]) -> None:
    """Adds enquiries, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO enquiries_enquiry (matter, direction, partner, own_post, their_post, office_post, channel, case_ref, sought, field, "
            "purpose, deadline_class, urgent, state, is_open, outcome, request, officer, sent_ms, received_ms, deadline_ms, answered_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '', %s, %s, %s, %s, %s, NULL)",
            [
                (
                    one.matter, int(one.direction), one.partner, one.own_post, one.their_post, one.office_post, one.channel,
                    one.case or None, " ".join(one.sought)[:256], one.field, one.purpose, one.deadline_class, one.urgent, one.state, one.is_open,
                    one.request, one.officer, one.sent_ms, one.received_ms, one.deadline_ms,
                )
                for one in rows
            ],
        )  # fmt: skip


_FIELDS = (
    "matter, direction, partner, own_post, their_post, office_post, channel, case_ref, sought, field, purpose, deadline_class, urgent, state, "
    "outcome, request, officer, sent_ms, received_ms, deadline_ms, answered_ms"
)


def _row(row: Sequence[Any]) -> EnquiryRow:
    return EnquiryRow(
        matter=bytes(row[0]), direction=Direction(row[1]), partner=row[2], own_post=row[3], their_post=row[4], office_post=row[5],
        channel=row[6], case=b"" if row[7] is None else bytes(row[7]), sought=tuple(row[8].split()), field=row[9], purpose=row[10],
        deadline_class=row[11], urgent=bool(row[12]), state=row[13], outcome=row[14], request=bytes(row[15]), officer=row[16],
        sent_ms=row[17], received_ms=row[18], deadline_ms=row[19], answered_ms=row[20],
    )  # fmt: skip


def enquiry_rows(where: str, values: Sequence[object], *, lock: bool = False) -> list[EnquiryRow]:
    """The enquiries that ``where`` (SQL of this room's own) selects; ``lock`` holds them until the transaction ends."""
    held = " FOR UPDATE" if lock and connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_FIELDS} FROM enquiries_enquiry WHERE {where}{held}", list(values))
        return [_row(row) for row in cursor.fetchall()]


def add_replies(rows: Sequence[ReplyRow]) -> None:
    """Adds replies, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO enquiries_reply (statement, matter, kind, post, officer, outcome, grounds, items, said_ms, at_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (one.statement, one.matter, one.kind, one.post, one.officer, one.outcome, " ".join(one.grounds)[:512], one.items, one.said_ms,
                 one.at_ms)
                for one in rows
            ],
        )  # fmt: skip


def replies_of(matters: Sequence[bytes]) -> list[ReplyRow]:
    """What was said in reply in ``matters``, the oldest first."""
    if not matters:
        return []
    marks = ", ".join(["%s"] * len(matters))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, matter, kind, post, officer, outcome, grounds, items, said_ms, at_ms FROM enquiries_reply "
            f"WHERE matter IN ({marks}) ORDER BY statement",
            list(matters),
        )
        return [
            ReplyRow(
                statement=bytes(row[0]), matter=bytes(row[1]), kind=row[2], post=row[3], officer=row[4], outcome=row[5],
                grounds=tuple(row[6].split()), items=row[7], said_ms=row[8], at_ms=row[9],
            )
            for row in cursor.fetchall()
        ]  # fmt: skip


def settle(enquiry: EnquiryRow, reply: ReplyRow, *, received_ms: int | None, deadline_ms: int | None) -> None:
    """What a reply does to its enquiry: state, outcome, the moment of the answer, and how long its items stay. In the
    caller's transaction.
    """
    closed = reply.state != "partial"
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE enquiries_enquiry SET state = %s, is_open = %s, outcome = %s, answered_ms = %s, received_ms = %s, deadline_ms = %s "
            "WHERE matter = %s",
            (
                reply.state,
                not closed,
                reply.outcome,
                reply.at_ms if closed else None,
                received_ms,
                deadline_ms,
                enquiry.matter,
            ),
        )
    if closed:
        nothing_held = enquiry.direction == Direction.IN and reply.outcome == "answer.no-hit"
        review_ms = reply.at_ms + CLOSED_REVIEW_MS
        bring_forward(
            [enquiry.request], review_ms=review_ms, erase_ms=reply.at_ms + NO_HIT_MS if nothing_held else None
        )
        bring_forward([reply.statement], review_ms=review_ms)
