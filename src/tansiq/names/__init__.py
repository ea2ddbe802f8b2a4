"""Names: the same person under any spelling, in Arabic and Latin script, without a dictionary.

From a name to a hit: ``fold`` (one form of the letters) → ``compounds`` (its parts, joined alike) → ``skeleton``
(keys of one word) → ``parts`` (both together, weighed by ``rarity``) → ``index`` (who has such keys) → ``score`` (how
well it fits, and why).
What others may rely on is ``NameIndex`` with ``Hit``, ``compare``, ``folded`` and ``MAX_NAME``.
"""

from tansiq.names.fold import MAX_NAME, folded
from tansiq.names.index import Hit, NameIndex, Years
from tansiq.names.score import Fit, compare

__all__ = ["MAX_NAME", "Fit", "Hit", "NameIndex", "Years", "compare", "folded"]
