"""Reading and writing without a script, without a mouse, on a narrow and a wide page, in the dark, on paper."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from support.asking import ask, state_at
from support.desks import Desk, axe_faults, keep, settled, soon
from tansiq.demo.stage import Node

SIDES = ("ES-4017", "MA-2210")
WIDTHS = {"narrow": {"width": 390, "height": 844}, "wide": {"width": 1920, "height": 1080}}


@pytest.fixture(scope="module")
def matters(es: Node, ma: Node) -> dict[str, str]:
    """What each officer is asked, by service number: to be read, and written on."""
    return {"ES-4017": ask(ma, es, "waiting/ma-ceuta"), "MA-2210": ask(es, ma, "waiting/es-telephone")}


def pages_of(number: str, matters: dict[str, str]) -> dict[str, str]:
    """The pages on which the work is done."""
    matter = f"/enquiries/{matters[number]}/"
    return {
        "desk": "/",
        "list": "/enquiries/",
        "matter": matter,
        "compose": "/enquiries/new/",
        "answer": f"{matter}say/answer/",
        "proof": f"{matter}proof/",
        "cases": "/cases/",
        "account": "/account/",
    }


def again(browser: Browser, desk: Desk, **options: Any) -> Page:
    """Another window of the same person, in the same session."""
    context = browser.new_context(
        base_url=desk.node.home.pages_address, storage_state=desk.context.storage_state(), **options
    )
    return desk.watch(context.new_page())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("number", SIDES)
def test_pages_fit_every_width_and_are_read_by_everybody(
    number: str, width: str, scheme: str, matters: dict[str, str], desks: Callable[[str], Desk], browser: Browser
) -> None:
    desk = desks(number)
    page = again(browser, desk, viewport=WIDTHS[width], color_scheme=scheme)
    faults = []
    for name, path in pages_of(number, matters).items():
        page.goto(path)
        settled(page)
        keep(page, desk.shot(f"40-{name}-{width}-{scheme}"), whole=True)
        faults += axe_faults(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            faults.append(f"{name} scrolls sideways at {width}")
    page.context.close()
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("number", SIDES)
def test_the_way_in_and_the_pages_beside_the_matters_are_for_everybody(
    number: str, matters: dict[str, str], desks: Callable[[str], Desk], browser: Browser, es: Node, ma: Node
) -> None:
    stranger = Desk(browser, es if number.startswith("ES") else ma, number)
    page = stranger.open("/sign-in/")
    stranger.picture("00-sign-in")
    page.fill("input[name=number]", stranger.person.number)
    page.fill("input[name=passphrase]", stranger.person.passphrase)
    page.click("main form button.first")
    page.wait_for_url("**/sign-in/code/")
    stranger.picture("00-code")
    stranger.close()
    desk = desks(number)
    for name in ("list", "cases", "account", "compose"):
        desk.open(pages_of(number, matters)[name])
        desk.picture(f"40-{name}")


@pytest.mark.parametrize("number", SIDES)
def test_pages_are_read_without_a_script(
    number: str, matters: dict[str, str], desks: Callable[[str], Desk], browser: Browser
) -> None:
    desk = desks(number)
    page = again(browser, desk, java_script_enabled=False)
    for name, path in pages_of(number, matters).items():
        page.goto(path)
        assert page.locator("h1").inner_text().strip(), name
        assert len(page.locator("main").inner_text()) > 40, name
    page.goto("/")
    page.locator(f'a.row-link[href="/enquiries/{matters[number]}/"]').click()
    expect(page).to_have_url(f"{desk.node.home.pages_address}/enquiries/{matters[number]}/")
    page.context.close()


def test_an_answer_is_written_and_sent_without_a_script(
    desks: Callable[[str], Desk], browser: Browser, es: Node, ma: Node
) -> None:
    matter = ask(es, ma, "waiting/es-passage")
    page = again(browser, desks("MA-2210"), java_script_enabled=False)
    page.goto(f"/enquiries/{matter}/say/answer/")
    page.locator("form#form button[name=preview]").last.click()
    expect(page.locator("#summary")).to_be_visible()
    page.check("input[name=outcome][value='answer.no-hit']")
    page.fill("textarea[name=note]", "لا شيء مسجل لدينا.")
    page.locator(".draft-state button").click()
    expect(page.locator("textarea[name=note]")).to_have_value("لا شيء مسجل لدينا.")
    page.locator("form#form .form-end button[name=preview]").click()
    expect(page).to_have_url(f"{ma.home.pages_address}/enquiries/{matter}/say/answer/preview/")
    page.locator("main form.form-end button").first.click()
    page.wait_for_url("**/replies/")
    page.context.close()
    soon(lambda: state_at(es, matter)["state"] == "answered", what="the answer in Madrid")


def focus_on(page: Page, selector: str, *, most: int = 160) -> None:
    """Goes on by the tabulator alone until the element has the focus, which must be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        here = page.evaluate(
            """wanted => {
                const at = document.activeElement;
                const style = getComputedStyle(at.matches('.row-link') ? at.closest('.row') : at);
                return {
                    there: at.matches(wanted),
                    seen: style.outlineStyle !== 'none' || style.boxShadow !== 'none' || at.matches('input[type=radio], input[type=checkbox]'),
                    name: at.outerHTML.slice(0, 120),
                };
            }""",
            selector,
        )
        assert here["seen"], f"the focus is not seen on {here['name']}"
        if here["there"]:
            return
    raise AssertionError(f"the tabulator does not lead to {selector}")


def test_an_answer_is_written_and_sent_by_the_keyboard_alone(madrid: Desk, es: Node, ma: Node) -> None:
    matter = ask(ma, es, "waiting/ma-ceuta")
    page = madrid.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "the first step leads past the navigation"
    page.keyboard.press("Enter")
    focus_on(page, f'a.row-link[href="/enquiries/{matter}/"]')
    page.keyboard.press("Enter")
    expect(page.locator("aside div.actions")).to_be_visible()
    focus_on(page, f'aside a[href="/enquiries/{matter}/say/answer/"]')
    page.keyboard.press("Enter")
    page.wait_for_url("**/say/answer/")
    focus_on(page, "input[name=outcome]")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert page.locator("input[name=outcome]:checked").get_attribute("value") == "answer.no-hit"
    focus_on(page, "textarea[name=note]")
    page.keyboard.type("Sin constancia en nuestros registros.")
    focus_on(page, ".form-end button[name=preview]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/preview/")
    focus_on(page, "main form.form-end button")
    page.keyboard.press("Enter")
    page.wait_for_url("**/replies/")
    expect(page.locator("main")).to_contain_text("Sin constancia en nuestros registros.")


@pytest.mark.parametrize("number", SIDES)
def test_what_is_printed_is_the_matter_alone(
    number: str, matters: dict[str, str], desks: Callable[[str], Desk]
) -> None:
    desk = desks(number)
    page = desk.open(f"/enquiries/{matters[number]}/print/")
    page.emulate_media(media="print")
    for left_out in ("nav.navigation", "form.search", "main .notice.not-printed"):
        assert not page.locator(left_out).first.is_visible(), left_out
    assert page.locator("h1").is_visible()
    keep(page, desk.shot("41-print"), whole=True)
    page.emulate_media(media="screen")
