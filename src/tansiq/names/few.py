"""The usual search, in a small register or for a rare name: one person after the other, in plain numbers, where few are touched.

Arrays pay when hundreds of names are compared at once; for a handful, each of their small steps costs more than all the sums.

Invariant: what is found here equals what ``index`` finds with arrays: the same persons and names, in the same order, for the same
reasons, with log-odds that differ by rounding alone. Where more would be touched, or no name is asked, ``found`` says None and
the arrays answer. What is kept are tables of the segment's own names, of the last questions, and of what the facts asked last say of
the persons met; never an answer. Not for use by several threads at once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from operator import attrgetter, itemgetter
from typing import Final, NamedTuple, TypeVar

import numpy as np

from tansiq.names.evidence import Evidence, evidence, has_more
from tansiq.names.facts import Facts
from tansiq.names.likeness import likeness
from tansiq.names.model import model
from tansiq.names.one import (
    MOST_PARTS,
    Item,
    Name,
    Pair,
    Person,
    Plan,
    aligned,
    birth_kind,
    births,
    codes_of,
    further_of,
    parents_at_most,
    person_of,
    points_of,
)
from tansiq.names.parts import Part
from tansiq.names.question import Question
from tansiq.names.search import QUESTIONS, Searcher
from tansiq.names.segment import Segment

__all__ = ["BEST", "LACKS", "SPARE", "Finder", "Seen"]

LACKS: Final = 5.5  # nats: more than a part that is written otherwise may lose
BEST: Final = 2.0  # what else may speak for a name at most
SPARE: Final = 1.0
_POSTINGS: Final = 200  # of all parts that resemble one
_TOUCHED: Final = 60  # names: as many as ``index`` reads the facts of
_COMPARED: Final = 16  # names that may reach what is wanted
_KEPT: Final = 4096
_BY_BOUND: Final = itemgetter(0)
K = TypeVar("K")
V = TypeVar("V")


class _Fits(NamedTuple):
    """What an ``item`` finds: the ``best`` gain, and the ``names`` touched with what each gains; ``many``: too many to say."""

    item: Item
    best: float
    names: tuple[tuple[int, float], ...]
    many: bool


class _About(NamedTuple):
    """A person of the register beside whoever is asked for: what is ``known`` but the names, and what that adds."""

    person: Person
    known: list[Evidence]
    points: float


class Seen(NamedTuple):
    """A person who was found, by which ``name``, and the ``reasons`` when they are wanted."""

    id: bytes
    log_odds: float
    name: str
    reasons: Callable[[], tuple[str, ...]]


class Finder(Searcher):
    """A searcher that goes person by person where few are touched."""

    def __init__(self, segment: Segment) -> None:
        super().__init__(segment)
        self._finds: dict[tuple[Part, float], _Fits] = {}
        self._plans: dict[Question, Plan] = {}
        self._names: dict[int, Name] = {}
        self._persons: dict[int, Person] = {}
        self._texts: dict[int, list[str]] = {}
        self._asked = person_of(b"", Facts())
        self._about: dict[int, _About] = {}  # by the number of a person, what is known beside those facts
        self._bearers: list[int] = []

    def found(self, question: Question, asked: Facts, *, prior: float, least: float) -> list[Seen] | None:
        """Who may be meant, each by the name that fits best, with log-odds of ``least`` or a little less; who bears a document asked for
        comes into question whatever the names share with it.
        """
        plan = self._plans.get(question) or self._plan(question)
        if plan.many:
            return None
        shared: dict[int, float] = {}
        for touched in plan.touched:
            for number, gain in touched:
                shared[number] = shared.get(number, 0.0) + gain
        for number in self.bearers(asked):
            shared.setdefault(number, 0.0)
        if len(shared) > _TOUCHED:
            return None
        floor = least - 2 * SPARE - prior
        near = self._near(plan, shared, asked, least - SPARE - prior, floor)
        if len(near) > _COMPARED:
            return None
        # A person is found by one name: what can't reach the best so far is not weighed.
        near.sort(key=_BY_BOUND, reverse=True)
        best: dict[int, tuple[float, int, Name, list[Pair], _About]] = {}
        for bound, place, name, about in near:
            known = best.get(name.owner)
            if known is not None and bound + SPARE < known[0]:
                continue
            pairs = aligned(plan, name)
            points = points_of(plan, name, pairs) + about.points
            if points > floor and (known is None or (points, -place) > (known[0], -known[1])):
                best[name.owner] = points, place, name, pairs, about
        return [
            Seen(
                about.person.id,
                points + prior,
                name.text,
                functools.partial(self._reasons, plan, name, pairs, about.known),
            )
            for points, _, name, pairs, about in best.values()
        ]

    def bearers(self, asked: Facts) -> list[int]:
        """The first names of those who count and bear a document asked for."""
        self._turn_to(asked)
        return [name for name in self._bearers if self.segment.alive[self.segment.name_persons[name]]]

    def _turn_to(self, asked: Facts) -> None:
        """Forgets what was asked before: a person's names are asked for one after the other, with the same facts."""
        if self._asked.facts is not asked:
            self._asked, self._about, self._bearers = person_of(b"", asked), {}, []
            persons = {number for key in self._asked.keys for number in self.segment.bearers(key)}
            for number in sorted(persons):
                first = int(np.searchsorted(self.segment.name_persons, number))
                if first < self.segment.names and self.segment.name_persons[first] == number:
                    self._bearers.append(first)

    def _near(
        self, plan: Plan, shared: dict[int, float], asked: Facts, enough: float, floor: float
    ) -> list[tuple[float, int, Name, _About]]:
        """The names that may reach what is wanted: what they reach at most, their place, and what else is known of their persons."""
        further = has_more(asked)
        named = Facts(father=asked.father, mother=asked.mother) if asked.father or asked.mother else None
        parents = parents_at_most() if named else 0.0
        lowest = floor if further else enough
        slope, ends = _bounds()
        near = []
        for place, (number, gain) in enumerate(shared.items()):
            name = self._names.get(number) or self._name(number)
            about = self._about.get(name.owner) or self._beside(name.owner, further=further)
            bound = gain * slope + ends[plan.total - gain > LACKS, name.weight - gain > LACKS]
            more = about.points if further else max(about.points, 0.0)
            if bound + more + parents <= lowest or not self.segment.alive[name.owner]:
                continue
            if named:
                said = evidence(named, about.person.facts, likeness=likeness)
                points = about.points + sum(points for _, points in said)
                about = _About(about.person, [*about.known, *said], points)
            near.append((bound + about.points, place, name, about))
        return near

    def _beside(self, number: int, *, further: bool) -> _About:
        """What is known of a person beside the facts asked, but parents."""
        asked, held = self._asked, self._persons.get(number) or self._person(number)
        known, points = [], 0.0
        if asked.facts.births:
            code, points = births()[birth_kind(asked.span, held.span)]
            if held.facts.births:
                known.append((code, points))
        if further:
            known += (said := further_of(asked, held))
            points += sum(more for _, more in said)
        about = self._about[number] = _About(held, known, points)
        return about

    def _reasons(self, plan: Plan, name: Name, pairs: list[Pair], known: list[Evidence]) -> tuple[str, ...]:
        texts = self._texts.get(name.number)
        if texts is None:
            texts = _keep(self._texts, name.number, self.segment.part_texts(name.number))
        return (*codes_of(plan, name, pairs, texts), *(code for code, _ in known))

    def _plan(self, question: Question) -> Plan:
        finds = []
        for item in question.items:
            key = (item.part, item.penalty)
            finds.append(self._finds.get(key) or _keep(self._finds, key, self._fits(*key)))
        plan = Plan(
            len(question.parts),
            [fits.item for fits in finds],
            [item.places for item in question.items],
            question.tells,
            sum(question.tells),
            [fits.names for fits in sorted(finds, key=attrgetter("best"), reverse=True)],
            not question.parts or any(fits.many for fits in finds),
            {},
        )
        return _keep(self._plans, question, plan, QUESTIONS)

    def _fits(self, part: Part, penalty: float) -> _Fits:
        """What ``part`` finds here; the names in the order in which arrays would meet them."""
        like, segment = self.like(part), self.segment
        item = Item(part.text, {}, -1, float(np.float32(part.weight)), part.arabic, penalty > 0)
        first, last = segment.posting_offsets[like.parts], segment.posting_offsets[like.parts + 1]
        if int((last - first).sum()) > _POSTINGS:
            return _Fits(item, 0.0, (), many=True)
        gains = (like.gains - penalty).tolist()
        names: dict[int, float] = {}
        for at in np.argsort(like.gains).tolist():
            for number in segment.postings[first[at] : last[at]].tolist():
                names.pop(number, None)
                names[number] = gains[at]
        every = zip(like.parts.tolist(), gains, like.alike.tolist(), strict=True)
        item.parts.update((number, (gain, alike)) for number, gain, alike in every if gain > 0)
        if len(part.text) == 1 and not names:
            item = item._replace(initial=part.initial & 255)
        return _Fits(item, float(like.gains.max(initial=0.0)), tuple(names.items()), many=False)

    def _name(self, number: int) -> Name:
        segment = self.segment
        first, last = segment.name_offsets[number : number + 2].tolist()
        parts = segment.name_parts[first : min(first + MOST_PARTS, last)]
        held = segment.weights[parts].tolist()
        made = Name(
            number,
            int(segment.name_persons[number]),
            float(segment.name_weights[number]),
            parts.tolist(),
            held,
            sum(held),
            segment.arabic[segment.reading_offsets[parts]].tolist(),
            segment.initials[parts].tolist(),
            segment.name_text(number),
            {},
        )
        return _keep(self._names, number, made)

    def _person(self, number: int) -> Person:
        return _keep(self._persons, number, person_of(self.segment.person_id(number), self.segment.facts_of(number)))


def _keep(kept: dict[K, V], key: K, value: V, most: int = _KEPT) -> V:
    if len(kept) >= most:
        kept.clear()
    kept[key] = value
    return value


@functools.cache
def _bounds() -> tuple[float, dict[tuple[bool, bool], float]]:
    """What a name adds at most, by what it shares and whether much is lacking and beyond; as ``index`` has it."""
    weigh = model().named
    lacks, more, both = (
        (weigh["all_found"], weigh["missing_count"]),
        (weigh["none_extra"], weigh["extra_count"]),
        weigh["both_count"],
    )
    ends = {
        (one, two): BEST + lacks[one] + more[two] + both * (one and two)
        for one in (False, True)
        for two in (False, True)
    }
    return max(0.0, weigh["gain"] + weigh["gain_high"]), ends
