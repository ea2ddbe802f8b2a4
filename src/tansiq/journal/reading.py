"""Reading the access journal: a page of acts, the latest first, narrowed by time, kind, officer or what they touched.

Invariant: what an act says is concealed, so narrowing has to open what it looks at: at most `MOST_LOOKED` acts a page,
however many the journal holds; a page says how far it looked. Times are those of several processes, so neighbouring acts
may be a moment out of order: bounds of time are found by the index with some room. LED article 25(3): for whoever
verifies that processing is lawful.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from django.db import connection

from tansiq.errors import NotProven
from tansiq.journal.access import Access, Operation, opened
from tansiq.keystore.store import KeyStore

__all__ = ["MOST_LOOKED", "Act", "Acts", "Narrowed", "acts"]

MOST_LOOKED: Final = 300
_ROOM: Final = 256
"""How many acts, and how many milliseconds below, may stand out of the order of time."""
_ROOM_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """What is looked for; empty: everything. ``until_ms`` is not included; ``things`` any of these ids."""

    from_ms: int | None = None
    until_ms: int | None = None
    operation: str = ""
    officer: str = ""
    things: frozenset[bytes] = frozenset()

    @property
    def by_content(self) -> bool:
        """Whether what acts say is asked for, so that erased ones can't be among them."""
        return bool(self.operation or self.officer or self.things)

    def fits(self, access: Access) -> bool:
        """Whether an act is looked for."""
        return (
            (not self.operation or access.operation == self.operation)
            and (not self.officer or self.officer in (access.officer, access.ordered_by))
            and (not self.things or access.thing in self.things)
        )


@dataclass(frozen=True, slots=True)
class Act:
    """One act of the journal. ``access`` is None when it was erased at the end of its retention, or when what is kept of it
    is not what was logged (``altered``).
    """

    number: int
    time_ms: int
    access: Access | None
    altered: bool = False


@dataclass(frozen=True, slots=True)
class Acts:
    """A page of acts; ``looked`` of them were opened for it, down to ``oldest_ms``; ``following`` is where the next page
    begins (None: there is none).
    """

    acts: list[Act]
    looked: int
    oldest_ms: int | None
    following: int | None


def _begins(narrowed: Narrowed, before: int | None) -> int | None:
    """The number that a page begins below; None: at the newest."""
    if narrowed.until_ms is None:
        return before
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number FROM journal_access_event WHERE time_ms < %s ORDER BY time_ms DESC LIMIT 1",
            (narrowed.until_ms,),
        )
        row = cursor.fetchone()
    last = 0 if row is None else int(row[0]) + _ROOM
    return last if before is None else min(last, before)


def _rows(begins: int | None) -> list[tuple[Any, ...]]:
    where, values = ("WHERE number < %s ", [begins]) if begins is not None else ("", [])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT number, time_ms, thing, commitment, concealed FROM journal_access_event {where}"
            "ORDER BY number DESC LIMIT %s",
            [*values, MOST_LOOKED + 1],
        )
        return list(cursor.fetchall())


def _act(row: tuple[Any, ...], keys: KeyStore) -> Act:
    number, time_ms, thing, commitment, concealed = row
    try:
        plain = opened(bytes(thing), bytes(commitment), None if concealed is None else bytes(concealed), keys)
    except NotProven:
        return Act(number, time_ms, None, altered=True)
    return Act(number, time_ms, None if plain is None else _access(plain))


def _access(plain: dict[str, Any]) -> Access:
    return Access(**plain | {"operation": Operation(plain["operation"]), "recipients": tuple(plain["recipients"])})


def _looked_at(narrowed: Narrowed, rows: list[tuple[Any, ...]], keys: KeyStore) -> Iterator[tuple[Act, bool]]:
    """Each act of ``rows``, opened, and whether it is shown; ends where everything further down is too old."""
    for row in rows:
        time_ms = int(row[1])
        if narrowed.from_ms is not None and time_ms < narrowed.from_ms - _ROOM_MS:
            return
        act = _act(row, keys)
        in_time = (narrowed.from_ms is None or time_ms >= narrowed.from_ms) and (
            narrowed.until_ms is None or time_ms < narrowed.until_ms
        )
        said = act.altered or (narrowed.fits(act.access) if act.access is not None else not narrowed.by_content)
        yield act, in_time and said


def acts(narrowed: Narrowed, *, keys: KeyStore, before: int | None = None, limit: int = 50) -> Acts:
    """Up to ``limit`` acts that are looked for, numbered below ``before`` (`Acts.following` of the page before)."""
    rows = _rows(_begins(narrowed, before))
    found: list[Act] = []
    looked, last, oldest_ms = 0, None, None
    for act, shown in _looked_at(narrowed, rows[:MOST_LOOKED], keys):
        looked, last, oldest_ms = looked + 1, act.number, act.time_ms
        if shown:
            found.append(act)
        if len(found) == limit:
            break
    ended = looked == len(rows) or (looked < len(rows[:MOST_LOOKED]) and len(found) < limit)
    return Acts(found, looked, oldest_ms, None if ended or not last else last)
