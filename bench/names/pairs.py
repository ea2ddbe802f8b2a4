"""The pairs of spellings that costs are learnt from: `tokens/` of the shared data, never a list of persons.

wd_arabic (Merhav & Ash, COLING 2018, MIT-style licence) and google/transliteration ar2en (Apache-2.0).
"""

from __future__ import annotations

import collections
import itertools
import math
from pathlib import Path

from tansiq.names.compounds import units
from tansiq.names.fold import folded
from tansiq.names.signs import signs

Pair = tuple[bytes, bytes]


def tokens(folder: Path) -> dict[tuple[str, str], float]:
    """Latin and Arabic words that stand for one another, folded, with how often."""
    found: dict[tuple[str, str], float] = collections.defaultdict(float)
    for line in (folder / "wd_arabic_train.tsv").read_text(encoding="utf-8").splitlines():
        latin, arabic, count = line.split("\t")
        found[folded(latin), folded(arabic.replace(" ", ""))] += float(count)
    for line in (folder / "google_ar2en.tsv").read_text(encoding="utf-8").splitlines():
        arabic, latin = line.split("\t")[:2]
        found[folded(latin), folded(arabic)] += 1.0
    return dict(found)


def _word(name: str) -> str:
    """The one part that a word is, in its usual reading; "" for what is no single word."""
    found = units(name)
    return found[0].spellings[0] if len(found) == 1 and len(found[0].spellings[0]) > 1 else ""


def _damped(count: float) -> float:
    return 1.0 + math.log(count)


def across(folder: Path) -> dict[Pair, float]:
    """Latin and Arabic rows of signs."""
    found: dict[Pair, float] = collections.defaultdict(float)
    for (latin, arabic), count in tokens(folder).items():
        left, right = _word(latin), _word(arabic)
        if left.isascii() and left and right and not right.isascii():
            found[signs(left), signs(right)] += _damped(count)
    return dict(found)


def within(folder: Path, *, latin: bool) -> dict[Pair, float]:
    """Spellings of one script that share a spelling of the other, both ways round; those seen twice at least."""
    groups: dict[str, dict[str, float]] = collections.defaultdict(lambda: collections.defaultdict(float))
    for (left, right), count in tokens(folder).items():
        a, b = _word(left), _word(right)
        if a and b and a.isascii() and not b.isascii():
            key, value = (b, a) if latin else (a, b)
            groups[key][value] += count
    found: dict[Pair, float] = collections.defaultdict(float)
    for group in groups.values():
        kept = sorted((word, count) for word, count in group.items() if count >= 2)
        for (one, first), (other, second) in itertools.permutations(kept, 2):
            found[signs(one), signs(other)] += _damped(min(first, second)) / max(1, len(kept) - 1)
    return dict(found)
