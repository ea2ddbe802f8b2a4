"""Intake: a parcel that came is verified, and what it carries is kept, in one commit.

Invariant: a batch that is not the peer's, not for us, or under a number that was used for something else is refused whole and
changes nothing. An entry that is the peer's but can't be used is kept, journalled and quarantined with its reason: the receipt
proves that we took it. The same batch again changes nothing and gets the same receipts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction

from tansiq.directory.queries import current_directory, node_keys, signing_key
from tansiq.errors import BadInput, Error, NotFound, NotProven, Refused, TooMuch
from tansiq.exchange.carried import keys_of_their_day
from tansiq.exchange.context import Context
from tansiq.exchange.copies import faults_told, set_aside, set_aside_id
from tansiq.exchange.keeping import Checked, asides, keep_statements
from tansiq.exchange.lanes import advance_mark
from tansiq.exchange.parcels import Taken
from tansiq.exchange.peers import epoch_heard, heard, peer_state
from tansiq.exchange.receipts import take_receipts
from tansiq.exchange.restoring import require_whole
from tansiq.exchange.used_twice import UsedTwice, proof_kept
from tansiq.faults import reach
from tansiq.journal.mirror import mirror_news
from tansiq.journal.services import append, record_witness
from tansiq.protocol.directory import Directory
from tansiq.protocol.envelope import BatchHead, Entry, Lane, check_batch, check_wraps, parse_batch_head, parse_entry
from tansiq.protocol.heads import Direction, exchange_leaf
from tansiq.protocol.keys import PublicSigningKey
from tansiq.protocol.limits import MAX_EPOCH
from tansiq.protocol.merkle import leaf_hash
from tansiq.protocol.parcel import Fault, Item, Parcel
from tansiq.protocol.statement import check_contents, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import parse_wrap

__all__ = [
    "Intake", "Proofs", "Proven", "keep", "prove", "require_confirmed", "take",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of a parcel: the batch that was taken (if it carried one) and how many statements are new."""

    taken: Taken | None
    new: int


class Proofs:
    """Proves what arrives at ``now_ms`` with the keys of each agency's directory, which is read once."""

    def __init__(self, now_ms: int) -> None:
        self._now_ms = now_ms
        self._directories: dict[str, Directory] = {}
        self._confirmed: set[tuple[str, str]] = set()

    def directory(self, agency: str) -> Directory:
        """The current document of ``agency``, as it was when it was first asked for here. Raises NotFound."""
        if agency not in self._directories:
            self._directories[agency] = current_directory(agency)
        return self._directories[agency]

    def batch(self, head: BatchHead, items: Sequence[Item]) -> None:
        """Raises NotProven unless the head's sender signed exactly these entries."""
        key = signing_key(
            self.directory(head.sender), head.signature.signer, signed_ms=head.time_ms, now_ms=self._now_ms
        )
        check_batch(head, entries=[item.entry for item in items], key=key)

    def items(self, items: Sequence[tuple[Entry, Item]]) -> list[Checked]:
        """Verifies items; what fails is a fault of the item, not of its batch.

        Contents first: so a copy that only lacks a key, which may come, is told from one that nothing can cure. Then all
        signatures, one after the other: with nothing between, each costs a tenth less.
        """
        whole = [self._contents(entry, item) for entry, item in items]
        return [self._signature(one) if not one.fault else one for one in whole]

    def _contents(self, entry: Entry, item: Item) -> Checked:
        statement = None
        try:
            statement = parse_statement(item.statement)
            if statement.digest != entry.statement:
                raise NotProven("exchange.other-statement")
            check_contents(statement, docket=item.docket, proofs=parse_part_proofs(item.proofs), parts=item.parts)
            check_wraps(entry, [parse_wrap(wrap) for wrap in item.wraps])
        except Error as error:
            return Checked(entry, item, statement, error.code)
        return Checked(entry, item, statement, "")

    def _signature(self, one: Checked) -> Checked:
        statement = one.statement
        assert statement is not None  # noqa: S101 (it was read, or there were a fault)
        try:
            directory = self.directory(statement.agency)
            hop = (statement.agency, one.entry.sender)
            if hop not in self._confirmed:
                # A relay's word does not stand in for words compared aloud, but for what it brings itself, where we let it.
                require_confirmed(statement.agency, or_self=True, by=one.entry.sender)
                self._confirmed.add(hop)
            key = signing_key(directory, statement.signer, signed_ms=statement.time_ms, now_ms=self._now_ms)
            statement.signature.verify(key)
        except Error as error:
            return replace(one, fault=error.code)
        return one


def _check(parcel: Parcel, head: BatchHead, context: Context, proofs: Proofs) -> list[Checked]:
    """Verifies the batch as a whole, then each item. Raises NotProven or BadInput for the whole."""
    if head.sender != parcel.sender or head.receiver != context.agency or head.epoch > parcel.epoch:
        raise NotProven("exchange.not-for-us")
    proofs.batch(head, parcel.items)
    items: list[tuple[Entry, Item]] = []
    numbers: dict[tuple[Lane, int], bytes] = {}
    for item in parcel.items:
        entry = parse_entry(item.entry)
        if entry.sender != head.sender or entry.receiver != head.receiver or entry.epoch != head.epoch:
            raise NotProven("exchange.not-for-us")
        if (entry.lane, entry.number) in numbers:
            first, entries = numbers[entry.lane, entry.number], [one.entry for one in parcel.items]
            raise UsedTwice(entry, first, item.entry, head=head, entries=entries)
        numbers[entry.lane, entry.number] = item.entry
        items.append((entry, item))
    return proofs.items(items)


def _known(peer: str, checked: list[Checked]) -> dict[tuple[int, int, int], tuple[bytes, int, int]]:
    """Entries that we have under these numbers: ``(epoch, lane, number)`` → entry, leaf, time."""
    found = {}
    with connection.cursor() as cursor:
        for epoch, lane in {one.number[:2] for one in checked}:
            numbers = [one.entry.number for one in checked if one.number[:2] == (epoch, lane)]
            marks = ", ".join(["%s"] * len(numbers))
            cursor.execute(
                "SELECT number, entry, leaf, at_ms FROM exchange_received "
                f"WHERE peer = %s AND epoch = %s AND lane = %s AND number IN ({marks})",
                [peer, epoch, lane, *numbers],
            )
            for number, entry, leaf, at_ms in cursor.fetchall():
                found[epoch, lane, number] = (bytes(entry), leaf, at_ms)
    return found


def _keep(peer: str, head: BatchHead, checked: list[Checked], *, context: Context, now_ms: int) -> tuple[Taken, int]:
    """Stores what is new of a verified batch; returns the receipts' substance and how many are new."""
    known = _known(peer, checked)
    fresh = [one for one in checked if one.number not in known]
    again = [one for one in checked if one.number in known]
    for one in again:
        if known[one.number][0] != one.item.entry:
            entries = [other.item.entry for other in checked]
            raise UsedTwice(one.entry, known[one.number][0], one.item.entry, head=head, entries=entries)
    faults = faults_told(peer, [one.entry.statement for one in again])
    leaf_of: dict[tuple[int, int, int], int] = {}
    if fresh:
        good, faulty = keep_statements(peer, fresh, context=context, now_ms=now_ms)
        set_aside(peer, asides([(one, now_ms) for one in faulty], context), keys=context.keys, now_ms=now_ms)
        leaves = [
            leaf_hash(exchange_leaf(Direction.RECEIVED, now_ms, hashlib.sha256(one.item.entry).digest()))
            for one in fresh
        ]
        start, _ = append(peer, leaves)
        leaf_of = {one.number: start + at for at, one in enumerate(fresh)}
        _keep_entries(
            peer, head, checked, leaf_of, named={one.number: statement.id for one, statement in good}, now_ms=now_ms
        )
        faults += [Fault(one.entry.statement, one.fault) for one in faulty]
    indices = tuple(known[one.number][1] if one.number in known else leaf_of[one.number] for one in checked)
    times = tuple(known[one.number][2] if one.number in known else now_ms for one in checked)
    return Taken(head.digest, indices, times, tuple(faults)), len(fresh)


def _keep_entries(
    peer: str,
    head: BatchHead,
    checked: Sequence[Checked],
    leaf_of: Mapping[tuple[int, int, int], int],
    *,
    named: Mapping[tuple[int, int, int], bytes],
    now_ms: int,
) -> None:
    """Stores the batch and its new entries (those with a leaf); what can't be used stands under `set_aside_id`."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_received (peer, epoch, lane, number, statement, entry, batch, leaf, at_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                (
                    peer, *one.number, named.get(one.number, set_aside_id(one.entry.statement)), one.item.entry, head.digest,
                    leaf_of[one.number], now_ms,
                )
                for one in checked
                if one.number in leaf_of
            ],
        )  # fmt: skip
        cursor.execute(
            "INSERT INTO exchange_batch (digest, peer, direction, head, leaves) VALUES (%s, %s, %s, %s, %s) "
            "ON CONFLICT DO NOTHING",
            (
                head.digest, peer, int(Direction.RECEIVED), head.encoded,
                b"".join(leaf_hash(one.item.entry) for one in checked),
            ),
        )  # fmt: skip
    for epoch, lane in {number[:2] for number in leaf_of}:
        advance_mark(peer, epoch, lane)


@dataclass(frozen=True, slots=True)
class Proven:
    """A parcel from its sender, its signatures verified; `keep` keeps it. ``keys`` are those in which we believe the sender."""

    parcel: Parcel
    now_ms: int
    keys: Mapping[bytes, PublicSigningKey]
    head: BatchHead | None
    checked: list[Checked]


def prove(parcel: Parcel, *, peer: str, context: Context) -> Proven:
    """Verifies what a parcel carries, before any lock is taken. Raises NotProven, BadInput and TooMuch."""
    now_ms = context.clock()
    if parcel.sender != peer or parcel.receiver != context.agency:
        raise NotProven("exchange.not-for-us")
    if parcel.epoch > MAX_EPOCH:
        raise TooMuch("exchange.epoch-too-large", limit=MAX_EPOCH)
    proofs = Proofs(now_ms)
    checked: list[Checked] = []
    head = parse_batch_head(parcel.batch) if parcel.batch else None
    if head is not None:
        checked = _check(parcel, head, context, proofs)
    elif parcel.items:
        raise BadInput("exchange.items-without-batch")
    return Proven(parcel, now_ms, node_keys(proofs.directory(peer), now_ms), head, checked)


def take(parcel: Parcel, *, peer: str, context: Context) -> Intake:
    """Takes a parcel that ``peer`` sent (known by its signature at the door, its seal, or its pinned certificate): `prove` and
    `keep`, in one commit. Raises what they raise; then nothing has changed but that a number used twice is proven.
    """
    with proof_kept(context):
        return keep(prove(parcel, peer=peer, context=context), context=context)


def keep(proven: Proven, *, context: Context, by_hand: bool = False) -> Intake:
    """Keeps what was proven, in one commit or in the caller's transaction; the caller keeps the proof of a number used twice
    when that has rolled back (`proof_kept`). ``by_hand``: a courier brought it, so it may be old: it tells nothing of the line
    or of the clocks, and its heads are judged by the keys of their own day.

    Raises Refused (an epoch that is over), Unavailable (we are being restored), NotProven and BadInput; then the transaction is over.
    """
    parcel, now_ms, head = proven.parcel, proven.now_ms, proven.head
    peer = parcel.sender
    keys = keys_of_their_day(parcel, peer, now_ms) if by_hand else proven.keys
    with transaction.atomic(savepoint=False):
        require_whole(peer)
        state = peer_state(peer)
        if parcel.epoch < state.their_epoch:
            raise Refused("exchange.old-epoch", peer=peer, epoch=parcel.epoch, known=state.their_epoch)
        if by_hand:
            epoch_heard(peer, parcel.epoch)
        else:
            heard(peer, epoch=parcel.epoch, peer_ms=parcel.time_ms, now_ms=now_ms)
        if parcel.news is not None:
            mirror_news(peer, parcel.news, agency=context.agency, key_of=keys, time_ms=now_ms, signer=context.signer)
        if parcel.witness:
            record_witness(peer, parcel.witness, agency=context.agency, key_of=keys)
        take_receipts(parcel, peer=peer, now_ms=now_ms)
        taken, new = (None, 0) if head is None else _keep(peer, head, proven.checked, context=context, now_ms=now_ms)
        reach("door.before-commit")
        transaction.on_commit(lambda: reach("door.after-commit"))
    return Intake(taken, new)


def require_confirmed(peer: str, *, or_self: bool = False, by: str = "") -> None:
    """Raises Refused unless the peer's fingerprint words were compared (or it is ourselves, or ``by``, who brings it, has
    introduced it), NotFound when it is unknown.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT confirmed_ms, is_self, introduced_by FROM directory_partner WHERE agency = %s", (peer,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound("directory.unknown-agency", agency=peer)
    if not row[0] and not (or_self and row[1]) and not (by and row[2] == by):
        raise Refused("directory.unconfirmed", agency=peer)
