"""Strategic reports, an agreement, a meeting and contact points between two services, in Spanish and in Arabic, through the pages alone."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from support.desks import Desk, soon

TITLE, TREATY, MEETING = (
    "Routes inventées du détroit",
    "Convenio inventado de seguridad",
    "Reunión semestral inventada",
)


def _send(desk: Desk, *, preview: str) -> str:
    """From the form to the signature; where one comes to."""
    page = desk.page
    page.locator("main .form-end button.first").click()
    page.wait_for_url("**/preview/")
    desk.picture(preview)
    page.locator("main .form-end button.first").click()
    page.wait_for_url(re.compile(r"/(reports|between/[a-z-]+)/([0-9a-f-]{36}/)?$"))
    return page.url.removeprefix(desk.node.home.pages_address)


def _at(desk: Desk, place: str, words: str) -> Page:
    """A page once it says something."""
    soon(lambda: words in desk.fetch(place).text, what=f"{words} at {place}")
    return desk.open(place)


def test_a_report_goes_from_the_office_to_the_host_and_its_reading_is_told(desks: Callable[[str], Desk]) -> None:
    office, host = desks("ES-3300"), desks("MA-1001")
    page = office.open("/reports/new/")
    page.select_option("select[name=sender]", "es.cgi/embassy-office")
    page.select_option("select[name=to]", "ma.dgst/head")
    page.fill("textarea[name=title]", TITLE)
    page.check("input[name=fields][value='offence.migrant-smuggling']")
    page.fill("input[name=from_ms]", "2026-07-01")
    page.fill("input[name=until_ms]", "2026-09-30")
    page.fill("textarea[name=summary]", "Les départs inventés se déplacent vers l’ouest.")
    page.fill("textarea[name=words]", "Depuis l’été les départs se concentrent sur deux plages inventées.")
    for name in ("title", "summary", "words"):  # Rabat's head reads French, not Spanish
        page.select_option(f"select[name='{name}.language']", "fr")
    page.select_option("select[name=source]", "B")
    page.select_option("select[name=information]", "2")
    page.check("input[name=personal][value=no]")
    page.locator("main .form-end button").nth(1).click()  # keeps it, so that the purpose is asked
    page.wait_for_selector("select[name=purpose]")
    page.select_option("select[name=purpose]", "purpose.prevention")
    page.check("input[name='conditions.codes'][value=H2]")
    page.select_option("select[name='conditions.classification']", "class.restricted")
    office.picture("80-report-write")
    place = _send(office, preview="81-report-preview")
    office.picture("82-report-sent")
    page = _at(host, "/reports/", TITLE)
    host.picture("83-reports")
    page.locator("main .row-link").first.click()
    page.wait_for_url(f"**{place}")
    expect(page.locator("main")).to_contain_text("deux plages inventées")
    host.picture("84-report")
    _at(office, place, "MA-1001")
    office.picture("85-report-read")


def test_an_agreement_is_entered_confirmed_and_ended(desks: Callable[[str], Desk]) -> None:
    head, host = desks("ES-1001"), desks("MA-1001")
    page = head.open("/between/agreements/")
    head.picture("86-no-agreements")
    page.locator("main a.button.first").click()
    page.wait_for_url("**/between/write/agreement/")
    page.select_option("select[name=to]", "ma.dgst/head")
    page.fill("textarea[name=title]", TREATY)
    page.fill("input[name=reference]", "BOE inventado 26/0417")
    page.fill("input[name=from_ms]", "2022-04-30")
    page.check("input[name=fields][value='offence.drugs']")
    page.check("input[name=grounds][value='transfer.safeguards-instrument']")
    head.picture("87-agreement-write")
    place = _send(head, preview="88-agreement-preview")
    page = _at(host, place, TREATY)
    host.picture("89-agreement-to-confirm")
    page = host.open(f"{place}say/confirm/")
    host.picture("90-agreement-confirm")
    page.locator("main .question button").first.click()
    page.wait_for_url(f"**{place}")
    _at(head, place, "chip proof")
    head.picture("91-agreement-in-force")
    host.open("/between/agreements/")
    host.picture("92-agreements")
    page = head.open(f"{place}say/end/")
    page.check("input[name=reason][value='paper.denounced']")
    page.fill("input[name=until_ms]", "2025-12-31")
    head.picture("93-agreement-end")
    page.locator("main .question button").first.click()
    page.wait_for_url(f"**{place}")
    _at(host, place, "chip late")
    host.picture("94-agreement-ended")


def test_a_meeting_is_proposed_accepted_and_held(desks: Callable[[str], Desk]) -> None:
    head, host = desks("ES-1001"), desks("MA-1001")
    page = head.open("/between/write/meeting/")
    page.select_option("select[name=to]", "ma.dgst/head")
    page.fill("textarea[name=title]", MEETING)
    page.fill("input[name=at_ms]", "2028-05-04")
    page.fill("input[name=at_time]", "09:30")
    page.fill("input[name=place]", "Tánger")
    page.fill("textarea[name='agenda.0']", "Balance del semestre")
    page.locator("button[name=add][value=agenda]").click()
    page.wait_for_selector("textarea[name='agenda.1']")
    page.fill("textarea[name='agenda.1']", "Puntos de contacto")
    for post in ("es.cgi/head", "ma.dgst/head"):
        page.check(f"input[name=posts][value='{post}']")
    head.picture("95-meeting-write")
    place = _send(head, preview="96-meeting-preview")
    page = _at(host, place, MEETING)
    host.picture("97-meeting")
    page = host.open(f"{place}say/confirm/")
    page.locator("main .question button").first.click()
    page.wait_for_url(f"**{place}")
    page = _at(head, place, "write/minutes")
    page.locator("main .actions a[href*='minutes']").click()
    page.wait_for_url("**/write/minutes/**")
    page.fill("textarea[name=words]", "Se revisó el semestre inventado.")
    page.locator("button[name=add][value=decisions]").click()
    page.wait_for_selector("textarea[name='decisions.0.words']")
    page.fill("textarea[name='decisions.0.words']", "Enviar la lista de puntos de contacto.")
    page.select_option("select[name='decisions.0.post']", "es.cgi/head")
    page.fill("input[name='decisions.0.due_ms']", "2028-06-01")
    head.picture("98-minutes-write")
    _send(head, preview="99-minutes-preview")
    head.picture("99-meeting-held")
    _at(host, place, "Se revisó")
    host.picture("99-meeting-held")
    page = head.open("/between/meetings/")
    expect(page.locator("main")).to_contain_text("Enviar la lista")
    head.picture("99-meetings")
    page = head.open(place)
    page.locator("main table form button").click()
    page.wait_for_load_state()
    expect(page.locator("main table .chip.proof")).to_be_visible()


def test_contact_points_are_told(desks: Callable[[str], Desk]) -> None:
    head, host = desks("ES-1001"), desks("MA-2210")
    page = head.open("/between/write/contacts/")
    page.select_option("select[name=to]", "ma.dgst/head")
    page.select_option("select[name='points.0.post']", "es.cgi/head")
    page.fill("textarea[name='points.0.function']", "Urgencias a cualquier hora")
    for tongue in ("es", "fr"):
        page.check(f"input[name='points.0.languages'][value={tongue}]")
    page.check("input[name='points.0.reach'][value='reach.always']")
    page.fill("input[name='points.0.ways.0']", "+34 000 000 000")
    head.picture("100-contacts-write")
    _send(head, preview="101-contacts-preview")
    head.picture("102-contacts-told")
    _at(host, "/between/contact-points/", "+34 000 000 000")
    host.picture("102-contacts")
