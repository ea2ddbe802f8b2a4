"""What higher rooms show of a case: its enquiries as rows, moments of its timeline, which matters may be put into it.

Invariant: a lower room shows what a higher one has by registration, never by import; a provider is asked with the reader
and gives only what that reader may know of. Registering again changes nothing. Further tabs go into `web.registry.TABS`
under the place 'case', with the `showing.CaseView` as the thing looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from tansiq.cases.cases import CaseRow
from tansiq.exchange.context import Context
from tansiq.policy.handling import Reader
from tansiq.web.registry import Row
from tansiq.web.visitor import Request

__all__ = [
    "Asked", "Moment", "matter_may_join", "moments_of", "register_matters", "register_moments", "register_rows", "rows_of",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider is given: the case, the matters linked to it, who reads, and the node."""

    case: CaseRow
    matters: tuple[bytes, ...]
    reader: Reader
    context: Context = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Something that happened: when (UTC ms), the key of its sentence and the values of it, where one may read more."""

    at_ms: int
    text: str
    values: Mapping[str, object] = field(default_factory=dict)
    address: str = ""


Moments = Callable[[Asked], Iterable[Moment]]
MayJoin = Callable[[bytes, Reader, Context], bool]
"""Whether a matter is this room's and the reader may put it into a case."""

Rows = Callable[[Request, Asked], Iterable[Row]]
"""The matters of a case that the reader may know of, as rows of a list."""

_rows: list[Rows] = []
_moments: list[Moments] = []
_matters: list[MayJoin] = []


def register_rows(rows: Rows) -> None:
    """Registers what a room lists in a case's tab of enquiries."""
    if rows not in _rows:
        _rows.append(rows)


def rows_of(request: Request, asked: Asked) -> list[Row]:
    """Every registered row of a case, the latest first by when it began."""
    found = [row for provider in _rows for row in provider(request, asked)]
    return sorted(found, key=lambda row: row.start_ms or 0, reverse=True)


def register_moments(moments: Moments) -> None:
    """Registers what a room tells of a case's timeline."""
    if moments not in _moments:
        _moments.append(moments)


def moments_of(asked: Asked) -> list[Moment]:
    """Every registered moment of a case, the latest first."""
    found = [moment for provider in _moments for moment in provider(asked)]
    return sorted(found, key=lambda moment: moment.at_ms, reverse=True)


def register_matters(may_join: MayJoin) -> None:
    """Registers a room whose matters may be put into cases."""
    if may_join not in _matters:
        _matters.append(may_join)


def matter_may_join(matter: bytes, reader: Reader, *, context: Context) -> bool:
    """Whether some room knows the matter and lets the reader put it into a case."""
    return any(may_join(matter, reader, context) for may_join in _matters)
