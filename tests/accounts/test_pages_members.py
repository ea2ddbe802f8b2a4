"""Least rights on the pages: the administrator sees accounts and no content, everybody else sees no accounts."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import get_resolver

from support.browsing import Browser
from support.node import Clock, Node
from tansiq.accounts.clearances import given_clearance, set_clearance
from tansiq.accounts.opened import Opened
from tansiq.accounts.posts import set_substitute, substitutions
from tansiq.accounts.roles import effective_roles, roles_for_posts
from tansiq.accounts.services import account_of, create_account, prove, set_roles
from tansiq.directory.queries import own_directory
from tansiq.errors import NotFound, Refused
from tansiq.web.access import ANYONE, SIGNED_IN, Role, access_of

pytestmark = pytest.mark.storage

OFFICER, CHIEF, ADMINISTRATOR = "ES-4017", "ES-1001", "ES-0007"
WORDS = "diez tornillos en la caja de latón"


@pytest.fixture
def administrator(browser: Browser, clock: Clock) -> Browser:
    create_account(ADMINISTRATOR, WORDS, roles=["administrator"], now_ms=clock())
    browser.sign_in(ADMINISTRATOR, WORDS, clock=clock)
    return browser


def routes() -> Iterator[tuple[str, frozenset[Role], bool]]:
    """Every page without arguments: path, roles, whether any signed-in visitor may open it."""
    for pattern in get_resolver().url_patterns:
        for one in getattr(pattern, "url_patterns", [pattern]):
            rule = access_of(one.callback)
            assert rule is not None, one
            if "<" not in str(one.pattern) and "GET" in rule.methods:
                yield f"/{one.pattern}", rule.roles, rule.open in {ANYONE, SIGNED_IN}


def test_the_administrator_gets_no_page_that_asks_for_another_role(administrator: Browser) -> None:
    looked = 0
    for path, roles, anybody in routes():
        if anybody or Role.ADMINISTRATOR in roles:
            continue
        assert administrator.get(path).status_code == 404, path
        looked += 1
    assert looked or not any(Role.ADMINISTRATOR not in roles and not anybody for _, roles, anybody in routes())


def test_nobody_but_the_administrator_sees_accounts(browser: Browser, clock: Clock) -> None:
    for number in (OFFICER, CHIEF):
        person = Browser()
        person.sign_in(number, clock=clock)
        for path in ("/members/", "/members/invite/", f"/members/{OFFICER}/"):
            assert person.get(path).status_code == 404, path
        assert person.post(f"/members/{OFFICER}/", {"act": "end"}).status_code == 404
    assert account_of(OFFICER).is_active


def test_rights_taken_away_are_gone_with_the_next_page(administrator: Browser, es: Opened, clock: Clock) -> None:
    person = Browser()
    person.sign_in(OFFICER, clock=clock)
    assert person.get("/roster/").status_code == 200
    answer = administrator.post(f"/members/{OFFICER}/", {"act": "roles", "roles": ["administrator"]})
    assert answer["Location"] == f"/members/{OFFICER}/"
    assert person.get("/members/").status_code == 200
    assert (
        administrator.post(f"/members/{OFFICER}/", {"act": "roles", "roles": ["administrator", "head"]}).status_code
        == 422
    )
    assert administrator.post(f"/members/{OFFICER}/", {"act": "roles", "roles": []}).status_code == 422
    assert administrator.post(f"/members/{OFFICER}/", {"act": "roles", "roles": ["auditor"]}).status_code == 422
    assert account_of(OFFICER).roles == "administrator"


def test_a_clearance_is_given_and_taken_away_by_another(administrator: Browser, es: Opened) -> None:
    page = f"/members/{OFFICER}/"
    assert given_clearance(OFFICER) == ""
    assert administrator.post(page, {"act": "clearance", "clearance": "class.secret"})["Location"] == page
    assert given_clearance(OFFICER) == "class.secret"
    shown = administrator.get(page).content.decode()
    assert '<option value="class.secret" selected>' in shown
    assert "Clearance set" in shown
    assert administrator.post(page, {"act": "clearance", "clearance": "class.cosmic"}).status_code == 422
    assert given_clearance(OFFICER) == "class.secret"
    administrator.post(page, {"act": "clearance", "clearance": ""})
    assert given_clearance(OFFICER) == ""
    own = f"/members/{ADMINISTRATOR}/"
    assert 'name="clearance"' not in administrator.get(own).content.decode()
    answer = administrator.post(own, {"act": "clearance", "clearance": "class.secret"})
    assert (answer.status_code, given_clearance(ADMINISTRATOR)) == (422, "")
    with pytest.raises(NotFound):
        set_clearance("ES-0000", "class.secret", by=ADMINISTRATOR, node=es)


def test_accounts_are_listed_without_content_and_helped(administrator: Browser, es: Opened, clock: Clock) -> None:
    page = administrator.get("/members/").content.decode()
    for number in (OFFICER, "ES-3300", CHIEF, ADMINISTRATOR):
        assert number in page
    assert "certified" in page
    for _ in range(5):
        with pytest.raises(Refused):
            prove(OFFICER, "a wrong passphrase", address="192.0.2.9", node=es)
    assert "An account&#x27;s passphrase" in administrator.get("/members/").content.decode()
    assert administrator.post(f"/members/{OFFICER}/", {"act": "lift"}).status_code == 302
    assert "An account&#x27;s passphrase" not in administrator.get("/members/").content.decode()


def test_a_lock_is_lifted_from_the_list(administrator: Browser, es: Opened) -> None:
    for _ in range(5):
        with pytest.raises(Refused):
            prove("ES-9999", "a wrong passphrase", address="192.0.2.9", node=es)
    page = administrator.get("/members/").content.decode()
    path = next(part for part in page.split('"') if part.startswith("/members/locks/"))
    assert administrator.post(path)["Location"] == "/members/"
    assert administrator.post(path).status_code == 404
    assert administrator.post("/members/locks/nothex/lift/").status_code == 404


def test_who_lost_the_factor_sets_up_a_new_one(administrator: Browser, clock: Clock) -> None:
    person = Browser()
    person.sign_in(OFFICER, clock=clock)
    administrator.post(f"/members/{OFFICER}/", {"act": "reset-factor"})
    assert person.get("/account/").status_code == 302
    assert person.sign_in(OFFICER, clock=clock)["Location"] == "/"


def test_an_account_ends_and_resumes_but_not_the_own(administrator: Browser, clock: Clock) -> None:
    person = Browser()
    person.sign_in(OFFICER, clock=clock)
    administrator.post(f"/members/{OFFICER}/", {"act": "end"})
    assert person.get("/account/").status_code == 302
    assert person.passphrase(OFFICER).status_code == 422
    administrator.post(f"/members/{OFFICER}/", {"act": "resume"})
    assert person.passphrase(OFFICER).status_code == 302
    assert administrator.post(f"/members/{ADMINISTRATOR}/", {"act": "end"}).status_code == 422
    assert administrator.post(f"/members/{ADMINISTRATOR}/", {"act": "dance"}).status_code == 404
    assert administrator.get("/members/ES-0000/").status_code == 404


def test_content_roles_count_only_while_the_directory_lists_the_number(madrid: Node) -> None:
    directory = own_directory()
    assert effective_roles(OFFICER, "officer head", directory) == {Role.OFFICER, Role.HEAD}
    assert effective_roles("ES-0000", "officer head bureau liaison supervisor", directory) == frozenset()
    assert effective_roles("ES-0000", "auditor data-protection", directory) == {Role.AUDITOR, Role.DATA_PROTECTION}
    assert effective_roles("ES-0000", "administrator unknown", directory) == {Role.ADMINISTRATOR}
    assert roles_for_posts(["desk", "head", "office"]) == (Role.HEAD, Role.OFFICER)


def test_the_own_account_on_its_pages(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    form = {"language": "ar", "zone": "Africa/Casablanca", "calendar": "hijri", "contact": "mesa@servicio.example"}
    assert browser.post("/account/", form).status_code == 200
    page = browser.get("/account/").content.decode()
    assert 'dir="rtl"' in page
    assert "mesa@servicio.example" in page
    assert browser.post("/account/", form | {"zone": "Mars/Olympus"}).status_code == 422
    assert browser.post("/account/", form | {"contact": "nobody"}).status_code == 422


def test_a_new_passphrase_ends_other_sessions_and_keeps_the_key_open(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    other = Browser()
    other.secret = browser.secret
    other.sign_in(OFFICER, clock=clock)
    form = {"old": "an invented passphrase", "new": WORDS, "again": WORDS}
    assert browser.post("/account/passphrase/", form | {"old": "not that"}).status_code == 422
    assert browser.post("/account/passphrase/", form | {"again": "not that"}).status_code == 422
    assert browser.post("/account/passphrase/", form)["Location"] == "/account/"
    assert other.get("/account/").status_code == 302
    assert "signing key is closed" not in browser.get("/account/").content.decode()
    assert browser.passphrase(OFFICER, "an invented passphrase").status_code in {302, 422}
    fresh = Browser()
    assert fresh.passphrase(OFFICER, "an invented passphrase").status_code == 422
    assert fresh.passphrase(OFFICER, WORDS).status_code == 302


def test_a_new_authenticator_and_new_codes_ask_for_both_factors_first(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    words = "an invented passphrase"
    assert browser.get("/set-up/").status_code == 302
    for path in ("/account/factor/", "/account/codes/"):
        assert browser.post(path, {"old": "not that", "code": browser.code(clock=clock)}).status_code == 422
        assert browser.post(path, {"old": words, "code": "000000"}).status_code == 422
    assert (
        browser.post("/account/codes/", {"old": words, "code": browser.code(clock=clock)})["Location"]
        == "/set-up/codes/"
    )
    assert browser.codes[1] not in browser.get("/set-up/codes/").content.decode().replace(" ", "")
    assert browser.post("/account/factor/", {"old": words, "code": browser.code(clock=clock)})["Location"] == "/set-up/"
    before = browser.secret
    browser.set_up(clock=clock)
    assert browser.secret != before


def test_supervisors_and_heads_write_the_roster_and_officers_read_it(browser: Browser, clock: Clock) -> None:
    browser.sign_in(OFFICER, clock=clock)
    page = browser.get("/roster/").content.decode()
    assert "Who is told, in order" in page
    assert 'name="number"' not in page
    turn = {"post": "es.cgi/counter-terrorism", "number": OFFICER, "from": "2030-01-01", "from-hour": "08:00", "until": "2030-01-01", "until-hour": "16:00"}  # fmt: skip
    browser.post("/roster/", turn)
    chief = Browser()
    chief.sign_in(CHIEF, clock=clock)
    assert 'name="number"' in chief.get("/roster/").content.decode()
    assert chief.post("/roster/", turn)["Location"] == "/roster/"
    assert chief.post("/roster/", turn | {"until-hour": "half past"}).status_code == 422


def test_only_supervisors_and_heads_of_a_post_name_who_reads_it_in_ones_place(
    administrator: Browser, browser: Browser, es: Opened, clock: Clock
) -> None:
    desk, other = "es.cgi/counter-terrorism", "ES-3300"
    times = {"from": "2030-01-01", "from-hour": "08:00", "until": "2030-01-01", "until-hour": "16:00"}
    wanted = times | {"post": desk, "absent": OFFICER, "number": other}
    chief, stranger, supervisor = Browser(), Browser(), Browser()
    chief.sign_in(CHIEF, clock=clock)
    stranger.sign_in(other, clock=clock)
    browser.sign_in(OFFICER, clock=clock)
    for who in (administrator, chief, browser, stranger):
        answer = who.post("/substitutes/", wanted)
        assert answer.status_code in {200, 422}
        assert substitutions([desk], at_ms=clock()) == []
    assert 'name="absent"' not in administrator.get("/substitutes/").content.decode()
    set_roles(OFFICER, ["supervisor"], by=ADMINISTRATOR, node=es)
    supervisor.secret = browser.secret
    supervisor.sign_in(OFFICER, clock=clock)
    assert supervisor.post("/substitutes/", wanted)["Location"] == "/substitutes/"
    page = supervisor.get("/substitutes/").content.decode()
    assert other in page
    assert "read and prepare" in page
    (path,) = re.findall(r"/substitutes/\d+/end/", page)
    for who in (administrator, chief, stranger):
        assert who.post(path).status_code == 404
    assert len(substitutions([desk], at_ms=clock())) == 1
    assert supervisor.post(path)["Location"] == "/substitutes/"
    assert substitutions([desk], at_ms=clock()) == []


def test_who_stands_in_names_nobody_there(browser: Browser, es: Opened, clock: Clock) -> None:
    desk = "es.cgi/counter-terrorism"
    set_substitute(
        desk, absent=OFFICER, number=CHIEF, from_ms=clock() - 1, until_ms=clock() + 86_400_000, by=OFFICER, directory=own_directory(), node=es
    )  # fmt: skip
    browser.sign_in(CHIEF, clock=clock)
    page = browser.get("/substitutes/").content.decode()
    assert CHIEF in page
    assert f'value="{desk}"' not in page
    assert "/end/" not in page
