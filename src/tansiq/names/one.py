"""One name and person against one question, in plain numbers: as ``align``, ``features``, ``explain``, ``births`` and ``evidence``.

Invariant: equal to those in everything but rounding (``tests/names/test_few.py`` compares them); pure.
"""

from __future__ import annotations

import functools
from operator import mul
from typing import Final, NamedTuple

import numpy as np

from tansiq.names.births import KINDS
from tansiq.names.evidence import Evidence, is_code
from tansiq.names.facts import Facts, number_key
from tansiq.names.features import RARE, SAME, TELLING
from tansiq.names.fold import folded
from tansiq.names.model import model

__all__ = [
    "MOST_PARTS", "Item", "Name", "Pair", "Person", "Plan", "aligned", "birth_kind", "births", "codes_of", "further_of",
    "parents_at_most", "person_of", "points_of",
]  # fmt: skip

MOST_PARTS: Final = 12
_INITIAL: Final = (float(np.float32(0.6)), float(np.float32(0.4)))
_LIKE, _ENOUGH, _GOOD, _FAIR = 0.6, 15.0, 0.7, 0.5
_YEARS: Final = (2, 5, 6, 7, 7, 7, 8, 8, 8, 8, 8)  # the kind of two births, by the years between them
Pair = tuple[int, int, float]
"""An item, the column of the name's part that explains it, and how alike they are."""


class Item(NamedTuple):
    """One item of a question: ``parts`` are those that resemble it, with their gain and how alike they are; ``initial`` is -1
    where parts are compared.
    """

    text: str
    places: int
    parts: dict[int, tuple[float, float]]
    initial: int
    weight: float
    arabic: bool
    joined: bool


class Plan(NamedTuple):
    """A question: how many parts it has as a ``whole``, its ``items`` and what its places tell; the names ``touched`` by each item, in
    the order in which items are looked up, with what they gain; ``many`` where those are too many.
    """

    whole: int
    items: list[Item]
    weights: list[float]
    total: float
    touched: list[tuple[tuple[int, float], ...]]
    many: bool


class Name(NamedTuple):
    """A name of the register: its parts as numbers, what they tell (``held``), and of which script they are."""

    number: int
    owner: int
    weight: float
    parts: list[int]
    held: list[float]
    arabic: list[bool]
    initials: list[int]


class Person(NamedTuple):
    """A person, or what is asked of one: the first and last day of birth, and documents and nationalities in one form (``keys``,
    ``nations``).
    """

    id: bytes
    span: tuple[int, int]
    facts: Facts
    keys: set[str]
    nations: set[str]


def birth_kind(asked: tuple[int, int], held: tuple[int, int]) -> int:
    """The number of the kind in KINDS, of first and last day each."""
    (first, last), (held_first, held_last) = asked, held
    if not held_first:
        return 0
    years = max(0, first // 10000 - held_last // 10000, held_first // 10000 - last // 10000)
    exact = first == last and held_first == held_last and first % 10000 != 101 and held_first % 10000 != 101
    if years or not exact:
        return _YEARS[years] if years < len(_YEARS) else 9
    if first == held_first:
        return 1
    month, day = first // 100 % 100, first % 100
    return 3 if held_first == first // 10000 * 10000 + day * 100 + month else 4


def aligned(plan: Plan, name: Name) -> list[Pair]:
    """The best pairs first; those of one gain in the order of items and columns."""
    ways = []
    for number, item in enumerate(plan.items):
        if item.initial >= 0:
            same = [column for column, initial in enumerate(name.initials) if initial == item.initial]
            ways += [(-_INITIAL[0], number, column, _INITIAL[1]) for column in same]
        elif item.parts:
            for column, part in enumerate(name.parts):
                if part in item.parts:
                    gain, alike = item.parts[part]
                    ways.append((-gain, number, column, alike))
    ways.sort()
    covered = taken = 0
    out = []
    for _, number, column, alike in ways:
        places = plan.items[number].places
        if not covered & places and not taken >> column & 1:
            covered |= places
            taken |= 1 << column
            out.append((number, column, alike))
    return out


def _left(plan: Plan, name: Name, pairs: list[Pair]) -> tuple[list[float], list[float]]:
    """What places of the question (0 for others) and what parts of the name tell that no pair explains."""
    covered = taken = 0
    for number, column, _ in pairs:
        covered |= plan.items[number].places
        taken |= 1 << column
    missing = [0.0 if covered >> place & 1 else weight for place, weight in enumerate(plan.weights)]
    return missing, [weight for column, weight in enumerate(name.held) if not taken >> column & 1]


def _weighed(left: list[float]) -> tuple[float, int, float]:
    """The sum of what is ``left``, how many of it are parts of a name, and how rare they are."""
    whole, rare, count = 0.0, 0.0, 0
    for weight in left:
        whole += weight
        count += weight > TELLING
        rare += weight - RARE if weight > RARE else 0.0
    return whole, count, rare


@functools.cache
def _weights() -> list[float]:
    return list(model().weights.tolist())


def points_of(plan: Plan, name: Name, pairs: list[Pair]) -> float:
    """The features, weighed and summed."""
    gain = worst = best = 0.0
    loss, unlike = [0.0, 0.0], [0.0, 0.0]
    exact = literal = joined = 0
    for number, column, alike in pairs:
        item = plan.items[number]
        cross, weight, lost = name.arabic[column] != item.arabic, min(name.held[column], item.weight), 1.0 - alike
        gain += weight * alike
        loss[cross] += weight * lost
        unlike[cross] += lost
        worst = max(worst, lost)
        if alike > _LIKE:
            best = max(best, weight)
        exact += alike > SAME
        literal += alike == 1.0
        joined += item.joined
    crossed = any(name.arabic[column] != plan.items[number].arabic for number, column, _ in pairs)
    turns, before = 0, -1
    for number, column, _ in sorted(pairs):
        if number < plan.whole:
            turns += column < before
            before = column
    missing, extra = _left(plan, name, pairs)
    (lacking, lacks, lacks_rare), (beyond, more, more_rare) = _weighed(missing), _weighed(extra)
    told = (
        gain, min(gain, _ENOUGH), *loss, *unlike, exact, len(pairs), joined, crossed, lacking, beyond, min(lacking, beyond),
        lacks, more, min(lacks, more), lacks_rare, more_rare, not lacks, not more, worst, best, plan.total, sum(name.held),
        turns, literal,
    )  # fmt: skip
    return float(sum(map(mul, told, _weights())))


def codes_of(plan: Plan, name: Name, pairs: list[Pair], texts: list[str]) -> tuple[str, ...]:
    """One code for each part of the question in its order, then those about the record, whose parts are ``texts``."""
    missing, extra = _left(plan, name, pairs)
    found = []
    for number, column, alike in sorted(pairs):
        item = plan.items[number]
        code = _code(item, alike, same=item.text == texts[column], cross=name.arabic[column] != item.arabic)
        found.append(((item.places & -item.places).bit_length(), code))
    lacks = "names.part-different" if any(weight > TELLING for weight in extra) else "names.part-missing"
    found += [(place + 1, lacks) for place, weight in enumerate(missing) if weight > 0.0]
    found.sort(key=lambda one: one[0])
    return (*(code for _, code in found), *(("names.more-in-record",) if any(extra) else ()))


def _code(item: Item, alike: float, *, same: bool, cross: bool) -> str:
    if same:
        return "names.part-same"
    if item.joined:
        return "names.part-joined"
    if alike < _FAIR:
        return "names.part-initial" if len(item.text) == 1 else "names.part-near"
    if alike < _GOOD:
        return "names.part-sounds-alike"
    return "names.part-transliterated" if cross else "names.part-spelling"


def person_of(person: bytes, facts: Facts) -> Person:
    """What a person's ``facts`` are, ready to be compared."""
    keys, nations = set(map(number_key, facts.documents)), set(map(folded, facts.nationalities))
    return Person(person, facts.span, facts, keys - {""}, nations - {""})


@functools.cache
def births() -> list[Evidence]:
    """What each kind of two births says, in the order of KINDS."""
    return [(f"names.birth-{kind}", points) for kind, points in zip(KINDS, model().births.tolist(), strict=True)]


@functools.cache
def parents_at_most() -> float:
    """What the names of parents add at most."""
    return sum(max(0.0, model().facts[f"{parent}-same"]) for parent in ("father", "mother"))


def further_of(asked: Person, held: Person) -> list[Evidence]:
    """As ``evidence`` without births and parents, in its order."""
    one, other, out = asked.facts, held.facts, []
    if not asked.keys.isdisjoint(held.keys):
        out.append("document-same")
    if asked.nations and held.nations:
        if not asked.nations.isdisjoint(held.nations):
            out.append("nationality-same")
        elif all(map(is_code, (*one.nationalities, *other.nationalities))):
            out.append("nationality-other")
    if one.sex and other.sex:
        out.append("sex-same" if one.sex == other.sex else "sex-other")
    return [(f"names.{what}", model().facts[what]) for what in out]
