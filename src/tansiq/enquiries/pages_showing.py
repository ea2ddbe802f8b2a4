"""A record as a page shows it: each field by its name, each code by its label, each text in its own language and direction
with its translations below it.

Invariant: what a record holds is shown whole, a code that this version does not know as well; everything that somebody
wrote is escaped and isolated.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from babel.dates import format_date
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from tansiq.enquiries.pages_common import tongues
from tansiq.errors import Error
from tansiq.policy.answer import Item
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.correspondence import Clarification, ClarificationRequest, DelayNotice, Feedback, Withdrawal
from tansiq.policy.enquiry import Assurance, Neutrality, Transfer
from tansiq.policy.plain import Code, Flag, Many, One, Record, Slot, slots_of
from tansiq.policy.subjects import Identifier, Name, Place, SpecialData, Subject
from tansiq.policy.values import COUNTRY, MOMENT, Attestation, PartialDate, Text
from tansiq.texts import catalogue, text
from tansiq.web.languages import locale_of
from tansiq.web.markup import reference, written
from tansiq.web.moments import Reader, day, moment

__all__ = ["Block", "Showing", "label_of", "name_fields", "partial_date"]

_OWN_LABELS: Final[dict[tuple[type[Record], str], str]] = {
    (Item, "words"): "item-words",
    (Conditions, "words"): "condition-words",
    (Conditions, "codes"): "handling",
    (SpecialData, "reason"): "special-reason",
    (Transfer, "ground"): "transfer-ground",
    (Transfer, "reason"): "transfer-reason",
    (Assurance, "death_penalty"): "assured-death-penalty",
    (Assurance, "ill_treatment"): "assured-ill-treatment",
    (Assurance, "reference"): "assurance-reference",
    (Neutrality, "political"): "is-political",
    (Neutrality, "military"): "is-military",
    (Neutrality, "religious"): "is-religious",
    (Neutrality, "racial"): "is-racial",
    (ClarificationRequest, "question"): "clarify-question",
    (Clarification, "words"): "clarify-words",
    (DelayNotice, "ground"): "delay-ground",
    (DelayNotice, "reason"): "delay-reason",
    (Withdrawal, "reason"): "withdrawal-reason",
    (Withdrawal, "words"): "withdrawal-words",
    (Feedback, "words"): "feedback-words",
}
_SCRIPTS: Final = {"Arab": "ar", "Hebr": "he", "Tfng": "zgh"}
_NO_HEADING: Final = frozenset({"law", "transfer", "assurance", "neutrality", "conditions"})
"""Records inside a record whose fields stand among the others."""


def name_fields(labels: Mapping[tuple[type[Record], str], str]) -> None:
    """Lets a room above name fields of its own records: (record, field) → the last word of a key ``enquiries.field.…``."""
    _OWN_LABELS.update(labels)


def label_of(name: str, kind: type[Record], language: str) -> str:
    """The name of a field in the reader's language; the field's own when there is none."""
    key = f"enquiries.field.{_OWN_LABELS.get((kind, name), name)}"
    return text(key, language) if key in catalogue() else name


def partial_date(one: PartialDate, reader: Reader) -> str:
    """A date as far as it is known, in words."""
    language = reader.language
    if one.until_year is not None:
        told = text("enquiries.date.between", language, first=one.year, last=one.until_year)
    elif one.month is None:
        told = str(one.year)
    elif one.day is None:
        told = format_date(dt.date(one.year, one.month, 1), format="MMMM y", locale=locale_of(language))
    else:
        told = day(dt.date(one.year, one.month, one.day), reader, width="long")
    return text("enquiries.date.about", language, date=told) if one.circa else told


@dataclass(frozen=True, slots=True)
class Block:
    """Facts under a heading: ``facts`` pairs (label, value), the value safe markup."""

    title: str
    facts: list[tuple[str, SafeString]]


@dataclass(slots=True)
class Showing:
    """Shows the records of one part of a statement.

    ``translations`` are those of its texts; ``translate`` the address where one is added ('' nowhere); ``agency`` the name
    of an agency.
    """

    reader: Reader
    translations: Sequence[Mapping[str, Any]] = ()
    translate: str = ""
    agency: Callable[[str], str] = str
    _found: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for one in self.translations:
            self._found.setdefault(one["field"], []).append(one)

    @property
    def _language(self) -> str:
        return self.reader.language

    def text(self, plain: Mapping[str, Any], path: str) -> SafeString:
        """A text, its translations, and where one is added when the reader's language is another."""
        tongue = str(plain.get("language", ""))
        out = [format_html('<div class="said">{}</div>', written(plain.get("value", ""), tongue))]
        known = self._found.get(path, [])
        for one in known:
            by = format_html("<bdi>{}</bdi>", one["officer"])
            label = text("enquiries.page.translated-by", self._language, officer="{officer}").format(officer=by)
            out.append(
                format_html(
                    '<div class="translation"><p class="small soft">{}</p><div class="said">{}</div></div>',
                    mark_safe(label),  # noqa: S308 (our text around an escaped number)
                    written(one["text"].get("value", ""), one["text"].get("language", "")),
                )
            )
        read_here = {tongue.partition("-")[0], *(one["text"].get("language", "") for one in known)}
        if self.translate and self._language not in read_here:
            address = f"{self.translate}&{urlencode({'field': path})}"
            name = tongues([tongue], self._language)
            out.append(
                format_html(
                    '<p class="small soft">{} · <a href="{}">{}</a></p>',
                    text("enquiries.page.written-in", self._language, tongue=name),
                    address,
                    text("enquiries.page.add-translation", self._language),
                )
            )
        return mark_safe("".join(out))  # noqa: S308 (parts made by format_html)

    def _label(self, listed: str, value: object) -> str:
        return code_list(listed).label(str(value), self._language)

    def _country(self, code: object) -> str:
        return str(locale_of(self._language).territories.get(str(code), code))

    def _name(self, value: Mapping[str, Any]) -> SafeString:
        shown = written(value.get("value", ""), _SCRIPTS.get(str(value.get("script")), ""))
        role = str(value.get("role", "name.full"))
        if role == "name.full":
            return format_html("<strong>{}</strong>", shown)
        return format_html('{} <span class="soft small">{}</span>', shown, self._label("name_roles", role))

    def _place(self, value: Mapping[str, Any]) -> SafeString:
        country = self._country(value["country"]) if value.get("country") else ""
        name = written(value["name"]) if value.get("name") else SafeString("")
        joint = ", " if self._language != "ar" else "، "
        where = format_html("{}{}{}", name, joint if name and country else "", country)
        return format_html(
            '{} <span class="soft small">{}</span>', where, self._label("place_roles", value.get("role"))
        )

    def _identifier(self, value: Mapping[str, Any]) -> SafeString:
        kind = self._label("identifier_types", value.get("type"))
        country = f" · {self._country(value['country'])}" if value.get("country") else ""
        return format_html(
            '{} <span class="soft small">{}{}</span>', reference(value.get("number", ""), whole=True), kind, country
        )

    def _special(self, value: Mapping[str, Any], path: str) -> SafeString:
        reason = self.text(value["reason"], f"{path}.reason") if isinstance(value.get("reason"), dict) else ""
        return format_html("{}{}", self._label("special_category", value.get("category")), reason)

    def _attested(self, value: Mapping[str, Any]) -> SafeString:
        word = text("enquiries.form.yes" if value.get("answer") else "enquiries.form.no", self._language)
        return format_html('{} <span class="soft small"><bdi>{}</bdi></span>', word, value.get("officer", ""))

    def _small(self, value: Any, kind: type[Record], path: str) -> SafeString | None:
        """A record that is one fact; None for one with fields of its own."""
        if not isinstance(value, Mapping):
            return SafeString("?")
        alone = {Name: self._name, Place: self._place, Identifier: self._identifier, Attestation: self._attested,
                 PartialDate: self._date}  # fmt: skip
        with_texts = {Text: self.text, SpecialData: self._special}
        if kind in with_texts:
            return with_texts[kind](value, path)
        return alone[kind](value) if kind in alone else None

    def _date(self, value: Mapping[str, Any]) -> SafeString:
        try:
            return format_html("{}", partial_date(PartialDate.from_plain(value), self.reader))
        except Error:
            return SafeString("?")

    def _value(self, value: Any, slot: Slot, path: str) -> SafeString | None:
        inner = slot.inner
        if isinstance(inner, One):
            return self._small(value, inner.kind, path)
        if isinstance(inner, Code):
            return format_html("{}", self._label(inner.name, value))
        if isinstance(inner, Flag):
            return format_html("{}", text("enquiries.form.yes" if value else "enquiries.form.no", self._language))
        if inner is MOMENT:
            return format_html("{}", moment(int(value), self.reader).short)
        if slot.name == "originator":
            return format_html("<bdi>{}</bdi>", self.agency(str(value)))
        return format_html("{}", self._country(value)) if inner is COUNTRY else format_html("<bdi>{}</bdi>", value)

    def facts(
        self, plain: Mapping[str, Any], kind: type[Record], *, path: str = "", only: Sequence[str] = ()
    ) -> Iterator[tuple[str, SafeString]]:
        """The facts of a record in the order of its fields, or of ``only`` some fields in their order."""
        slots = {slot.name: slot for slot in slots_of(kind)}
        for name in only or slots:
            slot, value = slots[name], plain.get(name)
            if value is None or value == [] or value is False:
                continue
            here = f"{path}{name}"
            if name in _NO_HEADING and isinstance(slot.inner, One) and isinstance(value, Mapping):
                yield from self.facts(value, slot.inner.kind, path=f"{here}.")
                continue
            several = isinstance(slot.shape, Many)
            shown = [
                self._value(one, slot, f"{here}.{place}" if several else here)
                for place, one in enumerate(value if several else [value])
            ]
            told = [one for one in shown if one is not None]
            if told:
                yield label_of(name, kind, self._language), _joined(told)

    def subject(self, plain: Mapping[str, Any], *, path: str, only: Sequence[str] = ()) -> Block:
        """A subject under its kind and category; its facts, or ``only`` some of them."""
        title = self._label("subject_kinds", plain.get("kind", "subject.person"))
        if category := plain.get("category"):
            title = f"{title} · {self._label('data_subject_category', category)}"
        named = {"kind", "decision", "category"}
        rest = only or [name for name in (slot.name for slot in slots_of(Subject)) if name not in named]
        return Block(title, list(self.facts(plain, Subject, path=path, only=rest)))

    def subjects(self, plain: Mapping[str, Any], *, path: str = "", only: Sequence[str] = ()) -> list[Block]:
        """All subjects of a record."""
        found = plain.get("subjects", [])
        return [
            self.subject(one, path=f"{path}subjects.{place}.", only=only)
            for place, one in enumerate(found)
            if isinstance(one, Mapping)
        ]


def _joined(values: Sequence[SafeString]) -> SafeString:
    if len(values) == 1:
        return values[0]
    return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((one,) for one in values)))
