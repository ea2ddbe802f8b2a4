r"""On which line of a rules file something stands, so that whoever writes one is told where to look.

Invariant: only the places of tables and keys are read here, never what stands in them; a file with strings over several
lines has none that can be trusted and is refused by its reader.

>>> Lines('profile = "x"\n[[rule]]\nid = "a"\nwhen.sensitive = true\n').of_rule(0, "when.sensitive")
4
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

__all__ = ["Lines"]

_RULE: Final = re.compile(r"\s*\[\[\s*rule\s*\]\]")
_TABLE: Final = re.compile(r"\s*\[\s*([A-Za-z0-9_.-]+)\s*\]")


def _key(name: str) -> re.Pattern[str]:
    """Where ``name`` is given a value: alone, dotted, quoted, or within an inline table."""
    parts = (rf'(?:{re.escape(part)}|"{re.escape(part)}")' for part in name.split("."))
    dotted = r"\s*\.\s*".join(parts)
    last = re.escape(name.rpartition(".")[2])
    return re.compile(rf'(?:^\s*{dotted}\s*=)|(?:[{{,\s.]"?{last}"?\s*=)|(?:^\s*"?{last}"?\s*=)')


class Lines:
    """The lines of one rules file."""

    def __init__(self, source: str) -> None:
        self._lines = source.splitlines()
        self._rules = [place for place, line in enumerate(self._lines) if _RULE.match(line)]

    @property
    def multiline(self) -> int:
        """The first line with a string that goes over several; 0 when there is none."""
        found = (place for place, line in enumerate(self._lines, 1) if '"""' in line or "'''" in line)
        return next(found, 0)

    def _within(self, first: int, end: int, name: str) -> Iterator[int]:
        pattern = _key(name)
        return (place + 1 for place in range(first, end) if pattern.search(self._lines[place].split("#")[0]))

    def of_rule(self, place: int, name: str = "") -> int:
        """The line of the key ``name`` of the rule at ``place``, or that of its head; 1 when there is no such rule."""
        if place >= len(self._rules):
            return 1
        first = self._rules[place]
        end = self._rules[place + 1] if place + 1 < len(self._rules) else len(self._lines)
        return next(self._within(first, end, name), first + 1) if name else first + 1

    def of_key(self, name: str, *, table: str = "") -> int:
        """The line of a key outside the rules, in ``table`` or at the top; that of the table, or 1, when it is not there."""
        first, end = 0, self._rules[0] if self._rules and not table else len(self._lines)
        if table:
            heads = [
                place for place, line in enumerate(self._lines) if (found := _TABLE.match(line)) and found[1] == table
            ]
            if not heads:
                return next(self._within(0, len(self._lines), table), 1)
            first = heads[0]
        return next(self._within(first, end, name), first + 1)
