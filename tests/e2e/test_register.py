"""The registers, searched by name in either script from the search box of every page, for a reason; in Spanish and in Arabic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from support.desks import Desk, axe_faults, keep, settled
from tansiq.texts import text

ASKED = {
    "ES-4017": {"name": "عبد الكريم الشاوني", "finds": "Chaouni"},
    "MA-2210": {"name": "Abdelcrim Chauni Zaglul", "finds": "الشاوني"},
}
"""Whom each officer asks for, in the script that is not the page's, and what of the entry stands in the other."""
WIDTHS = {"narrow": {"width": 390, "height": 844}, "wide": {"width": 1440, "height": 900}}
SIDES = list(ASKED)


def window(browser: Browser, desk: Desk, **options: Any) -> BrowserContext:
    """Another window of the same person, in the same session."""
    return browser.new_context(
        base_url=desk.node.home.pages_address, storage_state=desk.context.storage_state(), **options
    )


def give_reason(page: Page) -> None:
    """What the law wants said before a register is searched."""
    page.select_option("select[name=purpose]", "purpose.investigation")
    page.check("input[name=aim][value='aim.identify']")
    page.select_option("select[name=category]", "category.suspect")
    page.fill("input[name=matter]", "26-0417")


def by_name(page: Page, name: str) -> None:
    """From the search box to what was found."""
    page.fill("#search", name)
    page.press("#search", "Enter")
    expect(page.locator("main input[name=name]")).to_have_value(name)
    give_reason(page)
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/registers/found/**")


@pytest.mark.parametrize("number", SIDES)
def test_a_name_in_the_other_script_is_found_explained_and_its_entry_read(
    number: str, desks: Callable[[str], Desk]
) -> None:
    desk, asked = desks(number), ASKED[number]
    page = desk.open("/")
    page.fill("#search", asked["name"])
    page.press("#search", "Enter")
    page.wait_for_url("**/search/")
    desk.picture("50-register-offered")
    page.locator("main .form-end button.first").click()
    expect(page.locator("#summary")).to_be_visible()
    desk.picture("50-register-lacking")
    expect(page.locator("main input[name=name]")).to_have_value(asked["name"])
    give_reason(page)
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/registers/found/**")
    first = page.locator("main article.card").first
    expect(first.locator("h3")).to_contain_text(asked["finds"])
    assert first.locator("ul.why li").count() >= 2
    desk.picture("51-register-found")
    first.locator("a.button").click()
    page.wait_for_url("**/registers/entries/**")
    expect(page.locator("main")).to_contain_text(asked["finds"])
    expect(page.locator("aside")).to_contain_text("26-0417")
    desk.picture("52-register-entry")
    page.locator(".heading .actions a").click()
    expect(page.locator("main article.card").first.locator("h3")).to_contain_text(asked["finds"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("number", SIDES)
def test_the_pages_fit_every_width_in_light_and_dark(
    number: str, width: str, scheme: str, desks: Callable[[str], Desk], browser: Browser
) -> None:
    desk = desks(number)
    context = window(browser, desk, viewport=WIDTHS[width], color_scheme=scheme)
    page = desk.watch(context.new_page())
    faults = []

    def seen(name: str) -> None:
        settled(page)
        keep(page, desk.shot(f"53-register-{name}-{width}-{scheme}"), whole=True)
        faults.extend(axe_faults(page))
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            faults.append(f"{name} scrolls sideways at {width}")

    page.goto("/registers/")
    seen("form")
    by_name(page, ASKED[number]["name"])
    seen("found")
    page.locator("main article.card a.button").first.click()
    page.wait_for_url("**/registers/entries/**")
    seen("entry")
    page.goto(page.url.partition("?")[0])
    seen("why")
    context.close()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("number", SIDES)
def test_a_search_needs_no_script(number: str, desks: Callable[[str], Desk], browser: Browser) -> None:
    desk = desks(number)
    context = window(browser, desk, java_script_enabled=False)
    page = desk.watch(context.new_page())
    page.goto("/")
    by_name(page, "Wilhelmina Oosterhuis")
    expect(page.locator("main .empty-title")).to_have_text(text("registers.found.none", desk.language))
    page.locator(".heading .actions a").click()
    expect(page.locator("main input[name=name]")).to_have_value("Wilhelmina Oosterhuis")
    page.fill("main input[name=name]", ASKED[number]["name"])
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/registers/found/**")
    expect(page.locator("main article.card").first).to_be_visible()
    context.close()
