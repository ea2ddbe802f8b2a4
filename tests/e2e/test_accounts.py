"""The pages of accounts are for everybody: from the invitation to the account, the roster, the roles."""

from __future__ import annotations

import time
from base64 import b32decode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Browser, expect

from support.desks import Desk, narrow_faults
from tansiq.demo.stage import Node

SIDES = ("ES", "MA")
OFFICERS = {"ES": "ES-4017", "MA": "MA-2210"}
WORDS = "seis escalones junto al pozo seco"
OWN = (
    "account/",
    "account/passphrase/",
    "account/factor/",
    "account/codes/",
    "account/sessions/",
    "roster/",
    "substitutes/",
)
LANGUAGES = {"ES": "es-ES", "MA": "ar-MA"}


def code_of(secret: str) -> str:
    return TOTP(b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode()


@pytest.mark.parametrize("side", SIDES)
def test_ones_own_pages_and_the_roster_are_for_everybody(side: str, desks: Callable[[str], Desk]) -> None:
    desk = desks(OFFICERS[side])
    faults = []
    for path in OWN:
        page = desk.open(f"/{path}")
        desk.picture(f"50-{path.strip('/').replace('/', '-')}")
        faults += narrow_faults(page, path)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("side", SIDES)
def test_somebody_is_on_duty(side: str, desks: Callable[[str], Desk]) -> None:
    page = desks(OFFICERS[side]).open("/roster/")
    expect(page.locator("main section.sheet dl.facts").first).to_contain_text(f"{side}-")
    expect(page.locator("main section.sheet dl.facts .due")).to_have_count(0)


@pytest.mark.parametrize("side", SIDES)
def test_the_administrators_pages_are_for_everybody(side: str, desks: Callable[[str], Desk]) -> None:
    desk = desks(f"{side}-0007")
    faults = []
    for path in ("members/", "members/invite/", f"members/{OFFICERS[side]}/", "roster/", "substitutes/"):
        page = desk.open(f"/{path}")
        desk.picture(f"51-{path.strip('/').replace('/', '-')}")
        faults += narrow_faults(page, path)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize("side", SIDES)
def test_from_the_invitation_to_the_account_every_page_is_for_everybody(
    side: str, desks: Callable[[str], Desk], browser: Browser, es: Node, ma: Node
) -> None:
    administrator, node, number = desks(f"{side}-0007"), es if side == "ES" else ma, f"{side}-4999"
    page = administrator.open("/members/invite/")
    page.fill("input[name=number]", number)
    page.check("input[name=roles][value=officer]")
    page.locator("input[name=posts]").first.check()
    page.click("main form.form button.first")
    invitation = page.locator("#invitation").inner_text()
    faults = narrow_faults(page, "invited")
    faults += narrow_faults(administrator.open("/members/"), "members with an invitation")

    context = browser.new_context(base_url=node.home.pages_address, locale=LANGUAGES[side])
    page = administrator.watch(context.new_page())
    page.goto("/invitation/")
    faults += narrow_faults(page, "invitation")
    page.fill("input[name=number]", number)
    page.fill("input[name=code]", invitation)
    for name in ("passphrase", "again"):
        page.fill(f"input[name={name}]", WORDS)
    page.click("main form button.first")
    page.wait_for_url("**/set-up/")
    faults += narrow_faults(page, "set-up")
    page.fill("input[name=code]", code_of(page.locator("#secret").inner_text().replace(" ", "")))
    page.click("main form button.first")
    page.wait_for_url("**/set-up/codes/")
    faults += narrow_faults(page, "codes")
    page.fill("input[name=code]", page.locator("#codes li").first.inner_text())
    page.click("main form button.first")
    page.wait_for_url("**/account/")
    faults += narrow_faults(page, "an account that is not certified yet")
    page.locator("form[action='/sign-out/'] button").first.click()
    page.wait_for_load_state()
    faults += narrow_faults(page, "signed out")
    context.close()
    assert not faults, "\n".join(faults)
