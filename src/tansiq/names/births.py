"""How two births fit, as a kind: soft evidence, never a filter, for lists give alternative and invented dates.

Invariant: the kind depends on the two births alone. 1 January stands for 'some day of that year', as registries write it.

>>> kinds(Birth.of("1979-03-05"), [(19790503, 19790503), (19790101, 19790101), (0, 0)])
['swapped', 'same-year', 'unknown']
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tansiq.names.facts import Birth

__all__ = ["KINDS", "birth_kinds", "kinds"]

KINDS: Final = (
    "unknown", "same-day", "same-year", "swapped", "other-day", "one-year", "two-years", "five-years", "ten-years", "far",
)  # fmt: skip
_NEAR: Final = ((1, 5), (2, 6), (5, 7), (10, 8))
Array = npt.NDArray[Any]


def _exact(first: Array, last: Array) -> Array:
    return np.asarray((first == last) & (first % 10000 != 101))


def birth_kinds(asked: Birth | None, held: Array) -> Array:
    """For each row ``(first, last)`` of ``held`` the number of its kind in KINDS; ``(0, 0)`` is unknown."""
    held = np.asarray(held, np.int64).reshape(-1, 2)
    out = np.zeros(len(held), np.intp)
    if asked is None:
        return out
    first, last = held[:, 0], held[:, 1]
    years = np.maximum(0, np.maximum(asked.first // 10000 - last // 10000, first // 10000 - asked.last // 10000))
    out[:] = 9
    for distance, kind in reversed(_NEAR):
        out[years <= distance] = kind
    out[years == 0] = 2
    if asked.first == asked.last and asked.first % 10000 != 101:
        exact = _exact(first, last) & (years == 0)
        out[exact] = 4
        month, day = asked.first // 100 % 100, asked.first % 100
        swapped = asked.first // 10000 * 10000 + day * 100 + month
        out[exact & (first == swapped)] = 3
        out[exact & (first == asked.first)] = 1
    out[first == 0] = 0
    return out


def kinds(asked: Birth | None, held: Sequence[tuple[int, int]]) -> list[str]:
    """As ``birth_kinds``, in words."""
    return [KINDS[kind] for kind in birth_kinds(asked, np.array(held))]
