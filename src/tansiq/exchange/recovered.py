"""Putting back what a peer returned after a restore: rows, keys, receipts, and what our own statements had brought
about.

Invariant: nothing is stored that signatures do not prove, and a page is one commit. What we sent is proven by our own
signatures and the peer's receipt; what we received by the peer's signature and our own journal, to which the peer
returned the leaves.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from django.db import connection

from tansiq.directory.queries import documents_of
from tansiq.errors import Error, NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.copies import set_aside, set_aside_id
from tansiq.exchange.keeping import Checked, asides, digests_of
from tansiq.exchange.restore_wire import ItemsPage, Returned
from tansiq.exchange.standing import Came, Standing
from tansiq.protocol.cbor import encode
from tansiq.protocol.directory import Use
from tansiq.protocol.envelope import BatchHead, Entry, check_batch, check_wraps, parse_batch_head, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf, journal_name, parse_head
from tansiq.protocol.keys import PublicSigningKey
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.multiproof import root_from
from tansiq.protocol.parcel import Item
from tansiq.protocol.statement import Statement, check_contents, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import parse_wrap

__all__ = ["Lost", "key_at", "store_received", "store_sent"]


@dataclass(frozen=True, slots=True)
class Lost:
    """What the asker knows of itself: the peer, how long its journal was in the backup and is now, how old its key
    store is.
    """

    peer: str
    first_leaf: int
    size: int
    mirror_ms: int


@dataclass(frozen=True, slots=True)
class _Back:
    """One entry that came back, verified; ``fault`` says why its statement can't be used."""

    entry: Entry
    item: Item
    statement: Statement | None
    fault: str
    leaf: int
    at_ms: int
    batch: bytes = field(repr=False)


def key_at(agency: str, identifier: bytes, time_ms: int) -> PublicSigningKey:
    """The node key of ``agency`` with this identifier, if it was believed at ``time_ms``. Raises NotProven."""
    for document in reversed(documents_of(agency)):
        for certified in document.keys:
            if certified.use == Use.NODE_SIGNS and not certified.doubt_at(time_ms):
                key = PublicSigningKey(certified.public)
                if key.identifier == identifier:
                    return key
    raise NotProven("exchange.unknown-key", agency=agency)


def _statement_of(entry: Entry, item: Item, time_ms: int) -> tuple[Statement | None, str]:
    """The statement of an item, and the code of what is wrong with it ('' when nothing is)."""
    statement = None
    try:
        statement = parse_statement(item.statement)
        if statement.digest != entry.statement:
            raise NotProven("exchange.other-statement")
        statement.signature.verify(key_at(statement.agency, statement.signer, time_ms))
        check_contents(statement, docket=item.docket, proofs=parse_part_proofs(item.proofs), parts=item.parts)
        if item.wraps:
            check_wraps(entry, [parse_wrap(wrap) for wrap in item.wraps])
    except Error as error:
        return statement, error.code
    return statement, ""


def _check(batch: Returned, *, sender: str, receiver: str, time_ms: int) -> tuple[BatchHead, list[Entry]]:
    """The batch's head and entries. Raises NotProven unless ``sender`` signed exactly these entries for ``receiver``."""
    head = parse_batch_head(batch.head)
    check_batch(head, entries=[item.entry for item in batch.items], key=key_at(sender, head.signature.signer, time_ms))
    entries = [parse_entry(item.entry) for item in batch.items]
    named = {(head.sender, head.receiver, head.epoch), *((one.sender, one.receiver, one.epoch) for one in entries)}
    if named != {(sender, receiver, head.epoch)}:
        raise NotProven("exchange.not-for-us")
    return head, entries


@lru_cache(maxsize=2)
def _leaf_numbers(peer: str, first: int, size: int, last: bytes) -> dict[bytes, int]:
    """Leaf hash → number, of our journal from ``first`` on; ``last`` (a hash) keeps two homes of one process apart."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, node FROM journal_leaf WHERE peer = %s AND number >= %s AND number < %s",
            (peer, first, size),
        )
        return {bytes(row[1])[:32]: row[0] for row in cursor.fetchall()}


def _leaves(peer: str, numbers: Sequence[int]) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    with connection.cursor() as cursor:
        for at in range(0, len(numbers), 500):
            chunk = list(numbers[at : at + 500])
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(
                f"SELECT number, node FROM journal_leaf WHERE peer = %s AND number IN ({marks})", [peer, *chunk]
            )
            found.update((row[0], bytes(row[1])[:32]) for row in cursor.fetchall())
    return found


# What we sent


def _sent(
    batch: Returned, page: ItemsPage, lost: Lost, context: Context
) -> tuple[list[_Back], tuple[bytes, str, bytes, bytes, bytes]]:
    """The entries of a batch of ours, and its receipt's row. Raises NotProven."""
    head, entries = _check(
        batch, sender=context.agency, receiver=lost.peer, time_ms=parse_batch_head(batch.head).time_ms
    )
    digests = [hashlib.sha256(item.entry).digest() for item in batch.items]
    proven = {
        index: leaf_hash(exchange_leaf(Direction.RECEIVED, time_ms, digest))
        for index, time_ms, digest in zip(batch.indices, batch.times_ms, digests, strict=True)
    }
    if len(proven) != len(entries) or root_from(leaves=proven, size=page.size, nodes=batch.nodes) != page.root:
        raise NotProven("exchange.wrong-receipt", peer=lost.peer)
    numbers = _leaf_numbers(
        lost.peer, lost.first_leaf, lost.size, _leaves(lost.peer, [lost.size - 1]).get(lost.size - 1, b"")
    )
    known = _known_sent(lost.peer, entries)
    back = []
    for entry, item, digest in zip(entries, batch.items, digests, strict=True):
        leaf = known.get(
            entry.number, numbers.get(leaf_hash(exchange_leaf(Direction.SENT, entry.released_ms, digest)), -1)
        )
        statement, fault = _statement_of(entry, item, entry.released_ms)
        if leaf < 0 or statement is None or fault:
            raise NotProven("exchange.restore-not-ours", peer=lost.peer, number=entry.number)
        back.append(_Back(entry, item, statement, "", leaf, entry.released_ms, head.digest))
    proof = encode([list(batch.indices), list(batch.times_ms), page.size, list(batch.nodes)])
    return back, (head.digest, lost.peer, page.head, page.root, proof)


def _known_sent(peer: str, entries: Sequence[Entry]) -> dict[int, int]:
    numbers = [entry.number for entry in entries]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, leaf FROM exchange_sent WHERE peer = %s AND epoch = %s AND lane = %s AND number BETWEEN %s AND %s",
            (peer, entries[0].epoch, int(entries[0].lane), min(numbers), max(numbers)),
        )
        return {row[0]: row[1] for row in cursor.fetchall()}


def store_sent(page: ItemsPage, *, lost: Lost, context: Context) -> None:
    """Stores a page of what we had sent: entries, receipts, statements; what waited although it had arrived, waits no
    more.

    Runs in the caller's transaction. Raises NotProven.
    """
    if not page.batches:
        return
    head = parse_head(page.head)
    if head.signer != lost.peer or head.journal != journal_name(lost.peer, context.agency) or head.size != page.size:
        raise NotProven("exchange.wrong-receipt", peer=lost.peer)
    head.verify(key_at(lost.peer, head.signature.signer, head.time_ms), page.root)
    back: list[_Back] = []
    receipts = []
    for batch in page.batches:
        entries, receipt = _sent(batch, page, lost, context)
        back += entries
        receipts.append(receipt)
    standing = _standing(back, lost, context)
    standing.take_keys()
    _store_statements(back, standing, now_ms=context.clock())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_sent (peer, epoch, lane, number, statement, entry, batch, leaf) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            [
                (
                    lost.peer,
                    one.entry.epoch,
                    int(one.entry.lane),
                    one.entry.number,
                    _id(one),
                    one.item.entry,
                    one.batch,
                    one.leaf,
                )
                for one in back
            ],
        )
        cursor.executemany(
            "INSERT INTO exchange_receipt (batch, peer, head, root, proof) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            receipts,
        )
        cursor.executemany("DELETE FROM exchange_pending WHERE batch = %s", [(receipt[0],) for receipt in receipts])
        cursor.executemany(
            "DELETE FROM exchange_outbox WHERE peer = %s AND statement = %s", [(lost.peer, _id(one)) for one in back]
        )
        cursor.executemany(
            "INSERT INTO exchange_reported (statement, peer, code, at_ms) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [(fault.statement, lost.peer, fault.code, context.clock()) for fault in page.faults],
        )
        cursor.executemany(
            "INSERT INTO exchange_lane (peer, direction, epoch, lane, number) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (peer, direction, epoch, lane) DO UPDATE SET number = excluded.number WHERE exchange_lane.number < excluded.number",
            [
                (lost.peer, int(Direction.SENT), one.entry.epoch, int(one.entry.lane), one.entry.number + 1)
                for one in back
            ],
        )
    _store_batches(page, Direction.SENT, lost.peer)
    _settle(standing, back, received=False)


# What the peer sent


def _received(batch: Returned, lost: Lost, context: Context) -> list[_Back]:
    """The entries of a batch of the peer that our own journal proves. Raises NotProven."""
    head, entries = _check(batch, sender=lost.peer, receiver=context.agency, time_ms=min(batch.times_ms))
    leaves = _leaves(lost.peer, sorted(set(batch.indices)))
    back = []
    for entry, item, leaf, at_ms in zip(entries, batch.items, batch.indices, batch.times_ms, strict=True):
        if leaves.get(leaf) != leaf_hash(exchange_leaf(Direction.RECEIVED, at_ms, hashlib.sha256(item.entry).digest())):
            raise NotProven("exchange.restore-not-ours", peer=lost.peer, number=entry.number)
        statement, fault = _statement_of(entry, item, at_ms)
        back.append(_Back(entry, item, statement, fault, leaf, at_ms, head.digest))
    return back


def store_received(page: ItemsPage, *, lost: Lost, context: Context) -> None:
    """Stores a page of what the peer had sent: entries and statements, which are dispatched again in the order of our
    journal.

    Runs in the caller's transaction. Raises NotProven.
    """
    back = [one for batch in page.batches for one in _received(batch, lost, context)]
    back = _ids_used_once(sorted(back, key=lambda one: one.leaf))
    good = [one for one in back if not one.fault]
    standing = _standing(good, lost, context)
    standing.take_keys()
    _store_statements(good, standing, now_ms=context.clock())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_received (peer, epoch, lane, number, statement, entry, batch, leaf, at_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (
                    lost.peer, one.entry.epoch, int(one.entry.lane), one.entry.number,
                    set_aside_id(one.entry.statement) if one.fault else _id(one), one.item.entry, one.batch, one.leaf, one.at_ms,
                )
                for one in back
            ],
        )  # fmt: skip
    faulty = [(Checked(one.entry, one.item, one.statement, one.fault), one.at_ms) for one in back if one.fault]
    set_aside(lost.peer, asides(faulty, context), keys=context.keys, now_ms=context.clock())
    _store_batches(page, Direction.RECEIVED, lost.peer)
    _settle(standing, good, received=True)


def _ids_used_once(back: Sequence[_Back]) -> list[_Back]:
    """``back``, with a fault where an identifier belongs to another statement already."""
    ids = [_id(one) for one in back if one.statement]
    digests = digests_of(ids)
    out = []
    for one in back:
        if (
            one.statement
            and not one.fault
            and digests.setdefault(one.statement.id, one.statement.digest) != one.statement.digest
        ):
            out.append(replace(one, fault="exchange.id-used-twice"))
        else:
            out.append(one)
    return out


# What both have in common


def _id(one: _Back) -> bytes:
    return one.statement.id if one.statement else b""


def _standing(back: Sequence[_Back], lost: Lost, context: Context) -> Standing:
    came = [
        Came(
            one.statement, one.item.docket, one.item.wraps, one.at_ms, one.item.parts, parse_part_proofs(one.item.proofs)
        )
        for one in back
        if one.statement
    ]  # fmt: skip
    return Standing(came, peer=lost.peer, mirror_ms=lost.mirror_ms, context=context)


def _settle(standing: Standing, back: Sequence[_Back], *, received: bool) -> None:
    at_ms = {_id(one): one.at_ms for one in back}
    standing.settle(at_ms=at_ms, lane={_id(one): int(one.entry.lane) for one in back}, received=received)


def _store_statements(back: Sequence[_Back], standing: Standing, *, now_ms: int) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_statement (id, agency, digest, encoded, docket, proofs, parts, stored_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (
                    one.statement.id, one.statement.agency, one.statement.digest, one.item.statement, one.item.docket,
                    encode(one.item.proofs), encode(standing.parts_of(one.statement, one.item.parts)), now_ms,
                )
                for one in back
                if one.statement
            ],
        )  # fmt: skip


def _store_batches(page: ItemsPage, direction: Direction, peer: str) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_batch (digest, peer, direction, head, leaves) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (
                    hashlib.sha256(batch.head).digest(), peer, int(direction), batch.head,
                    b"".join(leaf_hash(item.entry) for item in batch.items),
                )
                for batch in page.batches
            ],
        )  # fmt: skip
