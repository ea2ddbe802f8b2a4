"""Folding: what was written down is made into rows of the register, hundreds in one commit, by the clock and before a page is read.

Invariant: one folds at a time. A docket is taken once, however often it came; the row of its matter is what all its dockets make of it, and
what waited goes in the commit that folded it, so nothing is lost or counted twice by a crash. The two agencies of the first that came are the
matter's ends; what a third says under the same reference is kept and counts for nothing. What can't be folded is left out and logged, and
holds up nothing: its statement is here, and `rebuilding` tries it again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.db import InterfaceError, OperationalError, connection, transaction

from tansiq.cases.sql import chunks, marks
from tansiq.channels.passages import docket_here
from tansiq.exchange.context import Context
from tansiq.faults import reach
from tansiq.office.beginning import Beginnings, entered
from tansiq.office.feeding import BACK, CAME, TAKEN, Entry, offices_here
from tansiq.office.rows import (
    DocketRow,
    FlowRow,
    add_flows,
    count_flows,
    docket_values,
    dockets_of,
    drop_flows,
    flow_rows,
    flow_values,
    hold_register,
    judged,
    put_counts,
    put_dockets,
    put_flows,
    store_flows,
)
from tansiq.protocol.cbor import decode_own

__all__ = ["enter_anew", "fold_again", "fold_came", "take_entries", "take_over"]

_AT_ONCE: Final = 500
_MACHINE: Final = (OperationalError, InterfaceError)
_log = logging.getLogger("tansiq.office")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A row that waits: of which office, what it says, of what."""

    id: int
    office: str
    what: str
    rows: Sequence[Any]


def fold_came(*, context: Context) -> int:
    """Folds all that had come when it was called, each piece in one commit; returns how much that was. Not within a transaction: who holds
    rows of the register would wait for who folds, and be waited for.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(id) FROM office_came")
        last = cursor.fetchone()[0]
    count = 0
    while last is not None and (done := _fold_piece(last, context)):
        count += done
    return count


def _waiting(last: int) -> list[_Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, office, what, number, rows FROM office_came WHERE id <= %s ORDER BY id LIMIT %s",
            (last, _AT_ONCE),
        )
        found: list[_Waiting] = []
        many = 0
        for identifier, office, what, number, rows in cursor.fetchall():
            if found and many + number > _AT_ONCE:
                break
            many += number
            found.append(_Waiting(identifier, office, what, decode_own(bytes(rows))))
        return found


def _fold_piece(last: int, context: Context) -> int:
    with transaction.atomic():
        hold_register()
        found = _waiting(last)
        if not found:
            return 0
        try:
            with transaction.atomic():
                _fold(found, context)
        except _MACHINE:
            raise
        except Exception:
            _fold_apart(found, context)
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM office_came WHERE id IN ({marks(found)})", [waiting.id for waiting in found])
        reach("office.fold.before-commit")
    reach("office.fold.after-commit")
    return sum(len(waiting.rows) for waiting in found)


def _fold_apart(found: Sequence[_Waiting], context: Context) -> None:
    """One after another, after something of them could not be folded: so that only that is left out."""
    for waiting in found:
        for row in waiting.rows:
            try:
                with transaction.atomic():
                    _fold([replace(waiting, rows=[row])], context)
            except _MACHINE:
                raise
            except Exception:
                _log.exception("a docket could not be folded into the register of %s", waiting.office)


def _fold(found: Sequence[_Waiting], context: Context) -> None:
    back = [row for waiting in found if waiting.what == BACK for row in waiting.rows]
    gone = frozenset(back)
    for office in dict.fromkeys(waiting.office for waiting in found if waiting.what == CAME):
        plain = [row for waiting in found if waiting.what == CAME and waiting.office == office for row in waiting.rows]
        take_entries(office, [Entry._make(row) for row in plain if row[0] not in gone])
    if back:
        _take_back(back, context)
    if taken := [row for waiting in found if waiting.what == TAKEN for row in waiting.rows]:
        take_over(taken)


def _held(office: str, matters: Iterable[bytes]) -> list[FlowRow]:
    """The rows of ``matters`` that are there, held."""
    return [
        row
        for some in chunks(sorted(set(matters)))
        for row in flow_rows(f"office = %s AND matter IN ({marks(some)}) ORDER BY matter", [office, *some], lock=True)
    ]


def _taken_when(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, with when their desk took them where its own agency's word on that is here."""
    unknown = [one.statement for one in entries if one.taken_ms is None]
    known: dict[tuple[bytes, str], int] = {}
    for some in chunks(unknown):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT statement, post, taken_ms FROM channels_stop WHERE statement IN ({marks(some)})", some
            )
            known |= {(bytes(row[0]), str(row[1])): row[2] for row in cursor.fetchall()}
    if not known:
        return list(entries)
    return [
        one._replace(taken_ms=known.get((one.statement, one.addressee))) if one.taken_ms is None else one
        for one in entries
    ]


def _fresh(office: str, entries: Sequence[Entry]) -> list[Entry]:
    """Those that are not there yet, each once."""
    each = {one.statement: one for one in reversed(entries)}
    for some in chunks(list(each)):
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT statement FROM office_docket WHERE office = %s AND statement IN ({marks(some)})",
                [office, *some],
            )
            for (statement,) in cursor.fetchall():
                del each[bytes(statement)]
    return _taken_when([each[statement] for statement in reversed(each)])


def take_entries(office: str, entries: Sequence[Entry]) -> None:
    """Takes dockets into the register of ``office``, in the order in which they came; the caller holds the register."""
    groups: dict[bytes, list[Entry]] = {}
    for one in _fresh(office, entries):
        groups.setdefault(one.matter, []).append(one)
    held = {row.matter: row for row in _held(office, groups)}
    touched: list[FlowRow] = []
    flows: list[Sequence[Any]] = []
    dockets: list[Sequence[Any]] = []
    counted: Counter[tuple[Any, ...]] = Counter()
    beginnings = Beginnings(office)
    for matter, some in groups.items():
        row, first = held.get(matter), some[0]
        if row is None and len(some) == 1:
            begun = beginnings.of(first)
            dockets.append(begun.docket(first))
            flows.append(begun.flow(first))
            counted[begun.counted(first)] += 1
            continue
        before = row or entered(first.docket(office), first.field, first.case)
        ruled = judged(before, [one.docket(office) for one in some])
        dockets += [docket_values(one) for one in ruled]
        if row is None:
            fresh = before.standing(ruled)
            flows.append(flow_values(fresh))
            counted[fresh.sort] += 1
        elif any(one.counts for one in ruled):
            touched.append(row)
    put_dockets(dockets)
    put_flows(flows)
    put_counts(counted)
    fold_again(touched, office)


def fold_again(rows: Sequence[FlowRow], office: str) -> None:
    """Makes rows what their dockets say, of which one at least counts; the caller holds them, and the register."""
    if not rows:
        return
    dockets = dockets_of([row.matter for row in rows], office)
    moved = [(old, new) for old in rows if (new := old.standing(dockets[old.matter])) != old]
    if moved:
        store_flows([new for _, new in moved])
        count_flows((new for _, new in moved), (old for old, _ in moved))


def take_over(statements: Sequence[bytes]) -> None:
    """Takes over when desks took statements, as their own agencies' stops say; the caller holds the register."""
    for office in offices_here():
        for some in chunks(dict.fromkeys(statements)):
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT d.statement, d.matter, s.taken_ms FROM office_docket d JOIN channels_stop s ON s.statement = d.statement "
                    f"AND s.post = d.addressee WHERE d.office = %s AND d.statement IN ({marks(some)}) AND d.taken_ms IS NULL",
                    [office, *some],
                )
                found = [(bytes(row[0]), bytes(row[1]), row[2]) for row in cursor.fetchall()]
                held = _held(office, [matter for _, matter, _ in found])
                cursor.executemany(
                    "UPDATE office_docket SET taken_ms = %s WHERE office = %s AND statement = %s",
                    [(taken_ms, office, statement) for statement, _, taken_ms in found],
                )
            fold_again(held, office)


def _take_back(statements: Sequence[bytes], context: Context) -> None:
    """Takes dockets out that were taken back before anybody got them; a matter of which none is left never was."""
    for office in offices_here():
        for some in chunks(dict.fromkeys(statements)):
            among = f"office = %s AND statement IN ({marks(some)})"
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT DISTINCT matter FROM office_docket WHERE {among}", [office, *some])
                held = _held(office, [bytes(row[0]) for row in cursor.fetchall()])
                cursor.execute(f"DELETE FROM office_docket WHERE {among}", [office, *some])
            left = dockets_of([row.matter for row in held], office)
            drop_flows([row for row in held if row.matter not in left])
            counted = [row for row in held if any(one.counts for one in left.get(row.matter, ()))]
            fold_again(counted, office)
            for row in held:
                if row.matter in left and row not in counted:
                    enter_anew(left[row.matter], row, context)


def enter_anew(dockets: Sequence[DocketRow], row: FlowRow | None, context: Context) -> None:
    """Makes the row of a matter out of its dockets alone: the ends are those of the first that came. ``row`` is what it was: what the office
    directed stays. The caller holds the register.
    """
    first = min(dockets, key=lambda one: (one.at_ms, one.statement))
    docket = docket_here(first.statement, context=context)
    field, case = (docket.field, docket.case or None) if docket is not None else (row.field if row else "", None)
    before = entered(first, field, case)
    ruled = judged(before, dockets)
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE office_docket SET counts = %s WHERE office = %s AND statement = %s",
            [(one.counts, one.office, one.statement) for one in ruled],
        )
    fresh = before.standing(ruled)
    if row is not None:
        drop_flows([row])
        fresh = replace(fresh, priority=row.priority, assigned=row.assigned, together=row.together, flagged=row.flagged)
    add_flows([fresh])
    count_flows([fresh])
