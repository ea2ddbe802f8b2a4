"""What the processes of one node count while they work, in memory that they share: answers, deliveries, and how long these took.

Invariant: numbers alone; no name, no matter, no partner. The memory is made before the node's processes are forked, and each process
writes in a part of its own (`claim`), so that counting costs no lock between them and a process that dies leaves its counts behind.
Processes that are started apart (``tansiq web``, ``tansiq worker``) share nothing: each counts for itself.

>>> counts = Counts()
>>> counts.add("deliveries", "ok")
>>> counts.took("delivery", 0.004)
>>> counts.of("deliveries")["ok"], counts.times("delivery").count
(1, 1)
"""

from __future__ import annotations

import mmap
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["BOUNDS", "COUNTED", "TIMED", "Counts", "Times", "node_counts"]

_STATUSES: Final = ("200", "302", "400", "403", "404", "405", "409", "413", "422", "429", "500", "503", "other")
COUNTED: Final[Mapping[str, tuple[str, ...]]] = {
    "door": _STATUSES,
    "pages": _STATUSES,
    "deliveries": ("ok", "failed"),
    "dispatches": ("ok", "failed"),
    "statements": ("dispatched",),
    "notifications": ("sent", "failed", "given-up"),
}
"""What is counted, and how it is told apart; an answer with a status that is not listed counts as the last one."""
TIMED: Final = ("door", "pages", "delivery", "dispatch")
"""What is timed."""
BOUNDS: Final = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper bounds of the classes of durations, in seconds; the last class has none."""

_PARTS: Final = 64
_EACH: Final = len(BOUNDS) + 2  # a count for each class, and the sum
_PLACES: Final = {(name, label): at for at, (name, label) in enumerate((n, one) for n in COUNTED for one in COUNTED[n])}
_FIRST: Final = {name: len(_PLACES) + at * _EACH for at, name in enumerate(TIMED)}
_SIZE: Final = 8 * (len(_PLACES) + len(TIMED) * _EACH)


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took: how often in each class of `BOUNDS` (and beyond), and all seconds together."""

    classes: tuple[int, ...]
    seconds: float

    @property
    def count(self) -> int:
        """How often it was done."""
        return sum(self.classes)


class Counts:
    """The counts of all processes that were forked after this was made."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _SIZE * _PARTS)
        self._lock = threading.Lock()
        self._base = 0

    def claim(self, part: int) -> None:
        """This process writes in part ``part`` from now on (0 is the first process's own); no other one may.

        Raises ValueError when there are not so many.
        """
        if not 0 <= part < _PARTS:
            raise ValueError(part)
        self._lock = threading.Lock()  # the one that was forked along may be held by a thread that is not here
        self._base = _SIZE * part

    def _raise(self, at: int, by: float) -> None:
        place = self._base + 8 * at
        (value,) = struct.unpack_from("d", self._memory, place)
        struct.pack_into("d", self._memory, place, value + by)

    def add(self, name: str, label: str, by: int = 1) -> None:
        """Counts ``by`` more of ``name``. Raises KeyError for what is not in `COUNTED`."""
        at = _PLACES.get((name, label), _PLACES[name, COUNTED[name][-1]])
        with self._lock:
            self._raise(at, by)

    def took(self, name: str, seconds: float) -> None:
        """Something took ``seconds``. Raises KeyError for what is not in `TIMED`."""
        first = _FIRST[name]
        place = next((at for at, bound in enumerate(BOUNDS) if seconds <= bound), len(BOUNDS))
        with self._lock:
            self._raise(first + place, 1)
            self._raise(first + _EACH - 1, seconds)

    def _sum(self, at: int) -> float:
        return float(sum(struct.unpack_from("d", self._memory, _SIZE * part + 8 * at)[0] for part in range(_PARTS)))

    def of(self, name: str) -> dict[str, int]:
        """What was counted under ``name``, by label."""
        return {label: int(self._sum(_PLACES[name, label])) for label in COUNTED[name]}

    def times(self, name: str) -> Times:
        """How long ``name`` took."""
        first = _FIRST[name]
        classes = tuple(int(self._sum(first + at)) for at in range(_EACH - 1))
        return Times(classes, self._sum(first + _EACH - 1))


node_counts: Final = Counts()
"""The counts of the node that this process belongs to."""
