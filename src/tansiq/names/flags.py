r"""What looks like an attempt to hide a name: invisible signs, reversed writing, letters that look like others.

Invariant: ``flags`` never changes a name; ``fold`` has the same letters fall together, so a flagged name is found all the same.

>>> flags("Mohamed"), flags("Mo\u200bhamed"), flags("M\u043ehamed")
((), ('names.flag-invisible',), ('names.flag-look-alike',))
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from tansiq.names.fold import LOOK_ALIKES

__all__ = ["flags"]

_DIRECTION: Final = frozenset("\u202a\u202b\u202d\u202e\u2066\u2067\u2068")
_HARMLESS: Final = frozenset(
    "\u200c\u200d\u200e\u200f\u202c\u2069\u061c"
)  # joiners and marks that honest typing leaves behind
_WORD: Final = re.compile(r"[^\W\d_]+")


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "")
    return name.split(" ", 1)[0] if name else ""


def flags(name: str) -> tuple[str, ...]:
    """The codes of what is suspicious in ``name``, in a fixed order; () for an honest one. Takes any text."""
    text = name[:1000]
    found = []
    if any(letter in _DIRECTION for letter in text):
        found.append("names.flag-direction")
    if any(
        unicodedata.category(letter) == "Cf" and letter not in _DIRECTION and letter not in _HARMLESS for letter in text
    ):
        found.append("names.flag-invisible")
    for word in _WORD.findall(unicodedata.normalize("NFC", text)):
        scripts = {_script(letter) for letter in word if unicodedata.category(letter)[0] == "L"}
        if "LATIN" in scripts and len(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"}) > 0:
            alike = any(letter in LOOK_ALIKES for letter in word.casefold())
            found.append("names.flag-look-alike" if alike else "names.flag-mixed")
        elif "ARABIC" in scripts and len(scripts) > 1:
            found.append("names.flag-mixed")
    return tuple(dict.fromkeys(found))
