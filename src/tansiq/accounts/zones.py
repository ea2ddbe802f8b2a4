"""The time zones that somebody may choose: places, not abbreviations."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones

__all__ = ["zones"]

_CONTINENTS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@functools.cache
def zones() -> tuple[str, ...]:
    """IANA names of places, and UTC."""
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(_CONTINENTS)))
