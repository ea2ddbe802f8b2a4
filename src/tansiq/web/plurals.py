"""Texts that count: each category of CLDR is a sub-key (zero, one, two, few, many, other).

The categories are those of the reader's language; what is lacking reads ``other``. ``zero`` is taken for 0 in every language
that the key has it in, so that 'none' can be said in words; ``one`` always means exactly one, also in French.
"""

from __future__ import annotations

from babel.numbers import format_decimal

from tansiq.texts import catalogue, text
from tansiq.web.languages import locale_of

__all__ = ["category", "plural", "plural_key"]


def category(count: int, language: str) -> str:
    """The category of ``count`` in ``language``; 'zero' for 0 in every language.

    >>> category(3, "ar"), category(0, "fr"), category(2, "es")
    ('few', 'zero', 'other')
    """
    return "zero" if count == 0 else str(locale_of(language).plural_form(count))


def plural_key(key: str, count: int, language: str) -> str:
    """The key of the text for ``count``. Raises KeyError when ``key`` has not even ``other`` (a defect)."""
    wanted = f"{key}.{category(count, language)}"
    if wanted in catalogue():
        return wanted
    other = f"{key}.other"
    if other not in catalogue():
        raise KeyError(other)
    return other


def plural(key: str, count: int, language: str, /, **values: object) -> str:
    """The text under ``key`` for ``count``, which is written as the language writes numbers."""
    told = format_decimal(count, locale=locale_of(language))
    return text(plural_key(key, count, language), language, count=told, **values)
