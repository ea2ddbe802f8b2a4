"""Reading what passed a desk: the register of its dockets, page by page, the latest first.

Invariant: codes, times and references, of the reader's own desks alone; flat however much has passed (an index of a desk and a
time). Nothing of a body stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection

from tansiq.errors import NotFound
from tansiq.protocol.ids import id_text

__all__ = ["PassageRow", "passage_of", "passages"]

_MOST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageRow:
    """A row of `models.Passage`; the columns in this order. Times are UTC milliseconds."""

    statement: bytes
    post: str
    step: str
    reads_body: bool
    kind: str
    channel: str
    field: str
    matter: bytes
    sender: str
    addressee: str
    deadline_class: str
    said_ms: int
    peer: str
    onward: str
    taken_ms: int
    handed_ms: int | None
    ends_ms: int | None


_COLUMNS: Final = ", ".join(field.name for field in fields(PassageRow))


def _rows(where: str, values: Sequence[Any]) -> list[PassageRow]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM channels_passage WHERE {where}", values)
        found = [dict(zip((field.name for field in fields(PassageRow)), row, strict=True)) for row in cursor.fetchall()]
    return [
        PassageRow(
            **row
            | {
                "statement": bytes(row["statement"]),
                "matter": bytes(row["matter"]),
                "reads_body": bool(row["reads_body"]),
            }
        )
        for row in found
    ]


def passages(
    posts: Sequence[str], *, limit: int = 50, before: tuple[int, bytes] | None = None, channel: str = ""
) -> list[PassageRow]:
    """What passed the desks ``posts``, the latest first; ``before`` is the time and the statement where the last page ended."""
    limit = max(0, min(limit, _MOST))
    found: list[PassageRow] = []
    for post in dict.fromkeys(posts):
        where = "post = %s"
        values: list[object] = [post]
        if channel:
            where, values = f"{where} AND channel = %s", [*values, channel]
        if before is not None:
            where, values = f"{where} AND (taken_ms, statement) < (%s, %s)", [*values, *before]
        found += _rows(f"{where} ORDER BY taken_ms DESC, statement DESC LIMIT %s", [*values, limit])
    return sorted(found, key=lambda row: (row.taken_ms, row.statement), reverse=True)[:limit]


def passage_of(statement: bytes, posts: Sequence[str]) -> PassageRow:
    """What passed one of the desks ``posts``, seen by the one that reads most of it. Raises NotFound."""
    found = [row for row in _rows("statement = %s", (statement,)) if row.post in posts]
    if not found:
        raise NotFound("channels.never-passed", statement=id_text(statement))
    return max(found, key=lambda row: row.reads_body)
