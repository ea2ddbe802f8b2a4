"""The drill of a quarrel, through the pages alone: one matter is carried by hand, one takes another channel, one waits; then the channel is
resumed, and the report says that all is there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, expect

from support.desks import Desk, narrow_faults, soon
from tansiq.demo.stage import Node
from tansiq.demo.story import Story
from tansiq.texts import text

EMBASSY: Final = "/channels/with/ma.dgst/embassy/"


def decide(head: Desk, state: str, reason: str) -> None:
    page = head.open(f"{EMBASSY}decide/")
    page.check(f"input[name=state][value={state}]")
    page.select_option("select[name=reason]", reason)
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/channels/?done=taken")


def hexed(matter: str) -> str:
    return matter.replace("-", "")


def carry(page: Page, partner: str, folder: Path) -> Path:
    page.goto("/channels/courier/")
    with page.expect_download() as kept:
        page.locator(f"form[action='/channels/courier/to/{partner}/'] button").click()
    path = folder / kept.value.suggested_filename
    kept.value.save_as(path)
    return path


def take(page: Page, file: Path) -> None:
    page.goto("/channels/courier/take/")
    page.set_input_files("input[type=file]", file)
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/channels/courier/files/*/*/")


def test_a_quarrel_from_the_suspension_to_the_report(
    scene: Story, es: Node, desks: Callable[[str], Desk], tmp_path: Path
) -> None:
    head, officer, rabat = desks("ES-1001"), desks("ES-4017"), desks("MA-2210")
    decide(head, "suspended", "state.political")
    matters = []
    for _ in range(3):
        scene.ask()
        matters.append(scene.enquiry)
    by_hand, elsewhere, waits = matters
    assert all(rabat.fetch(f"/enquiries/{one}/").status == 404 for one in matters), "the partner sees nothing of it"
    page = officer.open(EMBASSY)
    assert page.locator("main a[href*='/channels/waiting/']").count() >= 3
    officer.picture("90-drill-waits")

    page = officer.open(f"/channels/waiting/{hexed(by_hand)}/")
    page.locator("form[action$='/by-hand/'] button").click()
    expect(page.locator("main .chip.accent")).to_be_visible()
    take(rabat.page, carry(page, "ma.dgst", tmp_path))
    soon(lambda: rabat.fetch(f"/enquiries/{by_hand}/").status == 200, what="what was carried is there")
    take(officer.page, carry(rabat.page, "es.cgi", tmp_path))

    page = head.open(f"/channels/waiting/{hexed(elsewhere)}/")
    head.picture("91-drill-ways-out")
    form = page.locator("main form", has=page.locator("input[name=channel][value=direct]"))
    if form.locator("select[name=deviation]").count():
        form.locator("select[name=deviation]").select_option(index=1)
    form.locator("button").click()
    page.wait_for_url(f"**{EMBASSY}")

    assert rabat.fetch(f"/enquiries/{waits}/").status == 404
    decide(head, "open", "state.settled")
    soon(
        lambda: rabat.fetch(f"/enquiries/{waits}/").status == 200, what="what waited left when the channel was resumed"
    )
    report = head.page.locator("a[href*='/channels/interruptions/']").first.get_attribute("href")
    assert report is not None
    soon(lambda: text("channels.states.report-whole", "es") in head.fetch(report).text, what="both sides are whole")
    page = head.open(report)
    for how in ("courier", "rerouted", "released"):
        expect(page.locator("main")).to_contain_text(text(f"channels.how.{how}", "es"))
    head.picture("92-drill-report")
    assert not narrow_faults(page, "drill-report")
