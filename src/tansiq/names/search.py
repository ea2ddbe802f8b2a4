"""Finding who may be meant in one segment: first by shared parts, then part by part.

Invariant: who is not ``alive`` takes no part in anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.compounds import Unit
from tansiq.names.distance import distances
from tansiq.names.parts import Part, part_of
from tansiq.names.question import SHORTEST_CUT, Question, cut, with_halves
from tansiq.names.segment import Segment

__all__ = ["QUESTIONS", "Like", "Searcher"]

Array = npt.NDArray[Any]
_KEPT: Final = 4096
QUESTIONS: Final = 64  # no more of them are kept in memory
SLOPE: Final = 1.1
LEAST_ALIKE: Final = 0.3
LEAST_HALF: Final = 0.8
_MANY: Final = 4000
_UNTOLD: Final = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class Like:
    """The parts of a vocabulary that resemble one part: their numbers, what finding them gains (nats), and how alike
    they are, 0 to 1.
    """

    parts: Array
    gains: Array
    alike: Array


class Searcher:
    """One segment with what makes searching it quick. Not for several threads at once."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._likes: dict[Part, Like] = {}
        self._cuts: dict[Part, tuple[str, str] | None] = {}
        self._prepared: dict[Question, Question] = {}
        self._score = np.zeros(segment.names, np.float32)
        self._mark = np.zeros(segment.names, np.int32)
        self.scratch = np.zeros(len(segment.weights), np.float32)

    def like(self, part: Part) -> Like:
        """The parts of this segment that resemble ``part``."""
        found = self._likes.get(part)
        if found is None:
            if len(self._likes) >= _KEPT:
                self._likes.clear()
            found = self._likes[part] = self._like(part)
        return found

    def _candidates(self, part: Part) -> Array:
        segment = self.segment
        keys = np.array(part.keys, np.uint32)
        first = np.searchsorted(segment.key_hashes, keys, "left")
        last = np.searchsorted(segment.key_hashes, keys, "right")
        pieces = [segment.key_parts[a:b] for a, b in zip(first, last, strict=True) if b > a]
        return np.unique(np.concatenate(pieces)) if pieces else np.zeros(0, np.int32)

    def _like(self, part: Part) -> Like:
        segment = self.segment
        near = self._candidates(part)
        if not len(near):
            nothing = np.zeros(0, np.float32)
            return Like(near, nothing, nothing)
        first, last = segment.reading_offsets[near], segment.reading_offsets[near + 1]
        counts = last - first
        rows = _ranges(first, counts)
        signs, lengths, arabic = segment.signs[rows], segment.lengths[rows].astype(np.intp), segment.arabic[rows]
        best = np.full(len(rows), 99.0, np.float32)
        for reading in part.readings:
            np.minimum(best, distances(reading.signs, signs, lengths, arabic) + reading.penalty, out=best)
        best += segment.penalties[rows]
        costs = np.minimum.reduceat(best, np.cumsum(counts) - counts)
        weights = np.minimum(segment.weights[near], part.weight)
        lengths = np.maximum(segment.lengths[first], len(part.readings[0].signs)).astype(np.float32)
        alike = 1.0 / (1.0 + (costs / (SLOPE * lengths)) ** 2)
        gains = weights * alike
        kept = alike > LEAST_ALIKE
        return Like(near[kept], gains[kept], alike[kept])

    def prepared(self, question: Question) -> Question:
        """The question with its long parts cut in two, where the whole is unknown here and both pieces are known."""
        prepared = self._prepared.get(question)
        if prepared is None:
            cuts = [(place, self._cut(part)) for place, part in enumerate(question.parts)]
            prepared = with_halves(question, [(place, *pieces) for place, pieces in cuts if pieces])
            if len(self._prepared) >= QUESTIONS:
                self._prepared.clear()
            self._prepared[question] = prepared
        return prepared

    def _cut(self, part: Part) -> tuple[str, str] | None:
        """Two pieces of a long part that are better known here than the whole; None when there are none."""
        if len(part.text) < SHORTEST_CUT:
            return None
        if part not in self._cuts:
            if len(self._cuts) >= _KEPT:
                self._cuts.clear()
            self._cuts[part] = None if self._closest(part) > LEAST_HALF else self._pieces(part)
        return self._cuts[part]

    def _pieces(self, part: Part) -> tuple[str, str] | None:
        known = []
        for one, other in cut(part.text):
            first, second = part_of(Unit(one, (one,))), part_of(Unit(other, (other,)))
            if self._known(first) and self._known(second):
                known.append((min(first.weight, second.weight), one, other))
        return max(known)[1:] if known else None

    def _known(self, part: Part) -> bool:
        hashes = self.segment.key_hashes
        at = int(np.searchsorted(hashes, np.uint32(part.exact)))
        return at < len(hashes) and int(hashes[at]) == part.exact

    def _closest(self, part: Part) -> float:
        return float(self.like(part).alike.max(initial=0.0))

    def candidates(self, question: Question, depth: int) -> tuple[Array, Array]:
        """The ``depth`` names that share most with the question, of persons who are alive, and how much."""
        segment, score = self.segment, self._score
        asked = [(item.penalty, like) for item in question.items if len((like := self.like(item.part)).parts)]
        asked.sort(key=lambda pair: -float(pair[1].gains.max()))
        rest = [0.0]
        for penalty, like in reversed(asked):
            rest.append(rest[-1] + float(like.gains.max()) - penalty)
        rest.reverse()
        names: Array = np.zeros(0, np.int32)
        for number, (penalty, like) in enumerate(asked):
            first, last = segment.posting_offsets[like.parts], segment.posting_offsets[like.parts + 1]
            total = int((last - first).sum())
            if total > _MANY and len(names) > depth:
                points = score[names]
                floor = float(np.partition(points, len(points) - depth)[len(points) - depth])
                if floor > rest[number]:
                    kept = points + rest[number] >= floor
                    score[names[~kept]] = 0.0
                    names = names[kept]
                    self._add_known(names, penalty, like)
                    continue
            names = self._add_all(names, penalty, like, first, last - first)
        shared: Array = score[names]
        score[names] = 0.0
        points = shared - _UNTOLD * np.maximum(segment.name_weights[names] - shared, 0.0)
        keep = segment.alive[segment.name_persons[names]]
        if not keep.all():
            names, points, shared = names[keep], points[keep], shared[keep]
        if len(names) > depth:
            top = np.argpartition(-points, depth)[:depth]
            names, shared = names[top], shared[top]
        return names, shared

    def _add_all(self, names: Array, penalty: float, like: Like, first: Array, counts: Array) -> Array:
        """Adds what one item gains to all names that hold a part like it; returns all names touched so far."""
        order = np.argsort(like.gains)
        counts = counts[order]
        found = self.segment.postings[_ranges(first[order], counts)]
        before = self._score[found]
        self._score[found] = before + np.repeat(like.gains[order] - penalty, counts)  # the last one stays: the best
        fresh = found[before == 0.0]
        numbers = np.arange(len(fresh), dtype=np.int32)
        self._mark[fresh] = numbers
        return np.concatenate((names, fresh[self._mark[fresh] == numbers]))

    def _add_known(self, names: Array, penalty: float, like: Like) -> None:
        """Adds what one item gains to ``names`` alone."""
        if not len(names):
            return
        segment = self.segment
        self.scratch[like.parts] = like.gains - penalty
        first = segment.name_offsets[names]
        counts = segment.name_offsets[names + 1] - first
        values = self.scratch[segment.name_parts[_ranges(first, counts)]]
        self._score[names] += np.maximum.reduceat(values, np.cumsum(counts) - counts)
        self.scratch[like.parts] = 0.0


def _ranges(first: Array, counts: Array) -> Array:
    """The numbers ``first`` to ``first + count - 1`` of each pair, one after the other."""
    ends = np.cumsum(counts)
    return np.asarray(np.arange(ends[-1] if len(ends) else 0) + np.repeat(first - (ends - counts), counts))
