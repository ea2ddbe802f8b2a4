"""How much one part of a name tells, in nats: fixed weights, never counted from an index.

Invariant: the weight of a part depends on its spelling alone, so two registers, or two readers of one, weigh alike.
``rarity.json`` was counted from public word lists (``bench/names/learn_rarity.py``); ``rarity.toml`` holds what everybody
knows of the countries that those lists leave out, and the titles.
"""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from tansiq.names.compounds import units
from tansiq.names.fold import folded
from tansiq.names.skeleton import alternatives, fine_and_gaps

__all__ = ["is_title", "rarity_key", "weight"]


@dataclass(frozen=True, slots=True)
class _Tables:
    by_length: tuple[float, ...]
    by_key: Mapping[str, float]
    title: float
    titles: frozenset[str]


@functools.cache
def _tables() -> _Tables:
    folder = resources.files(__package__)
    known = tomllib.loads(folder.joinpath("rarity.toml").read_text(encoding="utf-8"))
    counted = json.loads(folder.joinpath("rarity.json").read_text(encoding="utf-8"))
    titles = known.pop("titles")
    by_key: dict[str, float] = dict(counted["common"])
    for grade in known.values():
        for name in grade["names"]:
            key = rarity_key(units(folded(name))[0].spellings[0])
            by_key[key] = min(by_key.get(key, 99.0), float(grade["weight"]))
    return _Tables(
        by_length=tuple(counted["by_length"]),
        by_key=by_key,
        title=float(titles["weight"]),
        titles=frozenset(map(folded, titles["words"])),
    )


def is_title(word: str) -> bool:
    """Whether a folded word is a title such as Hajj or Sheikh."""
    return word in _tables().titles


def rarity_key(spelling: str) -> str:
    """The class of spellings that are counted together: consonants, and whether a vowel stands at the beginning and the end."""
    fine, gaps = fine_and_gaps(spelling)
    key = alternatives(fine, latin=spelling.isascii())[0]
    return f"{'a' * bool(gaps[0].strip('?') or spelling[:1] == 'ع')}.{key}.{'a' * bool(gaps[-1].strip('?'))}"


def weight(spelling: str, word: str) -> float:
    """What a part that reads ``spelling``, written ``word``, tells, in nats: 1 for a title, 3 for Mohamed, 12 for a rare surname."""
    tables = _tables()
    if word in tables.titles:
        return tables.title
    if len(word) == 1:
        return 2.0
    key = rarity_key(spelling)
    found = tables.by_key.get(key)
    length = min(len(key.split(".")[1].removeprefix("=")), len(tables.by_length) - 1)
    return tables.by_length[length] if found is None else found
