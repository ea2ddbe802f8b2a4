"""Forms of records: fields named by their paths, parts that repeat, and the way from what was written to a plain record.

Invariant: the name of a field is its path in the record (``law.transfer.ground``, ``subjects.0.names.1.value``), so that
what the law finds lacking leads to its field by name. Nothing is guessed: what can't be read is a fault at its field, and
a part in which nothing was written is not there. The questions of law that a person answers become answers without an
officer; who signs fills in the own number (`reading`).
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from tansiq.errors import BadInput
from tansiq.policy.plain import Code, Flag, Many, One, Prose, Record, Shape, Slot, Whole, slots_of
from tansiq.policy.subjects import Identifier, Name, Place, Subject
from tansiq.policy.values import COUNTRY, MOMENT, Attestation, PartialDate, Text
from tansiq.texts import LANGUAGES, text
from tansiq.web.forms import Field, Form
from tansiq.web.languages import locale_of
from tansiq.web.moments import zone_of
from tansiq.web.numbers import MOST_DIGITS, whole
from tansiq.web.written import date_of

__all__ = [
    "Data",
    "Part",
    "Read",
    "Section",
    "added",
    "count_of",
    "country_code",
    "filled",
    "flat_of",
    "form_of",
    "read_record",
    "removed",
    "said_in",
]  # fmt: skip

Data = Mapping[str, Any]
"""What is written: the name of a field → words, or several values."""
_MOST_REPEATED: Final = 32
_SHORT_KINDS: Final = frozenset({"text", "select", "country", "date", "hidden"})
_BARE: Final[Mapping[type[Record], frozenset[str]]] = {
    Name: frozenset({"script", "role"}),
    Place: frozenset({"role", "script"}),
    Identifier: frozenset({"type", "country"}),
    Subject: frozenset({"kind", "category"}),
}
"""What a form fills in beforehand: alone it says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Fields that stand together. ``title`` (a key) and ``number`` head a part that repeats; ``remove`` names it in the
    button that takes it away, ``add`` the group to which a button below it adds; ``beside``: several in a line;
    ``template`` draws it where fields alone do not say enough.
    """

    fields: tuple[Field, ...]
    title: str = ""
    number: int = 0
    remove: str = ""
    add: str = ""
    add_label: str = ""
    beside: bool = False
    template: str = ""

    @property
    def thirds(self) -> bool:
        """Whether three stand in a line."""
        return self.beside and len(self.fields) == 3 and all(one.kind in _SHORT_KINDS for one in self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A question of the form with its parts. ``title`` and ``help`` are keys of texts."""

    name: str
    title: str
    parts: tuple[Part, ...]
    help: str = ""
    add: tuple[Part, ...] = ()
    """Buttons below it that add something."""

    @property
    def faulty(self) -> bool:
        """Whether anything is wrong in it."""
        return any(one.messages for part in self.parts for one in part.fields)


def form_of(sections: Sequence[Section], *, draft_url: str = "") -> Form:
    """All fields of the sections as one form."""
    return Form(tuple(one for section in sections for part in section.parts for one in part.fields), draft_url)


def filled(sections: Sequence[Section], form: Form) -> tuple[Section, ...]:
    """The sections with the fields as they stand in ``form``: what was written, what is wrong."""
    bound = {one.name: one for one in form}

    def as_bound(part: Part) -> Part:
        return replace(part, fields=tuple(bound[one.name] for one in part.fields))

    return tuple(replace(section, parts=tuple(as_bound(part) for part in section.parts)) for section in sections)


# ---------------------------------------------------------------------------------------------------- what repeats


def count_of(data: Data, group: str, *, least: int = 1) -> int:
    """How often the group is there."""
    start = f"{group}."
    places = [name[len(start) :].partition(".")[0] for name in data if name.startswith(start)]
    found = [at for place in places if (at := whole(place, 2)) is not None]
    return min(max([least, *(at + 1 for at in found)]), _MOST_REPEATED)


def added(data: Data, group: str) -> dict[str, Any]:
    """``data`` with one more of the group, empty."""
    count = count_of(data, group, least=0)
    return {**data, f"{group}.{count}.": ""} if count < _MOST_REPEATED else dict(data)


def removed(data: Data, group: str, place: int) -> dict[str, Any]:
    """``data`` without the group's part at ``place``; those behind it move up."""
    out: dict[str, Any] = {}
    start = f"{group}."
    for name, value in data.items():
        said, dot, rest = name[len(start) :].partition(".") if name.startswith(start) else ("", "", "")
        at = whole(said)
        if at is None or at < place:
            out[name] = value
        elif at > place:
            out[f"{start}{at - 1}{dot}{rest}"] = value
    return out


# ---------------------------------------------------------------------------------------------------- what is written


@functools.cache
def _countries() -> Mapping[str, str]:
    named = {}
    for language in LANGUAGES:
        for code, name in locale_of(language).territories.items():
            if len(code) == 2 and code.isalpha():
                named[str(name).casefold()] = named[code.casefold()] = code
    return named


def country_code(said: str) -> str:
    """The code of a country by its code or its name in one of our languages; what is unknown comes back as it is."""
    return _countries().get(said.strip().casefold(), said.strip())


def _end_of_day(said: str, zone: str) -> int | None:
    try:
        after = date.fromisoformat(said) + timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    return int(datetime(after.year, after.month, after.day, tzinfo=zone_of(zone)).timestamp() * 1000) - 1


@dataclass(frozen=True, slots=True)
class Read:
    """A record as it was written: its plain form, and what can't be read, by field, in the reader's language."""

    plain: dict[str, Any]
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Reading:
    data: Data
    form: Form
    language: str
    zone: str
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def _label(self, name: str) -> str:
        return next((text(one.label, self.language) for one in self.form if one.name == name), name)

    def _fault(self, name: str, message: str) -> None:
        self.faults[name] = (*self.faults.get(name, ()), message)

    def _checked(self, shape: Shape, value: Any, name: str) -> None:
        try:
            shape.check(value, self._label(name))
        except BadInput as error:
            self._fault(name, error.advice(self.language).what)

    def _said(self, name: str) -> str:
        value = self.data.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def _text(self, name: str) -> dict[str, Any] | None:
        said = self._said(name)
        if not said:
            return None
        self._checked(Prose(16_000), said, name)
        return {"language": str(self.data.get(f"{name}.language") or self.language), "value": said}

    def _date(self, name: str) -> dict[str, Any] | None:
        said = self._said(name)
        if not said:
            return None
        found = date_of(said)
        if found is None:
            self._fault(name, text("enquiries.form.wrong-date", self.language, field=self._label(name)))
            return None
        return dict(found.to_plain())

    def _attested(self, name: str) -> dict[str, Any] | None:
        said = self._said(name)
        if said not in {"yes", "no"}:
            return None
        note = self._text(f"{name}.note")
        return {"answer": said == "yes", **({"note": note} if note else {})}

    def _small(self, kind: type[Record], name: str) -> dict[str, Any] | None:
        if kind is Text:
            return self._text(name)
        if kind is PartialDate:
            return self._date(name)
        if kind is Attestation:
            return self._attested(name)
        made = self.record(kind, f"{name}.")
        return made if set(made) - _BARE.get(kind, frozenset()) else None

    def _simple(self, slot: Slot, name: str) -> Any:
        if isinstance(slot.inner, Flag):
            return True if self.data.get(name) in (True, "yes", "on") else None
        said = self._said(name)
        if not said:
            return None
        if slot.inner is MOMENT:
            found = _end_of_day(said, self.zone)
            if found is None:
                self._fault(name, text("enquiries.form.wrong-day", self.language, field=self._label(name)))
            return found
        value: Any = country_code(said) if slot.inner is COUNTRY else said
        if isinstance(slot.inner, Whole):
            if not said.isdecimal() or len(said) > MOST_DIGITS:
                self._fault(name, text("enquiries.form.wrong-number", self.language, field=self._label(name)))
                return None
            value = int(said)
        self._checked(slot.inner, value, name)
        return value

    def _many(self, slot: Slot, name: str) -> list[Any]:
        if isinstance(slot.inner, Code):
            value = self.data.get(name) or ()
            return [value] if isinstance(value, str) else [str(one) for one in value]
        found = []
        for place in range(count_of(self.data, name, least=0)):
            here = f"{name}.{place}"
            one = self._small(slot.inner.kind, here) if isinstance(slot.inner, One) else self._simple(slot, here)
            bare = _BARE.get(slot.inner.kind, frozenset()) if isinstance(slot.inner, One) else frozenset()
            if one is not None and not (isinstance(one, dict) and set(one) <= bare):
                found.append(one)
        return found

    def record(self, kind: type[Record], at: str) -> dict[str, Any]:
        """What is written of a record whose fields' names begin with ``at``."""
        out: dict[str, Any] = {}
        for slot in slots_of(kind):
            name = f"{at}{slot.name}"
            value: Any
            if isinstance(slot.shape, Many):
                value = self._many(slot, name) or None
            elif isinstance(slot.inner, One):
                value = self._small(slot.inner.kind, name)
            else:
                value = self._simple(slot, name)
            if value is not None:
                out[slot.name] = value
        for slot in slots_of(kind):
            if slot.required and slot.name not in out and set(out) - _BARE.get(kind, frozenset()):
                name = f"{at}{slot.name}"
                self._fault(name, text("web.form.missing", self.language, field=self._label(name)))
        return out


def read_record(kind: type[Record], data: Data, *, form: Form, language: str, zone: str, at: str = "") -> Read:
    """What is written of the record ``kind`` in the fields of ``form`` whose names begin with ``at``."""
    reading = _Reading(data, form, language, zone)
    return Read(reading.record(kind, at), reading.faults)


def said_in(data: Data) -> bool:
    """Whether anything was written by hand (choices that a form makes beforehand do not count)."""
    return any(value for name, value in data.items() if value and not name.endswith(".language"))


# ---------------------------------------------------------------------------------------------------- and back


def _flat(slot: Slot, value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(slot.shape, Many) and not isinstance(slot.inner, Code):
        for place, one in enumerate(value):
            yield from _one(slot, one, f"{name}.{place}")
    elif isinstance(slot.shape, Many):
        yield name, list(value)
    else:
        yield from _one(slot, value, name)


def _one(slot: Slot, value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if not isinstance(slot.inner, One):
        yield name, value
    elif slot.inner.kind is Text:
        yield name, value["value"]
        yield f"{name}.language", value["language"]
    elif slot.inner.kind is PartialDate:
        yield name, str(PartialDate.from_plain(value))
    elif slot.inner.kind is not Attestation:
        yield from flat_of(slot.inner.kind, value, at=f"{name}.").items()


def flat_of(kind: type[Record], plain: Mapping[str, Any], *, at: str = "") -> dict[str, Any]:
    """The fields that write the record ``plain``; answers to questions of law are left out, for who signs answers them."""
    out: dict[str, Any] = {}
    for slot in slots_of(kind):
        if slot.name in plain:
            out.update(_flat(slot, plain[slot.name], f"{at}{slot.name}"))
    return out
