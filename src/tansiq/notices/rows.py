"""Rows of notices and of the words about them, written and read in batches: what services, handlers and queries share.

Invariant: one place knows the columns. The state of a row is that of `policy.notice_course` for the words that are here and the
moment (`course_row`); nothing else writes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import for_update, insert, marks
from tansiq.notices.kinds import MOVES, REQUEST, UPDATE, Side, speaker_of
from tansiq.policy.notice_course import ENDED, Kind, NoticeCourse, NoticeWord, course_of
from tansiq.policy.notice_needs import needs

__all__ = ["NoticeRow", "WordRow", "add_notice", "add_words", "course_row", "notice_rows", "store_notice", "words_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRow:
    """A row of `models.Notice`; the columns in this order."""

    matter: bytes
    kind: Kind
    side: Side
    colour: str = ""
    source: str
    source_post: str
    via: str = ""
    first: bytes
    version: bytes = b""
    pending: bytes = b""
    state: str
    number: str = ""
    field: str = ""
    purpose: str = ""
    classification: str = ""
    public: bool = False
    officer: str
    said_ms: int
    came_ms: int
    published_ms: int | None = None
    updated_ms: int | None = None
    until_ms: int | None = None
    ended_ms: int | None = None
    reason: str = ""
    answers: int = 0
    known: bool = False
    order_ms: int = 0
    ends_ms: int | None = None

    @property
    def binds(self) -> bool:
        """Whether members act on it."""
        return self.state in {"published", "updated"}

    @property
    def has_ended(self) -> bool:
        """Whether it is over."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class WordRow:
    """A row of `models.Word`; the columns in this order."""

    statement: bytes
    matter: bytes
    kind: str
    side: Side
    agency: str
    post: str
    officer: str
    code: str = ""
    version: bytes = b""
    follows: tuple[bytes, ...] = ()
    until_ms: int | None = None
    said_ms: int
    at_ms: int
    seen: bool = True

    @property
    def word(self) -> NoticeWord | None:
        """It as the course is judged by; None for what does nothing to the notice."""
        if self.kind == REQUEST:
            return None
        return NoticeWord(
            id=self.statement,
            move=MOVES[self.kind],
            side=speaker_of(self.side),
            said_ms=self.said_ms,
            follows=self.follows,
            version=b"" if self.kind == UPDATE else self.version,
            until_ms=None if self.until_ms is None else min(self.until_ms, self.at_ms + needs().longest_ms),
            code=self.code,
        )


_NOTICE: Final = tuple(field.name for field in fields(NoticeRow))
_WORD: Final = tuple(field.name for field in fields(WordRow))
_ADD_NOTICE: Final = insert("notices_notice", _NOTICE)
_ADD_WORD: Final = insert("notices_word", _WORD, "ON CONFLICT DO NOTHING")
_BYTES: Final = frozenset({"matter", "first", "version", "pending", "statement"})
_EMPTY_BYTES: Final = frozenset({"version", "pending"})


def _column(name: str, value: Any) -> Any:
    if name in _EMPTY_BYTES:
        return value or None
    if name == "follows":
        return b"".join(value)
    return int(value) if name == "side" else str(value) if name == "kind" else value


def add_notice(row: NoticeRow) -> None:
    """Adds a notice, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD_NOTICE, [_column(name, getattr(row, name)) for name in _NOTICE])


def store_notice(row: NoticeRow) -> None:
    """Writes what has changed of a notice, in the caller's transaction."""
    names = [name for name in _NOTICE if name != "matter"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE notices_notice SET {', '.join(f'{name} = %s' for name in names)} WHERE matter = %s",
            [*(_column(name, getattr(row, name)) for name in names), row.matter],
        )


def _plain(name: str, value: Any) -> Any:
    if name in _BYTES:
        return bytes(value or b"")
    return bool(value) if name in {"public", "known", "seen"} else value


def notice_rows(where: str, values: Sequence[Any], *, lock: bool = False) -> list[NoticeRow]:
    """The notices that ``where`` (SQL of this room's own) selects; ``lock`` holds them until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_NOTICE)} FROM notices_notice WHERE {where}{for_update() if lock else ''}", list(values)
        )
        found = [
            {name: _plain(name, value) for name, value in zip(_NOTICE, row, strict=True)} for row in cursor.fetchall()
        ]
    return [NoticeRow(**row | {"kind": Kind(row["kind"]), "side": Side(row["side"])}) for row in found]


def add_words(rows: Sequence[WordRow]) -> None:
    """Adds words, in the caller's transaction; one that is there stays as it is."""
    with connection.cursor() as cursor:
        cursor.executemany(_ADD_WORD, [[_column(name, getattr(row, name)) for name in _WORD] for row in rows])


def words_of(matters: Sequence[bytes]) -> dict[bytes, list[WordRow]]:
    """What was said about each of ``matters``, in the order of the statements."""
    found: dict[bytes, list[WordRow]] = {matter: [] for matter in matters}
    if not matters:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {', '.join(_WORD)} FROM notices_word WHERE matter IN ({marks(matters)}) ORDER BY statement",
            list(matters),
        )
        for row in cursor.fetchall():
            values = {name: _plain(name, value) for name, value in zip(_WORD, row, strict=True)}
            joined = bytes(values["follows"])
            values["follows"] = tuple(joined[at : at + 16] for at in range(0, len(joined), 16))
            made = WordRow(**values | {"side": Side(values["side"])})
            found[made.matter].append(made)
    return found


def course_row(row: NoticeRow, words: Sequence[WordRow], *, now_ms: int, until_ms: int | None = None) -> NoticeRow:
    """The row as these words and this moment make it; nothing is written. ``until_ms`` is the end that a diffusion names.

    No end is later than the longest term after the notice, or the word that named it, came: its speaker dates it, we keep it. A diffusion
    that names no end has that one.
    """
    known = [word.word for word in words]
    named_ms = until_ms if until_ms is not None else row.until_ms
    longest_ms = row.came_ms + needs().longest_ms
    course = course_of(
        [word for word in known if word is not None],
        first=row.first,
        kind=row.kind,
        now_ms=now_ms,
        until_ms=min(named_ms or longest_ms, longest_ms) if row.kind is Kind.DIFFUSION else None,
    )
    return _as_it_stands(row, course)


def _as_it_stands(row: NoticeRow, course: NoticeCourse) -> NoticeRow:
    return replace(
        row,
        state=course.state,
        version=course.version,
        pending=course.pending,
        published_ms=course.published_ms,
        updated_ms=course.updated_ms,
        until_ms=course.until_ms,
        ended_ms=course.ended_ms,
        reason=course.reason,
        answers=course.answers,
        known=row.known or course.binds or row.side is not Side.MEMBER,
        order_ms=course.ended_ms or course.updated_ms or course.published_ms or row.said_ms,
        ends_ms=course.until_ms if course.binds else None,
    )
