"""Whom or what an enquiry or an item is about.

Invariant: what is known is kept as it was written, each name with its script and role, each place and number with its
kind; nothing is guessed. What the law wants said about a person stands beside it: category of data subject
(Directive (EU) 2016/680, Article 6), special categories with their strict necessity (Article 10), protection.
Fields of identity as in Regulation (EU) 2024/982, Articles 25 and 47, and Regulation (EU) 2016/794, Annex II.B.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tansiq.errors import BadInput
from tansiq.policy.plain import Code, Line, Many, One, Record
from tansiq.policy.values import COUNTRY, Attestation, PartialDate, Text

__all__ = ["Identifier", "Name", "Place", "SpecialData", "Subject"]


@dataclass(frozen=True, slots=True)
class Name(Record):
    """A name as written: ``value``, its script (ISO 15924) and its role (full, given, family, alias, father's, …)."""

    value: Annotated[str, Line(200)]
    script: Annotated[str, Code("scripts")]
    role: Annotated[str, Code("name_roles")] = "name.full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Record):
    """A place and what it is to the subject; at least its name or its country (ISO 3166-1) is known."""

    role: Annotated[str, Code("place_roles")]
    name: Annotated[str | None, Line(200)] = None
    script: Annotated[str | None, Code("scripts")] = None
    country: Annotated[str | None, COUNTRY] = None

    def _verify(self) -> None:
        if self.name is None and self.country is None:
            raise BadInput("policy.field-missing", field="place.name")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier(Record):
    """A document, plate, telephone or account: its type, its number as written, the country that issued it."""

    type: Annotated[str, Code("identifier_types")]
    number: Annotated[str, Line(64)]
    country: Annotated[str | None, COUNTRY] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialData(Record):
    """A special category of data that is given away here, and why that is strictly necessary."""

    category: Annotated[str, Code("special_category")]
    reason: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject(Record):
    """A person, group, place, vehicle, document, telephone or account.

    ``category`` is mandatory for a person; ``protected`` names why a person is protected, ``decision`` is the word
    of the head of service without which nothing about a protected person leaves.
    """

    kind: Annotated[str, Code("subject_kinds")]
    names: Annotated[tuple[Name, ...], Many(One(Name), 64)] = ()
    births: Annotated[tuple[PartialDate, ...], Many(One(PartialDate), 8)] = ()
    nationalities: Annotated[tuple[str, ...], Many(COUNTRY, 8)] = ()
    sex: Annotated[str | None, Code("sexes")] = None
    places: Annotated[tuple[Place, ...], Many(One(Place), 16)] = ()
    identifiers: Annotated[tuple[Identifier, ...], Many(One(Identifier), 32)] = ()
    description: Annotated[Text | None, One(Text)] = None
    category: Annotated[str | None, Code("data_subject_category")] = None
    special: Annotated[tuple[SpecialData, ...], Many(One(SpecialData), 8)] = ()
    protected: Annotated[tuple[str, ...], Many(Code("protected_person"), 8)] = ()
    decision: Annotated[Attestation | None, One(Attestation)] = None

    @property
    def is_person(self) -> bool:
        """Whether the law on persons applies; a kind that this version does not know counts as a person."""
        return self.kind not in {
            "subject.group", "subject.place", "subject.vehicle", "subject.document", "subject.phone", "subject.account",
        }  # fmt: skip
