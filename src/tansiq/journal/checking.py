"""Verifying the access journal, and the record that it was done: every leaf is made anew from what is kept of its act, and
the root that comes out is compared with the one that the journal had when the check began.

Invariant: a check looks at a bounded number of acts at a time, remembers how far it came, and goes on after any
interruption; what is recorded of it is never changed once it has ended. Regulation (EU) 2019/818, article 24(4): at least
every six months (`EVERY_MS`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from tansiq.journal.access import access_log
from tansiq.protocol.cbor import encode
from tansiq.protocol.merkle import EMPTY_ROOT, Frontier, leaf_hash

__all__ = ["EVERY_MS", "Check", "begin_check", "check_due_ms", "first_act_ms", "go_on", "last_checks"]

EVERY_MS: Final = 182 * 86_400_000
WHOLE: Final = "whole"
_AT_ONCE: Final = 5_000
_COLUMNS: Final = ("id", "officer", "begun_ms", "ended_ms", "size", "done", "outcome", "fault", "root")


@dataclass(frozen=True, slots=True)
class Check:
    """A check of the access journal at ``size`` acts with ``root``, ordered by ``officer`` (service number).

    ``ended_ms`` is None while it goes on (``done`` acts looked at); ``outcome`` 'whole', or 'missing', 'altered' (at the act
    ``fault``) or 'other-root'.
    """

    id: int
    officer: str
    begun_ms: int
    ended_ms: int | None
    size: int
    done: int
    outcome: str
    fault: int | None
    root: bytes

    @property
    def whole(self) -> bool:
        """Whether everything was in order."""
        return self.outcome == WHOLE


def _checks(where: str, values: list[Any]) -> list[Check]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(_COLUMNS)} FROM journal_access_check WHERE {where}", values)
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in cursor.fetchall()]
    return [Check(**row | {"root": bytes(row["root"])}) for row in rows]


def last_checks(limit: int = 6) -> list[Check]:
    """The latest checks, the newest first."""
    return _checks("1 = 1 ORDER BY id DESC LIMIT %s", [limit])


def check_due_ms(*, first_ms: int) -> int:
    """When the next check is due at the latest: six months after the last that found the journal whole, or after
    ``first_ms``, when the first act was logged.
    """
    found = _checks("outcome = %s ORDER BY id DESC LIMIT 1", [WHOLE])
    return (found[0].begun_ms if found else first_ms) + EVERY_MS


def first_act_ms() -> int | None:
    """When the first act was logged; None: none was."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT time_ms FROM journal_access_event WHERE number = 0")
        row = cursor.fetchone()
    return None if row is None else int(row[0])


def begin_check(officer: str, *, now_ms: int) -> None:
    """Begins a check of the journal as it stands, unless one goes on; the first acts are looked at at once."""
    with transaction.atomic():
        if not _checks("ended_ms IS NULL LIMIT 1", []):
            log = access_log()
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO journal_access_check (officer, begun_ms, size, done, frontier, root, outcome) "
                    "VALUES (%s, %s, %s, 0, %s, %s, '')",
                    (officer, now_ms, log.size, Frontier(0, ()).to_bytes(), log.root),
                )
    go_on(now_ms=now_ms)


def _looked(frontier: Frontier, size: int) -> tuple[Frontier, str, int | None]:
    """The frontier after the next acts, and what is wrong with one of them ('' nothing)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, time_ms, commitment, node FROM journal_access_event WHERE number >= %s AND number < %s "
            "ORDER BY number LIMIT %s",
            (frontier.size, size, _AT_ONCE),
        )
        rows = cursor.fetchall()
    leaves = [leaf_hash(encode([number, time_ms, bytes(commitment)])) for number, time_ms, commitment, _ in rows]
    grown, completed = frontier.extend(leaves)
    for expected, (row, leaf, nodes) in enumerate(zip(rows, leaves, completed, strict=True), frontier.size):
        if row[0] != expected:
            return frontier, "missing", expected
        if bytes(row[3]) != leaf + b"".join(nodes):
            return frontier, "altered", expected
    if grown.size < size and len(rows) < _AT_ONCE:
        return grown, "missing", grown.size
    return grown, "", None


def go_on(*, now_ms: int) -> bool:
    """Looks at the next acts of the check that goes on; whether more of it is left."""
    with transaction.atomic(), connection.cursor() as cursor:
        lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
        cursor.execute(
            "SELECT id, size, frontier, root FROM journal_access_check WHERE ended_ms IS NULL ORDER BY id LIMIT 1"
            + lock
        )
        row = cursor.fetchone()
        if row is None:
            return False
        identifier, size, before, root = row
        frontier, outcome, fault = _looked(Frontier.from_bytes(bytes(before)), size)
        if not outcome and frontier.size == size:
            same = (frontier.root() if size else EMPTY_ROOT) == bytes(root)
            outcome = WHOLE if same else "other-root"
        cursor.execute(
            "UPDATE journal_access_check SET done = %s, frontier = %s, outcome = %s, fault = %s, ended_ms = %s WHERE id = %s",
            (frontier.size, frontier.to_bytes(), outcome, fault, now_ms if outcome else None, identifier),
        )
        return not outcome
