"""Entries in the reader's words: dates of birth, nationalities, which list, and a name in the reader's own script.

Invariant: what a list says is shown as it says it, isolated; where a word was read as a code, the list's own word stands beside it when it
says more. A name in another script than its bearer's papers is marked as transliterated.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from tansiq.names import script_of, transliterated
from tansiq.names.script import Script
from tansiq.registers.listed import BirthDate, Entry, ListedPerson, Place
from tansiq.registers.nations import nation_of
from tansiq.texts import catalogue, text
from tansiq.web.languages import locale_of
from tansiq.web.moments import Reader, day

__all__ = [
    "birth_words",
    "brief",
    "heading",
    "in_reader_script",
    "joined",
    "nation_words",
    "place_words",
    "register_name",
    "shown_names",
    "tongue",
]

_DAY: Final = 10
_MOST_NAMES: Final = 3


def register_name(register: str, language: str) -> str:
    """What a register is called; its own name where there is no other."""
    key = f"registers.called.{register}"
    return text(key, language) if key in catalogue() else register


def tongue(name: str) -> str:
    """The language tag for a name in Arabic letters; '' for another."""
    return "ar" if any("؀" <= letter <= "ۿ" for letter in name) else ""


def shown_names(names: Iterable[str], language: str) -> list[tuple[str, str]]:
    """The first few names with their language tags; one in the reader's script among them, where the list has one."""
    known = list(dict.fromkeys(name for name in names if name))
    readable = [name for name in known if script_of(name) == _script(language)]
    first = known[:_MOST_NAMES]
    if readable and readable[0] not in first:
        first = [*first[: _MOST_NAMES - 1], readable[0]]
    return [(name, tongue(name)) for name in first]


def heading(names: Iterable[str], language: str) -> tuple[str, str] | None:
    """The name that stands above an entry, with its language tag: the first in the reader's script, else the first."""
    known = [name for name in names if name]
    first = next((name for name in known if script_of(name) == _script(language)), known[0] if known else "")
    return (first, tongue(first)) if first else None


def in_reader_script(names: Iterable[str], language: str) -> str:
    """The first name in the reader's own script, said to be a transliteration; "" where the list has one in that script itself, or none
    that can be.
    """
    known, script = list(names), _script(language)
    if any(script_of(name) == script for name in known):
        return ""
    made = next((made for name in known if (made := transliterated(name, script))), "")
    return text("registers.transliterated", language, name=made) if made else ""


def _script(language: str) -> Script:
    return "Arab" if language == "ar" else "Latn"


def joined(words: Iterable[object]) -> SafeString:
    """Short words after one another, each in its own direction; what is empty is left out."""
    return format_html_join(" · ", "<bdi>{}</bdi>", ((word,) for word in words if word))


def _date(said: str, language: str) -> str:
    if len(said) != _DAY:
        return said
    return day(date.fromisoformat(said), Reader(language=language, now_ms=0))


def birth_words(born: BirthDate, language: str) -> str:
    """A birth date as far as the list gives it."""
    first, last = _date(born.first, language), _date(born.last, language)
    if born.kind == "between" and first != last:
        return text("enquiries.date.between", language, first=first, last=last)
    return text("enquiries.date.about", language, date=first) if born.kind == "approximate" else first


def nation_words(word: str, language: str) -> SafeString:
    """A nationality by the country's name; as the list says it where that is no country."""
    code = nation_of(word)
    return format_html("<bdi>{}</bdi>", locale_of(language).territories.get(code, word) if code else word)


def place_words(place: Place) -> str:
    """A place as far as the list gives it, the smallest part first."""
    parts = (place.street, place.city, place.province, place.postcode, place.country, place.note)
    return ", ".join(part for part in parts if part)


def brief(entry: Entry | None, language: str) -> list[object]:
    """What tells persons of one name apart: births and nationalities."""
    if not isinstance(entry, ListedPerson):
        return []
    births = list(dict.fromkeys(birth_words(born, language) for born in entry.births))
    told: list[object] = [text("registers.born", language, when=" · ".join(births))] if births else []
    return [*told, *(nation_words(word, language) for word in dict.fromkeys(entry.nationalities))]
