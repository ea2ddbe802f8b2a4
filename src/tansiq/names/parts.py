"""A name as the index and the score see it: its parts, each with every reading's keys.

Invariant: parts depend on the name alone; two names with equal folded forms have equal parts.

>>> latin, arabic = parts("Abdeslam El Hamdaoui"), parts("عبد السلام الحمداوي")
>>> [a.keys & b.keys != set() for a, b in zip(latin, arabic, strict=True)]
[True, True]
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from tansiq.names.compounds import Unit, units
from tansiq.names.fold import folded
from tansiq.names.rarity import weight
from tansiq.names.skeleton import alternatives, coarse, fine_and_gaps

__all__ = ["Part", "parts"]

ALTERNATIVE = 0.94
"""Share of its similarity that a reading keeps when the usual reading is another one."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Part:
    """One part of a name.

    ``text`` folded; ``fine`` the fine key of the usual reading; ``readings`` each fine key with its grade (0..1] and
    vowels; ``keys`` the coarse keys to look it up by; ``weight`` how much it tells.
    """

    text: str
    fine: str
    readings: MappingProxyType[str, tuple[float, tuple[str, ...]]]
    keys: frozenset[str]
    weight: float


def parts(name: str) -> tuple[Part, ...]:
    """The parts of ``name`` in its own order; raises BadInput (``names.too-long``)."""
    return tuple(part_of(unit) for unit in units(folded(name)))


def part_of(unit: Unit) -> Part:
    """The keys of one unit."""
    readings: dict[str, tuple[float, tuple[str, ...]]] = {}
    usual = ""
    for number, spelling in enumerate(unit.spellings):
        raw, gaps = fine_and_gaps(spelling)
        for which, fine in enumerate(alternatives(raw, latin=spelling.isascii())):
            usual = usual or fine
            readings.setdefault(fine, ((ALTERNATIVE if number else 1.0) * (ALTERNATIVE if which else 1.0), gaps))
    told = min(weight(fine, unit.text) for fine, (grade, _) in readings.items() if grade == 1.0)
    return Part(unit.text, usual, MappingProxyType(readings), frozenset(map(coarse, readings)), told)
