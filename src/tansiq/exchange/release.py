"""Release: what waits in the outbox gets its number and becomes a signed batch.

Invariant: number, entry, journal leaf, batch and its place among the pending ones are one commit. Numbers are given
here and nowhere else, so what is held back leaves no gap that the peer could see, and nothing urgent waits behind
what is bulky.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.exchange.context import Context
from tansiq.exchange.holding import note_carried
from tansiq.exchange.peers import peer_state
from tansiq.faults import reach
from tansiq.journal.services import append
from tansiq.protocol.cbor import Plain, decode_own
from tansiq.protocol.envelope import (
    BatchHead,
    Entry,
    Handover,
    Lane,
    make_batch_head,
    named_wraps,
    parse_batch_head,
    parse_entry,
)
from tansiq.protocol.heads import Direction, exchange_leaf
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.parcel import Item

__all__ = ["OutgoingBatch", "anything_for", "next_batch", "pending_batch", "release"]

BATCH = 256
BATCH_BYTES = 4 * 1024 * 1024
_PLACE = "peer = %s AND epoch = %s AND lane = %s AND number BETWEEN %s AND %s"
_log = logging.getLogger("tansiq.exchange")


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


def _items(entries: Sequence[tuple[bytes, bytes, Sequence[bytes]]]) -> tuple[Item, ...]:
    """The items of ``(statement id, entry, its wraps)``, in order."""
    ids = [statement for statement, _, _ in entries]
    rows: dict[bytes, tuple[bytes, bytes, Plain, Plain]] = {}
    with connection.cursor() as cursor:
        for at in range(0, len(ids), 500):
            chunk = ids[at : at + 500]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(
                f"SELECT id, encoded, docket, proofs, parts FROM exchange_statement WHERE id IN ({marks})", chunk
            )
            for row in cursor.fetchall():
                rows[bytes(row[0])] = (
                    bytes(row[1]),
                    bytes(row[2]),
                    decode_own(bytes(row[3])),
                    decode_own(bytes(row[4])),
                )
    items = []
    for statement, entry, wraps in entries:
        encoded, docket, proofs, parts = rows[statement]
        items.append(Item(entry, encoded, docket, proofs, tuple(parts), tuple(wraps)))
    return tuple(items)


def _named(statement: bytes, entry: bytes, wraps: Mapping[bytes, bytes]) -> list[bytes]:
    """Those of the statement's kept ``wraps`` that ``entry`` names, in its order; what was erased since is left out."""
    return named_wraps(parse_entry(entry), _wraps_of(statement, wraps))


def _wraps_of(statement: bytes, wraps: Mapping[bytes, bytes]) -> list[bytes]:
    return list(decode_own(wraps[statement])) if statement in wraps else []


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: int
    statement: bytes
    handovers: bytes
    digest: bytes
    size: int


_FREE, _BY_HAND = "held = %s", "by_hand AND held = %s"
"""What the network and a courier take, and what only a courier takes of what is held."""


def _waiting(peer: str, lane: Lane, limit: int, *, by_hand: bool) -> list[_Waiting]:
    lock = " FOR UPDATE OF o SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.id, o.statement, o.handovers, s.digest, LENGTH(s.docket) + LENGTH(s.proofs) + LENGTH(s.parts) FROM exchange_outbox o "
            "JOIN exchange_statement s ON s.id = o.statement "
            f"WHERE o.peer = %s AND o.lane = %s AND {_BY_HAND if by_hand else _FREE} ORDER BY o.id LIMIT %s{lock}",
            (peer, int(lane), by_hand, limit),
        )
        return [_Waiting(row[0], bytes(row[1]), bytes(row[2]), bytes(row[3]), row[4]) for row in cursor.fetchall()]


def _choose(waiting: Sequence[_Waiting], wraps: Mapping[bytes, bytes]) -> list[_Waiting]:
    """As many of the first as one parcel carries; what has lost its wraps is held, for nobody could read it."""
    chosen: list[_Waiting] = []
    size = 0
    for one in waiting:
        if one.statement not in wraps:
            _log.error("statement %s waits without its wraps and is held", one.statement.hex())
            with connection.cursor() as cursor:
                cursor.execute("UPDATE exchange_outbox SET held = %s WHERE id = %s", (True, one.row))
            continue
        size += one.size + len(wraps[one.statement])
        if chosen and size > BATCH_BYTES:
            break
        chosen.append(one)
    return chosen


def release(
    peer: str, lane: Lane, *, context: Context, limit: int = BATCH, by_hand: bool = False
) -> OutgoingBatch | None:
    """Releases up to ``limit`` waiting statements of a lane; None when nothing waits.

    ``by_hand``: of what is held, those that a courier is to carry; the network is not given their batch.
    """
    now_ms = context.clock()
    with transaction.atomic(savepoint=False):
        waiting = _waiting(peer, lane, limit, by_hand=by_hand)
        chosen = _choose(waiting, wraps := context.keys.wraps([one.statement for one in waiting], peer))
        if not chosen:
            return None
        epoch = peer_state(peer).our_epoch
        first = _take_number(peer, epoch, int(lane), len(chosen))
        released: list[tuple[bytes, bytes, list[bytes]]] = []
        for number, one in enumerate(chosen, first):
            sealed = _wraps_of(one.statement, wraps)
            entry = Entry(
                sender=context.agency,
                receiver=peer,
                epoch=epoch,
                lane=lane,
                number=number,
                statement=one.digest,
                wraps=tuple(hashlib.sha256(wrap).digest() for wrap in sealed),
                handovers=tuple(Handover(*hop) for hop in decode_own(one.handovers)),
                released_ms=now_ms,
            )
            released.append((one.statement, entry.to_bytes(), sealed))
        entries = [entry for _, entry, _ in released]
        head = make_batch_head(
            sender=context.agency, receiver=peer, epoch=epoch, time_ms=now_ms, entries=entries, signer=context.signer
        )
        start, _ = append(
            peer,
            [leaf_hash(exchange_leaf(Direction.SENT, now_ms, hashlib.sha256(entry).digest())) for entry in entries],
        )
        _keep_batch(head, entries)
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO exchange_sent (peer, epoch, lane, number, statement, entry, batch, leaf) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (peer, epoch, int(lane), first + at, statement, entry, head.digest, start + at)
                    for at, (statement, entry, _) in enumerate(released)
                ],
            )
            cursor.execute(
                "INSERT INTO exchange_pending (batch, peer, lane, epoch, first, count, by_hand) VALUES (%s, %s, %s, %s, %s, %s, %s)",
                (head.digest, peer, int(lane), epoch, first, len(released), by_hand),
            )
            marks = ", ".join(["%s"] * len(chosen))
            cursor.execute(f"DELETE FROM exchange_outbox WHERE id IN ({marks})", [one.row for one in chosen])
        if by_hand:
            note_carried(peer, [one.statement for one in chosen], now_ms)
        reach("release.before-commit")
        transaction.on_commit(lambda: reach("release.after-commit"))
    return OutgoingBatch(head, _items(released))


def _keep_batch(head: BatchHead, entries: Sequence[bytes]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_batch (digest, peer, direction, head, leaves) VALUES (%s, %s, %s, %s, %s)",
            (
                head.digest,
                head.receiver,
                int(Direction.SENT),
                head.encoded,
                b"".join(leaf_hash(entry) for entry in entries),
            ),
        )


def pending_batch(digest: bytes, *, context: Context) -> OutgoingBatch | None:
    """A batch that was released before, as it was; None when it has its receipt.

    Only the signature over it is made anew when our key has changed since: the peer may believe the old one no longer.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        lock = " FOR UPDATE OF p" if connection.vendor == "postgresql" else ""
        cursor.execute(
            "SELECT b.head, p.peer, p.epoch, p.lane, p.first, p.first + p.count - 1 FROM exchange_pending p "
            f"JOIN exchange_batch b ON b.digest = p.batch WHERE p.batch = %s{lock}",
            (digest,),
        )
        row = cursor.fetchone()
        if row is None:
            return None
        head, place = parse_batch_head(bytes(row[0])), row[1:]
        cursor.execute(f"SELECT statement, entry FROM exchange_sent WHERE {_PLACE} ORDER BY number", place)
        entries = [(bytes(statement), bytes(entry)) for statement, entry in cursor.fetchall()]
        if head.signature.signer != context.signer.identifier:
            head = _sign_again(head, place, [entry for _, entry in entries], context)
    wraps = context.keys.wraps([statement for statement, _ in entries], head.receiver)
    return OutgoingBatch(
        head, _items([(statement, entry, _named(statement, entry, wraps)) for statement, entry in entries])
    )


def _sign_again(old: BatchHead, place: Sequence[str | int], entries: Sequence[bytes], context: Context) -> BatchHead:
    """The same batch under our present key; it takes the old one's place."""
    head = make_batch_head(
        sender=old.sender,
        receiver=old.receiver,
        epoch=old.epoch,
        time_ms=context.clock(),
        entries=entries,
        signer=context.signer,
    )
    _keep_batch(head, entries)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE exchange_sent SET batch = %s WHERE {_PLACE}", (head.digest, *place))
        cursor.execute("UPDATE exchange_pending SET batch = %s WHERE batch = %s", (head.digest, old.digest))
        cursor.execute("DELETE FROM exchange_batch WHERE digest = %s", (old.digest,))
    return head


def anything_for(peer: str, lanes: tuple[Lane, ...]) -> bool:
    """Whether `next_batch` would find something now: a look that costs next to nothing and takes no lock."""
    marks = ", ".join(["%s"] * len(lanes))
    numbers = [int(lane) for lane in lanes]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM exchange_pending WHERE peer = %s AND lane IN ({marks}) AND by_hand = %s) "
            f"OR EXISTS (SELECT 1 FROM exchange_outbox WHERE peer = %s AND lane IN ({marks}) AND held = %s)",
            [peer, *numbers, False, peer, *numbers, False],
        )
        return bool(cursor.fetchone()[0])


def next_batch(peer: str, lanes: tuple[Lane, ...], *, context: Context, limit: int = BATCH) -> OutgoingBatch | None:
    """What to send to ``peer`` next on ``lanes``: the oldest batch without a receipt, else what waits, urgent first."""
    for lane in lanes:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT batch FROM exchange_pending WHERE peer = %s AND lane = %s AND by_hand = %s ORDER BY epoch, first LIMIT 1",
                (peer, int(lane), False),
            )
            row = cursor.fetchone()
        if row is not None and (batch := pending_batch(bytes(row[0]), context=context)) is not None:
            return batch
        if (batch := release(peer, lane, context=context, limit=limit)) is not None:
            return batch
    return None
