"""Finding who may be meant in one segment: first by shared parts, then part by part.

Invariant: who is not ``alive`` or not visible takes no part in anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.distance import distances
from tansiq.names.compounds import Unit
from tansiq.names.parts import Part, part_of
from tansiq.names.question import Question, cut, with_halves
from tansiq.names.segment import Segment

__all__ = ["Aligned", "Searcher"]

Array = npt.NDArray[Any]
_MOST_LIKE: Final = 6000  # parts of the vocabulary that are compared with one part asked for
_KEPT: Final = 4096
SLOPE: Final = 1.1
LEAST_ALIKE: Final = 0.3
LEAST_HALF: Final = 0.8
_MOST_PARTS: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Like:
    """The parts of a vocabulary that resemble one part: their numbers, costs and gains (nats)."""

    parts: Array
    costs: Array
    gains: Array
    alike: Array


@dataclass(slots=True, eq=False)
class Aligned:
    """Candidates and how they align: for each name (row) and place of the question what it is matched with."""

    names: Array      # (k,)
    parts: Array      # (k, m) padded with -1
    match: Array      # (k, items) column of the part that explains the item, or -1
    gain: Array       # (k, items)
    alike: Array      # (k, items) 0 to 1
    inside: Array     # (k, m) bool
    taken: Array      # (k, m) bool


class Searcher:
    """One segment with what makes searching it quick. Not for several threads at once."""

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self._likes: dict[str, Like] = {}
        self._score = np.zeros(segment.names, np.float32)
        self._value = np.zeros(len(segment.weights), np.float32)

    def like(self, part: Part) -> Like:
        """The parts of this segment that resemble ``part``."""
        found = self._likes.get(part.text)
        if found is None:
            if len(self._likes) >= _KEPT:
                self._likes.clear()
            found = self._likes[part.text] = self._like(part)
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
            return Like(near, nothing, nothing, nothing)
        first, last = segment.reading_offsets[near], segment.reading_offsets[near + 1]
        counts = last - first
        rows = np.arange(counts.sum()) + np.repeat(first - (np.cumsum(counts) - counts), counts)
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
        return Like(near[kept], costs[kept], gains[kept], alike[kept])

    def prepared(self, question: Question) -> Question:
        """The question with its long parts cut in two where this segment knows both pieces."""
        pairs = []
        for place, part in enumerate(question.parts):
            best: tuple[float, str, str] = (0.0, "", "")
            for one, other in cut(part.text):
                first, second = part_of(Unit(one, (one,))), part_of(Unit(other, (other,)))
                if self._known(first) and self._known(second):
                    worth = min(self._closest(first), self._closest(second))
                    if worth > best[0]:
                        best = worth, one, other
            if best[0] > LEAST_HALF:
                pairs.append((place, best[1], best[2]))
        return with_halves(question, pairs)

    def _known(self, part: Part) -> bool:
        keys = np.array(part.keys, np.uint32)
        at = np.searchsorted(self.segment.key_hashes, keys)
        at[at == len(self.segment.key_hashes)] = 0
        return bool((self.segment.key_hashes[at] == keys).any())

    def _closest(self, part: Part) -> float:
        like = self.like(part)
        return float(like.alike.max()) if len(like.alike) else 0.0

    def candidates(self, question: Question, depth: int, visible: Array | None) -> Array:
        """The ``depth`` names that share most with the question."""
        segment, score, value = self.segment, self._score, self._value
        touched: list[Array] = []
        items = [(item, self.like(item.part)) for item in question.items]
        for item, like in items:
            if not len(like.parts):
                continue
            order = np.argsort(like.gains)
            parts, gains = like.parts[order], like.gains[order] - item.penalty
            first, counts = segment.posting_offsets[parts], segment.posting_offsets[parts + 1] - segment.posting_offsets[parts]
            total = int(counts.sum())
            at = np.arange(total) + np.repeat(first - (np.cumsum(counts) - counts), counts)
            names = segment.postings[at]
            worth = np.repeat(gains, counts)
            before = score[names]
            score[names] = before + worth
            touched.append(names)
        if not touched:
            return np.zeros(0, np.int32)
        names = np.unique(np.concatenate(touched))
        points = score[names]
        score[names] = 0.0
        points = points - 0.25 * np.maximum(segment.name_weights[names] - points, 0)
        keep = segment.alive[segment.name_persons[names]]
        if visible is not None:
            keep &= visible[segment.name_persons[names]]
        if not keep.all():
            names, points = names[keep], points[keep]
        if len(names) > depth:
            top = np.argpartition(-points, depth)[:depth]
            names = names[top]
        return names

    def align(self, question: Question, names: Array) -> Aligned:
        """Aligns every one of ``names`` with the question, best pairs first."""
        segment, value = self.segment, self._value
        k = len(names)
        first = segment.name_offsets[names]
        counts = np.minimum(segment.name_offsets[names + 1] - first, _MOST_PARTS)
        m = int(counts.max()) if k else 0
        columns = np.arange(m)
        inside = columns[None, :] < counts[:, None]
        parts = np.where(inside, segment.name_parts[np.minimum(first[:, None] + columns, len(segment.name_parts) - 1)], -1)
        items = question.items
        gain = np.full((k, len(items), m), -1.0, np.float32)
        alike = np.zeros((k, len(items), m), np.float32)
        safe = np.maximum(parts, 0)
        for number, item in enumerate(items):
            like = self.like(item.part)
            if len(item.part.text) == 1 and not len(like.parts):
                same = (segment.initials[safe] == (item.part.initial & 255)) & inside
                gain[:, number][same] = 0.6
                alike[:, number][same] = 0.4
                continue
            if not len(like.parts):
                continue
            value[like.parts] = like.gains - item.penalty
            got = value[safe]
            value[like.parts] = like.alike
            alike[:, number] = value[safe]
            value[like.parts] = 0.0
            gain[:, number] = np.where(inside & (got > 0), got, -1.0)
        match = np.full((k, len(items)), -1, np.intp)
        taken = np.zeros((k, m), np.bool_)
        conflict = np.array([[bool(a.places & b.places) for b in items] for a in items])
        out_gain = np.zeros((k, len(items)), np.float32)
        out_alike = np.zeros((k, len(items)), np.float32)
        work = gain
        rows = np.arange(k)
        for _ in range(len(question.weights)):
            flat = work.reshape(len(rows), -1)
            best = flat.argmax(axis=1)
            points = flat[np.arange(len(rows)), best]
            going = points > 0
            if not going.any():
                break
            if not going.all():
                rows, best, points, work = rows[going], best[going], points[going], work[going]
            item, column = best // m, best % m
            match[rows, item] = column
            out_gain[rows, item] = points
            out_alike[rows, item] = alike[rows, item, column]
            taken[rows, column] = True
            work[conflict[item]] = -1.0
            work[np.arange(len(rows)), :, column] = -1.0
        return Aligned(names, parts, match, out_gain, out_alike, inside, taken)
