"""Dispatch: what was received is opened and handed to the capability of its kind, once, in causal order.

Invariant: a handler's work, the mark that it is done and the end of its waiting are one commit; the content keys are in the key store
before, and proven. A statement that is for us waits until all that it follows is in effect. What fails by its content is quarantined with
the reason; what fails by the machine (database, disk) stays in the queue and is tried again.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection, transaction

from tansiq.errors import Conflict, Error, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.erasure import WHOLE, erased_from, erased_places
from tansiq.exchange.files import note_arrived
from tansiq.exchange.hops import bringer_of
from tansiq.exchange.kinds import Arrived, handler_of, note_handled, passes
from tansiq.exchange.opening import Opened, keys_in, open_docket
from tansiq.faults import reach
from tansiq.keystore.store import Contents
from tansiq.protocol.cbor import decode_own
from tansiq.protocol.statement import PartProof, Statement, parse_part_proofs, parse_statement
from tansiq.protocol.wraps import ContentKeys

__all__ = ["dispatch_once", "dispatch_statement", "wake_waiting"]

BATCH = 256
_BATCH_BYTES = 16 << 20
"""Of ciphertext that is opened at once, beyond the first statement: so memory stays bounded, whatever a peer sends."""
_MACHINE = (OperationalError, InterfaceError)
"""Not the content's fault: disk full, read-only, connection lost. All else comes of what a handler was given."""
_log = logging.getLogger("tansiq.exchange")


@dataclass(frozen=True, slots=True)
class _Waiting:
    row: int
    statement: bytes
    peer: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class _Row:
    """A statement as it is stored; ``parts`` are the ciphertexts that are here."""

    statement: Statement
    docket: bytes
    proofs: Sequence[PartProof]
    parts: Sequence[bytes | None]


_Read = tuple[Arrived, Opened]
_Opened = tuple[_Waiting, Arrived, Opened]


def _claim(limit: int) -> list[_Waiting]:
    lock = " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT q.id, q.statement, q.peer, q.at_ms, LENGTH(s.parts) FROM (SELECT id, statement, peer, at_ms, lane FROM exchange_queue "
            f"WHERE waits_for IS NULL ORDER BY lane, id LIMIT %s{lock}) q "
            "JOIN exchange_statement s ON s.id = q.statement ORDER BY q.lane, q.id",
            (limit,),
        )
        rows = cursor.fetchall()
    sizes = itertools.accumulate(row[4] for row in rows)
    return [
        _Waiting(row[0], bytes(row[1]), row[2], row[3])
        for at, (row, size) in enumerate(zip(rows, sizes, strict=True))
        if not at or size <= _BATCH_BYTES
    ]


def _open_ahead(limit: int, context: Context) -> tuple[Mapping[bytes, tuple[Arrived, Opened]], bool]:
    """What waits, opened before SQLite's one lock is taken, so that the door may write meanwhile; and whether anything waits."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        return {}, True
    waiting = _claim(limit)
    opened = _open(waiting, context)[0] if waiting else []
    return {one.statement: (arrived, read) for one, arrived, read in opened}, bool(waiting)


def _routes(one: _Waiting, wraps: bytes | None, context: Context) -> Iterator[tuple[str, bytes]]:
    """The wraps that came with the statement, by peer: first those of the route by which it was queued."""
    if wraps is not None:
        yield one.peer, wraps
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT peer FROM exchange_received WHERE statement = %s AND peer <> %s ORDER BY peer",
            (one.statement, one.peer),
        )
        others = [row[0] for row in cursor.fetchall()]
    for peer in others:
        for kept in context.keys.wraps([one.statement], peer).values():
            yield peer, kept


def _arrived(one: _Waiting, row: _Row, keys: ContentKeys, reader: str, peer: str, context: Context) -> _Read:
    """The statement as ``keys`` open it, its docket and its body proven, so that no key is kept that opens nothing. Raises NotProven."""
    read = open_docket(row.statement, docket=row.docket, keys=keys, reader=reader, context=context)
    arrived = Arrived(
        statement=row.statement,
        docket=read.docket,
        peer=bringer_of(row.statement, read.docket, agency=context.agency, first=peer),
        at_ms=one.at_ms,
        reader=reader,
        ciphertexts=row.parts,
        proofs=row.proofs,
        part_keys=keys.parts,
    )
    arrived.prove()
    return arrived, read


def _first(row: _Row, wraps: bytes | None, context: Context) -> tuple[ContentKeys, str] | None:
    """The first keys in ``wraps``; None when there are none, which `_read` finds."""
    try:
        return next(keys_in(row.statement, wraps=decode_own(wraps or b"\x80"), context=context), None)
    except Error:
        return None


def _read(one: _Waiting, row: _Row, wraps: bytes | None, context: Context) -> _Read:
    """What can be opened by any wraps of any route. A relay that brought us none, less or wrong ones must not hide what came by another."""
    docket_alone: _Read | None = None
    failed: Error | None = None
    for peer, kept in _routes(one, wraps, context):
        try:
            for keys, reader in keys_in(row.statement, wraps=decode_own(kept), context=context):
                try:
                    found = _arrived(one, row, keys, reader, peer, context)
                except Error as error:
                    failed = failed or error
                    continue
                if keys.parts or not row.statement.parts_count:
                    return found
                docket_alone = docket_alone or found
        except Error as error:
            failed = failed or error
    if docket_alone is None:
        raise failed or NotFound("exchange.wraps-erased")
    return docket_alone


def _rows(ids: Sequence[bytes]) -> dict[bytes, _Row]:
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, encoded, docket, proofs, parts FROM exchange_statement WHERE id IN ({marks})", list(ids)
        )
        return {
            bytes(identifier): _Row(
                parse_statement(bytes(encoded)), bytes(docket), parse_part_proofs(decode_own(bytes(proofs))), decode_own(bytes(parts))
            )
            for identifier, encoded, docket, proofs, parts in cursor.fetchall()
        }  # fmt: skip


def _open(waiting: Sequence[_Waiting], context: Context) -> tuple[list[_Opened], list[tuple[_Waiting, Error]]]:
    """Reads and opens what waits; what can't be opened comes back with the reason.

    First the keys of all, one after the other: with nothing between, each costs a tenth less.
    """
    rows = _rows([one.statement for one in waiting])
    wraps: dict[bytes, bytes] = {}
    for peer in {one.peer for one in waiting}:
        wraps.update(context.keys.wraps([one.statement for one in waiting if one.peer == peer], peer))
    first = [_first(rows[one.statement], wraps.get(one.statement), context) for one in waiting]
    opened, failed = [], []
    for one, keys in zip(waiting, first, strict=True):
        row = rows[one.statement]
        try:
            if keys is not None and (keys[0].parts or not row.statement.parts_count):
                try:
                    opened.append((one, *_arrived(one, row, *keys, one.peer, context)))
                    continue
                except Error:
                    pass  # it is judged by all wraps below, which finds the reason
            opened.append((one, *_read(one, row, wraps.get(one.statement), context)))
        except Error as error:
            failed.append((one, error))
    return opened, failed


def _handled(ids: set[bytes]) -> set[bytes]:
    if not ids:
        return set()
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT statement FROM exchange_handled WHERE statement IN ({marks})", list(ids))
        return {bytes(row[0]) for row in cursor.fetchall()}


def _followed(arrived: Arrived, context: Context) -> Sequence[bytes]:
    """What must be in effect before; nothing where it only passes here, for what it follows may have gone by another way."""
    return () if passes(arrived.docket, context.agency) else arrived.docket.follows


def _in_order(opened: list[_Opened], context: Context) -> tuple[list[_Opened], list[tuple[_Waiting, bytes]]]:
    """What may run now, in an order that puts what is followed first, and what must wait for which statement."""
    done = _handled({before for _, arrived, _ in opened for before in _followed(arrived, context)})
    ready: list[_Opened] = []
    left = opened
    while left:
        still = []
        for entry in left:
            if all(before in done for before in _followed(entry[1], context)):
                ready.append(entry)
                done.add(entry[1].statement.id)
            else:
                still.append(entry)
        if len(still) == len(left):
            return ready, [(one, next(b for b in arrived.docket.follows if b not in done)) for one, arrived, _ in still]
        left = still
    return ready, []


def _quarantine(failed: Sequence[tuple[_Waiting, Error]], *, now_ms: int) -> None:
    with connection.cursor() as cursor:
        for one, error in failed:
            cursor.execute("SELECT digest FROM exchange_statement WHERE id = %s", (one.statement,))
            digest = bytes(cursor.fetchone()[0])
            detail = ", ".join(f"{name}={value}" for name, value in error.values.items())[:512]
            cursor.execute(
                "INSERT INTO exchange_quarantine (statement, thing, peer, code, detail, at_ms, since_ms, tries, raw) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, 1, NULL) ON CONFLICT (statement) DO UPDATE SET code = excluded.code, "
                "detail = excluded.detail, tries = exchange_quarantine.tries + 1, thing = excluded.thing",
                (digest, one.statement, one.peer, error.code, detail, one.at_ms, now_ms),
            )
            cursor.execute("DELETE FROM exchange_queue WHERE id = %s", (one.row,))


def _sort(arrived: Arrived, context: Context) -> tuple[str, bool]:
    """Whose business it is: its kind, and whether it only passes here."""
    return arrived.docket.kind, passes(arrived.docket, context.agency)


def _run(ready: Sequence[_Opened], context: Context) -> None:
    """Hands over in runs of one kind, marks as handled, ends the waiting of what follows."""
    for (kind, passing), group in itertools.groupby(ready, key=lambda entry: _sort(entry[1], context)):
        handler = handler_of(kind, passing=passing)
        if handler is None:
            raise NotFound("exchange.not-passed-on" if passing else "exchange.unknown-kind", kind=kind)
        handler(arrived := [one for _, one, _ in group], context)
        note_arrived(arrived, context=context)
        note_handled(arrived, context)
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_handled (statement) VALUES (%s) ON CONFLICT DO NOTHING",
            [(one.statement,) for one, _, _ in ready],
        )
        marks = ", ".join(["%s"] * len(ready))
        cursor.execute(f"DELETE FROM exchange_queue WHERE id IN ({marks})", [one.row for one, _, _ in ready])
        done = [one.statement for one, _, _ in ready]
        cursor.execute(f"UPDATE exchange_queue SET waits_for = NULL WHERE waits_for IN ({marks})", done)


def _keep_keys(opened: Sequence[_Opened], context: Context) -> None:
    """Keeps the keys, which are proven, in the place of what an attempt that failed may have left. What is erased meanwhile has its
    tombstone first: it is looked for once the keys are here, and whoever writes it later takes them himself.
    """
    context.keys.put_contents(
        [
            Contents(one.statement, read.docket.case or read.docket.matter, (read.keys.docket, *read.keys.parts))
            for one, _, read in opened
        ],
        instead=True,
    )
    reach("dispatch.keys-kept")
    for thing, place in erased_places([one.statement for one, _, _ in opened]):
        with contextlib.suppress(Conflict):  # of a docket alone there is no such key
            context.keys.erase(thing, place=None if place == WHOLE else place, closed=True)


def _handle(
    waiting: Sequence[_Waiting], context: Context, *, ahead: Mapping[bytes, tuple[Arrived, Opened]] | None = None
) -> None:
    """Opens, orders, hands over; raises what a handler raises. ``ahead`` is what was opened before, unless it was erased since."""
    usable = ahead or {}
    gone = erased_from(list(usable)) if usable else set()
    opened = [(one, *usable[one.statement]) for one in waiting if one.statement in usable and one.statement not in gone]
    failed: list[tuple[_Waiting, Error]] = []
    if len(opened) < len(waiting):
        done = {one.statement for one, _, _ in opened}
        more, failed = _open([one for one in waiting if one.statement not in done], context)
        opened += more
    ready, waits = _in_order(opened, context)
    if failed:
        _quarantine(failed, now_ms=context.clock())
    if waits:
        with connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE exchange_queue SET waits_for = %s WHERE id = %s", [(before, one.row) for one, before in waits]
            )
    if ready:
        _keep_keys(ready, context)
        _run(ready, context)


def _work(limit: int, context: Context) -> int:
    """One commit's work on up to ``limit`` statements; when a handler raises, nothing has changed."""
    ahead, anything = _open_ahead(limit, context)
    if not anything:
        return 0
    with transaction.atomic():
        waiting = _claim(limit)
        if not waiting:
            return 0
        _handle(waiting, context, ahead=ahead)
        reach("dispatch.before-commit")
    reach("dispatch.after-commit")
    return len(waiting)


def _work_on_one(context: Context) -> int:
    """After a handler refused something of a batch: one statement at a time, so that only the bad one is set aside."""
    with transaction.atomic():
        waiting = _claim(1)
        if not waiting:
            return 0
        _handle_or_set_aside(waiting[0], context)
        reach("dispatch.before-commit")
    reach("dispatch.after-commit")
    return 1


def _handle_or_set_aside(one: _Waiting, context: Context) -> None:
    """Handles one statement in the caller's transaction; what its handler refuses is quarantined."""
    try:
        with transaction.atomic():
            _handle([one], context)
    except _MACHINE:
        raise
    except Error as error:
        _quarantine([(one, error)], now_ms=context.clock())
    except Exception as error:
        # Whatever a handler raises, the statement is kept and shown, and the others go on.
        _log.exception("the handler of a statement failed")
        failed = NotFound("exchange.handler-failed", error=type(error).__name__)
        _quarantine([(one, failed)], now_ms=context.clock())


def dispatch_once(*, context: Context, limit: int = BATCH) -> int:
    """Handles up to ``limit`` waiting statements; returns how many were looked at (0: nothing waits)."""
    try:
        return _work(limit, context)
    except _MACHINE:
        raise
    except Exception:
        count = 0
        while count < limit and _work_on_one(context):
            count += 1
        return count


def dispatch_statement(statement: bytes, *, context: Context) -> None:
    """Handles the queued statement with this id now, in the caller's transaction: it is handled, waits, or is set aside."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, statement, peer, at_ms FROM exchange_queue WHERE statement = %s", (statement,))
        row = cursor.fetchone()
    if row is not None:
        _handle_or_set_aside(_Waiting(row[0], bytes(row[1]), row[2], row[3]), context)


def wake_waiting() -> int:
    """Lets what waits for something be looked at again; for the clock's sweep, and after a restore."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_queue SET waits_for = NULL WHERE waits_for IS NOT NULL "
            "AND EXISTS (SELECT 1 FROM exchange_handled h WHERE h.statement = exchange_queue.waits_for)"
        )
        return int(cursor.rowcount)
