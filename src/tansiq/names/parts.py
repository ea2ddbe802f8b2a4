"""A name as the index and the score see it: its parts, each with its readings, its keys and what it tells.

Invariant: parts depend on the name alone; two names with equal folded forms have equal parts.

>>> latin, arabic = parts("Abdeslam El Hamdaoui"), parts("عبد السلام الحمداوي")
>>> [set(a.keys) & set(b.keys) != set() for a, b in zip(latin, arabic, strict=True)]
[True, True]
"""

from __future__ import annotations

import functools
import zlib
from dataclasses import dataclass
from typing import Final

from tansiq.names.compounds import Unit, units
from tansiq.names.distance import is_arabic
from tansiq.names.fold import folded
from tansiq.names.rarity import weight
from tansiq.names.signs import LONGEST, signs
from tansiq.names.skeleton import alternatives, coarse, fine_and_gaps

__all__ = ["Part", "Reading", "part_of", "parts"]

SECOND: Final = 1.2
"""What a second reading costs more than the usual one, in nats."""
_SLIP_FROM: Final = 4  # shorter keys have too many neighbours


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a part: its row of signs, and what choosing it costs in nats."""

    signs: bytes
    penalty: float


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One part of a name: ``text`` folded, ``readings`` with the usual one first, ``keys`` to look it up by,
    ``weight`` in nats, its ``initial``, which key is that of the usual reading (``exact``), and whether that is Arabic.
    """

    text: str
    readings: tuple[Reading, ...]
    keys: tuple[int, ...]
    weight: float
    initial: int
    exact: int
    arabic: bool


def parts(name: str) -> tuple[Part, ...]:
    """The parts of ``name`` in its own order; raises BadInput (``names.too-long``)."""
    return tuple(part_of(unit) for unit in units(folded(name)))


def _keys(fine: str, *, latin: bool) -> set[str]:
    found = {"f" + fine, "c" + coarse(fine), "c" + coarse("?" + fine).removeprefix("?")}
    if fine[-1:] == "t" and len(fine) > 2:  # ta marbuta, read before a vowel
        found.add("c" + coarse(fine[:-1]))
    if latin and "z" in fine:  # Spanish z is s elsewhere
        found.add("c" + coarse(fine.replace("z", "s")))
    if _SLIP_FROM <= len(fine) <= LONGEST:
        found.add("s" + fine)
        found.update("s" + fine[:at] + fine[at + 1 :] for at in range(len(fine)))
    return found


@functools.lru_cache(maxsize=32768)
def part_of(unit: Unit) -> Part:
    """The readings and keys of one unit."""
    readings: dict[bytes, Reading] = {}
    keys: set[str] = set()
    first = ""
    for number, spelling in enumerate(unit.spellings):
        row = signs(spelling)
        readings.setdefault(row, Reading(row, SECOND if number else 0.0))
        raw, _ = fine_and_gaps(spelling)
        for fine in alternatives(raw, latin=spelling.isascii()):
            first = first or fine
            keys |= _keys(fine, latin=spelling.isascii())
    rows = tuple(readings.values())
    numbers = tuple(sorted(zlib.crc32(key.encode()) for key in keys))
    initial = ord(coarse(first)[:1] or "~")
    return Part(
        unit.text,
        rows,
        numbers,
        weight(unit.spellings[0], unit.text),
        initial,
        zlib.crc32(b"f" + first.encode()),
        is_arabic(rows[0].signs),
    )
