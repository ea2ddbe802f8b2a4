"""Counts how common the parts of names are, from the counts of wd_arabic: fixed weights, never those of an index.

PYTHONPATH=src python bench/names/learn_rarity.py /path/to/tokens src/tansiq/names/rarity.json
"""

from __future__ import annotations

import collections
import json
import math
import sys
from pathlib import Path

from pairs import tokens

from tansiq.names.compounds import units
from tansiq.names.rarity import rarity_key

LEAST = 8


def main(folder: str, goal: str) -> None:
    """Counts and writes."""
    counts: dict[str, float] = collections.defaultdict(float)
    for (latin, _), count in sorted(tokens(Path(folder)).items()):
        found = units(latin)
        if len(found) == 1 and latin.isascii():
            key = rarity_key(found[0].spellings[0])
            counts[key] += count
    total = sum(counts.values())
    common = {key: round(-math.log(count / total), 2) for key, count in sorted(counts.items()) if count >= LEAST}
    rare: dict[int, list[float]] = collections.defaultdict(list)
    for key, count in counts.items():
        if count < LEAST:
            rare[min(len(key.split(".")[1]), 8)].append(count)
    means = [(sum(rare[n]) / len(rare[n]) if rare[n] else LEAST) for n in range(9)]
    by_length = [round(-math.log(mean / total), 2) for mean in means]
    about = (
        "How much a part of a name tells, in nats, by its fine key: bench/names/learn_rarity.py from wd_arabic (MIT-style) "
        "and google ar2en (Apache-2.0)."
    )
    Path(goal).write_text(
        json.dumps({"about": about, "by_length": by_length, "common": common}, separators=(",", ":")) + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
