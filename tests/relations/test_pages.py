"""The pages of liaison officers: a channel on a telephone, accreditations between two services, handing over; each with its own browser."""

from __future__ import annotations

import datetime as dt
import os
from typing import Any

import django
import pytest
from babel.dates import format_date

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.liaison import CASE, Posted, a_message, accredited, between  # noqa: E402
from support.node import Clock, Nodes, carry  # noqa: E402
from support.sides import Desks, Side, sides  # noqa: E402
from support.writing import LAW, compose, hidden, messages  # noqa: E402
from tansiq.channels.accreditations import accreditation_row, accreditation_rows  # noqa: E402
from tansiq.policy.accreditation_course import Move  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402
from tansiq.relations.liaison import Seat  # noqa: E402

pytestmark = pytest.mark.storage

OFFICER, DESK, HOST, HEAD = "ES-6100", "ES-4017", "MA-2210", "ES-1001"


@pytest.fixture
def desks(posted: Posted, clock: Clock) -> Desks:
    """Somebody's browser by service number, signed in when it is asked for the first time."""
    return sides(lambda number: posted.es if number.startswith("ES") else posted.ma, clock)


MESSAGE: dict[str, Any] = {
    "words": "Vuelve el martes a Tánger.",
    "words.language": "es",
    "personal": "yes",
    "subjects.0.kind": "subject.person",
    "subjects.0.category": "category.suspect",
    "subjects.0.names.0.value": "Mojtar Benalí el Invento",
    "subjects.0.names.0.script": "Latn",
    "subjects.0.names.0.role": "name.full",
    "conditions.codes": ["H1"],
    "conditions.classification": "class.restricted",
    **LAW,
}


def here(posted: Posted) -> str:
    return f"/liaison/{id_text(posted.matter)}/"


def written(side: Side, posted: Posted, to: str, data: dict[str, Any]) -> str:
    """A message that was written, previewed, signed and delivered; returns the preview."""
    with side as browser:
        answer = compose(browser, data, path=f"{here(posted)}to/{to}/")
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        assert preview.status_code == 200, preview.content.decode()[:2000]
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done.status_code == 302, done.content.decode()[:3000]
        assert done["Location"] == here(posted)
    posted.carry()
    return str(preview.content.decode())


def text_of(side: Side, path: str, status: int = 200) -> str:
    with side as browser:
        answer = browser.get(path)
        assert answer.status_code == status, answer.content.decode()[:2000]
        return str(answer.content.decode())


def test_the_officer_writes_from_the_street_and_the_host_reads(posted: Posted, desks: Desks) -> None:
    officer, host = desks(OFFICER), desks(HOST)
    assert "Célula inventada" in text_of(officer, "/liaison/")
    preview = written(officer, posted, "counterpart", MESSAGE)
    assert "lo ve" in preview
    assert "مكتب مكافحة الإرهاب" in preview
    page = text_of(host, here(posted))
    assert 'dir="rtl"' in page
    assert "Vuelve el martes a Tánger." in page
    assert "Mojtar Benalí el Invento" in page
    listed = text_of(host, "/liaison/")
    assert "Vuelve" not in listed, "a list says nothing of what was said"


def test_what_waits_is_counted_until_it_is_read(posted: Posted, desks: Desks) -> None:
    written(desks(OFFICER), posted, "counterpart", MESSAGE)
    host = desks(HOST)
    assert "رسالة واحدة في انتظاركم" in text_of(host, "/liaison/")
    assert "رسالة على قناة ضابط الاتصال" in text_of(host, "/notices/")
    text_of(host, here(posted))
    assert "لا رسالة في انتظاركم" in text_of(host, "/liaison/")


def test_what_the_law_wants_stands_at_its_field(posted: Posted, desks: Desks) -> None:
    with desks(OFFICER) as browser:
        bare = {"words": "Sin más.", "words.language": "es", "personal": "yes"}
        wrong = messages(compose(browser, bare, path=f"{here(posted)}to/counterpart/"))
        assert {"law-purpose", "law-necessity", "conditions-codes", "law-neutrality-political"} <= set(wrong)
        unsaid = messages(compose(browser, {"words": "Sin más."}, path=f"{here(posted)}to/counterpart/"))
        assert "personal" in unsaid
        plain = {
            "words": "Reunión el jueves.", "words.language": "es", "personal": "no", "conditions.codes": ["H1"],
            "conditions.classification": "class.restricted",
        }  # fmt: skip
        answer = compose(browser, plain, path=f"{here(posted)}to/counterpart/")
        assert answer.status_code == 302, messages(answer)


def test_a_basis_is_offered_the_second_time(posted: Posted, desks: Desks) -> None:
    officer = desks(OFFICER)
    written(officer, posted, "counterpart", MESSAGE)
    form = text_of(officer, f"{here(posted)}to/counterpart/")
    assert "La indicada" in form
    assert "law.necessity" not in form, "a new one is asked for only where it is chosen"
    short = {
        "words": "Por la misma base.", "words.language": "es", "personal": "yes", "conditions.codes": ["H1"],
        "conditions.classification": "class.restricted",
    }  # fmt: skip
    with officer as browser:
        assert "basis_choice" in messages(compose(browser, short, path=f"{here(posted)}to/counterpart/"))
        found = hidden_choice(form)
    written(officer, posted, "counterpart", {**short, "basis_choice": found})
    page = text_of(desks(HOST), here(posted))
    assert "Por la misma base." in page
    assert "على الأساس القانوني المذكور من قبل" in page


def hidden_choice(page: str) -> str:
    """The first basis that a form offers."""
    import re

    found = re.search(r'name="basis_choice" value="([0-9a-f]{32})"', page)
    assert found is not None
    return found[1]


def test_handing_on_is_asked_and_done_on_a_page_of_its_own(posted: Posted, desks: Desks) -> None:
    officer, desk = desks(OFFICER), desks(DESK)
    preview = written(desk, posted, "counterpart", MESSAGE)
    assert "Esperará aquí hasta que el oficial de enlace" in preview
    assert "Espera a que el oficial lo entregue" in text_of(desk, here(posted))
    assert "Vuelve el martes" not in text_of(desks(HOST), here(posted))
    page = text_of(officer, here(posted))
    (link,) = [part.split('"')[0] for part in page.split('href="')[1:] if "/hand-on/" in part]
    with officer as browser:
        asked = browser.get(link).content.decode()
        assert "Entregar al servicio anfitrión" in asked
        assert browser.post(link)["Location"] == here(posted)
        assert browser.get(link).status_code == 404, "once is enough"
    posted.carry()
    assert "Vuelve el martes" in text_of(desks(HOST), here(posted))


def test_what_is_sealed_to_the_officer_is_shown_to_the_desk_as_waiting_only(posted: Posted, desks: Desks) -> None:
    posted.say(HOST, Seat.DESK, a_message(HOST, "الجواب عن المركبة.", language="ar"))
    posted.carry()
    page = text_of(desks(DESK), here(posted))
    assert "الجواب" not in page
    assert "Sin abrir" in page
    assert "الجواب عن المركبة." in text_of(desks(OFFICER), here(posted))


def test_who_sits_nowhere_is_told_that_it_does_not_exist(posted: Posted, desks: Desks) -> None:
    head = desks(HEAD)
    for path in (
        here(posted),
        f"{here(posted)}to/counterpart/",
        "/liaison/" + "0" * 8 + "-0000-0000-0000-" + "0" * 12 + "/",
    ):
        text_of(head, path, status=404)
    assert "No hay canales" in text_of(head, "/liaison/")


def test_a_closed_channel_says_why_and_has_no_form(posted: Posted, desks: Desks) -> None:
    posted.decide(HEAD, Move.SUSPEND, reason="accreditation.illness")
    posted.carry()
    officer = desks(OFFICER)
    page = text_of(officer, here(posted))
    assert "El canal está cerrado:" in page
    assert "La acreditación está suspendida" in page
    assert "/to/counterpart/" not in page
    text_of(officer, f"{here(posted)}to/counterpart/", status=404)
    posted.decide(HEAD, Move.WITHDRAW, reason="accreditation.illness")
    posted.carry()
    ended = text_of(officer, here(posted), status=403)
    assert "Su acreditación ha terminado" in ended
    assert "سُحب الاعتماد" in text_of(desks(HOST), here(posted))


def test_the_channel_stands_at_its_case(posted: Posted, desks: Desks) -> None:
    case = f"/cases/{id_text(CASE)}/"
    page = text_of(desks(HOST), case)
    tab = f"/liaison/case/{id_text(CASE)}/"
    assert tab in page
    assert here(posted) in text_of(desks(HOST), tab)
    text_of(desks("MA-1001"), tab, status=404)


# ---------------------------------------------------------------------------------------------------- accreditations

PROPOSAL: dict[str, Any] = {
    "who": "ES-6100 es.cgi/liaison-tangier",
    "to": "ma.dgst/head",
    "tasks": ["task.case"],
    "fields": ["offence.terrorism"],
    "languages": ["es", "ar"],
    "grants.0.case": id_text(CASE),
    "grants.0.field": "offence.terrorism",
    "grants.0.desk": "es.cgi/counter-terrorism",
    "grants.0.counterpart": "ma.dgst/counter-terrorism",
    "grants.0.title": "Célula inventada",
    "grants.0.title.language": "es",
    "reach": "reach.always",
    "contacts.0": "+34 000 000 000",
}


def test_an_accreditation_is_proposed_and_accepted_on_the_pages(node: Nodes, clock: Clock) -> None:
    es, ma = between(node)
    desks = sides(lambda number: es if number.startswith("ES") else ma, clock)
    head, host = desks(HEAD), desks("MA-1001")
    begins = dt.datetime.fromtimestamp(clock() / 1000, dt.UTC).date().replace(day=1)
    ends = begins + dt.timedelta(days=364)
    proposal = PROPOSAL | {"from_ms": str(begins), "until_ms": str(ends)}
    with head as browser:
        wrong = messages(compose(browser, {"who": PROPOSAL["who"]}, path="/liaison/accreditations/new/"))
        assert {"tasks", "fields", "languages", "reach", "from_ms", "until_ms"} <= set(wrong)
        answer = compose(browser, proposal, path="/liaison/accreditations/new/")
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        said = (format_date(day, "d MMM y", "es") for day in (begins, ends))
        assert "Del {} al {}".format(*said) in preview.content.decode()
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done.status_code == 302, done.content.decode()[:3000]
        place = str(done["Location"])
        assert "Propuesta" in browser.get(place).content.decode()
    carry(es, ma)
    assert "مقترح واحد ينتظر جواباً" in text_of(host, "/liaison/accreditations/")
    with host as browser:
        page = browser.get(place).content.decode()
        assert "Célula inventada" in page
        assert "+34 000 000 000" in page
        assert browser.get(f"{place}say/withdraw/").status_code == 404
        assert "قبول الاعتماد" in browser.get(f"{place}say/accept/").content.decode()
        assert browser.post(f"{place}say/accept/")["Location"] == place
    carry(es, ma)
    assert "Vigente" in text_of(head, place)
    row = accreditation_rows()[0]
    assert row.state == "in-force"
    assert (row.until_ms - row.from_ms) // 86_400_000 == 365


def test_a_word_that_ends_wants_its_reason(posted: Posted, desks: Desks) -> None:
    place = f"/liaison/accreditations/{id_text(posted.accreditation)}/"
    with desks(HEAD) as browser:
        assert browser.post(f"{place}say/withdraw/").status_code == 422
        refused = browser.post(f"{place}say/withdraw/", {"reason": "accreditation.other"})
        assert refused.status_code == 403
        assert "requisit" in refused.content.decode() or "explicación" in refused.content.decode()
        done = browser.post(
            f"{place}say/withdraw/",
            {"reason": "accreditation.other", "words": "Cambio de destino.", "words.language": "es"},
        )
        assert done.status_code == 302
    posted.carry()
    posted.ma.use()
    assert accreditation_row(posted.accreditation).state == "withdrawn"
    page = text_of(desks("MA-1001"), place)
    assert "سبب آخر" in page


def test_what_a_case_is_about_is_shown_to_whom_it_concerns(posted: Posted, desks: Desks) -> None:
    place = f"/liaison/accreditations/{id_text(posted.accreditation)}/"
    for number in (HEAD, OFFICER, DESK, "ES-3300"):
        assert "Célula inventada" in text_of(desks(number), place)
    posted.es.use()
    other = accredited(posted.es, posted.ma, officer="ES-6200", cases=())
    assert "Célula inventada" not in text_of(desks("ES-6300"), place)
    assert "ES-6200" in text_of(desks("ES-6300"), f"/liaison/accreditations/{id_text(other)}/")


def test_a_change_begins_with_what_holds(posted: Posted, desks: Desks) -> None:
    place = f"/liaison/accreditations/{id_text(posted.accreditation)}/"
    with desks(HEAD) as browser:
        form = browser.get(f"{place}change/").content.decode()
        assert "Célula inventada" in form
        assert 'value="5c5c5c' in form
    text_of(desks(OFFICER), f"{place}change/", status=404)


def test_the_officer_tells_the_host_of_an_absence(posted: Posted, desks: Desks) -> None:
    place = f"/liaison/accreditations/{id_text(posted.accreditation)}/"
    with desks(OFFICER) as browser:
        assert browser.post(f"{place}reach/", {"reach": "reach.away"}).status_code == 403, "until when?"
        assert browser.post(f"{place}reach/", {"reach": "reach.away", "until_ms": "2099-01-05"}).status_code == 302
    posted.carry()
    assert "الضابط غائب إلى" in text_of(desks(HOST), here(posted))


def test_the_registry_of_a_year_is_taken_away_as_a_table(posted: Posted, desks: Desks) -> None:
    posted.es.use()
    with desks(DESK) as browser:
        year = accreditation_row(posted.accreditation).from_ms // (365 * 86_400_000) + 1970
        answer = browser.get(f"/liaison/registry/{year}.csv")
        assert answer["Content-Type"] == "text/csv; charset=utf-8"
        assert "ES-6100" in answer.content.decode()
        assert browser.get("/liaison/registry/1800.csv").status_code == 400


# ---------------------------------------------------------------------------------------------------- handing over


def test_a_handover_is_ordered_and_done_by_two_people(posted: Posted, desks: Desks) -> None:
    posted.say(HOST, Seat.OFFICER, a_message(HOST, "لكم وحدكم.", language="ar"))
    posted.carry()
    head, first, second = desks(HEAD), desks("ES-9001"), desks("ES-9002")
    former = f"/liaison/accreditations/{id_text(posted.accreditation)}/"
    text_of(head, f"{former}hand-over/", status=404)
    posted.decide(HEAD, Move.WITHDRAW, reason="accreditation.illness")
    posted.carry()
    with head as browser:
        assert "No hay sucesor acreditado" in browser.get(f"{former}hand-over/").content.decode()
    made = accredited(posted.es, posted.ma, officer="ES-6200")
    with head as browser:
        place = str(browser.post(f"{former}hand-over/", {"successor": id_text(made)})["Location"])
        assert "Queda un mensaje" in browser.get(place).content.decode()
    assert "espera su paso como custodio" in text_of(first, "/notices/")
    text_of(desks(DESK), place, status=404)
    with second as browser:
        assert browser.post(f"{place}finish/").status_code == 409
    with first as browser:
        assert browser.post(f"{place}begin/").status_code == 302
    with second as browser:
        assert browser.post(f"{place}finish/").status_code == 302
        assert "Traspaso terminado" in browser.get(place).content.decode()
    later = Posted(posted.es, posted.ma, posted.clock, made)
    page = text_of(desks("ES-6200"), here(later))
    assert "لكم وحدكم." in page
    assert "Antecesor: " in page


def test_the_last_day_of_all_and_a_year_that_is_none_are_no_faults(posted: Posted, desks: Desks) -> None:
    (row,) = accreditation_rows()
    with desks(OFFICER) as browser:
        page = f"/liaison/accreditations/{id_text(row.id)}/"
        away = {"reach": "reach.away", "until_ms": "9999-12-31"}
        assert browser.post(f"{page}reach/", away).status_code == 400
    with desks(DESK) as browser:
        for year in ("0", "9999", "10000", "1" * 18, "1" * 30):
            assert browser.get(f"/liaison/registry/{year}.csv").status_code == 404
