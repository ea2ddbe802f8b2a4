"""The persons of one register in memory, found by any spelling of their names and whatever else is known.

Invariant: what a search answers depends on the question, on each person's own names and facts, and on the fixed size of the
deployment's population: weights are never counted from the index. Whom the asker may not see stands in an index of its own that is
not asked (`search_together`), so it takes no part in finding, ranking, cutting or counting, and costs nothing. Nothing is written
anywhere. Not for use by several threads at once.

Persons come into small segments that are joined as they grow, so adding, changing and removing one costs little at any size.

>>> index = NameIndex()
>>> index.add(b"1", ["محمد بنعلي"], Facts(births=(Birth.of("1980"),)))
>>> [(hit.id, hit.name) for hit in index.search("Mohamed Ben Alí")]
[(b'1', 'محمد بنعلي')]
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from tansiq.names.align import align
from tansiq.names.births import birth_kinds
from tansiq.names.evidence import Evidence, birth_of, evidence, has_more
from tansiq.names.explain import codes
from tansiq.names.facts import Birth, Facts
from tansiq.names.features import features, told_of
from tansiq.names.few import BEST, LACKS, SPARE, Finder, Seen
from tansiq.names.fold import folded
from tansiq.names.likeness import likeness
from tansiq.names.model import DEFAULT_POPULATION, model, probabilities
from tansiq.names.question import Question, question_of
from tansiq.names.segment import Segment, build, contents

__all__ = ["EQUALLY_GOOD", "Hit", "NameIndex", "search_by_any", "search_together"]

Array = npt.NDArray[Any]
_DEPTHS: Final = ((20_000, 120), (200_000, 200), (1 << 40, 300))
_LOOKED_AT: Final = 60  # candidates whose further facts are read
EQUALLY_GOOD: Final = 0.501  # log-odds within which two hits are equally good; weights may differ by just 0.5
_KEPT: Final = 60


@dataclass(frozen=True, slots=True)
class Hit:
    """A person who may be meant: how probable it is, the ``log_odds`` against nobody being meant, the best fitting ``name``, how many
    ``others`` fit as well, and the ``reasons`` as codes: one for each part of the question in its order, then about the whole.
    """

    id: bytes
    probability: float
    log_odds: float
    name: str
    others: int
    reasons: tuple[str, ...]


class _Found(NamedTuple):
    """A hit whose reasons nobody has asked for yet."""

    seen: Seen
    probability: float
    others: int

    def hit(self, *, reasons: bool = True) -> Hit:
        seen = self.seen
        return Hit(seen.id, self.probability, seen.log_odds, seen.name, self.others, seen.reasons() if reasons else ())


class NameIndex:
    """Names of persons, each person under an opaque id of the owner's choosing, in a ``population`` of fixed size."""

    def __init__(self, population: int = DEFAULT_POPULATION) -> None:
        self.population = population
        self._searchers: list[Finder] = []
        self._waiting: dict[bytes, tuple[tuple[str, ...], Facts]] = {}

    def __len__(self) -> int:
        return len(self._waiting) + sum(int(one.segment.alive.sum()) for one in self._searchers)

    def __contains__(self, person: object) -> bool:
        return isinstance(person, bytes) and (person in self._waiting or self._holder(person) is not None)

    def _holder(self, person: bytes) -> tuple[Segment, int] | None:
        for one in self._searchers:
            if (number := one.segment.find(person)) >= 0:
                return one.segment, number
        return None

    def add(self, person: bytes, names: Iterable[str], facts: Facts | None = None) -> None:
        """Makes a person findable under every one of ``names``; who is there already is replaced.

        A name without a letter or digit is left out. Raises BadInput (``names.too-long``), and then nothing has changed.
        """
        known = facts or Facts()
        kept = tuple(dict.fromkeys(names))
        for name in kept:
            folded(name)
        self.remove(person)
        self._waiting[person] = kept, known

    def remove(self, person: bytes) -> bool:
        """Forgets a person; whether there was one."""
        if self._waiting.pop(person, None) is not None:
            return True
        holder = self._holder(person)
        if holder is None:
            return False
        holder[0].alive[holder[1]] = False
        self._searchers = [one for one in self._searchers if one.segment.alive.any()]
        return True

    def load(self, segment: Segment) -> None:
        """Takes a segment that was built elsewhere; none of its persons may be here already."""
        self._searchers.append(Finder(segment))

    def segment(self) -> Segment:
        """All persons in one segment, as it may be kept."""
        self._settle(everything=True)
        return self._searchers[0].segment if self._searchers else build(())

    def _settle(self, *, everything: bool = False) -> None:
        """Puts those who wait into a segment, together with the segments that are no larger."""
        if not self._waiting and not everything:
            return
        several = len(self._searchers) > 1 or any(not one.segment.alive.all() for one in self._searchers)
        if not self._waiting and not several:
            return
        joined, kept, size = [], [], len(self._waiting)
        for one in sorted(self._searchers, key=lambda searcher: searcher.segment.persons):
            if everything or one.segment.persons <= 2 * size:
                joined.append(one.segment)
                size += one.segment.persons
            else:
                kept.append(one)
        persons = chain(*map(contents, joined), ((person, *about) for person, about in self._waiting.items()))
        made = build(persons)
        self._waiting = {}
        self._searchers = [*kept, Finder(made)] if made.persons else kept

    def search(
        self,
        name: str,
        facts: Facts | None = None,
        *,
        limit: int = 10,
        least: float = 0.0,
        reasons: bool = True,
    ) -> list[Hit]:
        """The persons whom ``name`` and ``facts`` may mean, at most ``limit``, best first, each once; those who would be less
        probable than ``least`` if nobody else came into question are left out. Without ``reasons`` it is quicker.

        Raises BadInput (``names.too-long``).
        """
        return search_together((self,), name, facts, limit=limit, least=least, reasons=reasons)

    def found(self, question: Question, asked: Facts, limit: int, least: float) -> list[Seen]:
        """Who may be meant, in no order; one person perhaps by several names."""
        self._settle()
        prior, wanted, out = model().prior(self.population), _log_odds(least) if least else -math.inf, []
        for searcher in self._searchers:
            prepared = searcher.prepared(question)
            seen = searcher.found(prepared, asked, prior=prior, least=wanted)
            out += self._by_arrays(searcher, prepared, asked, limit, wanted) if seen is None else seen
        return out

    def _by_arrays(self, searcher: Finder, prepared: Question, asked: Facts, limit: int, least: float) -> list[Seen]:
        documents = np.array(searcher.bearers(asked), np.int32)
        segment = searcher.segment
        depth = next(depth for size, depth in _DEPTHS if segment.persons <= size)
        names, shared = searcher.candidates(prepared, depth)
        if len(documents):
            fresh = np.setdiff1d(documents, names)
            names, shared = np.concatenate((names, fresh)), np.concatenate((shared, np.zeros(len(fresh), np.float32)))
        if not len(names):
            return []
        if not prepared.parts:
            return _by_facts(segment, names, asked, self.population)
        births, known = birth_of(asked), model()
        if least > -math.inf and not has_more(asked):
            names = names[self._bound(segment, prepared, names, shared, births) > least - SPARE]
            if not len(names):
                return []
        aligned = align(searcher, prepared, names)
        owners = segment.name_persons[names]
        told = told_of(segment, prepared, aligned)
        points = (features(told, prepared) * known.weights).sum(1) + known.prior(
            self.population
        )  # equal rows, equal sums
        if births is not None:
            points += known.births[birth_kinds(births, segment.births[owners])]
        order = np.argsort(-points, kind="stable")
        if has_more(asked):
            points = self._with_facts(segment, owners, points, order, asked, set(documents.tolist()), names)
            order = np.argsort(-points, kind="stable")

        def reasons(at: int) -> tuple[str, ...]:
            held = segment.facts_of(int(owners[at]))
            return (*codes(segment, prepared, aligned, told, at), *_codes(evidence(asked, held, likeness=likeness)))

        floor = least - 2 * SPARE  # who is less probable shares next to nothing
        return [
            Seen(
                segment.person_id(int(owners[at])),
                float(points[at]),
                segment.name_text(int(names[at])),
                partial(reasons, at),
            )
            for at in order[: max(_KEPT, 2 * limit)].tolist()
            if points[at] > floor
        ]

    def _bound(self, segment: Segment, question: Question, names: Array, shared: Array, births: Birth | None) -> Array:
        """What the log-odds of ``names`` are at most, by what they share with the question."""
        weigh = model().named
        lacking = question.weights.sum() - shared > LACKS
        beyond = segment.name_weights[names] - shared > LACKS
        bound = shared * max(0.0, weigh["gain"] + weigh["gain_high"]) + model().prior(self.population) + BEST
        bound += np.where(lacking, weigh["missing_count"], weigh["all_found"])
        bound += np.where(beyond, weigh["extra_count"], weigh["none_extra"]) + np.where(
            lacking & beyond, weigh["both_count"], 0.0
        )
        if births is not None:
            bound += np.maximum(model().births[birth_kinds(births, segment.births[segment.name_persons[names]])], 0.0)
        return bound

    def _with_facts(
        self,
        segment: Segment,
        owners: Array,
        points: Array,
        order: Array,
        asked: Facts,
        documents: set[int],
        names: Array,
    ) -> Array:
        points = points.copy()
        further = Facts(
            nationalities=asked.nationalities,
            documents=asked.documents,
            father=asked.father,
            mother=asked.mother,
            sex=asked.sex,
        )
        looked = {int(at) for at in order[:_LOOKED_AT]} | {
            at for at in range(len(names)) if int(names[at]) in documents
        }
        for at in looked:
            found = evidence(further, segment.facts_of(int(owners[at])), likeness=likeness)
            points[at] += sum(log_odds for _, log_odds in found)
        return points


def search_together(
    indexes: Iterable[NameIndex],
    name: str,
    facts: Facts | None = None,
    *,
    limit: int = 10,
    least: float = 0.0,
    reasons: bool = True,
) -> list[Hit]:
    """As `NameIndex.search`, of the persons of several indexes: those that the asker may see. Ids differ between them.

    Raises BadInput (``names.too-long``).
    """
    found = _together(indexes, name, facts or Facts(), limit, least)
    return [one.hit(reasons=reasons) for one in found]


def search_by_any(
    indexes: Sequence[NameIndex],
    names: Iterable[str],
    facts: Facts | None = None,
    *,
    limit: int = 10,
    least: float = 0.0,
) -> list[Hit]:
    """As `search_together`, of a person who bears all of ``names`` (none: by what else is known); each person found by one of them.

    A single name says who is meant where a longer one does not: many bear it, and who decides learns less. Raises BadInput
    (``names.too-long``).
    """
    asked, best = facts or Facts(), dict[bytes, _Found]()
    for name in sorted(names, key=_words, reverse=True) or [""]:
        for found in _together(indexes, name, asked, limit, least):
            seen, known = found.seen, best.get(found.seen.id)
            if known is None or (seen.log_odds > known.seen.log_odds and _words(seen.name) >= _words(known.seen.name)):
                best[seen.id] = found
    ordered = sorted(best.values(), key=lambda one: (-one.seen.log_odds, one.seen.id))
    return [one.hit() for one in ordered[:limit]]


def _words(name: str) -> int:
    return len(name.split())


def _together(indexes: Iterable[NameIndex], name: str, asked: Facts, limit: int, least: float) -> list[_Found]:
    question, best = question_of(name), dict[bytes, Seen]()
    for index in indexes:
        for found in index.found(question, asked, limit, least):
            if found.id not in best or found.log_odds > best[found.id].log_odds:
                best[found.id] = found
    if not best:
        return []
    return _shares(sorted(best.values(), key=lambda one: (-one.log_odds, one.id)), limit, least)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1.0 - probability)) if probability < 1.0 else math.inf


def _by_facts(segment: Segment, names: Array, asked: Facts, population: int) -> list[Seen]:
    """Those who bear a document asked for, where no name is asked."""
    out = []
    for name in names.tolist():
        owner = int(segment.name_persons[name])
        found = evidence(asked, segment.facts_of(owner), likeness=likeness)
        points = model().prior(population) + sum(log_odds for _, log_odds in found)
        out.append(Seen(segment.person_id(owner), points, segment.name_text(name), partial(_codes, found)))
    return out


def _codes(found: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(code for code, _ in found)


def _shares(ordered: Sequence[Seen], limit: int, least: float) -> list[_Found]:
    log_odds = [found.log_odds for found in ordered]
    out = []
    for found, share in zip(ordered[: max(0, limit)], probabilities(log_odds), strict=False):
        if 1.0 / (1.0 + math.exp(-found.log_odds)) < least:
            break
        others = sum(abs(one - found.log_odds) <= EQUALLY_GOOD for one in log_odds) - 1
        out.append(_Found(found, share, others))
    return out
