"""Choosing a channel on the pages, in Spanish and in Arabic: the four side by side, renewed while one writes, a reason for another, nothing refused."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from support.asking import draft
from support.desks import Desk, axe_faults, keep, settled
from support.filling import FORM, sign_and_send, write, written
from tansiq.policy.codes import code_list
from tansiq.texts import text

WIDTHS: dict[str, ViewportSize] = {"narrow": {"width": 390, "height": 844}, "wide": {"width": 1440, "height": 900}}
CHANNELS = ("interpol", "embassy", "liaison", "direct")


def verdict(code: str, language: str) -> str:
    return code_list("channel_verdicts").label(code, language)


def reason(code: str, language: str) -> str:
    return code_list("channel_reasons").label(f"reason.{code}", language)


def said(page: Page, channel: str) -> str:
    """What is said of a channel."""
    return page.locator(f"#four-{channel}").inner_text()


def kept(page: Page, language: str) -> None:
    expect(page.locator("#draft-state")).to_contain_text(text("web.draft.saved", language))


def test_the_four_stand_side_by_side_and_follow_what_is_written(madrid: Desk) -> None:
    page = madrid.open("/enquiries/new/")
    for channel in CHANNELS:
        expect(page.locator(f"#four-{channel}")).to_contain_text(text("channels.choice.later", "es"))
    page.locator(f'{FORM} [name="to"]').select_option("ma.dgst/counter-terrorism")
    page.locator(f'{FORM} [name="law.offence"]').select_option("offence.terrorism")
    for channel in CHANNELS:
        expect(page.locator(f"#four-{channel} .chip")).to_be_visible(timeout=15_000)
    assert not page.locator(f"{FORM} input[name=channel]:checked").count(), "nothing is chosen in advance"
    expect(page.locator("#four-embassy")).to_contain_text(verdict("recommended", "es"))
    expect(page.locator("#four-direct")).to_contain_text(reason("not-a-head", "es"))

    page.locator(f'{FORM} [name="sensitive"][value="no"]').check()
    expect(page.locator("#four-embassy")).to_contain_text(reason("purely-operational", "es"))
    page.locator(f'{FORM} [name="nature"]').select_option("strategic")
    expect(page.locator("#four-embassy")).to_contain_text(reason("strategic", "es"))
    assert verdict("recommended", "es") in said(page, "embassy")


def test_a_refused_channel_goes_no_further_and_says_why(madrid: Desk) -> None:
    page = madrid.open("/enquiries/new/")
    write(page, written(draft("enquiry")))
    page.locator(f'{FORM} [name="sensitive"][value="no"]').check()
    page.locator(f'{FORM} input[name=channel][value="embassy"]').check()
    page.locator(f"{FORM} .form-end button[name=preview]").click()
    expect(page.locator("main .summary")).to_contain_text(reason("purely-operational", "es"))
    madrid.picture("60-channel-refused")

    page.locator(f'{FORM} [name="sensitive"][value="yes"]').check()
    page.locator(f"{FORM} .form-end button[name=preview]").click()
    expect(page).to_have_url(re.compile(r"/preview/$"))
    expect(page.locator("main")).to_contain_text(reason("sensitive-by-office", "es"))
    madrid.picture("61-channel-preview")
    sign_and_send(page)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("number", ["ES-4017", "MA-2210"])
def test_the_four_fit_a_telephone_and_a_wide_desk(
    number: str, width: str, desks: Callable[[str], Desk], browser: Browser
) -> None:
    desk = desks(number)
    context = browser.new_context(
        base_url=desk.node.home.pages_address, storage_state=desk.context.storage_state(), viewport=WIDTHS[width]
    )
    page = desk.watch(context.new_page())
    page.goto("/enquiries/new/")
    page.locator(f'{FORM} [name="to"]').select_option(index=1)
    expect(page.locator("#four-direct .chip")).to_be_visible(timeout=15_000)
    settled(page)
    section = page.locator("#section-channel")
    keep(section, desk.shot(f"62-four-{width}"))
    boxes = [page.locator(".four > .card").nth(place).bounding_box() for place in range(4)]
    tops = {round(box["y"]) for box in boxes if box is not None}
    assert len(tops) == (4 if width == "narrow" else 2), "one below the other, or side by side in pairs"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not axe_faults(page)
    context.close()
