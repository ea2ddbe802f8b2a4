"""Small values that every record uses: a text in its language, an incomplete date, the word of a person.

Invariant: no free text without its language (BCP 47), no date that says more than is known, no answer of law without
the officer who gave it. Officers stand here by service number, never by name.

>>> str(PartialDate(year=1984, month=3))
'1984-03'
>>> str(PartialDate(year=1960, until_year=1965))
'1960/1965'
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from tansiq.errors import BadInput
from tansiq.policy.plain import Flag, Matching, One, Prose, Record, Whole

__all__ = ["COUNTRY", "LANGUAGE_TAG", "MOMENT", "REFERENCE", "Attestation", "PartialDate", "Text"]

LANGUAGE_TAG: Final = Matching(re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}", re.ASCII), 35, few=True)
"""A BCP 47 tag: ``ar``, ``es``, ``ar-Latn``."""
COUNTRY: Final = Matching(re.compile(r"[A-Z]{2}", re.ASCII), 2, few=True)
"""An ISO 3166-1 code of two letters."""
REFERENCE: Final = Matching(re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._:/@+-]{0,95})", re.ASCII), 96)
"""An agency, a post (``ma.dgst/counter-terrorism``), an officer's service number, a file number."""
MOMENT: Final = Whole(0, 253_000_000_000_000)
"""A moment in milliseconds since 1970, UTC; it ends within the years that a calendar can write."""


@dataclass(frozen=True, slots=True)
class Text(Record):
    """Words of a person and the language in which they were written."""

    language: Annotated[str, LANGUAGE_TAG]
    value: Annotated[str, Prose(16_000)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation(Record):
    """A question of law answered by a person: the answer, who gave it (service number), when, words where needed."""

    answer: Annotated[bool, Flag()]
    officer: Annotated[str, REFERENCE]
    at_ms: Annotated[int, MOMENT]
    note: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartialDate(Record):
    """A date as far as it is known: year; year and month; full; or some year between two. ``circa``: about.

    ``str`` writes the Extended Date/Time Format (ISO 8601-2): ``1984``, ``1984-03``, ``1984-03-09``, ``1960/1965``,
    with ``~`` behind it when it is about that time.
    """

    year: Annotated[int, Whole(1800, 2199)]
    month: Annotated[int | None, Whole(1, 12)] = None
    day: Annotated[int | None, Whole(1, 31)] = None
    until_year: Annotated[int | None, Whole(1800, 2199)] = None
    circa: Annotated[bool, Flag()] = False

    def _verify(self) -> None:
        if self.until_year is not None:
            fits = self.month is None and self.day is None and self.until_year > self.year
        elif self.day is not None:
            fits = self.month is not None and self.day <= calendar.monthrange(self.year, self.month)[1]
        else:
            fits = True
        if not fits:
            raise BadInput("policy.date-impossible", field="partialdate")

    def earliest(self) -> date:
        """The first day that it may be (``circa`` is not weighed)."""
        return date(self.year, self.month or 1, self.day or 1)

    def latest(self) -> date:
        """The last day that it may be (``circa`` is not weighed)."""
        year, month = self.until_year or self.year, self.month or 12
        return date(year, month, self.day or calendar.monthrange(year, month)[1])

    def __str__(self) -> str:
        about = "~" if self.circa else ""
        if self.until_year is not None:
            return f"{self.year}{about}/{self.until_year}{about}"
        return (
            "-".join([f"{self.year}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)]) + about
        )
