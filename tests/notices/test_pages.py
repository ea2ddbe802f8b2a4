"""The pages of notices: from the form at Madrid's bureau by the hub's legal desk to Rabat's, and back until it is withdrawn."""

from __future__ import annotations

import datetime as dt
import html
import os

import django
import pytest
from babel.dates import format_date

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.bureaux import Board  # noqa: E402
from support.noticing import (  # noqa: E402
    ANSWER,
    DECLARED,
    RED,
    YELLOW,
    Desks,
    answered,
    checked,
    desks_of,
    laid,
    published,
    sent,
    shown,
)
from support.writing import compose, hidden, messages  # noqa: E402
from tansiq.accounts.drafts import list_drafts  # noqa: E402
from tansiq.journal.access import access_log  # noqa: E402
from tansiq.notices.drafts import drafts_of  # noqa: E402
from tansiq.notices.rows import notice_rows  # noqa: E402

pytestmark = pytest.mark.storage
MISSING = {"purpose": "rpd.identify-interest"}


@pytest.fixture
def desks(board: Board) -> Desks:
    return desks_of(board)


def day_in(desks: Desks, days: int) -> dt.date:
    """The day so many days from now, by the clock of the nodes."""
    return dt.datetime.fromtimestamp(desks.board.clock() / 1000, dt.UTC).date() + dt.timedelta(days=days)


# --------------------------------------------------------------------------------------- a wanted person, to the end


def test_a_red_notice_is_written_checked_judged_answered_and_withdrawn_everywhere(desks: Desks) -> None:
    page = published(desks, RED)
    with desks.madrid as browser:
        mine = shown(browser, page)
        assert "Publicada" in mine
        assert f"Número <bdi>{day_in(desks, 0).year}/1</bdi>" in mine
        assert "Mojtar Benalí el Invento" in mine
        assert "Control jurídico" in mine, "the stages of its life are drawn"
        assert list_drafts("ES-5001") == [], "what was written is no longer kept as a draft"
        assert "Mojtar" not in shown(browser, "/interpol/"), "a list names nobody"
    with desks.rabat as browser:
        theirs = shown(browser, page)
        assert "Pertenencia a organización terrorista inventada." in theirs
        assert "الإجابة عن النشرة" in theirs
        assert "إلغاء النشرة" not in theirs, "a member ends nobody else's notice"
        before = access_log().size
        shown(browser, page)
        assert access_log().size > before, "whoever looks is written down"
    answered(desks, page, ANSWER)
    with desks.madrid as browser:
        for place in ("/", "/interpol/", "/notices/"):
            assert "Persona detenida" in shown(browser, place) or place == "/notices/", place
        assert f"Respuesta a su notificación {day_in(desks, 0).year}/1" in shown(browser, "/notices/")
        mine = shown(browser, page)
        assert "Police judiciaire inventée" in mine
        assert "Retirar la notificación" in mine
        assert "Sigue en vigor" not in shown(browser, "/"), "somebody of the desk has looked"
        question = shown(browser, f"{page}say/executed/")
        assert "se retira de inmediato" in question
        assert browser.get(f"{page}say/executed/").status_code == 200, "to ask does nothing"
        assert browser.post(f"{page}say/executed/", {"on": "2026-11-27"}).status_code == 302
    desks.board.carry()
    for side in (desks.hub, desks.rabat):
        with side as browser:
            assert notice_rows("1 = 1", ())[0].state == "cancelled"
            assert "Mojtar" not in shown(browser, page), "what has ended is its source's alone"
    with desks.madrid as browser:
        mine = shown(browser, page)
        assert "Ya no está en vigor" in mine
        assert "Mojtar Benalí" in mine
        assert browser.get(f"{page}say/executed/").status_code == 404, "it ends once"


def test_whoever_is_sought_again_after_an_arrest_is_flagged_before_it_is_sent_and_on_the_desk(desks: Desks) -> None:
    """The failure of 2004: the partner has said that it holds the man, and he is sought all the same."""
    page = published(desks, RED)
    answered(desks, page, ANSWER)
    with desks.madrid as browser:
        shown(browser, page)
        laid_again = laid(browser, RED, what="diffusion")
        draft = shown(browser, laid_again)
        assert "ma.ncb declaró" in draft
        assert "Privada de libertad" in draft
        assert "decide usted" in draft
        assert checked(browser, laid_again).status_code == 302
        done = browser.post(
            f"{laid_again}send/", {"version": hidden(browser.get(laid_again), "version"), "to": "ma.ncb"}
        )
        assert done.status_code == 302
    desks.board.carry()
    with desks.madrid as browser:
        for place in ("/", "/interpol/"):
            told = shown(browser, place)
            assert 'class="notice late" role="status"' in told, place
            assert "ma.ncb avisa sobre la persona 1: «Privada de libertad»" in told, place
        mine = shown(browser, done["Location"])
        assert "ma.ncb avisa sobre la persona 1" in mine
        assert "ma.ncb avisa" not in shown(browser, "/"), "somebody of the desk has looked"
        assert "ma.ncb avisa" in shown(browser, done["Location"]), "the matter shows it for as long as it is here"
    with desks.rabat as browser:
        assert "نبّهنا es.ncb" in shown(browser, done["Location"])


# ------------------------------------------------------------------------------------------------- somebody missing


def test_a_yellow_notice_is_asked_for_in_arabic_and_ends_when_she_is_found(desks: Desks) -> None:
    with desks.rabat as browser:
        page = sent(browser, YELLOW, **MISSING)
        assert "طلب النشر قيد المعالجة" in shown(browser, page)
        assert browser.get(f"{page}say/executed/").status_code == 404, "there is no warrant to execute"
    desks.board.carry()
    with desks.hub as browser:
        assert "One request waits for the legal check." in shown(browser, "/")
        assert "سلمى المخترعة" in shown(browser, page)
    published(desks, {}, page=page)
    found = {**ANSWER, "result": "result.found", "law.purpose": "purpose.missing-person"}
    found.pop("law.offence")
    answered(desks, page, found, by=desks.madrid)
    with desks.rabat as browser:
        assert "عُثر على المفقود سالماً" in shown(browser, "/")
        done = browser.post(f"{page}say/cancellation/", {"reason": "cancel.found", "on": "2026-11-27"})
        assert done.status_code == 302
    desks.board.carry()
    with desks.madrid as browser:
        assert notice_rows("1 = 1", ())[0].reason == "cancel.found"
        assert "سلمى" not in shown(browser, page)


# ------------------------------------------------------------------------------------------------- before it leaves


@pytest.mark.parametrize(
    ("colour", "purpose", "changes"),
    [
        ("notice.blue", "rpd.identify-interest", {"actions": ["action.locate"]}),
        ("notice.green", "rpd.warn", {"actions": ["action.beware"]}),
        ("notice.black", "rpd.identify-bodies", {"actions": ["action.identify"], "event_date": "2026-09-03"}),
        ("notice.orange", "rpd.warn", {"actions": ["action.beware"]}),
        ("notice.purple", "rpd.warn", {"actions": ["action.inform"]}),
        (
            "notice.silver", "rpd.investigations",
            {"actions": ["action.trace-assets"], "subjects.1.kind": "subject.vehicle", "subjects.1.identifiers.0.type": "id.vehicle-plate",
             "subjects.1.identifiers.0.number": "0000 XYZ"},
        ),
        ("notice.un", "rpd.warn", {"actions": ["action.inform"], "un_reference": "QDi.000"}),
    ],
)  # fmt: skip
def test_a_notice_of_every_colour_is_written_and_checked(
    desks: Desks, colour: str, purpose: str, changes: dict[str, object]
) -> None:
    without = {name: value for name, value in RED.items() if not name.startswith("warrants.")}
    with desks.madrid as browser:
        page = laid(browser, {**without, "law.offence": "offence.drugs", "colour": colour, **changes})
        assert checked(browser, page, purpose=purpose).status_code == 302
        assert "Lista para firmar" in shown(browser, page)


def test_nothing_leaves_before_a_person_has_checked_it_and_a_change_takes_the_check_away(desks: Desks) -> None:
    with desks.madrid as browser:
        page = laid(browser, RED)
        assert "Firmar y enviar" not in shown(browser, page)
        assert browser.post(f"{page}send/", {"version": "1"}).status_code == 409
        answer = browser.post(f"{page}check/", {"version": "1", "rpd_purpose": "rpd.wanted"})
        assert answer.status_code == 422
        assert set(messages(answer)) >= {"article_2", "political", "military", "religious", "racial"}
        assert checked(browser, page).status_code == 302
        assert "Comprobada por" in shown(browser, page)
        assert "Los miembros (1)" in shown(browser, page), "who will see what: the members too"
        again = laid(browser, {**RED, "caution": "Armado."}, path=f"/interpol/write/draft/{page.split('/')[-2]}/")
        assert again == page
        assert "Firmar y enviar" not in shown(browser, page)
        old = browser.post(f"{page}send/", {"version": "2"})
        assert old.status_code == 409, "what was checked is no longer what stands there"
        assert notice_rows("1 = 1", ()) == []


@pytest.mark.parametrize("answers", [{"political": "yes"}, {"article_2": "no"}])
def test_a_draft_that_fails_its_check_has_no_button_that_sends(desks: Desks, answers: dict[str, str]) -> None:
    with desks.madrid as browser:
        page = laid(browser, RED)
        assert checked(browser, page, **answers).status_code == 302
        told = shown(browser, page)
        assert "Firmar y enviar" not in told
        assert "notice late" in told
        forced = browser.post(f"{page}send/", {"version": hidden_version(told)})
        assert forced.status_code in {403, 422}
        assert notice_rows("1 = 1", ()) == []


def hidden_version(page: str) -> str:
    """The version that a page names, or the second: whoever forces the address knows it anyway."""
    return "2" if 'name="version"' not in page else page.split('name="version" value="')[1].split('"', maxsplit=1)[0]


def test_a_red_notice_without_a_warrant_says_at_which_field(desks: Desks) -> None:
    with desks.madrid as browser:
        lacking = {name: value for name, value in RED.items() if name not in {"warrants.0.charge", "facts"}}
        answer = compose(browser, lacking, path=browser.get("/interpol/new/notice/")["Location"])
        assert answer.status_code == 422
        assert {"warrants-0-charge", "facts"} <= set(messages(answer))
        none = {name: value for name, value in RED.items() if not name.startswith("warrants.")}
        answer = compose(browser, none, path=browser.get("/interpol/new/notice/")["Location"])
        assert "Falta la orden judicial de detención." in html.unescape(answer.content.decode())
        more = browser.get("/interpol/new/notice/")["Location"]
        added = browser.post(more, {**none, "version": "0", "add": "warrants"})
        assert added.status_code == 302
        assert [name in shown(browser, more) for name in ("warrants.0.charge", "warrants.1.charge")] == [True, False]
        assert "Ha empezado a escribir" in shown(browser, "/interpol/"), "nothing written is lost"
        light = compose(
            browser,
            {**RED, "warrants.0.punishable_months": "3"},
            path=browser.get("/interpol/new/notice/")["Location"],
        )
        assert set(messages(light)) == {"warrants-0-punishable_months"}


def test_members_are_denied_a_notice_and_never_hear_of_it(desks: Desks) -> None:
    page = published(desks, RED, denied="ma.ncb")
    with desks.hub as browser:
        assert "ma.ncb" in shown(browser, page)
    with desks.rabat as browser:
        assert browser.get(page).status_code == 404
        assert notice_rows("1 = 1", ()) == []
    with desks.madrid as browser:
        form = shown(browser, f"{page}say/restriction/")
        assert "checked" in form, "who is denied it now is ticked"
        assert browser.post(f"{page}say/restriction/", {}).status_code == 302
    desks.board.carry()
    with desks.rabat as browser:
        assert "Mojtar" in shown(browser, page)
    with desks.madrid as browser:
        assert browser.post(f"{page}say/restriction/", {"denied": "ma.ncb"}).status_code == 302
    desks.board.carry()
    with desks.rabat as browser:
        assert "Mojtar" not in shown(browser, page)


def test_the_hub_refuses_and_only_its_source_learns_why(desks: Desks) -> None:
    with desks.madrid as browser:
        page = sent(browser, RED)
    desks.board.carry()
    with desks.hub as browser:
        assert browser.post(f"{page}say/refusal/", {}).status_code == 422
        no = browser.post(f"{page}say/publication/", {"lawful": "no", "until_ms": "2030-01-01"})
        assert no.status_code in {403, 422}, "what its legal officer does not find lawful is not published"
        done = browser.post(
            f"{page}say/refusal/", {"grounds": "hub.judicial-basis", "reasons": "Not signed.", "reasons.language": "en"}
        )
        assert done.status_code == 302, done.content.decode()[:2000]
    desks.board.carry()
    with desks.madrid as browser:
        mine = shown(browser, page)
        assert "Publicación denegada" in mine
        assert "Not signed." in mine
    with desks.rabat as browser:
        assert browser.get(page).status_code == 404


def test_an_update_waits_for_the_hub_beside_what_binds_and_an_extension_is_examined(desks: Desks) -> None:
    page = published(desks, RED, until=str(day_in(desks, 430)))
    matter = page.split("/")[-2]
    with desks.madrid as browser:
        form = shown(browser, f"/interpol/write/update/{matter}/")
        assert "Mojtar Benalí el Invento" in form, "written from the version that binds"
        other = compose(browser, {**RED, "colour": "notice.green"}, path=f"/interpol/write/update/{matter}/")
        assert other.status_code == 422
        draft = laid(browser, {**RED, "caution": "Viaja con otra persona."}, path=f"/interpol/write/update/{matter}/")
        assert checked(browser, draft).status_code == 302
        done = browser.post(f"{draft}send/", {"version": hidden(browser.get(draft), "version")})
        assert (done.status_code, done["Location"]) == (302, page)
    desks.board.carry()
    with desks.hub as browser:
        both = shown(browser, page)
        assert "The update that is proposed" in both
        assert "Viaja con otra persona." in both
        assert "Puede ir armado." in both
    published(desks, {}, page=page, until=str(day_in(desks, 430)))
    with desks.rabat as browser:
        assert "Viaja con otra persona." in shown(browser, page)
    with desks.madrid as browser:
        end = day_in(desks, 4 * 365)
        longer = {"until_ms": str(end), "reason": "Sigue en vigor.", "reason.language": "es"}
        assert browser.post(f"{page}say/extension/", {**longer, "examined": "no"}).status_code in {403, 422}
        assert browser.post(
            f"{page}say/extension/", {**longer, "until_ms": "mañana", "examined": "yes"}
        ).status_code in {400, 422}
        assert browser.post(f"{page}say/extension/", {**longer, "examined": "yes"}).status_code == 302
        assert format_date(end, "d MMM y", "es") in shown(browser, page)


def test_what_ends_soon_is_said_to_its_source_and_then_it_has_expired(desks: Desks) -> None:
    from tansiq.notices.settling import expire

    page = published(desks, RED, until=str(day_in(desks, 21)))
    with desks.madrid as browser:
        assert "Examínela de nuevo" in shown(browser, "/interpol/")
        row = notice_rows("1 = 1", ())[0]
        assert row.until_ms is not None
        desks.board.clock.now_ms = row.until_ms + 1
        assert expire(context=desks.board.es.use()) == 1
    with desks.madrid as browser:
        browser.sign_in("ES-5001", clock=desks.board.clock)
        assert "Ha caducado sin prórroga." in shown(browser, page)
        assert "Caducada" in shown(browser, "/interpol/?scope=ended")


# ---------------------------------------------------------------------------------------------------- answers, persons


def test_an_answer_has_its_own_basis_in_law_and_is_its_sources_alone(desks: Desks) -> None:
    page = published(desks, RED)
    with desks.rabat as browser:
        lacking = {name: value for name, value in ANSWER.items() if name not in {"law.necessity", "place.name", "on"}}
        answer = compose(browser, lacking, path=f"{page}answer/")
        assert answer.status_code == 422
        assert {"law-necessity", "on"} <= set(messages(answer))
        preview = browser.get(compose(browser, ANSWER, path=f"{page}answer/")["Location"]).content.decode()
        assert "int.hub" in preview, "who sees what stands before the button"
    answered(desks, page, {**ANSWER, "result": "result.hit"})
    with desks.hub as browser:
        assert "Police judiciaire" not in shown(browser, page)


def test_an_answer_that_gives_nothing_away_needs_no_basis_and_its_source_reads_its_words(desks: Desks) -> None:
    page = published(desks, RED)
    words = {"result": "result.not-followed", "words": "لا أساس للتوقيف.", "words.language": "ar"}
    answered(desks, page, words)
    with desks.madrid as browser:
        mine = shown(browser, page)
        assert "No se dará curso" in mine
        assert "لا أساس للتوقيف." in mine, "it is handled as the notice is, and its source reads it"


def test_who_is_declared_held_is_told_to_each_partner_apart_and_ends_with_the_release(desks: Desks) -> None:
    with desks.rabat as browser:
        desk = browser.get("/interpol/declared/new/")["Location"]
        lacking = compose(browser, {**DECLARED, "since": "", "status": ""}, path=desk)
        assert lacking.status_code == 422
        assert {"status", "since"} <= set(messages(lacking))
    page = declared(desks)
    with desks.madrid as browser:
        assert "ma.ncb" in shown(browser, "/interpol/declared/")
        told = shown(browser, page)
        assert "Mojtar Benalí el Invento" in told
        assert "Terminar la declaración" not in told, "only who declared it ends it"
        assert "Persona 1: ma.ncb declaró" in shown(browser, laid(browser, RED))
    with desks.rabat as browser:
        end = f"/interpol/declared/write/end/{page.split('/')[-2]}/"
        sworn = {name: value for name, value in DECLARED.items() if name.startswith(("law.", "conditions."))}
        answer = compose(browser, {**sworn, "since": "2026-11-27"}, path=end)
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done.status_code == 302, done.content.decode()[:3000]
    desks.board.carry()
    with desks.madrid as browser:
        assert "declaró" not in shown(browser, laid(browser, RED))


def declared(desks: Desks) -> str:
    """Rabat holds somebody and says so to Madrid: the page of it there."""
    with desks.rabat as browser:
        desk = browser.get("/interpol/declared/new/")["Location"]
        answer = compose(browser, {**DECLARED, "to": "es.ncb/bureau"}, path=desk)
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        assert preview.status_code == 200
        assert "es.ncb" in preview.content.decode()
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done.status_code == 302, done.content.decode()[:3000]
    desks.board.carry()
    with desks.madrid as browser:
        page = shown(browser, "/interpol/declared/")
        return "/interpol/declared/" + page.split('class="row-link" href="/interpol/declared/')[1].split('"')[0]


# ------------------------------------------------------------------------------------------------- who may, and hostile


def test_a_draft_is_dropped_only_after_asking(desks: Desks) -> None:
    with desks.madrid as browser:
        page = laid(browser, RED)
        assert browser.get(f"{page}drop/").status_code == 200
        assert len(drafts_of(["es.ncb/bureau"])) == 1
        assert browser.post(f"{page}drop/").status_code == 302
        assert drafts_of(["es.ncb/bureau"]) == []
        assert browser.get(page).status_code == 404


def test_each_side_opens_its_own_pages_alone(desks: Desks) -> None:
    page = published(desks, RED)
    with desks.madrid as browser:
        draft = laid(browser, RED)
        for word in ("publication", "refusal", "withheld", "request", "notice", "../x"):
            assert browser.get(f"{page}say/{word}/").status_code == 404, word
        assert browser.get(f"{page}answer/").status_code == 404
        assert browser.get("/interpol/members/es.ncb/dismiss/").status_code == 404
        assert browser.get("/interpol/members/ma.ncb/dismiss/").status_code == 404
        assert browser.get("/interpol/members/").status_code == 200
    with desks.rabat as browser:
        assert browser.get(draft).status_code == 404
        assert browser.post(f"{draft}send/", {"version": "1"}).status_code == 404
        for word in ("executed", "cancellation", "extension", "restriction", "publication", "refusal"):
            assert browser.get(f"{page}say/{word}/").status_code == 404, word
            assert browser.post(f"{page}say/{word}/", {"reason": "cancel.executed"}).status_code == 404, word
        assert browser.get(f"/interpol/write/update/{page.split('/')[-2]}/").status_code == 404
    with desks.hub as browser:
        for path in (
            "/interpol/new/notice/",
            "/interpol/write/notice/abcdef/",
            f"{page}answer/",
            f"{page}say/executed/",
        ):
            assert browser.get(path).status_code == 404, path
        assert browser.get("/interpol/members/ma.ncb/dismiss/").status_code == 200


def test_what_is_no_address_and_what_is_no_value_is_refused_and_nothing_is_stored(desks: Desks) -> None:
    with desks.madrid as browser:
        for path in (
            "/interpol/write/other/abc/", "/interpol/write/update/abc/", "/interpol/write/draft/abc/", "/interpol/new/other/",
            "/interpol/declared/write/end/abc/", "/interpol/declared/write/other/abc/", "/interpol/members/x/admit/",
            "/interpol/notices/00000000-0000-0000-0000-000000000000/", "/interpol/drafts/00000000-0000-0000-0000-000000000000/",
            "/interpol/declared/00000000-0000-0000-0000-000000000000/",
        ):  # fmt: skip
            assert browser.get(path).status_code == 404, path
        assert browser.get("/interpol/?scope=%00&colour=x&kind=y&after=").status_code == 200
        assert browser.get("/interpol/?after=zz").status_code == 400
        assert browser.get(f"/interpol/?after={'f' * 30}.{'0' * 32}").status_code == 400
        hostile = {
            "colour": "notice.invisible", "appearance.height_cm": "-5", "appearance.eyes": "<b>", "actions": ["action.kill"],
            "until_ms": "99999-99-99", "event_date": "0000-13-40", "subjects.0.kind": "subject.person\x00",
            "facts": "<script>alert(1)</script>\u202e", "facts.language": "xx", "warrants.0.country": "Nirgendwo",
            "warrants.0.punishable_months": "9" * 40, "conditions.codes": ["H9"],
        }  # fmt: skip
        for name, value in hostile.items():
            here = browser.get("/interpol/new/notice/")["Location"]
            answer = compose(browser, {**RED, name: value}, path=here)
            if answer.status_code == 302:  # a language that is none falls back to the page's own
                answer = browser.get(answer["Location"])
                assert answer.status_code == 200, name
            assert answer.status_code in {200, 422}, (name, answer.status_code)
            assert "<script>alert" not in answer.content.decode()
        assert drafts_of(["es.ncb/bureau"]) == []


def test_what_is_posted_to_a_word_and_is_none_says_nothing(desks: Desks) -> None:
    page = published(desks, RED)
    with desks.madrid as browser:
        for word, form in (
            ("cancellation", {}), ("cancellation", {"reason": "cancel.hub", "words": "x"}), ("cancellation", {"reason": "x"}),
            ("cancellation", {"reason": "cancel.other"}), ("executed", {"on": "not a day"}), ("extension", {}),
            ("extension", {"until_ms": "1990-01-01", "reason": "x", "examined": "yes"}), ("restriction", {"denied": "xx.none"}),
        ):  # fmt: skip
            assert browser.post(f"{page}say/{word}/", form).status_code in {400, 403, 422}, (word, form)
        row = notice_rows("1 = 1", ())[0]
        assert (row.state, row.ended_ms) == ("published", None)


def test_a_print_carries_its_handling_once_the_question_of_ill_treatment_is_answered(desks: Desks) -> None:
    page = published(desks, RED)
    with desks.rabat as browser:
        told = shown(browser, f"{page}print/")
        assert "Mojtar" not in told
        assert "سوء المعاملة" in told, "why it is not printed"
        assert browser.post(f"{page}origin/", {"answer": "x"}).status_code == 422
        assert browser.post(f"{page}origin/", {"answer": "obtained.no-sign"}).status_code == 302
        before = access_log().size
        told = shown(browser, f"{page}print/")
        assert "Mojtar" in told
        assert "H1" in told
        assert access_log().size == before + 1
        assert "الجواب عن احتمال سوء المعاملة" not in shown(browser, page), "it is answered"
