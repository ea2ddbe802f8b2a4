"""What officers see of notices: the lists, one notice with its course, what waits for the legal desk.

Invariant: lists hold codes, numbers and times, nobody's name; whoever opens one notice is logged (Directive (EU) 2016/680, Article
25), and reads of it what the one decision on its use lets (`cases.exits`). Where a notice has ended, its contents are shown to
its source alone. Plain values fit for JSON.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.contents import StoredStatement, open_statements
from tansiq.cases.exits import Weighed, reader_of, weigh
from tansiq.cases.queries import ItemRow, items_of_statements
from tansiq.cases.sql import marks
from tansiq.channels.officers import ActingOfficer
from tansiq.enquiries.summaries import as_time
from tansiq.errors import BadInput, NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.notices.desks import own_desk
from tansiq.notices.flagging import flag_rows, mark_seen
from tansiq.notices.given import given_to
from tansiq.notices.kinds import MOVES, Side, speaker_of
from tansiq.notices.rows import NoticeRow, WordRow, notice_rows, words_of
from tansiq.notices.saying import known_words
from tansiq.policy.handling import Use
from tansiq.policy.notice_course import BINDING, Kind, Move, permits
from tansiq.protocol.ids import id_text

__all__ = ["ENDS_IT", "Json", "NoticeView", "counts", "notice_page", "pending", "show_notice", "summary", "unseen"]

Json = dict[str, Any]
ENDS_IT: Final = frozenset({"result.arrested", "result.held", "result.found", "result.deceased", "result.identified"})
"""Answers after which its source asks itself whether the notice is still needed."""
SCOPES: Final = ("binding", "asked", "ended")
_STATES: Final = {"binding": BINDING, "asked": ("requested", "refused"), "ended": ("cancelled", "expired")}
_MOST: Final = 200
_MOST_COUNTED: Final = 1_000
_SIDES: Final = {Side.SOURCE: "source", Side.HUB: "hub", Side.MEMBER: "member"}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """Which notices: ``scope`` binding, asked or ended; narrowed to a colour, to ours (``own``) or to diffusions (``kind``)."""

    posts: Sequence[str]
    scope: str = "binding"
    colour: str = ""
    kind: str = ""
    own: bool = False


def summary(row: NoticeRow) -> Json:
    """A notice in codes and times."""
    return {
        "id": id_text(row.matter),
        "kind": str(row.kind),
        "side": _SIDES[row.side],
        "colour": row.colour,
        "source": row.source,
        "source_post": row.source_post,
        "state": row.state,
        "number": row.number,
        "field": row.field,
        "purpose": row.purpose,
        "classification": row.classification,
        "public": row.public,
        "pending": bool(row.pending),
        "said_at": as_time(row.said_ms),
        "published_at": as_time(row.published_ms),
        "updated_at": as_time(row.updated_ms),
        "until": as_time(row.until_ms),
        "ended_at": as_time(row.ended_ms),
        "reason": row.reason,
        "answers": row.answers if row.side is Side.SOURCE else 0,
    }


def _at_the_desk(posts: Sequence[str]) -> bool:
    desk = own_desk()
    return bool(desk) and desk in posts


def _where(view: NoticeView) -> tuple[str, list[Any]]:
    if view.scope not in _STATES:
        raise BadInput("notices.wrong-view", name="scope")
    states = _STATES[view.scope]
    where, values = f"known = %s AND state IN ({marks(states)})", [True, *states]
    if view.colour:
        where, values = f"{where} AND colour = %s", [*values, view.colour]
    if view.kind:
        where, values = f"{where} AND kind = %s", [*values, view.kind]
    if view.own:
        where, values = f"{where} AND side = %s", [*values, int(Side.SOURCE)]
    if not _at_the_desk(view.posts):
        # What binds is for every desk; a diffusion, and what is still asked for, is the bureau's business.
        where, values = f"{where} AND kind = %s AND published_ms IS NOT NULL", [*values, Kind.NOTICE.value]
    return where, values


def _parsed(after: str) -> tuple[int, bytes] | None:
    if not after:
        return None
    order, _, matter = after.partition(".")
    try:
        place = int(order, 16), bytes.fromhex(matter)
    except ValueError:
        raise BadInput("notices.wrong-view", name="after") from None
    if len(place[1]) != 16 or not 0 <= place[0] < 1 << 62:
        raise BadInput("notices.wrong-view", name="after")
    return place


def notice_page(view: NoticeView, *, after: str = "", limit: int = 30) -> tuple[list[Json], str]:
    """A page of the view, the latest first, and where the next one begins ('' it was the last). Raises BadInput."""
    where, values = _where(view)
    place = _parsed(after)
    if place is not None:
        where, values = f"{where} AND (order_ms, matter) < (%s, %s)", [*values, *place]
    limit = max(1, min(limit, _MOST))
    rows = notice_rows(f"{where} ORDER BY order_ms DESC, matter DESC LIMIT %s", [*values, limit + 1])
    following = f"{rows[limit - 1].order_ms:x}.{rows[limit - 1].matter.hex()}" if len(rows) > limit else ""
    return [summary(row) for row in rows[:limit]], following


def counts(view: NoticeView) -> int:
    """How many notices the view holds, up to a thousand."""
    where, values = _where(view)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM (SELECT 1 FROM notices_notice WHERE {where} LIMIT %s) counted",
            [*values, _MOST_COUNTED],
        )
        return int(cursor.fetchone()[0])


def pending(*, limit: int = 100) -> list[Json]:
    """What waits for the legal desk, the longest waiting first."""
    rows = notice_rows(
        "side = %s AND pending IS NOT NULL ORDER BY said_ms, matter LIMIT %s", (int(Side.HUB), min(limit, _MOST))
    )
    return [summary(row) for row in rows]


def unseen(posts: Sequence[str]) -> dict[str, int]:
    """Answers to our notices, and flags, at which nobody of these desks has looked: by matter's id."""
    found: dict[str, int] = {}
    if not posts:
        return found
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.matter, COUNT(*) FROM notices_word w JOIN notices_notice n ON n.matter = w.matter "
            f"WHERE w.seen = %s AND n.source_post IN ({marks(posts)}) GROUP BY w.matter",
            [False, *posts],
        )
        found = {id_text(bytes(matter)): int(count) for matter, count in cursor.fetchall()}
        cursor.execute(
            f"SELECT matter, COUNT(*) FROM notices_flag WHERE seen_ms IS NULL AND direction <> 1 AND post IN ({marks(posts)}) "
            "GROUP BY matter",
            list(posts),
        )
        for matter, count in cursor.fetchall():
            key = id_text(bytes(matter))
            found[key] = found.get(key, 0) + int(count)
    return found


# ---------------------------------------------------------------------------------------------------- one notice


def _may(row: NoticeRow, words: Sequence[WordRow], *, now_ms: int) -> list[str]:
    """The kinds of words that our side may say now."""
    known = known_words(words)
    until_ms = row.until_ms if row.kind is Kind.DIFFUSION else None
    return [
        kind
        for kind, move in MOVES.items()
        if kind != "notice.withheld"
        and permits(
            move,
            speaker_of(row.side),
            known,
            first=row.first,
            kind=row.kind,
            said_ms=now_ms,
            until_ms=until_ms,
            version=row.pending,
        )
        and not (row.kind is Kind.DIFFUSION and move is Move.RESTRICT)
    ]


@dataclass(frozen=True, slots=True)
class _Opened:
    """What was read once: the statements, their items, and what was decided of each."""

    stored: dict[bytes, StoredStatement]
    weighed: dict[bytes, Weighed]

    def content(self, statement: bytes) -> Any:
        """The content of a statement's first part; None: erased, closed, or not for this officer."""
        one = self.weighed.get(statement)
        stored = self.stored.get(statement)
        if one is None or not one.decision.allowed or stored is None or not stored.parts:
            return None
        part = stored.parts[0]
        return None if part is None else part.content

    def withheld(self, statement: bytes) -> list[str]:
        """Why an officer may not view it; nothing when it may be viewed, or is not here."""
        one = self.weighed.get(statement)
        return [] if one is None or one.decision.allowed or one.row.erased else list(one.decision.reasons)

    def item(self, statement: bytes) -> ItemRow | None:
        """The item that it is."""
        one = self.weighed.get(statement)
        return None if one is None else one.row


def _open(statements: Sequence[bytes], officer: ActingOfficer, context: Context) -> _Opened:
    items = items_of_statements(statements)
    rows = [row for some in items.values() for row in some if row.place == 0]
    reader = reader_of(officer, context=context)
    weighed = weigh(rows, Use.VIEW, reader, context=context)
    return _Opened(
        open_statements(statements, keys=context.keys), {one.row.statement: one for one in weighed if one.row.statement}
    )


def _visible(matter: bytes, posts: Sequence[str]) -> NoticeRow:
    rows = notice_rows("matter = %s", (matter,))
    if not rows or not rows[0].known:
        raise NotFound("notices.unknown", notice=id_text(matter))
    row = rows[0]
    if not _at_the_desk(posts) and (row.kind is not Kind.NOTICE or row.published_ms is None):
        raise NotFound("notices.unknown", notice=id_text(matter))
    return row


def _word(word: WordRow, opened: _Opened, *, shows: bool) -> Json:
    return {
        "statement": id_text(word.statement),
        "kind": word.kind,
        "side": _SIDES[word.side],
        "agency": word.agency,
        "post": word.post,
        "officer": word.officer,
        "code": word.code,
        "about": id_text(word.version) if word.version else "",
        "said_at": as_time(word.said_ms),
        "at": as_time(word.at_ms),
        "until": as_time(word.until_ms),
        "seen": word.seen,
        "content": opened.content(word.statement) if shows else None,
        "withheld": opened.withheld(word.statement),
    }


def show_notice(
    matter: bytes, *, officer: ActingOfficer, context: Context, justification: str = "", log: bool = True
) -> Json:
    """One notice with all that belongs to it, as far as the officer may read it; logged. Raises NotFound."""
    row = _visible(matter, officer.posts)
    words = words_of([matter])[matter]
    shown = row.version or row.pending or row.first
    statements = list(dict.fromkeys([shown, row.first, row.pending or row.first, *(word.statement for word in words)]))
    opened = _open(statements, officer, context)
    shows = not row.has_ended or row.side is Side.SOURCE
    item = opened.item(shown)
    now_ms = context.clock()
    at_desk = _at_the_desk(officer.posts)
    found = summary(row) | {
        "first": id_text(row.first),
        "version": id_text(row.version) if row.version else "",
        "officer": row.officer,
        "came_at": as_time(row.came_ms),
        "handling": list(item.handling) if item is not None else [],
        "content": opened.content(shown) if shows else None,
        "withheld": opened.withheld(shown),
        "pending_content": opened.content(row.pending) if row.pending and row.pending != shown else None,
        "words": [_word(word, opened, shows=shows) for word in words],
        "may": _may(row, words, now_ms=now_ms) if at_desk else [],
        "given": given_to(matter) if at_desk else [],
        "denied": given_to(matter, denied=True) if at_desk and row.side is not Side.MEMBER else [],
        "flags": [
            {
                "agency": one.agency,
                "status": one.status,
                "told": int(one.direction),
                "subject": one.subject,
                "at": as_time(one.at_ms),
                "declaration": id_text(one.declaration),
            }
            for one in flag_rows("matter = %s ORDER BY at_ms", (matter,))
            if at_desk or one.post in officer.posts
        ],
    }
    if log:
        with transaction.atomic():
            _look(row, officer, context=context, justification=justification)
    return found


def _look(row: NoticeRow, officer: ActingOfficer, *, context: Context, justification: str) -> None:
    """That an officer looked: the leaf of the law, and at its source that the answers were seen."""
    access = Access(
        operation=Operation.CONSULTATION,
        officer=officer.number,
        thing=row.matter,
        purpose=row.purpose,
        justification=justification,
        time_ms=context.clock(),
    )
    log_access([access], keys=context.keys)
    if row.side is Side.SOURCE and row.source_post in officer.posts:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE notices_word SET seen = %s WHERE matter = %s AND seen = %s", (True, row.matter, False)
            )
    mark_seen(row.matter, posts=officer.posts, officer=officer.number, now_ms=context.clock())
