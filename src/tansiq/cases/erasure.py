"""Erasure: an item ends, provably and for good, and a crash at any instruction leaves something that the sweep
finishes.

Invariant: the order is tombstone (with its leaf in the access journal), then the key, then the ciphertext. Once the
tombstone is committed the item is erased for everybody; once its key is gone it is erased in every backup too, for
ordinary backups hold no keys and the key store keeps an empty slot. So `replay_erasures` finds, after a backup was
restored, what ended since, and ends it again. The tombstone says when and by whose order, not what; what other rooms
derived from an item goes in the same commit (`follow`). Directive (EU) 2016/680, Article 25; Regulation (EU) 2016/794,
Article 31.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from enum import StrEnum

from django.db import connection, transaction

from tansiq.cases.queries import ItemRow, item_row
from tansiq.cases.sql import CHUNK, for_update, insert
from tansiq.errors import Conflict, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.copies import empty_copies, wrap_names
from tansiq.exchange.files_store import drop_files
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import KeyStore
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.ids import id_text
from tansiq.protocol.manifest import PART_KIND

__all__ = ["Ground", "erase_due", "erase_item", "follow", "follow_with_keys", "replay_erasures", "sweep_erasures"]

NODE = "node"
"""Who ordered it where a rule did: the machine itself."""

Follower = Callable[[Sequence[ItemRow]], None]
"""Removes what a room derived from items that end, in the commit of their tombstones."""

KeyedFollower = Callable[[Sequence[ItemRow], Context], None]
"""The same, of what a room keeps under keys of its own."""

_followers: list[Follower] = []
_keyed: list[KeyedFollower] = []


class Ground(StrEnum):
    """Why an item ended: an officer ordered it, its time had come, its originator recalled it, or a restored backup
    had brought it back.
    """

    ORDERED = "erasure.ordered"
    RETENTION = "erasure.retention"
    RECALLED = "erasure.recalled"
    REPLAYED = "erasure.replayed"


def follow(follower: Follower) -> None:
    """Lets a room remove what it derived from items that end; registering again changes nothing."""
    if follower not in _followers:
        _followers.append(follower)


def follow_with_keys(follower: KeyedFollower) -> None:
    """As `follow`, for a room that needs the node's keys and clock for it."""
    if follower not in _keyed:
        _keyed.append(follower)


def _refuse_while_leaving(row: ItemRow) -> None:
    """Raises Conflict while a statement of ours has no receipt: its peer would get another thing than was signed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM exchange_outbox WHERE statement = %s UNION ALL SELECT 1 FROM exchange_sent s "
            "JOIN exchange_pending p ON p.peer = s.peer AND p.epoch = s.epoch AND p.lane = s.lane "
            "AND s.number >= p.first AND s.number < p.first + p.count WHERE s.statement = %s LIMIT 1",
            (row.statement, row.statement),
        )
        if cursor.fetchone() is not None:
            raise Conflict("cases.still-leaving", item=id_text(row.id))


def _forget_files(rows: Sequence[ItemRow]) -> None:
    """Of files among ``rows``: their chunks, which nothing can open any longer, and what was known of them."""
    with connection.cursor() as cursor:
        for row in rows:
            if row.kind == PART_KIND:
                drop_files([(row.id, 0) if row.statement is None else (row.statement, row.place)])
                cursor.execute("DELETE FROM cases_file WHERE item = %s", (row.id,))


def _bury(rows: Sequence[ItemRow], *, context: Context, ordered_by: str, ground: Ground) -> None:
    """The tombstones, their leaves in the access journal, and the end of everything derived, in one commit."""
    now_ms = context.clock()
    with transaction.atomic():
        log_access(
            [
                Access(
                    operation=Operation.ERASURE,
                    officer=ordered_by,
                    ordered_by=ordered_by,
                    thing=row.id,
                    purpose=row.purpose,
                    justification=str(ground),
                    time_ms=now_ms,
                )
                for row in rows
            ],
            keys=context.keys,
        )
        _forget_files(rows)
        for follower in _followers:
            follower(rows)
        for keyed in _keyed:
            keyed(rows, context)
        with connection.cursor() as cursor:
            cursor.executemany(
                insert("cases_tombstone", ("item", "at_ms", "ordered_by", "ground"), "ON CONFLICT DO NOTHING"),
                [(row.id, now_ms, ordered_by, str(ground)) for row in rows],
            )
            cursor.executemany(
                "UPDATE cases_item SET erased = %s, source = '', information = '', basis = '', handling = '', "
                "classification = '', category = '', purpose = '', special = %s, protected = %s, incoming = '' "
                "WHERE id = %s",
                [(True, False, False, row.id) for row in rows],
            )


def _forget(thing: bytes, place: int, keys: KeyStore) -> None:
    """Empties the slot of a key; where there was none, nothing is left that could open anything."""
    with contextlib.suppress(Conflict):
        keys.erase(thing, place=place, closed=True)


def _slot(row: ItemRow) -> tuple[bytes, int]:
    """Where the key store keeps the item's key: the statement's slots begin with its docket."""
    return (row.id, 0) if row.statement is None else (row.statement, row.place + 1)


def _empty(row: ItemRow, *, context: Context) -> None:
    """Keys, then ciphertexts, of an item whose tombstone is committed; again, it changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM cases_incoming_answer WHERE item = %s", (row.id,))
        answers = [bytes(found[0]) for found in cursor.fetchall()]
    _forget(*_slot(row), context.keys)
    for answer in answers:
        _forget(answer, 0, context.keys)
    if row.statement is not None:
        context.keys.drop_wraps(wrap_names([row.statement]))
    with transaction.atomic(), connection.cursor() as cursor:
        if row.statement is not None:
            empty_copies([row.statement])
        cursor.execute("UPDATE cases_item SET concealed = NULL WHERE id = %s", (row.id,))
        cursor.execute("UPDATE cases_incoming_answer SET concealed = NULL WHERE item = %s", (row.id,))
        if row.statement is not None:
            cursor.execute(f"SELECT parts FROM exchange_statement WHERE id = %s{for_update()}", (row.statement,))
            if (found := cursor.fetchone()) is not None:
                parts = decode(bytes(found[0]))
                parts[row.place] = None
                cursor.execute("UPDATE exchange_statement SET parts = %s WHERE id = %s", (encode(parts), row.statement))
        cursor.execute(
            "UPDATE cases_tombstone SET done_ms = %s WHERE item = %s AND done_ms IS NULL", (context.clock(), row.id)
        )


def erase_item(item: bytes, *, context: Context, ordered_by: str, ground: Ground = Ground.ORDERED) -> None:
    """Erases one item by the order of ``ordered_by`` (a service number); again, it changes nothing.

    Raises NotFound ('cases.unknown-item'), Conflict ('cases.still-leaving': its addressee has not receipted it).
    """
    row = item_row(item)
    if not row.erased:
        _refuse_while_leaving(row)
        _bury([row], context=context, ordered_by=ordered_by, ground=ground)
    _empty(row, context=context)


def _due(now_ms: int, limit: int) -> Iterator[bytes]:
    """Items whose end has come, the longest due first; read in chunks, for some are passed over."""
    last: tuple[int, bytes] = (-1, b"")
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT erase_ms, id FROM cases_item WHERE erase_ms IS NOT NULL AND NOT erased AND erase_ms <= %s AND erase_ms >= %s "
                "AND (erase_ms > %s OR id > %s) ORDER BY erase_ms, id LIMIT %s",
                (now_ms, last[0], *last, limit),
            )
            found = [(row[0], bytes(row[1])) for row in cursor.fetchall()]
        yield from (item for _, item in found)
        if len(found) < limit:
            return
        last = found[-1]


def erase_due(*, context: Context, limit: int = 100) -> int:
    """Erases up to ``limit`` items whose end has come; returns how many. What is still leaving waits, and does not hold up what came due
    later (of what is leaving, 20 times ``limit`` are looked at).
    """
    count = 0
    for item in itertools.islice(_due(context.clock(), limit), 20 * limit):
        with contextlib.suppress(Conflict):
            erase_item(item, context=context, ordered_by=NODE, ground=Ground.RETENTION)
            count += 1
        if count == limit:
            break
    return count


def sweep_erasures(*, context: Context, limit: int = 100) -> int:
    """Finishes up to ``limit`` erasures that a crash left half-done; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT item FROM cases_tombstone WHERE done_ms IS NULL ORDER BY at_ms LIMIT %s", (limit,))
        waiting = [bytes(row[0]) for row in cursor.fetchall()]
    for item in waiting:
        _empty(item_row(item), context=context)
    return len(waiting)


def _ended_elsewhere(row: ItemRow, keys: KeyStore) -> bool:
    """Whether the key store keeps an empty slot for the item: the mark of an erasure that this database lost."""
    thing, place = _slot(row)
    try:
        held = keys.contents(thing)
    except NotFound:
        return False
    return place < len(held) and held[place] is None


def replay_erasures(*, context: Context) -> int:
    """After a backup was restored: ends again every item that ended since it was made; returns how many.

    Looks at the keys of every item, so it takes its time; it may be ended and begun again at any moment.
    """
    last, count = b"", 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id FROM cases_item WHERE id > %s AND erased = %s ORDER BY id LIMIT {CHUNK}", (last, False)
            )
            ids = [bytes(row[0]) for row in cursor.fetchall()]
        if not ids:
            break
        last = ids[-1]
        gone = [row for row in map(item_row, ids) if _ended_elsewhere(row, context.keys)]
        if gone:
            _bury(gone, context=context, ordered_by=NODE, ground=Ground.REPLAYED)
        for row in gone:
            _empty(row, context=context)
        count += len(gone)
    while sweep_erasures(context=context):
        pass
    return count
