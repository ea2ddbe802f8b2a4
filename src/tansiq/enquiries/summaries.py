"""One enquiry in codes and times: what lists, counts and the page of a matter have in common.

Invariant: plain values fit for JSON, ids as text, times as ISO 8601 in UTC; nobody's name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection

from tansiq.cases.sql import chunks, marks
from tansiq.enquiries.history import rejudged
from tansiq.enquiries.routes import received_at
from tansiq.enquiries.rows import Direction, EnquiryRow, replies_of
from tansiq.policy.course import waits_for
from tansiq.protocol.ids import id_text
from tansiq.protocol.limits import MAX_TIME_MS

__all__ = ["DIRECTIONS", "Json", "as_time", "summaries_of", "with_receipts"]

DIRECTIONS = {Direction.OUT: "out", Direction.IN: "in"}
Json = dict[str, Any]


def as_time(ms: int | None) -> str | None:
    """A moment as ISO 8601 in UTC with milliseconds; one beyond the calendar as the last within it."""
    if ms is None:
        return None
    return (
        dt.datetime.fromtimestamp(min(ms, MAX_TIME_MS) / 1000, dt.UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def _clock(row: EnquiryRow, now_ms: int) -> str:
    """Where the clock of an enquiry stands, as a code; '' while nobody has received it, and when it was withdrawn."""
    if row.received_ms is None or row.state == "withdrawn":
        return ""
    if row.answered_ms is not None:
        return "met" if row.deadline_ms is None or row.answered_ms <= row.deadline_ms else "late"
    if row.deadline_ms is None:
        return "paused" if row.paused else ""
    return "overdue" if now_ms > row.deadline_ms else "running"


def with_receipts(rows: Sequence[EnquiryRow]) -> list[EnquiryRow]:
    """The rows, with what the partners' receipts say where it was not written down yet."""
    out = []
    missing = [row for row in rows if row.received_ms is None]
    known: dict[bytes, int] = {}
    for partner in {row.partner for row in missing}:
        known |= received_at([row.request for row in missing if row.partner == partner], partner)
    for row in rows:
        at_ms = known.get(row.request)
        if row.received_ms is None and at_ms is not None:
            words = replies_of([row.matter]) if row.said != 0 else []
            out.append(rejudged(row, words, received_ms=at_ms))
        else:
            out.append(row)
    return out


def _counted(sql: str, things: Sequence[bytes]) -> dict[bytes, Any]:
    found: dict[bytes, Any] = {}
    for chunk in chunks(things):
        with connection.cursor() as cursor:
            cursor.execute(sql.format(marks(chunk)), chunk)
            found.update((bytes(thing), value) for thing, value in cursor.fetchall())
    return found


def _side_that_waits(row: EnquiryRow) -> str:
    """Who has to act: 'us', 'partner', or '' when nobody must."""
    side = waits_for(row.state)
    if side is None:
        return ""
    return "us" if (side == "asker") == (row.direction == Direction.OUT) else "partner"


def _summary(row: EnquiryRow, *, matches: int, notice: str, now_ms: int) -> Json:
    return {
        "id": id_text(row.matter),
        "direction": DIRECTIONS[row.direction],
        "partner": row.partner,
        "own_post": row.own_post,
        "their_post": row.their_post,
        "office": row.office_post,
        "channel": row.channel,
        "case": id_text(row.case) if row.case else "",
        "sought": list(row.sought),
        "field": row.field,
        "purpose": row.purpose,
        "deadline_class": row.deadline_class,
        "urgent": row.urgent,
        "state": row.state,
        "outcome": row.outcome,
        "sent_at": as_time(row.sent_ms),
        "received_at": as_time(row.received_ms),
        "deadline": as_time(row.deadline_ms),
        "answered_at": as_time(row.answered_ms),
        "clock": _clock(row, now_ms),
        "paused": row.paused,
        "delays": row.delays or 0,
        "waits_for": _side_that_waits(row),
        "notice": notice,
        "matches": matches,
    }


def summaries_of(rows: Sequence[EnquiryRow], now_ms: int) -> list[Json]:
    """The rows as plain values, with how many entries the registers propose and the heaviest call of the clock."""
    requests, matters = [row.request for row in rows], [row.matter for row in rows if row.is_open]
    matches = _counted("SELECT request, COUNT(*) FROM enquiries_match WHERE request IN ({}) GROUP BY request", requests)
    notices = _counted("SELECT matter, code FROM enquiries_notice WHERE matter IN ({}) ORDER BY at_ms, code", matters)
    return [
        _summary(row, matches=matches.get(row.request, 0), notice=notices.get(row.matter, ""), now_ms=now_ms)
        for row in with_receipts(rows)
    ]
