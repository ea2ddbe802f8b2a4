"""What higher rooms show of a case: tabs, moments of its timeline, and which matters a person may put into it.

Invariant: a lower room shows what a higher one has by registration, never by import; a provider is asked with the reader
and gives only what that reader may know of. Registering again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tansiq.cases.cases import CaseRow
from tansiq.errors import Conflict
from tansiq.exchange.context import Context
from tansiq.policy.handling import Reader

__all__ = [
    "Asked", "CaseTab", "Moment", "matter_may_join", "moments_of", "register_matters", "register_moments", "register_tab",
    "tabs",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider is given: the case, the matters linked to it, who reads, and the node."""

    case: CaseRow
    matters: tuple[bytes, ...]
    reader: Reader
    context: Context = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTab:
    """A tab: its ``name`` (in the address), the key of its ``label``, its place in the ``order``, the ``template`` that
    shows what ``rows`` gives, and how many things stand in it (None: no number is shown).
    """

    name: str
    label: str
    order: int
    template: str
    rows: Callable[[Asked], Mapping[str, Any]]
    count: Callable[[Asked], int] | None = None


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

_tabs: dict[str, CaseTab] = {}
_moments: list[Moments] = []
_matters: list[MayJoin] = []


def register_tab(tab: CaseTab) -> None:
    """Registers a tab of the case page. Raises Conflict when another one has its name."""
    if _tabs.get(tab.name, tab) != tab:
        raise Conflict("cases.tab-taken", tab=tab.name)
    _tabs[tab.name] = tab


def tabs() -> tuple[CaseTab, ...]:
    """All registered tabs, in their order."""
    return tuple(sorted(_tabs.values(), key=lambda tab: (tab.order, tab.name)))


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
