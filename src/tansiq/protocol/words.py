"""Fingerprints read aloud: sixteen words for the first 128 bits of a digest, in Arabic, Spanish, French or English.

Invariant: each byte is one thing, named in all four languages, so one side may read in Spanish while the other follows
in Arabic; the same digest always gives the same words. The list is data (``words.toml``) and frozen.
What is typed may lack accents, hamza or capitals; a word that is not in the list is an error, never a guess.
All sixteen words have to be compared: a part of them proves nothing.

>>> " ".join(fingerprint_words(bytes(range(100, 116)), "es")[:3])
'abubilla caballo hospital'
"""

from __future__ import annotations

import functools
import hmac
import itertools
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Final

from tansiq.errors import BadInput, TooMuch

__all__ = ["LENGTH", "fingerprint_words", "fold", "same_fingerprint", "vocabulary", "words_to_bytes"]

LENGTH: Final = 16
"""Words in a fingerprint, one for each byte of the digest's beginning."""

_LANGUAGES: Final = ("ar", "es", "fr", "en")
_MAX_WORD: Final = 32
_MAX_WORDS: Final = 64
_MAX_LINE: Final = 1_024
_SEPARATORS: Final = str.maketrans(dict.fromkeys(",;.·-–،؛", " "))
# What people leave out or write otherwise, beyond the marks that Unicode takes off: ligatures, the Arabic letters that
# many keyboards and hands do not tell apart, and the stretching stroke.
_SAME: Final = str.maketrans({"œ": "oe", "æ": "ae", "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ء": None, "ـ": None})


def fold(word: str) -> str:
    """``word`` without case, accents, vowel signs, hamza and invisible marks: how words are compared."""
    marks = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in marks if unicodedata.category(sign) not in ("Mn", "Cf")).translate(_SAME)


@functools.cache
def _concepts() -> tuple[Mapping[str, str], ...]:
    data = resources.files("tansiq.protocol").joinpath("words.toml").read_text(encoding="utf-8")
    return tuple(tomllib.loads(data)["concepts"])


@functools.cache
def _vocabulary(language: str) -> tuple[str, ...]:
    return tuple(concept[language] for concept in _concepts())


@functools.cache
def _places(language: str) -> Mapping[str, int]:
    return {fold(word): place for place, word in enumerate(_vocabulary(language))}


def vocabulary(language: str) -> tuple[str, ...]:
    """The 256 words of ``language`` (ar, es, fr or en), by value. Raises BadInput for another language."""
    if language not in _LANGUAGES:
        raise BadInput("words.language")
    return _vocabulary(language)


def fingerprint_words(digest: bytes, language: str) -> tuple[str, ...]:
    """The sixteen words for the first sixteen bytes of ``digest``.

    Raises BadInput when ``digest`` is shorter, or for a language other than ar, es, fr and en.
    """
    words = vocabulary(language)
    if len(digest) < LENGTH:
        raise BadInput("words.short", wanted=LENGTH)
    return tuple(words[value] for value in digest[:LENGTH])


def words_to_bytes(words: str | Iterable[str], language: str) -> bytes:
    """The sixteen bytes that ``words`` stand for: one line as somebody typed it, or the words one by one.

    Raises BadInput: "words.unknown" with the word, "words.count" unless there are sixteen, "words.language"; TooMuch
    for what is too long to be a fingerprint.
    """
    vocabulary(language)
    places = _places(language)
    found = bytearray()
    for word in _listed(words):
        place = places.get(fold(word.strip())) if len(word) <= _MAX_WORD else None
        if place is None:
            # Shown to a person: letters only and not many, so that no pasted secret or hidden sign goes with it.
            raise BadInput("words.unknown", word="".join(sign for sign in word[:_MAX_WORD] if sign.isalpha())[:16])
        found.append(place)
    if len(found) != LENGTH:
        raise BadInput("words.count", wanted=LENGTH, got=len(found))
    return bytes(found)


def _listed(words: str | Iterable[str]) -> list[str]:
    if isinstance(words, str):
        if len(words) > _MAX_LINE:
            raise TooMuch("words.too-long")
        return words.translate(_SEPARATORS).split()
    listed = list(itertools.islice(words, _MAX_WORDS + 1))
    if len(listed) > _MAX_WORDS:
        raise TooMuch("words.too-long")
    return listed


def same_fingerprint(words: str | Iterable[str], language: str, digest: bytes) -> bool:
    """Whether ``words``, read aloud or typed by the other side, are the fingerprint of ``digest``.

    Raises as ``words_to_bytes`` and ``fingerprint_words`` do.
    """
    if len(digest) < LENGTH:
        raise BadInput("words.short", wanted=LENGTH)
    return hmac.compare_digest(words_to_bytes(words, language), digest[:LENGTH])
