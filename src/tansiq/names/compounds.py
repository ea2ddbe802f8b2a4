"""The parts of a name: articles dropped, and what one writer joins and another splits written alike.

Both scripts get the same treatment: *abd + X*, *X + eddin*, *X + allah*, and the prefixes ben, bint, ould, ait, abu and
umm. Invariant: every unit has at least one spelling; the first is the usual reading, the others are second thoughts
(without the prefix, with what looked like an article). ``?`` joins what a compound is made of: any vowel may be there.

>>> [unit.spellings[0] for unit in units("abd es salam ben ali")] == [u.spellings[0] for u in units("abd salam benali")]
True
>>> [unit.spellings for unit in units("محمد بن علي")]
[('محمد',), ('ب?ن?علي', 'علي')]
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["MAX_UNITS", "Unit", "units"]

MAX_UNITS = 24
"""Parts of one name that are looked at; no person's name has more, and alignment costs their square."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One part of a name: ``text`` as it was written (folded), and the ``spellings`` that keys are made of."""

    text: str
    spellings: tuple[str, ...]


_LATIN_PREFIXES = {
    **dict.fromkeys(("ben", "bin", "ibn", "bnou", "ibnou", "ibnu"), "b?n"),
    **dict.fromkeys(("bint", "bent"), "b?nt"),
    **dict.fromkeys(("ould", "oueld", "weld", "wuld", "walad"), "w?ld"),
    **dict.fromkeys(("abou", "abu", "abo", "bou", "abi"), "?b"),
    **dict.fromkeys(("oum", "umm", "um", "om"), "?m"),
    "ait": "?t",
}
_ARABIC_PREFIXES = {
    **dict.fromkeys(("بن", "ابن"), "ب?ن"),
    **dict.fromkeys(("ابو", "ابي", "ابا", "بو"), "?ب"),
    "بنت": "ب?نت",
    "ولد": "و?لد",
    "ايت": "?ت",
    "ام": "?م",
}
_PREFIXES = {**_LATIN_PREFIXES, **_ARABIC_PREFIXES}
_ARTICLES = frozenset({"al", "el", "ul", "il", "ال"})
_ASSIMILATED = re.compile(r"[aeu](sh|ch|s|z|r|d|t|n)")
_PARTICLES = frozenset({"y", "e", "de", "del", "la", "las", "los", "da", "do", "dos", "du", "des", "von", "van", "و"})
_ABD = re.compile(r"abd(?:[ae]|[aeiou]{1,2}(?:l|sh|ch|[srzdtn]))?")
_ABD_JOINED = re.compile(r"abd(?:[aeiou]{0,2}l(?=[^aeiouy])|[aeiou]{1,2}(?=(?P<sun>[bcdfghjkmnpqrstxz]))|)")
_ALLAH = re.compile(r"(?:[aeiou]l?l|ll?)[ae]h?$")
_ALLAH_WORD = frozenset({"allah", "ullah", "alla", "ollah", "ellah", "الله", "لله"})
_OF_ALLAH = frozenset({"allahi", "ullahi", "ollahi", "elahi", "اللهي", "الهي"})
_OF_ALLAH_JOINED = re.compile(r"[aeou]?llahi$")
_ATTRIBUTES = frozenset({
    "rahman", "rehman", "rahim", "aziz", "karim", "kareem", "majid", "majeed", "hamid", "latif", "hakim", "kader", "qader", "qadir",
    "razzaq", "razak", "ghani", "wahab", "wahhab", "salam", "malik", "jabbar", "gabbar", "nasser", "halim", "rashid", "sattar",
})  # fmt: skip
_DIN_WORD = frozenset({"din", "dine", "deen", "eddine", "eddin", "edin", "edine", "uddin", "addin", "aldin", "eldin",
                       "uldin", "aldeen", "eldeen", "oddin", "oddine", "الدين", "دين"})  # fmt: skip
_DIN_JOINED = re.compile(r"[aeiou]l(?=d[ie]{1,2}ne?$)")
_PREFIX_JOINED = re.compile(r"(ben|bin|abou|abu|bou|بن|ابو|بو)(?=[^\W\d_]{3})")
_ATTACHED = re.compile(r"[ae]l(?=[^aeiouy][a-z]{3})|ال(?=..)")
_ATTACHED_TO_VOWEL = re.compile(r"[ae]l(?=[aeiouy][a-z]{3})")


def units(name: str) -> tuple[Unit, ...]:
    """The parts of a folded ``name`` in its own order; at most MAX_UNITS of them, () for an empty name."""
    words = _without_articles(name.split()[: 2 * MAX_UNITS])
    merged = _with_suffixes(words)
    return tuple(_with_prefixes(merged))[:MAX_UNITS]


def _without_articles(words: list[str]) -> list[str]:
    kept = [
        word
        for word, follower in zip(words, [*words[1:], ""], strict=False)
        if word not in _PARTICLES and not (follower and (word in _ARTICLES or _assimilates(word, follower)))
    ]
    return kept or words


def _assimilates(word: str, follower: str) -> bool:
    match = _ASSIMILATED.fullmatch(word)
    return match is not None and follower.startswith(match[1]) and word not in _PREFIXES


def _with_suffixes(words: list[str]) -> list[str]:
    """Joins abd to what follows it, and eddin and allah to what stands before them."""
    out: list[str] = []
    takes_next = False
    for at, word in enumerate(words):
        latin = word[0] < "\u0250"
        if takes_next and out:
            bare = word.removeprefix("ال") if len(word) > 4 and word != "الله" else word
            out[-1] += _allah(bare)
            takes_next = False
        elif out and out[-1] not in _PREFIXES and word in _DIN_WORD:
            out[-1] += "?din" if latin else "?دين"
        elif out and out[-1] not in _PREFIXES and word in _ALLAH_WORD:
            out[-1] += "?lah?" if latin else "?لاه?"
        elif out and out[-1] not in _PREFIXES and word in _OF_ALLAH:
            out[-1] += "?lahi" if latin else "?لاهي"
        elif word == "a" and at + 1 < len(words) and words[at + 1] in _ATTRIBUTES:
            out.append("abd?")  # A. Rahman
            takes_next = True
        elif word == "عبد" or _ABD.fullmatch(word):
            out.append("عبد?" if word == "عبد" else "abd?")
            takes_next = True
        else:
            out.append(word)
    if takes_next and len(out) > 2 - (out[0] not in _PREFIXES):
        out[0] = out.pop() + out[0]  # 'Rashid Abdul': the family name was put first
    return [word.removesuffix("?") if word in {"abd?", "عبد?"} else word for word in out]


def _allah(word: str) -> str:
    """``word`` after abd, with God's name in the one form that keeps its h."""
    if word in _ALLAH_WORD or word == "لاه":
        return "لاه?" if word[0] > "\u0600" else "lah?"
    return word


def _with_prefixes(words: list[str]) -> Iterator[Unit]:
    prefixes: list[str] = []
    for at, word in enumerate(words):
        if word in _PREFIXES and at + 1 < len(words) and (words[at + 1][0] < "\u0250") == (word[0] < "\u0250"):
            prefixes.append(word)
            continue
        spellings = _spellings(word)
        if prefixes:
            joined = "?".join(_PREFIXES[prefix] for prefix in prefixes) + "?" + spellings[0]
            spellings = (joined, *spellings)
        yield Unit(" ".join((*prefixes, word)).replace("?", ""), spellings)
        prefixes = []


@functools.lru_cache(maxsize=32768)
def _spellings(word: str) -> tuple[str, ...]:
    """The readings of one word: compounds written alike first, then what else it may be. Few words make most names."""
    found = [_rewritten(word)]
    if match := _PREFIX_JOINED.match(word):
        found = [_PREFIXES[match[1]] + "?" + word[match.end() :], word[match.end() :]]
    elif not word.startswith(("abd", "عبد", "الله")):
        if match := _ATTACHED.match(word):
            found.insert(0, _rewritten(word[match.end() :]))
        elif (match := _ATTACHED_TO_VOWEL.match(word)) or (len(word) > 5 and (match := _ATTACHED_SUN.match(word))):
            found.append(word[match.end() :])
        elif word.startswith(("lh", "lah", "لح")) and len(word) > 3:  # Lahcen, Lhoussaine: الحسن, الحسين
            found.append(word.removeprefix("l").removeprefix("ل"))
    elif "?" not in word and (match := re.match(r"abd[aeiou]{1,2}l(?=[aeiouy])", word)):
        found.append("abd?" + word[match.end() :])  # Abdelali, where Abdelatif keeps its l
    if _CEDILLA.search(word):
        found.append(_CEDILLA.sub("s", word))  # Façal
    if word in _READ_OTHERWISE:
        found.append(_READ_OTHERWISE[word])
    for spelling in tuple(found):  # a writer may leave out the servant, or the faith
        bare = _COMPOUND.sub("", spelling)
        if len(bare) > 2 and bare != spelling and "?" not in bare:
            found.append(bare)
    return tuple(dict.fromkeys(found))


_READ_OTHERWISE = {"عمرو": "عمر", "طه": "طاها", "داود": "داوود"}  # not said as written
_ATTACHED_SUN = re.compile(r"[ae](?:([sznrtdl])(?=\1)|(?=[cs]h[aeiou]))")  # Ennaji, Errachidi, Echarkaoui
_CEDILLA = re.compile(r"(?<=[aeiou])c(?=[aou])")
_COMPOUND = re.compile(r"^(?:abd|عبد)\?|\?(?:din|دين|lah\?|لاه\?)$")


def _rewritten(word: str) -> str:  # noqa: PLR0911 (one line for each way of writing)
    """One word with abd + X, X + allah and X + eddin in the form that the split spelling has."""
    if "?" in word:
        return word
    if word.startswith("abd") and len(word) > 5:
        rest = word[3:]
        if _ALLAH.fullmatch(rest):
            return "abd?lah?"
        match = _ABD_JOINED.match(word)
        return "abd?" + (word[match.end() :] if match else rest)
    if word.startswith("عبد") and len(word) > 4:
        rest = word[3:]
        return "عبد?" + (_allah(rest) if rest in _ALLAH_WORD else rest.removeprefix("ال"))
    if len(word) > 7 and (match := _OF_ALLAH_JOINED.search(word)):
        return word[: match.start()] + "?lahi"
    if word.endswith("اللهي") and len(word) > 6:
        return word[:-5] + "?لاهي"
    if word.endswith("الله") and len(word) > 4:
        return word[:-4] + "?لاه?"
    if word.endswith("الدين") and len(word) > 6:
        return word[:-5] + "?دين"
    if len(word) > 6 and (match := _ALLAH.search(word)) and "ll" in match[0]:
        return word[: match.start()] + "?lah?"
    return _DIN_JOINED.sub("?", word)
