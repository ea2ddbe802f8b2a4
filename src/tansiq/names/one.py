"""One name and person against one question, in plain numbers: as ``align``, ``features``, ``explain``, ``births`` and ``evidence``.

Invariant: equal to those in everything but rounding (``tests/names/test_few.py`` compares them); pure.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from operator import itemgetter, mul
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
Left = tuple[float, int, float]
"""Of what no pair explains: what it tells, how much of it are parts of a name, and how rare they are."""


class Item(NamedTuple):
    """One item of a question, wherever it stands: ``parts`` are those that resemble it, with their gain and how alike they are;
    ``initial`` is -1 where parts are compared.
    """

    text: str
    parts: dict[int, tuple[float, float]]
    initial: int
    weight: float
    arabic: bool
    joined: bool


class Plan(NamedTuple):
    """A question: how many parts it has as a ``whole``, its ``items`` with the ``places`` that each covers, and what each place tells;
    the names ``touched`` by each item, in the order in which items are looked up, with what they gain; ``many`` where those are too many;
    and what is ``lacking`` where some places are explained (their bits), as far as it was asked for.
    """

    whole: int
    items: list[Item]
    places: list[int]
    weights: Sequence[float]
    total: float
    touched: list[tuple[tuple[int, float], ...]]
    many: bool
    lacking: dict[int, Left]


class Name(NamedTuple):
    """A name of the register, its ``text`` and its parts as numbers: what they tell (``held``, together ``total``), and of which script
    they are; ``beyond`` as a plan's ``lacking``.
    """

    number: int
    owner: int
    weight: float
    parts: list[int]
    held: list[float]
    total: float
    arabic: list[bool]
    initials: list[int]
    text: str
    beyond: dict[int, Left]


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
        places = plan.places[number]
        if not covered & places and not taken >> column & 1:
            covered |= places
            taken |= 1 << column
            out.append((number, column, alike))
    return out


def _seen(plan: Plan, pairs: list[Pair]) -> tuple[int, int]:
    """The places of the question and the columns of the name that pairs explain, as bits."""
    covered = taken = 0
    for number, column, _ in pairs:
        covered |= plan.places[number]
        taken |= 1 << column
    return covered, taken


def _left(weights: Sequence[float], seen: int, known: dict[int, Left]) -> Left:
    """What is left of ``weights`` whose bit is not ``seen``; remembered in ``known``, for few ways of explaining a name occur."""
    whole, rare, count = 0.0, 0.0, 0
    for at, weight in enumerate(weights):
        if not seen >> at & 1:
            whole += weight
            if weight > TELLING:
                count += 1
                if weight > RARE:
                    rare += weight - RARE
    known[seen] = whole, count, rare
    return known[seen]


@functools.cache
def _weights() -> list[float]:
    return list(model().weights.tolist())


def points_of(plan: Plan, name: Name, pairs: list[Pair]) -> float:
    """The features, weighed and summed."""
    gain = worst = best = loss = unlike = loss_cross = unlike_cross = 0.0
    exact = literal = joined = turns = covered = taken = 0
    crossed = False
    for number, column, alike in pairs:
        item, held = plan.items[number], name.held[column]
        weight, lost = min(item.weight, held), 1.0 - alike
        gain += weight * alike
        if name.arabic[column] == item.arabic:
            loss += weight * lost
            unlike += lost
        else:
            crossed = True
            loss_cross += weight * lost
            unlike_cross += lost
        worst = max(worst, lost)
        if alike > _LIKE and weight > best:
            best = weight
        exact += alike > SAME
        literal += alike == 1.0
        joined += item.joined
        covered |= plan.places[number]
        taken |= 1 << column
    if len(pairs) > 1:
        before = -1
        for number, column, _ in sorted(pairs):
            if number < plan.whole:
                turns += column < before
                before = column
    lacking, lacks, lacks_rare = plan.lacking.get(covered) or _left(plan.weights, covered, plan.lacking)
    beyond, more, more_rare = name.beyond.get(taken) or _left(name.held, taken, name.beyond)
    told = (
        gain, min(gain, _ENOUGH), loss, loss_cross, unlike, unlike_cross, exact, len(pairs), joined, crossed, lacking, beyond,
        min(lacking, beyond), lacks, more, min(lacks, more), lacks_rare, more_rare, not lacks, not more, worst, best, plan.total,
        name.total, turns, literal,
    )  # fmt: skip
    return float(sum(map(mul, told, _weights())))


def codes_of(plan: Plan, name: Name, pairs: list[Pair], texts: list[str]) -> tuple[str, ...]:
    """One code for each part of the question in its order, then those about the record, whose parts are ``texts``."""
    covered, taken = _seen(plan, pairs)
    extra = [weight for column, weight in enumerate(name.held) if not taken >> column & 1]
    found = []
    for number, column, alike in sorted(pairs):
        item, places = plan.items[number], plan.places[number]
        code = _code(item, alike, same=item.text == texts[column], cross=name.arabic[column] != item.arabic)
        found.append(((places & -places).bit_length(), code))
    lacks = "names.part-different" if any(weight > TELLING for weight in extra) else "names.part-missing"
    found += [
        (place + 1, lacks) for place, weight in enumerate(plan.weights) if weight > 0.0 and not covered >> place & 1
    ]
    found.sort(key=itemgetter(0))
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


_nation = functools.lru_cache(maxsize=1024)(folded)


def person_of(person: bytes, facts: Facts) -> Person:
    """What a person's ``facts`` are, ready to be compared."""
    keys, nations = set(map(number_key, facts.documents)), set(map(_nation, facts.nationalities))
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
