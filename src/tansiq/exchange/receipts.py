"""Receipts: what the peer answers, checked and kept; a batch with its receipt is done.

Invariant: a batch leaves the pending ones only when the peer's signed head proves every one of its entries. A receipt for something
that we did not send, or for other bytes, proves nothing and is refused.
"""

from __future__ import annotations

import hashlib

from django.db import connection

from tansiq.errors import NotProven
from tansiq.faults import reach
from tansiq.protocol.cbor import encode
from tansiq.protocol.envelope import parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf, parse_head
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.multiproof import root_from
from tansiq.protocol.parcel import JournalNews, Parcel, Receipts

__all__ = ["take_receipts"]


def _take(receipts: Receipts, news: JournalNews, *, peer: str) -> list[bytes]:
    """Keeps one batch's receipts; returns the entries that they prove (none: the batch is not ours, or has its receipts)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT epoch, lane, first, count FROM exchange_pending WHERE batch = %s AND peer = %s",
            (receipts.batch, peer),
        )
        row = cursor.fetchone()
        if row is None:
            return []
        epoch, lane, first, count = row
        cursor.execute(
            "SELECT entry FROM exchange_sent WHERE peer = %s AND epoch = %s AND lane = %s AND number >= %s AND number < %s ORDER BY number",
            (peer, epoch, lane, first, first + count),
        )
        sent = [bytes(row[0]) for row in cursor.fetchall()]
        entries = [hashlib.sha256(entry).digest() for entry in sent]
        if len(entries) != len(receipts.indices) or receipts.size != parse_head(news.head).size:
            raise NotProven("exchange.wrong-receipt", peer=peer)
        leaves = {
            index: leaf_hash(exchange_leaf(Direction.RECEIVED, time_ms, entry))
            for index, time_ms, entry in zip(receipts.indices, receipts.times_ms, entries, strict=True)
        }
        if (
            len(leaves) != len(entries)
            or root_from(leaves=leaves, size=receipts.size, nodes=receipts.nodes) != news.root
        ):
            raise NotProven("exchange.wrong-receipt", peer=peer)
        proof = encode([list(receipts.indices), list(receipts.times_ms), receipts.size, list(receipts.nodes)])
        cursor.execute(
            "INSERT INTO exchange_receipt (batch, peer, head, root, proof) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (receipts.batch, peer, news.head, news.root, proof),
        )
        cursor.execute("DELETE FROM exchange_pending WHERE batch = %s", (receipts.batch,))
    return sent


def take_receipts(parcel: Parcel, *, peer: str, now_ms: int) -> None:
    """Keeps the receipts of a parcel whose news was verified, and its faults, in the caller's transaction. Raises NotProven.

    A fault counts only for what the same parcel receipts: so a peer can't fill our tables with faults of what we never sent.
    """
    if parcel.receipts and parcel.news is None:
        raise NotProven("exchange.wrong-receipt", peer=peer)
    proven: list[bytes] = []
    for receipts in parcel.receipts:
        if parcel.news is not None:
            proven += _take(receipts, parcel.news, peer=peer)
    if parcel.faults:
        ours = {parse_entry(entry).statement for entry in proven}
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO exchange_reported (statement, peer, code, at_ms) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
                [(fault.statement, peer, fault.code, now_ms) for fault in parcel.faults if fault.statement in ours],
            )
    if parcel.receipts:
        reach("receipts.before-commit")
