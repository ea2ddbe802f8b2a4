"""Keeping what was verified: statements into their table and their queue, what can't be used aside.

Invariant: an id has one statement, for ever. A copy that comes later adds what an earlier one withheld while the statement is not in effect;
of what was erased here nothing is taken again that is a content or opens one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.db import connection

from tansiq.exchange.context import Context
from tansiq.exchange.copies import Aside, raw_of
from tansiq.exchange.erasure import erased_from
from tansiq.faults import reach
from tansiq.keystore.store import Kept
from tansiq.protocol.cbor import decode_own, encode
from tansiq.protocol.envelope import Entry
from tansiq.protocol.parcel import Item
from tansiq.protocol.statement import Statement

__all__ = ["Checked", "asides", "digests_of", "keep_statements"]

_QUEUED_AGAIN = "WHERE statement = %s AND EXISTS (SELECT 1 FROM exchange_queue q WHERE q.statement = %s)"


@dataclass(frozen=True, slots=True)
class Checked:
    """One item, verified; ``fault`` is the code of what is wrong with it ('' when nothing is)."""

    entry: Entry
    item: Item
    statement: Statement | None
    fault: str
    number: tuple[int, int, int] = field(init=False)
    """Epoch, lane and number."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "number", (self.entry.epoch, int(self.entry.lane), self.entry.number))


def digests_of(ids: Sequence[bytes]) -> dict[bytes, bytes]:
    """The digests of those statements with ``ids`` that are here."""
    found: dict[bytes, bytes] = {}
    with connection.cursor() as cursor:
        for at in range(0, len(ids), 500):
            chunk = ids[at : at + 500]
            marks = ", ".join(["%s"] * len(chunk))
            cursor.execute(f"SELECT id, digest FROM exchange_statement WHERE id IN ({marks})", chunk)
            found.update((bytes(row[0]), bytes(row[1])) for row in cursor.fetchall())
    return found


def keep_statements(
    peer: str, fresh: Sequence[Checked], *, context: Context, now_ms: int
) -> tuple[list[tuple[Checked, Statement]], list[Checked]]:
    """Stores the statements of items that were verified and queues them, in the caller's transaction.

    The wraps are in the key store before. Returns what was stored, and the items that can't be used, with their faults.
    """
    digests = digests_of([one.statement.id for one in fresh if one.statement is not None])
    here_before = sorted(digests)
    good: list[tuple[Checked, Statement]] = []
    faulty: list[Checked] = []
    for one in fresh:
        if one.fault or one.statement is None:
            faulty.append(one)
        elif digests.setdefault(one.statement.id, one.statement.digest) != one.statement.digest:
            faulty.append(replace(one, fault="exchange.id-used-twice"))
        else:
            good.append((one, one.statement))
    gone = _erased(here_before, context)
    context.keys.keep_wraps(
        [
            Kept(statement.id, peer, now_ms, encode(list(one.item.wraps)))
            for one, statement in good
            if statement.id not in gone
        ]
    )
    reach("door.wraps-kept")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO exchange_statement (id, agency, digest, encoded, docket, proofs, parts, stored_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [
                (
                    statement.id, statement.agency, statement.digest, one.item.statement, one.item.docket,
                    encode(one.item.proofs), encode(list(one.item.parts)), now_ms,
                )
                for one, statement in good
            ],
        )  # fmt: skip
        if cursor.rowcount == len(good):  # all are new here, so none is handled yet
            cursor.executemany(
                "INSERT INTO exchange_queue (statement, peer, lane, at_ms, waits_for) VALUES (%s, %s, %s, %s, NULL)",
                [(statement.id, peer, int(one.entry.lane), now_ms) for one, statement in good],
            )
        else:
            cursor.executemany(
                "INSERT INTO exchange_queue (statement, peer, lane, at_ms, waits_for) SELECT %s, %s, %s, %s, NULL "
                "WHERE NOT EXISTS (SELECT 1 FROM exchange_handled WHERE statement = %s) ON CONFLICT DO NOTHING",
                [(statement.id, peer, int(one.entry.lane), now_ms, statement.id) for one, statement in good],
            )
        if here_before:
            known = set(here_before)
            _fill([(one, statement) for one, statement in good if statement.id in known - gone])
            again = [(statement.digest, statement.id) for _, statement in good if statement.id in known]
            cursor.executemany(f"DELETE FROM exchange_quarantine {_QUEUED_AGAIN} AND raw IS NULL", again)
            cursor.executemany(f"UPDATE exchange_quarantine SET thing = NULL {_QUEUED_AGAIN}", again)
    return good, faulty


def _erased(things: Sequence[bytes], context: Context) -> set[bytes]:
    """Those of ``things`` of which anything was erased here: nothing that opens them is taken again."""
    return erased_from(things) | context.keys.erased_places(things).keys() if things else set()


def _fill(again: Sequence[tuple[Checked, Statement]]) -> None:
    """Puts in what an earlier copy withheld of statements that are in effect not yet; the contents are proven like the statement."""
    with connection.cursor() as cursor:
        for one, statement in again:
            lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
            cursor.execute(
                "SELECT parts FROM exchange_statement s WHERE id = %s "
                f"AND NOT EXISTS (SELECT 1 FROM exchange_handled h WHERE h.statement = s.id){lock}",
                (statement.id,),
            )
            row = cursor.fetchone()
            here = decode_own(bytes(row[0])) if row else []
            if None in here:
                whole = [old if old is not None else new for old, new in zip(here, one.item.parts, strict=True)]
                cursor.execute("UPDATE exchange_statement SET parts = %s WHERE id = %s", (encode(whole), statement.id))


def asides(faulty: Sequence[tuple[Checked, int]], context: Context) -> list[Aside]:
    """What is set aside of items and the moments when they came: all, but of what was erased here no content and nothing that opens it."""
    gone = _erased([one.statement.id for one, _ in faulty if one.statement is not None], context)
    out = []
    for one, at_ms in faulty:
        item, erased = one.item, one.statement is not None and one.statement.id in gone
        parts, wraps = ([None] * len(item.parts), ()) if erased else (item.parts, item.wraps)
        out.append(Aside(one.entry.statement, one.fault, at_ms, raw_of(item, parts), wraps))
    return out
