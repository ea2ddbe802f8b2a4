"""Failures are counted, and what fails too often has to wait, longer each time.

Invariant: an attempt is counted before anything is compared, in one statement, so many at once are counted one by one, over processes and
restarts. Known and unknown service numbers are counted alike, so a lock says nothing about who exists. Keys are keyed hashes: the database
alone does not say who mistyped, or from where.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.db import connection, transaction

from tansiq.accounts.events import What, note
from tansiq.accounts.opened import Opened
from tansiq.errors import TooMuch

__all__ = ["Kind", "Locked", "begin", "forget", "lift", "locks", "succeeded", "sweep_attempts"]

_QUIET_MS: Final = 24 * 3_600_000
_FIRST_MS: Final = 60_000
_LONGEST_MS: Final = 3_600_000


class Kind(StrEnum):
    """What is counted."""

    ACCOUNT = "account"
    ADDRESS = "address"
    FACTOR = "factor"
    INVITATION = "invitation"


_ALLOWED: Final = {Kind.ACCOUNT: 5, Kind.ADDRESS: 25, Kind.FACTOR: 5, Kind.INVITATION: 5}
"""How many failures come free, before each further one locks."""


@dataclass(frozen=True, slots=True)
class Locked:
    """What is locked until when (UTC ms), after how many failures."""

    key: bytes
    kind: str
    failures: int
    until_ms: int


def _key(kind: Kind, value: str, node: Opened) -> bytes:
    return node.keyed(f"attempt {kind}", value.strip().casefold())


def _pause(kind: Kind, failures: int) -> int:
    """How long to wait after so many failures (ms): a minute, then twice as long each time, an hour at most."""
    over = failures - _ALLOWED[kind]
    return 0 if over < 0 else int(min(_FIRST_MS * 2 ** min(over, 10), _LONGEST_MS))


def _count(key: bytes, kind: Kind, now_ms: int) -> tuple[int, int]:
    """Counts one; returns how many there are now and until when it is locked: a locked one is not counted."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_attempt (key, kind, failures, last_ms, until_ms) VALUES (%s, %s, 1, %s, 0) "
            "ON CONFLICT (key) DO UPDATE SET last_ms = excluded.last_ms, "
            "failures = CASE WHEN accounts_attempt.last_ms < %s THEN 1 ELSE accounts_attempt.failures + 1 END "
            "WHERE accounts_attempt.until_ms <= excluded.last_ms RETURNING failures",
            (key, str(kind), now_ms, now_ms - _QUIET_MS),
        )
        row = cursor.fetchone()
        if row is None:
            cursor.execute("SELECT failures, until_ms FROM accounts_attempt WHERE key = %s", (key,))
            failures, until_ms = cursor.fetchone() or (0, 0)
            return failures, until_ms
        failures = int(row[0])
        pause = _pause(kind, failures)
        if pause:
            cursor.execute("UPDATE accounts_attempt SET until_ms = %s WHERE key = %s", (now_ms + pause, key))
    return failures, 0


def begin(what: dict[Kind, str], *, node: Opened) -> list[Kind]:
    """Counts an attempt for each kind and value, an address that is not known ('') for none; returns what this attempt locks unless it
    succeeds.

    Raises TooMuch when one of them is locked; ``minutes`` is how long to wait, rounded up.
    """
    now_ms = node.clock()
    locking = []
    with transaction.atomic():
        for kind, value in what.items():
            if kind == Kind.ADDRESS and not value:  # a proxy's: it limits addresses, we can't
                continue
            failures, until_ms = _count(_key(kind, value, node), kind, now_ms)
            if until_ms > now_ms:
                raise TooMuch("accounts.locked", minutes=-(-(until_ms - now_ms) // 60_000))
            if _pause(kind, failures):
                locking.append(kind)
    return locking


def succeeded(what: dict[Kind, str], *, node: Opened) -> None:
    """Takes the attempt back: who proved something is counted no longer, an address loses this one failure alone."""
    with transaction.atomic(), connection.cursor() as cursor:
        for kind, value in what.items():
            key = _key(kind, value, node)
            if kind == Kind.ADDRESS:
                cursor.execute(
                    "UPDATE accounts_attempt SET failures = failures - 1, until_ms = 0 WHERE key = %s AND failures > 1",
                    (key,),
                )
                if cursor.rowcount:
                    continue
            cursor.execute("DELETE FROM accounts_attempt WHERE key = %s", (key,))


def forget(kind: Kind, value: str, *, node: Opened) -> None:
    """Forgets the failures of one."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_attempt WHERE key = %s", (_key(kind, value, node),))


def locks(*, node: Opened) -> list[Locked]:
    """What is locked now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT key, kind, failures, until_ms FROM accounts_attempt WHERE until_ms > %s ORDER BY until_ms",
            (node.clock(),),
        )
        return [Locked(bytes(row[0]), *row[1:]) for row in cursor.fetchall()]


def lift(key: bytes, *, by: str, node: Opened) -> bool:
    """Lifts a lock before its time; whether there was one. Whose it was stands nowhere, so the event names the kind."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_attempt WHERE key = %s AND until_ms > %s RETURNING kind", (key, node.clock())
        )
        row = cursor.fetchone()
        if row is not None:
            note(What.LOCK_LIFTED, f"({row[0]})", by=by, now_ms=node.clock())
        return row is not None


def sweep_attempts(*, now_ms: int) -> int:
    """Forgets failures after a quiet day; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM accounts_attempt WHERE last_ms < %s AND until_ms <= %s", (now_ms - _QUIET_MS, now_ms)
        )
        return int(cursor.rowcount)
