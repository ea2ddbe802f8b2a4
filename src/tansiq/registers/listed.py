"""What an entry of the United Nations list consists of, as values that can be stored: persons and groups.

Invariant: ``from_plain(to_plain(x)) == x``; the plain form holds text, integers, lists and maps only (CBOR), leaves out
what is empty, and a reader passes over keys it does not know, so that stored entries outlive versions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

from tansiq.errors import BadInput

__all__ = [
    "BirthDate",
    "Document",
    "Entry",
    "FieldFault",
    "Listed",
    "ListedEntity",
    "ListedPerson",
    "Name",
    "Place",
    "entry_from_plain",
]

Years = tuple[int, int]
"""First and last possible year."""
_ABOUT = 2  # an approximate year means up to two years more or less


class _Plain:
    """Values that become maps of CBOR types and come back; every field has a default, which is left out."""

    __slots__ = ()
    KIND: ClassVar[str] = ""
    PARTS: ClassVar[Mapping[str, type[_Plain]]] = {}

    def to_plain(self) -> dict[str, Any]:
        """This value as text, integers, lists and maps."""
        plain: dict[str, Any] = {"kind": self.KIND} if self.KIND else {}
        for at in fields(self):  # type: ignore[arg-type] # dataclasses all
            value = getattr(self, at.name)
            if value != at.default:
                plain[at.name] = _plain(value)
        return plain

    @classmethod
    def from_plain(cls, plain: Any) -> Self:
        """The value that ``to_plain`` wrote; unknown keys are passed over. Raises BadInput (``unlist.record``)."""
        values = {}
        for at in fields(cls):  # type: ignore[arg-type] # dataclasses all
            value = plain.get(at.name, at.default) if isinstance(plain, Mapping) else None
            if isinstance(at.default, tuple) and isinstance(value, list | tuple):
                part = cls.PARTS.get(at.name)
                value = tuple(part.from_plain(item) if part else item for item in value)
            if type(value) is not type(at.default) or (isinstance(value, tuple) and not _same_types(value)):
                raise BadInput("unlist.record", field=f"{cls.__name__}.{at.name}")
            values[at.name] = value
        return cls(**values)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [item.to_plain() if isinstance(item, _Plain) else item for item in value]
    return value


def _same_types(values: tuple[Any, ...]) -> bool:
    return all(isinstance(value, str | _Plain) for value in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFault(_Plain):
    """A field that was left out or read with doubt: its element, the ``value`` as it stood (cut), why, and a hint."""

    field: str = ""
    value: str = ""
    reason: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Name(_Plain):
    """One name: ``kind`` main, original or alias; ``quality`` good, low, also (a.k.a.), former (f.k.a.) or ""."""

    text: str = ""
    kind: str = ""
    quality: str = ""
    note: str = ""
    born: str = ""
    birth_city: str = ""
    birth_country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BirthDate(_Plain):
    """``kind`` exact, approximate or between; ``first`` and ``last`` possible day (ISO 8601), or year if no more."""

    kind: str = ""
    first: str = ""
    last: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(_Plain):
    """An address or a place of birth, as far as the list gives it."""

    street: str = ""
    city: str = ""
    province: str = ""
    postcode: str = ""
    country: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document(_Plain):
    """A passport, a national number and the like, with the list's own words for its type."""

    type: str = ""
    subtype: str = ""
    number: str = ""
    country: str = ""
    city: str = ""
    issued: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(_Plain):
    """What persons and groups have in common. ``reference`` is the list's permanent number, such as QDi.001."""

    PARTS = {"names": Name, "addresses": Place, "faults": FieldFault}  # noqa: RUF012 a constant of the class

    reference: str = ""
    data_id: int = 0
    version: int = 0
    names: tuple[Name, ...] = ()
    addresses: tuple[Place, ...] = ()
    list_name: str = ""
    listed_on: str = ""
    updated: tuple[str, ...] = ()
    submitted_by: str = ""
    comments: str = ""
    faults: tuple[FieldFault, ...] = ()

    @property
    def searchable(self) -> tuple[str, ...]:
        """Every name, once, the main one first: what goes into the name index."""
        return tuple(dict.fromkeys(name.text for name in self.names))


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPerson(Listed):
    """A person on the list. ``sex`` is M, F or "" (not stated)."""

    KIND = "person"
    PARTS = {**Listed.PARTS, "births": BirthDate, "birth_places": Place, "documents": Document}  # noqa: RUF012

    sex: str = ""
    births: tuple[BirthDate, ...] = ()
    birth_places: tuple[Place, ...] = ()
    nationalities: tuple[str, ...] = ()
    documents: tuple[Document, ...] = ()
    titles: tuple[str, ...] = ()
    designations: tuple[str, ...] = ()

    @property
    def birth_years(self) -> Years | None:
        """First and last possible year of birth over all dates given, aliases' too; None if none is."""
        years = [int(name.born[:4]) for name in self.names if name.born]
        for birth in self.births:
            more = _ABOUT if birth.kind == "approximate" else 0
            years += [int(birth.first[:4]) - more, int(birth.last[:4]) + more]
        return (min(years), max(years)) if years else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedEntity(Listed):
    """A group, an undertaking or another entity on the list."""

    KIND = "entity"


Entry = ListedPerson | ListedEntity


def entry_from_plain(plain: Any) -> Entry:
    """The person or group that ``to_plain`` wrote. Raises BadInput (``unlist.record``)."""
    kind = plain.get("kind") if isinstance(plain, Mapping) else None
    if kind == ListedPerson.KIND:
        return ListedPerson.from_plain(plain)
    if kind == ListedEntity.KIND:
        return ListedEntity.from_plain(plain)
    raise BadInput("unlist.record", field="kind")
