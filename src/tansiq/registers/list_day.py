"""The day on which a published list was made: nothing else tells an older list from a newer.

Invariant: a day is a real one or none; what is none never becomes the day of a register, which would refuse every list after it.
"""

from __future__ import annotations

import datetime as dt
import re

from tansiq.errors import BadInput

__all__ = ["day_of", "made_on"]

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)(?:[T ]\S{1,40}|[+-]\d\d:\d\d|Z)?", re.ASCII)


def day_of(written: str) -> dt.date | None:
    """The day of a list's ``dateGenerated``; None where no real day stands there.

    >>> day_of("2025-08-16T23:00:05.233Z"), day_of("9999-13-45T00:00:00Z"), day_of("")
    (datetime.date(2025, 8, 16), None, None)
    """
    match = _MOMENT.fullmatch(written)
    try:
        return dt.date.fromisoformat(match[1]) if match else None
    except ValueError:
        return None


def made_on(written: str) -> str:
    """The day on which a list was made, ISO 8601. Raises BadInput for a list that says none."""
    day = day_of(written)
    if day is None:
        raise BadInput("unlist.no-date", found=written if re.fullmatch(r"[\w:.+-]{1,40}", written, re.ASCII) else "")
    return day.isoformat()
