"""Release: what waits in the outbox gets its number and becomes a signed batch.

Invariant: number, entry, journal leaf, batch and its place among the pending ones are one commit. Numbers are given here and nowhere
else, so what is held back leaves no gap that the peer could see, and nothing urgent waits behind what is bulky.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from tansiq.exchange.context import Context
from tansiq.exchange.peers import peer_state
from tansiq.faults import reach
from tansiq.journal.services import append
from tansiq.protocol.cbor import Plain, decode
from tansiq.protocol.envelope import BatchHead, Entry, Handover, Lane, make_batch_head, parse_batch_head
from tansiq.protocol.heads import Direction, exchange_leaf
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.parcel import Item

__all__ = ["OutgoingBatch", "next_batch", "release"]

BATCH = 128
BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OutgoingBatch:
    """A released batch with everything that travels with it."""

    head: BatchHead
    items: tuple[Item, ...]


def _take_number(peer: str, epoch: int, lane: int, count: int) -> int:
    """The first of ``count`` numbers of a lane, taken."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_lane (peer, direction, epoch, lane, number) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (peer, direction, epoch, lane) DO UPDATE SET number = exchange_lane.number + %s RETURNING number",
            (peer, int(Direction.SENT), epoch, lane, 1 + count, count),
        )
        number: int = cursor.fetchone()[0]
    return number - count


def _items(entries: list[tuple[bytes, bytes]], context: Context, peer: str) -> tuple[Item, ...]:
    """The items of ``(statement id, entry bytes)`` pairs, in order."""
    ids = [statement for statement, _ in entries]
    wraps = context.keys.wraps(ids, peer)
    rows: dict[bytes, tuple[bytes, bytes, Plain, Plain]] = {}
    with connection.cursor() as cursor:
        for at in range(0, len(ids), 500):
            chunk = ids[at : at + 500]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT id, encoded, docket, proofs, parts FROM exchange_statement WHERE id IN ({marks})", chunk)
            for row in cursor.fetchall():
                rows[bytes(row[0])] = (bytes(row[1]), bytes(row[2]), decode(bytes(row[3])), decode(bytes(row[4])))
    items = []
    for statement, entry in entries:
        encoded, docket, proofs, parts = rows[statement]
        sealed = decode(wraps[statement]) if statement in wraps else []
        items.append(Item(entry, encoded, docket, proofs, tuple(parts), tuple(sealed)))
    return tuple(items)


def release(peer: str, lane: Lane, *, context: Context, limit: int = BATCH) -> OutgoingBatch | None:
    """Releases up to ``limit`` waiting statements of a lane; None when nothing waits."""
    now_ms = context.clock()
    with transaction.atomic():
        state = peer_state(peer)
        with connection.cursor() as cursor:
            lock = " FOR UPDATE OF o SKIP LOCKED" if connection.vendor == "postgresql" else ""
            cursor.execute(
                "SELECT o.id, o.statement, o.handovers, s.digest, LENGTH(s.parts) FROM exchange_outbox o "
                "JOIN exchange_statement s ON s.id = o.statement "
                f"WHERE o.peer = %s AND o.lane = %s AND o.held = %s ORDER BY o.id LIMIT %s{lock}",
                (peer, int(lane), False, limit),
            )
            rows = cursor.fetchall()
            taken: list[tuple[Any, ...]] = []
            size = 0
            for row in rows:
                size += row[4]
                if taken and size > BATCH_BYTES:
                    break
                taken.append(row)
            if not taken:
                return None
            wraps = context.keys.wraps([bytes(row[1]) for row in taken], peer)
            first = _take_number(peer, state.our_epoch, int(lane), len(taken))
            pairs = []
            for number, (_, statement, handovers, digest, _) in enumerate(taken, first):
                entry = Entry(
                    sender=context.agency,
                    receiver=peer,
                    epoch=state.our_epoch,
                    lane=lane,
                    number=number,
                    statement=bytes(digest),
                    wraps=tuple(hashlib.sha256(wrap).digest() for wrap in decode(wraps[bytes(statement)])),
                    handovers=tuple(Handover(*hop) for hop in decode(bytes(handovers))),
                    released_ms=now_ms,
                )
                pairs.append((bytes(statement), entry.to_bytes()))
            entries = [entry for _, entry in pairs]
            head = make_batch_head(
                sender=context.agency, receiver=peer, epoch=state.our_epoch, time_ms=now_ms, entries=entries, signer=context.signer
            )
            leaves = [leaf_hash(exchange_leaf(Direction.SENT, now_ms, hashlib.sha256(entry).digest())) for entry in entries]
            start, _ = append(peer, leaves)
            cursor.executemany(
                "INSERT INTO exchange_sent (peer, epoch, lane, number, statement, entry, batch, leaf) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (peer, state.our_epoch, int(lane), first + at, statement, entry, head.digest, start + at)
                    for at, (statement, entry) in enumerate(pairs)
                ],
            )
            cursor.execute(
                "INSERT INTO exchange_batch (digest, peer, direction, head, leaves) VALUES (%s, %s, %s, %s, %s)",
                (head.digest, peer, int(Direction.SENT), head.encoded, b"".join(leaf_hash(entry) for entry in entries)),
            )
            cursor.execute(
                "INSERT INTO exchange_pending (batch, peer, lane, epoch, first, count) VALUES (%s, %s, %s, %s, %s, %s)",
                (head.digest, peer, int(lane), state.our_epoch, first, len(pairs)),
            )
            cursor.executemany("DELETE FROM exchange_outbox WHERE id = %s", [(row[0],) for row in taken])
        reach("release.before-commit")
    reach("release.after-commit")
    return OutgoingBatch(head, _items(pairs, context, peer))


def pending_batch(digest: bytes, *, context: Context) -> OutgoingBatch | None:
    """A batch that was released before, as it was; None when it has its receipt."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT p.peer, b.head FROM exchange_pending p JOIN exchange_batch b ON b.digest = p.batch WHERE p.batch = %s", (digest,))
        row = cursor.fetchone()
        if row is None:
            return None
        cursor.execute("SELECT statement, entry FROM exchange_sent WHERE batch = %s ORDER BY lane, number", (digest,))
        pairs = [(bytes(statement), bytes(entry)) for statement, entry in cursor.fetchall()]
    return OutgoingBatch(parse_batch_head(bytes(row[1])), _items(pairs, context, row[0]))


def next_batch(peer: str, lanes: tuple[Lane, ...], *, context: Context, limit: int = BATCH) -> OutgoingBatch | None:
    """What to send to ``peer`` next on ``lanes``: the oldest batch without a receipt, else what waits, urgent first."""
    for lane in lanes:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT batch FROM exchange_pending WHERE peer = %s AND lane = %s ORDER BY epoch, first LIMIT 1", (peer, int(lane))
            )
            row = cursor.fetchone()
        if row is not None and (batch := pending_batch(bytes(row[0]), context=context)) is not None:
            return batch
        if (batch := release(peer, lane, context=context, limit=limit)) is not None:
            return batch
    return None
