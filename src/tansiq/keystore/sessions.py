"""The rows of sessions: kept beside the keys, for they may hold an officer's opened key, and out of every backup.

Invariant: nothing here opens a session. A row is found by a hash of the cookie's secret, and its content is encrypted under that secret.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connections, transaction

from tansiq.keystore.router import ALIAS

__all__ = [
    "SessionRow", "add_session", "change_session", "drop_family", "drop_sessions", "read_session", "sessions_of", "sweep_sessions",
    "touch_session",
]  # fmt: skip

_COLUMNS = "identifier, family, agent, created_ms, seen_ms, ends_ms"


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session as it is kept; times are UTC milliseconds."""

    identifier: bytes
    family: bytes
    agent: str
    created_ms: int
    seen_ms: int
    ends_ms: int
    sealed: bytes = field(default=b"", repr=False)


def _change(sql: str, values: Sequence[Any]) -> int:
    with transaction.atomic(using=ALIAS), connections[ALIAS].cursor() as cursor:
        cursor.execute(sql, values)
        return int(cursor.rowcount)


def _compact() -> None:
    """Folds SQLite's log into the database, so that no page with an ended session stays in the log."""
    if connections[ALIAS].vendor == "sqlite" and not connections[ALIAS].in_atomic_block:
        with connections[ALIAS].cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def read_session(identifier: bytes) -> SessionRow | None:
    """The session with this identifier."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS}, sealed FROM keystore_session WHERE identifier = %s", (identifier,))
        row = cursor.fetchone()
    return (
        None if row is None else SessionRow(bytes(row[0]), bytes(row[1]), row[2], row[3], row[4], row[5], bytes(row[6]))
    )


def add_session(row: SessionRow) -> bool:
    """Keeps a new session; False when there is one with this identifier."""
    sql = (
        f"INSERT INTO keystore_session ({_COLUMNS}, sealed) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
    )
    values = (row.identifier, row.family, row.agent, row.created_ms, row.seen_ms, row.ends_ms, row.sealed)
    return _change(sql, values) == 1


def change_session(row: SessionRow) -> bool:
    """Replaces what a session holds; False when it has ended meanwhile."""
    sql = "UPDATE keystore_session SET family = %s, agent = %s, seen_ms = %s, ends_ms = %s, sealed = %s WHERE identifier = %s"
    return _change(sql, (row.family, row.agent, row.seen_ms, row.ends_ms, row.sealed, row.identifier)) == 1


def touch_session(identifier: bytes, *, seen_ms: int) -> None:
    """Writes down that the session was used."""
    _change("UPDATE keystore_session SET seen_ms = %s WHERE identifier = %s", (seen_ms, identifier))


def drop_sessions(identifiers: Sequence[bytes]) -> None:
    """Ends sessions."""
    for identifier in identifiers:
        _change("DELETE FROM keystore_session WHERE identifier = %s", (identifier,))
    _compact()


def drop_family(family: bytes, *, but: bytes = b"") -> int:
    """Ends all sessions of a family but one; returns how many."""
    ended = _change("DELETE FROM keystore_session WHERE family = %s AND identifier <> %s", (family, but))
    _compact()
    return ended


def sessions_of(family: bytes) -> list[SessionRow]:
    """The sessions of a family, the latest used first, without what they hold."""
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(f"SELECT {_COLUMNS} FROM keystore_session WHERE family = %s ORDER BY seen_ms DESC", (family,))
        return [SessionRow(bytes(row[0]), bytes(row[1]), *row[2:]) for row in cursor.fetchall()]


def sweep_sessions(*, now_ms: int, idle_ms: int) -> int:
    """Deletes what has ended: past its end, or unused for ``idle_ms``; returns how many."""
    sql = "DELETE FROM keystore_session WHERE ends_ms <= %s OR seen_ms <= %s"
    swept = _change(sql, (now_ms, now_ms - idle_ms))
    if swept:
        _compact()
    return swept
