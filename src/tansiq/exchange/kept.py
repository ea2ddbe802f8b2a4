"""How long wraps are kept: until the peer's backup covers what they open, 35 days at most; never shorter than they
are needed.

Invariant: a wrap stays while its statement waits to be delivered or handled, and while an officer's own key is the
only one that opens its body here. Each side says in ``service.backup`` what its backup holds; the other then drops
the wraps that only a restore would have asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, connections

from tansiq.errors import BadInput, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.restore_wire import LaneStart
from tansiq.keystore.router import ALIAS
from tansiq.protocol.cbor import Plain, decode, is_moment
from tansiq.protocol.directory import Use
from tansiq.protocol.heads import Direction
from tansiq.protocol.limits import MAX_INTEGER
from tansiq.protocol.wraps import parse_wrap

__all__ = ["KEPT_DAYS", "Coverage", "coverage_of", "drop_covered", "drop_old_wraps", "parse_coverage"]

KEPT_DAYS = 35
_DAY_MS = 86_400_000
_CHUNK = 500
_MOST_LANES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What a backup holds of a relation: per epoch and lane the number up to which it has what was received and what
    was sent.
    """

    epoch: int
    received: tuple[LaneStart, ...]
    size: int
    time_ms: int
    sent: tuple[LaneStart, ...]

    def to_content(self) -> dict[Plain, Plain]:
        """The content of the part ``service.backup``."""
        received, sent = ([list(lane) for lane in lanes] for lanes in (self.received, self.sent))
        return {0: self.epoch, 1: received, 2: self.size, 3: self.time_ms, 4: sent}


def parse_coverage(content: dict[Plain, Plain]) -> Coverage:
    """From the content of the part. Raises BadInput."""
    numbers = [content.get(key) for key in (0, 2, 3)]
    lanes = []
    for key in (1, 4):
        value = content.get(key)
        if type(value) is not list or len(value) > _MOST_LANES:
            raise BadInput("protocol.wrong-field", what="service.backup", field=key)
        for lane in value:
            if type(lane) is not list or len(lane) != 3:
                raise BadInput("protocol.wrong-field", what="service.backup", field=key)
            numbers += lane
        lanes.append(tuple((lane[0], lane[1], lane[2]) for lane in value))
    if any(type(number) is not int or not 0 <= number <= MAX_INTEGER for number in numbers):
        raise BadInput("protocol.wrong-field", what="service.backup", field=0)
    if not is_moment(content[3]):
        raise BadInput("protocol.wrong-field", what="service.backup", field=3)
    return Coverage(epoch=content[0], received=lanes[0], size=content[2], time_ms=content[3], sent=lanes[1])


def coverage_of(peer: str, *, time_ms: int, before_ms: int) -> Coverage:
    """What a backup that sees the database as it stands holds of the relation with ``peer``.

    Only what is older than ``before_ms`` counts: that is when the key store was last copied (if it is copied at all),
    for a backup without the keys does not cover what it can't open.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch, size FROM journal_journal WHERE peer = %s", (peer,))
        epoch, size = cursor.fetchone() or (1, 0)
        marks: dict[int, dict[tuple[int, int], int]] = {}
        for direction in Direction:
            cursor.execute(
                "SELECT epoch, lane, number - 1 FROM exchange_lane WHERE peer = %s AND direction = %s",
                (peer, int(direction)),
            )
            marks[direction] = {(row[0], row[1]): row[2] for row in cursor.fetchall()}
        cursor.execute(
            "SELECT epoch, lane, MIN(number) - 1 FROM exchange_received WHERE peer = %s AND at_ms >= %s GROUP BY epoch, lane",
            (peer, before_ms),
        )
        for one, lane, number in cursor.fetchall():
            marks[Direction.RECEIVED][one, lane] = min(number, marks[Direction.RECEIVED].get((one, lane), number))
        cursor.execute(
            "SELECT s.epoch, s.lane, MIN(s.number) - 1 FROM exchange_sent s JOIN exchange_statement t ON t.id = s.statement "
            "WHERE s.peer = %s AND t.stored_ms >= %s GROUP BY s.epoch, s.lane",
            (peer, before_ms),
        )
        for one, lane, number in cursor.fetchall():
            marks[Direction.SENT][one, lane] = min(number, marks[Direction.SENT].get((one, lane), number))
    received, sent = (
        tuple((*lane, number) for lane, number in sorted(marks[way].items()) if number > 0)
        for way in (Direction.RECEIVED, Direction.SENT)
    )
    return Coverage(epoch=epoch, received=received, size=size, time_ms=time_ms, sent=sent)


def _kept(peer: str | None, before_ms: int) -> Iterator[tuple[str, list[bytes]]]:
    """Statements whose wraps are kept (for ``peer``, or all), since before ``before_ms``, in chunks of one peer."""
    with connections[ALIAS].cursor() as cursor:
        where, values = ("AND peer = %s", [peer]) if peer is not None else ("", [])
        cursor.execute(
            f"SELECT peer, statement FROM keystore_kept_wraps WHERE kept_ms < %s {where} ORDER BY peer, statement",
            [before_ms, *values],
        )
        rows = cursor.fetchall()
    by_peer: dict[str, list[bytes]] = {}
    for one, statement in rows:
        by_peer.setdefault(one, []).append(bytes(statement))
    for one, statements in by_peer.items():
        for at in range(0, len(statements), _CHUNK):
            yield one, statements[at : at + _CHUNK]


def _needed(peer: str, statements: Sequence[bytes], context: Context) -> set[bytes]:
    """Those of ``statements`` whose wraps are needed here: not delivered, not handled, or closed but for their officer."""
    marks = ", ".join(["%s"] * len(statements))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT statement FROM exchange_outbox WHERE peer = %s AND statement IN ({marks}) UNION "
            "SELECT s.statement FROM exchange_sent s JOIN exchange_pending p ON p.batch = s.batch "
            f"WHERE s.peer = %s AND s.statement IN ({marks}) UNION "
            f"SELECT r.statement FROM exchange_received r WHERE r.peer = %s AND r.statement IN ({marks}) "
            "AND NOT EXISTS (SELECT 1 FROM exchange_handled h WHERE h.statement = r.statement)",
            [peer, *statements, peer, *statements, peer, *statements],
        )
        found = {bytes(row[0]) for row in cursor.fetchall()}
    officers = {key.key.identifier for key in context.directory.keys if key.use == Use.OFFICER_OPENS}
    if officers:
        opened = context.keys.has_contents([one for one in statements if one not in found])
        for thing, wraps in context.keys.wraps(sorted(opened), peer).items():
            if any(parse_wrap(wrap).reader in officers for wrap in decode(wraps)) and _closed(thing, context):
                found.add(thing)
    return found


def _closed(thing: bytes, context: Context) -> bool:
    """Whether only the docket of a statement was opened here."""
    try:
        return len(context.keys.contents(thing)) == 1
    except NotFound:
        return False


def drop_old_wraps(*, context: Context) -> int:
    """Drops wraps older than 35 days that are not needed here; returns how many."""
    dropped = 0
    for peer, statements in _kept(None, context.clock() - KEPT_DAYS * _DAY_MS):
        gone = sorted(set(statements) - _needed(peer, statements, context))
        context.keys.drop_wraps(gone, peer)
        dropped += len(gone)
    return dropped


def drop_covered(peer: str, coverage: Coverage, *, context: Context) -> int:
    """Drops the wraps of what the backup of ``peer`` covers and that are not needed here; returns how many."""
    dropped = 0
    tables = (("exchange_sent", coverage.received), ("exchange_received", coverage.sent))
    for _, statements in _kept(peer, MAX_INTEGER):
        covered: set[bytes] = set()
        marks = ", ".join(["%s"] * len(statements))
        with connection.cursor() as cursor:
            for table, lanes in tables:
                upto = {(epoch, lane): number for epoch, lane, number in lanes}
                cursor.execute(
                    f"SELECT statement, epoch, lane, number FROM {table} WHERE peer = %s AND statement IN ({marks})",
                    [peer, *statements],
                )
                covered.update(bytes(row[0]) for row in cursor.fetchall() if row[3] <= upto.get((row[1], row[2]), 0))
        gone = sorted(covered - _needed(peer, sorted(covered), context)) if covered else []
        context.keys.drop_wraps(gone, peer)
        dropped += len(gone)
    return dropped
