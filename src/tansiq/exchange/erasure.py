"""Erasure: the tombstone first, then the key, then the wraps that would open it again.

Invariant: what has a tombstone has no key here, or is about to lose it; whoever reads a tombstone finishes the work of a process that
died between the two (`finish_erasures`). A tombstone is never removed: it keeps a restored backup from bringing the thing back
(GDPR article 17, LED article 16). ``WHOLE`` as a place means every content of the thing.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection, transaction

from tansiq.errors import Conflict
from tansiq.exchange.context import Context
from tansiq.exchange.copies import empty_copies, wrap_names
from tansiq.exchange.leaving import is_leaving

__all__ = ["WHOLE", "bury", "erase", "erased_from", "erased_places", "finish_erasures", "tombstones"]

WHOLE = -1
_CHUNK = 500


def bury(things: Sequence[bytes], *, reason: str, now_ms: int, place: int = WHOLE) -> None:
    """Writes tombstones in the caller's transaction; one that stands stays as it is."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_tombstone (thing, place, at_ms, reason) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(thing, place, now_ms, reason) for thing in things],
        )


def tombstones(things: Sequence[bytes]) -> set[bytes]:
    """Those of ``things`` that were erased as a whole."""
    return {thing for thing, place in erased_places(things) if place == WHOLE}


def erased_places(things: Sequence[bytes]) -> list[tuple[bytes, int]]:
    """What of ``things`` was erased: the thing, and the place or ``WHOLE``."""
    found: list[tuple[bytes, int]] = []
    with connection.cursor() as cursor:
        for at in range(0, len(things), _CHUNK):
            chunk = list(things[at : at + _CHUNK])
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT thing, place FROM exchange_tombstone WHERE thing IN ({marks})", chunk)
            found += [(bytes(thing), place) for thing, place in cursor.fetchall()]
    return found


def erased_from(things: Sequence[bytes]) -> set[bytes]:
    """Those of ``things`` of which anything at all was erased."""
    return {thing for thing, _ in erased_places(things)}


def erase(thing: bytes, *, context: Context, reason: str, place: int | None = None) -> None:
    """Erases a statement's or an item's contents for ever: all of them, or the one at ``place`` (docket first, from 0).

    ``reason`` is a code. The wraps of every hop go with it, for they open the whole. Raises Conflict while the
    statement still waits to be delivered, and when there is no such place.
    """
    with transaction.atomic():
        if is_leaving(thing):
            raise Conflict("exchange.erase-undelivered")
        bury([thing], reason=reason, now_ms=context.clock(), place=WHOLE if place is None else place)
        empty_copies([thing])
    context.keys.drop_wraps(wrap_names([thing]))
    context.keys.erase(thing, place=place)


def finish_erasures(*, context: Context, since_ms: int = 0) -> int:
    """Erases the keys of whatever has a whole tombstone since ``since_ms`` and still has a key; returns how many had one."""
    done = 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing FROM exchange_tombstone WHERE place = -1 AND at_ms >= %s", (since_ms,))
        buried = [bytes(row[0]) for row in cursor.fetchall()]
    for at in range(0, len(buried), _CHUNK):
        chunk = buried[at : at + _CHUNK]
        alive = context.keys.has_contents(chunk)
        for thing in alive:
            context.keys.erase(thing)
        context.keys.drop_wraps(wrap_names(chunk))
        done += len(alive)
    return done
