"""One word of a name as a row of signs: Latin graphemes and Arabic letters in one alphabet, for costs that were learnt.

Invariant: a sign is one byte; 0 is 'nothing'; a word has at most ``LONGEST`` signs. Doubled letters are one sign. A vowel or
an h at the end of a word is a sign of its own, because ta marbuta and the silent e stand there.

>>> [ALPHABET[sign] for sign in signs("khaled")], [ALPHABET[sign] for sign in signs("خالد")]
(['kh', 'a', 'l', 'e', 'd'], ['خ', 'ا', 'ل', 'د'])
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

__all__ = ["ALPHABET", "ARABIC", "LATIN", "LONGEST", "OTHER", "signs"]

LONGEST: Final = 16
_SPACE: Final = re.compile(" ")
_GRAPHEMES: Final = tuple(
    _SPACE.split(
        "tch sch dj dh th sh ch kh gh ph zh ck qu gu ts ou oo ee ai ay ei ey ie aa au oe eu "
        "a b c d e f g h i j k l m n o p q r s t u v w x y z ce ge a$ e$ i$ o$ u$ h$ ah$ eh$ ee$ ou$ y$ ^e ^i ^u"
    )
)
_LETTERS: Final = (*"ابپتثجچحخدذرزژسشصضطظعغفڤقكگلمنهوي", "ا$", "ه$", "ي$", "و$", "^ا")
ALPHABET: Final = ("", "?", *_GRAPHEMES, *_LETTERS, "#")
_CODE: Final = {sign: number for number, sign in enumerate(ALPHABET)}
LATIN: Final = range(2, 2 + len(_GRAPHEMES))
ARABIC: Final = range(LATIN.stop, LATIN.stop + len(_LETTERS))
OTHER: Final = _CODE["#"]
_READ: Final = re.compile(
    r"tch|sch|dj|dh|th|sh|ch|kh|gh|ph|zh|ck|qu(?=[aeio])|gu(?=[ei])|ts|ou|oo|ee|ai|ay|ei|ey|ie|aa|au(?![aeiouy])|oe|eu|."
)
_DOUBLE: Final = re.compile(r"([b-df-hj-np-tv-z])\1+")
_GLIDE: Final = re.compile(r"([iu])(?:(?<=i)y|(?<=u)w)(?=[aeiou])")
_FINAL: Final = re.compile(r"(?:[ae]h|ee|ou|[aeiouhy])\Z")
_CYRILLIC: Final = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюяіїєґў",
        _SPACE.split("a b v g d e zh z i y k l m n o p r s t u f kh ts ch sh shch  y  e yu ya i yi ye g w"),
        strict=True,
    )
)


@functools.lru_cache(maxsize=65536)
def signs(word: str) -> bytes:
    """The signs of one folded word (``?`` is where compounds are joined); letters of other scripts are one and the same sign."""
    first = next((letter for letter in word if letter != "?"), "")
    if "а" <= first <= "ӿ":
        word = "".join(_CYRILLIC.get(letter, letter) for letter in word)
        word = unicodedata.normalize("NFKC", word)
        first = word[:1]
    if "a" <= first <= "z":
        return _latin(word)
    if "\u0600" <= first <= "\u06ff":
        return _arabic(word)
    return bytes(_CODE.get(letter, OTHER) for letter in word[:LONGEST])


def _latin(word: str) -> bytes:
    word = _GLIDE.sub(r"\1", _DOUBLE.sub(r"\1", word))
    end = ""
    if len(word) > 2 and (match := _FINAL.search(word)) and match.start() > 1:
        end, word = match[0] + "$", word[: match.start()]
    out = []
    units = _READ.findall(word)
    for at, unit in enumerate(units):
        follower = units[at + 1][0] if at + 1 < len(units) else end[:1]
        if unit in {"c", "g"} and follower and follower in "eiy":
            unit += "e"  # noqa: PLW2901 (the soft sound)
        elif at == 0 and unit in {"e", "i", "u"}:
            unit = "^" + unit  # noqa: PLW2901 (the vowel at the beginning)
        out.append(_CODE.get(unit, OTHER))
    if end:
        out.append(_CODE[end])
    return bytes(out[:LONGEST])


def _arabic(word: str) -> bytes:
    out = [_CODE.get(letter, OTHER) for letter in word]
    if len(word) > 2 and word[-1] in "اهيو":
        out[-1] = _CODE[word[-1] + "$"]
    if word[0] == "ا":
        out[0] = _CODE["^ا"]
    return bytes(out[:LONGEST])
