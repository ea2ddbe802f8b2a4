"""What is known of a person beside the names: births with their uncertainty, nationality, documents, parents, sex.

Invariant: ``from_bytes(x.to_bytes()) == x``. A birth is a first and a last possible day as numbers (19790103); where a list
knows the year alone it is 19790000 to 19791299: the span covers every day that is possible.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Self

__all__ = ["Birth", "Facts", "number_key"]

_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?", re.ASCII)
_SHORTEST = 4


def number_key(number: str) -> str:
    """A document's number in one form; "" for one that is too short to tell anything."""
    plain = "".join(filter(str.isalnum, number.casefold()))
    return plain if len(plain) >= _SHORTEST else ""


@dataclass(frozen=True, slots=True)
class Birth:
    """First and last possible day of birth as numbers yyyymmdd; month and day 00 and 99 stand for 'unknown'."""

    first: int
    last: int

    @classmethod
    def of(cls, text: str) -> Birth | None:
        """The birth that ISO 8601 text tells (year, year and month, or day); None for anything else."""
        match = _DATE.fullmatch(text.strip())
        if match is None:
            return None
        year, month, day = int(match[1]) * 10000, match[2], match[3]
        if month is None:
            return cls(year, year + 9999)
        if day is None:
            return cls(year + int(month) * 100, year + int(month) * 100 + 99)
        return cls(year + int(month) * 100 + int(day), year + int(month) * 100 + int(day))

    @classmethod
    def years(cls, first: int, last: int) -> Birth:
        """Some day within these years."""
        return cls(first * 10000, last * 10000 + 9999)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """All optional. ``nationalities`` are country codes of two letters, or words, which speak for a person when they are the same
    and never against; ``documents`` are numbers, ``sex`` M, F or ''.
    """

    births: tuple[Birth, ...] = ()
    nationalities: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    father: str = ""
    mother: str = ""
    sex: str = ""

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last day over all births; (0, 0) when none is known."""
        if not self.births:
            return 0, 0
        return min(birth.first for birth in self.births), max(birth.last for birth in self.births)

    @property
    def beyond_span(self) -> bool:
        """Whether more is known than one birth, which the span tells."""
        return len(self.births) > 1 or any((self.nationalities, self.documents, self.father, self.mother, self.sex))

    def to_bytes(self) -> bytes:
        """These facts in few bytes; none when nothing is known."""
        births = [[birth.first, birth.last] for birth in self.births]
        found = [births, self.nationalities, self.documents, self.father, self.mother, self.sex]
        return (
            json.dumps(found, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
            if any(found)
            else b""
        )

    @classmethod
    def from_bytes(cls, stored: bytes) -> Self:
        """What ``to_bytes`` wrote."""
        if not stored:
            return cls()
        births, nationalities, documents, father, mother, sex = json.loads(stored)
        return cls(
            births=tuple(Birth(*birth) for birth in births),
            nationalities=tuple(nationalities),
            documents=tuple(documents),
            father=father,
            mother=mother,
            sex=sex,
        )
