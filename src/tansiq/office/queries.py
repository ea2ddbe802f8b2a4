"""Reading the register: counts by field, channel, state and age; the list, what is due first first; one matter.

Invariant: a reader gets what that reader's compartment shows and nothing of the rest, not even in a count. Counts are
sums over the rows of `models.Tally`, one a sort of matter, which the folding changes where they stand; the register's own rows are never
counted. A page of the list is a few ranges of an index, continued where the last one ended. Both are flat however much the register holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import marks
from tansiq.enquiries.desk import MOST_COUNTED, Count
from tansiq.errors import BadInput, NotFound
from tansiq.office.compartments import Compartment
from tansiq.office.rows import DAY_MS, UNDATED_MS, FlowRow, flow_rows
from tansiq.policy.flow import AGES, OPEN_FLOW
from tansiq.protocol.ids import id_text

__all__ = [
    "AGE_NAMES", "STATES", "Counts", "FlowPage", "FlowView", "counts", "flow_page", "flows_of", "free_and_late", "one_flow", "services_of",
    "together_with",
]  # fmt: skip

STATES: Final = (*OPEN_FLOW, "told", "answered", "refused", "withdrawn", "closed")
AGE_NAMES: Final = ("day", "week", "month", "older")
"""The ages of what is open; what has ended has none."""
_CLOSED: Final = tuple(state for state in STATES if state not in OPEN_FLOW)
_MOST: Final = 200
_PIECES: Final = 300
_PUT_FIRST: Final = ("first", "raised")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowView:
    """What is looked at: open matters (else those that have ended), narrowed by field, channel, state, direction ('out', 'in'), age (of
    `AGE_NAMES`); ``overdue``: past their deadline; ``mine``: assigned to the reader; ``first``: what the office put first.
    """

    ended: bool = False
    field: str = ""
    channel: str = ""
    state: str = ""
    direction: str = ""
    age: str = ""
    service: str = ""
    overdue: bool = False
    mine: bool = False
    first: bool = False


@dataclass(frozen=True, slots=True)
class FlowPage:
    """A page of the register, and where the next one begins ('' when there is none)."""

    rows: list[FlowRow]
    following: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many matters there are: of each field and channel by state, and of those that are open by age (in the order of `AGE_NAMES`)."""

    by_state: dict[tuple[str, str, str], int]
    by_age: dict[tuple[str, str], tuple[int, int, int, int]]

    def open_in(self, field: str, channel: str) -> int:
        """How many are open in a field by a channel."""
        return sum(self.by_age.get((field, channel), ()))

    def fields(self) -> list[str]:
        """The fields that have something open, then the others, each by its number."""
        total: dict[str, tuple[int, int]] = {}
        for (field, _, state), number in self.by_state.items():
            open_, every = total.get(field, (0, 0))
            total[field] = (open_ + number * (state in OPEN_FLOW), every + number)
        return sorted(total, key=lambda field: (-total[field][0], -total[field][1], field))


def _services(who: Compartment, view_service: str = "") -> tuple[str, ...] | None:
    """The services of the rows that are looked at; None: of all."""
    if not who.services:
        return (view_service,) if view_service else None
    return tuple(one for one in who.services if not view_service or one == view_service)


def counts(who: Compartment, *, now_ms: int, service: str = "") -> Counts:
    """The numbers of the matters that ``who`` sees by their service; ages are of whole days (UTC)."""
    services = _services(who, service)
    narrowed, values = "", [who.office]
    if services is not None:
        if not services:
            return Counts({}, {})
        narrowed, values = f" AND service IN ({marks(services)})", [who.office, *services]
    today = now_ms // DAY_MS
    bounds = [today - most // DAY_MS for most in AGES]
    age = "CASE WHEN day = 0 THEN -1 WHEN day >= %s THEN 0 WHEN day >= %s THEN 1 WHEN day >= %s THEN 2 ELSE 3 END"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT field, channel, state, {age} AS age, SUM(number) FROM office_tally WHERE office = %s{narrowed} "
            "GROUP BY field, channel, state, age",
            [*bounds, *values],
        )
        found = [(*row[:3], int(row[3]), int(row[4])) for row in cursor.fetchall()]
    by_state: dict[tuple[str, str, str], int] = {}
    ages: dict[tuple[str, str], list[int]] = {}
    for field, channel, state, place, number in found:
        if number:
            by_state[field, channel, state] = by_state.get((field, channel, state), 0) + number
            if place >= 0:
                ages.setdefault((field, channel), [0, 0, 0, 0])[place] += number
    return Counts(by_state, {sort: (one[0], one[1], one[2], one[3]) for sort, one in ages.items()})


def _check(view: FlowView) -> None:
    faults = {
        "state": view.state not in {"", *STATES},
        "direction": view.direction not in {"", "out", "in"},
        "age": view.age not in {"", *AGE_NAMES},
    }
    for name, wrong in faults.items():
        if wrong:
            raise BadInput("office.wrong-view", name=name)


def _residual(view: FlowView, now_ms: int) -> tuple[str, list[Any]]:
    """What narrows within a range."""
    where, values = "", []
    if view.direction:
        where, values = " AND direction = %s", [1 if view.direction == "out" else 2]
    if view.age and not view.ended:
        place, today = AGE_NAMES.index(view.age), now_ms // DAY_MS
        if place < len(AGES):
            where, values = f"{where} AND opened_ms >= %s", [*values, (today - AGES[place] // DAY_MS) * DAY_MS]
        if place:
            where, values = f"{where} AND opened_ms < %s", [*values, (today - AGES[place - 1] // DAY_MS) * DAY_MS]
    if view.overdue and not view.ended:
        where, values = f"{where} AND order_ms < %s", [*values, now_ms]
    return where, values


def _all_services(office: str) -> list[str]:
    """The services that have anything in the register, by leaps along the index."""
    found: list[str] = []
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT service FROM office_flow WHERE office = %s AND service > %s ORDER BY service LIMIT 1",
                [office, found[-1] if found else ""],
            )
            row = cursor.fetchone()
        if row is None:
            return found
        found.append(row[0])


def _ranges(view: FlowView, who: Compartment, now_ms: int) -> Iterator[tuple[str, list[Any]]]:
    """The ranges of the register's indexes that the view consists of."""
    if view.mine:
        # The second condition is the index's own: without it SQLite does not take it.
        where = "office = %s AND assigned = %s AND NOT (assigned = '') AND is_open = %s"
        yield where, [who.office, who.number, not view.ended]
        return
    services = _services(who, view.service)
    if not view.field and not view.channel and not view.state:
        for service in _all_services(who.office) if services is None else services:
            if view.first:
                where = (
                    "office = %s AND priority = %s AND NOT (priority = 'ordinary') AND is_open = %s AND service = %s"
                )
                yield from ((where, [who.office, priority, not view.ended, service]) for priority in _PUT_FIRST)
            else:
                yield "office = %s AND service = %s AND is_open = %s", [who.office, service, not view.ended]
        return
    known = counts(who, now_ms=now_ms, service=view.service).by_state
    states = {state for _, _, state in known} & set(_CLOSED if view.ended else OPEN_FLOW)
    fields = {field for field, _, _ in known}
    channels = {channel for _, channel, _ in known}
    for service, field, channel, state in product(
        _all_services(who.office) if services is None else services, sorted(fields), sorted(channels), sorted(states)
    ):
        wanted = all(
            not given or given == one
            for given, one in ((view.field, field), (view.channel, channel), (view.state, state))
        )
        if wanted and (field, channel, state) in known:
            where = "office = %s AND service = %s AND field = %s AND channel = %s AND state = %s"
            if view.first:
                where += " AND priority <> 'ordinary'"
            yield where, [who.office, service, field, channel, state]


def services_of(who: Compartment) -> list[str]:
    """The services of which ``who`` sees something."""
    found = _all_services(who.office)
    return [one for one in found if not who.services or one in who.services]


def free_and_late(who: Compartment, *, now_ms: int) -> tuple[Count, Count]:
    """How many open matters that ``who`` sees nobody has, and how many are past their deadline; both up to a thousand."""
    free = late = 0
    more = f"LIMIT {MOST_COUNTED + 1}"
    for service in services_of(who):
        within = "office = %s AND service = %s AND is_open = %s"
        values: list[str | bool | int] = [who.office, service, True]
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT COUNT(*) FROM (SELECT 1 FROM office_flow WHERE {within} AND assigned = '' {more}) counted",
                values,
            )
            free += int(cursor.fetchone()[0])
            cursor.execute(
                f"SELECT COUNT(*) FROM (SELECT 1 FROM office_flow WHERE {within} AND order_ms < %s {more}) counted",
                [*values, now_ms],
            )
            late += int(cursor.fetchone()[0])
    return _counted(free), _counted(late)


def _counted(number: int) -> Count:
    return Count(min(number, MOST_COUNTED), more=number > MOST_COUNTED)


def _place(row: FlowRow) -> str:
    return f"{row.order_ms:x}.{row.matter.hex()}"


def _parsed(after: str) -> tuple[int, bytes] | None:
    if not after:
        return None
    order, _, matter = after.partition(".")
    try:
        place = int(order, 16), bytes.fromhex(matter)
    except ValueError:
        raise BadInput("office.wrong-view", name="after") from None
    if len(place[1]) != 16 or not 0 <= place[0] <= UNDATED_MS:
        raise BadInput("office.wrong-view", name="after")
    return place


def flow_page(view: FlowView, who: Compartment, *, now_ms: int, after: str = "", limit: int = 30) -> FlowPage:
    """A page of the view for ``who``: open matters as they are due, those that have ended the latest first.

    Raises BadInput ('office.wrong-view').
    """
    _check(view)
    limit, begins = max(1, min(limit, _MOST)), _parsed(after)
    more, more_values = _residual(view, now_ms)
    if begins is not None:
        more, more_values = (
            f"{more} AND (order_ms, matter) {'<' if view.ended else '>'} (%s, %s)",
            [*more_values, *begins],
        )
    order = "order_ms DESC, matter DESC" if view.ended else "order_ms, matter"
    pieces = [
        (
            f"SELECT matter, order_ms FROM (SELECT matter, order_ms FROM office_flow WHERE {where}{more} ORDER BY {order} LIMIT %s) r",
            [*values, *more_values, limit + 1],
        )
        for where, values in _ranges(view, who, now_ms)
    ]
    found: dict[bytes, int] = {}
    for at in range(0, len(pieces), _PIECES):
        some = pieces[at : at + _PIECES]
        with connection.cursor() as cursor:
            cursor.execute(
                " UNION ALL ".join(f"{sql}{place}" for place, (sql, _) in enumerate(some)),
                [value for _, values in some for value in values],
            )
            found |= {bytes(matter): order_ms for matter, order_ms in cursor.fetchall()}
    chosen = sorted(found, key=lambda matter: (found[matter], matter), reverse=view.ended)
    shown = chosen[:limit]
    if not shown:
        return FlowPage([], "")
    rows = {row.matter: row for row in flow_rows(f"office = %s AND matter IN ({marks(shown)})", [who.office, *shown])}
    page = [rows[matter] for matter in shown if matter in rows]
    return FlowPage(page, _place(page[-1]) if len(chosen) > limit and page else "")


def one_flow(matter: bytes, who: Compartment) -> FlowRow:
    """A row that ``who`` sees. Raises NotFound, also for what is another service's."""
    rows = flow_rows("office = %s AND matter = %s", [who.office, matter])
    if not rows or not who.sees(rows[0].service, rows[0].assigned):
        raise NotFound("office.unknown", matter=id_text(matter))
    return rows[0]


def flows_of(matters: Sequence[bytes], who: Compartment) -> list[FlowRow]:
    """Of ``matters`` those that ``who`` sees."""
    if not matters:
        return []
    found = flow_rows(f"office = %s AND matter IN ({marks(matters)}) ORDER BY order_ms, matter", [who.office, *matters])
    return [one for one in found if who.sees(one.service, one.assigned)]


def together_with(row: FlowRow, who: Compartment) -> list[FlowRow]:
    """The other matters that were joined to it, as far as ``who`` sees them."""
    if row.together is None:
        return []
    found = flow_rows("office = %s AND together = %s ORDER BY order_ms, matter LIMIT 50", [row.office, row.together])
    return [one for one in found if one.matter != row.matter and who.sees(one.service, one.assigned)]
