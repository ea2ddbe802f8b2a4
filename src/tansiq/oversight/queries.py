"""The reads of this room: what has to be reviewed or ends, what is late, and which things an enquiry consists of.

Invariant: every read is a range of an index, cut at a page's length; a list goes on where it ended (keyset), never by
counting rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import connection

from tansiq.cases.sql import chunks, marks
from tansiq.directory.queries import own_directory
from tansiq.enquiries.desk import MOST_COUNTED, Count, DeskView, counts_of, desk_page, find_reference
from tansiq.enquiries.summaries import Json
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.protocol.ids import parse_id

__all__ = ["PARTS", "SOON_MS", "Kept", "KeptPage", "kept_counts", "kept_page", "kinds_of", "late", "things_of"]

SOON_MS: Final = 30 * 86_400_000
PARTS: Final = ("overdue", "review", "ends")
"""What is kept: of what the review is overdue; what is to be reviewed within `SOON_MS`; what ends within it."""
_ON_A_PAGE: Final = 30
_AFTER: Final = re.compile(r"[0-9]{1,18}\.[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Kept:
    """Something that is kept, in codes and times: what kind, whose, about whom in which respect, and until when (None: there is no such
    moment).
    """

    id: bytes
    kind: str
    originator: str
    category: str
    received_ms: int
    review_ms: int | None
    erase_ms: int | None


@dataclass(frozen=True, slots=True)
class KeptPage:
    """A page of what is kept, and where the next begins ('' when there is none)."""

    rows: list[Kept]
    following: str


def _range(part: str, now_ms: int) -> tuple[str, int, int]:
    """The column that a part is ordered by, and from when until when. Raises BadInput."""
    ranges = {
        "overdue": ("review_ms", 0, now_ms),
        "review": ("review_ms", now_ms, now_ms + SOON_MS),
        "ends": ("erase_ms", 0, now_ms + SOON_MS),
    }
    if part not in ranges:
        raise BadInput("enquiries.wrong-view", name="part")
    return ranges[part]


@dataclass(frozen=True, slots=True)
class _Source:
    """Where something is kept: what is selected of it, its table and which rows, and the column that names a row."""

    columns: str
    rows: str
    key: str


_ITEMS: Final = _Source(
    "id, kind, originator, category, received_ms, review_ms, erase_ms", "cases_item WHERE NOT erased", "id"
)
_DIRECT: Final = _Source(
    "statement, 'direct.message', CASE WHEN direction = 1 THEN '' ELSE partner END, '', at_ms, NULL, erase_ms",
    "relations_direct_word WHERE erased_ms IS NULL",
    "statement",
)
"""What heads said to one another: it ends, and nobody reviews it, for nobody else opens it."""


def _sources(part: str) -> tuple[_Source, ...]:
    return (_ITEMS, _DIRECT) if part == "ends" else (_ITEMS,)


def kept_counts(*, now_ms: int) -> dict[str, Count]:
    """How many things each part holds, up to `MOST_COUNTED`."""
    found = {}
    for part in PARTS:
        column, first, end = _range(part, now_ms)
        number = 0
        for source in _sources(part):
            with connection.cursor() as cursor:
                cursor.execute(
                    f"SELECT COUNT(*) FROM (SELECT 1 FROM {source.rows} AND {column} >= %s AND {column} < %s LIMIT %s) counted",
                    [first, end, MOST_COUNTED + 1],
                )
                number += int(cursor.fetchone()[0])
        found[part] = Count(min(number, MOST_COUNTED), more=number > MOST_COUNTED)
    return found


def kept_page(part: str, *, now_ms: int, after: str = "") -> KeptPage:
    """A page of the things of a part, what is due first first. Raises BadInput ('enquiries.wrong-view')."""
    column, first, end = _range(part, now_ms)
    values: list[int | bytes] = [first, end]
    beyond = ""
    if after:
        if _AFTER.fullmatch(after) is None:
            raise BadInput("enquiries.wrong-view", name="after")
        at_ms, _, item = after.partition(".")
        values += [int(at_ms), bytes.fromhex(item)]
        beyond = " AND ({0}, {1}) > (%s, %s)"
    rows: list[Kept] = []
    own = own_directory().agency
    for source in _sources(part):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {source.columns} FROM {source.rows} AND {column} >= %s AND {column} < %s"
                f"{beyond.format(column, source.key)} ORDER BY {column}, {source.key} LIMIT %s",
                [*values, _ON_A_PAGE + 1],
            )
            rows += [Kept(bytes(row[0]), row[1], row[2] or own, *row[3:]) for row in cursor.fetchall()]
    rows.sort(key=lambda one: (getattr(one, column), one.id))
    shown = rows[:_ON_A_PAGE]
    following = f"{getattr(shown[-1], column)}.{shown[-1].id.hex()}" if len(rows) > _ON_A_PAGE else ""
    return KeptPage(shown, following)


def _posts() -> tuple[str, ...]:
    return tuple(post.id for post in own_directory().posts)


def late(*, context: Context, limit: int = 20) -> tuple[dict[str, Count], list[Json]]:
    """How many enquiries are overdue now at all our desks, those that we were asked ('in') and those that we ask ('out'), and
    the first of them, the latest in time first; each as `enquiries.summaries` has it.
    """
    posts = _posts()
    counts = {
        direction: counts_of(DeskView(posts=posts, direction=direction), context=context, sections=("overdue",))[
            "overdue"
        ]
        for direction in ("in", "out")
    }
    return counts, desk_page(DeskView(posts=posts, section="overdue"), context=context, limit=limit).rows


def _ids(sql: str, values: Sequence[bytes]) -> list[bytes]:
    found: list[bytes] = []
    for chunk in chunks(values):
        with connection.cursor() as cursor:
            cursor.execute(sql.format(marks(chunk)), chunk)
            found += [bytes(row[0]) for row in cursor.fetchall()]
    return found


def things_of(reference: str, *, context: Context) -> frozenset[bytes]:
    """The ids under which the access journal tells of ``reference``: of an enquiry also its messages and their items, of what heads said
    its messages.

    ``reference`` is a whole id, or the beginning (four signs or more) of the one of an enquiry that alone begins so. Raises
    BadInput ('enquiries.wrong-view').
    """
    written = reference.strip().lower()
    try:
        thing = parse_id(written)
    except BadInput:
        found = find_reference(written, context=context, posts=_posts(), limit=2)
        if len(found) != 1:
            raise BadInput("enquiries.wrong-view", name="reference") from None
        thing = parse_id(found[0]["id"])
    statements = _ids("SELECT request FROM enquiries_enquiry WHERE matter IN ({})", [thing])
    statements += _ids("SELECT statement FROM enquiries_reply WHERE matter IN ({})", [thing])
    statements += _ids("SELECT statement FROM relations_direct_word WHERE matter IN ({})", [thing])
    items = _ids("SELECT id FROM cases_item WHERE statement IN ({})", statements) if statements else []
    return frozenset({thing, *statements, *items})


def kinds_of(things: Sequence[bytes]) -> dict[bytes, str]:
    """What each of ``things`` is here: 'enquiry', 'case' or 'item'; what is none of them is left out."""
    tables = {
        "item": "SELECT id FROM cases_item WHERE id IN ({})",
        "case": "SELECT id FROM cases_case WHERE id IN ({})",
        "enquiry": "SELECT matter FROM enquiries_enquiry WHERE matter IN ({})",
    }
    distinct = list(dict.fromkeys(things))
    return {thing: kind for kind, sql in tables.items() for thing in (_ids(sql, distinct) if distinct else [])}
