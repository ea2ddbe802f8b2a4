"""What officers see of enquiries: the desk's list, one enquiry with all that belongs to it, counts for a summary.

Invariant: everything comes out as plain values fit for JSON: ids as text, times as ISO 8601 in UTC. Lists hold codes
and times alone; whoever opens one enquiry is logged (Directive (EU) 2016/680, Article 25), and what stands on other
desks is not there for them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db import connection, transaction

from tansiq.cases.contents import StoredStatement, open_statements
from tansiq.cases.items import ITEM
from tansiq.cases.queries import ItemRow, items_of_statements
from tansiq.cases.sql import chunks, marks
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.routes import handovers_of, received_at, stops
from tansiq.enquiries.rows import Direction, EnquiryRow, ReplyRow, enquiry_rows, replies_of
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.names import compare
from tansiq.policy.deadlines import due_at
from tansiq.policy.enquiry import Enquiry
from tansiq.protocol.envelope import Handover
from tansiq.protocol.ids import id_text
from tansiq.registers.listed import Entry
from tansiq.registers.matching import names_of
from tansiq.registers.queries import readable_entry, stored_entries

__all__ = ["list_enquiries", "show_enquiry", "summaries"]

_DIRECTIONS = {Direction.OUT: "out", Direction.IN: "in"}
Json = dict[str, Any]


def _time(ms: int | None) -> str | None:
    """A moment as ISO 8601 in UTC with milliseconds."""
    if ms is None:
        return None
    return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _clock(row: EnquiryRow, now_ms: int) -> str:
    """Where the clock of an enquiry stands, as a code; '' while nobody has received it."""
    if row.deadline_ms is None:
        return ""
    if row.answered_ms is not None:
        return "met" if row.answered_ms <= row.deadline_ms else "late"
    return "overdue" if now_ms > row.deadline_ms else "running"


def _with_receipts(rows: Sequence[EnquiryRow]) -> list[EnquiryRow]:
    """The rows, with what the partners' receipts say where it was not written down yet."""
    out = []
    missing = [row for row in rows if row.received_ms is None]
    known: dict[bytes, int] = {}
    for partner in {row.partner for row in missing}:
        known |= received_at([row.request for row in missing if row.partner == partner], partner)
    for row in rows:
        at_ms = known.get(row.request)
        if row.received_ms is None and at_ms is not None:
            state = "received" if row.state == "sent" else row.state
            due = due_at(received_at_ms=at_ms, deadline_class=row.deadline_class)
            row = replace(row, received_ms=at_ms, deadline_ms=due, state=state)  # noqa: PLW2901 (the row as it is known now)
        out.append(row)
    return out


def _match_counts(requests: Sequence[bytes]) -> dict[bytes, int]:
    found: dict[bytes, int] = {}
    for chunk in chunks(requests):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT request, COUNT(*) FROM enquiries_match WHERE request IN ({marks(chunk)}) GROUP BY request",
                chunk,
            )
            found.update((bytes(request), count) for request, count in cursor.fetchall())
    return found


def _summary(row: EnquiryRow, *, matches: int, now_ms: int) -> Json:
    return {
        "id": id_text(row.matter),
        "direction": _DIRECTIONS[row.direction],
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
        "sent_at": _time(row.sent_ms),
        "received_at": _time(row.received_ms),
        "deadline": _time(row.deadline_ms),
        "answered_at": _time(row.answered_ms),
        "clock": _clock(row, now_ms),
        "matches": matches,
    }


def _summaries(rows: Sequence[EnquiryRow], now_ms: int) -> list[Json]:
    counts = _match_counts([row.request for row in rows])
    return [_summary(row, matches=counts.get(row.request, 0), now_ms=now_ms) for row in _with_receipts(rows)]


_SECTIONS = (
    ("is_open = %s AND deadline_ms IS NOT NULL", True, "deadline_ms"),
    ("is_open = %s AND deadline_ms IS NULL", True, "sent_ms DESC"),
    ("is_open = %s", False, "deadline_ms DESC"),
)
"""What stands on a desk, in its order: each section is read along an index, so a full desk costs no more than a page."""


def _narrowed(direction: str, state: str) -> tuple[str, list[Any]]:
    """The condition for a direction and a state, with its values."""
    where = ""
    values: list[Any] = []
    if direction:
        where += " AND direction = %s"
        values.append(int(Direction.OUT if direction == "out" else Direction.IN))
    if state:
        # One of ours whose receipt came since the last sweep is still written down as sent.
        wanted = ["received", "sent"] if state == "received" else [state]
        where += f" AND state IN ({marks(wanted)})"
        values += wanted
    return where, values


def _due_first(row: EnquiryRow) -> tuple[bool, bool, int, int]:
    """Open before closed; of open ones what is due first; of closed ones the latest first."""
    if not row.is_open:
        return True, False, -(row.deadline_ms or row.sent_ms), -row.sent_ms
    return False, row.deadline_ms is None, row.deadline_ms or 0, -row.sent_ms


def list_enquiries(
    *, context: Context, posts: Sequence[str], direction: str = "", state: str = "", limit: int = 100
) -> list[Json]:
    """The enquiries on the desks ``posts`` (or that pass the office ``posts``): open ones by their deadline, then
    closed ones, the latest first.

    ``direction`` ('out', 'in') and ``state`` narrow. See the reference of the command line for the fields.
    """
    more, narrowed = _narrowed(direction, state)
    found: dict[bytes, EnquiryRow] = {}
    for condition, is_open, order in _SECTIONS:
        for column in ("own_post", "office_post"):
            for post in dict.fromkeys(posts):
                where = f"{column} = %s AND {condition}{more} ORDER BY {order} LIMIT %s"
                for row in enquiry_rows(where, [post, is_open, *narrowed, max(0, limit)]):
                    found[row.matter] = row
        if len(found) >= limit:
            break
    rows = sorted(_with_receipts(list(found.values())), key=_due_first)
    return _summaries([row for row in rows if not state or row.state == state][: max(0, limit)], context.clock())


def summaries(*, context: Context) -> list[Json]:
    """Every enquiry of this node in codes and times, the oldest first: for a summary that names nobody."""
    return _summaries(enquiry_rows("1 = 1 ORDER BY sent_ms, matter", ()), context.clock())


def _route(
    opened: StoredStatement | None, handovers: Sequence[Handover], *, said_ms: int, received_ms: int | None
) -> list[Json]:
    if opened is None or opened.docket is None:
        return []
    return [
        {"post": stop.post, "taken_at": _time(stop.taken_ms), "handed_at": _time(stop.handed_ms)}
        for stop in stops(opened.docket, handovers, said_ms=said_ms, received_ms=received_ms)
    ]


def _content(opened: StoredStatement | None, place: int) -> Any:
    """The content of a part; None when it was erased."""
    part = opened.parts[place] if opened is not None and place < len(opened.parts) else None
    return None if part is None else part.content


def _items(opened: StoredStatement | None, rows: Sequence[ItemRow]) -> list[Json]:
    return [
        {
            "id": id_text(row.id),
            "evaluation": row.evaluation,
            "basis": row.basis,
            "handling": list(row.handling),
            "classification": row.classification,
            "category": list(row.category),
            "originator": row.originator,
            "incoming": row.incoming,
            "erased": row.erased,
            "content": _content(opened, row.place),
        }
        for row in rows
        if row.kind == ITEM
    ]


def _best_name(entry: Entry | None, asked: Sequence[str]) -> str:
    """Of an entry's names the one that fits best what was asked."""
    if entry is None:
        return ""
    held = entry.searchable
    return max(held, key=lambda name: max((compare(one, name).score for one in asked), default=0.0), default="")


def _matches(request: bytes, content: Any, context: Context) -> list[Json]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT entry, subject, score, reasons, decision, decided_by, decided_ms FROM enquiries_match "
            "WHERE request = %s ORDER BY score DESC, entry",
            (request,),
        )
        rows = [(bytes(row[0]), *row[1:]) for row in cursor.fetchall()]
    stored = stored_entries([row[0] for row in rows])
    subjects = Enquiry.from_plain(content).subjects if content else ()
    out = []
    for entry_id, subject, score, reasons, decision, decided_by, decided_ms in rows:
        known = stored.get(entry_id)
        entry = readable_entry(known, context.keys) if known is not None else None
        asked = names_of(subjects[subject]) if subject < len(subjects) else []
        out.append(
            {
                "entry": id_text(entry_id),
                "register": known.register if known else "",
                "reference": known.reference if known else "",
                "listed": known.listed if known else False,
                "name": _best_name(entry, asked),
                "names": list(entry.searchable) if entry is not None else [],
                "subject": subject,
                "score": score,
                "reasons": reasons.split(),
                "decision": decision,
                "decided_by": decided_by,
                "decided_at": _time(decided_ms),
            }
        )
    return out


def _visible(matter: bytes, officer: ActingOfficer) -> EnquiryRow:
    rows = enquiry_rows("matter = %s", (matter,))
    if not rows or {rows[0].own_post, rows[0].office_post}.isdisjoint(officer.posts):
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    return _with_receipts(rows)[0]


def _reply(reply: ReplyRow, opened: StoredStatement | None, items: Sequence[ItemRow], route: list[Json]) -> Json:
    return {
        "statement": id_text(reply.statement),
        "kind": reply.kind,
        "officer": reply.officer,
        "post": reply.post,
        "at": _time(reply.at_ms),
        "outcome": reply.outcome,
        "grounds": list(reply.grounds),
        "content": _content(opened, 0),
        "items": _items(opened, items),
        "route": route,
    }


def show_enquiry(matter: bytes, *, context: Context, officer: ActingOfficer, justification: str = "") -> Json:
    """One enquiry with its request, replies, routes and possible matches, for an officer of its desk or office; logged
    as a consultation.

    What was erased is null. Raises NotFound.
    """
    row = _visible(matter, officer)
    said = replies_of([matter])
    statements = [row.request, *(reply.statement for reply in said)]
    opened = open_statements(statements, keys=context.keys)
    items = items_of_statements(statements)
    handovers = handovers_of(statements, row.partner)
    back = received_at(statements[1:], row.partner) if row.direction == Direction.IN else {}
    request = opened.get(row.request)
    content = _content(request, 0)
    shown = _summaries([row], context.clock())[0] | {
        "request": {
            "statement": id_text(row.request),
            "officer": row.officer,
            "post": row.their_post if row.direction == Direction.IN else row.own_post,
            "item": next((id_text(one.id) for one in items[row.request]), ""),
            "content": content,
        },
        "route": _route(request, handovers.get(row.request, ()), said_ms=row.sent_ms, received_ms=row.received_ms),
        "replies": [
            _reply(
                reply,
                opened.get(reply.statement),
                items[reply.statement],
                _route(
                    opened.get(reply.statement),
                    handovers.get(reply.statement, ()),
                    said_ms=reply.said_ms,
                    received_ms=reply.at_ms if row.direction == Direction.OUT else back.get(reply.statement),
                ),
            )
            for reply in said
        ],
        "matches": _matches(row.request, content, context),
        "receipts": row.direction == Direction.IN or row.received_ms is not None,
    }
    access = Access(
        operation=Operation.CONSULTATION,
        officer=officer.number,
        thing=matter,
        purpose=row.purpose,
        justification=justification or "enquiry.show",
        time_ms=context.clock(),
    )
    with transaction.atomic():
        log_access([access], keys=context.keys)
    return shown
