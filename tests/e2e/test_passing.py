"""What passes a bureau, in a browser, in Spanish and in Arabic: the list with its filter, and one enquiry with its way; desk and telephone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from support.asking import draft
from support.desks import Desk, axe_faults, narrow_faults, soon
from tansiq.demo.stage import Stage


@pytest.fixture(scope="module")
def passed(road: Stage) -> Stage:
    """The five nodes, over which one enquiry by INTERPOL has gone: tests of other files that send more come later by name."""
    way = {"to": "ma.dgst/counter-terrorism", "via": "", "channel": "interpol", "harmless": True, "warrant": True}
    road.node("es.cgi").ask("enquiry.send", {"draft": draft("enquiry"), **way}, officer="ES-4017")
    return road


@pytest.mark.parametrize(("agency", "number"), [("es.ncb", "ES-5301"), ("ma.ncb", "MA-5301")])
def test_a_bureau_sees_what_passed_it(browser: Browser, passed: Stage, agency: str, number: str) -> None:
    desk = Desk(browser, passed.node(agency), number).sign_in()
    soon(lambda: 'class="table stacks"' in desk.fetch("/passing/").text, what="the enquiry at this bureau", seconds=240)
    page = desk.open("/")
    page.locator("nav a[href='/passing/']").first.click()
    expect(page.locator("main tbody tr")).to_have_count(1)
    desk.picture("90-passing")
    assert not narrow_faults(page, "the list of what passes")
    page.locator("#narrow-channel").select_option("direct")
    page.locator("main form[action='/passing/'] button, aside form[action='/passing/'] button").first.click()
    expect(page.locator("main .empty")).to_be_visible()
    assert not axe_faults(page)
    desk.picture("91-passing-none")
    page = desk.open("/passing/")
    page.locator("main tbody a").first.click()
    soon(lambda: desk.fetch(page.url).text.count('<li class="ahead"') <= 1, what="the other desks' words", seconds=240)
    page.reload()
    expect(page.locator("ol.route > li")).to_have_count(5)
    desk.picture("92-passage")
    assert not narrow_faults(page, "what passed")
    desk.close()
