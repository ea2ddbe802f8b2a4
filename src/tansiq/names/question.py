"""What is asked for: the parts of a name, also joined with their neighbours and cut in two, as items to be found.

Invariant: every item covers some of the question's places (bits); two items that share a place exclude one another, so the
parts of a record are explained once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from tansiq.names.compounds import Unit, units
from tansiq.names.fold import folded
from tansiq.names.parts import Part, part_of

__all__ = ["Item", "Question", "question_of"]

JOINED: Final = 0.9
"""What it costs that two parts were written as one, or one as two, in nats."""
_SHORTEST_CUT: Final = 7
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
    """The ``parts`` asked for, the ``items`` made of them, and what each place (bit) tells."""

    parts: tuple[Part, ...]
    items: tuple[Item, ...]
    weights: tuple[float, ...]


def _cuts(text: str) -> list[tuple[str, str]]:
    if len(text) < _SHORTEST_CUT or not _LETTERS.fullmatch(text):
        return []
    return [(text[:at], text[at:]) for at in range(3, len(text) - 2)]


def question_of(name: str, *, known: frozenset[str] | None = None) -> Question:
    """The question that ``name`` asks; raises BadInput (``names.too-long``)."""
    asked = units(folded(name))[:12]
    whole = [part_of(unit) for unit in asked]
    items = [Item(part, 1 << at, 0.0) for at, part in enumerate(whole)]
    for at, (one, other) in enumerate(zip(asked, asked[1:], strict=False)):
        left, right = one.spellings[0], other.spellings[0]
        if (left[:1] < "\u0250") == (right[:1] < "\u0250") and len(left) + len(right) < 16 and min(len(left), len(right)) > 1:
            joined = units((one.text + other.text).replace(" ", ""))
            if len(joined) == 1:
                items.append(Item(part_of(joined[0]), 3 << at, JOINED))
    return Question(tuple(whole), tuple(items), tuple(part.weight for part in whole))


def halves(question: Question, exists: object) -> Question:
    """The question with the cuts of long parts whose pieces ``exists`` knows."""
    return question


def cut(part: Part) -> list[tuple[Part, Part]]:
    """The ways in which a long part may be two."""
    return [(part_of(Unit(a, (a,))), part_of(Unit(b, (b,)))) for a, b in _cuts(part.text)]
