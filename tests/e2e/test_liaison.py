"""A liaison officer's case from the proposal to the answer on a telephone, in Spanish and in Arabic, through the pages alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.desks import Desk, soon
from support.phones import Phone

SPANISH, ARABIC = "Vuelve el martes a Tánger.", "شوهد أمس في الناظور."
TITLE = "Célula inventada de la costa"


@pytest.fixture(scope="module")
def phones(browser: Browser, desks: Callable[[str], Desk]) -> Iterator[Callable[[str], Phone]]:
    known: dict[str, Phone] = {}

    def phone(number: str) -> Phone:
        if number not in known:
            known[number] = Phone(browser, desks(number))
        return known[number]

    yield phone
    for one in known.values():
        one.context.close()


@pytest.fixture(scope="module")
def accreditation(desks: Callable[[str], Desk], phones: Callable[[str], Phone]) -> str:
    """The officer ES-6100 accredited with Rabat for a case that Madrid has opened; its page."""
    case = _a_case(desks("ES-4017"))
    page = phones("ES-1001").open("/liaison/accreditations/new/")
    phones("ES-1001").picture("60-propose")
    page.select_option("select[name=who]", re_value(page, "who", "ES-6100"))
    page.select_option("select[name=to]", re_value(page, "to", "ma.dgst/head"))
    page.fill("input[name=from_ms]", "2025-01-01")
    page.fill("input[name=until_ms]", "2029-12-31")
    page.check("input[name=tasks][value='task.case']")
    page.check("input[name=tasks][value='task.contact']")
    page.check("input[name=fields][value='offence.terrorism']")
    for language in ("es", "ar", "fr"):
        page.check(f"input[name=languages][value='{language}']")
    page.check("input[name=reach][value='reach.hours-and-urgent']")
    page.fill("input[name='contacts.0']", "+212 000 000 000")
    page.click("button[name=add][value=grants]")
    page.wait_for_selector("input[name='grants.0.case']")
    page.fill("input[name='grants.0.case']", case)
    page.select_option("select[name='grants.0.field']", "offence.terrorism")
    page.select_option("select[name='grants.0.desk']", "es.cgi/counter-terrorism")
    page.select_option("select[name='grants.0.counterpart']", "ma.dgst/counter-terrorism")
    page.fill("textarea[name='grants.0.title']", TITLE)
    phones("ES-1001").picture("61-propose-case")
    page.locator(".form-end button.first").click()
    page.wait_for_url("**/preview/")
    phones("ES-1001").picture("62-propose-preview")
    page.locator(".form-end button.first").click()
    page.wait_for_url(re.compile(r"/liaison/accreditations/[0-9a-f-]{36}/$"))
    place = page.url.removeprefix(desks("ES-1001").node.home.pages_address)
    _accept(phones("MA-1001"), place)
    soon(lambda: "chip proof" in desks("ES-1001").fetch(place).text, what="the host's acceptance at Madrid")
    phones("ES-1001").open(place)
    phones("ES-1001").picture("64-accreditation")
    return place


def re_value(page: Page, name: str, begins: str) -> str:
    """The option of a select whose value begins so."""
    found = page.locator(f"select[name={name}] option[value^='{begins}']").first.get_attribute("value")
    assert found is not None
    return found


def _a_case(desk: Desk) -> str:
    """A case that Madrid's desk opens; its shared reference."""
    page = desk.open("/cases/new/")
    page.fill("[name=title]", TITLE)
    page.locator("main .form-end button.first").click()
    page.wait_for_url(re.compile(r"/cases/[0-9a-f-]{36}/$"))
    return page.url.rstrip("/").rpartition("/")[2]


def _accept(host: Phone, place: str) -> None:
    soon(lambda: host.desk.fetch(place).status == 200, what="the proposal at Rabat")
    page = host.open("/liaison/accreditations/")
    host.picture("63-to-answer")
    page.goto(place)
    host.picture("63-proposal")
    page.goto(f"{place}say/accept/")
    host.picture("63-accept")
    page.locator("main .question button.first").click()
    page.wait_for_url(f"**{place}")


def _channel(phone: Phone) -> Page:
    """The channel of the case, from the list of channels."""
    page = phone.open("/liaison/")
    page.locator("main .row-link").first.click()
    page.wait_for_url(re.compile(r"/liaison/[0-9a-f-]{36}/$"))
    return page


def _law(page: Page) -> None:
    """The basis in law, as an officer fills it in."""
    page.select_option("select[name='law.purpose']", "purpose.investigation")
    page.select_option("select[name='law.legal_basis']", "law.es-ma-2019")
    page.fill("textarea[name='law.necessity']", "26-0417")
    page.select_option("select[name='law.transfer.ground']", "transfer.safeguards-instrument")
    page.check("input[name='law.transfer.recipient_competent']")
    page.select_option("select[name='law.transfer.origin']", "origin.own")
    page.check("input[name='law.transfer.onward'][value='onward.ask']")
    for name in ("assurance.death_penalty", "assurance.ill_treatment"):
        page.check(f"input[name='law.{name}'][value='yes']")
    page.fill("textarea[name='law.assurance.reference']", "2019")
    for name in ("political", "military", "religious", "racial"):
        page.check(f"input[name='law.neutrality.{name}'][value='no']")


def _say(phone: Phone, words: str, *, name: str) -> None:
    """Writes a message with its basis, looks at it and signs it."""
    page = phone.page
    page.fill("textarea[name=words]", words)
    page.check("input[name=personal][value=yes]")
    _law(page)
    page.check("input[name='conditions.codes'][value='H1']")
    page.select_option("select[name='conditions.classification']", "class.restricted")
    phone.picture(f"{name}-written")
    page.locator(".form-end button.first").click()
    page.wait_for_url("**/preview/")
    phone.picture(f"{name}-preview")
    page.locator(".form-end button.first").click()
    page.wait_for_url(re.compile(r"/liaison/[0-9a-f-]{36}/$"))


def test_the_officer_writes_from_a_telephone_and_the_host_answers(
    accreditation: str, phones: Callable[[str], Phone]
) -> None:
    officer, host = phones("ES-6100"), phones("MA-2210")
    page = _channel(officer)
    officer.picture("65-channel-empty")
    page.locator("main .actions a.button").first.click()
    page.wait_for_url("**/to/counterpart/")
    officer.picture("66-write")
    _say(officer, SPANISH, name="66-write")
    expect(page.locator("main")).to_contain_text(SPANISH)
    soon(lambda: 'class="row plain unread"' in host.desk.fetch("/liaison/").text, what="the message at Rabat")
    host.open("/liaison/")
    host.picture("67-channels")
    page = _channel(host)
    expect(page.locator("main")).to_contain_text(SPANISH)
    page.locator("main .actions a.button").first.click()
    page.wait_for_url("**/to/officer/")
    _say(host, ARABIC, name="68-answer")
    soon(lambda: "unread" in officer.desk.fetch("/liaison/").text, what="the answer at Madrid")
    page = _channel(officer)
    expect(page.locator("main article").first).to_contain_text(ARABIC)
    officer.picture("69-channel")
    page.locator("main article a.button").first.click()
    page.locator("dialog .question button.first").click()
    page.wait_for_load_state()
    expect(page.locator("main article").first).to_contain_text("ES-6100")
    officer.picture("70-handed-on")
    host.open(page.url.removeprefix(officer.desk.node.home.pages_address))
    host.picture("69-channel")


def test_a_suspension_shows_on_both_telephones(accreditation: str, phones: Callable[[str], Phone]) -> None:
    head, officer, host = phones("ES-1001"), phones("ES-6100"), phones("MA-2210")
    page = head.open(f"{accreditation}say/suspend/")
    page.check("input[name=reason][value='accreditation.illness']")
    head.picture("71-suspend")
    page.locator("main .question button").first.click()
    page.wait_for_url(f"**{accreditation}")
    head.picture("72-suspended")
    _channel(officer)
    officer.picture("73-channel-suspended")
    soon(lambda: "notice late" in host.desk.fetch(_address(host)).text, what="the suspension at Rabat")
    _channel(host)
    host.picture("73-channel-suspended")
    page = head.open(f"{accreditation}say/resume/")
    page.locator("main .question button").first.click()
    page.wait_for_url(f"**{accreditation}")


def _address(phone: Phone) -> str:
    found = phone.open("/liaison/").locator("main .row-link").first.get_attribute("href")
    assert found is not None
    return found
