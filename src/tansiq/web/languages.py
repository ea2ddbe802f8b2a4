"""Which language a page speaks: the visitor's, else the one chosen on this browser, else the browser's, else the node's.

Moroccan Arabic writes numbers in Latin digits; so Babel's locale for Arabic is ``ar_MA``.
"""

from __future__ import annotations

import functools
from typing import Final

from babel import Locale

from tansiq.texts import LANGUAGES

__all__ = ["NAMES", "countries", "direction_of", "locale_of", "preferred"]

NAMES: Final = {"ar": "العربية", "es": "Español", "fr": "Français", "en": "English"}
"""Each language's name in itself."""
_LOCALES: Final = {"ar": "ar_MA", "es": "es_ES", "fr": "fr_FR", "en": "en_GB"}
_RIGHT_TO_LEFT: Final = frozenset({"ar", "ary", "fa", "he", "ur"})


@functools.cache
def locale_of(language: str) -> Locale:
    """Babel's locale for one of our languages; English for another."""
    return Locale.parse(_LOCALES.get(language, "en_GB"))


def direction_of(language: str) -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if language.split("-", maxsplit=1)[0] in _RIGHT_TO_LEFT else "ltr"


def preferred(accept: str) -> str:
    """The best of our languages for the header ``Accept-Language``; '' when none is asked for.

    >>> preferred("fr-MA,ar;q=0.9")
    'fr'
    """
    best, best_weight = "", 0.0
    for part in accept[:256].split(","):
        name, _, parameter = part.strip().partition(";")
        code = name.split("-")[0].lower()
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if code in LANGUAGES and weight > best_weight:
            best, best_weight = code, weight
    return best


def countries(language: str) -> list[str]:
    """The names of countries, for a field in which one is written."""
    return sorted(
        str(name) for code, name in locale_of(language).territories.items() if len(code) == 2 and code != "ZZ"
    )
