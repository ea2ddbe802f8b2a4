"""A quarrel through the pages alone, in Spanish and in Arabic: suspended, what waits, resumed, and the report; desk and telephone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest
from playwright.sync_api import ViewportSize

from support.desks import PICTURES, Desk, axe_faults, keep, settled, soon
from tansiq.demo.stage import Node
from tansiq.demo.story import Story

PHONE: Final[ViewportSize] = {"width": 390, "height": 844}
WIDE: Final[ViewportSize] = {"width": 1280, "height": 900}
HEADS: Final = {"es": ("ES-1001", "/channels/with/ma.dgst/direct/"), "ar": ("MA-1001", "/channels/with/es.cgi/direct/")}


def pictures(desk: Desk, place: str, name: str) -> None:
    """The page at the desk and on a telephone; nothing stands wider than the screen or is closed to anybody."""
    page = desk.new_page()
    for kind, viewport in (("desk", WIDE), ("phone", PHONE)):
        page.set_viewport_size(viewport)
        page.goto(place)
        settled(page)
        keep(page, PICTURES / "channels" / desk.language / f"{name}-{kind}.png", whole=True)
        faults = axe_faults(page)
        assert not faults, "\n".join(faults)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    page.close()


@pytest.mark.parametrize("language", ["es", "ar"])
def test_a_channel_is_suspended_and_resumed_by_its_head(desks: Callable[[str], Desk], language: str) -> None:
    number, place = HEADS[language]
    head = desks(number)
    other = desks(HEADS["ar" if language == "es" else "es"][0])
    pictures(head, f"{place}decide/", "decide")
    page = head.open(f"{place}decide/")
    page.check("input[name=state][value=suspended]")
    page.select_option("select[name=reason]", "state.political")
    page.fill("textarea[name=words]", {"es": "Hasta nueva orden.", "ar": "إلى إشعار آخر."}[language])
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/channels/?done=taken")
    theirs = HEADS["ar" if language == "es" else "es"][1]
    soon(lambda: "chip late" in other.fetch(theirs).text, what="the announcement at the other side")
    pictures(head, "/channels/", "states")
    pictures(head, place, "state")
    pictures(other, theirs, "announced")
    page = head.open(f"{place}decide/")
    page.check("input[name=state][value=open]")
    page.select_option("select[name=reason]", "state.settled")
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/channels/?done=taken")
    soon(
        lambda: "chip late" not in other.fetch(theirs).text.split("<aside")[0], what="the resumption at the other side"
    )
    report = page.locator("a[href*='/channels/interruptions/']").first.get_attribute("href")
    assert report is not None
    pictures(head, report, "report")


def test_what_waits_is_shown_with_its_ways_out(desks: Callable[[str], Desk], scene: Story, es: Node) -> None:
    asked = {"partner": "ma.dgst", "channel": "embassy", "reason": "state.political"}
    es.ask("channel.set", asked | {"state": "suspended"}, officer="ES-1001")
    try:
        scene.ask()
        desk = desks("ES-4017")
        place = "/channels/with/ma.dgst/embassy/"
        page = desk.open(place)
        waiting = page.locator("a[href*='/channels/waiting/']").first.get_attribute("href")
        assert waiting is not None
        pictures(desk, place, "waits")
        pictures(desk, waiting, "waiting")
        pictures(desk, f"{waiting}take-back/", "take-back")
        page = desk.open(waiting)
        page.locator("form[action$='/by-hand/'] button").click()
        page.wait_for_selector(".chip.accent")
    finally:
        es.ask("channel.set", asked | {"state": "open", "reason": "state.settled"}, officer="ES-1001")
    soon(
        lambda: not es.ask("channel.report", {"partner": "ma.dgst"})[0]["ended"].get("waiting"),
        what="what waited leaves",
    )
