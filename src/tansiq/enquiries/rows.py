"""Rows of enquiries, written and read in batches: what services, handlers and queries share.

Invariant: one place knows the columns. States: *sent* (ours, no receipt yet), *received*, *partial* (something was
said, more is to come), *answered*, *refused*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

from django.db import connection

from tansiq.cases.items import DAY_MS
from tansiq.cases.services import bring_forward
from tansiq.cases.sql import for_update, insert, marks
from tansiq.policy.answer import Answer, Refusal

__all__ = [
    "CLOSED_REVIEW_MS",
    "NO_HIT_MS",
    "Direction",
    "EnquiryRow",
    "ReplyRow",
    "add_enquiries",
    "add_replies",
    "enquiry_rows",
    "replies_of",
    "settle",
]

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
    """A row of `models.Enquiry`; the columns in this order, ``case`` being ``case_ref``."""

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
    """A row of `models.Reply`; the columns in this order."""

    statement: bytes
    matter: bytes
    kind: str
    post: str
    officer: str
    said_ms: int
    at_ms: int
    outcome: str = ""
    grounds: tuple[str, ...] = ()
    items: int = 0

    def saying(self, reply: Answer | Refusal, *, items: int) -> ReplyRow:
        """This row with the codes of ``reply``."""
        if isinstance(reply, Refusal):
            return replace(self, grounds=reply.grounds)
        return replace(self, outcome=reply.outcome or "", items=items)

    @property
    def state(self) -> str:
        """The state in which it leaves the enquiry."""
        if self.kind == "enquiry.refusal":
            return "refused"
        return "partial" if self.outcome == "answer.partial" or self.kind == "enquiry.partial-refusal" else "answered"


_ENQUIRY = tuple("case_ref" if field.name == "case" else field.name for field in fields(EnquiryRow))
_REPLY = tuple(field.name for field in fields(ReplyRow))
_ADD_ENQUIRY = insert("enquiries_enquiry", (*_ENQUIRY, "is_open"))
_ADD_REPLY = insert("enquiries_reply", _REPLY)


def add_enquiries(rows: Sequence[EnquiryRow]) -> None:
    """Adds enquiries, in the caller's transaction."""
    values = [
        (
            one.matter, int(one.direction), one.partner, one.own_post, one.their_post, one.office_post, one.channel,
            one.case or None, " ".join(one.sought)[:256], one.field, one.purpose, one.deadline_class, one.urgent,
            one.state, one.outcome, one.request, one.officer, one.sent_ms, one.received_ms, one.deadline_ms,
            one.answered_ms, one.is_open,
        )
        for one in rows
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_ENQUIRY, values)


def enquiry_rows(where: str, values: Sequence[Any], *, lock: bool = False) -> list[EnquiryRow]:
    """The enquiries that ``where`` (SQL of this room's own) selects; ``lock`` holds them until the transaction ends."""
    held = for_update() if lock else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_ENQUIRY)} FROM enquiries_enquiry WHERE {where}{held}", values)
        found = [dict(zip((field.name for field in fields(EnquiryRow)), row, strict=True)) for row in cursor.fetchall()]
    return [
        EnquiryRow(
            **row
            | {
                "matter": bytes(row["matter"]),
                "direction": Direction(row["direction"]),
                "case": bytes(row["case"] or b""),
                "sought": tuple(row["sought"].split()),
                "urgent": bool(row["urgent"]),
                "request": bytes(row["request"]),
            }
        )
        for row in found
    ]


def add_replies(rows: Sequence[ReplyRow]) -> None:
    """Adds replies, in the caller's transaction."""
    values = [
        (
            one.statement, one.matter, one.kind, one.post, one.officer, one.said_ms, one.at_ms, one.outcome,
            " ".join(one.grounds)[:512], one.items,
        )
        for one in rows
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_REPLY, values)


def replies_of(matters: Sequence[bytes]) -> list[ReplyRow]:
    """What was said in reply in ``matters``, the oldest first."""
    if not matters:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_REPLY)} FROM enquiries_reply WHERE matter IN ({marks(matters)}) ORDER BY statement",
            list(matters),
        )
        found = [dict(zip(_REPLY, row, strict=True)) for row in cursor.fetchall()]
    return [
        ReplyRow(
            **row
            | {
                "statement": bytes(row["statement"]),
                "matter": bytes(row["matter"]),
                "grounds": tuple(row["grounds"].split()),
            }
        )
        for row in found
    ]


def settle(enquiry: EnquiryRow, reply: ReplyRow, *, received_ms: int | None, deadline_ms: int | None) -> EnquiryRow:
    """What a reply does to its enquiry: its state, outcome, moments, and how long its items stay; returns the new row.

    In the caller's transaction.
    """
    settled = replace(
        enquiry,
        state=reply.state,
        outcome=reply.outcome,
        answered_ms=None if reply.state == "partial" else reply.at_ms,
        received_ms=received_ms,
        deadline_ms=deadline_ms,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE enquiries_enquiry SET state = %s, is_open = %s, outcome = %s, answered_ms = %s, received_ms = %s, "
            "deadline_ms = %s WHERE matter = %s",
            (
                settled.state, settled.is_open, settled.outcome, settled.answered_ms, received_ms, deadline_ms,
                settled.matter,
            ),
        )  # fmt: skip
    if not settled.is_open:
        nothing_held = enquiry.direction == Direction.IN and reply.outcome == "answer.no-hit"
        review_ms = reply.at_ms + CLOSED_REVIEW_MS
        bring_forward(
            [enquiry.request], review_ms=review_ms, erase_ms=reply.at_ms + NO_HIT_MS if nothing_held else None
        )
        bring_forward([reply.statement], review_ms=review_ms)
    return settled
