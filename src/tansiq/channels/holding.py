"""What waits because its channel is suspended: held when it is said, or when the suspension comes; let go when it ends.

Invariant: the post room asks `CLOSED` once per sending, in its own transaction, and reads one row for it; a suspension changes
that row in the commit that holds what is unreleased. So nothing that was said before or after slips between the two, and what
was released before is touched by neither. A matter waits whole: what follows something that waits is not read before it anyway.
What is let go keeps its place in the outbox, so it leaves in the order in which it was said. On PostgreSQL a sender shares the
row until it commits, and a suspension waits for it.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from tansiq.exchange.holding import Going

__all__ = ["CLOSED", "Closed", "Pair", "begin", "end", "held_rows", "lock"]

Pair = tuple[str, str]
"""Partner and channel."""
_SUSPENDED = "(own = 'suspended' OR announced = 'suspended')"
_OF_PAIR = "(peer = %s OR ' ' || partners || ' ' LIKE %s)"


def _params(partner: str) -> tuple[str, str]:
    return partner, f"% {partner} %"


@dataclass(slots=True)
class Closed:
    """The pairs that are suspended, remembered under the number of the row that changes with them (`Holder`)."""

    _number: int | None = None
    _pairs: frozenset[Pair] = field(default_factory=frozenset)

    def closed(self) -> bool:
        """Whether anything is suspended, as the caller's transaction sees it: one row is read, the rest only when it has
        changed.
        """
        number = _number()
        if number != self._number:
            self._pairs, self._number = _read(), number
        return bool(self._pairs)

    def hold(self, going: Sequence[Going]) -> list[bool]:
        """Which of them wait: those of a suspended pair, and those of a matter of which something waits on the same hop."""
        found = {pair: one for pair, one in interruptions().items() if pair in self._pairs}
        matters = _waiting_matters({one.matter for one in going})
        rows, waits = [], []
        for one in going:
            pairs = ((partner, one.channel) for partner in (*one.partners.split(), one.peer))
            pair = next((pair for pair in pairs if pair in found), None) or matters.get((one.peer, one.matter))
            waits.append(pair is not None)
            if pair is not None:
                matters.setdefault((one.peer, one.matter), pair)
                rows.append(
                    (one.statement, one.peer, found[pair], *pair, one.matter, one.kind, one.since_ms, one.since_ms)
                )
        _note(rows)
        return waits

    def carried(self, peer: str, statements: Sequence[bytes], now_ms: int) -> None:
        """What waited leaves by courier."""
        end_waits(peer, statements, how="courier", now_ms=now_ms)


CLOSED = Closed()
"""That of this process."""


def _waiting_matters(matters: Collection[bytes]) -> dict[tuple[str, bytes], Pair]:
    """Of which of ``matters`` something waits, on the hop to which peer, and for which pair."""
    if not matters:
        return {}
    marks = ", ".join(["%s"] * len(matters))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.peer, w.matter, w.partner, w.channel FROM channels_wait w JOIN exchange_outbox o "
            f"ON o.statement = w.statement AND o.peer = w.peer WHERE w.ended_ms IS NULL AND o.held AND w.matter IN ({marks})",
            list(matters),
        )
        return {(row[0], bytes(row[1])): (row[2], row[3]) for row in cursor.fetchall()}


def _number() -> int:
    """The number of the one row; on PostgreSQL it is shared until the transaction ends, or made when it is not there."""
    share = " FOR SHARE" if connection.vendor == "postgresql" and connection.in_atomic_block else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT number FROM channels_version WHERE id = 1{share}")
        row = cursor.fetchone()
        if row is None and share:
            cursor.execute("INSERT INTO channels_version (id, number) VALUES (1, 0) ON CONFLICT DO NOTHING")
            cursor.execute(f"SELECT number FROM channels_version WHERE id = 1{share}")
            row = cursor.fetchone()
    return row[0] if row else 0


def _read() -> frozenset[Pair]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT partner, channel FROM channels_standing WHERE {_SUSPENDED}")
        return frozenset((row[0], row[1]) for row in cursor.fetchall())


def lock() -> None:
    """Before a state changes, in the caller's transaction: waits for whoever sends, and makes everybody look again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO channels_version (id, number) VALUES (1, %s) ON CONFLICT (id) DO UPDATE SET number = excluded.number",
            (1 + secrets.randbits(62),),
        )


def interruptions() -> dict[Pair, int]:
    """The interruptions that last, by pair."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partner, channel, id FROM channels_interruption WHERE ended_ms IS NULL")
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def _note(rows: Sequence[Sequence[Any]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO channels_wait (statement, peer, interruption, partner, channel, matter, kind, since_ms, held_ms, how, officer) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '', '') ON CONFLICT DO NOTHING",
            rows,
        )


def begin(partner: str, channel: str, *, now_ms: int) -> int:
    """The channel is suspended from now on: holds what is unreleased, in the caller's transaction; returns how much."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO channels_interruption (partner, channel, began_ms) VALUES (%s, %s, %s) RETURNING id",
            (partner, channel, now_ms),
        )
        interruption = cursor.fetchone()[0]
    return _hold(partner, channel, interruption, now_ms=now_ms)


_BEHIND = (
    "held = %s AND EXISTS (SELECT 1 FROM channels_wait w JOIN exchange_outbox b ON b.statement = w.statement AND b.peer = w.peer "
    "WHERE w.interruption = %s AND w.ended_ms IS NULL AND w.peer = exchange_outbox.peer AND w.matter = exchange_outbox.matter "
    "AND b.id < exchange_outbox.id)"
)
"""What stands behind something of its own matter that waits, on the same hop."""
_NOT_YET = (
    "NOT EXISTS (SELECT 1 FROM channels_wait w WHERE w.statement = exchange_outbox.statement AND w.peer = exchange_outbox.peer "
    "AND w.interruption = %s)"
)
"""What has passed this very interruption already (an emergency) is left alone."""
_HELD = "RETURNING statement, peer, matter, kind, since_ms"


def _hold(partner: str, channel: str, interruption: int, *, now_ms: int) -> int:
    """Holds what is unreleased of a pair, and what follows it in its matter: a matter waits whole."""
    count = 0
    for where, values in (
        (f"channel = %s AND held = %s AND {_OF_PAIR}", (channel, False, *_params(partner))),
        (_BEHIND, (False, interruption)),
    ):
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE exchange_outbox SET held = %s WHERE {where} AND {_NOT_YET} {_HELD}",
                (True, *values, interruption),
            )
            rows = [
                (bytes(row[0]), row[1], interruption, partner, channel, bytes(row[2] or b""), row[3], row[4], now_ms)
                for row in cursor.fetchall()
            ]
        _note(rows)
        count += len(rows)
    return count


def end(partner: str, channel: str, *, now_ms: int) -> int:
    """The channel carries again: lets go what waited for it, in the caller's transaction; returns how much.

    What is still held back by another suspension goes on waiting, for that. Batches that went by courier and have no
    receipt may travel by the network too.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_outbox SET held = %s, by_hand = %s WHERE EXISTS (SELECT 1 FROM channels_wait w "
            "WHERE w.statement = exchange_outbox.statement AND w.peer = exchange_outbox.peer AND w.partner = %s "
            "AND w.channel = %s AND w.ended_ms IS NULL)",
            (False, False, partner, channel),
        )
        count = int(cursor.rowcount)
        cursor.execute(
            "UPDATE channels_wait SET ended_ms = %s, how = 'released', officer = '' WHERE partner = %s AND channel = %s AND ended_ms IS NULL",
            (now_ms, partner, channel),
        )
        cursor.execute(
            "UPDATE channels_interruption SET ended_ms = %s WHERE partner = %s AND channel = %s AND ended_ms IS NULL",
            (now_ms, partner, channel),
        )
    for pair, interruption in interruptions().items():
        count -= _hold(*pair, interruption, now_ms=now_ms)
    _give_to_the_network()
    return count


def _give_to_the_network() -> None:
    """Batches without a receipt that went by courier, of which no part belongs to a channel that is still suspended."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_pending SET by_hand = %s WHERE by_hand = %s AND NOT EXISTS (SELECT 1 FROM exchange_sent s "
            "JOIN channels_wait w ON w.statement = s.statement AND w.peer = s.peer AND w.how = 'courier' "
            "JOIN channels_interruption i ON i.id = w.interruption AND i.ended_ms IS NULL "
            "WHERE s.batch = exchange_pending.batch)",
            (False, True),
        )


def end_waits(
    peer: str, statements: Sequence[bytes], *, how: str, now_ms: int, officer: str | None = None, instead: bytes = b""
) -> None:
    """What waited on the hop to ``peer`` waits no longer, in the caller's transaction; without ``officer`` who chose it stays."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE channels_wait SET ended_ms = %s, how = %s, officer = COALESCE(%s, officer), instead = %s "
            "WHERE statement = %s AND peer = %s AND ended_ms IS NULL",
            [(now_ms, how, officer, instead or None, statement, peer) for statement in statements],
        )


def held_rows(matter: bytes) -> list[tuple[bytes, str, int]]:
    """What of a matter waits: statement, peer and lane, in the order in which it was said."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.statement, w.peer, o.lane FROM channels_wait w JOIN exchange_outbox o ON o.statement = w.statement AND o.peer = w.peer "
            "WHERE w.matter = %s AND w.ended_ms IS NULL AND o.held = %s ORDER BY o.id",
            (matter, True),
        )
        return [(bytes(row[0]), row[1], row[2]) for row in cursor.fetchall()]
