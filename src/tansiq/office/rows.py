"""Rows of the register, written and read in batches: what folding, directing and rebuilding share.

Invariant: one place knows the columns. What a row says of its matter's course is `policy.flow.stand` of its dockets; each change of what is
counted is counted in the same transaction. Who adds rows or counts holds the register (`hold_register`), so there is one who does at a time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from operator import attrgetter
from typing import Any, Final

from django.db import connection

from tansiq.cases.sql import for_update, insert, marks
from tansiq.policy.flow import Said, Stand, stand
from tansiq.protocol.docket import agency_of

__all__ = [
    "DAY_MS", "FLOW", "UNDATED_MS", "Direction", "DocketRow", "FlowRow", "add_dockets", "add_flows", "count_flows", "docket_values", "dockets_of",
    "drop_flows", "flow_rows", "flow_values", "hold_register", "judged", "put_counts", "put_dockets", "put_flows", "store_flows",
]  # fmt: skip

UNDATED_MS: Final = 1 << 53
"""What is open and has no deadline stands behind everything that has one, the latest first."""
DAY_MS: Final = 86_400_000
_AT_ONCE: Final = 400


class Direction(IntEnum):
    """From our state to the partner, or the other way."""

    OUT = 1
    IN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class DocketRow:
    """A row of `models.Docket`; the columns in this order. Times are UTC milliseconds."""

    office: str
    statement: bytes
    matter: bytes
    kind: str
    channel: str
    sender: str
    addressee: str
    deadline_class: str
    counts: bool
    answers: bytes | None
    said_ms: int
    at_ms: int
    taken_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """A row of `models.Flow`; the columns in this order, ``case`` being ``case_ref``."""

    office: str
    matter: bytes
    service: str
    partner: str
    direction: Direction
    own_post: str
    their_post: str
    field: str
    kind: str
    channel: str
    channels: tuple[str, ...]
    state: str
    is_open: bool
    urgent: bool
    priority: str = "ordinary"
    opened_ms: int
    moved_ms: int
    deadline_ms: int | None
    order_ms: int
    case: bytes | None
    assigned: str = ""
    together: bytes | None = None
    flagged: bool = False

    @property
    def asker(self) -> str:
        """The agency that began the matter."""
        return self.service if self.direction == Direction.OUT else self.partner

    @property
    def lies_at(self) -> str:
        """The desk that is to say something now; '' when none is."""
        if not self.is_open:
            return ""
        of_asker = self.state == "clarification"
        return self.own_post if of_asker == (self.direction == Direction.OUT) else self.their_post

    def standing(self, dockets: Sequence[DocketRow]) -> FlowRow:
        """This row as its dockets have it; those that don't count aside, of which one at least does."""
        counted = sorted((one for one in dockets if one.counts), key=lambda one: (one.said_ms, one.statement))
        found = stand(
            Said(
                id=one.statement,
                kind=one.kind,
                by_asker=agency_of(one.sender) == self.asker,
                said_ms=one.said_ms,
                deadline_class=one.deadline_class,
                taken_ms=one.taken_ms,
            )
            for one in counted
        )
        return FlowRow(
            office=self.office,
            matter=self.matter,
            service=self.service,
            partner=self.partner,
            direction=self.direction,
            own_post=self.own_post,
            their_post=self.their_post,
            field=self.field,
            kind=counted[0].kind,
            channel=counted[-1].channel,
            channels=tuple(dict.fromkeys(one.channel for one in counted)),
            state=found.state,
            is_open=found.is_open,
            urgent=found.urgent,
            priority=self.priority,
            opened_ms=found.opened_ms,
            moved_ms=found.moved_ms,
            deadline_ms=found.deadline_ms,
            order_ms=_order(found),
            case=self.case,
            assigned=self.assigned,
            together=self.together,
            flagged=self.flagged,
        )

    @property
    def sort(self) -> tuple[str, str, str, str, str, int]:
        """As what it is counted: office, service, field, channel, state and, while it is open, the day on which it was opened."""
        day = self.opened_ms // DAY_MS if self.is_open else 0
        return self.office, self.service, self.field, self.channel, self.state, day


def _order(found: Stand) -> int:
    if not found.is_open:
        return found.moved_ms
    return UNDATED_MS - found.opened_ms if found.deadline_ms is None else found.deadline_ms


FLOW: Final = tuple("case_ref" if one.name == "case" else one.name for one in fields(FlowRow))
"""The columns of `models.Flow`."""
_DOCKET: Final = tuple(one.name for one in fields(DocketRow))
_MOVED: Final = (
    "kind", "channel", "channels", "state", "is_open", "urgent", "opened_ms", "moved_ms", "deadline_ms", "order_ms",
)  # fmt: skip
_UPDATE: Final = (
    f"UPDATE office_flow SET {', '.join(f'{name} = %s' for name in _MOVED)} WHERE office = %s AND matter = %s"
)
_SORT: Final = ("office", "service", "field", "channel", "state", "day")
_COUNT: Final = insert(
    "office_tally",
    (*_SORT, "number"),
    f"ON CONFLICT ({', '.join(_SORT)}) DO UPDATE SET number = office_tally.number + excluded.number",
)
_COUNTED_OUT: Final = f"DELETE FROM office_tally WHERE {' AND '.join(f'{name} = %s' for name in _SORT)} AND number = 0"
_ADD_FLOW: Final = insert("office_flow", FLOW)
_ADD_DOCKET: Final = insert("office_docket", _DOCKET)
_docket: Final = attrgetter(*_DOCKET)
_attributes: Final = attrgetter(*(one.name for one in fields(FlowRow)))
_CHANNELS_AT: Final = FLOW.index("channels")
_DIRECTION_AT: Final = FLOW.index("direction")
_THE_REGISTER: Final = 0x6F666669


def hold_register() -> None:
    """Lets nobody else add to the registers or count until the caller's transaction ends; SQLite holds the whole database anyway."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_THE_REGISTER,))


def flow_values(row: FlowRow) -> list[Any]:
    """The columns of a row, as the database takes them."""
    values = list(_attributes(row))
    values[_CHANNELS_AT] = " ".join(row.channels)
    values[_DIRECTION_AT] = int(row.direction)
    return values


def add_flows(rows: Sequence[FlowRow]) -> None:
    """Adds rows that are not there yet, in the transaction of whoever holds the register."""
    put_flows([flow_values(row) for row in rows])


def put_flows(rows: Sequence[Sequence[Any]]) -> None:
    """The same, of rows as their columns (`FLOW`)."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD_FLOW, rows)


def docket_values(row: DocketRow) -> tuple[Any, ...]:
    """The columns of a docket, as the database takes them."""
    values: tuple[Any, ...] = _docket(row)
    return values


def add_dockets(rows: Sequence[DocketRow]) -> None:
    """Adds dockets that are not there yet, in the transaction of whoever holds the register."""
    put_dockets([docket_values(row) for row in rows])


def put_dockets(rows: Sequence[Sequence[Any]]) -> None:
    """The same, of dockets as their columns, in the order of `DocketRow`."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD_DOCKET, rows)


def drop_flows(rows: Sequence[FlowRow]) -> None:
    """Takes rows out, as if their matters had never been."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(
                "DELETE FROM office_flow WHERE office = %s AND matter = %s", [(row.office, row.matter) for row in rows]
            )
        count_flows((), rows)


def judged(row: FlowRow, dockets: Iterable[DocketRow]) -> list[DocketRow]:
    """The dockets, each with whether one of the matter's ends said it."""
    ends = {row.service, row.partner}
    found = [(one, agency_of(one.sender) in ends) for one in dockets]
    return [one if one.counts is counts else replace(one, counts=counts) for one, counts in found]


def store_flows(rows: Sequence[FlowRow]) -> None:
    """Writes what dockets have changed of rows, in the caller's transaction."""
    values = [
        (
            row.kind, row.channel, " ".join(row.channels), row.state, row.is_open, row.urgent, row.opened_ms, row.moved_ms, row.deadline_ms,
            row.order_ms, row.office, row.matter,
        )
        for row in rows
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.executemany(_UPDATE, values)


def count_flows(more: Iterable[FlowRow], fewer: Iterable[FlowRow] = ()) -> None:
    """Counts rows in, and others out, in the transaction of whoever holds the register."""
    differences = Counter(row.sort for row in more)
    differences.subtract(row.sort for row in fewer)
    put_counts(differences)


def put_counts(differences: Mapping[tuple[Any, ...], int]) -> None:
    """Adds to the counts, by sort, how many there are more (or fewer); a count that comes to nothing goes."""
    changed = [(*sort, number) for sort, number in sorted(differences.items()) if number]
    fewer = [sort[:-1] for sort in changed if sort[-1] < 0]
    with connection.cursor() as cursor:
        if changed:
            cursor.executemany(_COUNT, changed)
        if fewer:
            cursor.executemany(_COUNTED_OUT, fewer)


def flow_rows(where: str, values: Sequence[Any], *, lock: bool = False) -> list[FlowRow]:
    """The rows that ``where`` (SQL of this room's own) selects; ``lock`` holds them until the transaction ends."""
    held = for_update() if lock else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(FLOW)} FROM office_flow WHERE {where}{held}", values)
        found = [dict(zip((one.name for one in fields(FlowRow)), row, strict=True)) for row in cursor.fetchall()]
    return [
        FlowRow(
            **row
            | {
                "matter": bytes(row["matter"]),
                "direction": Direction(row["direction"]),
                "channels": tuple(row["channels"].split()),
                "is_open": bool(row["is_open"]),
                "urgent": bool(row["urgent"]),
                "case": None if row["case"] is None else bytes(row["case"]),
                "together": None if row["together"] is None else bytes(row["together"]),
                "flagged": bool(row["flagged"]),
            }
        )
        for row in found
    ]


def dockets_of(matters: Sequence[bytes], office: str) -> dict[bytes, list[DocketRow]]:
    """The dockets of ``matters`` at an office, in the order in which they were said."""
    found: dict[bytes, list[DocketRow]] = {}
    for at in range(0, len(matters), _AT_ONCE):
        some = list(matters[at : at + _AT_ONCE])
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {', '.join(_DOCKET)} FROM office_docket WHERE matter IN ({marks(some)}) AND office = %s "
                "ORDER BY said_ms, statement",
                [*some, office],
            )
            rows = cursor.fetchall()
        for row in rows:
            plain = dict(zip(_DOCKET, row, strict=True))
            one = DocketRow(
                **plain
                | {
                    "statement": bytes(plain["statement"]),
                    "matter": bytes(plain["matter"]),
                    "counts": bool(plain["counts"]),
                    "answers": None if plain["answers"] is None else bytes(plain["answers"]),
                }
            )
            found.setdefault(one.matter, []).append(one)
    return found
