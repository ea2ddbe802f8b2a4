"""The desk: what is due first, page by page, and how much there is; flat however many enquiries the node holds.

Invariant: every read is a few ranges of an index, each cut at a page's length: one range for a post, a direction and a
state. A page is continued where the last one ended (keyset), never by counting rows; counts stop at `MOST_COUNTED`.
Ties of the order are broken by the matter, so no row is shown twice or passed over. What was sent stands where its
partner's receipt puts it from the moment when that is here, also before the clock has written it down.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import marks
from tansiq.enquiries.rows import UNDATED_MS, Direction, EnquiryRow, enquiry_rows
from tansiq.enquiries.summaries import Json, summaries_of, with_receipts
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.policy.course import OPEN_STATES, STATES

__all__ = ["MOST_COUNTED", "SECTIONS", "Count", "DeskPage", "DeskView", "counts_of", "desk_page", "find_reference",
           "in_ranges"]  # fmt: skip

MOST_COUNTED: Final = 1_000
"""A count goes up to this; beyond it there are 'more than a thousand'."""
SECTIONS: Final = ("overdue", "today", "later", "undated", "open", "closed")
"""Parts of a desk: past its deadline; due before the day ends; due later; without a running deadline (no receipt yet,
paused); all that is open; all that has ended.
"""
_DATED_MS: Final = 1 << 52
"""Whatever stands in the order from here on has no deadline."""
_LATEST_MS: Final = UNDATED_MS + 1
_CLOSED_STATES: Final = tuple(state for state in STATES if state not in OPEN_STATES)
_MOST_ROWS: Final = 200
_SEARCHED: Final = 2_000
_JUST_SENT: Final = 60
"""How many of the latest that were sent are asked for a receipt that is not written down yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskView:
    """What is looked at: the desks (or the offices that something passes), narrowed by direction ('out', 'in'), states,
    partner, channel; ``section`` as in `SECTIONS`. ``day_ends_ms`` is where today ends for the reader.
    """

    posts: Sequence[str]
    direction: str = ""
    states: Sequence[str] = ()
    partner: str = ""
    channel: str = ""
    section: str = "open"
    day_ends_ms: int = 0


@dataclass(frozen=True, slots=True)
class DeskPage:
    """A page of a desk, and where the next one begins ('' when there is none)."""

    rows: list[Json]
    following: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many; ``more``: there are more than `number`."""

    number: int
    more: bool

    def __str__(self) -> str:
        return f"{self.number:,}{'+' * self.more}"


@dataclass(frozen=True, slots=True)
class _Range:
    """One range of an index: a condition with its values."""

    where: str
    values: tuple[Any, ...]


def _bounds(view: DeskView, now_ms: int) -> tuple[Sequence[str], int, int]:
    """The states of the section, and from where to where it goes in the order (the end not included)."""
    if view.section not in SECTIONS:
        raise BadInput("enquiries.wrong-view", name="section")
    if any(state not in STATES for state in view.states):
        raise BadInput("enquiries.wrong-view", name="state")
    if view.direction not in {"", "out", "in"}:
        raise BadInput("enquiries.wrong-view", name="direction")
    of_section = _CLOSED_STATES if view.section == "closed" else OPEN_STATES
    states = tuple(state for state in of_section if not view.states or state in view.states)
    day_ends_ms = max(view.day_ends_ms, now_ms)
    first, end = {
        "overdue": (0, now_ms),
        "today": (now_ms, day_ends_ms),
        "later": (day_ends_ms, _DATED_MS),
        "undated": (_DATED_MS, _LATEST_MS),
        "open": (0, _LATEST_MS),
        "closed": (0, _LATEST_MS),
    }[view.section]
    return states, first, end


def _ranges(view: DeskView, states: Sequence[str]) -> Iterator[_Range]:
    directions = [Direction.OUT, Direction.IN]
    if view.direction:
        directions = [Direction.OUT if view.direction == "out" else Direction.IN]
    narrowed = ""
    values: tuple[Any, ...] = ()
    if view.partner:
        narrowed, values = " AND partner = %s", (view.partner,)
    if view.channel:
        narrowed, values = narrowed + " AND channel = %s", (*values, view.channel)
    for post in dict.fromkeys(view.posts):
        for column in ("own_post", "office_post"):
            for direction in directions:
                for state in states:
                    if state != "sent" or direction == Direction.OUT:
                        where = f"{column} = %s{narrowed} AND direction = %s AND state = %s"
                        yield _Range(where, (post, *values, int(direction), state))


def in_ranges(view: DeskView, *, now_ms: int, limit: int, after: tuple[int, bytes] | None = None) -> list[EnquiryRow]:
    """Up to ``limit`` rows of the view in its order: open ones as they are due, closed ones the latest first."""
    states, first, end = _bounds(view, now_ms)
    closed = view.section == "closed"
    bound = "order_ms >= %s AND order_ms < %s"
    values: tuple[Any, ...] = (first, end)
    if after is not None:
        sign = "<" if closed else ">"
        bound, values = f"{bound} AND (order_ms, matter) {sign} (%s, %s)", (first, end, *after)
    order = "order_ms DESC, matter DESC" if closed else "order_ms, matter"
    pieces: list[str] = []
    given: list[Any] = []
    for one in _ranges(view, states):
        pieces.append(
            f"SELECT matter, order_ms FROM (SELECT matter, order_ms FROM enquiries_enquiry WHERE {one.where} AND {bound} "
            f"ORDER BY {order} LIMIT %s) r{len(pieces)}"
        )
        given += [*one.values, *values, limit]
    if not pieces or limit <= 0:
        return []
    with connection.cursor() as cursor:
        found: dict[bytes, int] = {}
        for at in range(0, len(pieces), 400):
            some = pieces[at : at + 400]
            size = len(given) // len(pieces)
            cursor.execute(" UNION ALL ".join(some), given[at * size : (at + len(some)) * size])
            found |= {bytes(matter): place for matter, place in cursor.fetchall()}
    chosen = sorted(found, key=lambda matter: (found[matter], matter), reverse=closed)[:limit]
    if not chosen:
        return []
    rows = {row.matter: row for row in enquiry_rows(f"matter IN ({marks(chosen)})", chosen)}
    return [rows[matter] for matter in chosen]


def _just_receipted(view: DeskView, *, now_ms: int) -> dict[bytes, EnquiryRow]:
    """Of the latest that were sent in the view, those whose receipt is here and not written down yet, as it makes them."""
    if view.section == "closed" or view.direction == "in" or (view.states and "sent" not in view.states):
        return {}
    sent = replace(view, section="undated", direction="out", states=("sent",))
    found = with_receipts(in_ranges(sent, now_ms=now_ms, limit=_JUST_SENT))
    return {row.matter: row for row in found if row.received_ms is not None}


def _key(row: EnquiryRow) -> tuple[int, bytes]:
    return row.order_ms or 0, row.matter


def _place(row: EnquiryRow) -> str:
    return f"{row.order_ms or 0:x}.{row.matter.hex()}"


def _parsed(after: str) -> tuple[int, bytes] | None:
    if not after:
        return None
    order, _, matter = after.partition(".")
    try:
        place = int(order, 16), bytes.fromhex(matter)
    except ValueError:
        raise BadInput("enquiries.wrong-view", name="after") from None
    if len(place[1]) != 16 or not 0 <= place[0] <= _LATEST_MS:
        raise BadInput("enquiries.wrong-view", name="after")
    return place


def desk_page(view: DeskView, *, context: Context, after: str = "", limit: int = 50) -> DeskPage:
    """A page of the view; ``after`` is the `DeskPage.following` of the one before. Each row is a summary as in
    `queries.list_enquiries`.

    Raises BadInput ('enquiries.wrong-view').
    """
    limit = max(1, min(limit, _MOST_ROWS))
    now_ms, begins = context.clock(), _parsed(after)
    fresh = _just_receipted(view, now_ms=now_ms)
    rows = in_ranges(view, now_ms=now_ms, limit=limit + 1 + len(fresh), after=begins)
    if fresh:
        _, first, end = _bounds(view, now_ms)
        rows = [row for row in rows if row.matter not in fresh]
        rows += [
            row for row in fresh.values() if first <= _key(row)[0] < end and (begins is None or _key(row) > begins)
        ]
        rows.sort(key=_key)
    following = _place(rows[limit - 1]) if len(rows) > limit else ""
    return DeskPage(summaries_of(rows[:limit], now_ms), following)


def counts_of(view: DeskView, *, context: Context, sections: Sequence[str] = SECTIONS) -> dict[str, Count]:
    """How many enquiries each of ``sections`` of the view holds, up to `MOST_COUNTED`. Raises BadInput."""
    return {section: _count(view, section, context.clock()) for section in sections}


def _count(view: DeskView, section: str, now_ms: int) -> Count:
    looked = DeskView(
        posts=view.posts,
        direction=view.direction,
        states=view.states,
        partner=view.partner,
        channel=view.channel,
        section=section,
        day_ends_ms=view.day_ends_ms,
    )
    states, first, end = _bounds(looked, now_ms)
    own = sorted(set(view.posts))
    total, cut = 0, MOST_COUNTED + 1
    for one in _ranges(looked, states):
        # What passes an office of ours and stands on a desk of ours is counted once, on the desk.
        twice = f"own_post IN ({marks(own)})" if one.where.startswith("office") else "1 = 0"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*), COALESCE(SUM(CASE WHEN {twice} THEN 0 ELSE 1 END), 0) FROM (SELECT own_post "
                f"FROM enquiries_enquiry WHERE {one.where} AND order_ms >= %s AND order_ms < %s LIMIT %s) counted",
                [*(own if one.where.startswith("office") else ()), *one.values, first, end, cut],
            )
            looked_at, counted = cursor.fetchone()
        total += int(counted)
        if looked_at == cut or total > MOST_COUNTED:
            return Count(min(total, MOST_COUNTED), more=True)
    return Count(total, more=False)


def find_reference(prefix: str, *, context: Context, posts: Sequence[str], limit: int = 20) -> list[Json]:
    """The enquiries on the desks ``posts`` whose reference begins with ``prefix`` (at least four signs), the latest
    first.

    Of very many that begin so, the latest are looked at. Raises BadInput ('enquiries.wrong-view').
    """
    written = prefix.strip().lower().replace("-", "")
    if not 4 <= len(written) <= 32 or any(sign not in "0123456789abcdef" for sign in written):
        raise BadInput("enquiries.wrong-view", name="reference")
    first, last = bytes.fromhex(written.ljust(32, "0")), bytes.fromhex(written.ljust(32, "f"))
    rows = enquiry_rows("matter >= %s AND matter <= %s ORDER BY matter DESC LIMIT %s", (first, last, _SEARCHED))
    own = set(posts)
    seen = [row for row in rows if {row.own_post, row.office_post} & own]
    return summaries_of(seen[: max(0, min(limit, _MOST_ROWS))], context.clock())
