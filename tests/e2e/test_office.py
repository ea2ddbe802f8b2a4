"""The office in the embassy through the pages alone: the picture of the flow, a matter directed, the desk reminded; in Spanish and in Arabic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from support.desks import PICTURES, Desk, axe_faults, keep, settled, soon
from tansiq.demo.story import Story

PHONE: ViewportSize = {"width": 390, "height": 844}
WIDE: ViewportSize = {"width": 1360, "height": 900}
OFFICE, COMMENT = "ES-3300", "Hablar con Rabat antes del viernes."


def pictures(desk: Desk, place: str, name: str, language: str) -> None:
    """The page at the desk and on a telephone; nothing stands wider than the screen or is closed to anybody."""
    page = desk.new_page()
    for kind, viewport in (("desk", WIDE), ("phone", PHONE)):
        page.set_viewport_size(viewport)
        page.goto(place)
        assert page.locator("html").get_attribute("lang") == language
        settled(page)
        keep(page, PICTURES / "office" / language / f"{name}-{kind}.png", whole=True)
        faults = axe_faults(page)
        assert not faults, "\n".join(faults)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    page.close()


def speak(desk: Desk, language: str) -> None:
    """Chooses the language of the pages, as a person does."""
    page = desk.open("/office/")
    if page.locator("html").get_attribute("lang") != language:
        page.locator(f"form.languages button[value={language}]").first.click()
        page.wait_for_load_state()
    expect(page.locator("html")).to_have_attribute("lang", language)


@pytest.fixture(scope="module")
def office(desks: Callable[[str], Desk]) -> Iterator[Desk]:
    desk = desks(OFFICE)
    yield desk
    speak(desk, "es")


@pytest.fixture(scope="module")
def matter(scene: Story) -> str:
    """An enquiry of Madrid's that waits at Rabat."""
    scene.ask()
    scene.wait_for_delivery()
    return scene.enquiry


def say(page: Page, place: str, **fields: str) -> None:
    """Fills in what a direct asks for, and does it."""
    page.goto(place)
    for name, value in fields.items():
        control = page.locator(f"main [name='{name}']").first
        if control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(value)
        elif control.get_attribute("type") == "radio":
            page.check(f"main [name='{name}'][value='{value}']")
        else:
            control.fill(value)
    page.locator("main .question button.first").click()
    page.wait_for_url(re.compile(r"/office/[0-9a-f-]{36}/$"))


def test_a_matter_is_followed_and_directed(office: Desk, desks: Callable[[str], Desk], matter: str) -> None:
    speak(office, "es")
    page = office.open("/office/")
    page.locator("table.heat td a").first.click()
    expect(page).to_have_url(re.compile("field=.*channel="))
    page.locator(f"a[href='/office/{matter}/']").click()
    place = f"/office/{matter}/"
    page.wait_for_url(f"**{place}")
    say(page, f"{place}assign/", assigned=OFFICE)
    say(page, f"{place}prioritise/", priority="first")
    say(page, f"{place}comment/", words=COMMENT)
    say(page, f"{place}remind/")
    expect(page.locator(".course")).to_contain_text(COMMENT)
    assert page.locator(f"a[href='{place}remind/']").count() == 1
    asked = desks("MA-2210")
    soon(lambda: "مستشارية الداخلية" in asked.fetch(f"/enquiries/{matter}/").text, what="the reminder at Rabat's desk")


@pytest.mark.parametrize("language", ["es", "ar"])
def test_the_pages_of_the_office_are_for_everybody(office: Desk, matter: str, language: str) -> None:
    speak(office, language)
    for name, place in (
        ("register", "/office/"),
        ("narrowed", "/office/?channel=embassy&which=mine"),
        ("empty", "/office/?channel=direct&age=older"),
        ("matter", f"/office/{matter}/"),
        ("comment", f"/office/{matter}/comment/"),
        ("members", "/office/members/"),
    ):
        pictures(office, place, name, language)


def test_who_stands_in_no_office_finds_nothing(desks: Callable[[str], Desk], matter: str) -> None:
    for number in ("ES-4017", "MA-2210"):
        assert desks(number).fetch("/office/").status == 404
        assert desks(number).fetch(f"/office/{matter}/").status == 404
        assert "/office/" not in desks(number).fetch("/account/").text
