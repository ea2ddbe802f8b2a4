"""What a person writes in a field, read as it is meant: a date as far as it is known.

Invariant: what can't be read is None, never a guess.
"""

from __future__ import annotations

import re
from typing import Final

from tansiq.errors import BadInput
from tansiq.policy.values import PartialDate

__all__ = ["date_of"]

_DATE: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?(~?)(?:\s*/\s*(\d{4})~?)?", re.ASCII)
_DAY_FIRST: Final = re.compile(r"(?:(\d{1,2})[/.])?(\d{1,2})[/.](\d{4})", re.ASCII)
_SPAN: Final = re.compile(r"(\d{4})\s*[-–]\s*(\d{4})", re.ASCII)


def date_of(said: str) -> PartialDate | None:
    """A date as a person writes it, as far as it is known: 1984, 1984-03, 9/3/1984, 1979-1981, 1984~; None: it is none.

    >>> str(date_of("9/3/1984")), str(date_of("1979-1981"))
    ('1984-03-09', '1979/1981')
    """
    plain = said.strip()
    parts: tuple[str | None, ...]
    if span := _SPAN.fullmatch(plain):
        parts = (span[1], None, None, None, span[2])
    elif turned := _DAY_FIRST.fullmatch(plain):
        parts = (turned[3], turned[2], turned[1], None, None)
    elif found := _DATE.fullmatch(plain):
        parts = (found[1], found[2], found[3], found[4], found[5])
    else:
        return None
    year, month, day, about, until = parts
    try:
        return PartialDate(
            year=int(year or 0), month=int(month) if month else None, day=int(day) if day else None,
            until_year=int(until) if until else None, circa=bool(about),
        )  # fmt: skip
    except BadInput:
        return None
