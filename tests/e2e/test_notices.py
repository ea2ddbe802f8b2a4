"""Notices in a real browser: a wanted man from Madrid's form to the withdrawal, a missing woman who is found, and the flag of 2004; in
Spanish at Madrid's bureau, in Arabic at Rabat's.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import django
import pytest
from playwright.sync_api import Browser, expect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.bureau_desks import BureauDesk, Pages, served  # noqa: E402
from support.bureaux import Board, board_of, with_hub  # noqa: E402
from support.node import Nodes, clock, node  # noqa: E402
from support.noticing import ANSWER, CHECKED, DECLARED, RED, YELLOW  # noqa: E402

__all__ = ["clock", "node"]

pytestmark = pytest.mark.storage
MAIN = "main .form-end button.first"


@pytest.fixture
def pages(node: Nodes) -> Iterator[Pages]:
    board: Board = board_of(node)
    undo = with_hub()
    with served(board) as made:
        yield made
    undo()


def laid(desk: BureauDesk, data: dict[str, object], *, name: str) -> None:
    """Writes a notice, reads it over and lays it on the desk."""
    page = desk.page
    desk.fill({"colour": data["colour"]})
    if "warrants.0.charge" in data:
        desk.press("main button[name=add][value=warrants]")
    desk.fill({one: value for one, value in data.items() if one != "colour"})
    desk.picture(f"{name}-written")
    desk.press()
    assert page.url.endswith("/preview/"), page.locator("main .form-error, main [role=alert]").all_inner_texts()
    desk.picture(f"{name}-preview")
    desk.press()
    page.wait_for_url("**/interpol/drafts/*/")


def checked_and_sent(desk: BureauDesk, *, purpose: str, name: str, to: str = "") -> str:
    """A person answers for it, and it is signed; where the notice stands."""
    desk.picture(f"{name}-check")
    desk.fill({"rpd_purpose": purpose, **CHECKED})
    desk.press()
    if to:
        desk.fill({"to": to})
    desk.picture(f"{name}-ready", narrow=True)
    desk.press()
    desk.page.wait_for_url("**/interpol/notices/*/")
    return desk.page.url.removeprefix(desk.address)


def published(pages: Pages, hub: BureauDesk, place: str, *, name: str) -> None:
    pages.carry()
    page = hub.open("/")
    hub.picture(f"{name}-hub-desk")
    page.locator(".notice.due a.button").first.click()
    page.wait_for_url("**/interpol/")
    hub.picture(f"{name}-hub-list")
    hub.open(place)
    hub.picture(f"{name}-hub-notice")
    page.locator("main .actions.wide a.button.first").click()
    page.wait_for_selector("dialog[open] .question")
    hub.fill({"lawful": "yes"})
    hub.press("dialog[open] .question button.first")
    expect(page.locator("main")).to_contain_text("Published")
    pages.carry()


def answered(desk: BureauDesk, place: str, data: dict[str, object], *, name: str) -> None:
    desk.open(f"{place}answer/")
    desk.fill(data)
    desk.picture(f"{name}-answer")
    desk.press()
    desk.page.wait_for_url("**/preview/")
    desk.picture(f"{name}-answer-preview")
    desk.press()
    desk.page.wait_for_url(f"**{place}")


def test_a_wanted_man_is_sought_arrested_and_sought_no_more(pages: Pages, browser: Browser) -> None:
    madrid = pages.desk(browser, "es", "ES-5001", language="es")
    rabat = pages.desk(browser, "ma", "MA-5001", language="ar")
    hub = pages.desk(browser, "hub", "IX-0001", language="en")
    page = madrid.open("/interpol/")
    madrid.picture("n80-notices-empty")
    page.locator("main .actions a.first").click()
    page.wait_for_url("**/interpol/write/notice/*/")
    laid(madrid, RED, name="n81-red")
    place = checked_and_sent(madrid, purpose="rpd.wanted", name="n82-red")
    madrid.picture("n83-red-requested")
    published(pages, hub, place, name="n84-red")
    rabat.open("/interpol/")
    rabat.picture("n85-notices", narrow=True)
    rabat.page.locator("main .row-link").first.click()
    rabat.page.wait_for_url(f"**{place}")
    expect(rabat.page.locator("main")).to_contain_text("Mojtar Benalí el Invento")
    rabat.picture("n86-red-member", narrow=True)
    answered(rabat, place, ANSWER, name="n87-red")
    rabat.picture("n88-red-answered")
    pages.carry()
    page = madrid.open("/")
    expect(page.locator("#told")).to_contain_text("Persona detenida")
    madrid.picture("n89-desk-found", narrow=True)
    page.locator("#told a.button").first.click()
    page.wait_for_url(f"**{place}")
    madrid.picture("n90-red-found", narrow=True)
    page.locator("#told a.button").first.click()
    page.wait_for_selector("dialog[open] .question")
    madrid.fill({"on": "2026-11-27"})
    madrid.picture("n91-red-withdraw")
    madrid.press("dialog[open] .question button.grave")
    expect(page.locator("#told")).to_contain_text("Ya no está en vigor")
    madrid.picture("n92-red-withdrawn", narrow=True)
    pages.carry()
    rabat.open(place)
    expect(rabat.page.locator("main")).not_to_contain_text("Mojtar")
    rabat.picture("n92-red-withdrawn")


def test_a_missing_woman_is_found_and_who_is_held_is_flagged(pages: Pages, browser: Browser) -> None:
    madrid = pages.desk(browser, "es", "ES-5001", language="es")
    rabat = pages.desk(browser, "ma", "MA-5001", language="ar")
    hub = pages.desk(browser, "hub", "IX-0001", language="en")
    rabat.open("/interpol/new/notice/")
    laid(rabat, YELLOW, name="n93-yellow")
    place = checked_and_sent(rabat, purpose="rpd.identify-interest", name="n94-yellow")
    published(pages, hub, place, name="n94-yellow")
    found = {**ANSWER, "result": "result.found", "law.purpose": "purpose.missing-person"}
    found.pop("law.offence")
    answered(madrid, place, found, name="n95-yellow")
    pages.carry()
    rabat.open("/")
    rabat.picture("n96-desk-found", narrow=True)
    page = rabat.open(f"{place}say/cancellation/")
    rabat.fill({"reason": "cancel.found", "on": "2026-11-27"})
    rabat.picture("n96-yellow-cancel")
    rabat.press("main .question button.grave")
    rabat.picture("n97-yellow-found")
    # Rabat holds a man and says so; Madrid seeks him all the same.
    page = rabat.open("/interpol/declared/new/")
    rabat.fill({**DECLARED, "to": "es.ncb/bureau"})
    rabat.picture("n98-declare", narrow=True)
    rabat.press()
    page.wait_for_url("**/preview/")
    rabat.picture("n98-declare-preview")
    rabat.press()
    page.wait_for_url("**/interpol/declared/")
    rabat.picture("n98-declared")
    pages.carry()
    page = madrid.open("/interpol/new/diffusion/")
    laid(madrid, RED, name="n99-diffusion")
    expect(page.locator("#told")).to_contain_text("Privada de libertad")
    sent = checked_and_sent(madrid, purpose="rpd.wanted", name="n99-diffusion", to="ma.ncb")
    pages.carry()
    page = madrid.open("/")
    expect(page.locator("#told .notice.late")).to_contain_text("Privada de libertad")
    madrid.picture("n99-desk-flagged", narrow=True)
    page.locator("#told a.button").first.click()
    page.wait_for_url(f"**{sent}")
    expect(page.locator("#told .notice.late").first).to_contain_text("Privada de libertad")
    madrid.picture("n99-flagged")
