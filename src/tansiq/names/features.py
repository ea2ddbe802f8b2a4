"""What an alignment says, as numbers that are weighed and summed.

Invariant: every number belongs to one place of the question, or to the whole name; the whole is the sum, so that it can be
told part by part.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.question import Question
from tansiq.names.search import Aligned
from tansiq.names.segment import Segment

__all__ = ["FEATURES", "features"]

Array = npt.NDArray[Any]
FEATURES: Final = (
    "gain", "gain_high", "loss_same", "loss_cross", "unlike_same", "unlike_cross", "exact", "pairs", "joined", "crossed",
    "missing", "extra", "both", "missing_count", "extra_count", "both_count", "missing_rare", "extra_rare", "single", "all_found", "none_extra",
    "inversions", "repeat", "initial", "worst", "worst2", "best_weight", "size_q", "size_r",
)  # fmt: skip


def features(segment: Segment, question: Question, aligned: Aligned) -> Array:
    """One row of FEATURES for each candidate."""
    items = question.items
    k = len(aligned.names)
    found = aligned.match >= 0
    safe = np.maximum(aligned.parts, 0)
    weights = np.where(aligned.inside, segment.weights[safe], 0.0)
    readings = segment.reading_offsets[safe]
    arabic = segment.arabic[readings]
    column = np.maximum(aligned.match, 0)
    rows = np.arange(k)[:, None]
    own = np.array([item.part.readings[0].signs[:1] for item in items])
    from tansiq.names.distance import is_arabic  # noqa: PLC0415

    asked_arabic = np.array([is_arabic(item.part.readings[0].signs) for item in items])
    del own
    cross = (arabic[rows, column] != asked_arabic[None, :]) & found
    same = found & ~cross
    weight = np.minimum(weights[rows, column], np.array([item.part.weight for item in items])[None, :]) * found
    alike = aligned.alike * found
    places = np.array([[bool(item.places >> at & 1) for at in range(len(question.weights))] for item in items])
    covered = (found[:, :, None] & places[None]).any(axis=1)
    asked = np.array(question.weights)
    missing = np.where(covered, 0.0, asked[None, :])
    free = aligned.inside & ~aligned.taken
    extra = np.where(free, weights, 0.0)
    real_missing = (missing > 2.5)
    real_extra = (extra > 2.5)
    nm, ne = real_missing.sum(1), real_extra.sum(1)
    m, e = missing.sum(1), extra.sum(1)
    out = {
        "gain": (weight * alike).sum(1),
        "gain_high": np.minimum((weight * alike).sum(1), 15.0),
        "loss_same": (weight * (1 - alike) * same).sum(1),
        "loss_cross": (weight * (1 - alike) * cross).sum(1),
        "unlike_same": ((1 - alike) * same).sum(1),
        "unlike_cross": ((1 - alike) * cross).sum(1),
        "exact": (found & (alike > 0.995)).sum(1),
        "pairs": found.sum(1),
        "joined": (found & np.array([item.penalty > 0 for item in items])[None]).sum(1),
        "crossed": cross.any(1),
        "missing": m,
        "extra": e,
        "both": np.minimum(m, e),
        "missing_count": nm,
        "extra_count": ne,
        "both_count": np.minimum(nm, ne),
        "missing_rare": np.maximum(missing - 6.0, 0.0).sum(1),
        "extra_rare": np.maximum(extra - 6.0, 0.0).sum(1),
        "single": found.sum(1) == 1,
        "all_found": nm == 0,
        "none_extra": ne == 0,
    }
    inv = np.zeros(k)
    base = column[:, : len(question.parts)]
    ok = found[:, : len(question.parts)]
    last = np.full(k, -1)
    for at in range(len(question.parts)):
        inv += ok[:, at] & (base[:, at] < last)
        last = np.where(ok[:, at], base[:, at], last)
    out["inversions"] = np.maximum(inv - 1, 0)
    out["repeat"] = inv > 0
    single = np.array([len(item.part.text) == 1 for item in items])
    out["initial"] = (found & single[None]).sum(1)
    sorted_alike = np.sort(np.where(found, alike, 1.0), axis=1)
    out["worst"] = 1 - sorted_alike[:, 0]
    out["worst2"] = 1 - sorted_alike[:, 1] if sorted_alike.shape[1] > 1 else np.zeros(k)
    out["best_weight"] = (weight * (alike > 0.6)).max(1)
    out["size_q"] = np.full(k, float(asked.sum()))
    out["size_r"] = weights.sum(1)
    return np.stack([np.asarray(out[name], np.float32) for name in FEATURES], axis=1)
