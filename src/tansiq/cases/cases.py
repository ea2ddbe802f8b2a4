"""Cases as they are stored and read: rows, titles, compartments.

Invariant: a case is for the posts of its compartment and nobody else: who is in none of them is told the same as of a
case that never was, gets the same lists and the same counts. Its title opens with a key of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import for_update, marks
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.policy.values import Text
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import reveal

__all__ = ["CLOSED", "OPEN", "CaseRow", "Place", "case_posts", "case_row", "cases_of_posts", "matters_of", "titles_of"]

OPEN, CLOSED = "open", "closed"
Place = tuple[int, bytes]
"""Where a page of the list ended: when that case was opened, and its id."""
_COLUMNS: Final = (
    "c.id, c.thing, c.reference, c.lead, c.agencies, c.fields, c.framework, c.state, c.opened_ms, c.closed_ms, c.review_ms, "
    "c.erase_ms, c.officer"
)


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case without its title; the columns of `models.Case`."""

    id: bytes
    thing: bytes
    reference: str
    lead: str
    agencies: tuple[str, ...]
    fields: tuple[str, ...]
    framework: tuple[str, ...]
    state: str
    opened_ms: int
    closed_ms: int | None
    review_ms: int
    erase_ms: int | None
    officer: str

    @property
    def is_open(self) -> bool:
        """Whether it is worked on."""
        return self.state == OPEN


def _row(values: Sequence[Any]) -> CaseRow:
    return CaseRow(
        bytes(values[0]),
        bytes(values[1]),
        values[2],
        values[3],
        tuple(values[4].split()),
        tuple(values[5].split()),
        tuple(values[6].split()),
        *values[7:],
    )


def case_row(case: bytes, posts: Sequence[str] | frozenset[str], *, lock: bool = False) -> CaseRow:
    """A case that somebody in ``posts`` may know of; ``lock`` holds it until the transaction ends.

    Raises NotFound ('cases.unknown-case'), the same for a case of others as for none.
    """
    named = sorted(posts)
    row = None
    if named:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {_COLUMNS} FROM cases_case c WHERE c.id = %s AND EXISTS (SELECT 1 FROM cases_case_post p "
                f"WHERE p.case_ref = c.id AND p.post IN ({marks(named)})){for_update() if lock else ''}",
                [case, *named],
            )
            row = cursor.fetchone()
    if row is None:
        raise NotFound("cases.unknown-case")
    return _row(row)


def cases_of_posts(
    posts: Sequence[str] | frozenset[str], *, is_open: bool | None = None, after: Place | None = None, limit: int = 50
) -> list[CaseRow]:
    """Cases of the posts' compartments, the latest opened first, from behind ``after`` on."""
    named = sorted(posts)
    if not named:
        return []
    where, values = [f"p.post IN ({marks(named)})"], list[Any](named)
    if is_open is not None:
        where.append("p.is_open = %s")
        values.append(is_open)
    if after is not None:
        where.append("(p.opened_ms < %s OR (p.opened_ms = %s AND p.case_ref < %s))")
        values += [after[0], after[0], after[1]]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM (SELECT DISTINCT p.case_ref, p.opened_ms FROM cases_case_post p "
            f"WHERE {' AND '.join(where)} ORDER BY p.opened_ms DESC, p.case_ref DESC LIMIT %s) AS l "
            "JOIN cases_case c ON c.id = l.case_ref ORDER BY l.opened_ms DESC, l.case_ref DESC",
            [*values, limit],
        )
        return [_row(row) for row in cursor.fetchall()]


def titles_of(rows: Sequence[CaseRow], *, context: Context) -> dict[bytes, Text]:
    """The titles of cases that the caller may know of, by their ids; one whose key is gone is left out."""
    found: dict[bytes, Text] = {}
    for row in rows:
        with connection.cursor() as cursor:
            cursor.execute("SELECT commitment, concealed FROM cases_case WHERE id = %s", (row.id,))
            commitment, concealed = cursor.fetchone()
        try:
            key = context.keys.contents(row.thing)[0]
        except NotFound:
            key = None
        if key is not None and concealed is not None:
            content, _ = reveal(
                bytes(concealed), key=key, statement_id=row.thing, place=0, commitment=bytes(commitment)
            )
            found[row.id] = Text.from_plain(decode(content))
    return found


def case_posts(case: bytes) -> list[str]:
    """The posts of a case's compartment."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT post FROM cases_case_post WHERE case_ref = %s ORDER BY post", (case,))
        return [row[0] for row in cursor.fetchall()]


def matters_of(case: bytes) -> list[bytes]:
    """The matters that were put into a case, in the order in which they were."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT matter FROM cases_case_matter WHERE case_ref = %s ORDER BY linked_ms, matter", (case,))
        return [bytes(row[0]) for row in cursor.fetchall()]
