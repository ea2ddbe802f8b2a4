"""A restored database beside a key store of another age: what was erased meanwhile, and what lacks its keys.

Invariant: afterwards every handled statement has its content keys, a tombstone, or stands among those that the peers
are asked for; and everything that waits for dispatch can be opened as far as it was not erased.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from tansiq.exchange.context import Context
from tansiq.exchange.erasure import bury, tombstones
from tansiq.exchange.standing import ERASED, MARGIN_MS, Came, Standing
from tansiq.protocol.statement import parse_statement

__all__ = ["Reconciled", "reconcile"]

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Reconciled:
    """How many statements turned out to be erased, and which have no keys because they are younger than the key store."""

    erased: int
    lacking: tuple[bytes, ...]


def reconcile(*, mirror_ms: int, context: Context) -> Reconciled:
    """Compares what the database says is readable with the key store, which was copied at ``mirror_ms`` (UTC ms)."""
    erased = 0
    lacking: list[bytes] = []
    last = b""
    while rows := _handled_after(last):
        last = rows[-1][0]
        ids = [row[0] for row in rows]
        known = context.keys.has_contents(ids) | tombstones(ids)
        gone = [thing for thing, stored_ms in rows if thing not in known and stored_ms + MARGIN_MS < mirror_ms]
        lacking += [thing for thing, stored_ms in rows if thing not in known and stored_ms + MARGIN_MS >= mirror_ms]
        bury(gone, reason=ERASED, now_ms=context.clock())
        erased += len(gone)
    return Reconciled(erased + _waiting(mirror_ms, context), tuple(lacking))


def _handled_after(last: bytes) -> list[tuple[bytes, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT h.statement, s.stored_ms FROM exchange_handled h JOIN exchange_statement s ON s.id = h.statement "
            "WHERE h.statement > %s ORDER BY h.statement LIMIT %s",
            (last, _CHUNK),
        )
        return [(bytes(row[0]), row[1]) for row in cursor.fetchall()]


def _waiting(mirror_ms: int, context: Context) -> int:
    """What waited for dispatch when the backup was made may have been handled since, and erased after that."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT q.statement, q.peer, q.lane, q.at_ms, s.encoded, s.docket FROM exchange_queue q JOIN exchange_statement s ON s.id = q.statement"
        )
        rows = cursor.fetchall()
    gone = 0
    for peer in sorted({row[1] for row in rows}):
        waiting = [row for row in rows if row[1] == peer]
        came = [Came(parse_statement(bytes(row[4])), bytes(row[5]), (), row[3]) for row in waiting]
        standing = Standing(came, peer=peer, mirror_ms=mirror_ms, context=context)
        standing.take_keys()
        things = [one.statement.id for one in came]
        standing.settle(
            at_ms={bytes(row[0]): row[3] for row in waiting},
            lane={bytes(row[0]): row[2] for row in waiting},
            received=True,
        )
        buried = tombstones(things)
        with connection.cursor() as cursor:
            cursor.executemany("DELETE FROM exchange_queue WHERE statement = %s", [(thing,) for thing in buried])
        gone += len(buried)
    return gone
