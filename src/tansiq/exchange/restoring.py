"""While a backup is being restored: who waits for whom, and what a peer that restored one gets from us.

Invariant: nothing is sent to a peer, and nothing taken from it, before it gave back what we lost (`require_whole`);
but its own questions are always answered, so two nodes that both restored do not wait for one another. A peer gets
only what it had itself: statements that it sent us, with its own wraps, and statements that we sent it. From its
first question on nothing of an older epoch of its is taken, so what it lost can't turn up behind its back. No answer is larger
than a parcel, however small the question and whatever it is about; one content at a time is in memory beside it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction

from tansiq.directory.queries import current_directory
from tansiq.errors import TooMuch, Unavailable
from tansiq.exchange.context import Context
from tansiq.exchange.copies import copy_of, item_of, set_aside_id, wraps_beside
from tansiq.exchange.peers import ensure_peer
from tansiq.exchange.restore_wire import Directories, ItemsPage, JournalPage, Question, Returned, Topic
from tansiq.journal.queries import JournalNodes, leaf_hashes, witnessed_size
from tansiq.journal.services import Position, head_of, position, position_at
from tansiq.protocol.cbor import decode
from tansiq.protocol.envelope import named_wraps, parse_entry
from tansiq.protocol.heads import Direction
from tansiq.protocol.limits import MAX_BATCH, MAX_EPOCH, MAX_INTEGER, MAX_LEAVES, MAX_PARCEL_BYTES
from tansiq.protocol.multiproof import needed
from tansiq.protocol.parcel import Fault, Item

__all__ = ["require_whole", "restoring_peers", "serve_restore"]

MOST_ITEMS = 256
MOST_BYTES = 4 * 1024 * 1024
"""A page ends with the batch that passes either; a batch has at most 512 entries and about 4 MiB."""
PAGE_BYTES = MAX_PARCEL_BYTES - 1024 * 1024
"""What the batches of a page weigh at most; the rest is for its heads and faults, and for the offer in which it may travel."""
_NUMBER_BYTES = 9
_HASH_BYTES = 34
"""What a number and a hash take at most."""


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
    """Closes all epochs of ``peer`` up to now and returns the one under which it goes on. Raises TooMuch after the last one."""
    ensure_peer(peer)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_peer SET their_epoch = their_epoch + 1 WHERE peer = %s AND their_epoch < %s RETURNING their_epoch",
            (peer, MAX_EPOCH),
        )
        row = cursor.fetchone()
    if row is None:
        raise TooMuch("exchange.epoch-too-large", limit=MAX_EPOCH)
    return int(row[0])


def _askers_journal(peer: str, first: int) -> JournalPage:
    epoch = _next_epoch(peer)
    with connection.cursor() as cursor:
        cursor.execute("SELECT size, root, head, witness FROM journal_mirror WHERE peer = %s", (peer,))
        row = cursor.fetchone()
        size, root, head, witness = (row[0], bytes(row[1]), bytes(row[2]), bytes(row[3])) if row else (0, b"", b"", b"")
        cursor.execute(
            "SELECT first, leaves FROM journal_mirror_leaves WHERE peer = %s AND first + LENGTH(leaves) / 32 > %s AND first < %s "
            "ORDER BY first",
            (peer, first, min(first + MAX_LEAVES, MAX_INTEGER)),
        )
        leaves = bytearray()
        while len(leaves) < 32 * MAX_LEAVES and (found := cursor.fetchone()) is not None:
            leaves += bytes(found[1])[32 * max(0, first - found[0]) :]
    return JournalPage(
        topic=Topic.ASKERS_JOURNAL, first=first, leaves=bytes(leaves[: 32 * MAX_LEAVES]), size=size, root=root, head=head,
        witness=witness, epoch=epoch,
    )  # fmt: skip


def _own_journal(peer: str, first: int, context: Context) -> JournalPage:
    """Our journal from ``first`` on, as far as one page carries it, under a head that stands there: so each page is proven alone."""
    at = position(peer)
    if at.size > first + MAX_LEAVES:
        at = position_at(peer, at, size=first + MAX_LEAVES)
    # A head before what the peer has witnessed already asks for no witness, and is not kept for one.
    keep = at.size >= witnessed_size(peer)
    head = head_of(peer, at, agency=context.agency, time_ms=context.clock(), signer=context.signer, keep=keep)
    leaves = leaf_hashes(peer, first, at.size)
    return JournalPage(topic=Topic.ANSWERERS_JOURNAL, first=first, leaves=leaves, size=at.size, root=at.root, head=head)


@dataclass(frozen=True, slots=True)
class _Row:
    epoch: int
    lane: int
    number: int
    statement: bytes
    batch: bytes
    leaf: int
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Contents:
    """What stands under an entry, and what it weighs without its parts and wraps (``bare``) and with them; why it can't be used."""

    item: Item
    bare: int
    whole: int
    fault: str = ""

    def without_parts(self) -> _Contents:
        """The same without parts and wraps: it is proven still, but can't be read from this."""
        return replace(self, item=replace(self.item, parts=(None,) * len(self.item.parts), wraps=()), whole=self.bare)


_NOTHING = _Contents(Item(b"", b"", b"", [], (), ()), 0, 0)


class _Pages:
    """One page of what ``peer`` sent us (as we received it) or of what we sent it and have its receipt for."""

    def __init__(self, peer: str, question: Question, context: Context) -> None:
        self._peer = peer
        self._context = context
        self._question = question
        self._received = question.topic == Topic.ASKER_SENT
        self._table = "exchange_received" if self._received else "exchange_sent"
        self._starts = {(epoch, lane): number for epoch, lane, number in question.lanes}

    def page(self) -> ItemsPage:
        at: Position = position(self._peer)
        batches: list[Returned] = []
        faults: list[Fault] = []
        count = size = 0
        more = False
        for rows in self._groups():
            # The last page is known by there being nothing after it.
            if count >= MOST_ITEMS or size >= MOST_BYTES:
                more = True
                break
            found = self._returned(rows, at)
            if found is None:
                continue
            batch, weight, faulty = found
            if batches and size + weight > PAGE_BYTES:
                more = True
                break
            batches.append(batch)
            faults += faulty
            count += len(rows)
            size += weight
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
            faults=tuple(faults),
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
        time = "at_ms" if self._received else "0"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT number, statement, batch, leaf, {time} FROM {self._table} "
                "WHERE peer = %s AND epoch = %s AND lane = %s AND number >= %s ORDER BY number LIMIT %s",
                (self._peer, epoch, lane, start, limit),
            )
            return [
                _Row(epoch, lane, row[0], bytes(row[1]), bytes(row[2]), row[3], row[4]) for row in cursor.fetchall()
            ]

    def _whole_from(self, epoch: int, lane: int, number: int) -> int:
        """The first number of the batch that ``number`` belongs to."""
        before = max(1, number - MAX_BATCH)
        rows = self._rows(epoch, lane, before, number - before + 1) if number > 1 else []
        if not rows or rows[-1].number != number:
            return number
        return next(row.number for row in rows if row.batch == rows[-1].batch)

    def _returned(self, rows: list[_Row], at: Position) -> tuple[Returned, int, list[Fault]] | None:
        """A batch, what it weighs, and what of it could not be used; None for one of ours that has no receipt."""
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
        weight = len(head) + 2 * _NUMBER_BYTES * len(rows) + _HASH_BYTES * len(proof)
        items, faults, weight = self._items(rows, weight)
        return Returned(head=head, items=items, indices=indices, times_ms=times, nodes=proof), weight, faults

    def _items(self, rows: list[_Row], weight: int) -> tuple[tuple[Item, ...], list[Fault], int]:
        """All items of a batch, for its head proves them together; ``weight`` is what it weighs before them.

        As it came, a batch fits into a page. It may weigh more now, for what came again under another number came without the
        contents that we had already. So contents are given once, and then as far as there is room; the first always.
        """
        items: list[Item] = []
        faults: list[Fault] = []
        given: dict[bytes, _Contents] = {}
        for row, entry in zip(rows, self._entries(rows), strict=True):
            weight += len(entry)
            room = PAGE_BYTES - weight if items else MAX_PARCEL_BYTES
            named = parse_entry(entry)
            digest = named.statement
            contents = given.get(digest)
            if contents is None:
                contents = self._contents(row, digest, room)
                given[digest] = contents.without_parts()
                if contents.fault:
                    faults.append(Fault(digest, contents.fault))
            if contents.whole > room:
                contents = contents.without_parts()
            if contents.whole > room:
                contents = _NOTHING
            weight += contents.whole
            wraps = named_wraps(named, contents.item.wraps)  # the same may have come with others under another number
            whole = len(wraps) == len(named.wraps)
            items.append(replace(contents.item, entry=entry, wraps=tuple(wraps) if whole else ()))
        return tuple(items), faults, weight

    def _entries(self, rows: list[_Row]) -> list[bytes]:
        """The entries of a batch, which came in one parcel: together they are no larger than that."""
        first, last = rows[0], rows[-1]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT entry FROM {self._table} WHERE peer = %s AND epoch = %s AND lane = %s AND number BETWEEN %s AND %s "
                "ORDER BY number",
                (self._peer, first.epoch, first.lane, first.number, last.number),
            )
            return [bytes(row[0]) for row in cursor.fetchall()]

    def _contents(self, row: _Row, digest: bytes, room: int) -> _Contents:
        """What stands under an entry; its parts are read only when there is ``room`` for them."""
        if (aside := self._set_aside(row, digest)) is not None:
            return aside
        kept = self._context.keys.wraps([row.statement], self._peer).get(row.statement, b"")
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT encoded, docket, proofs, LENGTH(parts) FROM exchange_statement WHERE id = %s", (row.statement,)
            )
            encoded, docket, proofs, size = cursor.fetchone()
            bare = len(encoded) + len(docket) + len(proofs)
            plain = decode(bytes(proofs))
            whole = bare + size + len(kept)
            if whole > room:
                parts: list[bytes | None] = [None] * len(plain)
                return _Contents(Item(b"", bytes(encoded), bytes(docket), plain, tuple(parts), ()), bare, bare)
            cursor.execute("SELECT parts FROM exchange_statement WHERE id = %s", (row.statement,))
            parts = decode(bytes(cursor.fetchone()[0]))
        wraps = decode(kept) if kept else []
        return _Contents(Item(b"", bytes(encoded), bytes(docket), plain, tuple(parts), tuple(wraps)), bare, whole)

    def _set_aside(self, row: _Row, digest: bytes) -> _Contents | None:
        """What could not be used when it came lies whole in the quarantine."""
        if not self._received or set_aside_id(digest) != row.statement:
            return None
        found = copy_of(digest, self._peer)
        if found is None:
            return None
        item = item_of(found[0], wraps=wraps_beside(digest, self._peer, self._context.keys))
        bare = len(found[0]) - sum(len(part or b"") for part in item.parts)
        return _Contents(item, bare, len(found[0]) + sum(len(wrap) for wrap in item.wraps), found[1])
