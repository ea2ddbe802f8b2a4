"""The declarations about persons that are here: made by us or made to us, each with its person in one of two registers.

Invariant: what is declared to a service stands in that service's register ``declared``, what it declared itself in ``held``, until
who made it ends it or a year has passed. An answer to a notice that says that somebody was found is one too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import IntEnum
from hashlib import sha256
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.services import bring_forward
from tansiq.cases.sql import for_update, insert, marks
from tansiq.enquiries.terms import CLOSED_REVIEW_MS
from tansiq.errors import TooMuch
from tansiq.exchange.context import Context
from tansiq.notices.rows import NoticeRow, WordRow
from tansiq.policy.subjects import Subject
from tansiq.registers.own import end_entries, listed_person, put_entries

__all__ = [
    "DECLARED", "HELD", "MOST_A_YEAR", "DeclarationRow", "Direction", "declaration_rows", "declared_in_answer", "end_declarations",
    "expire_declarations", "keep_declaration", "reference_of", "require_room", "without_recipients",
]  # fmt: skip

HELD: Final = "held"
"""The register of those whom we have declared."""
DECLARED: Final = "declared"
"""The register of those whom others have declared to us."""
LONGEST_MS: Final = 365 * 86_400_000
"""After a year a declaration ends by itself: whoever still holds somebody declares it again."""
MOST_A_YEAR: Final = 5_000
"""Declarations of one service that are taken within a year, ended ones among them: as long as one lasts."""
_BY_RESULT: Final = {
    "result.arrested": "status.held", "result.held": "status.held", "result.found": "status.found",
    "result.deceased": "status.dead",
}  # fmt: skip
"""What an answer to a notice declares of the person."""
_AT_ONCE: Final = 200


class Direction(IntEnum):
    """Who declared."""

    OUT = 1
    IN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclarationRow:
    """A row of `models.Declaration`; the columns in this order."""

    statement: bytes
    matter: bytes
    direction: Direction
    agency: str
    post: str
    officer: str
    status: str
    reference: str
    recipients: tuple[str, ...] = ()
    said_ms: int
    at_ms: int
    ended_ms: int | None = None

    @property
    def by_answer(self) -> bool:
        """Whether it was said in an answer to a notice, whose contents end with the notice."""
        return "." in self.reference


def reference_of(matter: bytes, agency: str) -> str:
    """The register's reference of what a partner declared: of that partner, so no other one told in the matter replaces it."""
    return f"{matter.hex()}/{sha256(agency.encode()).hexdigest()[:24]}"


_COLUMNS: Final = tuple(field.name for field in fields(DeclarationRow))
_ADD: Final = insert("notices_declaration", _COLUMNS, "ON CONFLICT DO NOTHING")


def _register(direction: Direction) -> str:
    return HELD if direction is Direction.OUT else DECLARED


def declaration_rows(where: str, values: Sequence[Any], *, lock: bool = False) -> list[DeclarationRow]:
    """The declarations that ``where`` (SQL of this room's own) selects."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_COLUMNS)} FROM notices_declaration WHERE {where}{for_update() if lock else ''}",
            list(values),
        )
        return [
            DeclarationRow(
                **dict(zip(_COLUMNS, row, strict=True))
                | {
                    "statement": bytes(row[0]),
                    "matter": bytes(row[1]),
                    "direction": Direction(row[2]),
                    "recipients": tuple(row[8].split()),
                }
            )
            for row in cursor.fetchall()
        ]


def require_room(agency: str, *, now_ms: int) -> None:
    """Raises TooMuch ('notices.too-many-declarations') when ``agency`` has declared to us as much as is taken within a year."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM notices_declaration WHERE direction = %s AND agency = %s AND at_ms > %s LIMIT 1 OFFSET %s",
            (int(Direction.IN), agency, now_ms - LONGEST_MS, MOST_A_YEAR - 1),
        )
        if cursor.fetchone() is not None:
            raise TooMuch("notices.too-many-declarations", agency=agency, limit=MOST_A_YEAR)


def keep_declaration(row: DeclarationRow, subject: Subject, *, context: Context) -> None:
    """Keeps a declaration and puts its person into the register, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD,
            [" ".join(row.recipients) if name == "recipients" else getattr(row, name) for name in _COLUMNS],
        )
    put_entries(_register(row.direction), [listed_person(subject, row.reference)], context=context)


def without_recipients(rows: Sequence[DeclarationRow]) -> None:
    """Declarations of ours that were taken back before anybody got them: we still hold the person, and nobody was told."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE notices_declaration SET recipients = '' WHERE statement = %s", [(row.statement,) for row in rows]
        )


def end_declarations(rows: Sequence[DeclarationRow], *, context: Context) -> None:
    """Ends declarations of one side; a person whom another declaration still names stays in the register."""
    if not rows:
        return
    now_ms, direction = context.clock(), rows[0].direction
    statements = [row.statement for row in rows]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE notices_declaration SET ended_ms = %s WHERE statement IN ({marks(statements)}) AND ended_ms IS NULL",
            [now_ms, *statements],
        )
    references = sorted({row.reference for row in rows})
    lasting = declaration_rows(
        f"reference IN ({marks(references)}) AND direction = %s AND ended_ms IS NULL", [*references, int(direction)]
    )
    end_entries(_register(direction), sorted({*references} - {row.reference for row in lasting}), context=context)
    answers = [row.statement for row in rows if row.by_answer]
    declared = [one for one in statements if one not in answers]
    if direction is Direction.IN:
        bring_forward(declared, review_ms=now_ms, erase_ms=now_ms)
    else:
        bring_forward(declared, review_ms=now_ms + CLOSED_REVIEW_MS)


def declared_in_answer(
    word: WordRow, result: str, subject: Subject, *, place: int, source: NoticeRow, context: Context
) -> None:
    """Keeps what an answer to a notice says of a person as the declaration that it is: at its source as made to it, at the
    member as made by it to that source alone; in the caller's transaction.
    """
    status = _BY_RESULT.get(result)
    if status is None:
        return
    ours = word.agency == context.agency
    row = DeclarationRow(
        statement=word.statement,
        matter=word.matter,
        direction=Direction.OUT if ours else Direction.IN,
        agency=word.agency,
        post=word.post if ours else source.source_post,
        officer=word.officer,
        status=status,
        reference=f"{word.matter.hex()}.{place}",
        recipients=(source.source,) if ours else (),
        said_ms=word.said_ms,
        at_ms=word.at_ms,
    )
    keep_declaration(row, subject, context=context)


def expire_declarations(*, context: Context) -> int:
    """The clock's work: nobody stays declared for ever without another word; returns how many ended."""
    before_ms = context.clock() - LONGEST_MS
    with transaction.atomic():
        due = declaration_rows(
            "ended_ms IS NULL AND at_ms <= %s ORDER BY at_ms LIMIT %s", (before_ms, _AT_ONCE), lock=True
        )
        for direction in Direction:
            end_declarations([row for row in due if row.direction is direction], context=context)
    return len(due)
