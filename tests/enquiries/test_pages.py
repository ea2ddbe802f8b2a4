"""The pages of enquiries: the story from Madrid's form to Rabat's desk and back, each with its own browser."""

from __future__ import annotations

import datetime as dt
import os
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import django
import pytest
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.browsing import Browser  # noqa: E402
from support.matters import refusal  # noqa: E402
from support.node import Clock, Node  # noqa: E402
from support.two import Two  # noqa: E402
from support.writing import ANSWER, ENQUIRY, compose, hidden, messages  # noqa: E402
from tansiq.accounts.drafts import list_drafts  # noqa: E402
from tansiq.cases.erasure import erase_due  # noqa: E402
from tansiq.enquiries.correspondence import ask_clarification, clarify  # noqa: E402
from tansiq.enquiries.rows import enquiry_rows  # noqa: E402
from tansiq.enquiries.services import refuse_enquiry  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.policy.correspondence import Clarification, ClarificationRequest  # noqa: E402
from tansiq.policy.values import Text  # noqa: E402
from tansiq.protocol.ids import id_text, parse_id  # noqa: E402

pytestmark = pytest.mark.storage


@dataclass(slots=True)
class Side:
    """A node and a browser of one of its officers."""

    node: Node
    browser: Browser

    def __enter__(self) -> Browser:
        self.node.use()
        bind_site(self.node.home)
        settings.ALLOWED_HOSTS = ["testserver"]
        return self.browser

    def __exit__(self, *_: object) -> None:
        pass


@pytest.fixture
def madrid(registered: Two, clock: Clock) -> Side:
    side = Side(registered.es, Browser(language="es"))
    with side as browser:
        browser.sign_in("ES-4017", clock=clock)
        browser.post("/choose/", {"language": "es", "next": "/"})
    return side


@pytest.fixture
def rabat(registered: Two, clock: Clock) -> Side:
    side = Side(registered.ma, Browser(language="ar"))
    with side as browser:
        browser.sign_in("MA-2210", clock=clock)
        browser.post("/choose/", {"language": "ar", "next": "/"})
    return side


def sent(side: Side, two: Two, data: dict[str, Any] | None = None) -> str:
    """An enquiry that was written, previewed, signed and delivered: its page."""
    with side as browser:
        answer = compose(browser, data or ENQUIRY)
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        assert preview.status_code == 200
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done.status_code == 302, done.content.decode()[:3000]
    two.carry()
    return str(done["Location"])


def said(side: Side, two: Two, page: str, word: str, data: dict[str, Any]) -> Any:
    """A word that was written, previewed, signed and delivered: the page that follows."""
    with side as browser:
        answer = compose(browser, data, path=f"{page}say/{word}/")
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        assert preview.status_code == 200, preview.content.decode()[:2000]
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done.status_code == 302, done.content.decode()[:3000]
        shown = browser.get(done["Location"])
    two.carry()
    return shown


def test_an_enquiry_goes_from_a_form_in_spanish_to_a_desk_in_arabic(madrid: Side, rabat: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    with madrid as browser:
        shown = browser.get(page).content.decode()
        assert "¿Conocen a esta persona y saben dónde está?" in shown
        assert list_drafts("ES-4017") == []
    with rabat as browser:
        desk = browser.get("/").content.decode()
        assert 'dir="rtl"' in desk
        assert "هل تعرفون هذا الشخص وأين هو؟" in desk
        assert "8 ساعات · مستعجل" in desk
        assert "Benalí" not in desk  # a list names nobody
        shown = browser.get(page).content.decode()
        assert "Mojtar Benalí el Invento" in shown
        assert "بين 1983 و1985" in shown
        assert "match.same" in shown


def test_before_its_receipt_is_here_a_row_says_what_it_waits_for(madrid: Side, registered: Two) -> None:
    with madrid as browser:
        answer = compose(browser, ENQUIRY)
        browser.post(answer["Location"], {"version": hidden(browser.get(answer["Location"]), "version")})
        desk = browser.get("/").content.decode()
        assert "pendiente de acuse de recibo" in desk
        assert "sin plazo" not in desk
    registered.carry()
    with madrid as browser:
        desk = browser.get("/").content.decode()
        assert "quedan 8 h" in desk
        assert "pendiente de acuse" not in desk


def test_the_preview_says_who_will_see_what_and_sends_nothing(madrid: Side, registered: Two) -> None:
    with madrid as browser:
        answer = compose(browser, ENQUIRY)
        preview = browser.get(answer["Location"]).content.decode()
        assert "مكتب مكافحة الإرهاب" in preview
        assert "Consejería de Interior en Rabat" in preview
        assert "8 h · urgente" in preview
        assert "Puede tratar de la misma persona" not in preview
        assert enquiry_rows("1 = 1", ()) == []


def test_the_preview_says_who_may_be_the_same_and_what_was_asked_before(madrid: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    twice = {name.replace("subjects.0", "subjects.1"): value for name, value in ENQUIRY.items() if "subjects.0" in name}
    twice |= {"subjects.1.names.0.value": "Moktar Benali Elinvento", "subjects.1.identifiers.0.number": "QX 1"}
    with madrid as browser:
        preview = browser.get(compose(browser, ENQUIRY | twice)["Location"]).content.decode()
        assert "pueden ser la misma persona" in preview
        assert "Puede tratar de la misma persona" in preview
        assert f'href="{page}"' in preview
        other = ENQUIRY | {
            "subjects.0.names.0.value": "Wilhelmina Oosterhuis",
            "subjects.0.identifiers.0.number": "ZZ 9",
        }
        assert "ser la misma persona" not in browser.get(compose(browser, other)["Location"]).content.decode()


@pytest.mark.parametrize(
    ("lacking", "field"),
    [
        ("facts", "facts"),
        ("availability", "availability"),
        ("law.necessity", "law-necessity"),
        ("law.transfer.ground", "law-transfer-ground"),
        ("law.neutrality.racial", "law-neutrality-racial"),
        ("subjects.0.category", "subjects-0-category"),
        ("conditions.codes", "conditions-codes"),
    ],
)
def test_what_the_law_wants_leads_to_its_field(madrid: Side, lacking: str, field: str) -> None:
    data = {name: value for name, value in ENQUIRY.items() if name != lacking}
    with madrid as browser:
        answer = compose(browser, data)
        assert answer.status_code == 422
        assert field in messages(answer)
        assert enquiry_rows("1 = 1", ()) == []
        assert list_drafts("ES-4017")[0].content["data"]["link"] == "Titular del teléfono."


def test_a_fault_names_the_article_that_wants_it(madrid: Side) -> None:
    data = {name: value for name, value in ENQUIRY.items() if name != "facts"}
    with madrid as browser:
        told = messages(compose(browser, data))["facts"]
    assert "Directiva (UE) 2023/977, artículo 4(5)" in told


def test_another_name_is_added_and_taken_away_and_nothing_is_lost(madrid: Side) -> None:
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        answer = browser.post(here, {**ENQUIRY, "version": "0", "add": "subjects.0.names"})
        assert answer.status_code == 302
        page = browser.get(here)
        assert 'name="subjects.0.names.1.value"' in page.content.decode()
        assert "Mojtar Benalí el Invento" in page.content.decode()
        more = {**ENQUIRY, "subjects.0.names.1.value": "مختار", "subjects.0.names.1.script": "Arab"}
        browser.post(here, {**more, "version": hidden(page, "version"), "remove": "subjects.0.names:0"})
        page = browser.get(here).content.decode()
        assert 'name="subjects.0.names.1.value"' not in page
        assert "مختار" in page
        assert "Mojtar" not in page


def test_a_draft_is_kept_while_one_writes_and_offered_on_the_desk(madrid: Side, clock: Clock) -> None:
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        kept = browser.post(f"{here}draft/", {**ENQUIRY, "version": "0"}, headers={"HX-Request": "true"})
        assert kept.status_code == 200
        assert 'name="version" value="1"' in kept.content.decode()
        assert here in browser.get("/").content.decode()
        again = Browser(language="es")
        again.secret = browser.secret
        again.sign_in("ES-4017", clock=clock)
        assert "Mojtar Benalí el Invento" in again.get(here).content.decode()


def test_two_windows_do_not_write_over_each_other(madrid: Side) -> None:
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        browser.post(f"{here}draft/", {**ENQUIRY, "version": "0"})
        answer = browser.post(here, {**ENQUIRY, "facts": "Otra cosa.", "version": "0", "preview": "1"})
        assert answer.status_code == 409
        assert "Otra cosa." in answer.content.decode()
        over = browser.post(here, {**ENQUIRY, "facts": "Otra cosa.", "version": "0", "preview": "1", "over": "1"})
        assert over.status_code == 302
        assert list_drafts("ES-4017")[0].content["data"]["facts"] == "Otra cosa."


def test_a_button_that_is_pressed_while_the_draft_is_being_kept_is_no_conflict(madrid: Side) -> None:
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        browser.post(f"{here}draft/", {**ENQUIRY, "version": "0"}, headers={"HX-Request": "true"})
        answer = browser.post(here, {**ENQUIRY, "version": "0", "preview": "1"})
        assert answer.status_code == 302
        assert answer["Location"] == f"{here}preview/"


def test_what_is_sent_after_the_session_has_ended_can_be_sent_again(madrid: Side) -> None:
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        token = hidden(browser.get(here), "csrfmiddlewaretoken")
        browser.post("/sign-out/")

        def send(path: str, data: dict[str, Any], origin: str) -> str:
            body = urlencode({**data, "csrfmiddlewaretoken": token}, doseq=True)
            kind = "application/x-www-form-urlencoded"
            return str(browser.client.post(path, body, content_type=kind, headers={"Origin": origin}).content.decode())

        written = {**ENQUIRY, "version": "0", "preview": "1"}
        page = send(here, written, "http://testserver")
        assert 'name="facts" value="Se intervino un teléfono con contactos inventados."' in page
        assert page.count('name="sought"') == 2
        assert ENQUIRY["facts"] not in send(here, written, "http://elsewhere.example")
        kept = send("/account/passphrase/", {"passphrase": "an invented one"}, "http://testserver")
        assert "an invented one" not in kept, "a form that keeps no draft may hold a passphrase"


def test_what_is_shown_to_be_sent_again_needs_one_press_and_nothing_else_gets_through(
    madrid: Side, clock: Clock
) -> None:
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        browser.post("/sign-out/")

        def send(data: dict[str, Any], *, origin: str = "http://testserver", path: str = here) -> Any:
            body, kind = urlencode(data, doseq=True), "application/x-www-form-urlencoded"
            headers = {"Origin": origin} if origin else {}
            return browser.client.post(path, body, content_type=kind, headers=headers)

        ended = send({**ENQUIRY, "version": "0"})
        proof = hidden(ended, "sent-again")
        shown = {**ENQUIRY, "version": "0", "sent-again": proof}
        assert send(shown).status_code == 403, "nobody is signed in"
        browser.sign_in("ES-4017", clock=clock)
        hostile = [
            send({**shown, "facts": "Otra cosa."}),
            send({**shown, "more": "x"}),
            send({**shown, "sent-again": proof[:-1]}),
            send(shown, origin="http://elsewhere.example"),
            send(shown, origin=""),
            send(shown, path=browser.get("/enquiries/new/")["Location"]),
        ]
        assert [answer.status_code for answer in hostile] == [403] * 6
        assert list_drafts("ES-4017") == []
        assert send(shown).status_code == 302
        assert list_drafts("ES-4017")[0].content["data"]["facts"] == ENQUIRY["facts"]
        cookie = next(name for name in browser.client.cookies if name.endswith("-again"))
        del browser.client.cookies[cookie]
        assert send(shown).status_code == 403, "another browser's proof"


def test_what_changed_after_the_preview_is_not_sent(madrid: Side) -> None:
    with madrid as browser:
        answer = compose(browser, ENQUIRY)
        done = browser.post(answer["Location"], {"version": "0"})
        assert done.status_code == 409
        assert enquiry_rows("1 = 1", ()) == []


def test_a_text_that_the_desk_does_not_read_asks_for_its_translation(
    madrid: Side, rabat: Side, registered: Two
) -> None:
    data = {**ENQUIRY, "facts": "A telephone with invented contacts.", "facts.language": "en"}
    with madrid as browser:
        here = browser.get("/enquiries/new/")["Location"]
        answer = compose(browser, data, path=here)
        assert answer.status_code == 422
        assert 'name="translation.0.facts"' in answer.content.decode()
        data |= {"translation.0.facts": "Un téléphone.", "translation.0.facts.language": "fr"}
        answer = browser.post(here, {**data, "version": hidden(answer, "version"), "preview": "1"})
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        page = browser.post(answer["Location"], {"version": hidden(preview, "version")})["Location"]
    registered.carry()
    with rabat as browser:
        shown = browser.get(page).content.decode()
        assert "A telephone with invented contacts." in shown
        assert "Un téléphone." in shown


def test_an_answer_with_its_items_comes_back_and_is_closed_with_its_use(
    madrid: Side, rabat: Side, registered: Two
) -> None:
    page = sent(madrid, registered)
    said(rabat, registered, page, "answer", ANSWER)
    with madrid as browser:
        shown = browser.get(f"{page}replies/").content.decode()
        assert "يقيم بمدينة الناظور منذ سنة 2019." in shown
        assert "B2" in shown
        assert "malos tratos" in shown
        origin = browser.post(f"{page}origin/", {"answer": "obtained.no-sign"})
        assert origin.status_code == 302
        assert "quiet-question" not in browser.get(f"{page}replies/").content.decode()
        assert page in browser.get("/").content.decode()
    said(madrid, registered, page, "feedback", {"uses": ["feedback.located"]})
    with madrid as browser:
        assert page not in browser.get("/").content.decode()
        assert page in browser.get("/enquiries/?section=closed").content.decode()
    with rabat as browser:
        assert "تم العثور على شخص" in browser.get(f"{page}replies/").content.decode()


SOON = "some weeks from now"


@pytest.mark.parametrize(
    ("word", "data", "told"),
    [
        ("refusal", {"grounds": ["refusal.investigation"], "reasons": "Enquête inventée.", "reasons.language": "fr"},
         "Perjuicio para una investigación en curso"),
        ("delay", {"ground": "delay.judicial", "until_ms": SOON, "reason": "Autorisation demandée.",
                   "reason.language": "fr"}, "Pendiente de autorización judicial"),
        ("clarification-request", {"points": ["clarify.identity"], "question": "Date exacte ?",
                                   "question.language": "fr"}, "Identidad de la persona"),
    ],
)  # fmt: skip
def test_the_addressee_says(
    madrid: Side, rabat: Side, registered: Two, word: str, data: dict[str, Any], told: str
) -> None:
    page = sent(madrid, registered)
    soon = dt.datetime.fromtimestamp(registered.clock() / 1000, dt.UTC).date() + dt.timedelta(days=40)
    said(rabat, registered, page, word, {name: str(soon) if value == SOON else value for name, value in data.items()})
    with madrid as browser:
        assert told in browser.get(f"{page}replies/").content.decode()
        assert told in browser.get(f"{page}timeline/").content.decode()


def test_a_question_back_stops_the_clock_until_it_is_answered(madrid: Side, rabat: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    question = {"points": ["clarify.identity"], "question": "Date exacte ?", "question.language": "fr"}
    said(rabat, registered, page, "clarification-request", question)
    with madrid as browser:
        desk = browser.get("/").content.decode()
        assert "plazo suspendido" in desk
        assert "le piden una aclaración" in desk
    words = {"words": "Nació el 9 de marzo.", "words.language": "es"}
    said(madrid, registered, page, "clarification", words)
    with rabat as browser:
        assert "Nació el 9 de marzo." in browser.get(f"{page}replies/").content.decode()
        assert "plazo suspendido" not in browser.get("/").content.decode()


def test_a_withdrawal_ends_the_matter_on_both_sides(madrid: Side, rabat: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    said(madrid, registered, page, "withdrawal", {"reason": "withdrawal.found"})
    with rabat as browser:
        assert page not in browser.get("/").content.decode()
        assert "مسحوبة" in browser.get(page).content.decode()
        assert erase_due(context=registered.ma.context) > 0
        shown = browser.get(page).content.decode()
        assert "Benalí" not in shown
        assert "مُحي المحتوى" in shown


def test_a_word_that_is_not_ours_to_say_has_no_page(madrid: Side, rabat: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    with madrid as browser:
        for word in ("answer", "refusal", "nothing", "feedback"):
            assert browser.get(f"{page}say/{word}/").status_code == 404
    with rabat as browser:
        assert browser.get(f"{page}say/withdrawal/").status_code == 404


def test_a_proposed_match_is_decided_and_decided_otherwise(madrid: Side, rabat: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    with rabat as browser:
        shown = browser.get(f"{page}matches/")
        entry = hidden(shown, "entry")
        why = shown.content.decode()
        assert "</bdi> = <bdi>" in why  # part by part, in the writing of both sides
        assert browser.post(f"{page}decide/", {"entry": entry, "decision": "match.same"}).status_code == 302
        assert "MA-2210" in browser.get(f"{page}matches/").content.decode()
        browser.post(f"{page}decide/", {"entry": entry, "decision": "match.different"})
        shown = browser.get(f"{page}matches/").content.decode()
        assert 'value="match.same"' in shown
        assert 'value="match.different"' not in shown


def test_the_entry_behind_a_match_is_opened_for_the_reason_of_the_enquiry(
    madrid: Side, rabat: Side, registered: Two
) -> None:
    page = sent(madrid, registered)
    with rabat as browser:
        shown = browser.get(f"{page}matches/")
        address = re.search(r'action="(/registers/entries/[^"]+)"', shown.content.decode())
        assert address is not None
        reason = {name: hidden(shown, name) for name in ("purpose", "aim", "category", "matter", "offence")}
        opened = browser.post(address[1], reason)
        assert opened.status_code == 302, opened.content.decode()
        entry = browser.get(opened["Location"]).content.decode()
        assert "Moktar Benali Elinvento" in entry
        assert reason["matter"] in entry


def test_a_translation_is_kept_beside_its_original(madrid: Side, rabat: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    with rabat as browser:
        shown = browser.get(page).content.decode()
        address = re.search(r'href="([^"]*translate/[^"]*)"', shown)
        assert address is not None
        form = browser.get(address[1].replace("&amp;", "&"))
        assert form.status_code == 200
        fields = {name: hidden(form, name) for name in ("statement", "part", "field")}
        done = browser.post(f"{page}translate/", {**fields, "text": "نص مترجم", "text.language": "ar"})
        assert done.status_code == 302
        shown = browser.get(page).content.decode()
        assert "نص مترجم" in shown
        assert "MA-2210" in shown


def test_what_may_not_be_printed_is_left_out_of_the_print(madrid: Side, rabat: Side, registered: Two) -> None:
    page = sent(madrid, registered, {**ENQUIRY, "conditions.codes": ["H2"]})
    with rabat as browser:
        shown = browser.get(f"{page}print/")
        assert shown.status_code == 200
        assert "Benalí" not in shown.content.decode()
    with madrid as browser:
        assert "Benalí" in browser.get(f"{page}print/").content.decode()


def test_a_words_own_printing_is_decided_too(madrid: Side, rabat: Side, registered: Two) -> None:
    two = registered
    matter = two.arrived()  # of Madrid's H1 H2: to print it, Madrid is asked
    question = ClarificationRequest(points=("clarify.identity",), question=Text("fr", "De quel homme inventé ?"))
    ask_clarification(matter, question, context=two.ma.use(), officer=two.ma.officer())
    two.carry()
    told = Clarification(words=Text("fr", "De celui de la rue inventée."))
    clarify(matter, told, context=two.es.use(), officer=two.es.officer())
    two.carry()
    path = f"/enquiries/{id_text(matter)}/print/"
    with rabat as browser:
        page = browser.get(path).content.decode()
        assert "De quel homme inventé" in page, "our own words are ours to print"
        assert "rue inventée" not in page
    with madrid as browser:
        page = browser.get(path).content.decode()
        assert "rue inventée" in page
        assert "De quel homme inventé" not in page, "handled as strictly as what it asks about"


def test_an_answer_without_information_is_printed_where_the_request_is(
    madrid: Side, rabat: Side, registered: Two
) -> None:
    two = registered
    matter = two.arrived()
    said = refusal()
    refuse_enquiry(matter, refusal=said, context=two.ma.use(), officer=two.ma.officer())
    two.carry()
    assert said.reasons is not None
    with madrid as browser:
        assert said.reasons.value in browser.get(f"/enquiries/{id_text(matter)}/print/").content.decode()


def test_who_has_no_part_in_a_matter_learns_nothing_of_it(madrid: Side, registered: Two, clock: Clock) -> None:
    page = sent(madrid, registered)
    head = Side(registered.es, Browser(language="es"))
    with head as browser:
        browser.sign_in("ES-1001", clock=clock)
        for path in (page, f"{page}replies/", f"{page}print/", f"{page}say/withdrawal/"):
            assert browser.get(path).status_code == 404
        assert page not in browser.get("/").content.decode()
    unknown = Side(registered.es, Browser(language="es"))
    with unknown as browser:
        assert browser.get(page).status_code == 302


def test_the_proof_of_a_matter_is_taken_along_by_who_may_see_it_and_discloses_nothing(
    madrid: Side, rabat: Side, registered: Two, clock: Clock, tmp_path: Path
) -> None:
    page = sent(madrid, registered)
    with madrid as browser:
        shown = browser.get(f"{page}proof/").content.decode()
        found = re.search(r'href="([^"]+/evidence\.zip)"', shown)
        assert found is not None
        answer = browser.get(found[1])
        assert answer["Content-Type"] == "application/zip"
        assert "attachment" in answer["Content-Disposition"]
        archive = tmp_path / "evidence.zip"
        archive.write_bytes(answer.content)
    with zipfile.ZipFile(archive) as opened:
        assert {"manifest.json", "README.md"} <= set(opened.namelist())
        assert not any(b"Mojtar" in opened.read(name) for name in opened.namelist())
    head = Side(madrid.node, Browser(language="es"))
    with head as browser:
        browser.sign_in("ES-1001", clock=clock)
        assert browser.get(found[1]).status_code == 404


def test_a_matter_opens_beside_the_list_and_its_reference_is_found(madrid: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    matter = page.split("/")[2]
    with madrid as browser:
        part = browser.get(page, headers={"HX-Request": "true"}).content.decode()
        assert "<html" not in part
        assert "Mojtar Benalí el Invento" in part
        beside = browser.get(f"/?open={matter}").content.decode()
        assert "detail-title" in beside
        assert "detail-title" not in browser.get("/?open=nonsense").content.decode()
        assert page in browser.post("/search/", {"q": matter[:12]}).content.decode()
        assert matter == id_text(enquiry_rows("1 = 1", ())[0].matter)


def test_a_list_is_narrowed_by_codes(madrid: Side, registered: Two) -> None:
    page = sent(madrid, registered)
    with madrid as browser:
        for query in ("direction=out", "partner=ma.dgst", "channel=embassy", "state=received", "section=open"):
            assert page in browser.get(f"/enquiries/?{query}").content.decode(), query
        for query in ("direction=in", "channel=interpol", "section=closed", "state=refused"):
            assert page not in browser.get(f"/enquiries/?{query}").content.decode(), query
        assert browser.get("/enquiries/?state=nonsense").status_code == 400


STRANGE = ("²", "1" * 5_000, "٣", str(2**63))


@pytest.mark.parametrize("number", STRANGE)
def test_a_number_that_is_none_is_never_a_fault_of_ours(madrid: Side, registered: Two, number: str) -> None:
    page = sent(madrid, registered)
    with madrid as browser:
        new = browser.get("/enquiries/new/")["Location"]
        repeated = {
            "subjects.0.names.0.value": "Nadie",
            f"subjects.{number}.names.0.value": "x",
            f"items.{number}.kind": "x",
        }
        for data in (
            {"version": number},
            {"version": "0", "remove": f"subjects:{number}", **repeated},
            {"version": "0", "remove": "subjects:0", **repeated},
            {"version": "0", "add": f"subjects.{number}", **repeated},
        ):
            for path in (new, f"{new}draft/", f"{page}say/clarification/"):
                assert browser.post(path, data).status_code < 500, (path, data)
            assert browser.get(new).status_code == 200
        (row,) = enquiry_rows("matter = %s", (parse_id(page.split("/")[2]),))
        statement = id_text(row.request)
        for query in ({"part": number, "field": "why"}, {"part": "0", "field": f"subjects.{number}.x"}):
            for answer in (
                browser.get(f"{page}translate/?{urlencode({'statement': statement, **query})}"),
                browser.post(
                    f"{page}translate/", {"statement": statement, "text": "x", "text.language": "es", **query}
                ),
            ):
                assert answer.status_code == 404


def test_the_last_day_of_all_is_told_to_be_none(madrid: Side) -> None:
    with madrid as browser:
        new = browser.get("/enquiries/new/")["Location"]
        data = ENQUIRY | {"version": "0", "conditions.expires_at_ms": "9999-12-31"}
        assert browser.post(f"{new}draft/", data).status_code < 400
        assert browser.get(new).status_code == 200
        assert compose(browser, data).status_code == 422
