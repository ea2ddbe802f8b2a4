"""A name as keys are made from it: one form for every way of typing the same letters.

Invariant: ``folded`` is idempotent; the order of combining marks, case, presentation forms, diacritics, tatweel, bidi
marks and zero-width characters never change its result, which holds only letters, digits and single spaces.
Source: Unicode Standard Annex 15 (NFKC) and chapter 9.2 (Arabic); hamza seats fall to their carrier because the
canonical decomposition of أ, ؤ and ئ is carrier and mark.

>>> folded("Muḥammad  BEN-ʿALĪ"), folded("مُحَمَّـد بن عليّ")
('muhammad ben ali', 'محمد بن علي')
"""

from __future__ import annotations

import unicodedata
from typing import Final

from tansiq.errors import BadInput

__all__ = ["LOOK_ALIKES", "MAX_NAME", "folded"]

MAX_NAME = 500
"""Characters of the longest name accepted: the longest alias of a published list has 324."""

_APOSTROPHES = "'`´‘’‛′＇"
_LETTERS = {
    # Latin letters without a canonical decomposition
    "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ə": "a", "ŋ": "n", "ħ": "h",
    "ŧ": "t",
    # Arabic letters that one writer's keyboard has for another's: Persian, Urdu, Pashto, Kurdish, Maghrebi
    "ی": "ي", "ى": "ي", "ې": "ي", "ۍ": "ي", "ے": "ي", "ێ": "ي", "ک": "ك", "ڪ": "ك", "ګ": "گ", "ڭ": "گ", "ݣ": "گ",
    "ة": "ه", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۃ": "ه", "ٱ": "ا", "ۆ": "و", "ۇ": "و", "ۋ": "و", "ڥ": "ڤ", "ڨ": "گ",
    "ټ": "ت", "ٹ": "ت", "ډ": "د", "ڈ": "د", "ړ": "ر", "ڑ": "ر", "ڼ": "ن", "ں": "ن", "ږ": "ژ", "ښ": "ش", "څ": "س",
    "ځ": "ز",
}  # fmt: skip
LOOK_ALIKES = {
    # Cyrillic and Greek letters that pass for Latin ones; read as such only in a word that also holds Latin letters
    "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "у": "y", "х": "x", "і": "i", "ј": "j", "ѕ": "s", "ԁ": "d", "һ": "h", "ӏ": "l",
    "к": "k", "м": "m", "т": "t", "в": "b", "н": "h", "г": "r", "п": "n", "ԛ": "q", "ԝ": "w", "α": "a", "ο": "o", "ρ": "p", "ν": "v",
    "ι": "i", "κ": "k", "υ": "u", "τ": "t", "ε": "e", "η": "n", "χ": "x", "μ": "m", "β": "b", "γ": "y",
}  # fmt: skip
_LOOKS = str.maketrans(LOOK_ALIKES)
_ALIKE = frozenset(LOOK_ALIKES)
_LATIN = frozenset(map(chr, range(ord("a"), ord("z") + 1)))
_TABLE = str.maketrans({**_LETTERS, **dict.fromkeys(_APOSTROPHES, ""), "ـ": "", "ء": "", "\ufffd": ""})
_PLAIN = {code: " " for code in range(128) if not chr(code).isalnum()} | {ord("'"): "", ord("`"): ""}
"""`_TABLE` and then `_KEPT`, of small letters that are ASCII."""
_DROPPED = frozenset({"Mn", "Me", "Cf", "Cs", "Co", "Cn"})
_REMEMBERED: Final = 0x2000  # the scripts of the names that come: a stranger's text can't make the table large
_MODIFIERS = range(0x02B0, 0x0300)  # the half rings and primes of scholarly transliteration


class _Kept(dict[int, str]):
    """By its code point, a letter as it stays, nothing, or a space where it parts words; worked out when first met."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        category = unicodedata.category(letter)
        if category in _DROPPED or code in _MODIFIERS:
            kept = ""
        elif category == "Nd":
            kept = str(unicodedata.decimal(letter))
        else:
            kept = letter if category[0] in "LNM" else " "
        if code < _REMEMBERED:
            self[code] = kept
        return kept


_KEPT = _Kept()


def folded(name: str) -> str:
    """``name`` in small letters without marks, its words separated by one space; "" when no letter or digit is left.

    Takes any Unicode text; raises BadInput (``names.too-long``) above MAX_NAME characters, before looking at them.
    """
    if len(name) > MAX_NAME:
        raise BadInput("names.too-long", length=len(name), limit=MAX_NAME)
    if name.isascii():
        return " ".join(name.lower().translate(_PLAIN).split())
    plain = name
    # Twice, because the case of a compatibility letter may only appear when its marks have gone.
    for _ in range(2):
        plain = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", plain).casefold())
        plain = unicodedata.normalize("NFKC", plain.translate(_TABLE).translate(_KEPT).translate(_TABLE))
    words = plain.split()
    return " ".join(word.translate(_LOOKS) if _pretends(word) else word for word in words)


def _pretends(word: str) -> bool:
    """Whether Latin and look-alike letters stand in one word."""
    return not _LATIN.isdisjoint(word) and not _ALIKE.isdisjoint(word)
