"""Reading the post room: what waits, what is missing, what is quarantined, proofs of what was exchanged.

Invariant: reads only, by index; costs stay flat as statements grow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

__all__ = ["Counts", "Quarantined", "counts", "gaps", "has_work", "quarantined", "witness_debt"]


@dataclass(frozen=True, slots=True)
class Counts:
    """Envelopes with one peer: sent, received, with receipts, waiting to be released, released without receipt."""

    peer: str
    sent: int
    received: int
    receipts: int
    waiting: int
    pending: int


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A statement that was set aside: its digest, from whom, why, since when, how often tried."""

    statement: bytes
    peer: str
    code: str
    detail: str
    since_ms: int
    tries: int


def _one(sql: str, values: tuple[Any, ...]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        row = cursor.fetchone()
    return int(row[0] or 0)


def has_work(peer: str) -> bool:
    """Whether anything waits to be released to ``peer`` or has no receipt."""
    return bool(
        _one(
            "SELECT (SELECT COUNT(*) FROM exchange_pending WHERE peer = %s) + (SELECT COUNT(*) FROM exchange_outbox WHERE peer = %s)",
            (peer, peer),
        )
    )


def witness_debt(peer: str) -> tuple[int, int, int]:
    """The size of our journal with ``peer``, how much of it the peer has witnessed, and how much of its we have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE((SELECT size FROM journal_journal WHERE peer = %s), 0), "
            "COALESCE((SELECT size FROM journal_witnessed WHERE peer = %s AND witness IS NOT NULL "
            "ORDER BY epoch DESC, size DESC LIMIT 1), 0), "
            "COALESCE((SELECT size FROM journal_mirror WHERE peer = %s), 0)",
            (peer, peer, peer),
        )
        size, witnessed, mirrored = cursor.fetchone()
    return size, witnessed, mirrored


def counts(peer: str) -> Counts:
    """Counts of envelopes exchanged with ``peer``."""
    sent = _one("SELECT COUNT(*) FROM exchange_sent WHERE peer = %s", (peer,))
    unproven = _one("SELECT SUM(count) FROM exchange_pending WHERE peer = %s", (peer,))
    return Counts(
        peer=peer,
        sent=sent,
        received=_one("SELECT COUNT(*) FROM exchange_received WHERE peer = %s", (peer,)),
        receipts=sent - unproven,
        waiting=_one("SELECT COUNT(*) FROM exchange_outbox WHERE peer = %s", (peer,)),
        pending=unproven,
    )


def gaps(peer: str) -> list[tuple[int, int, int]]:
    """Numbers of the peer that are missing though later ones came: ``(epoch, lane, first missing)``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT l.epoch, l.lane, l.number FROM exchange_lane l WHERE l.peer = %s AND l.direction = 2 AND EXISTS "
            "(SELECT 1 FROM exchange_received r WHERE r.peer = l.peer AND r.epoch = l.epoch AND r.lane = l.lane AND r.number > l.number)",
            (peer,),
        )
        return [(row[0], row[1], row[2]) for row in cursor.fetchall()]


def quarantined() -> list[Quarantined]:
    """Everything that is set aside, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, peer, code, detail, since_ms, tries FROM exchange_quarantine ORDER BY since_ms"
        )
        return [Quarantined(bytes(row[0]), row[1], row[2], row[3], row[4], row[5]) for row in cursor.fetchall()]
