"""The time zones that somebody may choose: places, not abbreviations."""

from __future__ import annotations

import functools
from zoneinfo import available_timezones

__all__ = ["known_zones", "zones"]

_CONTINENTS = ("Africa/", "America/", "Asia/", "Atlantic/", "Australia/", "Europe/", "Indian/", "Pacific/")


@functools.cache
def known_zones() -> frozenset[str]:
    """Every IANA name that this machine knows; looked up once, for it is read from many files."""
    return frozenset(available_timezones())


@functools.cache
def zones() -> tuple[str, ...]:
    """IANA names of places, and UTC."""
    return ("UTC", *sorted(name for name in known_zones() if name.startswith(_CONTINENTS)))
