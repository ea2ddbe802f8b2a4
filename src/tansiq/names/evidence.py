"""What else is known of two persons, as log-odds: never a filter, for everything may be wrong in a list.

Invariant: nothing is said where one side says nothing. The weights stand in ``model.json``; those of births were learnt, the
others are judgement and say so there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from tansiq.names.births import KINDS, birth_kinds
from tansiq.names.facts import Birth, Facts, number_key
from tansiq.names.fold import folded
from tansiq.names.model import model

__all__ = ["Evidence", "birth_of", "evidence", "has_more", "is_code"]

Evidence = tuple[str, float]
"""A code of the catalogue of texts, and its log-odds."""
_ENOUGH, _NOT = 0.62, 0.25
_CODE = 2
Likeness = Callable[[str, str], float]


def birth_of(facts: Facts) -> Birth | None:
    """The birth asked for, over all dates given."""
    return Birth(*facts.span) if facts.births else None


def has_more(facts: Facts) -> bool:
    """Whether anything but the birth is known."""
    return any((facts.nationalities, facts.documents, facts.father, facts.mother, facts.sex))


def is_code(nation: str) -> bool:
    """Whether a nationality stands as a code: words may mean the same country as any code or other words."""
    return len(nation) == _CODE


def _birth(asked: Facts, held: Facts) -> Iterator[Evidence]:
    if asked.births and held.births:
        kind = int(birth_kinds(birth_of(asked), np.array([held.span]))[0])
        yield f"names.birth-{KINDS[kind]}", float(model().births[kind])


def _shared(asked: Sequence[str], held: Sequence[str], key: Callable[[str], str]) -> bool | None:
    left, right = {key(one) for one in asked} - {""}, {key(one) for one in held} - {""}
    return bool(left & right) if left and right else None


def evidence(asked: Facts, held: Facts, *, likeness: Likeness) -> list[Evidence]:
    """What the facts say, each with its log-odds; ``likeness`` compares the names of parents, 0 to 1."""
    weights = model().facts
    out = list(_birth(asked, held))
    if _shared(asked.documents, held.documents, number_key):  # other documents say nothing: people have several
        out.append(("names.document-same", weights["document-same"]))
    same = _shared(asked.nationalities, held.nationalities, folded)
    if same or (same is False and all(map(is_code, (*asked.nationalities, *held.nationalities)))):
        what = "nationality-same" if same else "nationality-other"
        out.append((f"names.{what}", weights[what]))
    if asked.sex and held.sex:
        what = "sex-same" if asked.sex == held.sex else "sex-other"
        out.append((f"names.{what}", weights[what]))
    for parent, left, right in (("father", asked.father, held.father), ("mother", asked.mother, held.mother)):
        alike = likeness(left, right) if left and right else -1.0
        if alike >= _ENOUGH:
            out.append((f"names.{parent}-same", weights[f"{parent}-same"]))
        elif 0.0 <= alike < _NOT:
            out.append((f"names.{parent}-other", weights[f"{parent}-other"]))
    return out
