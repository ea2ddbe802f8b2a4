"""One's own account, and what the frame shows to whom."""

from __future__ import annotations

import pytest

from support.browsing import Browser
from support.node import Clock
from tansiq.accounts.services import create_account

pytestmark = pytest.mark.storage

OFFICER, ADMINISTRATOR = "ES-4017", "ES-0007"
WORDS = "diez tornillos en la caja de latón"
SEARCH = 'role="search"'


def test_the_account_names_the_desks_in_which_one_works(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    page = browser.get("/account/").content.decode()
    assert "<bdi>Unidad antiterrorista</bdi>" in page
    assert "es.cgi/counter-terrorism" not in page


def test_who_finds_nothing_has_no_search_box(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    assert SEARCH in browser.get("/account/").content.decode()
    create_account(ADMINISTRATOR, WORDS, roles=["administrator"], now_ms=clock())
    administrator = Browser()
    administrator.sign_in(ADMINISTRATOR, WORDS, clock=clock)
    page = administrator.get("/members/")
    assert page.status_code == 200
    assert SEARCH not in page.content.decode()
