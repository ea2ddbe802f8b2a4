"""What is asked for: the parts of a name, also joined with their neighbours and cut in two, as items to be found.

Invariant: every item covers some of the question's places (bits); two items that share a place exclude one another, so the
parts of a record are explained once.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.compounds import Unit, units
from tansiq.names.distance import is_arabic
from tansiq.names.fold import folded
from tansiq.names.parts import Part, part_of
from tansiq.names.signs import LONGEST

__all__ = ["SHORTEST_CUT", "Item", "Question", "cut", "question_of", "with_halves"]

JOINED: Final = 0.9
"""What it costs that two parts were written as one, or one as two, in nats."""
Array = npt.NDArray[Any]
MOST: Final = 12
SHORTEST_CUT: Final = 7
_LONGEST_CUT: Final = 24
_LETTERS: Final = re.compile(r"[a-z]+|[\u0620-\u06ff]+")


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A part, or two parts in one: ``places`` as bits, ``penalty`` in nats; ``half`` for a piece of a part that was cut."""

    part: Part
    places: int
    penalty: float
    half: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """The ``parts`` asked for, the ``items`` made of them, and what each place tells (``weights``); then, for each item, the
    ``places`` that it covers, what it tells, whether it is Arabic, and whether it was joined or cut.
    """

    parts: tuple[Part, ...]
    items: tuple[Item, ...]
    weights: Array
    places: Array
    item_weights: Array
    arabic: Array
    compound: Array
    conflicts: Array


def _question(parts: tuple[Part, ...], items: list[Item], weights: list[float]) -> Question:
    bits = [item.places for item in items]
    return Question(
        parts,
        tuple(items),
        np.array(weights, np.float32),
        np.array([[mask >> place & 1 for place in range(len(weights))] for mask in bits], np.float32).reshape(
            len(items), len(weights)
        ),
        np.array([item.part.weight for item in items], np.float32),
        np.array([is_arabic(item.part.readings[0].signs) for item in items], np.bool_),
        np.array([item.penalty > 0 for item in items], np.bool_),
        np.array([[mask & other != 0 for other in bits] for mask in bits], np.bool_).reshape(len(items), len(items)),
    )


@functools.lru_cache(maxsize=64)
def question_of(name: str) -> Question:
    """The question that ``name`` asks; raises BadInput (``names.too-long``)."""
    asked = units(folded(name))[:MOST]
    whole = tuple(part_of(unit) for unit in asked)
    items = [Item(part, 1 << at, 0.0) for at, part in enumerate(whole)]
    for count in (2, 3):
        for at in range(len(asked) - count + 1):
            group = asked[at : at + count]
            first = [unit.spellings[0][:1] < "\u0250" for unit in group]
            sizes = [len(unit.text) for unit in group]
            if len(set(first)) == 1 and sum(sizes) < LONGEST + 4 and min(sizes) > 1:
                joined = units("".join(unit.text for unit in group).replace(" ", ""))
                if len(joined) == 1:
                    items.append(Item(part_of(joined[0]), ((1 << count) - 1) << at, JOINED * (count - 1)))
    return _question(whole, items, [part.weight for part in whole])


def cut(text: str) -> list[tuple[str, str]]:
    """The ways in which a long part may be two."""
    if not SHORTEST_CUT <= len(text) <= _LONGEST_CUT or not _LETTERS.fullmatch(text):
        return []
    return [(text[:at], text[at:]) for at in range(3, len(text) - 2)]


def with_halves(question: Question, pairs: list[tuple[int, str, str]]) -> Question:
    """The question where the part at a place may also be two: ``(place, first, second)``."""
    if not pairs:
        return question
    items, weights = list(question.items), [float(weight) for weight in question.weights]
    for place, one, other in pairs:
        bit = 1 << len(weights)
        share = weights[place] * len(one) / (len(one) + len(other))
        weights.append(weights[place] - share)
        weights[place] = share
        items = [replace(item, places=item.places | bit) if item.places >> place & 1 else item for item in items]
        items.append(Item(part_of(Unit(one, (one,))), 1 << place, JOINED / 2, half=True))
        items.append(Item(part_of(Unit(other, (other,))), bit, JOINED / 2, half=True))
    return _question(question.parts, items, weights)
