"""Strategic reports of the embassy's office and to it: rows, written and read in one place.

Invariant: rows say who, when and in which field, never what: a title stands in the body. A report is there for the desks that read
its body (the two ends and the office between), as far as the compartments there reach every field of it, and, for anybody else, like one
that never was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import insert, marks
from tansiq.channels.compartments import reads_body
from tansiq.errors import NotFound
from tansiq.protocol.ids import id_text
from tansiq.relations.paging import Place

__all__ = [
    "CHANNEL", "IN", "OUT", "READ", "REPORT", "ReportRow", "add_report", "note_read", "note_withdrawn", "reads_at", "rename",
    "report_row", "reports_for", "unread_for",
]  # fmt: skip

CHANNEL: Final = "embassy"
REPORT: Final = "report.strategic"
READ: Final = "report.read"
OUT: Final = 1
IN: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """One report; the columns of `models.Report`."""

    statement: bytes
    matter: bytes
    direction: int
    partner: str
    sender: str
    office: str
    addressee: str
    fields: str
    from_ms: int
    until_ms: int
    officer: str
    files: int = 0
    said_ms: int
    at_ms: int
    read_ms: int | None = None
    read_by: str = ""
    withdrawn_ms: int | None = None

    @property
    def field_codes(self) -> tuple[str, ...]:
        """The fields of crime."""
        return tuple(self.fields.split())

    @property
    def desks(self) -> frozenset[str]:
        """The desks that read it."""
        return frozenset(post for post in (self.sender, self.office, self.addressee) if post)

    @property
    def place(self) -> Place:
        """Where it stands in a list."""
        return Place(self.at_ms, self.statement)


_COLUMNS: Final = tuple(one.name for one in fields(ReportRow))
_TABLE: Final = "relations_report"


def _rows(where: str, values: Sequence[Any]) -> list[ReportRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM {_TABLE} WHERE {where}", list(values))
        found: list[dict[str, Any]] = [
            {
                name: bytes(value) if isinstance(value, memoryview) else value
                for name, value in zip(_COLUMNS, row, strict=True)
            }
            for row in cursor.fetchall()
        ]
    return [ReportRow(**one) for one in found]


def _of(posts: Sequence[str]) -> tuple[str, list[str]]:
    one = marks(posts)
    return f"(addressee IN ({one}) OR sender IN ({one}) OR office IN ({one}))", [*posts, *posts, *posts]


def report_row(statement: bytes, posts: Sequence[str]) -> ReportRow:
    """One report of these desks. Raises NotFound ('relations.unknown-report')."""
    if posts:
        where, values = _of(posts)
        for one in _rows(f"statement = %s AND {where}", [statement, *values]):
            return one
    raise NotFound("relations.unknown-report", report=id_text(statement))


def reads_at(row: ReportRow, posts: Sequence[str], officer: str) -> frozenset[str]:
    """Those of an officer's desks at which the officer's compartment lets the officer read a report: every field of it."""
    ends = (row.sender, row.addressee)
    return frozenset(
        post for post in row.desks.intersection(posts) if reads_body(post, officer, ends=ends, fields=row.field_codes)
    )


def _latest(wheres: Sequence[tuple[str, str]], before: Place | None, limit: int) -> list[ReportRow]:
    """The newest rows of which one of these holds, each found by an index of its own."""
    bound, more = "", []
    if before is not None:
        bound, more = " AND at_ms <= %s AND (at_ms < %s OR statement < %s)", [before.ms, before.ms, before.id]
    found: dict[bytes, ReportRow] = {}
    for where, post in wheres:
        rows = _rows(f"{where}{bound} ORDER BY at_ms DESC, statement DESC LIMIT %s", [post, *more, limit])
        found.update((row.statement, row) for row in rows)
    return sorted(found.values(), key=lambda row: row.place, reverse=True)[:limit]


def reports_for(posts: Sequence[str], *, before: Place | None = None, limit: int = 50) -> list[ReportRow]:
    """The reports of these desks, the newest first, behind ``before``; what somebody there may see of them is for whoever shows them."""
    ends = ("addressee", "sender", "office")
    return _latest([(f"{end} = %s", post) for post in dict.fromkeys(posts) for end in ends], before, limit)


def unread_for(posts: Sequence[str], *, before: Place | None = None, limit: int = 50) -> list[ReportRow]:
    """Those addressed to these desks that nobody has read yet, the newest first, behind ``before``."""
    where = "read_ms IS NULL AND withdrawn_ms IS NULL AND addressee = %s"
    return _latest([(where, post) for post in dict.fromkeys(posts)], before, limit)


def add_report(row: ReportRow) -> None:
    """Adds a report, in the caller's transaction; one that is there stays."""
    with connection.cursor() as cursor:
        cursor.execute(insert(_TABLE, _COLUMNS, "ON CONFLICT DO NOTHING"), [getattr(row, name) for name in _COLUMNS])


def note_read(statement: bytes, *, addressee: str, read_by: str, read_ms: int) -> bool:
    """That it was first read at the desk ``addressee``; False where that is known, or it was never for that desk."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET read_ms = %s, read_by = %s WHERE statement = %s AND addressee = %s AND read_ms IS NULL",
            (read_ms, read_by, statement, addressee),
        )
        return bool(cursor.rowcount == 1)


def note_withdrawn(statement: bytes, *, now_ms: int) -> None:
    """That a report that waited was taken back before anybody got it."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {_TABLE} SET withdrawn_ms = %s WHERE statement = %s", (now_ms, statement))


def rename(old: bytes, new: bytes) -> None:
    """That a report that waited was said again by the statement ``new``."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {_TABLE} SET statement = %s WHERE statement = %s", (new, old))
