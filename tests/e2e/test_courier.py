"""A file carried by hand through the pages alone, in Spanish and in Arabic: chosen, made, taken in, receipted back; and what is no such file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Page, expect

from support.desks import Desk, keep, narrow_faults, settled, soon
from tansiq.demo.stage import Node
from tansiq.demo.story import Story
from tansiq.policy.codes import code_list
from tansiq.texts import text

COURIER, TAKE = "/channels/courier/", "/channels/courier/take/"
WITH: Final = {"partner": "ma.dgst", "channel": "embassy", "reason": "state.political"}

# The rows of a list in which the words of one part lie over those of another.
OVERLAPPING: Final = """rows => rows.filter(row => {
  const places = [...row.querySelectorAll('a > span, .plain > span')].map(part => {
    const words = document.createRange(); words.selectNodeContents(part); return words.getBoundingClientRect();
  });
  return places.some((one, at) => places.slice(at + 1).some(other =>
    one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom));
}).map(row => row.innerText)"""


@pytest.fixture
def quarrel(scene: Story, es: Node) -> Iterator[None]:
    """The embassy's channel is suspended by Madrid, and something waits for it."""
    es.ask("channel.set", WITH | {"state": "suspended"}, officer="ES-1001")
    scene.ask()
    yield
    es.ask("channel.set", WITH | {"state": "open", "reason": "state.settled"}, officer="ES-1001")
    soon(lambda: not es.ask("channel.report", {"partner": "ma.dgst"})[0]["ended"].get("waiting"), what="nothing waits")


def make(page: Page, folder: Path, partner: str) -> Path:
    """Makes the file for a partner and keeps it, as a browser does."""
    with page.expect_download() as kept:
        page.locator(f"form[action='{COURIER}to/{partner}/'] button").click()
    path = folder / kept.value.suggested_filename
    kept.value.save_as(path)
    return path


def take(page: Page, file: Path) -> None:
    page.goto(TAKE)
    page.set_input_files("input[type=file]", file)
    page.locator("main .form-end button.first").click()


def test_what_waits_is_carried_and_its_receipt_comes_back(
    quarrel: None, desks: Callable[[str], Desk], tmp_path: Path
) -> None:
    madrid, rabat = desks("ES-4017"), desks("MA-2210")
    page = madrid.open("/channels/with/ma.dgst/embassy/")
    suspended = code_list("channel_states").label("suspended", "es")
    expect(page.locator(".group .state.late")).to_have_text(suspended)
    page.locator("main a[href*='/channels/waiting/']").first.click()
    page.locator("form[action$='/by-hand/'] button").click()
    page.locator(f"main a[href='{COURIER}']").click()
    expect(page.locator("main")).to_contain_text("canal suspendido que va con el correo")
    madrid.picture("70-courier")
    assert page.locator(".group li").evaluate_all(OVERLAPPING) == []
    file = make(page, tmp_path, "ma.dgst")
    assert file.name.startswith("ma.dgst-")

    before = rabat.fetch("/enquiries/").text.count("/enquiries/")
    page = rabat.open(TAKE)
    rabat.picture("71-courier-take")
    take(page, file)
    page.wait_for_url("**/channels/courier/files/*/*/")
    expect(page.locator("main .chip.proof").first).to_have_text(text("courier.state.whole", "ar"))
    rabat.picture("72-courier-taken")
    assert not narrow_faults(page, "courier-taken")
    soon(lambda: rabat.fetch("/enquiries/").text.count("/enquiries/") > before, what="what was carried is on the desk")
    back = make(page, tmp_path, "es.cgi")

    page = madrid.page
    take(page, back)
    page.wait_for_url("**/channels/courier/files/*/*/")
    madrid.open(COURIER)
    expect(page.locator("main")).to_contain_text(text("courier.state.heard", "es"))
    madrid.picture("73-courier-back")
    assert not narrow_faults(page, "courier-back")


def test_the_page_of_a_partner_says_how_all_four_stand_and_why(quarrel: None, desks: Callable[[str], Desk]) -> None:
    madrid = desks("ES-4017")
    page = madrid.open("/")
    page.locator(".group h2 a").click()
    page.wait_for_url("**/channels/with/ma.dgst/")
    assert page.locator("main tbody tr").count() == 4
    expect(page.locator("main tbody .chip.late")).to_have_count(1)
    expect(page.locator("main .course li").first).to_contain_text(code_list("channels").label("embassy", "es"))
    madrid.picture("74-partner")
    rabat = desks("MA-2210")
    page = rabat.open("/channels/with/es.cgi/")
    rabat.picture("74-partner")
    assert not narrow_faults(page, "partner")


def test_the_choice_of_a_channel_says_how_it_stands(quarrel: None, desks: Callable[[str], Desk]) -> None:
    madrid = desks("ES-4017")
    page = madrid.open("/enquiries/new/")
    page.locator('form#form [name="to"]').select_option("ma.dgst/counter-terrorism")
    chip = page.locator("#four-embassy .chip.late", has_text=text("channels.choice.waits", "es"))
    expect(chip).to_be_visible(timeout=15_000)
    expect(page.locator("#four-embassy a")).to_have_attribute("href", "/channels/with/ma.dgst/embassy/")
    settled(page)
    keep(page.locator("#section-channel"), madrid.shot("75-four-suspended"))


@pytest.mark.parametrize("number", ["ES-4017", "MA-2210"])
@pytest.mark.parametrize("script", [True, False])
def test_what_is_no_courier_file_is_refused_and_says_why(
    number: str, script: bool, desks: Callable[[str], Desk], tmp_path: Path
) -> None:
    desk = desks(number)
    for name, content, code in (
        ("letter.pdf", b"%PDF-1.7 " + b"x" * 5_000, "no-courier-file"),
        ("short.courier", b"TANSIQ COURIER 1\n\x01" + b"\0" * 48, "cut-off"),
        ("endless.courier", b"TANSIQ COURIER 1\n\x01" + b"\0" * 48 + b"\xff\xff\xff\xff" + b"x" * 100, "frame-too-large"),
        ("other.courier", b"TANSIQ COURIER 1\n\x01" + b"\0" * 48 + b"\0\0\0\x64" + b"x" * 100, "other-node"),
    ):  # fmt: skip
        file = tmp_path / name
        file.write_bytes(content)
        page = desk.open(TAKE)
        page.set_input_files("input[type=file]", file)
        if script:
            page.locator("main .form-end button.first").click()
        else:
            page.evaluate("document.querySelector('form[data-courier]').submit()")
        said = text(f"courier.{code}.what", desk.language).partition("{")[0]
        expect(page.locator("main form")).to_contain_text(said)
    desk.picture(f"76-courier-refused-{'script' if script else 'form'}")
