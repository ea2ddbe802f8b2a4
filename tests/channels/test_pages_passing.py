"""What passed a desk, on its pages: codes, the way and the times, for that desk alone; flat however much there is."""

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

from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from support.browsing import Browser  # noqa: E402
from support.matters import FACTS  # noqa: E402
from support.node import Nodes  # noqa: E402
from support.ways import World  # noqa: E402
from tansiq.channels.passages import any_passed, passages  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.protocol.ids import new_id  # noqa: E402

pytestmark = pytest.mark.storage

SignsIn = Callable[[str, str, str], Browser]
HUB = "int.hub/centre"


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


def links(answer: Any) -> list[str]:
    return re.findall(r'href="(/passing/[0-9a-f-]{36}/)"', answer.content.decode())


def filled(count: int, *, channel: str = "interpol", post: str = HUB, from_ms: int = 1_700_000_000_000) -> None:
    """That many statements that passed the hub, invented."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO channels_passage (statement, post, step, reads_body, kind, channel, field, matter, sender, addressee, "
            "deadline_class, said_ms, peer, onward, taken_ms, handed_ms) "
            "VALUES (%s, %s, 'hub', %s, 'enquiry.request', %s, '', %s, 'es.cgi/x', 'ma.dgst/y', '', %s, 'es.ncb', 'ma.ncb', %s, %s)",
            [
                (new_id(from_ms + at), post, False, channel, new_id(from_ms), from_ms, from_ms + at, from_ms + at + 5)
                for at in range(count)
            ],
        )


@pytest.mark.parametrize(
    ("language", "title", "channel"),
    [("es", "Lo que pasa por aquí", "INTERPOL"), ("ar", "ما مر بمكتبنا", "الإنتربول")],
)
def test_the_hub_sees_what_passed_it_and_nothing_of_what_it_says(
    world: World, signs_in: SignsIn, language: str, title: str, channel: str
) -> None:
    world.ask("interpol")
    world.carry()
    hub = signs_in("int.hub", "IN-1", language)
    assert title in words(hub.get("/")), "the navigation leads there"
    page = hub.get("/passing/")
    assert channel in words(page)
    (one,) = links(page)
    shown = hub.get(one)
    drawn = re.search(r'<ol class="route".*?</ol>', shown.content.decode(), re.DOTALL)
    assert drawn is not None
    assert drawn[0].count("<li class=") == 5
    for said in (words(page), words(shown)):
        assert FACTS not in said
        assert "offence." not in said, "codes are told in words"


def test_each_desk_sees_its_own_and_who_is_passed_by_nothing_has_no_entry(world: World, signs_in: SignsIn) -> None:
    world.ask("interpol")
    world.carry()
    (at_the_bureau,) = links(signs_in("es.ncb", "ES-5200", "fr").get("/passing/"))
    rabat = signs_in("ma.ncb", "MA-5100", "ar")
    assert links(rabat.get("/passing/")) == [at_the_bureau], "the same statement, at the other bureau"
    drawn = re.search(r'<ol class="route".*?</ol>', rabat.get(at_the_bureau).content.decode(), re.DOTALL)
    assert drawn is not None
    assert drawn[0].count('<li class="ahead"') <= 1, "the desks before it are named by the entry that brought it"
    office = signs_in("es.rabat", "ES-3300", "es")
    assert "copia de la carátula" in words(office.get("/passing/"))
    assert "recibió solo su carátula" in words(office.get(at_the_bureau))
    desk = signs_in("ma.dgst", "MA-2210", "es")
    assert "/passing/" not in desk.get("/").content.decode()
    assert desk.get(at_the_bureau).status_code == 404
    assert desk.get("/passing/").status_code == 200


def test_the_list_goes_on_where_it_ended_and_is_narrowed(world: World, signs_in: SignsIn) -> None:
    world["int.hub"].use()
    filled(95)
    filled(3, channel="embassy", from_ms=1_600_000_000_000)
    hub = signs_in("int.hub", "IN-1", "en")
    seen: list[str] = []
    address, pages = "/passing/", 0
    while address:
        page = hub.get(address)
        seen += links(page)
        pages += 1
        older = re.search(r'rel="next" href="([^"]+)"', page.content.decode())
        address = older[1].replace("&amp;", "&") if older else ""
    assert (pages, len(seen), len(set(seen))) == (3, 98, 98)
    assert len(links(hub.get("/passing/?channel=embassy"))) == 3
    assert links(hub.get("/passing/?channel=direct")) == []
    assert len(links(hub.get("/passing/?channel=nonsense&desk=es.cgi/x&before=zz"))) == 40, "nonsense is passed over"


def test_a_page_costs_the_same_however_much_passed(world: World) -> None:
    world["int.hub"].use()
    filled(400)
    filled(2, channel="embassy", from_ms=1_500_000_000_000)

    def asked(channel: str) -> str:
        with CaptureQueriesContext(connection) as seen:
            assert passages([HUB], channel=channel, limit=2)
        (query,) = seen.captured_queries
        return str(query["sql"])

    plans = {channel: asked(channel) for channel in ("", "embassy")}
    assert any_passed([HUB])
    assert not any_passed(["int.hub/legal"])
    if connection.vendor != "sqlite":
        return
    for channel, index in (("", "channels_passed_desk"), ("embassy", "channels_passed_by")):
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {plans[channel]}".replace("%", "%%"))
            plan = " ".join(str(row[-1]) for row in cursor.fetchall())
        assert index in plan, plan
        assert "TEMP B-TREE" not in plan, plan


def test_once_the_docket_has_ended_what_was_signed_remains(world: World, signs_in: SignsIn) -> None:
    world.ask("interpol")
    world.carry()
    hub = world["int.hub"]
    hub.use()
    ((statement,),) = world.rows("int.hub", "SELECT statement FROM channels_passage")
    hub.context.keys.erase(bytes(statement))
    browser = signs_in("int.hub", "IN-1", "es")
    (one,) = links(browser.get("/passing/"))
    said = words(browser.get(one))
    assert "La carátula ha expirado aquí" in said
    assert "nuestra mesa" in said


@pytest.mark.parametrize("hidden", [500, 5_000])
def test_what_others_alone_may_know_of_shortens_no_page_and_is_named_by_no_mark(
    world: World, signs_in: SignsIn, monkeypatch: pytest.MonkeyPatch, hidden: int
) -> None:
    """Ten that the reader may know of, many of others', then fifty more, the latest first."""
    from tansiq.channels import pages_passing

    world["int.hub"].use()
    begin = 1_700_000_000_000
    filled(50, from_ms=begin)
    filled(hidden, channel="liaison", from_ms=begin + 3_600_000)
    filled(10, from_ms=begin + 7_200_000)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE channels_passage SET sender = 'es.gc/x', taken_ms = taken_ms + 0 WHERE channel = 'liaison'"
        )
        cursor.execute("SELECT statement FROM channels_passage WHERE channel = 'liaison'")
        others = {bytes(row[0]).hex() for row in cursor.fetchall()}
    monkeypatch.setattr(
        pages_passing, "sees_between", lambda _post, _officer, *, sender, addressee: sender != "es.gc/x"
    )
    hub = signs_in("int.hub", "IN-1", "es")
    address, found, pages = "/passing/", [], 0
    while address and pages < 9:
        answer = hub.get(address)
        found += links(answer)
        pages += 1
        older = re.search(r'rel="next" href="([^"]+)"', answer.content.decode())
        address = older[1].replace("&amp;", "&") if older else ""
        assert not any(other in address for other in others)
    assert len(found) == len(set(found)) == 60
    assert pages == (2 if hidden == 500 else 3)
