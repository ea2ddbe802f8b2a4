"""The persons of one register in memory, found by any spelling of their names.

Invariant: what a search answers depends on the question and on each person's own names, never on how many others there
are: weights are fixed (``rarity``), and whom the asker may not see is left out *before* ranking, cutting and counting.
Nothing is written anywhere; ``remove`` leaves no trace of a name. Not for use by several threads at once.

>>> index = NameIndex()
>>> index.add(b"1", ["محمد بنعلي"], birth_year_range=(1979, 1981))
>>> [(hit.id, hit.name) for hit in index.search("Mohamed Ben Alí")]
[(b'1', 'محمد بنعلي')]
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from weakref import WeakValueDictionary

from tansiq.names.compounds import Unit, units
from tansiq.names.fold import folded
from tansiq.names.parts import Part, part_of
from tansiq.names.score import Fit, Similarities, fit

__all__ = ["Hit", "NameIndex", "Years"]

Years = tuple[int, int]
"""First and last possible year of birth."""

_DEPTH = 200
"""Names that are scored part by part; the others share fewer or commoner parts with the question."""

_SHARED = 0.3
"""Share of the question's weight that a name must have in common with it to be scored."""

_LEAST = 0.3
"""A score below this is no hit."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A person who may be meant: ``score`` 0 to 1 (not a probability), the best fitting ``name``, and why.

    ``reasons`` are codes of the catalogue of texts: one for each part of the question in its order (as
    ``parts(question)`` splits it), then those about the whole name and the birth date.
    """

    id: bytes
    score: float
    name: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    id: bytes
    name: str
    parts: tuple[Part, ...]
    years: Years | None


class NameIndex:
    """Names of persons, each person under an opaque id of the owner's choosing."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._rows_of: dict[bytes, tuple[int, ...]] = {}
        self._postings: dict[str, list[int]] = {}
        self._parts: WeakValueDictionary[Unit, Part] = WeakValueDictionary()
        self._next = 0

    def __len__(self) -> int:
        return len(self._rows_of)

    def __contains__(self, person: object) -> bool:
        return person in self._rows_of

    def add(self, person: bytes, names: Sequence[str], birth_year_range: Years | None = None) -> None:
        """Makes a person findable under every one of ``names``; who is there already is replaced.

        ``birth_year_range``: first and last possible year. A name without a letter or digit is left out. Raises
        BadInput (``names.too-long``), and then nothing has changed.
        """
        rows = [_Row(person, name, self._split(name), birth_year_range) for name in dict.fromkeys(names)]
        self.remove(person)
        numbers = []
        for row in rows:
            if not row.parts:
                continue
            number, self._next = self._next, self._next + 1
            self._rows[number] = row
            numbers.append(number)
            for key in _keys(row.parts):
                self._postings.setdefault(key, []).append(number)
        self._rows_of[person] = tuple(numbers)

    def remove(self, person: bytes) -> bool:
        """Forgets a person; whether there was one."""
        numbers = self._rows_of.pop(person, None)
        for number in numbers or ():
            row = self._rows.pop(number)
            for key in _keys(row.parts):
                posting = self._postings[key]
                posting.remove(number)
                if not posting:
                    del self._postings[key]
        return numbers is not None

    def search(
        self,
        name: str,
        *,
        birth: Years | None = None,
        limit: int = 10,
        visible: Callable[[bytes], bool] | None = None,
    ) -> list[Hit]:
        """The persons whose names fit ``name`` best, at most ``limit``, best first; each person once.

        ``birth`` (first and last possible year) moves the score, it never excludes: lists give alternative dates.
        ``visible`` says whom the asker may see; all others are as if they were not there. Raises BadInput
        (``names.too-long``).
        """
        asked = self._split(name)
        known: Similarities = {}
        best: dict[bytes, Hit] = {}
        for number in self._candidates(asked, visible):
            row = self._rows[number]
            hit = _weighed(row, fit(asked, row.parts, known), birth)
            if hit.score >= _LEAST and (row.id not in best or _rank(hit) < _rank(best[row.id])):
                best[row.id] = hit
        return nsmallest(max(0, limit), best.values(), key=_rank)

    def _split(self, name: str) -> tuple[Part, ...]:
        """The parts of ``name``, each made once for all names that hold it, for as long as one does."""
        out = []
        for unit in units(folded(name)):
            part = self._parts.get(unit)
            if part is None:
                part = self._parts[unit] = part_of(unit)
            out.append(part)
        return tuple(out)

    def _candidates(self, asked: Sequence[Part], visible: Callable[[bytes], bool] | None) -> Iterable[int]:
        """The names that share most of the question's weight, without those that the asker may not see."""
        told: dict[str, float] = {}
        for part in asked:
            for key in part.keys:
                told[key] = max(part.weight, told.get(key, 0.0))
        enough = _SHARED * sum(part.weight for part in asked)
        shared: dict[int, float] = {}
        for key, weight in told.items():
            for number in self._postings.get(key, ()):
                shared[number] = shared.get(number, 0.0) + weight
        rows = self._rows
        shared = {number: weight for number, weight in shared.items() if weight >= enough}
        if visible is not None:
            shared = {number: weight for number, weight in shared.items() if visible(rows[number].id)}
        if len(shared) <= _DEPTH:
            return shared
        floor = _floor(shared.values())
        surely = [number for number, weight in shared.items() if weight > floor]
        level = [number for number, weight in shared.items() if weight == floor]
        # Of equally good ones the shorter names: they leave less unexplained.
        return surely + nsmallest(_DEPTH - len(surely), level, key=lambda at: (len(rows[at].parts), rows[at].id, at))


def _floor(weights: Iterable[float]) -> float:
    """The smallest weight that belongs to the _DEPTH greatest ones."""
    counted: dict[float, int] = {}
    for weight in weights:
        counted[weight] = counted.get(weight, 0) + 1
    seen = 0
    lowest = 0.0
    for lowest in sorted(counted, reverse=True):
        seen += counted[lowest]
        if seen >= _DEPTH:
            break
    return lowest


def _keys(row_parts: Iterable[Part]) -> set[str]:
    return {key for part in row_parts for key in part.keys}


def _rank(hit: Hit) -> tuple[float, bytes, str]:
    return -hit.score, hit.id, hit.name


def _weighed(row: _Row, found: Fit, birth: Years | None) -> Hit:
    """The hit with what the years of birth say."""
    score, reasons = found.score, found.reasons
    if birth is not None and row.years is not None:
        distance = max(0, birth[0] - row.years[1], row.years[0] - birth[1])
        if distance == 0:
            score, reasons = score + 0.3 * (1.0 - score), (*reasons, "names.birth-fits")
        elif distance <= 2:
            reasons = (*reasons, "names.birth-near")
        else:
            score, reasons = score * (0.85 if distance <= 5 else 0.65), (*reasons, "names.birth-differs")
    return Hit(row.id, round(score, 4), row.name, reasons)
