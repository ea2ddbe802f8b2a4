"""Trying again what was set aside: after an upgrade brought its handler, or a directory that was missing came.

Invariant: a statement is never in the queue and set aside at once, and never lost between the two. What could not be proven when
it came (it is kept raw) is proven again from the beginning; what was proven goes to its kind's handler again. What
fails again stays set aside, with the newest reason and one try more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.copies import Copy, copies_of, item_of, leave_copies, set_aside_id, wraps_beside
from tansiq.exchange.dispatch import dispatch_statement
from tansiq.exchange.intake import Proofs
from tansiq.exchange.keeping import Checked, keep_statements
from tansiq.faults import reach
from tansiq.protocol.envelope import parse_entry

__all__ = ["Outcome", "Retried", "retry", "retry_all"]


class Outcome(StrEnum):
    """What came of a retry: in effect now; proven, but waiting for what it follows; or set aside as before."""

    HANDLED = "handled"
    WAITING = "waiting"
    SET_ASIDE = "set-aside"


@dataclass(frozen=True, slots=True)
class Retried:
    """A retry of the statement with this digest; ``code`` says why it is still set aside ('' when it is not)."""

    statement: bytes
    outcome: Outcome
    code: str = ""


@dataclass(frozen=True, slots=True)
class _SetAside:
    digest: bytes
    thing: bytes | None
    peer: str
    code: str
    at_ms: int
    since_ms: int
    tries: int
    raw: bytes | None


def _set_aside(digest: bytes) -> _SetAside:
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT thing, peer, code, at_ms, since_ms, tries, raw FROM exchange_quarantine WHERE statement = %s{lock}",
            (digest,),
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound("exchange.not-set-aside", statement=digest.hex())
    thing, peer, code, at_ms, since_ms, tries, raw = row
    return _SetAside(digest, thing and bytes(thing), peer, code, at_ms, since_ms, tries, raw and bytes(raw))


@dataclass(frozen=True, slots=True)
class _Proven:
    """What came of proving the copies of a statement again: its id once one holds, and the copies that still do not."""

    thing: bytes | None
    left: list[Copy]


def _prove_all(one: _SetAside, raw: bytes, context: Context) -> _Proven:
    """Proves again what is kept raw, of each peer that brought it, and takes in what holds: then its entries have their statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT peer, epoch, lane, number, entry FROM exchange_received WHERE statement = %s ORDER BY peer, epoch, lane, number",
            (set_aside_id(one.digest),),
        )
        entries = [(row[:4], bytes(row[4])) for row in cursor.fetchall()]
        entries = [(place, entry) for place, entry in entries if parse_entry(entry).statement == one.digest]
        if not entries:
            raise NotFound("exchange.not-set-aside", statement=one.digest.hex())
        thing: bytes | None = None
        left: list[Copy] = []
        for copy in [Copy(one.peer, one.code, one.at_ms, raw), *copies_of(one.digest)]:
            checked = _prove(copy, [entry for place, entry in entries if place[0] == copy.peer], context)
            if checked is not None and checked.statement is not None and not checked.fault:
                thing = checked.statement.id
            else:
                left.append(copy if checked is None else copy._replace(code=checked.fault))
        damaged = {copy.peer for copy in left}
        if thing is not None:
            cursor.executemany(
                "UPDATE exchange_received SET statement = %s WHERE peer = %s AND epoch = %s AND lane = %s AND number = %s",
                [(thing, *place) for place, _ in entries if place[0] not in damaged],
            )
    return _Proven(thing, left)


def _prove(copy: Copy, entries: Sequence[bytes], context: Context) -> Checked | None:
    """Proves one copy under the entries of its peer, and takes it in when it holds; None when it has no entry here."""
    if not entries:
        return None
    wraps = wraps_beside(parse_entry(entries[0]).statement, copy.peer, context.keys)
    items = [(parse_entry(entry), item_of(copy.raw, wraps=wraps, entry=entry)) for entry in entries]
    tried = Proofs(context.clock()).items(items)
    checked = next((proven for proven in tried if not proven.fault), tried[0])
    good, faulty = keep_statements(copy.peer, [checked], context=context, now_ms=copy.at_ms)
    return good[0][0] if good else faulty[0]


def _queue_again(one: _SetAside, thing: bytes) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_queue (statement, peer, lane, at_ms, waits_for) SELECT %s, %s, "
            "COALESCE((SELECT MIN(lane) FROM exchange_received WHERE statement = %s), 1), "
            "COALESCE((SELECT MIN(at_ms) FROM exchange_received WHERE statement = %s), %s), NULL "
            "WHERE NOT EXISTS (SELECT 1 FROM exchange_handled WHERE statement = %s) ON CONFLICT DO NOTHING",
            (thing, one.peer, thing, thing, one.at_ms, thing),
        )


def _leave(one: _SetAside, left: Sequence[Copy]) -> None:
    """What could not be proven stays, though a whole copy may have come since, which is tried for itself."""
    with connection.cursor() as cursor:
        if left:
            cursor.execute(
                "UPDATE exchange_quarantine SET peer = %s, code = %s, at_ms = %s, raw = %s, thing = NULL, tries = tries + 1 "
                "WHERE statement = %s",
                (*left[0], one.digest),
            )
        else:
            cursor.execute("DELETE FROM exchange_quarantine WHERE statement = %s", (one.digest,))
    leave_copies(one.digest, left[1:])


def retry(digest: bytes, *, context: Context) -> Retried:
    """Tries the set-aside statement with this digest again, in one commit. Raises NotFound when none is set aside."""
    with transaction.atomic():
        one = _set_aside(digest)
        thing = one.thing
        if one.raw is not None:
            proven = _prove_all(one, one.raw, context)
            _leave(one, proven.left)
            thing = proven.thing or thing
            if thing is None:
                return Retried(digest, Outcome.SET_ASIDE, proven.left[0].code)
        elif thing is not None:
            _leave(one, ())
        if thing is None:
            raise NotFound("exchange.not-set-aside", statement=digest.hex())
        _queue_again(one, thing)
        dispatch_statement(thing, context=context)
        retried = _outcome(one, thing)
        reach("retry.before-commit")
    reach("retry.after-commit")
    return retried


def _outcome(one: _SetAside, thing: bytes) -> Retried:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_quarantine SET tries = %s, since_ms = %s WHERE statement = %s RETURNING code, thing",
            (one.tries + 1, one.since_ms, one.digest),
        )
        row: tuple[Any, ...] | None = cursor.fetchone()
        if row is not None and row[1] is not None:
            return Retried(one.digest, Outcome.SET_ASIDE, row[0])
        cursor.execute("SELECT 1 FROM exchange_queue WHERE statement = %s", (thing,))
        return Retried(one.digest, Outcome.WAITING if cursor.fetchone() else Outcome.HANDLED)


def retry_all(*, context: Context) -> list[Retried]:
    """Tries everything again that is set aside, the oldest first, each in a commit of its own."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM exchange_quarantine ORDER BY at_ms, since_ms")
        digests = [bytes(row[0]) for row in cursor.fetchall()]
    return [retry(digest, context=context) for digest in digests]
