"""Sets the French of our texts as French is set: ’ for an apostrophe, and before ; ? ! : and inside « » a space that does not break.

Run by ``make fmt``; ``tests/test_texts.py`` holds it. (Lexique des règles typographiques en usage à l’Imprimerie nationale.)
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

__all__ = ["main", "set_french"]

SOURCE: Final = Path(__file__).resolve().parent.parent / "src"
_FRENCH: Final = re.compile(r'(\bfr = ")((?:[^"\\]|\\.)*)"')
_RULES: Final = (
    (re.compile(r"(?<=\w)'(?=[\w{«])"), "’"),
    (re.compile(r" (?=:(?:\s|$|\\n))"), "\u00a0"),
    (re.compile(r" (?=[;?!](?:\W|$|\\n))"), "\u202f"),
    (re.compile(r"(?<=«) | (?=»)|(?<=n°) "), "\u00a0"),
    (re.compile(r" (?=%)"), "\u202f"),
)


def set_french(words: str) -> str:
    """``words``, a French text as it stands in TOML, set as French is."""
    for pattern, sign in _RULES:
        words = pattern.sub(sign, words)
    return words


def main() -> int:
    """Sets every file below the source; returns 0."""
    for path in sorted(SOURCE.rglob("*.toml")):
        before = path.read_text(encoding="utf-8")
        after = _FRENCH.sub(lambda found: f'{found[1]}{set_french(found[2])}"', before)
        if after != before:
            path.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
