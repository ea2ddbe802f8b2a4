"""Two heads of service on their telephones: written in one step, read, receipted, answered, handed down; in Spanish and in Arabic."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.desks import Desk, soon
from support.phones import Phone

FRENCH, ANSWER = "La cible traverse cette nuit, par le port.", "Nous l'attendons au quai."
HANDED = "Vigilad el muelle esta noche."


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


def _law(page: Page) -> None:
    """The basis in law, as a head fills it in; both heads read French."""
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
    for one in page.locator("select[name$='.language']").all():
        one.select_option("fr")


def _send(phone: Phone, words: str, *, name: str, new: bool) -> str:
    """Writes a message and signs it, in one step; the page of the exchange."""
    page = phone.page
    phone.picture(f"{name}-form")
    page.fill("textarea[name=words]", words)
    if new:
        page.select_option("select[name=field]", "offence.terrorism")
    page.check("input[name=personal][value=yes]")
    _law(page)
    page.check("input[name='conditions.codes'][value='H1']")
    page.select_option("select[name='conditions.classification']", "class.restricted")
    expect(page.locator("#section-sight")).to_contain_text("MA-1001")
    phone.picture(f"{name}-written")
    page.locator(".form-end button.first").click()
    page.wait_for_url(re.compile(r"/direct/[0-9a-f-]{36}/$"))
    return page.url.removeprefix(phone.desk.node.home.pages_address)


@pytest.fixture(scope="module")
def exchange(phones: Callable[[str], Phone]) -> str:
    """A message from Madrid's head that Rabat's head has read and answered."""
    es, ma = phones("ES-1001"), phones("MA-1001")
    page = es.open("/direct/")
    es.picture("80-direct-empty")
    page.locator("main .actions a.button.first").click()
    page.wait_for_url("**/direct/to/ma.dgst/")
    place = _send(es, FRENCH, name="81-direct", new=True)
    es.picture("82-direct-sent")
    soon(lambda: "unread" in ma.desk.fetch("/direct/").text, what="the message at Rabat")
    page = ma.open("/direct/")
    ma.picture("83-direct-unread")
    page.locator("main .row-link").first.click()
    page.wait_for_url(f"**{place}")
    expect(page.locator("main")).to_contain_text(FRENCH)
    ma.picture("84-direct-read")
    soon(lambda: "chip proof" in es.desk.fetch(place).text, what="the word that it was read")
    page.locator("main .actions a.button.first").click()
    page.wait_for_url("**/answer/")
    _send(ma, ANSWER, name="85-direct-answer", new=False)
    ma.picture("86-direct-answered")
    soon(lambda: "unread" in es.desk.fetch("/direct/").text, what="the answer at Madrid")
    return place


def test_the_sender_reads_the_answer_and_sees_who_read_the_message(
    exchange: str, phones: Callable[[str], Phone], desks: Callable[[str], Desk]
) -> None:
    es = phones("ES-1001")
    page = es.open(exchange)
    expect(page.locator("main article").first).to_contain_text(ANSWER)
    expect(page.locator("main article").last).to_contain_text("MA-1001")
    es.picture("87-direct-exchange")
    for number in ("ES-1001", "MA-1001"):
        desk = desks(number)
        desk.open("/direct/")
        desk.picture("80-direct")
        desk.open(exchange)
        desk.picture("81-direct-exchange")
        desk.open(f"{exchange}answer/")
        desk.picture("82-direct-answer")


def test_the_head_hands_something_down_and_the_desk_has_that_alone(
    exchange: str, phones: Callable[[str], Phone], desks: Callable[[str], Desk]
) -> None:
    es, desk = phones("ES-1001"), desks("ES-4017")
    page = es.open(exchange)
    page.locator("main article a.button").first.click()
    page.wait_for_url("**/hand-down/**")
    page.select_option("select[name=desk]", "es.cgi/counter-terrorism")
    page.fill("textarea[name=title]", "Muelle inventado")
    page.fill("textarea[name='item.words']", HANDED)
    for name, value in (("source", "B"), ("information", "2"), ("basis", "basis.fact")):
        page.check(f"input[name='item.{name}'][value='{value}']")
    page.check("input[name='obtained'][value='obtained.no-sign']")
    es.picture("88-direct-down")
    page.locator(".form-end button.first").click()
    page.wait_for_url("**/preview/")
    expect(page.locator("main")).to_contain_text(HANDED)
    es.picture("88-direct-down-preview")
    page.locator(".form-end button.first").click()
    page.wait_for_url("**done=handed")
    es.picture("89-direct-handed")
    listed = desk.fetch("/cases/").text
    assert "Muelle inventado" in listed
    assert ANSWER not in listed
    for path in ("/direct/", exchange, f"{exchange}answer/", "/direct/deputies/"):
        assert desk.fetch(path).status == 404
        assert desks("ES-0007").fetch(path).status == 404
    assert 'href="/direct/"' not in desk.fetch("/cases/").text


def test_who_stands_in_is_shown_and_nobody_is_named_who_could_not_read(
    exchange: str, phones: Callable[[str], Phone], desks: Callable[[str], Desk]
) -> None:
    for number in ("ES-1001", "MA-1001"):
        phones(number).open("/direct/deputies/")
        phones(number).picture("90-deputies")
        page = phones(number).open("/direct/deputies/new/")
        expect(page.locator("main .empty")).to_be_visible()
        phones(number).picture("91-deputy-nobody")
        desks(number).open("/direct/deputies/")
        desks(number).picture("90-deputies")
