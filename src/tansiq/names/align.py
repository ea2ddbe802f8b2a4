"""Which part of a record explains which part of the question: the best pairs first, in any order, for many records at once.

Invariant: no part of a record and no place of the question is used twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.question import Question
from tansiq.names.search import Searcher

__all__ = ["Aligned", "align"]

Array = npt.NDArray[Any]
_MOST_PARTS: Final = 12
_INITIAL: Final = (0.6, 0.4)  # what an initial gains, and how alike it counts


@dataclass(frozen=True, slots=True, eq=False)
class Aligned:
    """Candidates and how they align: ``names`` (k), their ``parts`` (k, m; -1 where ``inside`` is false), for each item the
    column that explains it (``match``, -1: none) and how ``alike`` they are, and which columns are ``taken``.
    """

    names: Array
    parts: Array
    match: Array
    alike: Array
    inside: Array
    taken: Array


def align(searcher: Searcher, question: Question, names: Array) -> Aligned:
    """Aligns every one of ``names`` with the question."""
    segment, value = searcher.segment, searcher.scratch
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
        like = searcher.like(item.part)
        if len(item.part.text) == 1 and not len(like.parts):
            same = (segment.initials[safe] == (item.part.initial & 255)) & inside
            gain[:, number][same] = _INITIAL[0]
            alike[:, number][same] = _INITIAL[1]
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
    conflict = question.conflicts
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
        out_alike[rows, item] = alike[rows, item, column]
        taken[rows, column] = True
        work[conflict[item]] = -1.0
        work[np.arange(len(rows)), :, column] = -1.0
    return Aligned(names, parts, match, out_alike, inside, taken)
