"""Erasure: an item ends, provably and for good, and a crash at any instruction leaves something that the sweep
finishes.

Invariant: the order is tombstone (with its leaf in the access journal), then the key, then the ciphertext. Once the
tombstone is committed the item is erased for everybody; once its key is gone it is erased in every backup too, for
ordinary backups hold no keys and the key store keeps an empty slot. So `replay_erasures` finds, after a backup was
restored, what ended since, and ends it again. The tombstone says when and by whose order, not what; what other rooms
derived from an item goes in the same commit (`follow`). An item that cannot be erased keeps no other from its end: it is logged by
its id alone, tried again whenever the sweep runs, and `unerased` tells of it. Directive (EU) 2016/680, Article 25; Regulation (EU)
2016/794, Article 31.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Final

from django.db import connection, transaction

from tansiq.cases.queries import ItemRow, item_row, rows_by_id
from tansiq.cases.sql import CHUNK, for_update, insert
from tansiq.errors import Conflict, Error
from tansiq.exchange.context import Context
from tansiq.exchange.copies import empty_copies, wrap_names
from tansiq.exchange.files_store import drop_files
from tansiq.exchange.leaving import is_leaving, not_leaving
from tansiq.journal.access import Access, Operation, log_access
from tansiq.keystore.store import KeyStore
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.ids import id_text
from tansiq.protocol.manifest import PART_KIND

__all__ = [
    "NODE", "Ground", "erase_due", "erase_item", "follow", "follow_with_keys", "replay_erasures", "sweep_erasures", "unerased",
]  # fmt: skip

_log = logging.getLogger("tansiq.erasure")

NODE = "node"
"""Who ordered it where a rule did: the machine itself."""
_LEFT: Final = "NOT i.erased AND i.erase_ms IS NOT NULL AND " + not_leaving("i.statement")
_DUE: Final = (
    f"SELECT i.erase_ms, i.id FROM cases_item i WHERE {_LEFT} AND i.erase_ms <= %s "
    "AND i.erase_ms >= %s AND (i.erase_ms > %s OR i.id > %s) ORDER BY i.erase_ms, i.id LIMIT %s"
)
_OPEN: Final = (
    "SELECT at_ms, item FROM cases_tombstone WHERE done_ms IS NULL "
    "AND at_ms >= %s AND (at_ms > %s OR item > %s) ORDER BY at_ms, item LIMIT %s"
)

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
        if row.statement is not None and is_leaving(row.statement):
            raise Conflict("cases.still-leaving", item=id_text(row.id))
        _bury([row], context=context, ordered_by=ordered_by, ground=ground)
    _empty(row, context=context)


def _in_order(query: str, *values: int, at_once: int) -> Iterator[bytes]:
    """The items that ``query`` finds, the earliest first; read in pieces from where the last one ended, for some of them stay."""
    last: tuple[int, bytes] = (-1, b"")
    while True:
        with connection.cursor() as cursor:
            cursor.execute(query, (*values, last[0], *last, at_once))
            found = [(row[0], bytes(row[1])) for row in cursor.fetchall()]
        yield from (item for _, item in found)
        if len(found) < at_once:
            return
        last = found[-1]


def _each_alone(items: Iterable[bytes], erase: Callable[[bytes], None]) -> tuple[int, list[bytes]]:
    """Erases each of ``items``; returns how many, and those that could not be. What began to leave meanwhile waits for its receipt."""
    count, failed = 0, []
    for item in items:
        try:
            erase(item)
        except Exception as error:
            code = error.code if isinstance(error, Error) else type(error).__name__
            if code == "cases.still-leaving":
                continue
            _log.error("item %s could not be erased and is tried again: %s", id_text(item), code)
            failed.append(item)
        else:
            count += 1
    return count, failed


def _require_all(erased: tuple[int, list[bytes]]) -> int:
    """How many were erased. Raises Conflict ('cases.not-erased') when one could not be."""
    count, failed = erased
    if failed:
        raise Conflict("cases.not-erased", count=len(failed))
    return count


def erase_due(*, context: Context, at_once: int = 100) -> int:
    """Erases every item whose end has come, read ``at_once`` at a time; returns how many. What is still leaving waits.

    Raises Conflict ('cases.not-erased') when some could not be erased, after all others were.
    """

    def erase(item: bytes) -> None:
        erase_item(item, context=context, ordered_by=NODE, ground=Ground.RETENTION)

    return _require_all(_each_alone(_in_order(_DUE, context.clock(), at_once=at_once), erase))


def _finish(context: Context, *, at_once: int) -> tuple[int, list[bytes]]:
    """Finishes what is half-done, as far as it can be; returns what `_each_alone` does."""
    return _each_alone(_in_order(_OPEN, at_once=at_once), lambda item: _empty(item_row(item), context=context))


def sweep_erasures(*, context: Context, at_once: int = 100) -> int:
    """Finishes every erasure that was left half-done, read ``at_once`` at a time; returns how many. Raises as `erase_due`."""
    return _require_all(_finish(context, at_once=at_once))


def unerased(before_ms: int) -> int:
    """How many items should have been erased before ``before_ms`` (UTC) and are not, or not wholly; what is still leaving left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT COUNT(*) FROM cases_item i WHERE {_LEFT} AND i.erase_ms < %s) + "
            "(SELECT COUNT(*) FROM cases_tombstone WHERE done_ms IS NULL AND at_ms < %s)",
            (before_ms, before_ms),
        )
        return int(cursor.fetchone()[0])


def _ended_elsewhere(rows: Sequence[ItemRow], keys: KeyStore) -> list[ItemRow]:
    """Those for which the key store keeps an empty slot: the mark of an erasure that this database lost."""
    slots = {row.id: _slot(row) for row in rows}
    empty = keys.erased_places([thing for thing, _ in slots.values()])
    return [row for row in rows if slots[row.id][1] in empty.get(slots[row.id][0], ())]


def replay_erasures(*, context: Context) -> int:
    """After a backup was restored: ends again every item that ended since it was made; returns how many.

    What can't be ended now, which nothing opens any longer, is due from now on. Looks at the keys of every item, so it takes its time; it
    may be ended and begun again at any moment.
    """

    def end(item: bytes) -> None:
        _bury([item_row(item)], context=context, ordered_by=NODE, ground=Ground.REPLAYED)

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
        ended, failed = _each_alone([row.id for row in _ended_elsewhere(rows_by_id(ids), context.keys)], end)
        for item in failed:
            with connection.cursor() as cursor:
                cursor.execute("UPDATE cases_item SET erase_ms = %s WHERE id = %s", (context.clock(), item))
        count += ended
    _finish(context, at_once=CHUNK)
    return count
