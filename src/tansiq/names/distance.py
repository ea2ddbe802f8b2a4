"""What it costs to write one word for another: the cheapest alignment of their signs, for many words at once.

Invariant: 0 for a word with itself, symmetrical within a script, never negative; in nats, by the costs in ``costs.json``
(learnt by ``bench/names/learn_costs.py``). Source: Freeman, Condon and Ackerman (2006), weighted edit distance with
character equivalence classes; the costs come from the transducer of Ristad and Yianilos (1998).
"""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Final

import numpy as np
import numpy.typing as npt

from tansiq.names.signs import ARABIC, LATIN

__all__ = ["FAR", "distances", "is_arabic"]

FAR: Final = 99.0
_LEAST_STEP: Final = 0.35  # two signs that differ cost something, however often they stand for one another
_SWAP: Final = 4.0
Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@functools.cache
def _costs() -> dict[str, Floats]:
    source = resources.files(__package__).joinpath("costs.json").read_text(encoding="utf-8")
    made = json.loads(source)
    tables = {}
    for name in ("la", "ll", "aa"):
        table = np.array(made[name], np.float32) / 100.0
        if name != "la":
            table = (table + table.T) / 2.0
            floor = np.full_like(table, _LEAST_STEP)
            np.fill_diagonal(floor, 0.0)
            floor[1, 0] = floor[0, 1] = 0.0
            table = np.maximum(table, floor)
        tables[name] = table
    tables["al"] = np.ascontiguousarray(tables["la"].T)
    return tables


def is_arabic(row: bytes) -> bool:
    """Whether a row of signs is of Arabic letters."""
    return any(sign in ARABIC for sign in row[:3])


def distances(asked: bytes, rows: Bytes, lengths: npt.NDArray[np.intp], arabic: npt.NDArray[np.bool_]) -> Floats:
    """The cost of each of ``rows`` (signs, padded with 0) for the word ``asked``, in nats."""
    own = is_arabic(asked)
    out = np.empty(len(rows), np.float32)
    tables = _costs()
    for theirs in (False, True):
        chosen = np.flatnonzero(arabic == theirs)
        if len(chosen):
            table = tables[("a" if own else "l") + ("a" if theirs else "l")]
            out[chosen] = _aligned(asked, rows[chosen], lengths[chosen], table)
    return out


def _aligned(asked: bytes, rows: Bytes, lengths: npt.NDArray[np.intp], table: Floats) -> Floats:
    longest = int(lengths.max()) if len(lengths) else 0
    columns = np.ascontiguousarray(rows[:, :longest].T)
    inserted = np.zeros((longest + 1, len(rows)), np.float32)
    np.cumsum(table[0].take(columns), axis=0, out=inserted[1:])
    best = inserted.copy()
    before: Floats | None = None
    for at, sign in enumerate(asked):
        costs = table[sign].take(columns)
        now = best + table[sign, 0]
        np.minimum(now[1:], best[:-1] + costs, out=now[1:])
        if before is not None and at > 1 and longest > 2:  # two neighbours that changed places, not the first
            swapped = (columns[:-1] == sign) & (columns[1:] == asked[at - 1])
            if swapped.any():
                np.minimum(now[3:], np.where(swapped[1:], before[1:-2] + _SWAP, FAR), out=now[3:])
        now -= inserted
        np.minimum.accumulate(now, axis=0, out=now)
        now += inserted
        before, best = best, now
    return np.take_along_axis(best, lengths[None, :], axis=0)[0]
