"""The pages of a way: five desks with their times, what opens for its owner alone, and where time goes."""

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
from support.matters import FACTS, an_answer, an_item, no_hit  # noqa: E402
from support.node import Nodes  # noqa: E402
from support.ways import World  # noqa: E402
from tansiq.enquiries import unsealed  # noqa: E402
from tansiq.errors import NotProven  # noqa: E402
from tansiq.node import visiting  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.protocol.directory import Use  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402

pytestmark = pytest.mark.storage

SignsIn = Callable[[str, str, str], Browser]


@pytest.fixture
def world(node: Nodes) -> World:
    return World.of(node)


@pytest.fixture
def signs_in(world: World) -> SignsIn:
    """A browser of an officer, signed in at a node, which stays bound."""

    def sign_in(agency: str, number: str, language: str = "es") -> Browser:
        one = world[agency]
        one.use()
        bind_site(one.home)
        settings.ALLOWED_HOSTS = ["testserver"]
        browser = Browser(language=language)
        browser.sign_in(number, clock=world.clock)
        browser.post("/choose/", {"language": language, "next": "/"})
        return browser

    return sign_in


def words(answer: Any) -> str:
    """What the page says, without its markup."""
    assert answer.status_code == 200, answer.content.decode()[:2000]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


@pytest.mark.parametrize(("language", "hub"), [("es", "centre"), ("ar", "centre")])
def test_the_way_of_a_matter_is_drawn_desk_by_desk(world: World, signs_in: SignsIn, language: str, hub: str) -> None:
    matter = world.ask("interpol")
    world.carry()
    world.answer(matter, an_answer(), items=[an_item()])
    world.carry()
    browser = signs_in("es.cgi", "ES-4017", language)
    page = browser.get(f"/enquiries/{id_text(matter)}/")
    drawn = re.search(r'<ol class="route".*?</ol>', page.content.decode(), re.DOTALL)
    assert drawn is not None
    assert drawn[0].count("<li class=") == 5
    assert hub in drawn[0]
    timeline = words(browser.get(f"/enquiries/{id_text(matter)}/timeline/"))
    assert timeline.count("bureau") >= 4, "each bureau handed on, there and back"


def test_what_is_for_a_heads_own_eyes_opens_when_the_head_is_signed_in(world: World, signs_in: SignsIn) -> None:
    matter = world.ask("direct")
    world.carry()
    head = signs_in("ma.dgst", "MA-1001", "fr")
    page = head.get(f"/enquiries/{id_text(matter)}/")
    assert FACTS in words(page)
    assert "Non ouvert" not in words(page)
    assert "/translate/" not in page.content.decode(), "no translation of it is kept"
    assert "/say/delay/" not in page.content.decode(), "the other clock could not read it"
    assert "/say/answer/" in page.content.decode()
    printed = words(head.get(f"/enquiries/{id_text(matter)}/print/"))
    assert FACTS not in printed, "it is for these eyes, and not for paper"
    desk = signs_in("ma.dgst", "MA-2210", "fr")
    assert desk.get(f"/enquiries/{id_text(matter)}/").status_code == 404, "it stands on another desk"


@pytest.mark.parametrize(
    ("language", "unopened"),
    [("ar", "لم يُفتح"), ("es", "Sin abrir"), ("fr", "Non ouvert"), ("en", "Unopened")],
)
def test_an_answer_that_waits_unopened_says_so_to_who_has_no_key_open(
    world: World, signs_in: SignsIn, monkeypatch: pytest.MonkeyPatch, language: str, unopened: str
) -> None:
    """The state follows the docket at once; what it says waits for its owner, and the page says that it does."""
    matter = world.ask("direct")
    world.carry()
    world.answer(matter, no_hit(), number="MA-1001")
    world.carry()
    head = signs_in("es.cgi", "ES-1001", language)
    pages = [f"/enquiries/{id_text(matter)}/{tab}" for tab in ("", "replies/")]
    assert [unopened in words(head.get(address)) for address in pages] == [False, False]
    keys = visiting.keys_of
    monkeypatch.setattr(
        visiting, "keys_of", lambda session: [one for one in keys(session) if one.use == Use.OFFICER_SIGNS]
    )
    assert [unopened in words(head.get(address)) for address in pages] == [True, True]


def test_what_opens_and_does_not_hold_says_so(world: World, signs_in: SignsIn, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = world.ask("direct")
    world.carry()
    head = signs_in("ma.dgst", "MA-1001", "en")

    def altered(*_: object, **__: object) -> None:
        raise NotProven("protocol.commitment")

    monkeypatch.setattr(unsealed, "open_with", altered)
    assert "does not hold" in words(head.get(f"/enquiries/{id_text(matter)}/"))


def test_where_time_goes_is_for_who_runs_a_desk(world: World, signs_in: SignsIn) -> None:
    matter = world.ask("interpol")
    world.carry()
    world.clock.advance(hours=3)
    world.answer(matter, no_hit())
    world.carry()
    head = signs_in("es.cgi", "ES-1001", "es")
    page = words(head.get("/enquiries/times/"))
    assert "INTERPOL" in page
    assert "centre" in page
    assert signs_in("es.cgi", "ES-4017", "es").get("/enquiries/times/").status_code == 404
    bureau = signs_in("es.ncb", "ES-5200", "ar")
    assert "centre" in words(bureau.get("/enquiries/times/"))
