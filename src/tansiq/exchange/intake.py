"""Intake: a parcel that came is verified, and what it carries is kept, in one commit.

Invariant: a batch that is not the peer's, not for us, or under a number that was used for something else is refused whole and
changes nothing. An entry that is the peer's but can't be used is kept, journalled and quarantined with its reason: the receipt
proves that we took it. The same batch again changes nothing and gets the same receipts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.directory.queries import current_directory, documents_of, node_keys
from tansiq.errors import BadInput, Error, NotFound, NotProven, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.parcels import Taken
from tansiq.exchange.peers import heard, peer_state
from tansiq.exchange.receipts import take_receipts
from tansiq.faults import reach
from tansiq.journal.mirror import mirror_news
from tansiq.journal.services import append, record_witness
from tansiq.keystore.store import Kept
from tansiq.protocol.cbor import encode
from tansiq.protocol.envelope import BatchHead, Entry, check_batch, check_wraps, parse_batch_head, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf
from tansiq.protocol.keys import PublicSigningKey
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.parcel import Fault, Item, Parcel
from tansiq.protocol.statement import Statement, check_contents, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import parse_wrap

__all__ = ["Intake", "take"]


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of a parcel: the batch that was taken (if it carried one) and how many statements are new."""

    taken: Taken | None
    new: int


@dataclass(frozen=True, slots=True)
class _Checked:
    entry: Entry
    item: Item
    statement: Statement | None
    fault: str


def _signing_key(statement: Statement, now_ms: int) -> PublicSigningKey:
    key = node_keys(current_directory(statement.agency), now_ms).get(statement.signer)
    if key is None:
        known = any(key.key.identifier == statement.signer for document in documents_of(statement.agency) for key in document.keys)
        raise NotProven("exchange.key-not-believed" if known else "exchange.unknown-key", agency=statement.agency)
    return key


def _check_item(entry: Entry, item: Item, now_ms: int) -> _Checked:
    """Verifies one item; what fails is a fault of the item, not of the batch."""
    statement = None
    try:
        statement = parse_statement(item.statement)
        if statement.digest != entry.statement:
            raise NotProven("exchange.other-statement")
        statement.signature.verify(_signing_key(statement, now_ms))
        check_contents(statement, docket=item.docket, proofs=parse_part_proofs(item.proofs), parts=item.parts)
        check_wraps(entry, [parse_wrap(wrap) for wrap in item.wraps])
    except Error as error:
        return _Checked(entry, item, statement, error.code)
    return _Checked(entry, item, statement, "")


def _check(parcel: Parcel, head: BatchHead, context: Context, keys: Mapping[bytes, PublicSigningKey], now_ms: int) -> list[_Checked]:
    """Verifies the batch as a whole, then each item. Raises NotProven or BadInput for the whole."""
    key = keys.get(head.signature.signer)
    if key is None:
        raise NotProven("exchange.unknown-key", agency=parcel.sender)
    check_batch(head, entries=[item.entry for item in parcel.items], key=key)
    if head.sender != parcel.sender or head.receiver != context.agency or head.epoch > parcel.epoch:
        raise NotProven("exchange.not-for-us")
    checked = []
    for item in parcel.items:
        entry = parse_entry(item.entry)
        if entry.sender != head.sender or entry.receiver != head.receiver or entry.epoch != head.epoch:
            raise NotProven("exchange.not-for-us")
        checked.append(_check_item(entry, item, now_ms))
    return checked


def _known(peer: str, checked: list[_Checked]) -> dict[tuple[int, int, int], tuple[bytes, int, int]]:
    """Entries that we have under these numbers: ``(epoch, lane, number)`` → entry, leaf, time."""
    found = {}
    with connection.cursor() as cursor:
        for epoch, lane in {(one.entry.epoch, int(one.entry.lane)) for one in checked}:
            numbers = [one.entry.number for one in checked if (one.entry.epoch, one.entry.lane) == (epoch, lane)]
            cursor.execute(
                "SELECT number, entry, leaf, at_ms FROM exchange_received "
                "WHERE peer = %s AND epoch = %s AND lane = %s AND number BETWEEN %s AND %s",
                (peer, epoch, lane, min(numbers), max(numbers)),
            )
            for number, entry, leaf, at_ms in cursor.fetchall():
                found[epoch, lane, number] = (bytes(entry), leaf, at_ms)
    return found


def _other_digests(checked: list[_Checked]) -> dict[bytes, bytes]:
    ids = [one.statement.id for one in checked if one.statement is not None]
    found: dict[bytes, bytes] = {}
    with connection.cursor() as cursor:
        for at in range(0, len(ids), 500):
            chunk = ids[at : at + 500]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT id, digest FROM exchange_statement WHERE id IN ({marks})", chunk)
            found.update((bytes(row[0]), bytes(row[1])) for row in cursor.fetchall())
    return found


def _note_lane(peer: str, epoch: int, lane: int) -> None:
    """Moves the mark up to which a lane's numbers came without a gap; the next one missing is ``number``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM exchange_lane WHERE peer = %s AND direction = %s AND epoch = %s AND lane = %s",
            (peer, int(Direction.RECEIVED), epoch, lane),
        )
        row = cursor.fetchone()
        expected = row[0] if row else 1
        cursor.execute(
            "SELECT number FROM exchange_received WHERE peer = %s AND epoch = %s AND lane = %s AND number >= %s ORDER BY number LIMIT 4096",
            (peer, epoch, lane, expected),
        )
        for (number,) in cursor.fetchall():
            if number != expected:
                break
            expected += 1
        cursor.execute(
            "INSERT INTO exchange_lane (peer, direction, epoch, lane, number) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT (peer, direction, epoch, lane) DO UPDATE SET number = excluded.number",
            (peer, int(Direction.RECEIVED), epoch, lane, expected),
        )


def _keep(peer: str, head: BatchHead, checked: list[_Checked], *, context: Context, now_ms: int) -> tuple[Taken, int]:
    """Stores what is new of a verified batch; returns the receipts' substance and how many are new."""
    known = _known(peer, checked)
    fresh: list[_Checked] = []
    for one in checked:
        number = (one.entry.epoch, int(one.entry.lane), one.entry.number)
        if number not in known:
            fresh.append(one)
        elif known[number][0] != one.item.entry:
            raise NotProven("exchange.number-used-twice", peer=peer, number=one.entry.number)
    digests = _other_digests(fresh)
    good: list[_Checked] = []
    faulty: list[_Checked] = []
    for one in fresh:
        if not one.fault and one.statement is not None and digests.get(one.statement.id, one.statement.digest) != one.statement.digest:
            one = _Checked(one.entry, one.item, one.statement, "exchange.id-used-twice")
        (faulty if one.fault or one.statement is None else good).append(one)
    context.keys.keep_wraps([Kept(one.statement.id, peer, now_ms, encode(list(one.item.wraps))) for one in good if one.statement])
    reach("door.wraps-kept")
    start = 0
    if fresh:
        start, _ = append(
            peer,
            [leaf_hash(exchange_leaf(Direction.RECEIVED, now_ms, hashlib.sha256(one.item.entry).digest())) for one in fresh],
        )
    leaf_of = {(one.entry.epoch, int(one.entry.lane), one.entry.number): start + at for at, one in enumerate(fresh)}
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_statement (id, agency, digest, encoded, docket, proofs, parts, stored_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (
                    one.statement.id, one.statement.agency, one.statement.digest, one.item.statement, one.item.docket,
                    encode(one.item.proofs), encode(list(one.item.parts)), now_ms,
                )
                for one in good
                if one.statement
            ],
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO exchange_received (peer, epoch, lane, number, statement, entry, batch, leaf, at_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    peer, one.entry.epoch, int(one.entry.lane), one.entry.number,
                    one.statement.id if one.statement and not one.fault else one.entry.statement[:16],
                    one.item.entry, head.digest, start + at, now_ms,
                )
                for at, one in enumerate(fresh)
            ],
        )  # fmt: skip
        cursor.executemany(
            "INSERT INTO exchange_queue (statement, peer, lane, at_ms, waits_for) SELECT %s, %s, %s, %s, NULL "
            "WHERE NOT EXISTS (SELECT 1 FROM exchange_handled WHERE statement = %s) ON CONFLICT DO NOTHING",
            [(one.statement.id, peer, int(one.entry.lane), now_ms, one.statement.id) for one in good if one.statement],
        )
        cursor.executemany(
            "INSERT INTO exchange_quarantine (statement, peer, code, detail, at_ms, since_ms, tries, raw) "
            "VALUES (%s, %s, %s, '', %s, %s, 1, %s) ON CONFLICT DO NOTHING",
            [
                (
                    one.entry.statement, peer, one.fault, now_ms, now_ms,
                    encode([one.item.statement, one.item.docket, one.item.proofs, list(one.item.parts), list(one.item.wraps)]),
                )
                for one in faulty
            ],
        )  # fmt: skip
        if fresh:
            cursor.execute(
                "INSERT INTO exchange_batch (digest, peer, direction, head, leaves) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
                (head.digest, peer, int(Direction.RECEIVED), head.encoded, b"".join(leaf_hash(one.item.entry) for one in checked)),
            )
    for epoch, lane in {(one.entry.epoch, int(one.entry.lane)) for one in fresh}:
        _note_lane(peer, epoch, lane)
    indices, times = [], []
    for one in checked:
        number = (one.entry.epoch, int(one.entry.lane), one.entry.number)
        if number in known:
            indices.append(known[number][1])
            times.append(known[number][2])
        else:
            indices.append(leaf_of[number])
            times.append(now_ms)
    faults = tuple(Fault(one.entry.statement, one.fault) for one in faulty)
    return Taken(head.digest, tuple(indices), tuple(times), faults), len(fresh)


def take(parcel: Parcel, *, peer: str, context: Context) -> Intake:
    """Takes a parcel that ``peer`` sent (known by its signature at the door, its seal, or its pinned certificate).

    Raises Refused (the peer's words were not compared), NotProven and BadInput; then nothing has changed.
    """
    now_ms = context.clock()
    if parcel.sender != peer or parcel.receiver != context.agency:
        raise NotProven("exchange.not-for-us")
    keys = node_keys(current_directory(peer), now_ms)
    checked: list[_Checked] = []
    head = parse_batch_head(parcel.batch) if parcel.batch else None
    if head is not None:
        checked = _check(parcel, head, context, keys, now_ms)
    elif parcel.items:
        raise BadInput("exchange.items-without-batch")
    with transaction.atomic():
        state = peer_state(peer)
        if parcel.epoch < state.their_epoch:
            raise Refused("exchange.old-epoch", peer=peer, epoch=parcel.epoch, known=state.their_epoch)
        heard(peer, epoch=parcel.epoch, peer_ms=parcel.time_ms, now_ms=now_ms)
        if parcel.news is not None:
            mirror_news(peer, parcel.news, agency=context.agency, key_of=keys, time_ms=now_ms, signer=context.signer)
        if parcel.witness:
            record_witness(peer, parcel.witness, agency=context.agency, key_of=dict(keys))
        take_receipts(parcel, peer=peer, now_ms=now_ms)
        taken, new = _keep(peer, head, checked, context=context, now_ms=now_ms) if head is not None else (None, 0)
        reach("door.before-commit")
    reach("door.after-commit")
    return Intake(taken, new)


def require_confirmed(peer: str) -> None:
    """Raises Refused unless the peer's fingerprint words were compared, NotFound when it is unknown."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT confirmed_ms FROM directory_partner WHERE agency = %s", (peer,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound("directory.unknown-agency", agency=peer)
    if not row[0]:
        raise Refused("directory.unconfirmed", agency=peer)
