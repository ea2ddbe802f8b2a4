"""Every other end of an enquiry, said and seen on the pages of both sides; and what happens when something breaks meanwhile."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from html import unescape

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from support.asking import ask, draft, state_at
from support.desks import Desk, soon
from support.filling import preview, say, sign_and_send, write, written
from support.later import start_ahead
from support.workshop import quick_stage
from tansiq.demo.stage import Node
from tansiq.demo.story import Story
from tansiq.demo.telling import Teller
from tansiq.policy.codes import code_list
from tansiq.texts import text

PASSAGE = "waiting/es-passage"
NINE_HOURS_MS = 9 * 3_600_000


def row_on(desk: Desk, matter: str, path: str = "/") -> Locator:
    """The row of a matter on a page of the desk."""
    page = desk.open(path)
    return page.locator("li.row", has=page.locator(f'a[href="/enquiries/{matter}/"]'))


def told(listed: str, code: str, desk: Desk) -> str:
    """A code as it reads at a desk."""
    return code_list(listed).label(code, desk.language)


def sees(desk: Desk, matter: str, words: str, *, tab: str = "replies/") -> None:
    """Waits until the words stand in the matter."""
    path = f"/enquiries/{matter}/{tab}"
    soon(lambda: words in unescape(desk.fetch(path).text), what=f"{desk.person.number} sees {words!r}")
    expect(desk.open(path).locator("main")).to_contain_text(words)


def test_a_refusal_tells_its_ground_on_both_sides(madrid: Desk, rabat: Desk, es: Node, ma: Node) -> None:
    matter = ask(es, ma, PASSAGE)
    grounds = {
        "grounds": ["refusal.investigation"],
        "reasons": "يجري بحث في الموضوع لدى النيابة العامة، ولا يمكن الإفصاح عن أكثر من ذلك.",
    }
    say(rabat, matter, "refusal", grounds)
    sees(rabat, matter, told("refusal_grounds", "refusal.investigation", rabat))
    rabat.picture("20-refusal")
    sees(madrid, matter, told("refusal_grounds", "refusal.investigation", madrid))
    sees(madrid, matter, "يجري بحث في الموضوع")
    madrid.picture("20-refusal")
    assert state_at(es, matter)["state"] == state_at(ma, matter)["state"] == "refused"
    for desk in (madrid, rabat):
        assert not row_on(desk, matter).count(), "nothing more is to be done"
        assert row_on(desk, matter, "/enquiries/?state=refused").count() == 1
        assert not desk.open(f"/enquiries/{matter}/").locator(".heading a[href*='/say/']").count()


def test_a_question_back_stops_the_clock_on_both_sides_until_it_is_answered(
    madrid: Desk, rabat: Desk, es: Node, ma: Node
) -> None:
    matter = ask(es, ma, PASSAGE)
    say(
        rabat,
        matter,
        "clarification-request",
        {"points": ["clarify.identity"], "question": "ما هو تاريخ الازدياد الكامل للمعني بالأمر؟"},
    )
    expect(row_on(rabat, matter)).to_contain_text(text("web.deadline.paused", "ar"))
    sees(madrid, matter, "ما هو تاريخ الازدياد الكامل")
    expect(row_on(madrid, matter)).to_contain_text(text("web.deadline.paused", "es"))
    madrid.picture("21-clock-stopped")
    rabat.picture("21-clock-stopped")
    say(madrid, matter, "clarification", {"words": "Nació el 4 de abril de 1986, según la copia de su pasaporte."})
    sees(rabat, matter, "Nació el 4 de abril de 1986")
    for desk in (madrid, rabat):
        paused = text("web.deadline.paused", desk.language)
        soon(
            lambda desk=desk, paused=paused: paused not in row_on(desk, matter).inner_text(),  # type: ignore[misc]
            what=f"the clock runs again for {desk.person.number}",
            seconds=90,
        )
    say(rabat, matter, "answer", {"outcome": "answer.no-hit", "note": "لا شيء مسجل لدينا بهذه الهوية."})
    sees(madrid, matter, told("answer_outcomes", "answer.no-hit", madrid))
    assert state_at(es, matter)["state"] == "answered"


def test_a_partial_answer_leaves_the_matter_open_until_the_rest_comes(
    madrid: Desk, rabat: Desk, es: Node, ma: Node
) -> None:
    matter = ask(es, ma, PASSAGE)
    whole = written(draft("answer"))
    first = {name: value for name, value in whole.items() if not name.startswith("items.1.")}
    say(rabat, matter, "answer", {**first, "outcome": ("answer.partial", "")})
    sees(madrid, matter, told("answer_outcomes", "answer.partial", madrid))
    assert state_at(es, matter)["state"] == "partial"
    expect(row_on(rabat, matter)).to_have_count(1)
    rest = {
        name.replace("items.1.", "items.0."): value for name, value in whole.items() if not name.startswith("items.0.")
    }
    say(rabat, matter, "answer", rest)
    sees(madrid, matter, "Moul Lkhezzana")
    assert madrid.page.locator(".item").count() == 2
    madrid.picture("22-partial-and-rest")
    assert state_at(es, matter)["state"] == state_at(ma, matter)["state"] == "answered"
    assert not row_on(rabat, matter).count()


def test_a_delay_is_announced_with_its_ground_and_moves_the_deadline(
    madrid: Desk, rabat: Desk, es: Node, ma: Node
) -> None:
    matter = ask(es, ma, PASSAGE)
    before = state_at(es, matter)["deadline"]
    until = (dt.datetime.now(dt.UTC) + dt.timedelta(days=12)).date().isoformat()
    reason = "طُلب إذن النيابة العامة بالاطلاع على الملف."
    say(rabat, matter, "delay", {"ground": "delay.judicial", "until_ms": until, "reason": reason})
    sees(madrid, matter, told("delay_grounds", "delay.judicial", madrid))
    madrid.picture("23-delay")
    assert state_at(es, matter)["deadline"] == state_at(ma, matter)["deadline"] > before
    expect(row_on(madrid, matter)).to_contain_text(text("enquiries.page.delayed", "es"))
    expect(row_on(rabat, matter)).to_contain_text(text("enquiries.page.delayed", "ar"))


def test_a_withdrawal_ends_the_matter_on_both_sides(madrid: Desk, rabat: Desk, es: Node, ma: Node) -> None:
    matter = ask(es, ma, PASSAGE)
    page = madrid.open(f"/enquiries/{matter}/")
    page.locator('.heading a[href$="/say/withdrawal/"]').click()
    write(page, {"reason": ("withdrawal.found", "")})
    preview(page)
    expect(page.locator("main")).to_contain_text(text("enquiries.form.grave", "es"))
    madrid.picture("24-withdrawal-preview")
    sign_and_send(page)
    sees(rabat, matter, told("withdrawal_reasons", "withdrawal.found", rabat))
    rabat.picture("24-withdrawn")
    for desk, node in ((madrid, es), (rabat, ma)):
        assert not row_on(desk, matter).count()
        assert state_at(node, matter)["state"] == "withdrawn"
    assert not rabat.open(f"/enquiries/{matter}/").locator(".heading a[href*='/say/']").count()


def test_a_reminder_is_said_once_and_then_not_again_for_hours(madrid: Desk, rabat: Desk, es: Node, ma: Node) -> None:
    matter = ask(es, ma, PASSAGE)
    say(madrid, matter, "reminder", {"code": "reminder.still-needed"})
    sees(rabat, matter, told("reminders", "reminder.still-needed", rabat))
    rabat.picture("25-reminder")
    assert not madrid.open(f"/enquiries/{matter}/").locator('.heading a[href$="/say/reminder/"]').count()
    assert madrid.fetch(f"/enquiries/{matter}/say/reminder/").status == 404
    expect(row_on(rabat, matter)).to_have_count(1)


def test_what_is_sent_while_the_partner_is_down_says_that_it_waits_and_arrives_later(
    madrid: Desk, rabat: Desk, es: Node, ma: Node
) -> None:
    ma.stop()
    try:
        page = madrid.open("/enquiries/new/")
        write(page, written(draft(PASSAGE)))
        preview(page)
        sign_and_send(page)
        matter = re.findall(r"/enquiries/([0-9a-f-]{36})/", page.url)[0]
        expect(page.locator(".lead")).to_contain_text(text("enquiries.page.not-received", "es"))
        assert page.locator(".proof-line.waits").count() == 1
        madrid.picture("26-waits")
        expect(row_on(madrid, matter)).to_have_count(1)
    finally:
        ma.start()
    soon(lambda: row_on(rabat, matter).count(), what="the enquiry in Rabat once it is up again", seconds=120)
    path = f"/enquiries/{matter}/"
    waits = text("enquiries.page.not-received", "es")
    soon(lambda: waits not in madrid.open(path).locator(".lead").inner_text(), what="the receipt in Madrid", seconds=60)
    madrid.picture("27-arrived")


def test_nothing_that_was_written_is_lost_when_the_session_ends_meanwhile(desks: Callable[[str], Desk]) -> None:
    desk = desks("ES-4002")
    page = desk.open("/enquiries/new/")
    page.fill("textarea[name=facts]", "Lo primero que se escribió.")
    expect(page.locator("#draft-state")).to_contain_text(text("web.draft.saved", "es"))
    here = page.url
    page.fill("textarea[name=reasons_held]", "Lo último, justo antes de terminar la sesión.")
    other = desk.new_page()
    other.goto("/")
    other.locator("form[action='/sign-out/'] button").first.click()
    other.wait_for_load_state()
    page.locator("form#form .form-end button[name=preview]").click()
    expect(page.locator("h1")).to_have_text(text("web.session.title", "es"))
    desk.picture("28-session-ended")
    desk.sign_in(other)
    other.locator(f'main a[href="{here.removeprefix(desk.node.home.pages_address)}"]').click()
    expect(other.locator("textarea[name=facts]")).to_have_value("Lo primero que se escribió.")
    other.close()

    again = page.get_by_role("button", name=text("web.session.send", "es"))
    again.click()
    expect(page.locator("h1")).to_have_text(text("enquiries.page.new", "es"))
    expect(page.locator("textarea[name=facts]")).to_have_value("Lo primero que se escribió.")
    expect(page.locator("textarea[name=reasons_held]")).to_have_value("Lo último, justo antes de terminar la sesión.")


LEAVING: dict[str, Callable[[Page], object]] = {
    "by a link": lambda page: page.locator("header a, nav a").first.click(),
    "by the address": lambda page: page.goto("/"),
    "by closing it": lambda page: page.close(run_before_unload=True),
}


@pytest.mark.parametrize("way", LEAVING)
def test_what_was_written_a_moment_before_the_page_was_left_is_kept(desks: Callable[[str], Desk], way: str) -> None:
    desk = desks("ES-4002")
    last = f"Lo último, justo antes de marcharse ({way})."
    page = desk.new_page()
    page.goto("/enquiries/new/")
    here = page.url
    page.fill("textarea[name=facts]", f"Lo primero que se escribió ({way}).")
    expect(page.locator("#draft-state")).to_contain_text(text("web.draft.saved", "es"))
    page.fill("textarea[name=facts]", last)
    LEAVING[way](page)
    soon(
        lambda: desk.open(here).locator("textarea[name=facts]").input_value() == last,
        what="the draft that was left",
        seconds=20,
    )


@pytest.fixture
def later() -> Iterator[tuple[Story, str]]:
    """Two other nodes that have met, with an urgent enquiry that nobody answered for nine hours."""
    with quick_stage() as made:
        story = Story(made, Teller("en", quiet=True))
        made.make()
        made.start()
        story.meet()
        story.import_lists(None)
        matter = ask(story.madrid, story.rabat, "enquiry")
        made.stop()
        start_ahead(made.nodes, ms=NINE_HOURS_MS)
        yield story, matter


def test_a_deadline_that_has_passed_is_late_on_both_desks_and_may_still_be_answered(
    later: tuple[Story, str], browser: Browser
) -> None:
    story, matter = later
    desks = [
        Desk(browser, node, node.member.officer, ahead_ms=NINE_HOURS_MS).sign_in()
        for node in (story.madrid, story.rabat)
    ]
    madrid, rabat = desks
    for desk in desks:
        row = row_on(desk, matter)
        expect(row.locator(".tone-late")).to_have_count(1)
        assert desk.page.locator(".lead .late").count() == 1, "the desk says so above all"
        desk.picture("30-late")
    say(madrid, matter, "reminder", {"code": "reminder.overdue"})
    sees(rabat, matter, told("reminders", "reminder.overdue", rabat))
    say(rabat, matter, "answer", {"outcome": "answer.no-hit"})
    sees(madrid, matter, told("answer_outcomes", "answer.no-hit", madrid))
    expect(madrid.page.locator("main")).to_contain_text(text("web.deadline.late", "es"))
    madrid.picture("31-answered-late")
    for desk in desks:
        assert not desk.told()
        desk.close()
