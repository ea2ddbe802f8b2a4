"""The pages of those who watch over a node are for everybody; they show what the other tests of this folder left in the journals."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from support.desks import Desk, narrow_faults

SIDES = ("ES", "MA")
OFFICERS = {"ES": "ES-4017", "MA": "MA-2210"}


@pytest.mark.parametrize("role", ["9001", "9100"])
@pytest.mark.parametrize("side", SIDES)
def test_the_pages_of_oversight_are_for_everybody(side: str, role: str, desks: Callable[[str], Desk]) -> None:
    desk = desks(f"{side}-{role}")
    desk.open("/oversight/").locator("main form[action='/oversight/verify/'] button").click()
    desk.page.wait_for_url("**/oversight/")
    expect(desk.page.locator("main table .yes").first).to_be_visible()
    faults = []
    for path in ("oversight/", "oversight/access/", "oversight/retention/", "oversight/retention/?part=ends"):
        page = desk.open(f"/{path}")
        desk.picture(f"52-{role}-{path.partition('?')[0].strip('/').replace('/', '-')}")
        faults += narrow_faults(page, path)
    page = desk.open("/oversight/access/")
    page.fill("input[name=officer]", OFFICERS[side])
    page.fill("input[name=reference]", "zz")
    page.click("main form.filters button")
    expect(page.locator("p.wrong")).to_be_visible()
    faults += narrow_faults(page, "oversight/access/ with a fault")
    assert not faults, "\n".join(faults)
