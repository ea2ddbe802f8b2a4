"""Trying again what was set aside: after an upgrade brought its handler, or a directory that was missing came.

Invariant: a statement is never in the queue and set aside at once, and never lost between the two. What could not be proven when
it came (it is kept raw) is proven again from the beginning; what was proven goes to its kind's handler again. What
fails again stays set aside, with the newest reason and one try more.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from tansiq.errors import BadInput, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.dispatch import dispatch_statement
from tansiq.exchange.intake import Checked, Proofs, keep_statements
from tansiq.faults import reach
from tansiq.protocol.cbor import Plain, decode
from tansiq.protocol.envelope import parse_entry
from tansiq.protocol.parcel import Item

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
    at_ms: int
    since_ms: int
    tries: int
    raw: bytes | None


def _set_aside(digest: bytes) -> _SetAside:
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT thing, peer, at_ms, since_ms, tries, raw FROM exchange_quarantine WHERE statement = %s{lock}",
            (digest,),
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound("exchange.not-set-aside", statement=digest.hex())
    return _SetAside(digest, row[0] and bytes(row[0]), row[1], row[2], row[3], row[4], row[5] and bytes(row[5]))


def _item(entry: bytes, raw: Plain) -> Item:
    if type(raw) is not list or len(raw) != 5:
        raise BadInput("protocol.wrong-field", what="quarantine", field=0)
    return Item(entry, raw[0], raw[1], raw[2], tuple(raw[3]), tuple(raw[4]))


def _prove(one: _SetAside, raw: bytes, context: Context) -> Checked:
    """Proves again what is kept raw, and takes it in when it holds: then every entry that names it has its statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT peer, epoch, lane, number, entry FROM exchange_received WHERE statement = %s ORDER BY peer, epoch, lane, number",
            (one.digest[:16],),
        )
        entries = [(row[:4], bytes(row[4])) for row in cursor.fetchall()]
        entries = [(place, entry) for place, entry in entries if parse_entry(entry).statement == one.digest]
        if not entries:
            raise NotFound("exchange.not-set-aside", statement=one.digest.hex())
        content = decode(raw)
        tried = Proofs(context.clock()).items(
            [(parse_entry(entry), _item(entry, content)) for place, entry in entries if place[0] == one.peer]
        )
        checked = next((proven for proven in tried if not proven.fault), tried[0])
        good, faulty = keep_statements(one.peer, [checked], context=context, now_ms=one.at_ms)
        for _, statement in good:
            cursor.executemany(
                "UPDATE exchange_received SET statement = %s WHERE peer = %s AND epoch = %s AND lane = %s AND number = %s",
                [(statement.id, *place) for place, _ in entries],
            )
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


def _keep_damaged(digest: bytes, code: str) -> None:
    """What could not be proven stays, though a whole copy may have come since, which is tried for itself."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE exchange_quarantine SET code = %s, thing = NULL, tries = tries + 1 WHERE statement = %s",
            (code, digest),
        )


def retry(digest: bytes, *, context: Context) -> Retried:
    """Tries the set-aside statement with this digest again, in one commit. Raises NotFound when none is set aside."""
    with transaction.atomic():
        one = _set_aside(digest)
        thing, proven = one.thing, True
        if one.raw is not None:
            checked = _prove(one, one.raw, context)
            if checked.fault or checked.statement is None:
                proven = False
                _keep_damaged(digest, checked.fault)
            else:
                thing = checked.statement.id
            if thing is None:
                return Retried(digest, Outcome.SET_ASIDE, checked.fault)
        if thing is None:
            raise NotFound("exchange.not-set-aside", statement=digest.hex())
        if proven:
            with connection.cursor() as cursor:
                cursor.execute("DELETE FROM exchange_quarantine WHERE statement = %s", (digest,))
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
