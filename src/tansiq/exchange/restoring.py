"""While a backup is being restored: who waits for whom, and what a peer that restored one gets from us.

Invariant: nothing is sent to a peer, and nothing taken from it, before it gave back what we lost (`require_whole`);
but its own questions are always answered, so two nodes that both restored do not wait for one another. A peer gets
only what it had itself: statements that it sent us, with its own wraps, and statements that we sent it. From its
first question on nothing of an older epoch of its is taken, so what it lost can't turn up behind its back.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.directory.queries import current_directory
from tansiq.errors import Unavailable
from tansiq.exchange.context import Context
from tansiq.exchange.copies import copy_of, item_of
from tansiq.exchange.peers import ensure_peer
from tansiq.exchange.restore_wire import Directories, ItemsPage, JournalPage, Question, Returned, Topic
from tansiq.journal.queries import JournalNodes, leaf_hashes
from tansiq.journal.services import Position, head_of, position
from tansiq.protocol.cbor import decode
from tansiq.protocol.envelope import parse_entry
from tansiq.protocol.heads import Direction
from tansiq.protocol.limits import MAX_BATCH, MAX_LEAVES
from tansiq.protocol.multiproof import needed
from tansiq.protocol.parcel import Fault, Item

__all__ = ["require_whole", "restoring_peers", "serve_restore"]

MOST_ITEMS = 256
MOST_BYTES = 4 * 1024 * 1024
"""A page ends with the batch that passes either; a batch has at most 512 entries and about 4 MiB."""


def restoring_peers() -> set[str]:
    """The peers that have not yet given back what we lost with a restored backup."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT peer FROM exchange_restore")
        return {row[0] for row in cursor.fetchall()}


def require_whole(peer: str) -> None:
    """Raises Unavailable while ``peer`` has not yet given back what we lost."""
    if peer in restoring_peers():
        raise Unavailable("exchange.restoring", peer=peer)


def serve_restore(peer: str, body: bytes, *, context: Context) -> bytes:
    """The answer to a question of ``peer`` (known by its signature at the door). Raises BadInput or TooMuch."""
    question = Question.parse(body)
    if question.topic == Topic.OFFER:
        from tansiq.exchange.offering import take_offer  # noqa: PLC0415 (asking and answering lead to one another)

        return take_offer(peer, question.content, context=context)
    with transaction.atomic():
        if question.topic == Topic.DIRECTORIES:
            return Directories(context.directory.encoded, current_directory(peer).encoded).to_bytes()
        if question.topic == Topic.ASKERS_JOURNAL:
            return _askers_journal(peer, question.first).to_bytes()
        if question.topic == Topic.ANSWERERS_JOURNAL:
            return _own_journal(peer, question.first, context).to_bytes()
        return _Pages(peer, question, context).page().to_bytes()


def _next_epoch(peer: str) -> int:
    """Closes all epochs of ``peer`` up to now and returns the one under which it goes on."""
    ensure_peer(peer)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_peer SET their_epoch = their_epoch + 1 WHERE peer = %s RETURNING their_epoch", (peer,)
        )
        row = cursor.fetchone()
    return int(row[0])


def _askers_journal(peer: str, first: int) -> JournalPage:
    epoch = _next_epoch(peer)
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, root, head, witness FROM journal_mirror WHERE peer = %s", (peer,))
        row = cursor.fetchone()
        size, root, head, witness = (row[0], bytes(row[1]), bytes(row[2]), bytes(row[3])) if row else (0, b"", b"", b"")
        cursor.execute(
            "SELECT first, leaves FROM journal_mirror_leaves WHERE peer = %s AND first + LENGTH(leaves) / 32 > %s ORDER BY first",
            (peer, first),
        )
        leaves = bytearray()
        while len(leaves) < 32 * MAX_LEAVES and (found := cursor.fetchone()) is not None:
            leaves += bytes(found[1])[32 * max(0, first - found[0]) :]
    return JournalPage(
        topic=Topic.ASKERS_JOURNAL, first=first, leaves=bytes(leaves[: 32 * MAX_LEAVES]), size=size, root=root, head=head,
        witness=witness, epoch=epoch,
    )  # fmt: skip


def _own_journal(peer: str, first: int, context: Context) -> JournalPage:
    at = position(peer)
    head = head_of(peer, at, agency=context.agency, time_ms=context.clock(), signer=context.signer)
    leaves = leaf_hashes(peer, first, min(at.size, first + MAX_LEAVES))
    return JournalPage(topic=Topic.ANSWERERS_JOURNAL, first=first, leaves=leaves, size=at.size, root=at.root, head=head)


@dataclass(frozen=True, slots=True)
class _Row:
    number: int
    statement: bytes
    entry: bytes
    batch: bytes
    leaf: int
    at_ms: int


class _Pages:
    """One page of what ``peer`` sent us (as we received it) or of what we sent it and have its receipt for."""

    def __init__(self, peer: str, question: Question, context: Context) -> None:
        self._peer = peer
        self._context = context
        self._question = question
        self._received = question.topic == Topic.ASKER_SENT
        self._starts = {(epoch, lane): number for epoch, lane, number in question.lanes}
        self._faults: list[Fault] = []

    def page(self) -> ItemsPage:
        at: Position = position(self._peer)
        batches: list[Returned] = []
        count = size = 0
        more = False
        for rows in self._groups():
            # The last page is known by there being nothing after it.
            if count >= MOST_ITEMS or size >= MOST_BYTES:
                more = True
                break
            batch = self._returned(rows, at)
            if batch is None:
                continue
            batches.append(batch)
            count += len(rows)
            size += sum(len(part or b"") for item in batch.items for part in item.parts)
        head = b""
        if self._received and batches:
            head = head_of(
                self._peer, at, agency=self._context.agency, time_ms=self._context.clock(), signer=self._context.signer
            )
        return ItemsPage(
            topic=self._question.topic,
            batches=tuple(batches),
            more=more,
            size=at.size,
            root=at.root,
            head=head,
            faults=tuple(self._faults),
        )

    def _groups(self) -> Iterator[list[_Row]]:
        """The batches that follow, whole, in the order of their numbers."""
        after_epoch, after_lane, after_number = self._question.after
        for epoch, lane in self._lanes():
            if (epoch, lane) < (after_epoch, after_lane):
                continue
            start = self._whole_from(epoch, lane, self._starts.get((epoch, lane), 1))
            if (epoch, lane) == (after_epoch, after_lane):
                start = max(start, after_number + 1)
            while rows := self._rows(epoch, lane, start, MAX_BATCH + 1):
                found = [list(group) for _, group in itertools.groupby(rows, key=lambda row: row.batch)]
                if len(rows) > MAX_BATCH and len(found) > 1:
                    found.pop()
                yield from found
                start = found[-1][-1].number + 1

    def _lanes(self) -> Sequence[tuple[int, int]]:
        direction = Direction.RECEIVED if self._received else Direction.SENT
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT epoch, lane FROM exchange_lane WHERE peer = %s AND direction = %s ORDER BY epoch, lane",
                (self._peer, int(direction)),
            )
            return [(row[0], row[1]) for row in cursor.fetchall()]

    def _rows(self, epoch: int, lane: int, start: int, limit: int) -> list[_Row]:
        table, time = ("exchange_received", "at_ms") if self._received else ("exchange_sent", "0")
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT number, statement, entry, batch, leaf, {time} FROM {table} "
                "WHERE peer = %s AND epoch = %s AND lane = %s AND number >= %s ORDER BY number LIMIT %s",
                (self._peer, epoch, lane, start, limit),
            )
            return [
                _Row(row[0], bytes(row[1]), bytes(row[2]), bytes(row[3]), row[4], row[5]) for row in cursor.fetchall()
            ]

    def _whole_from(self, epoch: int, lane: int, number: int) -> int:
        """The first number of the batch that ``number`` belongs to."""
        before = max(1, number - MAX_BATCH)
        rows = self._rows(epoch, lane, before, number - before + 1) if number > 1 else []
        if not rows or rows[-1].number != number:
            return number
        return next(row.number for row in rows if row.batch == rows[-1].batch)

    def _returned(self, rows: list[_Row], at: Position) -> Returned | None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT head FROM exchange_batch WHERE digest = %s", (rows[0].batch,))
            head = bytes(cursor.fetchone()[0])
            if self._received:
                indices, times = tuple(row.leaf for row in rows), tuple(row.at_ms for row in rows)
                wanted = needed(sorted(set(indices)), at.size)
                nodes = JournalNodes(self._peer).nodes(wanted)
                proof = tuple(nodes[node] for node in wanted)
            else:
                cursor.execute("SELECT proof FROM exchange_receipt WHERE batch = %s", (rows[0].batch,))
                found = cursor.fetchone()
                if found is None:
                    return None
                receipt = decode(bytes(found[0]))
                indices, times, proof = tuple(receipt[0]), tuple(receipt[1]), ()
        return Returned(head=head, items=self._items(rows), indices=indices, times_ms=times, nodes=proof)

    def _items(self, rows: list[_Row]) -> tuple[Item, ...]:
        ids = [row.statement for row in rows]
        wraps = self._context.keys.wraps(ids, self._peer)
        marks = ", ".join(["%s"] * len(ids))
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id, encoded, docket, proofs, parts FROM exchange_statement WHERE id IN ({marks})", ids
            )
            found = {bytes(row[0]): [bytes(column) for column in row[1:]] for row in cursor.fetchall()}
        items = []
        for row in rows:
            if (raw := self._set_aside(row)) is not None:
                items.append(raw)
                continue
            encoded, docket, proofs, parts = found[row.statement]
            sealed = decode(wraps[row.statement]) if row.statement in wraps else []
            items.append(Item(row.entry, encoded, docket, decode(proofs), tuple(decode(parts)), tuple(sealed)))
        return tuple(items)

    def _set_aside(self, row: _Row) -> Item | None:
        """An item that could not be used when it came lies whole in the quarantine."""
        if not self._received:
            return None
        digest = parse_entry(row.entry).statement
        if digest[:16] != row.statement:
            return None
        found = copy_of(digest, self._peer)
        if found is None:
            return None
        self._faults.append(Fault(digest, found[1]))
        return item_of(row.entry, found[0])
