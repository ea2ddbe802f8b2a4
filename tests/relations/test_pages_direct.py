"""The pages of the direct channel: one step to write, read receipts, deputies, handing down, and that nobody else has a trace of it."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlencode

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.heads import Heads  # noqa: E402
from support.node import Clock  # noqa: E402
from support.sides import Desks, Side, sides  # noqa: E402
from support.writing import LAW, compose, hidden, messages  # noqa: E402
from tansiq.channels.queries import waiting  # noqa: E402
from tansiq.channels.states import decide  # noqa: E402
from tansiq.exchange.eyes_only import is_closed  # noqa: E402
from tansiq.policy.channel_word import StateWord  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402
from tansiq.relations.direct import delegations, thread, threads  # noqa: E402
from tansiq.relations.direct_ending import erase_direct_due  # noqa: E402

pytestmark = pytest.mark.storage

ES, MA, DEPUTY, DESK = "ES-1001", "MA-1001", "MA-1002", "ES-4017"


@pytest.fixture
def desks(heads: Heads, clock: Clock) -> Desks:
    """Somebody's browser by service number, signed in when it is asked for the first time."""
    return sides(heads.node_of, clock)


LAW_HERE = {name: value for name, value in LAW.items() if name != "law.offence"}
MESSAGE: dict[str, Any] = {
    "words": "El objetivo cruza esta noche.",
    "words.language": "es",
    "field": "offence.terrorism",
    "personal": "yes",
    "subjects.0.kind": "subject.person",
    "subjects.0.category": "category.suspect",
    "subjects.0.names.0.value": "Mojtar Benalí el Invento",
    "subjects.0.names.0.script": "Latn",
    "subjects.0.names.0.role": "name.full",
    "conditions.codes": ["H1"],
    "conditions.classification": "class.restricted",
    **LAW_HERE,
}
PLAIN: dict[str, Any] = {
    "words": "Reunión el jueves.",
    "words.language": "es",
    "field": "offence.terrorism",
    "personal": "no",
    "conditions.codes": ["H1"],
    "conditions.classification": "class.restricted",
}
TO_MA, TO_ES = "/direct/to/ma.dgst/", "/direct/to/es.cgi/"


def here(matter: bytes) -> str:
    return f"/direct/{id_text(matter)}/"


def sent(side: Side, data: dict[str, Any], path: str) -> str:
    """A message that was written, signed and sent in one step; returns where the page leads."""
    with side as browser:
        answer = compose(browser, data, path=path)
        assert answer.status_code == 302, messages(answer)
        return str(answer["Location"])


def text_of(side: Side, path: str, status: int = 200) -> str:
    with side as browser:
        answer = browser.get(path)
        assert answer.status_code == status, answer.content.decode()[:3000]
        return str(answer.content.decode())


def test_one_step_writes_and_the_other_head_reads_and_answers(heads: Heads, desks: Desks) -> None:
    form = text_of(desks(ES), TO_MA)
    for words in ("¿Quién verá qué?", "Firmar y enviar", "MA-1001", "La carátula dice quién escribió a quién"):
        assert words in form
    place = sent(desks(ES), MESSAGE, TO_MA)
    assert "Aún sin leer" in text_of(desks(ES), place)
    heads.carry()
    assert "رسالة واحدة لم تُقرأ." in text_of(desks(MA), "/direct/")
    listed = text_of(desks(MA), "/direct/")
    assert "cruza" not in listed, "a list says nothing of what was said"
    page = text_of(desks(MA), place)
    assert 'dir="rtl"' in page
    for words in ("El objetivo cruza esta noche.", "Mojtar Benalí el Invento", "ES-1001"):
        assert words in page
    answer = {**PLAIN, "words": "نحن في انتظاره بسبتة.", "words.language": "ar"}
    answer.pop("field")
    with desks(MA) as browser:
        unread = messages(compose(browser, answer, path=f"{place}answer/"))
        assert "words" in unread, "Madrid's head reads no Arabic"
    assert (
        sent(desks(MA), {**answer, "words": "Lo esperamos en Ceuta.", "words.language": "es"}, f"{place}answer/")
        == place
    )
    heads.carry()
    assert "Lo esperamos en Ceuta." in text_of(desks(ES), place)


def test_the_sender_sees_who_read_it_and_when(heads: Heads, desks: Desks) -> None:
    place = sent(desks(ES), MESSAGE, TO_MA)
    heads.carry()
    heads.clock.advance(minutes=7)
    text_of(desks(MA), "/direct/")
    heads.carry()
    assert "Aún sin leer" in text_of(desks(ES), place), "a list is no reading"
    text_of(desks(MA), place)
    heads.carry()
    page = text_of(desks(ES), place)
    assert "Leído" in page
    assert "MA-1001" in page
    assert "Su mensaje se leyó" in text_of(desks(ES), "/direct/")


@pytest.mark.parametrize(
    ("lacking", "field"),
    [
        ("words", "words"),
        ("field", "field"),
        ("personal", "personal"),
        ("law.purpose", "law-purpose"),
        ("law.neutrality.political", "law-neutrality-political"),
        ("conditions.codes", "conditions-codes"),
    ],
)
def test_one_step_skips_no_check_of_law(heads: Heads, desks: Desks, lacking: str, field: str) -> None:
    with desks(ES) as browser:
        answer = compose(browser, {name: value for name, value in MESSAGE.items() if name != lacking}, path=TO_MA)
        assert answer.status_code == 422
        assert field in messages(answer)
        assert threads([heads.es.post("head")]) == []
        assert "Firmar y enviar" in browser.get(TO_MA).content.decode(), "what was written is kept"


def test_the_return_key_keeps_the_draft_and_sends_nothing(heads: Heads, desks: Desks) -> None:
    with desks(ES) as browser:
        page = browser.get(TO_MA)
        body = page.content.decode()
        first = body.index("<button", body.index('id="form"'))
        assert 'name="preview"' not in body[first : body.index("</button>", first)]
        done = browser.post(TO_MA, {**MESSAGE, "version": hidden(page, "version")})
        assert done["Location"] == TO_MA
        assert threads([heads.es.post("head")]) == []
        assert "cruza esta noche" in browser.get(TO_MA).content.decode()


def test_two_windows_never_send_what_the_other_wrote(heads: Heads, desks: Desks) -> None:
    with desks(ES) as browser:
        old = hidden(browser.get(TO_MA), "version")
        browser.post(TO_MA, {**PLAIN, "version": old})
        assert browser.post(TO_MA, {**MESSAGE, "version": old, "preview": "1"}).status_code == 409
        assert threads([heads.es.post("head")]) == []


def test_a_basis_of_one_s_own_is_offered_again_and_sent_whole(heads: Heads, desks: Desks) -> None:
    place = sent(desks(ES), MESSAGE, TO_MA)
    form = text_of(desks(ES), f"{place}answer/")
    assert "La indicada" in form
    assert "law.necessity" not in form
    start = form.index('name="basis_choice" value="') + len('name="basis_choice" value="')
    again = {name: value for name, value in PLAIN.items() if name != "field"}
    sent(desks(ES), {**again, "personal": "yes", "basis_choice": form[start : start + 32]}, f"{place}answer/")
    heads.carry()
    page = text_of(desks(MA), place)
    assert "Reunión el jueves." in page
    read = heads.read(MA, thread_of(heads))
    assert all(one.message is not None and one.message.law is not None for one in read)
    assert "La indicada" not in text_of(desks(MA), f"{place}answer/"), "another's basis is not offered"


def thread_of(heads: Heads) -> bytes:
    heads.ma.use()
    return threads([heads.ma.post("head")])[0].matter


# ------------------------------------------------------------------------------------------------------------ nobody else


PATHS = ("/direct/", "/direct/deputies/", "/direct/deputies/new/", TO_MA)


def test_nobody_but_the_head_opens_any_of_it(heads: Heads, desks: Desks) -> None:
    matter, statement = heads.say(MA, "Solo para usted.")
    heads.carry()
    head = text_of(desks(ES), "/direct/")
    assert 'href="/direct/"' in head
    exchange = here(matter)
    for stranger in (DESK, "ES-1002"):
        for path in (*PATHS, exchange, f"{exchange}answer/", f"{exchange}hand-down/{id_text(statement)}/"):
            page = text_of(desks(stranger), path, status=404)
            assert "Solo para usted" not in page
        assert 'href="/direct/"' not in text_of(desks(stranger), "/cases/")
        assert "Mensaje de" not in text_of(desks(stranger), "/notices/")
    text_of(desks(DESK), TO_ES, status=404)
    heads.es.use()
    assert is_closed([statement], context=heads.es.context) == {statement}


# ------------------------------------------------------------------------------------------------------------ the deputy


def named(side: Side, first: str, last: str, deputy: str = DEPUTY) -> Any:
    with side as browser:
        return browser.post("/direct/deputies/new/", {"deputy": deputy, "from_ms": first, "until_ms": last})


def days(clock: Clock, *, after: int = 0) -> str:
    import datetime as dt

    return (dt.datetime.fromtimestamp(clock() / 1000, dt.UTC) + dt.timedelta(days=after)).date().isoformat()


def test_a_deputy_is_named_for_some_days_and_both_sides_see_it(heads: Heads, desks: Desks) -> None:
    text_of(desks(DEPUTY), "/direct/", status=404)
    before, _ = heads.say(ES, "Antes.")
    heads.carry()
    made = named(desks(MA), days(heads.clock), days(heads.clock, after=6))
    assert made.status_code == 302, made.content.decode()[:3000]
    heads.carry()
    assert "يسري الآن" in text_of(desks(MA), "/direct/deputies/")
    theirs = text_of(desks(ES), "/direct/deputies/")
    assert "Rige ahora" in theirs
    assert DEPUTY in theirs
    assert DEPUTY in text_of(desks(ES), TO_MA), "who writes sees that the deputy reads it too"
    place = sent(desks(ES), MESSAGE, TO_MA)
    heads.carry()
    page = text_of(desks(DEPUTY), place)
    assert "cruza esta noche" in page
    assert "تنوبون الآن" in text_of(desks(DEPUTY), "/direct/")
    assert "Antes." not in text_of(desks(DEPUTY), here(before))
    text_of(desks(DEPUTY), "/direct/deputies/new/", status=404)
    heads.carry()
    assert DEPUTY in text_of(desks(ES), place), "the sender sees who read it"
    heads.clock.advance(days=7)
    side = desks(DEPUTY)
    with side as browser:
        browser.sign_in(DEPUTY, clock=heads.clock)
    for path in ("/direct/", place, f"{place}answer/"):
        text_of(side, path, status=404)


def test_only_a_lawful_span_is_taken_and_only_the_head_ends_it(heads: Heads, desks: Desks) -> None:
    assert named(desks(MA), days(heads.clock), days(heads.clock, after=-2)).status_code == 403
    assert named(desks(MA), days(heads.clock), days(heads.clock, after=200)).status_code == 403
    assert named(desks(MA), "", "").status_code == 422
    assert named(desks(MA), days(heads.clock), days(heads.clock, after=3), deputy="MA-2210").status_code == 422
    assert named(desks(MA), days(heads.clock), days(heads.clock, after=3)).status_code == 302
    heads.carry()
    heads.ma.use()
    (row,) = delegations([heads.ma.post("head")])
    place = f"/direct/deputies/{id_text(row.matter)}/end/"
    text_of(desks(DEPUTY), place, status=404)
    assert "لا يفتح" in text_of(desks(MA), place)
    with desks(MA) as browser:
        assert browser.post(place)["Location"] == "/direct/deputies/"
    heads.carry()
    text_of(desks(DEPUTY), "/direct/", status=404)
    assert "Terminado antes de plazo" in text_of(desks(ES), "/direct/deputies/")


# ------------------------------------------------------------------------------------------------------------ handing down


def test_what_is_handed_down_is_shown_first_under_the_stricter_conditions(heads: Heads, desks: Desks) -> None:
    matter, statement = heads.say(MA, "Cruza esta noche.")
    heads.carry()
    head, path = desks(ES), f"{here(matter)}hand-down/{id_text(statement)}/"
    assert "Entregar algo a una mesa" in text_of(head, here(matter))
    data = {
        "desk": heads.es.post("counter-terrorism"), "title": "Paso de Ceuta", "title.language": "es",
        "item.words": "Vigilad el paso de Ceuta esta noche.", "item.words.language": "es", "item.source": "B",
        "item.information": "2", "item.basis": "basis.fact", "item.conditions.codes": ["H2"],
        "item.conditions.classification": "class.none", "obtained": "obtained.no-sign",
    }  # fmt: skip
    with head as browser:
        assert {"desk", "title", "item-basis", "obtained"} <= set(
            messages(compose(browser, {"item.words": "Vigilad."}, path=path))
        )
        answer = compose(browser, data, path=path)
        assert answer.status_code == 302, messages(answer)
        preview = browser.get(answer["Location"])
        shown = preview.content.decode()
        for words in ("Vigilad el paso de Ceuta", "Difusión limitada", "H1", "H2", "Paso de Ceuta", "ma.dgst"):
            assert words in shown, words
        done = browser.post(answer["Location"], {"version": hidden(preview, "version")})
        assert done["Location"] == f"{here(matter)}?done=handed", done.content.decode()[:2000]
        assert "Entregado a" in browser.get(here(matter)).content.decode()
        heads.es.use()
        (row,) = thread(matter, [heads.es.post("head")])
        assert row.handed_to == heads.es.post("counter-terrorism")
    listed = text_of(desks(DESK), "/cases/")
    assert "Paso de Ceuta" in listed
    assert is_closed([statement], context=heads.es.use()) == {statement}


def test_an_own_message_is_not_handed_down(heads: Heads, desks: Desks) -> None:
    matter, statement = heads.say(ES)
    assert "hand-down" not in text_of(desks(ES), here(matter))
    text_of(desks(ES), f"{here(matter)}hand-down/{id_text(statement)}/", status=404)


# ------------------------------------------------------------------------------------------------------------ what waits


@pytest.mark.parametrize(
    ("number", "told"), [("ES-1002", "no suple ahora a la jefatura"), (DEPUTY, "لا ينوب"), (ES, ""), (MA, "")]
)
def test_the_page_of_what_waits_lets_the_head_alone_take_it_back(
    heads: Heads, desks: Desks, number: str, told: str
) -> None:
    node, head, peer = (heads.es, ES, "ma.dgst") if number.startswith("ES") else (heads.ma, MA, "es.cgi")
    matter, said = heads.say(head)
    context = node.use()
    word = StateWord(channel="direct", state="suspended", reason="state.political", from_ms=context.clock())
    decide(peer, word, announce=False, officer=node.officer(head), context=context)
    place = f"/channels/waiting/{matter.hex()}/"
    with desks(number) as browser:
        shown = browser.get(place).content.decode()
        assert (f"{place}take-back/" in shown) is not bool(told)
        assert told in shown
        answers = [browser.get(f"{place}take-back/").status_code, browser.post(f"{place}take-back/").status_code]
    assert answers == ([403, 403] if told else [200, 302])
    node.use()
    assert [one.statement for one in waiting()] == ([said] if told else [])


@pytest.mark.parametrize(("number", "told"), [(ES, "Su contenido se ha suprimido"), (MA, "مُحي")])
def test_what_has_ended_is_told_where_its_words_stood(heads: Heads, desks: Desks, number: str, told: str) -> None:
    matter, _ = heads.say(ES, "Cruza esta noche.")
    heads.carry()
    heads.clock.advance(days=365)
    erase_direct_due(context=heads.node_of(number).use())
    shown = text_of(desks(number), here(matter))
    assert "Cruza esta noche." not in shown
    assert told in shown


@pytest.mark.parametrize("before", ["²", "1" * 16, "1" * 5_000, "-1", "x"])
def test_a_moment_that_is_none_begins_with_the_latest(heads: Heads, desks: Desks, before: str) -> None:
    sent(desks(ES), PLAIN, TO_MA)
    shown = text_of(desks(ES), f"/direct/?{urlencode({'before': before})}")
    assert here(threads([heads.es.post("head")])[0].matter) in shown
