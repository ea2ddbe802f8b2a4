"""The pages of strategic reports, agreements, meetings and contact points: each with its own browser; who may open which."""

from __future__ import annotations

import os
from typing import Any

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.browsing import Browser  # noqa: E402
from support.node import Clock, Node, carry  # noqa: E402
from support.papers import a_meeting, a_report, the_minutes  # noqa: E402
from support.sides import Desks, sides  # noqa: E402
from support.writing import LAW, compose, hidden, messages  # noqa: E402
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, MEETING, Step  # noqa: E402
from tansiq.policy.papers import PaperWord  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402
from tansiq.relations.papers import papers  # noqa: E402
from tansiq.relations.papers_saying import propose_meeting, say_paper  # noqa: E402
from tansiq.relations.reports import reports_for  # noqa: E402
from tansiq.relations.reports_saying import send_report  # noqa: E402

pytestmark = pytest.mark.storage

OFFICER, HEAD, DESK, THEIR_HEAD, THEIR_DESK = "ES-3300", "ES-1001", "ES-4017", "MA-1001", "MA-2210"
Pair = tuple[Node, Node]


@pytest.fixture
def desks(pair: Pair, clock: Clock) -> Desks:
    """Somebody's browser by service number, signed in when it is asked for the first time."""
    es, ma = pair
    return sides(lambda number: es if number.startswith("ES") else ma, clock)


REPORT: dict[str, Any] = {
    "sender": "es.cgi/embassy-office",
    "to": "ma.dgst/head",
    "title": "Rutas inventadas",
    "title.language": "es",
    "fields": ["offence.migrant-smuggling", "offence.terrorism"],
    "from_ms": "2026-07-01",
    "until_ms": "2026-09-30",
    "summary": "Se desplazan al oeste.",
    "summary.language": "es",
    "words": "Desde el verano se concentran en dos playas inventadas.",
    "words.language": "es",
    "source": "B",
    "information": "2",
    "personal": "no",
    "purpose": "purpose.prevention",
    "conditions.codes": ["H2"],
    "conditions.classification": "class.restricted",
}
PERSONAL: dict[str, Any] = {
    "personal": "yes",
    "subjects.0.kind": "subject.person",
    "subjects.0.category": "category.suspect",
    "subjects.0.names.0.value": "Mojtar Benalí el Invento",
    "subjects.0.names.0.script": "Latn",
    "subjects.0.names.0.role": "name.full",
    "law.offence": "offence.terrorism",
}
AGREED: dict[str, Any] = {
    "to": "ma.dgst/head",
    "title": "Convenio inventado",
    "title.language": "es",
    "code": "law.es-ma-2019",
    "reference": "BOE inventado 26/0417",
    "from_ms": "2022-04-30",
    "fields": ["offence.terrorism"],
    "grounds": ["transfer.safeguards-instrument"],
    "channels": ["embassy"],
}
MEET: dict[str, Any] = {
    "to": "ma.dgst/head",
    "title": "Reunión semestral inventada",
    "title.language": "es",
    "at_ms": "2028-05-04",
    "at_time": "09:30",
    "place": "Tánger",
    "posts": ["es.cgi/head", "ma.dgst/head"],
    "agenda.0": "Balance del semestre",
    "agenda.0.language": "es",
}
POINTS: dict[str, Any] = {
    "to": "ma.dgst/head",
    "points.0.post": "es.cgi/head",
    "points.0.function": "Urgencias a cualquier hora",
    "points.0.function.language": "es",
    "points.0.languages": ["es", "fr"],
    "points.0.reach": "reach.always",
    "points.0.ways.0": "+34 000 000 000",
}


def written(browser: Browser, here: str, data: dict[str, Any]) -> str:
    """Writes a form, looks at how it will be read, and signs it; where one comes to."""
    judged = compose(browser, data, path=here)
    assert judged.status_code == 302, messages(judged)
    answer = browser.post(f"{here}preview/", {"version": hidden(browser.get(f"{here}preview/"), "version")})
    assert answer.status_code == 302, answer.content.decode()[:500]
    return str(answer["Location"])


def seen(browser: Browser, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, path
    return str(answer.content.decode())


# ------------------------------------------------------------------------------------------------------------ reports


@pytest.mark.parametrize("more", [{}, {**PERSONAL, **LAW}], ids=["without persons", "with a person"])
def test_a_report_from_the_form_to_the_reader_and_back(desks: Desks, pair: Pair, more: dict[str, Any]) -> None:
    es, ma = pair
    with desks(OFFICER) as browser:
        place = written(browser, "/reports/new/", {**REPORT, **more})
        assert "Rutas inventadas" in seen(browser, place)
    carry(es, ma)
    with desks(THEIR_HEAD) as browser:
        assert "Rutas inventadas" in seen(browser, "/reports/")
        page = seen(browser, place)
        assert "dos playas inventadas" in page
        assert ("Benalí" in page) == bool(more)
    carry(es, ma)
    with desks(OFFICER) as browser:
        assert THEIR_HEAD in seen(browser, place), "who read it"


def test_what_is_missing_is_said_at_its_field_and_nothing_is_sent(desks: Desks, pair: Pair) -> None:
    with desks(OFFICER) as browser:
        for name, value in (("summary", ""), ("fields", []), ("personal", ""), ("until_ms", "2026-06-01")):
            judged = compose(browser, {**REPORT, name: value}, path="/reports/new/")
            assert judged.status_code == 422, name
            assert messages(judged), name
        assert reports_for([pair[0].post("embassy-office")]) == []


def test_a_report_is_not_there_for_another_desk(desks: Desks, pair: Pair) -> None:
    es, ma = pair
    _, said = send_report(
        a_report(), sender=es.post("embassy-office"), to=ma.post("head"), context=es.use(), officer=es.officer(OFFICER)
    )
    carry(es, ma)
    for number in (THEIR_DESK, DESK):
        with desks(number) as browser:
            assert "Rutas" not in seen(browser, "/reports/")
            assert browser.get(f"/reports/{id_text(said)}/").status_code == 404


# ------------------------------------------------------------------------------------------------------------ agreements


def test_an_agreement_from_the_form_to_its_end(desks: Desks, pair: Pair) -> None:
    es, ma = pair
    with desks(HEAD) as browser:
        place = written(browser, "/between/write/agreement/", AGREED)
        assert "BOE inventado" in seen(browser, place)
    carry(es, ma)
    with desks(THEIR_DESK) as browser:
        assert "Convenio inventado" in seen(browser, "/between/agreements/")
        assert "say/confirm" not in seen(browser, place)
        assert browser.get(f"{place}say/confirm/").status_code == 404, "a desk doesn't answer for it"
    with desks(THEIR_HEAD) as browser:
        assert "BOE inventado" in seen(browser, place)
        assert browser.get(f"{place}say/confirm/").status_code == 200
        assert browser.post(f"{place}say/confirm/", {}).status_code == 302
    carry(es, ma)
    with desks(HEAD) as browser:
        assert "chip proof" in seen(browser, place)
        lacking = browser.post(f"{place}say/end/", {"reason": "paper.denounced"})
        assert lacking.status_code == 422
        ended = browser.post(f"{place}say/end/", {"reason": "paper.denounced", "until_ms": "2026-01-31"})
        assert ended.status_code == 302
    carry(es, ma)
    for number in (HEAD, THEIR_HEAD):
        with desks(number) as browser:
            assert "chip late" in seen(browser, place)


def test_an_agreement_is_changed_from_its_own_page(desks: Desks, pair: Pair) -> None:
    es, ma = pair
    with desks(HEAD) as browser:
        place = written(browser, "/between/write/agreement/", AGREED)
    carry(es, ma)
    with desks(THEIR_HEAD) as browser:
        browser.post(f"{place}say/confirm/", {})
    carry(es, ma)
    ident = place.rstrip("/").rpartition("/")[2]
    with desks(HEAD) as browser:
        form = seen(browser, f"/between/write/agreement/{ident}/")
        assert "Convenio inventado" in form
        assert "2022-04-30" in form
        written(browser, f"/between/write/agreement/{ident}/", {**AGREED, "reference": "BOE inventado 27/0001"})
        assert "27/0001" in seen(browser, place)
        assert papers(AGREEMENT)[0].pending == 2


# ------------------------------------------------------------------------------------------------------------ meetings


def test_a_meeting_is_proposed_accepted_and_held_and_what_it_decided_is_done(desks: Desks, pair: Pair) -> None:
    es, ma = pair
    with desks(HEAD) as browser:
        place = written(browser, "/between/write/meeting/", MEET)
        assert "09:30" in seen(browser, place)
    carry(es, ma)
    with desks(THEIR_HEAD) as browser:
        assert "Reunión semestral" in seen(browser, "/between/meetings/")
        assert browser.post(f"{place}say/confirm/", {}).status_code == 302
    carry(es, ma)
    ident = place.rstrip("/").rpartition("/")[2]
    minutes = {
        "posts": ["es.cgi/head", "ma.dgst/head"],
        "words": "Se revisó el semestre.",
        "words.language": "es",
        "decisions.0.words": "Enviar la lista de contactos.",
        "decisions.0.words.language": "es",
        "decisions.0.post": "es.cgi/head",
        "decisions.0.due_ms": "2028-06-01",
    }
    with desks(HEAD) as browser:
        written(browser, f"/between/write/minutes/{ident}/", minutes)
        assert "Enviar la lista" in seen(browser, "/between/meetings/")
        assert browser.post(f"/between/meeting/{ident}/done/1/", {}).status_code == 302
        assert "chip proof" in seen(browser, place)
    carry(es, ma)
    with desks(THEIR_HEAD) as browser:
        assert "Se revisó el semestre" in seen(browser, place)
        assert papers(MEETING)[0].state == "held"


def test_a_meeting_is_there_for_those_who_take_part_or_have_something_to_do(desks: Desks, pair: Pair) -> None:
    es, ma = pair
    made = propose_meeting(a_meeting(), to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD))
    carry(es, ma)
    say_paper(MEETING, made, Step.AGREE, context=ma.use(), officer=ma.officer(THEIR_HEAD))
    carry(es, ma)
    place = f"/between/meeting/{id_text(made)}/"
    with desks(DESK) as browser:
        assert "Reunión semestral" not in seen(browser, "/between/meetings/")
        assert browser.get(place).status_code == 404
    word = PaperWord(place=1, number=1, minutes=the_minutes(post=es.post()))
    say_paper(MEETING, made, Step.RECORD, word=word, context=es.use(), officer=es.officer(HEAD))
    with desks(DESK) as browser:
        assert "lista de puntos de contacto" in seen(browser, "/between/meetings/")
        assert browser.get(place).status_code == 200


# ------------------------------------------------------------------------------------------------------------ contacts


def test_contact_points_are_told_and_a_later_list_takes_the_place(desks: Desks, pair: Pair) -> None:
    es, ma = pair
    with desks(HEAD) as browser:
        written(browser, "/between/write/contacts/", POINTS)
        assert "+34 000 000 000" in seen(browser, "/between/contact-points/")
        written(browser, "/between/write/contacts/", {**POINTS, "points.0.ways.0": "+34 111 111 111"})
    carry(es, ma)
    with desks(THEIR_DESK) as browser:
        page = seen(browser, "/between/contact-points/")
        assert "+34 111 111 111" in page
        assert "+34 000 000 000" not in page
        (row,) = papers(CONTACTS)
        assert row.partner == "es.cgi"


@pytest.mark.parametrize(
    "path",
    ["/between/write/agreement/", "/between/write/meeting/", "/between/write/contacts/", "/between/write/nothing/"],
)
def test_who_does_not_answer_for_papers_writes_none(desks: Desks, path: str) -> None:
    with desks(DESK) as browser:
        assert browser.get(path).status_code == 404
        assert browser.post(f"{path}preview/", {}).status_code == 404


@pytest.mark.parametrize(
    "path", ["/reports/", "/between/agreements/", "/between/meetings/", "/between/contact-points/"]
)
def test_empty_lists_say_so(desks: Desks, path: str) -> None:
    for number in (HEAD, THEIR_HEAD):
        with desks(number) as browser:
            assert 'class="empty"' in seen(browser, path)
