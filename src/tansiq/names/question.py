"""What is asked for: the parts of a name, also joined with their neighbours and cut in two, as items to be found.

Invariant: every item covers some of the question's places (bits); two items that share a place exclude one another, so the
parts of a record are explained once.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.compounds import Unit, units
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


@dataclass(frozen=True, eq=False)
class Question:
    """The ``parts`` asked for, the ``items`` made of them, and what each place tells (``tells``, in single precision as the arrays
    have it). The arrays are made when they are asked for: a search that goes person by person needs none.
    """

    parts: tuple[Part, ...]
    items: tuple[Item, ...]
    tells: Sequence[float]

    @cached_property
    def weights(self) -> Array:
        """What each place tells."""
        return np.array(self.tells, np.float32)

    @cached_property
    def places(self) -> Array:
        """For each item the places that it covers, as 0 and 1."""
        covered = [[item.places >> place & 1 for place in range(len(self.tells))] for item in self.items]
        return np.array(covered, np.float32).reshape(len(self.items), len(self.tells))

    @cached_property
    def item_weights(self) -> Array:
        """What each item tells."""
        return np.array([item.part.weight for item in self.items], np.float32)

    @cached_property
    def arabic(self) -> Array:
        """Whether each item is Arabic."""
        return np.array([item.part.arabic for item in self.items], np.bool_)

    @cached_property
    def compound(self) -> Array:
        """Whether each item was joined or cut."""
        return np.array([item.penalty > 0 for item in self.items], np.bool_)

    @cached_property
    def conflicts(self) -> Array:
        """For each item, which items share a place with it."""
        bits = [item.places for item in self.items]
        shared = [[mask & other != 0 for other in bits] for mask in bits]
        return np.array(shared, np.bool_).reshape(len(bits), len(bits))


def _single(values: list[float]) -> list[float]:
    """In single precision."""
    return array("f", values).tolist()


@lru_cache(maxsize=4096)
def _as_one(text: str) -> Part | None:
    """The part that is written ``text``; None when it is none or several."""
    found = units(text)
    return part_of(found[0]) if len(found) == 1 else None


@lru_cache(maxsize=64)
def question_of(name: str) -> Question:
    """The question that ``name`` asks; raises BadInput (``names.too-long``)."""
    asked = units(folded(name))[:MOST]
    whole = tuple([part_of(unit) for unit in asked])
    items = [Item(part, 1 << at, 0.0) for at, part in enumerate(whole)]
    latin = [unit.spellings[0][:1] < "\u0250" for unit in asked]
    texts = [unit.text for unit in asked]
    for count in (2, 3):
        for at in range(len(asked) - count + 1):
            scripts, joined = latin[at : at + count], texts[at : at + count]
            if all(scripts) == any(scripts) and len(min(joined, key=len)) > 1:
                text = "".join(joined)
                part = _as_one(text.replace(" ", "")) if len(text) < LONGEST + 4 else None
                if part is not None:
                    items.append(Item(part, ((1 << count) - 1) << at, JOINED * (count - 1)))
    return Question(whole, tuple(items), _single([part.weight for part in whole]))


def cut(text: str) -> list[tuple[str, str]]:
    """The ways in which a long part may be two."""
    if not SHORTEST_CUT <= len(text) <= _LONGEST_CUT or not _LETTERS.fullmatch(text):
        return []
    return [(text[:at], text[at:]) for at in range(3, len(text) - 2)]


def with_halves(question: Question, pairs: list[tuple[int, str, str]]) -> Question:
    """The question where the part at a place may also be two: ``(place, first, second)``."""
    if not pairs:
        return question
    items, weights = list(question.items), list(question.tells)
    for place, one, other in pairs:
        bit = 1 << len(weights)
        share = weights[place] * len(one) / (len(one) + len(other))
        weights.append(weights[place] - share)
        weights[place] = share
        items = [replace(item, places=item.places | bit) if item.places >> place & 1 else item for item in items]
        items.append(Item(part_of(Unit(one, (one,))), 1 << place, JOINED / 2, half=True))
        items.append(Item(part_of(Unit(other, (other,))), bit, JOINED / 2, half=True))
    return Question(question.parts, tuple(items), _single(weights))
