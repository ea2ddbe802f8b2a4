"""How well two names fit, part by part, in any order, with the reason for each part.

Invariant: weights are fixed (``rarity``), so a score depends on the two names alone; the reasons are one code for each
part of the question in its order, then codes about the rest of the record's name.

A part missing on one side costs little (people leave names out); a part that differs on both sides counts against the
pair, for brothers share all but one part.

>>> compare("Jaled Cherkaui", "خالد الشرقاوي").reasons
('names.part-transliterated', 'names.part-transliterated')
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tansiq.names.parts import Part, parts
from tansiq.names.skeleton import vowel_cost

__all__ = ["Fit", "Similarities", "compare", "fit", "similarity"]

Similarities = dict[Part, dict[Part, float]]
"""What ``similarity`` said: part of the question, part of a record; kept for one search, never longer."""

_SAME, _COARSE, _ONE_OFF, _INITIAL = 1.0, 0.72, 0.62, 0.5
_ENOUGH = 0.45  # below this, two parts are two names
_CEILING = 0.95  # a name alone never settles who somebody is
_MISSING, _DIFFERENT = 0.4, 0.75  # what an unmatched part costs, per weight: on one side, on both


@dataclass(frozen=True, slots=True)
class Fit:
    """``score`` 0 to 1 and the codes that explain it: one per part of the question, then those about the whole."""

    score: float
    reasons: tuple[str, ...]


def similarity(asked: Part, held: Part) -> float:
    """How well two parts fit, 0 to 1."""
    if asked.text == held.text:
        return _SAME
    if asked.keys.isdisjoint(held.keys):  # then no fine key is shared either
        return _slip(asked, held)
    best = 0.0
    for fine, (left, left_gaps) in asked.readings.items():
        if fine in held.readings:
            right, right_gaps = held.readings[fine]
            best = max(best, left * right * (0.99 - vowel_cost(left_gaps, right_gaps)))
    if best < _COARSE and abs(len(asked.fine) - len(held.fine)) <= 2:
        best = max(best, _COARSE if len(asked.fine) > 2 else _ONE_OFF)
    return best


def _slip(asked: Part, held: Part) -> float:
    """The fit of two parts without a common key: an initial, or one sign that differs."""
    left, right = len(asked.fine), len(held.fine)
    if left > 3 < right and -2 < left - right < 2:
        return _ONE_OFF if _one_off(asked.fine, held.fine) else 0.0
    if len(asked.text) == 1 or len(held.text) == 1:
        return _INITIAL if asked.fine and asked.fine[0] == held.fine[:1] else 0.0
    return 0.0


def _one_off(left: str, right: str) -> bool:
    """Whether one sign inserted, left out, changed or swapped with its neighbour makes the two keys equal."""
    if len(left) > len(right):
        left, right = right, left
    if len(right) - len(left) > 1:
        return False
    start = 0
    while start < len(left) and left[start] == right[start]:
        start += 1
    if len(left) < len(right):
        return left[start:] == right[start + 1 :]
    return left[start + 1 :] == right[start + 1 :] or (
        left[start : start + 2] == right[start : start + 2][::-1] and left[start + 2 :] == right[start + 2 :]
    )


def _code(asked: Part, held: Part, found: float) -> str:
    if asked.text == held.text:
        return "names.part-same"
    if found < _COARSE:
        return "names.part-initial" if 1 in {len(asked.text), len(held.text)} else "names.part-near"
    if asked.text.isascii() != held.text.isascii():
        return "names.part-transliterated" if found > _COARSE else "names.part-sounds-alike"
    return "names.part-spelling" if found > _COARSE else "names.part-sounds-alike"


def fit(asked: Sequence[Part], held: Sequence[Part], known: Similarities | None = None) -> Fit:
    """Aligns the parts of a question with those of a record, best pairs first, whatever their order.

    ``known`` keeps what was computed for pairs of parts, so that a search compares a frequent part once.
    """
    memory = {} if known is None else known
    pairs = []
    for at, left in enumerate(asked):
        row = memory.setdefault(left, {})
        for place, right in enumerate(held):
            found = row.get(right)
            if found is None:
                found = row[right] = similarity(left, right)
            if found >= _ENOUGH:
                pairs.append((-found * left.weight, at, place, found))
    codes = ["names.part-missing"] * len(asked)
    free_held = set(range(len(held)))
    matched = certain = 0.0
    for _, at, place, found in sorted(pairs):
        if codes[at] == "names.part-missing" and place in free_held:
            free_held.discard(place)
            codes[at] = _code(asked[at], held[place], found)
            matched += asked[at].weight * found
            certain += asked[at].weight
    if not certain:
        return Fit(0.0, tuple(codes))
    lacking = sum(part.weight for part, code in zip(asked, codes, strict=True) if code == "names.part-missing")
    extra = sum(held[place].weight for place in free_held)
    both = min(lacking, extra)
    share = matched / (certain + _MISSING * (lacking + extra - 2 * both) + 2 * _DIFFERENT * both)
    score = share * min(_CEILING, 0.55 + 0.12 * certain)
    if both:
        codes = ["names.part-different" if code == "names.part-missing" else code for code in codes]
    if free_held and not both:
        codes.append("names.more-in-record")
    return Fit(score, tuple(codes))


def compare(asked: str, held: str) -> Fit:
    """How well the name of a question fits a name of a record; raises BadInput (``names.too-long``)."""
    return fit(parts(asked), parts(held))
