"""The pages in a real browser: accessible by axe in both directions and both appearances, no sideways scroll, keyboard, no script needed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from support.desks import PATIENCE_MS, axe_faults

PAGES = (
    "/gallery/desk/",
    "/gallery/parts/",
    "/gallery/form/?wrong=1",
    "/gallery/dialog/",
    "/search/",
    "/notices/",
    "/nothing-here/",
)
PICTURES = Path("build/pictures/gallery")


@pytest.fixture
def pages(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    told = dict(getattr(request, "param", {}))
    language, scripts = told.pop("language", "es"), told.pop("scripts", True)
    context = browser.new_context(
        base_url=address, extra_http_headers={"Accept-Language": language}, java_script_enabled=scripts, **told
    )
    context.set_default_timeout(PATIENCE_MS)
    yield context.new_page()
    context.close()


LOOKS = [
    {"language": language, "color_scheme": scheme, "viewport": {"width": width, "height": 800}}
    for language, scheme, width in (
        ("ar", "light", 1360),
        ("es", "dark", 1360),
        ("ar", "dark", 390),
        ("es", "light", 390),
    )
]


def by_look(look: dict[str, object]) -> str:
    return f"{look['language']}-{look['color_scheme']}-{look['viewport']['width']}"  # type: ignore[index]


@pytest.mark.parametrize("pages", LOOKS, ids=by_look, indirect=True)
def test_axe_finds_nothing(pages: Page, request: pytest.FixtureRequest) -> None:
    faults, failures = [], []
    pages.on("pageerror", lambda error: failures.append(str(error)))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for path in PAGES:
        pages.goto(path)
        pages.evaluate("document.fonts.ready")
        name = path.strip("/").split("?")[0].replace("/", "-")
        pages.screenshot(path=PICTURES / f"{name}-{request.node.callspec.id}.png", full_page=True)
        faults += axe_faults(pages)
    assert not faults, "\n".join(faults)
    assert not failures, failures


@pytest.mark.parametrize("pages", [{"language": "ar"}, {"language": "es"}], ids=["ar", "es"], indirect=True)
@pytest.mark.parametrize("width", [390, 600, 800, 1024, 1360, 1920])
def test_no_page_scrolls_sideways(pages: Page, width: int) -> None:
    pages.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        pages.goto(path)
        assert pages.evaluate("document.documentElement.scrollWidth") <= width, path


@pytest.mark.parametrize("pages", [{"language": "ar"}, {"language": "es"}], ids=["ar", "es"], indirect=True)
def test_the_pages_go_in_the_direction_of_their_language(pages: Page) -> None:
    pages.set_viewport_size({"width": 1360, "height": 800})
    pages.goto("/gallery/desk/")
    side, main = (pages.locator(part).bounding_box() for part in (".side", ".main"))
    assert side is not None and main is not None
    right_to_left = pages.locator("html").get_attribute("dir") == "rtl"
    assert (side["x"] > main["x"]) == right_to_left


@pytest.mark.parametrize("pages", [{"scripts": False}], ids=[""], indirect=True)
def test_everything_can_be_done_without_a_script(pages: Page) -> None:
    pages.goto("/gallery/desk/")
    pages.locator("[data-dialog]").click()
    pages.wait_for_url("**/gallery/dialog/")
    pages.goto("/gallery/form/")
    pages.locator("form.form button.first").click()
    pages.locator("#summary").wait_for()
    pages.locator("#summary a").first.click()
    pages.wait_for_url("**#f-purpose")
    pages.locator("button[name=language][value=ar]").click()
    pages.locator("html[dir=rtl]").wait_for()


@pytest.mark.parametrize("pages", [{}], ids=[""], indirect=True)
def test_the_keyboard_leads_through_a_list_to_the_search_and_out_of_a_question(pages: Page) -> None:
    pages.goto("/gallery/desk/")
    pages.keyboard.press("Tab")
    assert pages.evaluate("document.activeElement.className") == "skip"
    pages.keyboard.press("j")
    pages.keyboard.press("j")
    first = pages.evaluate("document.activeElement.textContent")
    pages.keyboard.press("k")
    assert pages.evaluate("document.activeElement.className") == "row-link"
    assert pages.evaluate("document.activeElement.textContent") != first
    pages.keyboard.press("/")
    assert pages.evaluate("document.activeElement.id") == "search"
    pages.locator("[data-dialog]").click()
    pages.locator("dialog[open]").wait_for()
    assert pages.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    pages.keyboard.press("Escape")
    pages.locator("dialog[open]").wait_for(state="detached")


@pytest.mark.parametrize("pages", [{}], ids=[""], indirect=True)
def test_the_summary_of_faults_has_the_focus_and_leads_to_the_field(pages: Page) -> None:
    pages.goto("/gallery/form/?wrong=1", wait_until="networkidle")
    assert pages.evaluate("document.activeElement.id") == "summary"
    pages.locator("#summary a").nth(1).click()
    assert pages.locator("#f-reason").evaluate(
        "field => field === document.activeElement || location.hash === '#f-reason'"
    )
    assert pages.locator("#f-reason").get_attribute("aria-invalid") == "true"


@pytest.mark.parametrize("pages", [{}], ids=[""], indirect=True)
def test_a_draft_is_kept_while_one_writes_and_says_when_it_could_not_be(pages: Page) -> None:
    pages.goto("/gallery/form/", wait_until="networkidle")
    with pages.expect_request("**/gallery/draft", timeout=PATIENCE_MS) as sent:
        pages.locator("#f-reason").fill("متن")
    assert "reason=%D9%85" in (sent.value.post_data or "") and "csrfmiddlewaretoken" in (sent.value.post_data or "")
    pages.locator(".draft-state.late").wait_for()  # the gallery keeps no drafts


@pytest.mark.parametrize("pages", [{}], ids=[""], indirect=True)
def test_nothing_is_asked_of_another_host(pages: Page, address: str) -> None:
    asked: list[str] = []
    pages.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        pages.goto(path, wait_until="networkidle")
    assert asked
    assert not [url for url in asked if not url.startswith(address)]
