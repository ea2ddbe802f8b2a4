"""How moments, spans, deadlines, numbers and plurals are said in four languages."""

from __future__ import annotations

import re
from datetime import date

import pytest

from tansiq.protocol.limits import MAX_TIME_MS
from tansiq.texts import LANGUAGES, catalogue
from tansiq.web import moments, spans
from tansiq.web.languages import direction_of, preferred
from tansiq.web.plurals import category, plural

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
NOW = 1_795_858_920_000  # Saturday 28 November 2026, 09:42 UTC


@pytest.mark.parametrize(
    ("ms", "es", "ar", "fr", "en"),
    [
        (40 * MINUTE, "quedan 40 min", "بقيت 40 دقيقة", "restent 40 min", "40 min left"),
        (MINUTE, "queda 1 min", "بقيت دقيقة", "reste 1 min", "1 min left"),
        (3 * MINUTE, "quedan 3 min", "بقيت 3 دقائق", "restent 3 min", "3 min left"),
        (2 * HOUR + 10 * MINUTE, "quedan 2 h 10", "بقيت ساعتان و10 د", "restent 2 h 10", "2 h 10 min left"),
        (2 * HOUR + 5 * MINUTE, "quedan 2 h 05", "بقيت ساعتان و5 د", "restent 2 h 05", "2 h 5 min left"),
        (HOUR, "queda 1 h", "بقيت ساعة", "reste 1 h", "1 h left"),
        (9 * HOUR, "quedan 9 h", "بقيت 9 ساعات", "restent 9 h", "9 h left"),
        (11 * HOUR + 50 * MINUTE, "quedan 11 h", "بقيت 11 ساعة", "restent 11 h", "11 h left"),
        (47 * HOUR, "quedan 47 h", "بقيت 47 ساعة", "restent 47 h", "47 h left"),
        (2 * DAY, "quedan 2 días", "بقي يومان", "restent 2 jours", "2 days left"),
        (5 * DAY + HOUR, "quedan 5 días", "بقيت 5 أيام", "restent 5 jours", "5 days left"),
        (11 * DAY, "quedan 11 días", "بقي 11 يوماً", "restent 11 jours", "11 days left"),
        (100 * DAY, "quedan 100 días", "بقي 100 يوم", "restent 100 jours", "100 days left"),
    ],
)
def test_what_is_left(ms: int, es: str, ar: str, fr: str, en: str) -> None:
    assert {language: spans.left(ms, language) for language in LANGUAGES} == {"es": es, "ar": ar, "fr": fr, "en": en}


@pytest.mark.parametrize(
    ("ms", "es", "ar", "fr", "en"),
    [
        (-5, "ahora mismo", "الآن", "à l’instant", "just now"),
        (MINUTE, "hace 1 min", "قبل دقيقة", "il y a 1 min", "1 min ago"),
        (2 * HOUR, "hace 2 h", "قبل ساعتين", "il y a 2 h", "2 h ago"),
        (2 * DAY, "hace 2 días", "قبل يومين", "il y a 2 jours", "2 days ago"),
        (DAY + 20 * HOUR, "hace 44 h", "قبل 44 ساعة", "il y a 44 h", "44 h ago"),
        (3 * DAY, "hace 3 días", "قبل 3 أيام", "il y a 3 jours", "3 days ago"),
    ],
)
def test_how_long_ago(ms: int, es: str, ar: str, fr: str, en: str) -> None:
    assert {language: spans.ago(ms, language) for language in LANGUAGES} == {"es": es, "ar": ar, "fr": fr, "en": en}


@pytest.mark.parametrize(
    ("due", "start", "clock", "tone", "percent", "es", "ar"),
    [
        (NOW - 40 * MINUTE, NOW - 9 * HOUR, "running", "late", 100, "vencido hace 40 min", "انقضى الأجل منذ 40 دقيقة"),
        (NOW - 5, NOW - 8 * HOUR, "overdue", "late", 100, "acaba de vencer", "انقضى الأجل للتو"),
        (NOW + 2 * HOUR, NOW - 6 * HOUR, "running", "due", 75, "quedan 2 h", "بقيت ساعتان"),
        (NOW + 4 * HOUR, NOW - 4 * HOUR, "running", "calm", 50, "quedan 4 h", "بقيت 4 ساعات"),
        (NOW + 30_000, NOW - 8 * HOUR, "running", "due", 99, "vence ahora", "ينقضي الأجل الآن"),
        (NOW + 8 * HOUR, None, "running", "due", 66, "quedan 8 h", "بقيت 8 ساعات"),
        (NOW + 6 * DAY, None, "running", "calm", 0, "quedan 6 días", "بقيت 6 أيام"),
        (None, None, "running", "still", 0, "sin plazo", "دون أجل"),
        (None, NOW, "paused", "still", 0, "plazo suspendido", "الأجل موقوف"),
        (None, None, "awaited", "still", 0, "pendiente de acuse de recibo", "في انتظار الإشعار بالاستلام"),
        (NOW - DAY, NOW - 8 * DAY, "over", "still", 0, "ya sin plazo", "لم يعد هناك أجل"),
        (NOW, NOW, "met", "met", 100, "en plazo", "أُجيب داخل الأجل"),
        (NOW, NOW, "late", "late", 100, "fuera de plazo", "أُجيب خارج الأجل"),
        (NOW + HOUR, NOW + HOUR, "running", "due", 0, "queda 1 h", "بقيت ساعة"),
    ],
)
def test_a_deadline(due: int | None, start: int | None, clock: str, tone: str, percent: int, es: str, ar: str) -> None:
    for language, words in (("es", es), ("ar", ar)):
        told = spans.deadline(due_ms=due, start_ms=start, clock=clock, now_ms=NOW, language=language)
        assert (told.tone, told.percent, told.words) == (tone, percent, words)
        assert told.from_top + told.percent == 100


@pytest.mark.parametrize(
    ("ms", "language", "zone", "short"),
    [
        (NOW - 5 * HOUR, "es", "Europe/Madrid", "hoy 05:42"),
        (NOW - 5 * HOUR, "ar", "Africa/Casablanca", "اليوم 05:42"),
        (NOW - 10 * HOUR, "es", "Europe/Madrid", "hoy 00:42"),
        (NOW - 10 * HOUR, "es", "UTC", "ayer 23:42"),
        (NOW + 15 * HOUR, "fr", "Europe/Madrid", "demain 01:42"),
        (NOW - 40 * DAY, "es", "Europe/Madrid", "19 oct, 11:42"),
        (NOW - 40 * DAY, "ar", "Europe/Madrid", "19 أكتوبر، 11:42"),
        (NOW - 40 * DAY, "fr", "Europe/Madrid", "19 oct., 11:42"),
        (NOW - 40 * DAY, "en", "UTC", "19 Oct, 09:42"),
        (NOW - 400 * DAY, "en", "Europe/Madrid", "24 Oct 2025, 11:42"),
        (NOW - 400 * DAY, "en", "Nowhere/Atlantis", "24 Oct 2025, 09:42"),
    ],
)
def test_a_moment_on_the_clock_of_the_reader(ms: int, language: str, zone: str, short: str) -> None:
    assert moments.moment(ms, moments.Reader(language=language, now_ms=NOW, zone=zone)).short == short


def test_a_moment_is_whole_for_machines_and_in_its_title() -> None:
    told = moments.moment(NOW, moments.Reader(language="es", now_ms=NOW, zone="Europe/Madrid"))
    assert told.iso == "2026-11-28T10:42:00+01:00"
    assert told.full == "sábado, 28 de noviembre de 2026 10:42 (CET)"


@pytest.mark.parametrize("ms", [MAX_TIME_MS, MAX_TIME_MS + 1, 253_402_300_800_000, (1 << 63) - 1])
@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Etc/GMT+12"])
def test_a_moment_beyond_the_calendar_breaks_no_page(ms: int, zone: str) -> None:
    """Nothing takes one from outside; what stands in a row may still be one, and shows as the last that can be written."""
    reader = moments.Reader(language="ar", now_ms=NOW, zone=zone, calendar="hijri")
    assert moments.moment(ms, reader) == moments.moment(MAX_TIME_MS, reader)
    assert moments.clock(ms, zone, "fr") == moments.clock(MAX_TIME_MS, zone, "fr")


@pytest.mark.parametrize(
    ("on", "ar", "es"),
    [
        (date(2026, 11, 28), "18 جمادى الآخرة 1448 هـ", "18 de yumada al-ajira de 1448 AH"),
        (date(2024, 3, 11), "1 رمضان 1445 هـ", "1 de ramadán de 1445 AH"),
        (date(1994, 3, 21), "9 شوال 1414 هـ", "9 de shawal de 1414 AH"),
        (date(1899, 1, 1), "", ""),
        (date(2100, 1, 1), "", ""),
    ],
)
def test_the_hijri_date_and_nothing_outside_its_tables(on: date, ar: str, es: str) -> None:
    assert (moments.hijri(on, "ar"), moments.hijri(on, "es")) == (ar, es)


def test_the_hijri_date_only_for_who_wants_it() -> None:
    plain, both = (moments.Reader(language="ar", now_ms=NOW, calendar=calendar) for calendar in ("gregorian", "hijri"))
    assert not moments.moment(NOW, plain).hijri
    assert moments.moment(NOW, both).hijri == "18 جمادى الآخرة 1448 هـ"


def test_every_month_has_its_name_in_every_language() -> None:
    for month in range(1, 13):
        assert set(catalogue()[f"web.hijri.month-{month}"]) == set(LANGUAGES)


@pytest.mark.parametrize(
    ("count", "ar", "es", "fr", "en"),
    [
        (0, "zero", "zero", "zero", "zero"),
        (1, "one", "one", "one", "one"),
        (2, "two", "other", "other", "other"),
        (3, "few", "other", "other", "other"),
        (10, "few", "other", "other", "other"),
        (11, "many", "other", "other", "other"),
        (99, "many", "other", "other", "other"),
        (100, "other", "other", "other", "other"),
        (102, "other", "other", "other", "other"),
        (103, "few", "other", "other", "other"),
        (1_000_000, "other", "many", "many", "other"),
    ],
)
def test_the_categories_of_plurals(count: int, ar: str, es: str, fr: str, en: str) -> None:
    assert [category(count, language) for language in LANGUAGES] == [ar, es, fr, en]


@pytest.mark.parametrize("key", sorted({key.rpartition(".")[0] for key in catalogue() if key.endswith(".other")}))
def test_a_text_that_counts_can_be_said_for_every_number(key: str) -> None:
    wanted = {
        name
        for leaf in catalogue()
        if leaf.startswith(f"{key}.")
        for name in re.findall(r"{(\w+)", catalogue()[leaf]["en"])
    }
    values = dict.fromkeys(wanted - {"count"}, "x")
    for language in LANGUAGES:
        for count in (0, 1, 2, 3, 11, 100, 1_000_000):
            told = plural(key, count, language, **values)
            assert told and "{" not in told
    one = catalogue().get(f"{key}.one")
    assert one is None or "{count}" not in one["fr"], "'one' is exactly one, so it needs no number"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("fr-MA,ar;q=0.9", "fr"), ("ar;q=0.4, es;q=0.8", "es"), ("de, it", ""), ("", ""), ("*", ""), ("en-GB;q=x, ar", "ar"),
        ("es" * 1_000, ""), ("AR", "ar"),
    ],
)  # fmt: skip
def test_the_language_that_a_browser_asks_for(header: str, language: str) -> None:
    assert preferred(header) == language


@pytest.mark.parametrize(
    ("language", "direction"),
    [("ar", "rtl"), ("ar-MA", "rtl"), ("ary", "rtl"), ("es", "ltr"), ("zgh", "ltr"), ("he", "rtl")],
)
def test_the_direction_of_a_language(language: str, direction: str) -> None:
    assert direction_of(language) == direction


@pytest.mark.parametrize(
    ("zone", "place"),
    [
        ("Africa/Casablanca", ("الدار البيضاء", "Casablanca")),
        ("Europe/Madrid", ("مدريد", "Madrid")),
        ("UTC", ("UTC", "UTC")),
    ],
)
def test_the_place_of_a_clock(zone: str, place: tuple[str, str]) -> None:
    assert (moments.place_of(zone, "ar"), moments.place_of(zone, "es")) == place
