"""An enquiry by INTERPOL through real browsers and five real nodes, in Spanish and in Arabic: the four channels side by side, the choice, the
way with the time at every desk; and the reason that is asked of whoever takes another channel than the recommended one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from support.asking import draft
from support.desks import Desk, axe_faults, keep, settled, soon
from support.filling import FORM, sign_and_send, write, written
from tansiq.demo.scene import draft as scene_draft
from tansiq.demo.stage import Stage
from tansiq.policy.codes import code_list
from tansiq.texts import text

Opens = Callable[[str, str], Desk]


@pytest.fixture(scope="module")
def opens(browser: Browser, road: Stage) -> Iterator[Opens]:
    """Somebody's desk at an agency, signed in once."""
    known: dict[str, Desk] = {}

    def desk(agency: str, number: str) -> Desk:
        if number not in known:
            known[number] = Desk(browser, road.node(agency), number).sign_in()
        return known[number]

    yield desk
    for one in known.values():
        one.close()


def verdict(code: str, language: str) -> str:
    return code_list("channel_verdicts").label(code, language)


def choose(page: Page, channel: str) -> None:
    page.locator(f'{FORM} input[name=channel][value="{channel}"]').check()


def go_on(page: Page) -> None:
    page.locator(f"{FORM} .form-end button[name=preview]").click()


def ask_by_interpol(desk: Desk, name: str, to: str) -> str:
    """Writes the draft as what a warrant stands behind and nothing makes sensitive, chooses INTERPOL, signs; the matter's address."""
    page = desk.open("/enquiries/new/")
    write(page, written(draft(name)) | {"to": (to, "")})
    page.locator(f'{FORM} [name="sensitive"][value="no"]').check()
    page.locator(f'{FORM} [name="warrant"]').check()
    expect(page.locator("#four-interpol")).to_contain_text(verdict("recommended", desk.language))
    choose(page, "interpol")
    settled(page)
    keep(page.locator("#section-channel"), desk.shot("80-four-interpol"))
    go_on(page)
    expect(page).to_have_url(re.compile(r"/preview/$"))
    expect(page.locator("main")).to_contain_text(code_list("channels").label("interpol", desk.language))
    desk.picture("81-interpol-preview")
    sign_and_send(page)
    return page.url.split("?")[0]


def drawn(desk: Desk, path: str) -> str:
    found = re.search(r'<ol class="route".*?</ol>', desk.fetch(path).text, re.DOTALL)
    return found[0] if found else ""


@pytest.mark.parametrize(
    ("agency", "number", "name", "to", "other", "theirs"),
    [
        ("es.cgi", "ES-4017", "enquiry", "ma.dgst/counter-terrorism", "ma.dgst", "MA-2210"),
        ("ma.dgst", "MA-2210", "waiting/ma-ceuta", "es.cgi/counter-terrorism", "es.cgi", "ES-4017"),
    ],
)
def test_an_enquiry_passes_five_desks_and_each_says_how_long_it_had_it(
    opens: Opens, agency: str, number: str, name: str, to: str, other: str, theirs: str
) -> None:
    desk, addressee = opens(agency, number), opens(other, theirs)
    place = ask_by_interpol(desk, name, to)
    path = "/" + place.split("/", 3)[3]
    soon(lambda: drawn(desk, path).count('<li class="ahead"') == 0, what="every desk has signed", seconds=240)
    page = desk.open(path)
    assert page.locator("ol.route > li").count() == 5
    desk.picture("82-interpol-way")
    soon(lambda: addressee.fetch(path).status == 200, what="the enquiry at the other desk")
    addressee.open(path)
    assert addressee.page.locator("ol.route > li").count() == 5
    addressee.picture("83-interpol-came")


def test_another_channel_than_the_recommended_one_asks_for_a_reason_and_keeps_it(opens: Opens) -> None:
    head = opens("es.cgi", "ES-1001")
    page = head.open("/enquiries/new/")
    write(page, written(draft("enquiry")) | {"to": ("ma.dgst/counter-terrorism", "")})
    page.locator(f'{FORM} [name="sensitive"][value="yes"]').check()
    expect(page.locator("#four-direct")).to_contain_text(verdict("recommended", "es"))
    expect(page.locator("#four-direct a[href='/direct/to/ma.dgst/']")).to_be_visible()
    keep(page.locator("#section-channel"), head.shot("83-four-direct"))
    choose(page, "embassy")
    go_on(page)
    expect(page.locator("main .summary")).to_contain_text(text("channels.deviation-needed.what", "es").split("{")[0])
    head.picture("84-deviation-asked")
    page.locator(f'{FORM} [name="deviation"]').select_option(index=1)
    go_on(page)
    expect(page).to_have_url(re.compile(r"/preview/$"))
    assert not axe_faults(page)
    head.picture("85-deviation-said")


def accredited(road: Stage) -> str:
    """The liaison officer ES-6100, accredited with Rabat for a case of the desk; the case's reference."""
    madrid, rabat = road.node("es.cgi"), road.node("ma.dgst")
    told = scene_draft("liaison", "terrorism")
    case = madrid.ask("demo.case", {**told, "language": "es", "partner": "ma.dgst"}, officer="ES-4017")["case"]
    now_ms = int(time.time() * 1000)
    grant = {
        "case": case.replace("-", ""), "field": told["field"], "title": told["title"], "desk": "es.cgi/counter-terrorism",
        "counterpart": "ma.dgst/counter-terrorism",
    }  # fmt: skip
    proposal = scene_draft("liaison", "proposal") | {
        "officer": "ES-6100", "post": "es.cgi/liaison-tangier", "grants": [grant], "from_ms": now_ms, "until_ms": now_ms + 86_400_000,
    }  # fmt: skip
    asked = {"draft": proposal, "to": "ma.dgst/head", "via": "es.cgi/embassy-office"}
    made = str(madrid.ask("demo.accredit", asked, officer="ES-1001")["id"])
    soon(lambda: rabat.ask("demo.accreditation", {"id": made}), what="the proposal at Rabat")
    rabat.ask("demo.accreditation-say", {"id": made, "move": "accreditation.acceptance"}, officer="MA-1001")
    soon(lambda: madrid.ask("demo.accreditation", {"id": made}) == "in-force", what="the acceptance at Madrid")
    return str(grant["case"])


def test_an_enquiry_goes_by_the_liaison_officer_who_is_accredited_for_its_case(opens: Opens, road: Stage) -> None:
    case = accredited(road)
    desk, addressee = opens("es.cgi", "ES-4017"), opens("ma.dgst", "MA-2210")
    page = desk.open("/enquiries/new/")
    write(page, written(draft("enquiry")) | {"to": ("ma.dgst/counter-terrorism", "")})
    page.locator(f'{FORM} [name="sensitive"][value="yes"]').check()
    expect(page.locator("#four-liaison .chip")).to_be_visible(timeout=20_000)
    go_on(page)  # the cases of the partner stand there once it is said who is asked
    page.locator(f'{FORM} [name="case"]').select_option(case)
    accredited_for_it = code_list("channel_reasons").label("reason.accredited", "es")
    expect(page.locator("#four-liaison")).to_contain_text(accredited_for_it)
    choose(page, "liaison")
    settled(page)
    keep(page.locator("#section-channel"), desk.shot("86-four-liaison"))
    if verdict("recommended", "es") not in page.locator("#four-liaison").inner_text():
        page.locator(f'{FORM} [name="deviation"]').select_option(index=1)
    go_on(page)
    expect(page).to_have_url(re.compile(r"/preview/$"))
    desk.picture("87-liaison-preview")
    sign_and_send(page)
    path = "/" + page.url.split("?")[0].split("/", 3)[3]
    soon(lambda: addressee.fetch(path).status == 200, what="the enquiry at the other desk")
    addressee.open(path)
    addressee.picture("88-liaison-came")
    page = desk.open(path)
    assert page.locator("ol.route > li").count() == 3, "desk, liaison officer, desk"
    desk.picture("88-liaison-way")
