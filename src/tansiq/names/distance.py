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

from tansiq.names.signs import ARABIC

__all__ = ["distances", "is_arabic", "table_for"]

_FAR: Final = np.int16(20000)
_LEAST_STEP: Final = 35  # two signs that differ cost something, however often they stand for one another
_SWAP: Final = np.int16(400)
Floats = npt.NDArray[np.float32]
Hundredths = npt.NDArray[np.int16]
Bytes = npt.NDArray[np.uint8]


@functools.cache
def _costs() -> dict[str, Hundredths]:
    source = resources.files(__package__).joinpath("costs.json").read_text(encoding="utf-8")
    made = json.loads(source)
    tables = {}
    for name in ("la", "ll", "aa"):
        table = np.array(made[name], np.int16)
        if name != "la":
            table = (table + table.T) // 2
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


def table_for(asked: bytes, held: bytes) -> Hundredths:
    """The costs in hundredths of a nat between signs of the scripts of two words; 0 is 'nothing'."""
    return _costs()[("a" if is_arabic(asked) else "l") + ("a" if is_arabic(held) else "l")]


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


def _aligned(asked: bytes, rows: Bytes, lengths: npt.NDArray[np.intp], table: Hundredths) -> Floats:
    longest = int(lengths.max())
    columns = np.ascontiguousarray(rows[:, :longest].T)
    inserted = table[0].take(columns)
    best = np.zeros((longest + 1, len(rows)), np.int16)
    np.cumsum(inserted, axis=0, out=best[1:])
    before = best
    step = np.empty_like(inserted)
    for at, sign in enumerate(asked):
        now = best + table[sign, 0]
        table[sign].take(columns, out=step)
        step += best[:-1]
        np.minimum(now[1:], step, out=now[1:])
        if at > 1 and longest > 2:  # two neighbours that changed places, not the first
            swapped = (columns[1:-1] == sign) & (columns[2:] == asked[at - 1])
            if swapped.any():
                np.minimum(now[3:], np.where(swapped, before[1:-2] + _SWAP, _FAR), out=now[3:])
        for row in range(longest):
            np.minimum(now[row + 1], now[row] + inserted[row], out=now[row + 1])
        before, best = best, now
    return best[lengths, np.arange(len(rows))].astype(np.float32) / 100.0
