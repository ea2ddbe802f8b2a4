"""Channels of liaison officers and what was said on them: rows, written and read in one place.

Invariant: a channel is there for its officer, for the desk of the officer's service and for the counterpart at the host, and for
nobody else: to others it is answered like one that never was. Rows say who, when and where it stands, never what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import for_update, insert, marks
from tansiq.channels.accreditations import Direction
from tansiq.errors import NotFound
from tansiq.protocol.ids import id_text

__all__ = [
    "CHANNEL", "MESSAGE", "ChannelRow", "LiaisonRow", "Seat", "add_words", "channel_row", "channels_for", "channels_where", "line_of",
    "note_handed", "note_read", "seat_of", "unread_counts", "word_of", "words_on",
]  # fmt: skip

CHANNEL: Final = "liaison"
MESSAGE: Final = "liaison.message"


class Seat(StrEnum):
    """Where somebody sits at a channel."""

    OFFICER = "officer"
    DESK = "desk"
    COUNTERPART = "counterpart"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """A channel; the columns of `models.LiaisonChannel`."""

    matter: bytes
    accreditation: bytes
    direction: int
    partner: str
    case_ref: bytes
    field: str
    officer: str
    liaison_post: str
    desk: str
    counterpart: str
    before: bytes | None
    opened_ms: int
    closed_ms: int | None
    last_ms: int

    @property
    def ours(self) -> bool:
        """Whether the officer is ours."""
        return self.direction == Direction.OURS

    def post_of(self, seat: Seat) -> str:
        """The post of a seat."""
        return {Seat.OFFICER: self.liaison_post, Seat.DESK: self.desk, Seat.COUNTERPART: self.counterpart}[seat]


@dataclass(frozen=True, slots=True, kw_only=True)
class LiaisonRow:
    """One message; the columns of `models.LiaisonWord`."""

    statement: bytes
    matter: bytes
    sender: str
    addressee: str
    officer: str = ""
    urgent: bool = False
    closed: bool = False
    waits: bool = False
    late: bool = False
    handed_by: str = ""
    handed_ms: int | None = None
    read_ms: int | None = None
    said_ms: int
    at_ms: int


_CHANNEL: Final = tuple(one.name for one in fields(ChannelRow))
_WORD: Final = tuple(one.name for one in fields(LiaisonRow))


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


def _flags(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: bool(row[name]) for name in ("urgent", "closed", "waits", "late")}


def channels_where(where: str, values: Sequence[Any], *, lock: bool = False) -> list[ChannelRow]:
    """The channels for which ``where`` (SQL with ``values``) holds, the last used first; ``lock`` holds them."""
    order = f"{where} ORDER BY last_ms DESC, matter{for_update() if lock else ''}"
    return [ChannelRow(**one) for one in _rows(_CHANNEL, "relations_liaison_channel", order, values)]


def seat_of(channel: ChannelRow, *, number: str, posts: Sequence[str]) -> Seat | None:
    """Where somebody with this service number and these posts sits at a channel; None: nowhere."""
    if not channel.ours:
        return Seat.COUNTERPART if channel.counterpart in posts else None
    if channel.officer == number and channel.liaison_post in posts:
        return Seat.OFFICER
    return Seat.DESK if channel.desk in posts else None


def channels_for(*, number: str, posts: Sequence[str]) -> list[ChannelRow]:
    """The channels at which somebody sits, the last used first."""
    if not posts:
        return []
    found = channels_where(
        f"officer = %s OR desk IN ({marks(posts)}) OR counterpart IN ({marks(posts)})", [number, *posts, *posts]
    )
    return [one for one in found if seat_of(one, number=number, posts=posts) is not None]


def channel_row(matter: bytes, *, number: str, posts: Sequence[str], lock: bool = False) -> tuple[ChannelRow, Seat]:
    """A channel and the seat that somebody has there. Raises NotFound where there is none."""
    for one in channels_where("matter = %s", (matter,), lock=lock):
        seat = seat_of(one, number=number, posts=posts)
        if seat is not None:
            return one, seat
    raise NotFound("relations.unknown-channel", matter=id_text(matter))


def line_of(channel: ChannelRow) -> list[ChannelRow]:
    """A channel and those of the predecessors whose words were handed over to it, the first one first."""
    line, seen = [channel], {channel.matter}
    while (before := line[0].before) is not None and before not in seen:
        found = channels_where("matter = %s", (before,))
        if not found:
            break
        line.insert(0, found[0])
        seen.add(before)
    return line


def words_on(matters: Sequence[bytes]) -> list[LiaisonRow]:
    """What was said on these channels, in the order in which it was said and came."""
    if not matters:
        return []
    where = f"matter IN ({marks(matters)}) ORDER BY at_ms, said_ms, statement"
    return [LiaisonRow(**_flags(one)) for one in _rows(_WORD, "relations_liaison_word", where, list(matters))]


def word_of(statement: bytes, *, lock: bool = False) -> LiaisonRow:
    """One message. Raises NotFound."""
    where = f"statement = %s{for_update() if lock else ''}"
    for one in _rows(_WORD, "relations_liaison_word", where, (statement,)):
        return LiaisonRow(**_flags(one))
    raise NotFound("relations.unknown-word", statement=id_text(statement))


def add_words(rows: Sequence[LiaisonRow]) -> None:
    """Adds messages, in the caller's transaction; what is there stays."""
    with connection.cursor() as cursor:
        cursor.executemany(
            insert("relations_liaison_word", _WORD, "ON CONFLICT DO NOTHING"),
            [[getattr(row, name) for name in _WORD] for row in rows],
        )
        cursor.executemany(
            "UPDATE relations_liaison_channel SET last_ms = %s WHERE matter = %s AND last_ms < %s",
            [(row.at_ms, row.matter, row.at_ms) for row in rows],
        )


def note_read(statement: bytes, *, officer: str, now_ms: int) -> None:
    """That its addressee has read a message, and who signed it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE relations_liaison_word SET read_ms = COALESCE(read_ms, %s), officer = %s WHERE statement = %s",
            (now_ms, officer, statement),
        )


def note_handed(statement: bytes, *, by: str, now_ms: int, opened: bool) -> None:
    """That the officer handed a message on; ``opened``: so that the desk's node can open it from now on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE relations_liaison_word SET waits = %s, handed_by = %s, handed_ms = %s, closed = CASE WHEN %s THEN %s ELSE closed END "
            "WHERE statement = %s",
            (False, by, now_ms, opened, False, statement),
        )


def unread_counts(matters: Sequence[bytes], *, posts: Sequence[str]) -> dict[bytes, int]:
    """How many messages for one of ``posts`` nobody has read yet, by channel."""
    if not matters or not posts:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT matter, COUNT(*) FROM relations_liaison_word WHERE read_ms IS NULL AND matter IN ({marks(matters)}) "
            f"AND addressee IN ({marks(posts)}) GROUP BY matter",
            [*matters, *posts],
        )
        return {bytes(matter): count for matter, count in cursor.fetchall()}
