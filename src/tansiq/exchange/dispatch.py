"""Dispatch: what was received is opened and handed to the capability of its kind, once, in causal order.

Invariant: a handler's work, the mark that it is done and the end of its waiting are one commit; the content keys are in the key store
before. A statement waits until all that it follows is in effect. What fails by its content is quarantined with the reason; what fails by
the machine (database, disk) stays in the queue and is tried again.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection, transaction

from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.erasure import erased_from
from tansiq.exchange.files import note_arrived
from tansiq.exchange.kinds import Arrived, handler_of, note_handled, passes
from tansiq.exchange.opening import Opened, open_docket, open_keys, open_statement
from tansiq.faults import reach
from tansiq.keystore.store import Contents
from tansiq.protocol.cbor import decode_own
from tansiq.protocol.statement import Statement, parse_part_proofs, parse_statement
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


def _unwrapped(statement: Statement, wraps: bytes | None, context: Context) -> tuple[ContentKeys, str] | None:
    """The keys of the body that ``wraps`` open, and whose key did; None when something is in the way, which `_read` finds."""
    try:
        keys, reader = open_keys(statement, wraps=decode_own(wraps or b""), context=context)
    except Error:
        return None
    return (keys, reader) if keys.parts or not statement.parts_count else None


def _with_docket(
    statement: Statement, docket: bytes, unwrapped: tuple[ContentKeys, str], context: Context
) -> Opened | None:
    """What the keys open; None as in `_unwrapped`."""
    keys, reader = unwrapped
    try:
        return open_docket(statement, docket=docket, keys=keys, reader=reader, context=context)
    except Error:
        return None


def _read(
    one: _Waiting, statement: Statement, *, docket: bytes, wraps: bytes | None, context: Context
) -> tuple[Opened, str]:
    """What can be opened, and by whose wraps. A relay that brought us none, or less, must not hide what came by another route."""
    docket_only: tuple[Opened, str] | None = None
    failed: Error | None = None
    for peer, kept in _routes(one, wraps, context):
        try:
            read = open_statement(statement, docket=docket, wraps=decode_own(kept), context=context)
        except Error as error:
            failed = failed or error
            continue
        if read.keys.parts or not statement.parts_count:
            return read, peer
        docket_only = docket_only or (read, peer)
    if docket_only is None:
        raise failed or NotFound("exchange.wraps-erased")
    return docket_only


def _open(
    waiting: Sequence[_Waiting], context: Context
) -> tuple[list[tuple[_Waiting, Arrived, Opened]], list[tuple[_Waiting, Error]]]:
    """Reads and opens what waits; what can't be opened comes back with the reason.

    First the keys of all, one after the other: with nothing between, each costs a tenth less.
    """
    ids = [one.statement for one in waiting]
    marks = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT id, encoded, docket, proofs, parts FROM exchange_statement WHERE id IN ({marks})", ids)
        rows = {bytes(row[0]): row for row in cursor.fetchall()}
    wraps: dict[bytes, bytes] = {}
    for peer in {one.peer for one in waiting}:
        wraps.update(context.keys.wraps([one.statement for one in waiting if one.peer == peer], peer))
    opened, failed = [], []
    statements = [parse_statement(bytes(rows[one.statement][1])) for one in waiting]
    keys = [
        _unwrapped(statement, wraps.get(one.statement), context)
        for one, statement in zip(waiting, statements, strict=True)
    ]
    for one, statement, unwrapped in zip(waiting, statements, keys, strict=True):
        try:
            _, _, docket, proofs, parts = rows[one.statement]
            read = unwrapped and _with_docket(statement, bytes(docket), unwrapped, context)
            peer = one.peer
            if read is None:
                kept = wraps.get(one.statement)
                read, peer = _read(one, statement, docket=bytes(docket), wraps=kept, context=context)
            arrived = Arrived(
                statement=statement,
                docket=read.docket,
                peer=peer,
                at_ms=one.at_ms,
                reader=read.reader,
                ciphertexts=decode_own(bytes(parts)),
                proofs=parse_part_proofs(decode_own(bytes(proofs))),
                part_keys=read.keys.parts,
            )
            opened.append((one, arrived, read))
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


def _in_order(
    opened: list[tuple[_Waiting, Arrived, Opened]],
) -> tuple[list[tuple[_Waiting, Arrived, Opened]], list[tuple[_Waiting, bytes]]]:
    """What may run now, in an order that puts what is followed first, and what must wait for which statement."""
    done = _handled({before for _, arrived, _ in opened for before in arrived.docket.follows})
    ready: list[tuple[_Waiting, Arrived, Opened]] = []
    left = opened
    while left:
        still = []
        for entry in left:
            if all(before in done for before in entry[1].docket.follows):
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


def _run(ready: Sequence[tuple[_Waiting, Arrived, Opened]], context: Context) -> None:
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


def _keep_keys(opened: Sequence[tuple[_Waiting, Arrived, Opened]], context: Context) -> None:
    context.keys.put_contents(
        [
            Contents(one.statement, read.docket.case or read.docket.matter, (read.keys.docket, *read.keys.parts))
            for one, _, read in opened
        ]
    )
    reach("dispatch.keys-kept")


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
    ready, waits = _in_order(opened)
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
