"""One consistent view of a database, read row by row, while the node goes on writing.

Invariant: everything that one snapshot reads was committed before it was opened, and nothing later is seen: on SQLite a read transaction on
a connection of its own (WAL), on PostgreSQL a transaction that is REPEATABLE READ and READ ONLY. Memory stays flat.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg
from django.db import connections

__all__ = ["FEW_ROWS", "ROWS", "Progress", "Snapshot", "quiet", "snapshot"]

Progress = Callable[[str, int, int], None]
"""Told how far a long work is: its stage (a code: the text is ``node.stage.CODE``), what is done, and of how many (0: unknown)."""

ROWS = 256
FEW_ROWS = 8
"""At a time, where a row may hold megabytes."""


def quiet(_stage: str, _done: int, _total: int) -> None:
    """Tells nobody."""


class Snapshot(Protocol):
    """A consistent view; values come as SQLite or PostgreSQL give them, binary ones as bytes."""

    def rows(self, sql: str, values: Sequence[Any] = (), *, fetch: int = ROWS) -> Iterator[tuple[Any, ...]]:
        """The rows of a query with ``%s`` placeholders, ``fetch`` at a time; several queries may be read at once."""

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """The first column of the first row, or None."""


class _Lite:
    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def rows(self, sql: str, values: Sequence[Any] = (), *, fetch: int = ROWS) -> Iterator[tuple[Any, ...]]:
        yield from self._raw.execute(sql.replace("%s", "?"), tuple(values))

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        row = self._raw.execute(sql.replace("%s", "?"), tuple(values)).fetchone()
        return row[0] if row else None


class _Postgres:
    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw
        self._numbers = itertools.count()

    def rows(self, sql: str, values: Sequence[Any] = (), *, fetch: int = ROWS) -> Iterator[tuple[Any, ...]]:
        with self._raw.cursor(f"tansiq_{next(self._numbers)}") as cursor:
            cursor.itersize = fetch
            cursor.execute(sql.encode(), tuple(values))
            yield from cursor

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        with self._raw.cursor() as cursor:
            row = cursor.execute(sql.encode(), tuple(values)).fetchone()
        return row[0] if row else None


def snapshot(alias: str = "default") -> AbstractContextManager[Snapshot]:
    """A snapshot of the bound database ``alias``, until the block ends."""
    return _postgres(alias) if connections[alias].vendor == "postgresql" else _lite(alias)


@contextmanager
def _lite(alias: str) -> Iterator[Snapshot]:
    wrapper = connections.create_connection(alias)
    raw = wrapper.get_new_connection(wrapper.get_connection_params())
    try:
        raw.execute("PRAGMA query_only=ON")
        raw.execute("BEGIN")
        raw.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()  # the transaction begins with the first read
        yield _Lite(raw)
    finally:
        raw.close()


@contextmanager
def _postgres(alias: str) -> Iterator[Snapshot]:
    wrapper = connections.create_connection(alias)
    raw = wrapper.get_new_connection(wrapper.get_connection_params())
    try:
        raw.autocommit = False
        raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        raw.read_only = True
        raw.execute("SELECT 1")
        yield _Postgres(raw)
    finally:
        raw.close()
