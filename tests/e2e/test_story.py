"""The story on the pages: Madrid asks in Spanish, Rabat reads, judges and answers in Arabic, Madrid closes; each step seen on both sides."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser, Locator, expect

from support.asking import draft
from support.desks import Desk, soon
from support.filling import preview, say, sign_and_send, write, written
from support.shots import a_photograph
from tansiq.policy.codes import code_list
from tansiq.texts import text

QUESTION = {language: text("enquiries.asks.identity-whereabouts", language) for language in ("es", "ar")}
OUTCOME = {language: code_list("answer_outcomes").label("answer.full", language) for language in ("es", "ar")}
URGENT = {language: text("enquiries.term.urgent-direct", language) for language in ("es", "ar")}


def row_of(desk: Desk, matter: str) -> Locator:
    """The row of a matter on the desk that is shown."""
    return desk.page.locator("li.row", has=desk.page.locator(f'a[href="/enquiries/{matter}/"]'))


def until_whole(desk: Desk, path: str) -> None:
    """Opens a page once the proof of everything on it is whole."""

    def whole() -> bool:
        lines = re.findall(r'class="proof-line([^"]*)"', desk.fetch(path).text)
        return bool(lines) and not any(lines)

    soon(whole, what=f"{desk.person.number}: the proof of {path}", seconds=60)
    assert desk.open(path).locator(".proof-line").count() > 0
    assert desk.page.locator(".proof-line.waits, .proof-line.broken").count() == 0


def test_the_whole_story(madrid: Desk, rabat: Desk, browser: Browser, tmp_path: Path) -> None:
    matter = madrid_asks(madrid)
    rabat_reads(rabat, matter)
    photograph = a_photograph(browser)
    rabat_answers(rabat, matter, photograph)
    madrid_reads(madrid, matter, photograph, tmp_path)
    both_close(madrid, rabat, matter)


def madrid_asks(madrid: Desk) -> str:
    """The form in Spanish, its draft, who will see what, the signature; the matter that came of it."""
    page = madrid.open("/")
    page.locator('main a[href="/enquiries/new/"]').first.click()
    write(page, written(draft("enquiry")))
    expect(page.locator("#draft-state")).to_contain_text(text("web.draft.saved", "es"))
    here = page.url.partition("#")[0]
    madrid.picture("03-compose")

    page = madrid.open("/")
    page.locator(f'main a[href="{here.removeprefix(madrid.node.home.pages_address)}"]').click()
    soon(lambda: is_kept(madrid, here), what="the draft with its last word", seconds=20)
    preview(page)

    readers = page.locator("table", has=page.locator("caption", has_text=text("web.who.title", "es"))).locator(
        "tbody tr"
    )
    seen = {
        row.locator("th").inner_text(): row.locator("td").evaluate_all("all => all.map(one => one.className)")
        for row in readers.all()
    }
    for reader in ("Consejería de Interior en Rabat", "Servicio antiterrorista"):
        cells = next((cells for name, cells in seen.items() if reader in name), None)
        assert cells is not None and cells[:2] == ["yes", "yes"], f"{reader} is not among {seen}"
    expect(page.locator("main")).to_contain_text(URGENT["es"])
    expect(page.locator("main")).to_contain_text("Abdelcrim Chauni Zaglul")
    madrid.picture("04-preview")
    sign_and_send(page)
    matter = re.findall(r"/enquiries/([0-9a-f-]{36})/", page.url)[0]
    expect(page.locator("h1")).to_have_text(QUESTION["es"])
    madrid.picture("05-sent")
    until_whole(madrid, f"/enquiries/{matter}/")
    expect(page.locator(".route li")).to_have_count(3)
    madrid.picture("06-received-there")
    return str(matter)


def is_kept(desk: Desk, path: str) -> bool:
    """Whether the form there stands as it was written last; the page is fetched anew."""
    here = desk.open(path).locator("textarea[name=facts]")
    return here.input_value() == str(draft("enquiry")["facts"]).strip()


def rabat_reads(rabat: Desk, matter: str) -> None:
    """The desk in Arabic with the deadline, the matter beside the list and on its own page, the possible matches, the decision."""
    page = rabat.open("/")
    assert page.locator("html").get_attribute("dir") == "rtl"
    row = row_of(rabat, matter)
    expect(row).to_contain_text(QUESTION["ar"])
    expect(row).to_contain_text(URGENT["ar"])
    assert re.search(r"\d|٨|ساع", row.locator(".row-end").inner_text()), "the deadline is counted down"
    assert "Chauni" not in page.locator("main").inner_text(), "a list names nobody"
    row.locator("a.row-link").click()
    expect(page.locator("aside h2").first).to_have_text(QUESTION["ar"])
    expect(page.locator("aside")).to_contain_text("Abdelcrim Chauni Zaglul")
    rabat.picture("01-desk")

    page.locator(f'aside .actions a[href="/enquiries/{matter}/"]').click()
    expect(page.locator("h1")).to_have_text(QUESTION["ar"])
    expect(page.locator("main")).to_contain_text("El 9 de febrero")
    assert page.locator("main [lang=es]", has_text="El 9 de febrero").first.get_attribute("dir") in {"auto", "ltr"}
    rabat.picture("05-request")
    page.goto(f"/enquiries/{matter}/matches/")
    card = page.locator("article.card").first
    expect(card).to_contain_text("Abdelkrim CHAOUNI ZAGHLOUL", ignore_case=True)
    rabat.picture("06-matches")
    card.locator('button[value="match.same"]').click()
    expect(page.locator("article.card", has_text="MA-2210")).to_have_count(1)
    rabat.picture("07-decided")


def rabat_answers(rabat: Desk, matter: str, photograph: bytes) -> None:
    """A photograph taken in, two evaluated items, who will see what, the signature."""
    page = rabat.open(f"/enquiries/{matter}/")
    page.locator('.heading a[href$="/say/answer/"]').click()
    answer = page.url
    with page.expect_popup() as other:
        page.locator('aside a[href="/files/add/"]').click()
    files = other.value
    rabat.watch(files)
    files.set_input_files("input[type=file]", {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": photograph})
    files.locator("main form button.first").click()
    files.wait_for_url(re.compile(r"/files/[0-9a-f-]{36}/$"))
    expect(files.locator("figure.picture img")).to_be_visible()
    files.close()

    page.goto(answer)
    write(page, written(draft("answer")))
    page.locator("form#form [name=files]").first.check()
    rabat.picture("08-answer")
    preview(page)
    expect(page.locator(".item")).to_have_count(2)
    expect(page.locator(".item").first).to_contain_text("A1")
    expect(page.locator("main")).to_contain_text("photo.jpg")
    rabat.picture("09-answer-preview")
    sign_and_send(page)
    expect(page.locator("main")).to_contain_text(OUTCOME["ar"])
    until_whole(rabat, f"/enquiries/{matter}/replies/")
    rabat.picture("10-answered")
    assert not row_of_open(rabat, matter), "it waits for Rabat no longer"


def row_of_open(desk: Desk, matter: str) -> bool:
    """Whether the matter stands on the desk of what is open."""
    desk.open("/")
    return row_of(desk, matter).count() > 0


def madrid_reads(madrid: Desk, matter: str, photograph: bytes, folder: Path) -> None:
    """The answer with its items under their conditions, whether it was obtained by ill-treatment, and the photograph."""
    replies = f"/enquiries/{matter}/replies/"
    soon(lambda: madrid.open(replies).locator(".item").count() == 2, what="the answer in Madrid")
    page = madrid.page
    items = page.locator(".item")
    expect(items.nth(0)).to_contain_text("يتعلق الأمر بالمسمى عبد الكريم الشاوني زغلول")
    expect(items.nth(0)).to_contain_text("A1")
    expect(items.nth(1)).to_contain_text("B2")
    expect(items.nth(1)).to_contain_text("Moul Lkhezzana")
    expect(page.locator("main")).to_contain_text(OUTCOME["es"])
    question = page.locator("details.quiet-question")
    question.locator("summary").click()
    madrid.picture("07-answer")
    question.locator('input[value="obtained.no-sign"]').check()
    question.locator("button.first").click()
    expect(page.locator("details.quiet-question")).to_have_count(0)

    page.goto(f"/enquiries/{matter}/files/")
    page.locator("main table a").first.click()
    address = page.url
    soon(
        lambda: madrid.page.goto(address) and page.locator("figure.picture img").count(),
        what="the photograph in Madrid",
    )
    assert page.locator("figure.picture img").evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    madrid.picture("08-file")
    with page.expect_download() as got:
        page.locator("a[download]").first.click()
    got.value.save_as(folder / "photo.jpg")
    assert (folder / "photo.jpg").read_bytes() == photograph


def both_close(madrid: Desk, rabat: Desk, matter: str) -> None:
    """Madrid tells the use; both see that it is closed, what happened, and the proof of every word."""
    page = madrid.open("/")
    madrid.picture("01-desk")
    say(
        madrid,
        matter,
        "feedback",
        {
            "uses": ["feedback.identified", "feedback.lead"],
            "words": "La identidad quedó establecida antes de la decisión del juez.",
        },
    )
    assert not row_of_open(madrid, matter)
    for desk, number in ((madrid, "09"), (rabat, "11")):
        soon(partial(feedback_is_shown, desk, matter), what=f"{desk.person.number} sees the feedback")
        desk.picture(f"{number}-closed")
        until_whole(desk, f"/enquiries/{matter}/proof/")
        assert desk.page.locator(".proof-line").count() == 3
        desk.page.locator(".proof-line summary").first.click()
        desk.picture("13-proof")
        desk.open(f"/enquiries/{matter}/timeline/")
        assert desk.page.locator(".course li").count() >= 4
        desk.picture("12-timeline")
    assert page.url


def feedback_is_shown(desk: Desk, matter: str) -> bool:
    """Whether the feedback stands among the words of the matter."""
    label = code_list("feedback").label("feedback.identified", desk.language)
    return label in desk.open(f"/enquiries/{matter}/replies/").locator("main").inner_text()
