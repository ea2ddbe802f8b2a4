"""A name in the other script, for the eyes of a reader who does not read its own: Arabic in Latin letters, Latin in Arabic ones.

Invariant: for showing only. What is searched and compared is what was written; a transliteration never stands without being called
one. The usual spelling where it is known (``script.json``), else letter by letter; both keep the keys, so that whoever searches for
what was shown finds whom it stands for. Pure.

>>> transliterated("خالد الشرقاوي", "Latn"), transliterated("Jaled Cherkaoui", "Arab")
('Khalid Cherkaoui', 'خالد الشرقاوي')
>>> transliterated("Иван", "Latn"), script_of("Иван Ali"), script_of("علي")
('', '', 'Arab')
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from collections.abc import Mapping
from importlib import resources
from typing import Final, Literal

from tansiq.names.fold import folded

__all__ = ["Script", "script_of", "transliterated"]

Script = Literal["Arab", "Latn"]
_BLOCKS: Final = {"ARABIC": "Arab", "LATIN": "Latn"}
_ABD: Final = re.compile(r"\bعبد (ال\S{2,})")
_ARTICLE: Final = re.compile(r"(عبد)?ال(?=..)")
_TO_LATIN: Final = {
    "ا": "a", "ب": "b", "پ": "p", "ت": "t", "ث": "th", "ج": "j", "چ": "ch", "ح": "h", "خ": "kh", "د": "d", "ذ": "dh", "ر": "r",
    "ز": "z", "ژ": "j", "س": "s", "ش": "ch", "ص": "s", "ض": "d", "ط": "t", "ظ": "d", "ع": "a", "غ": "gh", "ف": "f", "ڤ": "v",
    "ق": "k", "ك": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ه": "h", "و": "ou", "ي": "i", "ء": "",
}  # fmt: skip
_VOWELS: Final = frozenset("اويع")
_LETTERS: Final = re.compile(r"sch|tch|kh|gh|ch|sh|dj|dh|th|ph|ou|oo|ee|ck|qu(?=[aeio])|gu(?=[ei])|c(?=[eiy])|.")
_DOUBLE: Final = re.compile(r"([a-z])\1")
_TO_ARABIC: Final = {
    "sch": "ش", "tch": "تش", "kh": "خ", "gh": "غ", "ch": "ش", "sh": "ش", "dj": "ج", "dh": "ذ", "th": "ث", "ph": "ف", "ou": "و",
    "oo": "و", "ee": "ي", "ck": "ك", "qu": "ك", "gu": "غ", "a": "ا", "b": "ب", "c": "ك", "d": "د", "e": "ي", "f": "ف", "g": "غ",
    "h": "ه", "i": "ي", "j": "ج", "k": "ك", "l": "ل", "m": "م", "n": "ن", "o": "و", "p": "ب", "q": "ق", "r": "ر", "s": "س",
    "t": "ت", "u": "و", "v": "ف", "w": "و", "x": "ش", "y": "ي", "z": "ز",
}  # fmt: skip


@functools.cache
def _usual() -> Mapping[str, Mapping[str, str]]:
    found = json.loads(resources.files("tansiq.names").joinpath("script.json").read_text("utf-8"))
    return {"Latn": found["latin"], "Arab": found["arabic"]}


def script_of(name: str) -> str:
    """Arab or Latn where all letters of a name are of one of them; "" for any other and for a mixture."""
    found = {_BLOCKS.get(unicodedata.name(letter, "").partition(" ")[0], "") for letter in name if letter.isalpha()}
    return found.pop() if len(found) == 1 else ""


def transliterated(name: str, script: Script) -> str:
    """``name`` in ``script``; "" where it stands in that script already, or in neither of the two.

    Raises BadInput (``names.too-long``).
    """
    own = script_of(name)
    if not own or own == script:
        return ""
    return " ".join(_word(word, script) for word in _words(folded(name)))


def _words(plain: str) -> list[str]:
    """The words of a folded name; abd with what it belongs to."""
    return _ABD.sub(r"عبد\1", plain).split()


def _word(word: str, script: Script) -> str:
    usual = _usual()[script].get(word)
    if script == "Arab":
        return usual or _in_arabic(word)
    if usual is None and (article := _ARTICLE.match(word)):
        bare = word[article.end() :]
        told = _usual()[script].get(bare) or _in_latin(bare)
        return f"Abdel{told}" if article[1] else f"El {told.capitalize()}"
    return (usual or _in_latin(word)).capitalize()


def _in_latin(word: str) -> str:
    """Letter by letter; where two consonants would begin a syllable stands an a between them."""
    out = ""
    for at, letter in enumerate(word):
        follower = word[at + 1 : at + 2]
        told, vowel = _TO_LATIN.get(letter, letter), letter in _VOWELS
        if letter in "وي" and (at == 0 or (follower and follower in _VOWELS)):
            told, vowel = {"و": "w", "ي": "y"}[letter], False
        elif letter == "ه" and not follower and at > 1:
            told, vowel = "a", True  # ta marbuta, as folding leaves it
        begins = not out or out[-1] not in "aeiou"
        out += told
        if begins and not vowel and follower and follower not in _VOWELS:
            out += "a"
    return out


def _in_arabic(word: str) -> str:
    """Letter by letter; a short e is not written inside a word, and a word begins with a letter that can begin one."""
    units = [match.group() for match in _LETTERS.finditer(_DOUBLE.sub(r"\1", word))]
    out = []
    for at, unit in enumerate(units):
        told = _TO_ARABIC.get(unit, unit)
        if unit == "c" and at + 1 < len(units) and units[at + 1][0] in "eiy":
            told = "س"
        if unit == "e" and 0 < at < len(units) - 1:
            continue
        if at == 0 and unit in {"e", "i", "o", "u", "ou"}:
            told = "ا" if unit == "e" else f"ا{told}"
        out.append(told)
    return "".join(out)
