"""Moments as a reader says them: in the own zone, by Babel, and with the Umm al-Qura date beside where that is wanted.

Invariant: inside, a moment is UTC milliseconds; only here does it become words. The Hijri date is the civil one of the
tables (1343 to 1500 AH); Morocco's own calendar follows the sighting of the moon and may differ by a day, which the page
says beside it. Outside the tables no Hijri date is shown.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import format_date, format_datetime, format_time, get_timezone_location
from hijridate import Gregorian

from tansiq.protocol.limits import MAX_TIME_MS
from tansiq.texts import text
from tansiq.web.languages import locale_of

__all__ = ["Reader", "Told", "clock", "day", "hijri", "moment", "place_of", "zone_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads: language, zone, calendar ('gregorian' or 'hijri') and the moment of reading."""

    language: str
    now_ms: int
    zone: str = "UTC"
    calendar: str = "gregorian"


@dataclass(frozen=True, slots=True)
class Told:
    """A moment in words: ``short`` ('today, 04:52'), ``full`` (with weekday, year and zone), ``iso`` for machines and
    ``hijri`` ('' unless the reader wants it).
    """

    short: str
    full: str
    iso: str
    hijri: str = ""


@functools.cache
def zone_of(name: str) -> ZoneInfo:
    """The zone ``name``; UTC for one that this machine doesn't know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local(ms: int, zone: str) -> datetime:
    """The moment ``ms`` on the clock of ``zone``; one beyond the calendar, which only a liar states, as the last within it."""
    return (_EPOCH + timedelta(milliseconds=min(ms, MAX_TIME_MS))).astimezone(zone_of(zone))


def place_of(zone: str, language: str) -> str:
    """The town that a zone is named for, as the language writes it ('Madrid', 'الدار البيضاء'); the zone's own name else."""
    if "/" not in zone:
        return zone
    return str(get_timezone_location(zone_of(zone), locale=locale_of(language), return_city=True))


def hijri(on: date, language: str) -> str:
    """The Umm al-Qura date in words, '' outside its tables."""
    try:
        found = Gregorian(on.year, on.month, on.day).to_hijri()
    except (OverflowError, ValueError):
        return ""
    month = text(f"web.hijri.month-{found.month}", language)
    return text("web.hijri.date", language, day=found.day, month=month, year=found.year)


def day(on: date, reader: Reader, *, width: str = "medium") -> str:
    """A date as the reader's language writes it, without the time (a birth date, a date of retention)."""
    return format_date(on, format=_FORMATS[width].get(reader.language, "d MMM y"), locale=locale_of(reader.language))


_FORMATS: Final = {
    "medium": {"ar": "d MMMM y", "es": "d MMM y", "fr": "d MMM y", "en": "d MMM y"},
    "long": {"ar": "d MMMM y", "es": "d 'de' MMMM 'de' y", "fr": "d MMMM y", "en": "d MMMM y"},
    "year": {"ar": "d MMMM", "es": "d MMM", "fr": "d MMM", "en": "d MMM"},
    "full": {"ar": "EEEE d MMMM y", "es": "EEEE, d 'de' MMMM 'de' y", "fr": "EEEE d MMMM y", "en": "EEEE d MMMM y"},
}


def clock(ms: int, zone: str, language: str) -> str:
    """Hour and minute on the clock of ``zone``, in 24 hours."""
    return format_time(local(ms, zone), format="HH:mm", locale=locale_of(language))


def moment(ms: int, reader: Reader) -> Told:
    """The moment ``ms`` for ``reader``: 'today', 'yesterday', 'tomorrow' by the reader's own days, else the date."""
    then, now = local(ms, reader.zone), local(reader.now_ms, reader.zone)
    hour = clock(ms, reader.zone, reader.language)
    names = {0: "web.when.today", -1: "web.when.yesterday", 1: "web.when.tomorrow"}
    if name := names.get((then.date() - now.date()).days):
        short = text(name, reader.language, clock=hour)
    else:
        width = "year" if then.year == now.year else "medium"
        short = text("web.when.on", reader.language, day=day(then.date(), reader, width=width), clock=hour)
    full = format_datetime(
        then, format=f"{_FORMATS['full'].get(reader.language, 'd MMMM y')} HH:mm", locale=locale_of(reader.language)
    )
    return Told(
        short=short,
        full=text("web.when.full", reader.language, moment=full, zone=then.tzname() or reader.zone),
        iso=then.isoformat(timespec="seconds"),
        hijri=hijri(then.date(), reader.language) if reader.calendar == "hijri" else "",
    )
