"""Watching two nodes from outside: what is receipted, dispatched and witnessed, and what a message takes on disk.

Invariant: reads only, on connections of its own that no node knows, with statements that cost the nodes next to nothing.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import Any

import psycopg

from tansiq.errors import Unavailable
from tansiq.node.home import Home

__all__ = ["Reading", "Watch"]

_LONGEST_SECONDS = 60.0
_TABLES = "SELECT m.tbl_name, SUM(s.pgsize) FROM dbstat s JOIN sqlite_master m ON m.name = s.name WHERE s.aggregate = TRUE GROUP BY m.tbl_name"
_NAMES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_NAMES_SERVER = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
_RELATIONS = "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"

_WITNESSED = (
    "SELECT COALESCE((SELECT size FROM journal_witnessed WHERE peer = %s AND witness IS NOT NULL "
    "ORDER BY epoch DESC, size DESC LIMIT 1), 0)"
)
"""From the index's end: what is asked fifty times a second must not cost more with every message that is stored."""


class Reading:
    """A reader of one database of a home, on SQLite or PostgreSQL."""

    def __init__(self, home: Home, *, keys: bool = False) -> None:
        self._sqlite: sqlite3.Connection | None = None
        self._server: psycopg.Connection[Any] | None = None
        if home.on_postgresql:
            self._server = psycopg.connect(home.keys_database if keys else home.database, autocommit=True)
        else:
            path = home.key_database if keys else home.main_database
            self._sqlite = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=60, isolation_level=None)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """The rows of ``sql``, whose places are written %s."""
        if self._sqlite is not None:
            return self._sqlite.execute(sql.replace("%s", "?"), values).fetchall()
        assert self._server is not None  # noqa: S101 (one of the two was opened)
        return self._server.execute(sql.encode(), values).fetchall()

    def number(self, sql: str, *values: object) -> int:
        """The one number that ``sql`` gives."""
        return int(self.rows(sql, *values)[0][0] or 0)

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        tables = self.rows(_NAMES_SERVER if self._server is not None else _NAMES)
        return {str(name): self.number(f"SELECT COUNT(*) FROM {name}") for (name,) in tables}

    def sizes(self) -> dict[str, int]:
        """Bytes of every table with its indexes; on SQLite pages that are free now stand under ``(free)``."""
        if self._server is not None:
            return {str(name): int(size) for name, size in self.rows(_RELATIONS)}
        sizes = {str(name): int(size) for name, size in self.rows(_TABLES)}
        sizes["(free)"] = self.number("PRAGMA freelist_count") * self.number("PRAGMA page_size")
        return sizes


class Watch:
    """The sender's and the receiver's databases."""

    def __init__(self, sender: Home, receiver: Home) -> None:
        self._pair = (sender.agency, receiver.agency)
        self._main = (Reading(sender), Reading(receiver))
        self._keys = (Reading(sender, keys=True), Reading(receiver, keys=True))

    def wait_for(self, condition: Callable[[], bool], *, every_s: float = 0.02) -> None:
        """Waits until ``condition`` holds. Raises Unavailable when it does not within a minute after everything was composed."""
        end = time.monotonic() + _LONGEST_SECONDS
        while not condition():
            if time.monotonic() > end:
                raise Unavailable("bench.stuck", seconds=int(_LONGEST_SECONDS))
            time.sleep(every_s)

    def is_dispatched(self) -> bool:
        """Whether everything was released and receipted, and the receiver has handled all that came."""
        sender, receiver = self._main
        waiting = sender.number(
            "SELECT (SELECT COUNT(*) FROM exchange_outbox) + (SELECT COUNT(*) FROM exchange_pending)"
        )
        return not waiting and not receiver.number("SELECT COUNT(*) FROM exchange_queue")

    def is_witnessed(self) -> bool:
        """Whether both journals are signed by the other side as they stand."""
        return all(
            reading.number("SELECT size FROM journal_journal WHERE peer = %s", peer) == reading.number(_WITNESSED, peer)
            for reading, peer in zip(self._main, reversed(self._pair), strict=True)
        )

    def has_arrived(self, statement: bytes) -> bool:
        """Whether the item of ``statement`` is committed at the receiver, and its receipt at the sender."""
        sender, receiver = self._main
        return bool(receiver.rows("SELECT 1 FROM cases_item WHERE statement = %s", statement)) and bool(
            sender.rows(
                "SELECT 1 FROM exchange_sent s JOIN exchange_receipt r ON r.batch = s.batch WHERE s.statement = %s",
                statement,
            )
        )

    def messages(self) -> int:
        """How many messages the receiver has stored."""
        return self._main[1].number("SELECT COUNT(*) FROM cases_item")

    def quarantined(self) -> int:
        """How many the receiver set aside: a measurement with any is worth nothing."""
        return self._main[1].number("SELECT COUNT(*) FROM exchange_quarantine")

    def last_number(self, lane: int) -> int:
        """The last number that the sender gave on a lane."""
        return self._main[0].number("SELECT MAX(number) FROM exchange_sent WHERE lane = %s", lane)

    def rows(self) -> dict[str, dict[str, int]]:
        """Rows by table on each side."""
        return {
            side: main.counts() | keys.counts()
            for side, main, keys in zip(("sender", "receiver"), self._main, self._keys, strict=True)
        }

    def sizes(self) -> dict[str, dict[str, int]]:
        """Bytes by table on each side."""
        return {
            side: main.sizes()
            | {name.replace("(free)", "(free in the key store)"): size for name, size in keys.sizes().items()}
            for side, main, keys in zip(("sender", "receiver"), self._main, self._keys, strict=True)
        }
