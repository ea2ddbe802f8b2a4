"""The clock ends what has ended and forgets what is old."""

from __future__ import annotations

import pytest

from support.browsing import Browser
from support.node import Clock
from tansiq.accounts.attempts import Kind, begin
from tansiq.accounts.drafts import save_draft
from tansiq.accounts.events import events_of
from tansiq.accounts.opened import Opened
from tansiq.accounts.upkeep import sweep_accounts

pytestmark = pytest.mark.storage


def test_nothing_goes_before_its_time_and_everything_after(browser: Browser, es: Opened, clock: Clock) -> None:
    browser.sign_in("ES-4017", clock=clock)
    save_draft("ES-4017", "enquiry", "", {"words": "…"}, version=0)
    begin({Kind.ACCOUNT: "ES-0000"}, node=es)
    assert sweep_accounts(es) == 0
    assert browser.get("/account/").status_code == 200
    clock.advance(minutes=30)
    assert sweep_accounts(es) == 1  # the session that rested
    clock.advance(days=2)
    assert sweep_accounts(es) == 1  # the failure
    clock.advance(days=90)
    assert sweep_accounts(es) == 1  # the draft
    assert events_of()
    clock.advance(days=3 * 365)
    sweep_accounts(es)
    assert not events_of()
