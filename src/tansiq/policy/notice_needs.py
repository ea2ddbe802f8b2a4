"""What a notice of each colour needs, as data (``notice_needs.toml``), checked when it is loaded.

Invariant: every colour of the list has its needs, and every code that stands there is in its list; a bureau that reads the rules
otherwise gives a table of its own (`parse_needs`).

>>> needs().of("notice.red").purposes
('rpd.wanted',)
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from types import MappingProxyType
from typing import Any, Final

from tansiq.errors import BadInput
from tansiq.policy.codes import code_list

__all__ = ["Need", "Needs", "needs", "parse_needs"]

_KNOWN: Final = frozenset(
    {"person", "person-or-group", "identity", "warrant", "threshold", "event", "assets", "reference"}
)
_DAY_MS: Final = 86_400_000
_LONGEST_DAYS: Final = 36_525


@dataclass(frozen=True, slots=True)
class Need:
    """Of one colour: the purposes, what may be asked, and what must be there (names of requirements)."""

    purposes: tuple[str, ...]
    actions: tuple[str, ...]
    needs: frozenset[str]


@dataclass(frozen=True, slots=True)
class Needs:
    """The whole table. ``longest_ms`` is how long a notice binds at most without being examined again."""

    punishable_months: int
    remaining_months: int
    longest_ms: int
    colours: Mapping[str, Need]

    def of(self, colour: str | None) -> Need:
        """What a colour needs; an unknown one nothing, for it is a fault of its own."""
        return self.colours.get(colour or "", _NOTHING)


_NOTHING: Final = Need((), (), frozenset())


def _broken(entry: str) -> BadInput:
    return BadInput("policy.notice-needs", entry=entry)


def _whole(table: object, name: str, entry: str, *, most: int) -> int:
    value = table.get(name) if isinstance(table, dict) else None
    if type(value) is not int or not 0 <= value <= most:
        raise _broken(f"{entry}.{name}")
    return value


def _codes(row: Mapping[str, Any], name: str, colour: str, known: object) -> tuple[str, ...]:
    values = row.get(name)
    if not isinstance(values, list) or not all(isinstance(one, str) and one in known for one in values):  # type: ignore[operator]
        raise _broken(f"{colour}.{name}")
    return tuple(values)


def parse_needs(source: str) -> Needs:
    """The table from its TOML. Raises BadInput('policy.notice-needs') naming the entry that is wrong."""
    try:
        data = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise _broken("TOML") from error
    thresholds, terms = data.pop("thresholds", None), data.pop("terms", None)
    colours = {}
    for colour in code_list("notice_colours"):
        row = data.pop(colour, None)
        if not isinstance(row, dict) or set(row) != {"purposes", "actions", "needs"}:
            raise _broken(colour)
        colours[colour] = Need(
            _codes(row, "purposes", colour, code_list("rpd_purposes")),
            _codes(row, "actions", colour, code_list("notice_actions")),
            frozenset(_codes(row, "needs", colour, _KNOWN)),
        )
    if data:
        raise _broken("?")
    return Needs(
        _whole(thresholds, "punishable_months", "thresholds", most=1200),
        _whole(thresholds, "remaining_months", "thresholds", most=1200),
        _whole(terms, "longest_days", "terms", most=_LONGEST_DAYS) * _DAY_MS,
        MappingProxyType(colours),
    )


@functools.cache
def needs() -> Needs:
    """The table of the package, read once."""
    return parse_needs(resources.files("tansiq.policy").joinpath("notice_needs.toml").read_text(encoding="utf-8"))
