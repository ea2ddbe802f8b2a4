"""The sign-in pages: both factors, nothing told to who guesses, sessions that end, the officer's key open in between."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings

from support.browsing import Browser
from support.node import PASSPHRASE, Clock, Node
from tansiq.accounts.events import events_of
from tansiq.accounts.models import Account
from tansiq.accounts.opened import opened
from tansiq.accounts.services import account_of, create_account, end_account
from tansiq.accounts.sessions import SessionStore, row_identifier

pytestmark = pytest.mark.storage

OFFICER = "ES-4017"
NEW = "tres veletas sobre el tejado rojo"


def rows() -> list[tuple[Any, ...]]:
    with connections["keys"].cursor() as cursor:
        cursor.execute("SELECT identifier, family, agent, sealed FROM keystore_session")
        return list(cursor.fetchall())


def test_the_first_sign_in_sets_up_the_second_factor_and_the_drill(browser: Browser, clock: Clock) -> None:
    answer = browser.sign_in(OFFICER, clock=clock)
    assert (answer.status_code, answer["Location"]) == (302, "/")
    page = browser.get("/account/")
    assert page.status_code == 200
    assert OFFICER in page.content.decode()
    assert [one.what for _, one in events_of(OFFICER)][:4] == [
        "session.begun",
        "recovery.drilled",
        "recovery.made",
        "factor.set",
    ]


def test_later_sign_ins_ask_for_a_code_and_go_where_one_wanted(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    browser.post("/sign-out/")
    answer = browser.get("/account/sessions/")
    assert answer["Location"] == "/sign-in/?next=/account/sessions/"
    answer = browser.passphrase(OFFICER, next="/account/sessions/")
    assert answer["Location"] == "/sign-in/code/"
    assert browser.get("/account/").status_code == 302
    assert browser.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    answer = browser.post("/sign-in/code/", {"code": browser.code(clock=clock)})
    assert answer["Location"] == "/account/sessions/"


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example/", "//elsewhere.example", "javascript:alert(1)", "\\\\elsewhere"]
)
def test_one_is_never_led_to_another_host(browser: Browser, clock: Clock, wanted: str) -> None:
    browser.sign_in(OFFICER, clock=clock)
    browser.post("/sign-out/")
    browser.passphrase(OFFICER, next=wanted)
    assert browser.post("/sign-in/code/", {"code": browser.code(clock=clock)})["Location"] == "/"


def test_without_a_second_factor_nothing_opens_but_setting_it_up(browser: Browser, clock: Clock) -> None:
    assert browser.passphrase(OFFICER)["Location"] == "/set-up/"
    for path in ("/account/", "/account/sessions/", "/roster/", "/members/", "/search/"):
        assert browser.get(path)["Location"].startswith("/sign-in/"), path
    assert browser.get("/set-up/codes/").status_code == 302
    assert browser.post("/set-up/", {"code": "000000"}).status_code == 422
    assert browser.get("/set-up/picture.svg")["Content-Type"] == "image/svg+xml"
    assert browser.get("/account/").status_code == 302


def test_who_leaves_before_the_drill_does_it_at_the_next_sign_in(browser: Browser, clock: Clock) -> None:
    browser.passphrase(OFFICER)
    browser.set_up(clock=clock)
    secret, codes = browser.secret, browser.codes
    Account.objects.filter(number=OFFICER).update(drilled_ms=0)
    other = Browser()
    other.secret = secret
    answer = other.sign_in(OFFICER, clock=clock)
    assert answer["Location"] == "/set-up/codes/"
    assert other.get("/account/").status_code == 302
    assert other.post("/set-up/codes/", {"code": "00000000"}).status_code == 422
    assert other.post("/set-up/codes/", {"code": f"{codes[3][:4]} {codes[3][4:]}"})["Location"] == "/"


def test_the_answer_to_a_wrong_passphrase_and_to_an_unknown_number_is_the_same_to_the_byte(
    browser: Browser, clock: Clock
) -> None:
    create_account("ES-1234", PASSPHRASE, roles=["officer"], now_ms=clock())
    end_account("ES-1234", by=OFFICER, node=opened())
    answers = set()
    for number in (OFFICER, "ES-0000", "ES-1234"):
        answer = browser.passphrase(number, "a wrong passphrase")
        page = answer.content.decode().replace(number, "NUMBER")
        token = browser.client.cookies[settings.CSRF_COOKIE_NAME].value
        answers.add((answer.status_code, strip(page, token), tuple(sorted(answer.headers.items()))))
    assert len(answers) == 1


def strip(page: str, token: str) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', r"\1TOKEN", page.replace(token, "TOKEN"))


def test_the_fifth_failure_locks_and_says_calmly_for_how_long(browser: Browser, clock: Clock) -> None:
    for _ in range(5):
        assert browser.passphrase(OFFICER, "a wrong passphrase").status_code == 422
    answer = browser.passphrase(OFFICER)
    assert answer.status_code == 429
    assert "1 min" in answer.content.decode()
    clock.advance(seconds=61)
    assert browser.passphrase(OFFICER).status_code == 302


@pytest.mark.parametrize("peer", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_behind_a_proxy_on_this_machine_nobody_locks_everybody_out(browser: Browser, peer: str) -> None:
    with override_settings(BEHIND_PROXY=True):
        for at in range(26):
            answer = browser.post("/sign-in/", {"number": f"ES-{at}", "passphrase": "wrong words"}, REMOTE_ADDR=peer)
            assert answer.status_code == 422
        right = {"number": OFFICER, "passphrase": PASSPHRASE}
        assert browser.post("/sign-in/", right, REMOTE_ADDR=peer).status_code == 302
        for _ in range(5):
            browser.post("/sign-in/", right | {"passphrase": "wrong words"}, REMOTE_ADDR=peer)
        assert browser.post("/sign-in/", right, REMOTE_ADDR=peer).status_code == 429, "the account's own lock holds"


@pytest.mark.parametrize(("behind", "peer"), [(False, "127.0.0.1"), (True, "192.0.2.7"), (True, "")])
def test_an_address_that_is_somebody_s_own_is_locked(browser: Browser, *, behind: bool, peer: str) -> None:
    with override_settings(BEHIND_PROXY=behind):
        for at in range(25):
            browser.post("/sign-in/", {"number": f"ES-{at}", "passphrase": "wrong words"}, REMOTE_ADDR=peer)
        right = {"number": OFFICER, "passphrase": PASSPHRASE}
        assert browser.post("/sign-in/", right, REMOTE_ADDR=peer).status_code == (429 if peer else 302)


def test_codes_are_guessed_no_better(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    browser.post("/sign-out/")
    browser.passphrase(OFFICER)
    for _ in range(5):
        assert browser.post("/sign-in/code/", {"code": "000000"}).status_code == 422
    assert browser.post("/sign-in/code/", {"code": browser.code(clock=clock)}).status_code == 429


def test_a_sign_in_that_waits_for_its_code_ends_with_the_passphrase_and_with_the_account(
    browser: Browser, clock: Clock
) -> None:
    browser.sign_in(OFFICER, clock=clock)
    waits, other = Browser(), Browser()
    for one in (waits, other):
        assert one.passphrase(OFFICER)["Location"] == "/sign-in/code/"
        assert one.get("/sign-in/code/").status_code == 200
    new = {"old": PASSPHRASE, "new": NEW, "again": NEW}
    assert browser.post("/account/passphrase/", new).status_code == 302
    for answer in (waits.get("/sign-in/code/"), waits.post("/sign-in/code/", {"code": browser.code(clock=clock)})):
        assert answer["Location"] == "/sign-in/"
    assert waits.get("/account/").status_code == 302
    assert waits.passphrase(OFFICER, NEW)["Location"] == "/sign-in/code/"
    end_account(OFFICER, by="ES-0001", node=opened())
    assert waits.post("/sign-in/code/", {"code": browser.code(clock=clock)})["Location"] == "/sign-in/"


def test_a_code_is_taken_once_and_a_recovery_code_once(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    browser.post("/sign-out/")
    browser.passphrase(OFFICER)
    code = browser.code(clock=clock)
    assert browser.post("/sign-in/code/", {"code": code}).status_code == 302
    for again, status in ((code, 422), (browser.codes[5], 302), (browser.codes[5], 422), (browser.codes[6], 302)):
        browser.post("/sign-out/")
        browser.passphrase(OFFICER)
        assert browser.post("/sign-in/code/", {"code": again}).status_code == status, again
    assert "recovery.used" in [one.what for _, one in events_of(OFFICER)]


def test_signing_out_ends_the_row_and_the_cookie_opens_nothing_more(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    kept = browser.client.cookies[settings.SESSION_COOKIE_NAME].value
    assert len(rows()) == 1
    browser.post("/sign-out/")
    assert rows() == []
    browser.client.cookies[settings.SESSION_COOKIE_NAME] = kept
    assert browser.get("/account/").status_code == 302


def test_the_cookie_is_renewed_by_signing_in_and_bound_to_this_node(
    browser: Browser, clock: Clock, madrid: Node
) -> None:
    browser.passphrase(OFFICER)
    before = browser.client.cookies[settings.SESSION_COOKIE_NAME].value
    browser.set_up(clock=clock)
    browser.post("/sign-out/")
    browser.passphrase(OFFICER)
    pending = browser.client.cookies[settings.SESSION_COOKIE_NAME].value
    browser.post("/sign-in/code/", {"code": browser.code(clock=clock)})
    cookie = browser.client.cookies["tansiq-es-cgi"]
    assert len({before, pending, cookie.value}) == 3
    assert cookie["httponly"] and cookie["samesite"] == "Strict"
    assert not cookie["max-age"]


def test_a_session_ends_when_it_rests_and_when_its_time_is_over(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    for _ in range(25):
        clock.advance(minutes=20)
        assert browser.get("/account/").status_code == 200
    clock.advance(minutes=31)
    assert browser.get("/account/").status_code == 302
    browser.sign_in(OFFICER, clock=clock)
    for _ in range(29):
        clock.advance(minutes=20)
        assert browser.get("/account/").status_code == 200
    clock.advance(minutes=21)
    assert browser.get("/account/").status_code == 302


def test_sessions_hold_over_a_restart(browser: Browser, clock: Clock, madrid: Node) -> None:
    browser.sign_in(OFFICER, clock=clock)
    madrid.reopen()
    assert browser.get("/account/").status_code == 200


def test_an_ended_account_is_out_at_once(browser: Browser, clock: Clock, madrid: Node) -> None:
    browser.sign_in(OFFICER, clock=clock)
    end_account(OFFICER, by="ES-0001", node=opened())
    assert browser.get("/account/").status_code == 302
    assert rows() == []


def test_other_sessions_end_and_this_one_stays(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    other = Browser(agent="Chrome/140 Safari/537")
    other.secret = browser.secret
    other.sign_in(OFFICER, clock=clock)
    page = other.get("/account/sessions/").content.decode()
    assert "Firefox" in page
    assert "Chrome" in page
    assert browser.get("/account/").status_code == 200
    assert other.post("/account/sessions/end/")["Location"] == "/account/sessions/"
    assert browser.get("/account/").status_code == 302
    assert other.get("/account/").status_code == 200


def test_a_row_without_its_cookie_opens_nothing(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    token = browser.client.cookies[settings.SESSION_COOKIE_NAME].value
    ((identifier, family, agent, sealed),) = rows()
    everything = b"".join(
        part if isinstance(part, bytes) else bytes(str(part), "utf-8")
        for part in (bytes(identifier), bytes(family), agent, bytes(sealed))
    )
    for needle in (token.encode(), OFFICER.encode(), b"_auth_user_id", b"keys"):
        assert needle not in everything
    account = account_of(OFFICER)
    assert bytes(account.family) not in everything
    for guessed in (bytes(identifier).hex(), "x" * 43, ""):
        assert SessionStore(guessed or None).load() == {}


def test_a_row_moved_to_another_cookie_does_not_open(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    thief = Browser()
    thief.passphrase(OFFICER)
    stolen = next(row for row in rows() if bytes(row[2] and row[0]) and row[2] == "firefox")
    mine = row_identifier(thief.client.cookies[settings.SESSION_COOKIE_NAME].value)
    with connections["keys"].cursor() as cursor:
        cursor.execute("UPDATE keystore_session SET sealed = %s WHERE identifier = %s", (bytes(stolen[3]), mine))
    assert thief.get("/account/").status_code == 302
    assert thief.get("/set-up/").status_code == 302


def test_who_is_signed_in_is_not_asked_again(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    assert browser.get("/sign-in/?next=/account/")["Location"] == "/account/"


def test_a_form_from_elsewhere_is_not_accepted(browser: Browser, clock: Clock) -> None:
    assert browser.client.post("/sign-in/", {"number": OFFICER, "passphrase": PASSPHRASE}).status_code == 403
