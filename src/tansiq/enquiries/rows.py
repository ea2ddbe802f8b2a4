"""Rows of enquiries, written and read in batches: what services, handlers and queries share.

Invariant: one place knows the columns. The state and the clock of a row are those of `policy.course` for the words that
are here; nothing else writes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import Any

from django.db import connection

from tansiq.cases.sql import for_update, insert, marks
from tansiq.channels.ways import is_plain
from tansiq.enquiries.terms import terms
from tansiq.policy.answer import Answer, Refusal
from tansiq.policy.course import OPEN_STATES, Move, Word
from tansiq.policy.reminding import steps_of
from tansiq.protocol.docket import agency_of

__all__ = [
    "MOVES",
    "UNDATED_MS",
    "Direction",
    "EnquiryRow",
    "ReplyRow",
    "add_enquiries",
    "add_replies",
    "enquiry_rows",
    "order_of",
    "remind_at",
    "replies_of",
    "store_course",
    "way_text",
]

UNDATED_MS = 1 << 53
"""On a desk, what has no deadline stands behind everything that has one, the latest first."""
MOVES = {
    "enquiry.answer": Move.ANSWER,
    "enquiry.partial-refusal": Move.PARTIAL,
    "enquiry.refusal": Move.REFUSAL,
    "enquiry.clarification-request": Move.ASK_BACK,
    "enquiry.clarification": Move.CLARIFY,
    "enquiry.delay": Move.DELAY,
    "enquiry.reminder": Move.REMIND,
    "enquiry.withdrawal": Move.WITHDRAW,
    "enquiry.feedback": Move.FEEDBACK,
}
"""What each kind of word does to an enquiry (an answer may be partial)."""


class Direction(IntEnum):
    """Who asks."""

    OUT = 1
    IN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class EnquiryRow:
    """A row of `models.Enquiry`; the columns in this order, ``case`` being ``case_ref``. ``way`` is the route and the copies
    of a request that did not go the plain way (`way_text`).
    """

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
    order_ms: int | None = None
    said: int | None = None
    delays: int | None = None
    remind_ms: int | None = None
    way: str = ""

    @property
    def route(self) -> tuple[str, ...]:
        """The desks that the request passed, the asker's first; of the plain way they are told by the three posts."""
        if self.way:
            return tuple(self.way.partition("|")[0].split())
        ours_first = (self.own_post, self.office_post, self.their_post)
        return tuple(post for post in (ours_first if self.direction == Direction.OUT else ours_first[::-1]) if post)

    @property
    def hop(self) -> str:
        """The agency with whose node ours exchanges it: the partner's, or that of the next desk on the way."""
        ours = agency_of(self.own_post)
        ours_first = self.route if self.direction == Direction.OUT else self.route[::-1]
        return next((one for one in map(agency_of, ours_first) if one != ours), self.partner)

    @property
    def copies(self) -> tuple[str, ...]:
        """The desks that got the request's docket."""
        return tuple(self.way.partition("|")[2].split())

    @property
    def is_open(self) -> bool:
        """Whether something is still to be said."""
        return self.state in OPEN_STATES

    @property
    def paused(self) -> bool:
        """Whether the clock stands still, for a clarification is awaited."""
        return (
            self.is_open and self.deadline_ms is None and self.received_ms is not None and self.deadline_class != "none"
        )


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
    follows: tuple[bytes, ...] = ()
    until_ms: int | None = None

    def saying(self, reply: Answer | Refusal, *, items: int) -> ReplyRow:
        """This row with the codes of ``reply``."""
        if isinstance(reply, Refusal):
            return replace(self, grounds=reply.grounds)
        return replace(self, outcome=reply.outcome or "", items=items)

    @property
    def move(self) -> Move:
        """What it does to the enquiry."""
        return Move.PARTIAL if self.outcome == "answer.partial" else MOVES[self.kind]

    @property
    def word(self) -> Word:
        """It as the course of an enquiry is judged by."""
        ground = self.grounds[0] if self.grounds and self.kind == "enquiry.delay" else ""
        return Word(
            id=self.statement,
            move=self.move,
            said_ms=self.said_ms,
            follows=self.follows,
            until_ms=self.until_ms,
            ground=ground,
        )


def way_text(channel: str, route: Sequence[str], copies: Sequence[str]) -> str:
    """How a row keeps the way of its request; '' where its desks tell it."""
    return "" if is_plain(channel, route, copies) else f"{' '.join(route)}|{' '.join(copies)}"


_ENQUIRY = tuple("case_ref" if field.name == "case" else field.name for field in fields(EnquiryRow))
_REPLY = tuple(field.name for field in fields(ReplyRow))
_ADD_ENQUIRY = insert("enquiries_enquiry", (*_ENQUIRY, "is_open"))
_ADD_REPLY = insert("enquiries_reply", _REPLY)


def order_of(row: EnquiryRow, *, ended_ms: int | None) -> int:
    """Where a row stands on a desk: an open one when it is due, a closed one when it ended."""
    if row.is_open:
        return UNDATED_MS - row.sent_ms if row.deadline_ms is None else row.deadline_ms
    return ended_ms or row.answered_ms or row.sent_ms


def remind_at(row: EnquiryRow) -> int | None:
    """When the clock first has to look at a row again: the desk that must answer before it is due, the one that asked
    when the partner is late; None: never.
    """
    if not row.is_open or row.deadline_ms is None:
        return None
    if row.direction == Direction.OUT:
        return row.deadline_ms
    return steps_of(deadline_ms=row.deadline_ms, deadline_class=row.deadline_class, steps=terms().steps)[0][1]


def add_enquiries(rows: Sequence[EnquiryRow]) -> None:
    """Adds enquiries, in the caller's transaction."""
    values = [
        (
            one.matter, int(one.direction), one.partner, one.own_post, one.their_post, one.office_post, one.channel,
            one.case or None, " ".join(one.sought)[:256], one.field, one.purpose, one.deadline_class, one.urgent,
            one.state, one.outcome, one.request, one.officer, one.sent_ms, one.received_ms, one.deadline_ms,
            one.answered_ms, order_of(one, ended_ms=None), 0, 0, remind_at(one), one.way or None, one.is_open,
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
                "way": row["way"] or "",
            }
        )
        for row in found
    ]


def add_replies(rows: Sequence[ReplyRow]) -> None:
    """Adds words, in the caller's transaction."""
    values = [
        (
            one.statement, one.matter, one.kind, one.post, one.officer, one.said_ms, one.at_ms, one.outcome,
            " ".join(one.grounds)[:512], one.items, b"".join(one.follows), one.until_ms,
        )
        for one in rows
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_REPLY, values)


def replies_of(matters: Sequence[bytes]) -> list[ReplyRow]:
    """What was said after the requests of ``matters``, the oldest first."""
    if not matters:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_REPLY)} FROM enquiries_reply WHERE matter IN ({marks(matters)}) ORDER BY statement",
            list(matters),
        )
        found = [dict(zip(_REPLY, row, strict=True)) for row in cursor.fetchall()]
    out: list[ReplyRow] = []
    last: dict[bytes, tuple[bytes, ...]] = {}
    for row in found:
        statement, matter, follows = bytes(row["statement"]), bytes(row["matter"]), row["follows"]
        out.append(
            ReplyRow(
                **row
                | {
                    "statement": statement,
                    "matter": matter,
                    "grounds": tuple(row["grounds"].split()),
                    # A row of an older version does not say what it follows: the one before it.
                    "follows": last.get(matter, ()) if follows is None else _ids(bytes(follows)),
                }
            )
        )
        last[matter] = (statement,)
    return out


def _ids(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[at : at + 16] for at in range(0, len(joined), 16))


def store_course(row: EnquiryRow) -> None:
    """Writes what a word, or a receipt, has changed of a row, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE enquiries_enquiry SET state = %s, is_open = %s, outcome = %s, answered_ms = %s, received_ms = %s, "
            "deadline_ms = %s, order_ms = %s, said = %s, delays = %s, remind_ms = %s WHERE matter = %s",
            (
                row.state, row.is_open, row.outcome, row.answered_ms, row.received_ms, row.deadline_ms, row.order_ms,
                row.said, row.delays, row.remind_ms, row.matter,
            ),
        )  # fmt: skip
