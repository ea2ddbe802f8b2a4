"""What happened to accounts: who signed in, was locked out, invited, given which right, and by whom.

Invariant: rows are added and never changed; they hold codes and service numbers alone, and end with their retention.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection

__all__ = ["Happened", "What", "events_of", "note", "sweep_events"]


class What(StrEnum):
    """What happened. Grammar: the thing, then what was done to it."""

    ACCOUNT_MADE = "account.made"
    ACCOUNT_ENDED = "account.ended"
    ACCOUNT_RESUMED = "account.resumed"
    ROLES_SET = "roles.set"
    CLEARANCE_SET = "clearance.set"
    SIGNED_IN = "session.begun"
    SIGNED_OUT = "session.ended"
    OTHERS_ENDED = "session.others-ended"
    LOCKED = "lock.set"
    LOCK_LIFTED = "lock.lifted"
    PASSPHRASE_SET = "passphrase.set"  # noqa: S105 (a code)
    FACTOR_SET = "factor.set"
    FACTOR_RESET = "factor.reset"
    CODE_USED = "recovery.used"
    CODES_MADE = "recovery.made"
    CODES_DRILLED = "recovery.drilled"
    INVITED = "invitation.made"
    INVITATION_USED = "invitation.used"
    INVITATION_ENDED = "invitation.ended"
    SUBSTITUTE_SET = "substitute.set"
    SUBSTITUTE_ENDED = "substitute.ended"
    KEY_CERTIFIED = "key.certified"


@dataclass(frozen=True, slots=True)
class Happened:
    """One event: when (UTC ms), what, to whom, by whom."""

    at_ms: int
    what: str
    number: str
    by: str


def note(what: What, number: str, *, by: str = "", now_ms: int) -> None:
    """Writes an event down, with the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_event (at_ms, what, number, by) VALUES (%s, %s, %s, %s)",
            (now_ms, str(what), number, by or number),
        )


def events_of(number: str = "", *, before: int = 0, limit: int = 50) -> list[tuple[int, Happened]]:
    """The latest events of one account, or of all; ``before`` an event's id for the next page."""
    conditions: list[str] = []
    values: list[Any] = []
    if number:
        conditions.append("number = %s")
        values.append(number)
    if before:
        conditions.append("id < %s")
        values.append(before)
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, at_ms, what, number, by FROM accounts_event {where} ORDER BY id DESC LIMIT %s",
            [*values, limit],
        )
        return [(row[0], Happened(*row[1:])) for row in cursor.fetchall()]


def sweep_events(*, before_ms: int) -> int:
    """Deletes events older than this; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_event WHERE at_ms < %s", (before_ms,))
        return int(cursor.rowcount)
