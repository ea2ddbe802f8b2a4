"""The frame around every page: what others register stands in it, and what fails of theirs takes only its own part away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

import pytest
from django.test import Client

from support.gallery import NOW_MS
from tansiq.texts import LANGUAGES, catalogue, text
from tansiq.web.access import Role
from tansiq.web.error_pages import STATUSES, fault
from tansiq.web.frame import alerts_over
from tansiq.web.registry import (
    ALERTS,
    GROUPS,
    HEADER,
    LANGUAGE,
    NAVIGATION,
    NOTICES,
    SEARCH,
    Alert,
    Entry,
    Found,
    Group,
    GroupRow,
    Notice,
)
from tansiq.web.visitor import Request

PAGES = (
    "/gallery/desk/",
    "/gallery/parts/",
    "/gallery/form/?wrong=1",
    "/gallery/dialog/",
    "/search/",
    "/notices/",
    "/nothing-here/",
)


def failing(*_: Any) -> Any:
    raise RuntimeError("a provider is broken")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("address", PAGES)
def test_every_page_speaks_the_language_of_its_reader(site: Client, language: str, address: str) -> None:
    answer = site.get(address, headers={"Accept-Language": language})
    page = answer.content.decode()
    direction = "rtl" if language == "ar" else "ltr"
    assert f'<html lang="{language}" dir="{direction}"' in page
    assert answer.headers["Content-Language"] == language
    assert text("web.frame.skip", language) in page
    for key, leaf in catalogue().items():
        if key.startswith("web.") and len(leaf["en"]) > 25 and "{" not in leaf["en"]:
            for other in set(LANGUAGES) - {language}:
                assert leaf[other] not in page or leaf[other] == leaf[language], f"{key} is said in {other}"
    assert not re.search(r"\b(?:None|Undefined|[a-z]+\.[a-z]+\.[a-z-]+)</", page)


def test_the_language_that_was_chosen_stays_and_is_told_to_who_remembers_it(site: Client) -> None:
    told: list[str] = []
    LANGUAGE.register("test", lambda request, language: told.append(language))
    answer = site.post("/choose/", {"language": "ar", "next": "/gallery/desk/?before=7"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/gallery/desk/?before=7")
    assert told == ["ar"]
    assert b'dir="rtl"' in site.get("/gallery/desk/", headers={"Accept-Language": "es"}).content


@pytest.mark.parametrize(
    "there",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:1", "", "gallery"],
)
def test_a_choice_leads_to_no_other_host(site: Client, there: str) -> None:
    assert site.post("/choose/", {"language": "es", "next": there}).headers["Location"] == "/"


def test_what_is_no_language_and_no_appearance_is_not_remembered(site: Client) -> None:
    assert not site.post("/choose/", {"language": "tlh", "appearance": "pink"}).cookies


def test_the_appearance_that_was_chosen_stays(site: Client) -> None:
    site.post("/choose/", {"appearance": "dark"})
    assert b'data-appearance="dark"' in site.get("/gallery/desk/").content


def test_what_is_broken_in_the_frame_takes_only_its_own_part_away(site: Client) -> None:
    everybody = frozenset(Role)
    NAVIGATION.register(
        "no count", Entry(label="web.search.title", url="search", roles=everybody, count=failing), order=1
    )
    NAVIGATION.register("no page", Entry(label="web.search.how", url="there-is-none", roles=everybody), order=2)
    GROUPS.register("broken", failing)
    HEADER.register("gallery", failing)
    NOTICES.register("broken", failing)
    answer = site.get("/gallery/desk/", headers={"Accept-Language": "es"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert text("web.search.title", "es") in page
    assert "INTERPOL" in page
    assert site.get("/notices/").status_code == 200


def test_an_alert_that_fails_takes_only_itself_away(shown: Callable[..., str]) -> None:
    ALERTS.register("broken", failing, order=1)
    ALERTS.register(
        "good", lambda request, place, thing: [Alert(words=f"<b>{place} {thing}", url="/x/", action="web.notice.undo")]
    )
    found = alerts_over(cast(Request, None), "desk", 7)
    assert [one.words for one in found] == ["<b>desk 7"]
    page = shown('{% include "web/components/alerts.html" %}', "es", alerts=found)
    assert "&lt;b&gt;desk 7" in page
    assert 'class="notice late" role="status"' in page
    assert text("web.notice.undo", "es") in page


def test_the_navigation_shows_what_a_role_may_open_and_where_one_is(site: Client) -> None:
    NAVIGATION.register("heads", Entry(label="web.search.title", url="search", roles=frozenset({Role.HEAD})), order=9)
    page = site.get("/gallery/form/", headers={"Accept-Language": "es"}).content.decode()
    navigation = page[page.index("<nav") : page.index("</nav>")]
    assert text("web.search.title", "es") not in navigation
    assert navigation.count('aria-current="page"') == 1
    assert 'href="/gallery/form/" aria-current="page"' in navigation


def test_nobody_sees_no_navigation_and_asks_no_provider(site: Client) -> None:
    GROUPS.register("test", failing)
    page = site.get("/nothing-here/", headers={"X-Role": "nobody"}).content
    assert b"<nav" not in page and b'type="search"' not in page


def test_a_group_without_rows_is_not_shown(site: Client) -> None:
    GROUPS.register("empty", lambda request: Group(heading="Leer heading", rows=()))
    GROUPS.register("none", lambda request: None)
    GROUPS.register("full", lambda request: Group(heading="Full", rows=(GroupRow(label="<b>"),)))
    page = site.get("/gallery/desk/").content.decode()
    assert "Leer heading" not in page and "Full" in page and "&lt;b&gt;" in page


def test_what_is_searched_stands_in_no_address_and_no_cache(site: Client) -> None:
    answer = site.post("/search/", {"q": " عبد   السلام "}, headers={"Accept-Language": "es"})
    page = answer.content.decode()
    assert 'value="عبد السلام"' in page
    assert "Un resultado" in page
    assert answer.headers["Cache-Control"] == "no-store"
    assert "?q=" not in page and 'method="post"' in page
    assert 'value="x"' not in site.get("/search/?q=x").content.decode()


def test_the_search_shows_the_first_and_says_that_there_are_more(site: Client) -> None:
    SEARCH.register(
        "many",
        lambda request, asked: (Found(kind="web.route.label", title=f"t{n}", url="/") for n in range(10_000)),
        order=1,
    )
    page = site.post("/search/", {"q": "x"}, headers={"Accept-Language": "es"}).content.decode()
    assert page.count("row-link") == 50
    assert text("web.search.more", "es") in page


def test_the_newest_notice_stands_first(site: Client) -> None:
    NOTICES.register(
        "more",
        lambda request: [
            Notice(words="newest", url="/", at_ms=NOW_MS),
            Notice(words="oldest", url="/", at_ms=0, read=True),
        ],
    )
    page = site.get("/notices/").content.decode()
    assert page.index("newest") < page.index("oldest")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_status_has_its_advice_in_every_language(status: int, language: str) -> None:
    assert all(f"{STATUSES[status]}.{part}" in catalogue() for part in ("what", "means", "do"))


@pytest.mark.parametrize(("what", "status"), [("conflict", 409), ("large", 413), ("defect", 500)])
def test_an_error_is_a_page_without_a_traceback(site: Client, what: str, status: int) -> None:
    answer = site.get(f"/gallery/broken/{what}/", headers={"Accept-Language": "es"})
    page = answer.content.decode()
    assert answer.status_code == status
    assert text(f"{STATUSES[status]}.do", "es") in page
    assert "Traceback" not in page and "ZeroDivisionError" not in page and "Benali" not in page


def test_a_part_of_a_page_gets_a_part_of_an_error(site: Client) -> None:
    answer = site.get("/gallery/broken/conflict/", headers={"HX-Request": "true"})
    assert answer.status_code == 409
    assert b"<html" not in answer.content


def test_a_body_that_is_too_large_is_told_so(site: Client) -> None:
    answer = site.post("/gallery/form/", {"reason": "x" * 1_100_000}, headers={"Accept-Language": "fr"})
    assert answer.status_code == 413
    assert text("web.too-large.what", "fr") in answer.content.decode()


def test_when_even_the_frame_fails_the_words_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tansiq.web.error_pages.error_page", failing)
    answer = fault(object())  # type: ignore[arg-type]
    assert answer.status_code == 500
    for language in LANGUAGES:
        assert text("web.fault.what", language) in answer.content.decode()
