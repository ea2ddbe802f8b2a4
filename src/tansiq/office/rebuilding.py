"""Making the register again out of what is stored, and checking it.

Invariant: what a register says can be made again from the dockets whose keys are still here and, of what passed, from its row; directs stay
as they are. It runs beside the node, piece by piece; what comes meanwhile is written down and folded afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection, transaction

from tansiq.cases.sql import chunks, marks
from tansiq.channels.houserules import house_rules
from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.exchange.standing import read_docket
from tansiq.office.feeding import Came, Entry, entry_of, offices_here, sees
from tansiq.office.folding import enter_anew, fold_again, fold_came, take_entries, take_over
from tansiq.office.rows import FlowRow, dockets_of, flow_rows, hold_register, put_counts
from tansiq.protocol.docket import agency_of
from tansiq.protocol.statement import parse_statement

__all__ = ["Checked", "check_register", "rebuild", "stored_dockets"]

_AT_ONCE: Final = 200
_SORT: Final = ("office", "service", "field", "channel", "state", "day")
_STORED: Final = """
SELECT s.id, s.encoded, s.docket, s.stored_ms, (SELECT MIN(r.at_ms) FROM exchange_received r WHERE r.statement = s.id)
FROM exchange_statement s WHERE s.id > %s ORDER BY s.id LIMIT %s
"""
_PASSED: Final = """
SELECT p.statement, p.matter, p.kind, p.channel, p.field, p.sender, p.addressee, p.deadline_class, p.said_ms, p.taken_ms
FROM channels_passage p WHERE p.post = %s AND p.statement > %s
AND NOT EXISTS (SELECT 1 FROM office_docket d WHERE d.office = p.post AND d.statement = p.statement) ORDER BY p.statement LIMIT %s
"""
_WITHOUT: Final = """
SELECT DISTINCT d.matter FROM office_docket d WHERE d.office = %s
AND NOT EXISTS (SELECT 1 FROM office_flow f WHERE f.office = d.office AND f.matter = d.matter) LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Checked:
    """How many matters stand in the registers; how many counts differ from them, and how many rows from their dockets."""

    matters: int
    wrong_counts: int
    wrong_rows: int


def stored_dockets(context: Context) -> Iterator[list[Came]]:
    """Every docket that can still be opened here, in pieces, in the order in which they were said."""
    last, ruled = b"", house_rules().direct_copies
    offices = offices_here()
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_STORED, (last, _AT_ONCE))
            found = [(bytes(row[0]), bytes(row[1]), bytes(row[2]), row[3], row[4]) for row in cursor.fetchall()]
        if not found:
            return
        last = found[-1][0]
        came = []
        for identifier, encoded, sealed, stored_ms, received_ms in found:
            try:
                key, statement = context.keys.contents(identifier)[0], parse_statement(encoded)
                docket = read_docket(statement, sealed, key) if key is not None else None
            except Error:
                continue
            if docket is None or not any(sees(office, docket, ruled) for office in offices):
                continue
            ours = bool(docket.addressees) and agency_of(docket.addressees[0]) == context.agency
            at_ms = stored_ms if received_ms is None else received_ms
            taken_ms = at_ms if ours and statement.agency != context.agency else None
            came.append(
                Came(
                    statement=identifier, docket=docket, said_ms=statement.time_ms, at_ms=at_ms,
                    taken_ms=taken_ms,
                )
            )  # fmt: skip
        yield came


def _from_passages(office: str) -> None:
    """Takes what passed and can no longer be opened, from its row in the register of what passed."""
    last = b""
    while True:
        with transaction.atomic():
            hold_register()
            with connection.cursor() as cursor:
                cursor.execute(_PASSED, (office, last, _AT_ONCE))
                found = cursor.fetchall()
            if not found:
                return
            last = bytes(found[-1][0])
            entries = []
            for statement, matter, kind, channel, field, sender, addressee, term, said_ms, taken_ms in found:
                entries.append(
                    Entry(
                        bytes(statement), bytes(matter), kind, channel, sender, addressee, term, None, said_ms, taken_ms, None, field, None
                    )
                )  # fmt: skip
            take_entries(office, entries)


def _enter_lost(office: str, context: Context) -> None:
    """Makes the rows of matters that have dockets and no row."""
    while True:
        with transaction.atomic():
            hold_register()
            with connection.cursor() as cursor:
                cursor.execute(_WITHOUT, (office, _AT_ONCE))
                lost = [bytes(row[0]) for row in cursor.fetchall()]
            for dockets in dockets_of(lost, office).values():
                enter_anew(dockets, None, context)
        if not lost:
            return


def _matters(office: str) -> Iterator[list[bytes]]:
    last = b""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT matter FROM office_flow WHERE office = %s AND matter > %s ORDER BY matter LIMIT %s",
                [office, last, _AT_ONCE],
            )
            found = [bytes(row[0]) for row in cursor.fetchall()]
        if not found:
            return
        last = found[-1]
        yield found


def rebuild(*, context: Context) -> Checked:
    """Makes the registers of our offices again; returns how they stand afterwards (`check_register`)."""
    fold_came(context=context)
    offices, ruled = offices_here(), house_rules().direct_copies
    for office in offices:
        _enter_lost(office, context)
    for came in stored_dockets(context):
        with transaction.atomic():
            hold_register()
            for office in offices:
                take_entries(office, [entry_of(one) for one in came if sees(office, one.docket, ruled)])
            take_over([one.statement for one in came])
    for office in offices:
        _from_passages(office)
        for matters in _matters(office):
            with transaction.atomic():
                hold_register()
                fold_again(_held(office, matters), office)
        with transaction.atomic():
            hold_register()
            put_counts(_lacking(office))
    return check_register(context=context)


def _held(office: str, matters: list[bytes]) -> list[FlowRow]:
    return flow_rows(f"office = %s AND matter IN ({marks(matters)}) ORDER BY matter", [office, *matters], lock=True)


def _lacking(office: str) -> dict[tuple[Any, ...], int]:
    """By sort, how many matters there are more than were counted (or fewer)."""
    differences: dict[tuple[Any, ...], int] = {}
    columns = "service, field, channel, state"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT office, {columns}, CASE WHEN is_open THEN opened_ms / 86400000 ELSE 0 END AS day, COUNT(*) "
            f"FROM office_flow WHERE office = %s GROUP BY office, {columns}, day",
            [office],
        )
        for *sort, number in cursor.fetchall():
            differences[tuple(sort)] = int(number)
        cursor.execute(
            f"SELECT {', '.join(_SORT)}, number FROM office_tally WHERE office = %s",
            [office],
        )
        for *sort, number in cursor.fetchall():
            differences[tuple(sort)] = differences.get(tuple(sort), 0) - int(number)
    return {sort: number for sort, number in differences.items() if number}


def check_register(*, context: Context) -> Checked:
    """Whether counts and rows agree with what they are made of, once what came is folded."""
    fold_came(context=context)
    matters = wrong_counts = wrong_rows = 0
    for office in offices_here():
        wrong_counts += len(_lacking(office))
        for some in _matters(office):
            matters += len(some)
            wrong_rows += sum(1 for _ in _differing(office, some))
    return Checked(matters, wrong_counts, wrong_rows)


def _differing(office: str, matters: list[bytes]) -> Iterator[FlowRow]:
    dockets = dockets_of(matters, office)
    for some in chunks(matters):
        for row in flow_rows(f"office = %s AND matter IN ({marks(some)})", [office, *some]):
            if row.matter not in dockets or row.standing(dockets[row.matter]) != row:
                yield row
