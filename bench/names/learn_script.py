"""Which spelling of the other script is usual for a part of a name: a table for showing, not for searching.

PYTHONPATH=src python bench/names/learn_script.py /path/to/tokens src/tansiq/names/script.json

First what known_script.toml says; then of the pairs of wd_arabic (Merhav & Ash, COLING 2018, MIT-style licence) those that were counted
often enough. All share a key, so that whoever searches for what is shown finds whom it stands for. No chance: the same input makes the
same file.
"""

from __future__ import annotations

import collections
import json
import sys
import tomllib
from pathlib import Path

from tansiq.names.fold import folded
from tansiq.names.parts import parts

LEAST = 12
LEAST_SHARE = 0.2


def counted(folder: Path) -> dict[tuple[str, str], float]:
    """Latin and Arabic words as they are written, small letters, with how often."""
    found: dict[tuple[str, str], float] = collections.defaultdict(float)
    for line in (folder / "wd_arabic_train.tsv").read_text(encoding="utf-8").splitlines():
        latin, arabic, count = line.split("\t")
        word = arabic.replace(" ", "")
        if (
            latin.isascii()
            and latin.isalpha()
            and folded(word)
            and all("\u0621" <= letter <= "\u064a" for letter in word)
        ):
            found[latin, word] += float(count)
    return dict(found)


def share_a_key(one: str, other: str) -> bool:
    """Whether each word is one part, and whoever searches for one finds the other."""
    left, right = parts(one), parts(other)
    return len(left) == len(right) == 1 and not set(left[0].keys).isdisjoint(right[0].keys)


def usual(pairs: dict[tuple[str, str], float], *, of_arabic: bool) -> dict[str, str]:
    """The commonest counterpart of each word, where it is common enough."""
    groups: dict[str, dict[str, float]] = collections.defaultdict(lambda: collections.defaultdict(float))
    for (latin, arabic), count in pairs.items():
        word, other = (folded(arabic), latin) if of_arabic else (latin, arabic)
        groups[word][other] += count
    out = {}
    for word, counts in sorted(groups.items()):
        best = max(sorted(counts), key=lambda one: counts[one])
        enough = counts[best] >= LEAST and counts[best] >= LEAST_SHARE * sum(counts.values())
        if enough and share_a_key(word, best):
            out[word] = best
    return out


def known() -> tuple[dict[str, str], dict[str, str]]:
    """What is known: Arabic → Latin, Latin → Arabic. Raises ValueError for a pair that shares no key."""
    names = tomllib.loads(Path(__file__).with_name("known_script.toml").read_text(encoding="utf-8"))["names"]
    pairs = [(folded(latin), arabic) for arabic, spellings in names.items() for latin in spellings]
    prefixes = {"بن", "بنت", "ولد", "أيت", "أبو", "أم", "الله", "الدين"}  # parts of compounds, with no key alone
    if wrong := [pair for pair in pairs if pair[1] not in prefixes and not share_a_key(*pair)]:
        raise ValueError(wrong)
    return {folded(arabic): spellings[0] for arabic, spellings in names.items()}, dict(pairs)


def main(folder: str, goal: str) -> None:
    """Counts and writes."""
    pairs = counted(Path(folder))
    latin, arabic = known()
    about = (
        "The usual spelling of a part of a name in the other script: bench/names/learn_script.py from known_script.toml and wd_arabic "
        "(MIT-style)."
    )
    made = {
        "about": about,
        "latin": dict(sorted((usual(pairs, of_arabic=True) | latin).items())),
        "arabic": dict(sorted((usual(pairs, of_arabic=False) | arabic).items())),
    }
    Path(goal).write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
