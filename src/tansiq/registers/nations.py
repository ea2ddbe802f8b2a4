"""The nationality of a listed person as a code of ISO 3166-1, as enquiries carry it; lists write it in words.

Invariant: a word that is not known, or may mean two countries, is no code: it stays in the entry as the list has it and says nothing
for or against. Nothing is read out of a sentence ('citizenship revoked in 2015').

>>> nation_of("Moroccan"), nation_of("مغربية"), nation_of("Maroc"), nation_of("MA")
('MA', 'MA', 'MA', 'MA')
>>> nation_of("Syrian Arab Republic"), nation_of("Congolese"), nation_of("na")
('SY', '', '')
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterable, Mapping
from importlib import resources

from tansiq.names import folded
from tansiq.texts import LANGUAGES
from tansiq.web.languages import locale_of

__all__ = ["nation_of", "nations_of"]

_NO_COUNTRY = frozenset({"EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"})
"""Of what the CLDR names by two letters."""
_LONGEST = 100


@functools.cache
def _known() -> Mapping[str, str]:
    """Folded words → code. A word of two countries is left out."""
    data = tomllib.loads(resources.files("tansiq.registers").joinpath("nations.toml").read_text("utf-8"))
    told = [(str(word), code) for code, words in data["words"].items() for word in words]
    for language in LANGUAGES:
        named = locale_of(language).territories
        told += [(str(name), code) for code, name in named.items() if len(code) == 2 and code not in _NO_COUNTRY]
    found: dict[str, set[str]] = {}
    for word, code in told:
        found.setdefault(folded(word), set()).add(code)
    return {word: next(iter(codes)) for word, codes in found.items() if len(codes) == 1}


def nation_of(word: str) -> str:
    """The code for ``word``, "" where it is not known."""
    plain = word.strip()
    if len(plain) == 2 and plain.isascii() and plain.isupper() and plain in locale_of("en").territories:
        return "" if plain in _NO_COUNTRY else plain
    return _known().get(folded(plain), "") if 0 < len(plain) <= _LONGEST else ""


def nations_of(words: Iterable[str]) -> tuple[str, ...]:
    """The codes for ``words``, and as it stands each word that has none."""
    return tuple(dict.fromkeys(nation_of(word) or word for word in words))
