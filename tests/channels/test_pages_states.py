"""The pages of channel states: what is in force, deciding it, what waits and where it may go, reviews, the report."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import django
import pytest
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.browsing import Browser  # noqa: E402
from support.node import Node  # noqa: E402
from support.notes_said import Notes, matter_of  # noqa: E402
from tansiq.channels.emergencies import unreviewed  # noqa: E402
from tansiq.channels.matters import About  # noqa: E402
from tansiq.channels.queries import proposals, standings, waiting  # noqa: E402
from tansiq.channels.rules import Rules, set_rules  # noqa: E402
from tansiq.channels.states import accept_emergency  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.policy.channel_matter import Channel, State  # noqa: E402

pytestmark = pytest.mark.storage
EMBASSY = "/channels/with/ma.dgst/embassy/"
SignsIn = Callable[..., Browser]


@pytest.fixture
def signs_in(notes: Notes) -> SignsIn:
    """A browser of an officer, signed in at a node, which stays bound."""

    def sign_in(node: Node, number: str, language: str = "es") -> Browser:
        node.use()
        bind_site(node.home)
        settings.ALLOWED_HOSTS = ["testserver"]
        browser = Browser(language=language)
        browser.sign_in(number, clock=node.context.clock)
        browser.post("/choose/", {"language": language, "next": "/"})
        return browser

    return sign_in


def words(answer: Any, status: int = 200) -> str:
    """What the page says, without its markup."""
    assert answer.status_code == status, answer.content.decode()[:2000]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def decided(state: str, **more: str) -> dict[str, str]:
    return {"state": state, "reason": "state.political", "words": "", "words.language": "es", "from": "", "from-hour": ""} | {
        "until": "", "until-hour": "", "announce": "yes",
    } | more  # fmt: skip


@pytest.mark.parametrize("language", ["es", "ar", "fr", "en"])
def test_every_page_opens_in_every_language(notes: Notes, signs_in: SignsIn, language: str) -> None:
    notes.set_state("suspended", announce=True, words="Hasta nueva orden.")
    notes.say("uno", matter="a")
    browser = signs_in(notes.es, "ES-1001", language)
    for address in ("/channels/", EMBASSY, f"{EMBASSY}decide/", f"/channels/waiting/{matter_of('a').hex()}/",
                    f"/channels/waiting/{matter_of('a').hex()}/take-back/", "/channels/interruptions/1/"):  # fmt: skip
        said = words(browser.get(address))
        assert "{" not in said, address
    assert "Hasta nueva orden." in words(browser.get(EMBASSY))


def test_a_head_suspends_and_resumes_and_an_officer_only_sees_it(notes: Notes, signs_in: SignsIn) -> None:
    head = signs_in(notes.es, "ES-1001")
    answer = head.post(f"{EMBASSY}decide/", decided("suspended", words="Hasta nueva orden."))
    assert answer.status_code == 302
    assert standings("ma.dgst")[Channel.EMBASSY].own is State.SUSPENDED
    assert "Un canal está suspendido." in words(head.get("/channels/"))
    officer = signs_in(notes.es, "ES-4017")
    assert "Crisis entre los dos Estados" in words(officer.get("/channels/"))
    assert officer.get(f"{EMBASSY}decide/").status_code == 404
    assert officer.post(f"{EMBASSY}decide/", decided("open")).status_code == 404
    assert "Cambiar el estado" not in words(officer.get(EMBASSY))
    notes.carry()
    assert "ha suspendido" in words(signs_in(notes.ma, "MA-2210").get("/notices/"))
    notes.es.use()
    assert head.post(f"{EMBASSY}decide/", decided("open", reason="state.settled")).status_code == 302
    assert standings("ma.dgst")[Channel.EMBASSY].own is State.OPEN


def test_a_form_that_says_too_little_is_shown_again(notes: Notes, signs_in: SignsIn) -> None:
    head = signs_in(notes.es, "ES-1001")
    assert "Escriba el motivo" in words(head.post(f"{EMBASSY}decide/", decided("suspended", reason="state.other")), 422)
    again = words(head.post(f"{EMBASSY}decide/", decided("suspended", until="2001-01-01")), 422)
    assert "El final indicado ya ha pasado." in again
    assert head.post("/channels/with/ma.dgst/pigeon/decide/", decided("open")).status_code == 404
    assert head.get("/channels/with/fr.dgsi/embassy/").status_code == 404
    assert standings("ma.dgst")[Channel.EMBASSY].own is State.OPEN


def test_a_second_person_agrees_on_the_page(notes: Notes, signs_in: SignsIn) -> None:
    set_rules(Rules(two_persons=True, deciders=("head", "office")))
    head = signs_in(notes.es, "ES-1001")
    assert head.post(f"{EMBASSY}decide/", decided("suspended")).status_code == 302
    [row] = proposals()
    assert "Dar mi conformidad" not in words(head.get("/channels/")), "nobody agrees to one's own proposal"
    office = signs_in(notes.es, "ES-3300")
    assert "Dar mi conformidad" in words(office.get("/channels/"))
    assert office.post(f"/channels/proposals/{row.id.hex()}/", {"answer": "agree"}).status_code == 302
    assert standings("ma.dgst")[Channel.EMBASSY].own is State.SUSPENDED
    assert "ya está resuelta" in words(office.post(f"/channels/proposals/{row.id.hex()}/", {"answer": "agree"}), 409)


def test_what_waits_takes_another_channel_or_the_courier_or_is_taken_back(notes: Notes, signs_in: SignsIn) -> None:
    notes.set_state("suspended", channel="liaison")
    for name in "abc":
        notes.say(name, matter=name, channel="liaison")
    officer = signs_in(notes.es, "ES-4017")
    listed = words(officer.get("/channels/with/ma.dgst/liaison/"))
    assert listed.count("en espera desde") == 3
    first, second, third = (f"/channels/waiting/{matter_of(name).hex()}/" for name in "abc")
    shown = words(officer.get(first))
    assert "Consejería de Interior en la embajada" in shown
    assert officer.post(f"{first}move/", {"channel": "embassy", "deviation": ""}).status_code == 302
    assert officer.post(f"{second}move/", {"channel": "interpol"}).status_code == 403
    assert officer.post(f"{second}by-hand/", {}).status_code == 302
    assert "para llevar en mano" in words(officer.get(second))
    assert officer.post(f"{third}take-back/", {}).status_code == 302
    assert [row.by_hand for row in waiting()] == [True]
    assert officer.get(third).status_code == 404
    other = signs_in(notes.es, "ES-3300")
    assert other.get(second).status_code == 404, "another desk's matter is not there"
    assert "Espera un mensaje de otra mesa." in words(other.get("/channels/with/ma.dgst/liaison/"))
    notes.carry()
    assert notes.heard() == ["a"]


def test_danger_to_life_passes_and_is_reviewed_by_another(notes: Notes, signs_in: SignsIn) -> None:
    notes.ma.use()
    accept_emergency("es.cgi", accepts=True, officer=notes.ma.officer("MA-1001"), context=notes.ma.context)
    notes.carry()
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    officer = signs_in(notes.es, "ES-4017")
    place = f"/channels/waiting/{matter_of('a').hex()}/"
    assert officer.post(f"{place}emergency/", {"words": "", "words.language": "es"}).status_code in {200, 422}
    assert len(waiting()) == 1
    said = {"words": "Atentado inminente.", "words.language": "es"}
    assert officer.post(f"{place}emergency/", said).status_code == 302
    [one] = unreviewed()
    review = f"/channels/emergencies/{one.id.hex()}/"
    assert officer.get(review).status_code == 404
    head = signs_in(notes.es, "ES-1001")
    assert "Pasos por emergencia pendientes" in words(head.get("/channels/"))
    assert "Atentado inminente." in words(head.get(review))
    assert head.post(review, {"verdict": "", "words": "", "words.language": "es"}).status_code == 422
    assert head.post(review, {"verdict": "emergency.justified", "words": "", "words.language": "es"}).status_code == 302
    assert unreviewed() == []
    notes.carry()
    assert notes.heard() == ["uno"]


def test_the_report_tells_when_all_is_there(notes: Notes, signs_in: SignsIn) -> None:
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    notes.set_state("open")
    officer = signs_in(notes.es, "ES-4017")
    assert "Aún no está todo completo." in words(officer.get("/channels/interruptions/1/"))
    notes.carry()
    assert "Todo está completo" in words(officer.get("/channels/interruptions/1/"))
    assert officer.get("/channels/interruptions/9/").status_code == 404


def test_the_report_names_a_matter_to_its_own_desk_alone(
    notes: Notes, signs_in: SignsIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {matter_of("a"): About(title=lambda _: "Asunto de la mesa", url=lambda: "/enquiries/own/")}
    monkeypatch.setattr(
        "tansiq.channels.matters._knowers", [lambda matters: {m: named[m] for m in matters if m in named}]
    )
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    notes.set_state("open")
    place = "/channels/interruptions/1/"
    own = signs_in(notes.es, "ES-4017").get(place).content.decode()
    assert "Asunto de la mesa" in own
    assert "/enquiries/own/" in own
    other = signs_in(notes.es, "ES-1001").get(place).content.decode()
    assert "Asunto de la mesa" not in other
    assert "/enquiries/own/" not in other


def test_a_declaration_is_made_and_withdrawn(notes: Notes, signs_in: SignsIn) -> None:
    head = signs_in(notes.es, "ES-1001")
    assert head.post("/channels/emergency-word/ma.dgst/", {"answer": "accept"}).status_code == 302
    assert "Le hemos declarado que las admitimos" in words(head.get("/channels/"))
    assert head.post("/channels/emergency-word/ma.dgst/", {"answer": "refuse"}).status_code == 302
    officer = signs_in(notes.es, "ES-4017")
    assert officer.post("/channels/emergency-word/ma.dgst/", {"answer": "accept"}).status_code == 403
