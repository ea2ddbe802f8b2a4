"""Names: the same person under any spelling, in Arabic and Latin script, with a calibrated probability and the reasons.

From a name to a hit: ``fold`` (one form of the letters) → ``compounds`` (its parts, joined alike) → ``signs`` and ``skeleton``
(a word as graphemes, as consonant keys) → ``parts`` (both together, weighed by ``rarity``) → ``segment`` (many persons as
arrays) → ``search`` (who shares parts, by ``distance``) → ``align`` → ``features`` → ``model`` (log-odds) → ``index`` (hits) →
``explain``. README.md says how to use it as a library.

Invariant: pure; tables are data (``costs.json``, ``rarity.*``, ``model.json``, ``script.json``) made by ``bench/names``.
"""

from tansiq.names.explain import Explanation, Fit, Piece, compare, explain
from tansiq.names.facts import Birth, Facts
from tansiq.names.flags import flags
from tansiq.names.fold import MAX_NAME, folded
from tansiq.names.index import EQUALLY_GOOD, Hit, NameIndex, search_by_any, search_together
from tansiq.names.likeness import likeness
from tansiq.names.script import script_of, transliterated
from tansiq.names.segment import Segment, build

__all__ = [
    "EQUALLY_GOOD", "MAX_NAME", "Birth", "Explanation", "Facts", "Fit", "Hit", "NameIndex", "Piece", "Segment", "build", "compare",
    "explain", "flags", "folded", "likeness", "script_of", "search_by_any", "search_together", "transliterated",
]  # fmt: skip
