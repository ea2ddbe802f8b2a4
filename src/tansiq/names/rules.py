"""Which signs of two spellings stand for one another: ق = k, sh = ch, a left out.

Invariant: only signs that differ are told, and that somebody may doubt, in their order; the alignment is the cheapest one (``distance``).

>>> [f"{one}={other}" for one, other in rules_of("cherkaoui", "شرقاوي")]
['ch=ش', 'e=', 'k=ق', 'ou=و']
"""

from __future__ import annotations

from typing import Final

from tansiq.names.compounds import units
from tansiq.names.distance import table_for
from tansiq.names.signs import ALPHABET, signs

__all__ = ["Rule", "rules_of"]

Rule = tuple[str, str]
"""A sign asked and the sign held for it; "" where one of them has none."""
_MOST: Final = 12
_TELLING: Final = 5  # hundredths of a nat: what costs less goes without saying


def _row(text: str) -> bytes:
    found = units(text)
    return signs(found[0].spellings[0] if len(found) == 1 else text.replace(" ", ""))


def _shown(sign: int) -> str:
    return str(ALPHABET[sign]).strip("$^?")


def rules_of(asked: str, held: str) -> tuple[Rule, ...]:
    """The rules that join two parts, each once; none for equal ones."""
    if asked == held:
        return ()
    left, right = _row(asked), _row(held)
    table = table_for(left, right).tolist()
    best = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for i in range(len(left) + 1):
        for j in range(len(right) + 1):
            ways = []
            if i and j:
                ways.append(best[i - 1][j - 1] + table[left[i - 1]][right[j - 1]])
            if i:
                ways.append(best[i - 1][j] + table[left[i - 1]][0])
            if j:
                ways.append(best[i][j - 1] + table[0][right[j - 1]])
            best[i][j] = min(ways, default=0)
    found: list[Rule] = []
    telling: set[Rule] = set()
    i, j = len(left), len(right)
    while i or j:
        if i and j and best[i][j] == best[i - 1][j - 1] + table[left[i - 1]][right[j - 1]]:
            i, j = i - 1, j - 1
            found.append((_shown(left[i]), _shown(right[j])))
            if table[left[i]][right[j]] >= _TELLING:
                telling.add(found[-1])
        elif i and best[i][j] == best[i - 1][j] + table[left[i - 1]][0]:
            i -= 1
            found.append((_shown(left[i]), ""))
            telling.add(found[-1])
        else:
            j -= 1
            found.append(("", _shown(right[j])))
            telling.add(found[-1])
    return tuple(dict.fromkeys(rule for rule in reversed(found) if rule[0] != rule[1] and rule in telling))[:_MOST]
