"""What an alignment says, as numbers that are weighed and summed.

Invariant: every number belongs to one place of the question or to the whole name, so that the sum can be told part by part
(``explain``). Alignments that are equal give equal numbers, whatever else stands in the segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.align import Aligned
from tansiq.names.question import Question
from tansiq.names.segment import Segment

__all__ = ["FEATURES", "RARE", "SAME", "TELLING", "Told", "features", "told_of"]

Array = npt.NDArray[Any]
FEATURES: Final = (
    "gain", "gain_high", "loss_same", "loss_cross", "unlike_same", "unlike_cross", "exact", "pairs", "joined", "crossed",
    "missing", "extra", "both", "missing_count", "extra_count", "both_count", "missing_rare", "extra_rare", "all_found",
    "none_extra", "worst", "best_weight", "size_asked", "size_held", "crossing", "literal",
)  # fmt: skip
TELLING: Final = 2.5
"""A part that tells less than this, in nats, is no name: a title, an initial."""
RARE: Final = 6.0
_ENOUGH: Final = 15.0
_LIKE: Final = 0.6
SAME: Final = 0.995


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """For each candidate and item: whether it is ``found``, in the other script (``cross``), what it tells (``weight``) and how
    ``alike`` it is; for each place what is ``missing``; for each part of the record what is ``extra``; how often the order of
    parts turns (``crossing``), and for how many items the very same signs stand there (``literal``).
    """

    found: Array
    cross: Array
    weight: Array
    alike: Array
    missing: Array
    extra: Array
    held: Array
    joined: Array
    crossing: Array
    literal: Array


def told_of(segment: Segment, question: Question, aligned: Aligned) -> Told:
    """Looks up what each pair of parts tells."""
    found = aligned.match >= 0
    safe = np.maximum(aligned.parts, 0)
    held = np.where(aligned.inside, segment.weights[safe], 0.0)
    arabic = segment.arabic[segment.reading_offsets[safe]]
    column = np.maximum(aligned.match, 0)
    rows = np.arange(len(aligned.names))[:, None]
    covered = found.astype(np.float32) @ question.places > 0
    return Told(
        found=found,
        cross=(arabic[rows, column] != question.arabic) & found,
        weight=np.minimum(held[rows, column], question.item_weights) * found,
        alike=aligned.alike * found,
        missing=np.where(covered, 0.0, question.weights),
        extra=np.where(aligned.inside & ~aligned.taken, held, 0.0),
        held=held,
        joined=found & question.compound,
        crossing=_crossing(aligned.match, len(question.parts)),
        literal=aligned.alike == 1.0,
    )


def _crossing(match: Array, places: int) -> Array:
    """How often a part of the record stands before the one that the question has before it."""
    before = np.full(len(match), -1)
    turns = np.zeros(len(match), np.float32)
    for place in range(min(places, match.shape[1])):
        now = match[:, place]
        there = now >= 0
        turns += there & (now < before)
        before = np.where(there, now, before)
    return turns


def features(told: Told, question: Question) -> Array:
    """One row of FEATURES for each candidate."""
    weight, alike, found, cross = told.weight, told.alike, told.found, told.cross
    missing, extra = told.missing, told.extra
    missing_count, extra_count = (missing > TELLING).sum(1), (extra > TELLING).sum(1)
    lacking, beyond = missing.sum(1), extra.sum(1)
    gain = (weight * alike).sum(1)
    unlike = (1.0 - alike) * found
    loss = weight * unlike
    out = np.empty((len(found), len(FEATURES)), np.float32)
    for number, column in enumerate((
        gain,
        np.minimum(gain, _ENOUGH),
        (loss * ~cross).sum(1),
        (loss * cross).sum(1),
        (unlike * ~cross).sum(1),
        (unlike * cross).sum(1),
        (alike > SAME).sum(1),
        found.sum(1),
        told.joined.sum(1),
        cross.any(1),
        lacking,
        beyond,
        np.minimum(lacking, beyond),
        missing_count,
        extra_count,
        np.minimum(missing_count, extra_count),
        np.maximum(missing - RARE, 0.0).sum(1),
        np.maximum(extra - RARE, 0.0).sum(1),
        missing_count == 0,
        extra_count == 0,
        unlike.max(1, initial=0.0),
        (weight * (alike > _LIKE)).max(1, initial=0.0),
        np.full(len(found), question.weights.sum()),
        told.held.sum(1),
        told.crossing,
        told.literal.sum(1),
    )):  # fmt: skip
        out[:, number] = column
    return out
