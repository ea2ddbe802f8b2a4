"""What heads of service said to one another, and who stands in for them: rows, written and read in one place.

Invariant: rows say who, when and where, never what. A thread is there for the members of its own post; to others it is answered
like one that never was. Of an agency's delegations so many stand at once, and the latest that are over are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import for_update, insert, marks
from tansiq.errors import NotFound, Refused
from tansiq.protocol.ids import id_text

__all__ = [
    "CHANNEL",
    "DELEGATION",
    "DELEGATION_ENDED",
    "HANDED_DOWN",
    "IN",
    "MAX_DELEGATIONS",
    "MESSAGE",
    "OUT",
    "READ",
    "DelegationRow",
    "DirectRow",
    "add_delegation",
    "add_direct",
    "delegations",
    "delegations_at",
    "drop_old_delegations",
    "end_delegation",
    "forget_opened",
    "handed_to",
    "note_ended",
    "note_handed_down",
    "note_opened",
    "note_read_by_partner",
    "require_delegations_left",
    "thread",
    "threads",
    "unread_direct",
    "unread_matters",
    "word_of",
]  # fmt: skip

CHANNEL: Final = "direct"
MESSAGE: Final = "direct.message"
READ: Final = "direct.read"
DELEGATION: Final = "direct.delegation"
DELEGATION_ENDED: Final = "direct.delegation-ended"
HANDED_DOWN: Final = "direct.handed-down"
OUT: Final = 1
IN: Final = 2
MAX_DELEGATIONS: Final = 64
"""Of an agency's heads: so many may stand at once, and so many that are over are kept of a partner's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectRow:
    """One message; the columns of `models.DirectWord`."""

    statement: bytes
    matter: bytes
    direction: int
    partner: str
    own_post: str
    their_post: str
    field: str
    urgent: bool = False
    officer: str = ""
    answers: bytes | None = None
    said_ms: int
    at_ms: int
    read_ms: int | None = None
    read_by: str = ""
    handed_to: str = ""
    handed: bytes | None = None
    erase_ms: int | None = None
    erased_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DelegationRow:
    """A delegation; the columns of `models.DirectDelegation`."""

    matter: bytes
    agency: str
    post: str
    head: str
    deputy: str
    from_ms: int
    until_ms: int
    said_ms: int
    ended_ms: int | None = None

    def holds_at(self, moment_ms: int) -> bool:
        """Whether the deputy stands in at a moment."""
        return (
            self.from_ms <= moment_ms < (self.until_ms if self.ended_ms is None else min(self.until_ms, self.ended_ms))
        )


_WORD: Final = tuple(one.name for one in fields(DirectRow))
_DELEGATION: Final = tuple(one.name for one in fields(DelegationRow))
_TABLE: Final = "relations_direct_word"


def _rows(columns: Sequence[str], table: str, where: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {where}", list(values))
        return [
            {
                name: bytes(value) if isinstance(value, memoryview) else value
                for name, value in zip(columns, row, strict=True)
            }
            for row in cursor.fetchall()
        ]


def _words(where: str, values: Sequence[Any]) -> list[DirectRow]:
    return [DirectRow(**one | {"urgent": bool(one["urgent"])}) for one in _rows(_WORD, _TABLE, where, values)]


def thread(matter: bytes, posts: Sequence[str], *, lock: bool = False) -> list[DirectRow]:
    """What was said in a matter, in the order in which it was said and came. Raises NotFound for whoever is in none of its
    posts.
    """
    if posts:
        where = f"matter = %s AND own_post IN ({marks(posts)}) ORDER BY at_ms, statement{for_update() if lock else ''}"
        if found := _words(where, [matter, *posts]):
            return found
    raise NotFound("relations.unknown-thread", matter=id_text(matter))


def word_of(statement: bytes, posts: Sequence[str], *, lock: bool = False) -> DirectRow:
    """One message. Raises NotFound."""
    if posts:
        where = f"statement = %s AND own_post IN ({marks(posts)}){for_update() if lock else ''}"
        for one in _words(where, [statement, *posts]):
            return one
    raise NotFound("relations.unknown-word", statement=id_text(statement))


def threads(posts: Sequence[str], *, before_ms: int | None = None, limit: int = 50) -> list[DirectRow]:
    """The last message of each matter, the newest first; ``before_ms`` goes on where a page ended."""
    if not posts:
        return []
    own = f"own_post IN ({marks(posts)})"
    bound = "" if before_ms is None else " AND at_ms < %s"
    where = (
        f"{own}{bound} AND NOT EXISTS (SELECT 1 FROM {_TABLE} later WHERE later.matter = {_TABLE}.matter AND "
        f"(later.at_ms > {_TABLE}.at_ms OR (later.at_ms = {_TABLE}.at_ms AND later.statement > {_TABLE}.statement))) "
        "ORDER BY at_ms DESC, statement DESC LIMIT %s"
    )
    return _words(where, [*posts, *([] if before_ms is None else [before_ms]), limit])


def unread_matters(posts: Sequence[str], *, limit: int = 200) -> list[DirectRow]:
    """The last unread message of each matter in which one waits for these posts, the oldest first."""
    if not posts:
        return []
    found = _words(
        f"direction = 2 AND read_ms IS NULL AND erased_ms IS NULL AND own_post IN ({marks(posts)}) ORDER BY at_ms, statement LIMIT %s",
        [*posts, limit],
    )
    return list({one.matter: one for one in found}.values())


def unread_direct(posts: Sequence[str]) -> int:
    """How many messages for these posts nobody has read yet."""
    if not posts:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM {_TABLE} WHERE direction = 2 AND read_ms IS NULL AND erased_ms IS NULL AND own_post IN ({marks(posts)})",
            list(posts),
        )
        return int(cursor.fetchone()[0])


def handed_to(posts: Sequence[str], *, limit: int = 50) -> list[DirectRow]:
    """The messages of which something was handed down to one of ``posts``, the newest first."""
    if not posts:
        return []
    return _words(f"handed_to IN ({marks(posts)}) ORDER BY at_ms DESC, statement LIMIT %s", [*posts, limit])


def add_direct(rows: Sequence[DirectRow]) -> None:
    """Adds messages, in the caller's transaction; what is there stays."""
    with connection.cursor() as cursor:
        cursor.executemany(
            insert(_TABLE, _WORD, "ON CONFLICT DO NOTHING"), [[getattr(row, name) for name in _WORD] for row in rows]
        )


def note_opened(statement: bytes, *, signed_by: str, read_by: str, now_ms: int) -> None:
    """That a message to us was read here, by whom, and who signed it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET officer = %s, read_ms = %s, read_by = %s WHERE statement = %s AND read_ms IS NULL",
            (signed_by, now_ms, read_by, statement),
        )


def forget_opened(statements: Sequence[bytes]) -> None:
    """That these messages to us count as unread again: the word that they were read never left."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {_TABLE} SET read_ms = NULL, read_by = '' WHERE statement = %s AND direction = 2",
            [(one,) for one in statements],
        )


def note_read_by_partner(statement: bytes, *, partner: str, read_by: str, read_ms: int) -> bool:
    """That the partner's head has read what we said, by the partner's word; False for what we never said to it."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {_TABLE} SET read_ms = COALESCE(read_ms, %s), read_by = CASE WHEN read_by = '' THEN %s ELSE read_by END "
            "WHERE statement = %s AND direction = 1 AND partner = %s",
            (read_ms, read_by, statement, partner),
        )
        return bool(cursor.rowcount == 1)


def note_handed_down(statement: bytes, *, desk: str, by: bytes) -> None:
    """That something of a message was handed down to a desk, by the statement ``by``."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {_TABLE} SET handed_to = %s, handed = %s WHERE statement = %s", (desk, by, statement))


def add_delegation(row: DelegationRow) -> None:
    """Adds a delegation, in the caller's transaction; one that is there stays, and one of which the end came first has ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            insert("relations_direct_delegation", _DELEGATION, "ON CONFLICT DO NOTHING"),
            [getattr(row, name) for name in _DELEGATION],
        )
        if not cursor.rowcount:  # what another agency said of it before binds nobody
            cursor.execute(
                "UPDATE relations_direct_delegation SET head = %s, deputy = %s, from_ms = %s, until_ms = %s, said_ms = %s, "
                "ended_ms = CASE WHEN agency = %s AND post = %s THEN ended_ms END, agency = %s, post = %s "
                "WHERE matter = %s AND deputy = ''",
                (
                    row.head, row.deputy, row.from_ms, row.until_ms, row.said_ms, row.agency, row.post, row.agency, row.post,
                    row.matter,
                ),
            )  # fmt: skip


def require_delegations_left(agency: str, *, now_ms: int) -> None:
    """Raises Refused ('relations.too-many-delegations') where as many of the agency's stand, or will stand, as may at once."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM relations_direct_delegation WHERE agency = %s AND ended_ms IS NULL AND until_ms > %s",
            (agency, now_ms),
        )
        if cursor.fetchone()[0] >= MAX_DELEGATIONS:
            raise Refused("relations.too-many-delegations", agency=agency, most=MAX_DELEGATIONS)


def drop_old_delegations(agency: str, *, now_ms: int) -> None:
    """Drops the oldest of a partner's delegations that are over, in the caller's transaction; their statements stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM relations_direct_delegation WHERE matter IN (SELECT matter FROM relations_direct_delegation "
            "WHERE agency = %s AND (ended_ms IS NOT NULL OR until_ms <= %s) ORDER BY said_ms DESC, matter LIMIT %s OFFSET %s)",
            (agency, now_ms, 1_000, MAX_DELEGATIONS),
        )


def note_ended(matter: bytes, *, agency: str, post: str, head: str, ended_ms: int) -> None:
    """That a head ended a delegation, in whatever order it is heard: an end that comes first is kept without a deputy, so that what it
    ends never holds (`add_delegation`). The first end stays.
    """
    if not end_delegation(matter, agency=agency, ended_ms=ended_ms):
        row = DelegationRow(
            matter=matter, agency=agency, post=post, head=head, deputy="", from_ms=0, until_ms=0, said_ms=ended_ms,
            ended_ms=ended_ms,
        )  # fmt: skip
        with connection.cursor() as cursor:
            cursor.execute(
                insert("relations_direct_delegation", _DELEGATION, "ON CONFLICT DO NOTHING"),
                [getattr(row, name) for name in _DELEGATION],
            )


def end_delegation(matter: bytes, *, agency: str, ended_ms: int) -> bool:
    """Ends a delegation of ``agency``'s head; False when there is none that could be ended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE relations_direct_delegation SET ended_ms = %s WHERE matter = %s AND agency = %s AND ended_ms IS NULL",
            (ended_ms, matter, agency),
        )
        return bool(cursor.rowcount == 1)


def delegations(posts: Sequence[str]) -> list[DelegationRow]:
    """Every delegation at these posts, the newest first."""
    if not posts:
        return []
    where = f"post IN ({marks(posts)}) AND deputy <> '' ORDER BY said_ms DESC, matter"
    return [DelegationRow(**one) for one in _rows(_DELEGATION, "relations_direct_delegation", where, list(posts))]


def delegations_at(post: str, moment_ms: int) -> list[DelegationRow]:
    """The delegations that hold at a post at a moment."""
    where = "post = %s AND until_ms > %s AND from_ms <= %s ORDER BY said_ms, matter"
    found = _rows(_DELEGATION, "relations_direct_delegation", where, (post, moment_ms, moment_ms))
    return [row for one in found if (row := DelegationRow(**one)).holds_at(moment_ms)]
