"""What is left of one word of a name when the habits of its writer are taken away: consonant keys.

A *reading* has a **fine** key (one sign per consonant; q and k are one, so are t and ط) and the vowels in the *gaps*
between the consonants. A **coarse** key forgets more: ق ك غ ج خ and k g gh j kh are one class, d and z, b and p and v,
h and inner w and y are gone. Invariant: the coarse key is a function of the fine one, so whoever looks up coarse keys
finds all words with the same fine key. Words in other scripts are their own keys.

The signs of a fine key: ``b p f v t T d D s z x j K k g h l m n r w y``, where T is ث or th, D is ذ ظ ض or dh, x is
ش, sh or ch, K is خ or kh. A gap holds ``a e i o u``, capitals A I U where Arabic writes a long vowel, ``?`` where
Arabic writes none or a compound is joined.

>>> fine_and_gaps("hamdaoui")[0], fine_and_gaps("حمداوي")[0], coarse("hmdw")
('hmdw', 'hmdw', 'md')
"""

from __future__ import annotations

import re

__all__ = ["alternatives", "coarse", "fine_and_gaps"]

_DIGRAPH = re.compile(r"dsch|sch|tch|dzh|dj|dh|th|sh|ch|kh|gh|ph|zh|ck|qu(?=[aeio])|gu(?=[ei])|c(?=[eiy])|.")
_DOUBLE = re.compile(r"([a-z])\1+")
_LATIN = {
    "dsch": "j", "sch": "x", "tch": "x", "dzh": "j", "dj": "j", "dh": "D", "th": "T", "sh": "x", "ch": "x", "kh": "K",
    "gh": "g", "ph": "f", "zh": "j", "ck": "k", "qu": "k", "gu": "g", "q": "k",
    **{letter: letter for letter in "bpftdszxjkglmnrhvw"},
}  # fmt: skip
_ARABIC = {
    "ب": "b", "پ": "p", "ت": "t", "ط": "t", "ث": "T", "ج": "j", "چ": "x", "ح": "h", "خ": "K", "د": "d", "ض": "D",
    "ذ": "D", "ظ": "D", "ر": "r", "ز": "z", "ژ": "j", "س": "s", "ص": "s", "ش": "x", "غ": "g", "ف": "f", "ڤ": "v",
    "ق": "k", "ك": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ه": "h",
}  # fmt: skip
_LONG = {"ا": "A", "و": "U", "ي": "I", "ع": "?"}
_COARSE = str.maketrans(
    {"p": "b", "v": "b", "T": "t", "D": "d", "z": "d", "j": "k", "K": "k", "g": "k", "h": "", "w": "", "y": ""}
)
# What another country's habit explains: Spanish j and y, Egyptian g, Turkish v; then th and dh as s and z.
_IBERIAN = str.maketrans({"j": "K", "y": "j", "v": "w", "g": "j"})
_SIBILANT = str.maketrans({"T": "s", "D": "z"})
_PLAIN = str.maketrans({"T": "t", "D": "d"})


def coarse(fine: str) -> str:
    """The coarse key of a fine one; a word without consonants has the key "~"."""
    if fine[:1] in {"=", ""}:
        return fine or "~"
    initial = fine[0] if fine[0] in "wy" else ""
    return initial + fine.translate(_COARSE) or "~"


def alternatives(fine: str, *, latin: bool) -> tuple[str, ...]:
    """The fine key itself with T and D as t and d, then what else the same spelling may stand for, of equal length."""
    if fine.startswith("="):
        return (fine,)
    plain = fine.translate(_PLAIN)
    found = dict.fromkeys((plain, fine.translate(_SIBILANT)))
    if latin:
        found[plain.translate(_IBERIAN)] = None
    return tuple(found)


def fine_and_gaps(word: str) -> tuple[str, tuple[str, ...]]:
    """The fine key of one folded word, T and D included, and the vowels before, between and after its signs.

    There is always one gap more than signs. A word in a script other than Arabic and Latin gives ``=word``.
    """
    first = next((letter for letter in word if letter != "?"), "")
    if "a" <= first <= "z":
        signs, gaps = _read_latin(word)
    elif "\u0600" <= first <= "\u06ff":
        signs, gaps = _read_arabic(word)
    else:
        return "=" + word, ("", "")
    if len(signs) > 1 and signs[-1] == "h" and not gaps[-1]:  # ta marbuta: Fatima, Fatimah, فاطمة
        signs.pop()
        gaps.pop()
        gaps[-1] = gaps[-1].replace("?", "") or "a"
    return "".join(signs), tuple(gap[:2] for gap in gaps)


def _read_latin(word: str) -> tuple[list[str], list[str]]:
    word = _DOUBLE.sub(r"\1", word.replace("oo", "u").replace("ee", "i").replace("ou", "u"))
    signs: list[str] = []
    gaps = [""]
    units = [match.group() for match in _DIGRAPH.finditer(word)]
    for at, unit in enumerate(units):
        follower = units[at + 1][0] if at + 1 < len(units) else ""
        sign = _LATIN.get(unit, "")
        if unit == "c":
            sign = "s" if follower and follower in "eiy" else "k"
        elif unit == "u" and follower and follower in "aei":
            sign = "w"
        elif unit in {"i", "y"} and at == 0 and follower and follower in "aeou":
            sign = "y"
        if not sign:
            gaps[-1] += "i" if unit == "y" else unit if unit in "aeiou" else "?"
        elif not (signs and signs[-1] == sign and not gaps[-1]):  # a doubled digraph: chch, shsh
            signs.append(sign)
            gaps.append("")
    return signs, gaps


def _read_arabic(word: str) -> tuple[list[str], list[str]]:
    signs: list[str] = []
    gaps = [""]
    for at, letter in enumerate(word):
        follower = word[at + 1 : at + 2]
        sign = _ARABIC.get(letter, "")
        if letter == "و" and (at == 0 or (follower and follower in "اعيه")):
            sign = "w"
        elif letter == "ي" and at == 0:
            sign = "y"
        if sign:
            # What stands between two consonants unwritten may be any short vowel or none; at the ends it is none.
            gaps[-1] = gaps[-1] or ("?" if signs else "")
            signs.append(sign)
            gaps.append("")
        else:
            gaps[-1] += _LONG.get(letter, "?")
    return signs, gaps
