"""Checking what was exchanged: entries, batches, receipts, lanes, and where each received statement stands.

Invariant: an entry is checked against four witnesses: its own bytes, its leaf in our journal, its statement, and the signed batch; a
sent one also against the peer's receipt.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tansiq.errors import Error
from tansiq.node.findings import Finding
from tansiq.node.keyring import KeyRing
from tansiq.node.snapshot import Progress, Snapshot
from tansiq.protocol.cbor import decode
from tansiq.protocol.envelope import Entry, parse_batch_head, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf, journal_name, parse_head
from tansiq.protocol.merkle import leaf_hash, root_of
from tansiq.protocol.multiproof import root_from

__all__ = ["check_entries", "check_waiting", "restoring_in"]

_COLUMNS = "s.peer, s.epoch, s.lane, s.number, s.statement, s.entry, s.batch, s.leaf, l.node, t.digest"
_JOINS = (
    "LEFT JOIN journal_leaf l ON l.peer = s.peer AND l.number = s.leaf LEFT JOIN exchange_statement t ON t.id = s.statement "
    "{more} ORDER BY s.peer, s.epoch, s.lane, s.number"
)
_SENT = f"SELECT {_COLUMNS}, 0, NULL, NULL, NULL FROM exchange_sent s {_JOINS}".format(more="")
_RECEIVED = f"SELECT {_COLUMNS}, s.at_ms, h.statement, q.statement, x.statement FROM exchange_received s {_JOINS}".format(
    more="LEFT JOIN exchange_handled h ON h.statement = s.statement LEFT JOIN exchange_queue q ON q.statement = s.statement "
    "LEFT JOIN exchange_quarantine x ON x.statement = t.digest AND x.thing IS NOT NULL"
)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of either table; ``states`` are handled, queued, set aside (of received ones)."""

    peer: str
    epoch: int
    lane: int
    number: int
    statement: bytes
    entry: bytes
    batch: bytes
    leaf: int
    node: bytes
    digest: bytes
    at_ms: int
    states: tuple[bool, bool, bool]

    @property
    def place(self) -> dict[str, object]:
        """Where it is, for people."""
        return {"peer": self.peer, "epoch": self.epoch, "lane": self.lane, "number": self.number}


def _row(values: tuple[Any, ...]) -> _Row:
    statement, entry, batch, node, digest = (bytes(values[at] or b"") for at in (4, 5, 6, 8, 9))
    states = (values[11] is not None, values[12] is not None, values[13] is not None)
    peer, epoch, lane, number = values[:4]
    return _Row(peer, epoch, lane, number, statement, entry, batch, values[7], node, digest, values[10], states)


def check_entries(
    view: Snapshot, *, agency: str, ring: KeyRing, progress: Progress, counts: dict[str, int]
) -> Iterator[Finding]:
    """All entries, sent and received, batch by batch, with the receipts of what was sent."""
    total = view.one("SELECT (SELECT COUNT(*) FROM exchange_sent) + (SELECT COUNT(*) FROM exchange_received)")
    restoring = restoring_in(view)
    for direction, sql in ((Direction.SENT, _SENT), (Direction.RECEIVED, _RECEIVED)):
        check = _Entries(view, direction, agency, ring)
        rows = map(_row, view.rows(sql))
        for key, group in itertools.groupby(rows, key=lambda row: (row.peer, row.epoch, row.lane)):
            lane = _LaneCheck(view, direction, key)
            for _, batch in itertools.groupby(group, key=lambda row: row.batch):
                entries = list(batch)
                lane.take(entries)
                yield from check.batch(entries)
                counts["entries"] += len(entries)
                progress("fsck-entries", counts["entries"], total)
            if key[0] not in restoring:
                yield from lane.end()
        counts["receipts"] += check.receipts


class _LaneCheck:
    """Numbers of one lane: without a gap, and the lane's own mark after the last one."""

    def __init__(self, view: Snapshot, direction: Direction, key: tuple[str, int, int]) -> None:
        self._direction = direction
        self._place = {"peer": key[0], "epoch": key[1], "lane": key[2]}
        self._mark = view.one(
            "SELECT number FROM exchange_lane WHERE peer = %s AND epoch = %s AND lane = %s AND direction = %s",
            (*key, int(direction)),
        )
        column = "our_epoch" if direction == Direction.SENT else "their_epoch"
        self._ended = key[1] < (view.one(f"SELECT {column} FROM exchange_peer WHERE peer = %s", key[:1]) or 1)
        self._next = 1
        self._gap = 0

    def take(self, rows: list[_Row]) -> None:
        for row in rows:
            if row.number != self._next and not self._gap:
                self._gap = self._next
            self._next = row.number + 1

    def end(self) -> Iterator[Finding]:
        """A gap in what we sent is a fault, unless a restore ended that epoch; one in what came is only waited for."""
        if self._gap and self._direction == Direction.SENT and not self._ended:
            yield Finding("lane-gap", {**self._place, "number": self._gap})
        expected = self._gap if self._gap and self._direction == Direction.RECEIVED else self._next
        if self._mark != expected and not (
            self._ended and self._mark is not None and expected <= self._mark <= self._next
        ):
            yield Finding("lane-mark", {**self._place, "number": self._mark or 0, "expected": expected})


class _Entries:
    """Checks entries of one direction, a batch at a time."""

    def __init__(self, view: Snapshot, direction: Direction, agency: str, ring: KeyRing) -> None:
        self._view = view
        self._direction = direction
        self._agency = agency
        self._ring = ring
        self.receipts = 0

    def batch(self, rows: list[_Row]) -> Iterator[Finding]:
        """What is wrong with the entries of one batch, its head, its receipt."""
        for row in rows:
            yield from self._entry(row)
        if not self._batch_holds(rows):
            yield Finding("batch", rows[0].place)
        if self._direction == Direction.SENT:
            yield from self._receipt(rows)

    def _ends(self, peer: str) -> tuple[str, str]:
        return (self._agency, peer) if self._direction == Direction.SENT else (peer, self._agency)

    def _entry(self, row: _Row) -> Iterator[Finding]:
        try:
            entry = parse_entry(row.entry)
        except (Error, ValueError):
            yield Finding("entry", row.place)
            return
        told = (entry.sender, entry.receiver, entry.epoch, int(entry.lane), entry.number)
        if told != (*self._ends(row.peer), row.epoch, row.lane, row.number):
            yield Finding("entry", row.place)
        time_ms = entry.released_ms if self._direction == Direction.SENT else row.at_ms
        if row.node[:32] != leaf_hash(exchange_leaf(self._direction, time_ms, hashlib.sha256(row.entry).digest())):
            yield Finding("entry-leaf", {**row.place, "leaf": row.leaf})
        if self._direction == Direction.SENT:
            if row.digest != entry.statement:
                yield Finding("entry-statement", row.place)
        else:
            yield from self._standing(row, entry)

    def _standing(self, row: _Row, entry: Entry) -> Iterator[Finding]:
        """A received statement is handled, waits, or is set aside: one of them."""
        if row.digest == entry.statement:
            if sum(row.states) != 1:
                yield Finding("standing-none" if not any(row.states) else "standing-twice", row.place)
        elif (
            self._view.one(
                "SELECT 1 FROM exchange_quarantine WHERE statement = %s AND raw IS NOT NULL", (entry.statement,)
            )
            is None
        ):
            yield Finding("entry-statement", row.place)

    def _batch_holds(self, rows: list[_Row]) -> bool:
        """Whether the sender's signature stands over a list of entries that has all of these."""
        found = next(
            self._view.rows("SELECT head, leaves FROM exchange_batch WHERE digest = %s", (rows[0].batch,)), None
        )
        if found is None:
            return False
        head_bytes, leaves = bytes(found[0]), bytes(found[1])
        hashes = [leaves[at : at + 32] for at in range(0, len(leaves), 32)]
        mine = [leaf_hash(row.entry) for row in rows]
        if not set(mine) <= set(hashes) or (self._direction == Direction.SENT and mine != hashes):
            return False
        try:
            head = parse_batch_head(head_bytes)
            head.signature.verify(self._ring.key(head.sender, head.signature.signer))
        except Error:
            return False
        same = head.digest == rows[0].batch and (head.sender, head.receiver) == self._ends(rows[0].peer)
        return same and head.epoch == rows[0].epoch and head.count == len(hashes) and head.root == root_of(hashes)

    def _receipt(self, rows: list[_Row]) -> Iterator[Finding]:
        batch = rows[0].batch
        found = next(self._view.rows("SELECT head, root, proof FROM exchange_receipt WHERE batch = %s", (batch,)), None)
        pending = self._view.one("SELECT 1 FROM exchange_pending WHERE batch = %s", (batch,)) is not None
        if (found is None) != pending:
            yield Finding("receipt-none" if found is None else "receipt-pending", rows[0].place)
        if found is not None:
            self.receipts += len(rows)
            if not self._receipt_holds(rows, *(bytes(value) for value in found)):
                yield Finding("receipt", rows[0].place)

    def _receipt_holds(self, rows: list[_Row], encoded: bytes, root: bytes, proof: bytes) -> bool:
        peer = rows[0].peer
        try:
            indices, times, size, nodes = decode(proof)
            head = parse_head(encoded)
            head.verify(self._ring.key(peer, head.signature.signer), root)
            leaves = {
                index: leaf_hash(exchange_leaf(Direction.RECEIVED, time_ms, hashlib.sha256(row.entry).digest()))
                for index, time_ms, row in zip(indices, times, rows, strict=True)
            }
            proven = root_from(leaves=leaves, size=size, nodes=nodes) == root
        except (Error, ValueError, TypeError):
            return False
        return proven and (head.signer, head.journal, head.size) == (peer, journal_name(peer, self._agency), size)


def restoring_in(view: Snapshot) -> set[str]:
    """The peers that have not yet returned what a restored backup lacked: until then numbers and keys are missing."""
    return {row[0] for row in view.rows("SELECT peer FROM exchange_restore")}


def check_waiting(view: Snapshot) -> Iterator[Finding]:
    """What waits stands for something: outbox, released batches, the queue; and leaves have entries."""
    restoring = restoring_in(view)
    for peer, statement in view.rows(
        "SELECT o.peer, o.statement FROM exchange_outbox o WHERE NOT EXISTS (SELECT 1 FROM exchange_statement s WHERE s.id = o.statement)"
    ):
        yield Finding("outbox", {"peer": peer, "statement": bytes(statement).hex()})
    for peer, epoch, lane, first in view.rows(
        "SELECT p.peer, p.epoch, p.lane, p.first FROM exchange_pending p WHERE p.count <> (SELECT COUNT(*) FROM exchange_sent s "
        "WHERE s.peer = p.peer AND s.epoch = p.epoch AND s.lane = p.lane AND s.number >= p.first AND s.number < p.first + p.count "
        "AND s.batch = p.batch)"
    ):
        yield Finding("pending", {"peer": peer, "epoch": epoch, "lane": lane, "number": first})
    for peer, statement in view.rows(
        "SELECT q.peer, q.statement FROM exchange_queue q WHERE (q.waits_for IS NULL OR q.waits_for <> q.statement) "
        "AND NOT EXISTS (SELECT 1 FROM exchange_received r WHERE r.statement = q.statement AND r.peer = q.peer)"
    ):
        yield Finding("queue", {"peer": peer, "statement": bytes(statement).hex()})
    for peer, epoch, size, entries in view.rows(
        "SELECT j.peer, j.epoch, j.size, (SELECT COUNT(*) FROM exchange_sent s WHERE s.peer = j.peer) + "
        "(SELECT COUNT(*) FROM exchange_received r WHERE r.peer = j.peer) FROM journal_journal j"
    ):
        # After a restore a leaf may stand for an envelope that neither side could return.
        if peer in restoring:
            continue
        if entries > size or (epoch == 1 and entries < size):
            yield Finding("leaves-entries", {"peer": peer, "size": size, "entries": entries})
