"""How much one part of a name tells: fixed weights from ``rarity.toml``, never counted from an index.

Invariant: the weight of a part depends on its spelling alone, so two registers, or two readers of one, weigh alike.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from tansiq.names.compounds import units
from tansiq.names.fold import folded
from tansiq.names.skeleton import alternatives, fine_and_gaps

__all__ = ["weight"]


@dataclass(frozen=True, slots=True)
class _Tables:
    by_length: tuple[float, ...]
    by_key: Mapping[str, float]
    title: float
    titles: frozenset[str]


@functools.cache
def _tables() -> _Tables:
    source = resources.files(__package__).joinpath("rarity.toml").read_text(encoding="utf-8")
    table = tomllib.loads(source)
    by_length, titles = table.pop("by_length"), table.pop("titles")
    by_key: dict[str, float] = {}
    for grade in table.values():
        for name in grade["names"]:
            fine, _ = fine_and_gaps(units(name)[0].spellings[0])
            by_key.setdefault(alternatives(fine, latin=True)[0], float(grade["weight"]))
    return _Tables(
        by_length=tuple(map(float, by_length["weights"])),
        by_key=by_key,
        title=float(titles["weight"]),
        titles=frozenset(map(folded, titles["words"])),
    )


def weight(fine: str, word: str) -> float:
    """What a part with this fine key, written ``word``, tells: 0.3 for a title, 1 for Mohamed, 3 for a rare surname."""
    tables = _tables()
    if word in tables.titles:
        return tables.title
    found = tables.by_key.get(fine)
    length = min(len(fine.removeprefix("=")), len(tables.by_length) - 1)
    return tables.by_length[length] if found is None else found
