"""What the templates' words do: escaped, isolated, in the reader's language."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from support.gallery import NOW_MS
from tansiq.texts import LANGUAGES
from tansiq.web.assets import asset

Show = Callable[..., str]


@pytest.mark.parametrize(
    ("template", "language", "values", "expected"),
    [
        ("{% t 'web.error.home' %}", "es", {}, "Volver al inicio"),
        ("{% t 'web.error.home' %}", "ar", {}, "العودة إلى البداية"),
        ("{% t 'web.conflict.words' who=who %}", "es", {"who": "<b>"}, "<bdi>&lt;b&gt;</bdi> ha modificado esto mientras usted escribía"),
        ("{% t 'web.error.number' status=n %}", "en", {"n": 404}, "Code 404"),
        ("{% t_plain 'web.conflict.words' who=who %}", "en", {"who": '"x'}, '\u2068"x\u2069 changed this while you were writing'),
        ("{% tn 'web.search.found' n asked=q %}", "es", {"n": 1, "q": "Ali"}, "Un resultado para «<bdi>Ali</bdi>»."),
        ("{% tn 'web.search.found' n asked=q %}", "ar", {"n": 2, "q": "Ali"}, "نتيجتان لعبارة «<bdi>Ali</bdi>»."),
        ("{% tn 'web.search.found' n asked=q %}", "en", {"n": 1200, "q": "{x}"}, "1,200 results for ‘<bdi>{x}</bdi>’."),
        ("{% code 'handling' 'H2' %}", "es", {}, "No puede difundirse sin permiso de quien la facilita"),
        ("{% code 'handling' c %}", "es", {"c": "<H9>"}, "&lt;H9&gt;"),
        ("{% code 'handling' c %}", "es", {"c": ""}, ""),
        ("{% words text 'ar' %}", "es", {"text": "محمد <i>"}, '<bdi lang="ar" dir="rtl">محمد &lt;i&gt;</bdi>'),
        ("{% words text %}", "es", {"text": "x"}, '<bdi dir="auto">x</bdi>'),
        ("{% ref 'abc' %}", "ar", {}, '<bdi class="ref" dir="ltr">abc</bdi>'),
        ("{% ref id %}", "ar", {"id": "0123456789abcdef0123"}, '<bdi class="ref" dir="ltr" title="0123456789abcdef0123">01234567…0123</bdi>'),
        ("{% ref id True %}", "ar", {"id": "0123456789abcdef0123"}, '<bdi class="ref" dir="ltr">0123456789abcdef0123</bdi>'),
        ("{% number n %}", "es", {"n": 1234567}, "1.234.567"),
        ("{% number n %}", "ar", {"n": 1204}, "1.204"),
        ("{% number n %}", "en", {"n": 1204}, "1,204"),
        ("{% percent n %}", "es", {"n": 0.94}, "94 %"),
        ("{% country 'MA' %} {% country 'es' %} {% country 'XQ' %}", "ar", {}, "المغرب إسبانيا XQ"),
        ("{% language 'ary' %} {% language 'sw' %} {% language 'qqq' %}", "es", {}, "Árabe marroquí suajili qqq"),
        ("{% when ms %}", "es", {"ms": None}, ""),
        ("{% ago ms %}", "es", {"ms": None}, ""),
        ("{% day on %}", "es", {"on": None}, ""),
        ("{% day on %}", "es", {"on": date(1994, 3, 21)}, '<time datetime="1994-03-21">21 de marzo de 1994</time>'),
        ("{% span ms %}", "fr", {"ms": 7_800_000}, "2 h 10"),
        ("{% clock ms 'Europe/Madrid' %}", "ar", {"ms": NOW_MS}, '<time class="clock" data-ahead="60" datetime="10:42">10:42</time>'),
        ("{% sign 'unheard-of' %}", "es", {}, ""),
        ("{% deadline due start 'running' as one %}{{ one.tone }} {{ one.words }}", "es", {"due": NOW_MS + 3_600_000, "start": NOW_MS - 3_600_000 * 7}, "due queda 1 h"),
    ],
)  # fmt: skip
def test_a_tag(shown: Show, template: str, language: str, values: dict[str, object], expected: str) -> None:
    assert (
        shown(template, language, **values) == expected
        or shown(template, language, **values).replace("&quot;", '"') == expected
    )


def test_a_moment_has_the_second_calendar_behind_it_where_that_is_wanted(shown: Show) -> None:
    told = shown("{% when ms %}", "ar", calendar="hijri", ms=NOW_MS)
    assert "اليوم 10:42" in told
    assert ">18 جمادى الآخرة 1448 هـ</span>" in told
    assert "رؤية الهلال" in told
    assert "hijri" not in shown("{% when ms %}", "ar", ms=NOW_MS)


def test_a_channel_has_its_sign_and_its_name(shown: Show) -> None:
    alone, beside = shown("{% sign 'embassy' %}", "es"), shown("{% sign 'embassy' named=True %}", "es")
    assert 'aria-label="Consejería de Interior en la embajada"' in alone
    assert f"{asset('signs.svg')}#embassy" in alone
    assert 'aria-hidden="true"' in beside and "Consejería" not in beside


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_value_never_becomes_markup_or_a_template(shown: Show, language: str) -> None:
    told = shown(
        "{% t 'web.conflict.words' who=who %}{% words who 'es' %}{% ref who %}",
        language,
        who="<script>{{x}}{who}</script>",
    )
    assert "<script>" not in told
    assert "{{x}}{who}" in told


def test_a_text_that_does_not_exist_is_a_defect(shown: Show) -> None:
    with pytest.raises(KeyError):
        shown("{% t 'web.no-such-text' %}")


@pytest.mark.parametrize("language", ["es", "ar"])
@pytest.mark.parametrize(
    ("component", "values"),
    [
        ("web/components/route.html", {"stops": [{"name": "\u2067ksed", "state": "here"}]}),
        ("web/components/course.html", {"events": [{"words": "\u2067ksed", "at_ms": 0, "by": "\u2067ksed"}]}),
        ("notices/life.html", {"stops": [{"name": "\u2067ksed", "state": "here"}]}),
    ],
)
def test_a_name_that_another_gave_turns_nothing_around_it(
    shown: Show, component: str, values: dict[str, Any], language: str
) -> None:
    page = shown("{% include component %}", language, component=component, **values)
    assert "ksed" in page
    assert "ksed" not in re.sub(r"<bdi[^>]*>[^<]*</bdi>", "", page)
