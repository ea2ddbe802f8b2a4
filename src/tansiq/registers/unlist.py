"""The United Nations Security Council's consolidated list, read as entries, with a report of what could not be.

Invariants: entries come one by one and memory does not grow with the file; no entity or document type is accepted and
nothing outside the file is opened; what cannot be used is ``Skipped`` with its reason; what is damaged stands in
``faults`` and is no name. A fault of the whole file raises, and then no entry of it may be kept: import in one
transaction. A list bears the day on which it was made (``dateGenerated``), for nothing else tells an older list from a newer.

The format is the Council's own: a ``CONSOLIDATED_LIST`` of ``INDIVIDUAL`` and ``ENTITY``. Names stand in FIRST_NAME to
FOURTH_NAME, in NAME_ORIGINAL_SCRIPT and in aliases graded good and low, or a.k.a. and f.k.a. for groups; birth dates
are exact, approximate or between two years, and a person may have several.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException  # it ships no types
from defusedxml.ElementTree import DefusedXMLParser  # it ships no types

from tansiq.errors import BadInput
from tansiq.names import MAX_NAME, folded
from tansiq.registers.damage import CHUNK, MAX_BYTES, choose, damage_of, mended, survey
from tansiq.registers.list_day import made_on
from tansiq.registers.listed import (
    BirthDate,
    Document,
    Entry,
    FieldFault,
    Listed,
    ListedEntity,
    ListedPerson,
    Name,
    Place,
    entry_from_plain,
)

__all__ = [
    "BirthDate",
    "Document",
    "Entry",
    "FieldFault",
    "ImportReport",
    "ListedEntity",
    "ListedPerson",
    "Name",
    "Place",
    "Skipped",
    "carry_over",
    "entry_from_plain",
    "read_un_list",
]

MAX_DEPTH, MAX_ELEMENTS, MAX_ENTRY_TEXT, MAX_TEXT = 12, 5_000, 2**19, 20_000
"""Limits of one entry: nesting, elements, characters in all, characters of one field. Published ones stay far below."""

_FIRST_YEAR, _LAST_YEAR = 1850, 2100
_KINDS: Mapping[str, type[ListedPerson | ListedEntity]] = {"INDIVIDUAL": ListedPerson, "ENTITY": ListedEntity}
_DATE = re.compile(r"(\d{4}(?:-\d\d(?:-\d\d)?)?)(?:[+-]\d\d:\d\d|T\S{1,30}|Z)?", re.ASCII)
_ORIGINAL = "NAME_ORIGINAL_SCRIPT"
_QUALITIES = {"good": "good", "low": "low", "a.k.a.": "also", "f.k.a.": "former"}
_SEXES = {"male": "M", "female": "F"}
_DATE_KINDS = {"APPROXIMATELY": "approximate", "BETWEEN": "between"}


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that could not be used: its reference ("" if it has none), why, and the element concerned."""

    reference: str
    reason: str
    detail: str


@dataclass(slots=True)
class ImportReport:
    """What one reading of a list found, complete when the iterator is exhausted. It holds names: seal it too."""

    generated: str = ""
    low_bytes: bool = False
    persons: int = 0
    entities: int = 0
    names: int = 0
    original_scripts: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    faults: list[tuple[str, FieldFault]] = field(default_factory=list)

    def note(self, outcome: Entry | Skipped) -> None:
        """Counts one outcome."""
        if isinstance(outcome, Skipped):
            self.skipped.append(outcome)
            return
        self.persons += isinstance(outcome, ListedPerson)
        self.entities += isinstance(outcome, ListedEntity)
        self.names += len(outcome.names)
        self.original_scripts += any(name.kind == "original" for name in outcome.names)
        self.faults += [(outcome.reference, fault) for fault in outcome.faults]

    def reasons(self) -> dict[str, int]:
        """How often each reason occurs, by code: fit to be logged, for it names nobody."""
        return dict(Counter([gap.reason for gap in self.skipped] + [fault.reason for _, fault in self.faults]))

    def to_plain(self) -> dict[str, Any]:
        """The report as text, integers, lists and maps."""
        plain = {at.name: getattr(self, at.name) for at in fields(self)}
        plain["skipped"] = [[gap.reference, gap.reason, gap.detail] for gap in self.skipped]
        plain["faults"] = [[reference, fault.to_plain()] for reference, fault in self.faults]
        return plain


def carry_over(older: Entry, newer: Entry) -> tuple[Entry, str]:
    """``newer``, with the original-script name of ``older`` where its own is damaged, and the code of ``choose``."""
    lost = [fault for fault in newer.faults if fault.field == _ORIGINAL and fault.reason.startswith("damage.")]
    if not lost or any(name.kind == "original" for name in newer.names):
        return newer, "damage.unchanged" if older.names == newer.names else "damage.taken"
    good = next((name for name in older.names if name.kind == "original"), Name())
    chosen = choose(good.text, lost[0].value)
    return (replace(newer, names=(*newer.names, good)) if chosen.value else newer), chosen.report


# ------------------------------------------------------------------------------------------------ from bytes to groups

_Group = dict[str, list[Any]]  # element → its texts and groups, in order
_TAG = re.compile(r"[A-Z0-9_]{1,40}")
_REFERENCE = re.compile(r"[A-Za-z]{2,4}\.\d{1,5}")


class _Target:
    """What the parser calls: gathers one entry at a time and holds the limits."""

    def __init__(self, report: ImportReport) -> None:
        self.report = report
        self.path: list[str] = []
        self.ready: list[tuple[str, _Group]] = []
        self.reference = ""
        self._groups: list[_Group] = []
        self._text: list[str] = []
        self._elements = self._letters = 0

    @property
    def where(self) -> str:
        """The element being read, in words fit to be shown."""
        return self.path[-1] if self.path and _TAG.fullmatch(self.path[-1]) else "?"

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if not self.path:
            if tag != "CONSOLIDATED_LIST":
                raise BadInput("unlist.wrong-root", found=tag if re.fullmatch(r"[\w:-]{1,40}", tag, re.ASCII) else "?")
            self.report.generated = made_on(attributes.get("dateGenerated", "").strip())
        self.path.append(tag)
        self._elements += 1
        if len(self.path) > MAX_DEPTH or self._elements > MAX_ELEMENTS:
            raise BadInput("unlist.too-deep", reference=self.reference or "?", depth=MAX_DEPTH, count=MAX_ELEMENTS)
        if len(self.path) == 3:
            self._groups, self._elements, self._letters, self.reference = [{}], 1, 0, ""
        elif len(self.path) > 3:
            self._groups.append({})
        self._text = []

    def data(self, text: str) -> None:
        self._letters += len(text)
        if self._letters > MAX_ENTRY_TEXT:
            raise BadInput("unlist.too-long", limit=MAX_ENTRY_TEXT)
        self._text.append(text)

    def end(self, tag: str) -> None:
        self.path.pop()
        text = re.sub(r"[ \t\r\n\u00a0]+", " ", "".join(self._text)).strip(" ")
        self._text = []
        if len(self.path) < 2:
            self._elements = self._letters = 0
        elif len(self.path) == 2:
            self.ready.append((tag, self._groups.pop()))
            self._elements = self._letters = 0
        else:
            group = self._groups.pop()
            self._groups[-1].setdefault(tag, []).append(group or text)
            if tag == "REFERENCE_NUMBER":
                self.reference = text if _REFERENCE.fullmatch(text) else ""

    def close(self) -> None:
        """The parser is at the end."""


def _groups(source: BinaryIO, report: ImportReport) -> Iterator[tuple[str, _Group]]:
    """The entries of a list as groups of texts. ``source`` stands at its beginning and can be wound back."""
    seen = survey(source)
    source.seek(0)
    report.low_bytes = seen.low_bytes
    target = _Target(report)
    complete = False  # whether the file has come to its end
    parser = DefusedXMLParser(target=target, encoding="utf-8", forbid_dtd=True)
    pieces: Iterator[str | bytes] = (
        mended(source, seen.encoding) if seen.low_bytes else iter(lambda: source.read(CHUNK), b"")
    )
    try:
        for piece in pieces:
            parser.feed(piece)
            yield from target.ready
            target.ready.clear()
        complete = True
        parser.close()
    except DefusedXmlException as fault:
        raise BadInput("unlist.entities") from fault
    except ParseError as fault:
        if complete and target.path:
            raise BadInput("unlist.truncated", element=target.where, reference=target.reference or "?") from fault
        line, column = fault.position
        raise BadInput("unlist.not-xml", line=line, column=column, element=target.where) from fault


def read_un_list(source: BinaryIO, *, report: ImportReport | None = None) -> Iterator[Entry | Skipped]:
    """The entries of the list in ``source``, one by one, in the file's order; ``report`` is filled on the way.

    Raises BadInput (``unlist.…``) for a fault of the whole file, perhaps after entries have come: then keep none.
    """
    counted = ImportReport() if report is None else report
    whole = source if source.seekable() else io.BytesIO(source.read(MAX_BYTES + 1))
    known: set[str] = set()
    for tag, group in _groups(whole, counted):
        if tag not in _KINDS:
            continue
        outcome = _Entry(group).outcome(_KINDS[tag])
        if isinstance(outcome, Listed) and outcome.reference in known:
            outcome = Skipped(outcome.reference, "unlist.twice", "REFERENCE_NUMBER")
        known.add(outcome.reference)
        counted.note(outcome)
        yield outcome
    if not known:
        raise BadInput("unlist.empty")


# ---------------------------------------------------------------------------------------------- from groups to entries


class _Entry:
    """One entry being read: looks fields up in its group and remembers what was wrong with them."""

    def __init__(self, group: _Group) -> None:
        self.group = group
        self.faults: dict[FieldFault, None] = {}

    def outcome(self, made: type[ListedPerson | ListedEntity]) -> Entry | Skipped:
        """The entry, or why there is none."""
        reference = self.text("REFERENCE_NUMBER")[:40]
        if not reference:
            return Skipped("", "unlist.no-reference", "REFERENCE_NUMBER")
        listed_on = self.date("LISTED_ON")
        names = tuple(self.names("INDIVIDUAL_ALIAS" if made is ListedPerson else "ENTITY_ALIAS"))
        if not names:
            return Skipped(reference, "unlist.no-name", next((at.field for at in self.faults), "FIRST_NAME"))
        common: dict[str, Any] = {
            "reference": reference,
            "data_id": self.number("DATAID"),
            "version": self.number("VERSIONNUM"),
            "names": names,
            "list_name": self.text("UN_LIST_TYPE"),
            "listed_on": listed_on,
            "updated": self.values("LAST_DAY_UPDATED"),
            "submitted_by": self.text("SUBMITTED_BY"),
            "comments": self.text("COMMENTS1"),
        }
        if made is ListedEntity:
            addresses = self.places("ENTITY_ADDRESS")
            return ListedEntity(**common, addresses=addresses, faults=tuple(self.faults))
        more: dict[str, Any] = {
            "sex": _SEXES.get(self.text("GENDER").lower(), ""),
            "births": tuple(self.births(int(listed_on[:4] or _LAST_YEAR))),
            "birth_places": self.places("INDIVIDUAL_PLACE_OF_BIRTH"),
            "addresses": self.places("INDIVIDUAL_ADDRESS"),
            "nationalities": self.values("NATIONALITY"),
            "documents": tuple(self.documents()),
            "titles": self.values("TITLE"),
            "designations": self.values("DESIGNATION"),
        }
        return ListedPerson(**common, **more, faults=tuple(self.faults))

    def fault(self, tag: str, value: str, reason: str, hint: str = "") -> str:
        """Remembers a fault once; the empty value that stands for the field."""
        self.faults[FieldFault(field=tag, value=value[:300], reason=reason, hint=hint[:300])] = None
        return ""

    def text(self, tag: str, group: _Group | None = None) -> str:
        """The first text under ``tag``; with a fault if it is damaged, "" if nobody can read it."""
        found = (self.group if group is None else group).get(tag, [""])[0]
        if not isinstance(found, str) or not found:
            return ""
        if len(found) > MAX_TEXT:
            return self.fault(tag, found, "unlist.text-too-long")
        if damage := damage_of(found, original_script=tag == _ORIGINAL) if "NUMBER" not in tag else None:
            self.fault(tag, found, damage.reason, damage.hint)
            return found if damage.legible else ""
        return found

    def name(self, tag: str, text: str) -> str:
        """``text`` if it can serve as a name."""
        if len(text) > MAX_NAME:
            return self.fault(tag, text, "unlist.name-too-long")
        return text if not text or folded(text) else self.fault(tag, text, "unlist.no-letters")

    def number(self, tag: str) -> int:
        """The number under ``tag``, 0 if there is none."""
        text = self.text(tag)
        return int(text) if re.fullmatch(r"\d{1,12}", text, re.ASCII) else 0

    def date(self, tag: str, group: _Group | None = None, *, until: int = _LAST_YEAR) -> str:
        """The date under ``tag``, as far as it is given; "" with a fault for one that cannot be."""
        text = self.text(tag, group)
        match = _DATE.fullmatch(text)
        try:
            day = dt.date.fromisoformat((match[1] + "-01-01")[:10]) if match else dt.date.min
            possible = _FIRST_YEAR <= day.year <= until
        except ValueError:
            possible = False
        return match[1] if match and possible else self.fault(tag, text, "unlist.bad-date") if text else ""

    def groups(self, tag: str) -> Iterator[_Group]:
        """The groups under ``tag``; an empty element is none."""
        return (group for group in self.group.get(tag, ()) if isinstance(group, dict))

    def values(self, tag: str) -> tuple[str, ...]:
        """The texts of all VALUE elements under ``tag``, each once."""
        found = [text for group in self.groups(tag) for text in self.all("VALUE", group)]
        return tuple(dict.fromkeys(text for text in found if text))

    def all(self, tag: str, group: _Group) -> Iterator[str]:
        """Every text under ``tag``."""
        return (self.text(tag, {tag: [value]}) for value in group.get(tag, ()))

    def names(self, alias_tag: str) -> Iterator[Name]:
        """Main name, original script, aliases; none twice."""
        told = (self.text(tag) for tag in ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"))
        found = [Name(text=self.name("FIRST_NAME", " ".join(part for part in told if part)), kind="main")]
        found += [Name(text=self.name(_ORIGINAL, text), kind="original") for text in self.all(_ORIGINAL, self.group)]
        for group in self.groups(alias_tag):
            found.append(
                Name(
                    text=self.name("ALIAS_NAME", self.text("ALIAS_NAME", group)),
                    kind="alias",
                    quality=_QUALITIES.get(self.text("QUALITY", group).lower(), ""),
                    note=self.text("NOTE", group),
                    born=self.date("DATE_OF_BIRTH", group),
                    birth_city=self.text("CITY_OF_BIRTH", group),
                    birth_country=self.text("COUNTRY_OF_BIRTH", group),
                )
            )
        return iter(dict.fromkeys(name for name in found if name.text))

    def births(self, until: int) -> Iterator[BirthDate]:
        """The birth dates that can be, none after the year of listing."""
        for group in self.groups("INDIVIDUAL_DATE_OF_BIRTH"):
            first = next((d for tag in ("DATE", "YEAR", "FROM_YEAR") if (d := self.date(tag, group, until=until))), "")
            last = self.date("TO_YEAR", group, until=until) or first
            if last[:4] < first[:4]:
                self.fault("TO_YEAR", last, "unlist.bad-date")
            elif first:
                kind = _DATE_KINDS.get(self.text("TYPE_OF_DATE", group), "exact")
                yield BirthDate(kind=kind, first=first, last=last, note=self.text("NOTE", group))

    def places(self, tag: str) -> tuple[Place, ...]:
        """Addresses or places of birth that say anything."""
        tags = {"street": "STREET", "city": "CITY", "province": "STATE_PROVINCE", "postcode": "ZIP_CODE"}
        tags |= {"country": "COUNTRY", "note": "NOTE"}
        found = (Place(**{at: self.text(name, group) for at, name in tags.items()}) for group in self.groups(tag))
        return tuple(dict.fromkeys(place for place in found if place != Place()))

    def documents(self) -> Iterator[Document]:
        """The documents that say anything."""
        for group in self.groups("INDIVIDUAL_DOCUMENT"):
            found = Document(
                type=self.text("TYPE_OF_DOCUMENT", group),
                subtype=self.text("TYPE_OF_DOCUMENT2", group),
                number=self.text("NUMBER", group),
                country=self.text("ISSUING_COUNTRY", group) or self.text("COUNTRY_OF_ISSUE", group),
                city=self.text("CITY_OF_ISSUE", group),
                issued=self.date("DATE_OF_ISSUE", group),
                note=self.text("NOTE", group),
            )
            if found != Document():
                yield found
