"""Receipts written down: when partners received our enquiries and clarifications, and so when answers are due.

Invariant: until the clock's sweep has run, the queries read the receipts themselves, so nothing waits for it. Only what has its receipt
is looked at, so what was taken back, or is held, stands before nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.db import connection, transaction

from tansiq.cases.sql import chunks, marks
from tansiq.enquiries.history import rejudged
from tansiq.enquiries.routes import received_at
from tansiq.enquiries.rows import ReplyRow, enquiry_rows, replies_of, store_course

__all__ = ["note_receipts"]

_HERE: Final = (
    "(EXISTS (SELECT 1 FROM exchange_sent s JOIN exchange_receipt r ON r.batch = s.batch "
    "WHERE s.statement = {statement} AND s.peer = {partner}) "
    "OR EXISTS (SELECT 1 FROM channels_stop c WHERE c.statement = {statement} AND c.proven AND c.handed_ms IS NULL "
    "AND c.post LIKE {partner} || '/%%'))"
)
"""That a receipt of the partner's is here, or its own word behind a relay: where `routes.received_at` looks."""
_ASKED: Final = _HERE.format(statement="enquiries_enquiry.request", partner="enquiries_enquiry.partner")
_CLARIFIED: Final = _HERE.format(statement="w.statement", partner="e.partner")


def note_receipts(*, limit: int = 1000) -> int:
    """Writes down when partners received our enquiries and clarifications, and so when answers are due; returns how many.

    For the clock's sweep: until it has run, the queries read the receipts themselves.
    """
    with transaction.atomic():
        waiting = enquiry_rows(f"received_ms IS NULL AND {_ASKED} ORDER BY sent_ms LIMIT %s", (limit,), lock=True)
        noted = []
        for partner in {row.partner for row in waiting}:
            known = received_at([row.request for row in waiting if row.partner == partner], partner)
            noted += [(row, known[row.request]) for row in waiting if row.request in known]
        words = _words([row.matter for row, _ in noted if row.said != 0])
        for row, at_ms in noted:
            store_course(rejudged(row, words.get(row.matter, []), received_ms=at_ms))
        return len(noted) + _note_clarified(limit)


def _words(matters: Sequence[bytes]) -> dict[bytes, list[ReplyRow]]:
    found: dict[bytes, list[ReplyRow]] = {}
    for chunk in chunks(matters):
        for word in replies_of(chunk):
            found.setdefault(word.matter, []).append(word)
    return found


def _note_clarified(limit: int) -> int:
    """The receipts of clarifications: with them the clock goes on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.matter, w.statement FROM enquiries_reply w JOIN enquiries_enquiry e ON e.matter = w.matter "
            f"WHERE w.kind = 'enquiry.clarification' AND w.until_ms IS NULL AND {_CLARIFIED} ORDER BY w.said_ms LIMIT %s",
            (limit,),
        )
        asked: dict[bytes, list[bytes]] = {}
        for matter, statement in cursor.fetchall():
            asked.setdefault(bytes(matter), []).append(bytes(statement))
    count = 0
    for chunk in chunks(asked):
        words = _words(chunk)
        for row in enquiry_rows(f"matter IN ({marks(chunk)})", chunk, lock=True):
            known = received_at(asked[row.matter], row.partner)
            if known:
                count += len(known)
                with connection.cursor() as cursor:
                    cursor.executemany(
                        "UPDATE enquiries_reply SET until_ms = %s WHERE statement = %s",
                        [(at_ms, statement) for statement, at_ms in known.items()],
                    )
                now = [replace(word, until_ms=known.get(word.statement, word.until_ms)) for word in words[row.matter]]
                store_course(rejudged(row, now, received_ms=row.received_ms))
    return count
