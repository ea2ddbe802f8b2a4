"""The pages of the office, as its head and its officers read them, and the reminder as the desk reads it."""

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
from support.node import Clock  # noqa: E402
from support.ways import OFFICE, World  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.office.compartments import set_compartment  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402

pytestmark = pytest.mark.storage

Open = Callable[[str, str], Browser]


@pytest.fixture
def browsers(world: World, clock: Clock) -> Open:
    """Somebody's browser at a node, signed in when it is asked for the first time; the node stays bound."""
    known: dict[str, Browser] = {}

    def browser(agency: str, number: str) -> Browser:
        world[agency].use()
        bind_site(world[agency].home)
        settings.ALLOWED_HOSTS = ["testserver"]
        if number not in known:
            language = "ar" if number.startswith("MA") else "es"
            known[number] = Browser(language=language)
            known[number].sign_in(number, clock=clock)
            known[number].post("/choose/", {"language": language, "next": "/"})
        return known[number]

    return browser


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def asked(world: World) -> tuple[str, str]:
    found = world.ask("embassy", case=b"one-case-of-both"), world.ask("interpol", case=b"one-case-of-both")
    world.carry()
    assert world.faults() == {}
    return id_text(found[0]), id_text(found[1])


def test_the_register_shows_the_flow_and_is_narrowed_by_its_address(world: World, browsers: Open) -> None:
    first, second = asked(world)
    head = browsers("es.rabat", "ES-3300")
    page = head.get("/office/")
    assert page.status_code == 200
    assert f"/office/{first}/" in page.content.decode()
    assert "/office/?field=offence.terrorism&amp;channel=embassy" in page.content.decode()
    narrowed = head.get("/office/?channel=interpol").content.decode()
    assert f"/office/{first}/" not in narrowed
    assert f"/office/{second}/" in narrowed
    assert head.get("/office/?state=nonsense").status_code == 400
    assert head.get("/office/?which=ended").status_code == 200
    assert head.get("/office/?after=1.zz").status_code == 400


def test_a_matter_is_directed_from_its_page(world: World, browsers: Open) -> None:
    first, second = asked(world)
    head = browsers("es.rabat", "ES-3300")
    page = f"/office/{first}/"
    assert second in head.get(page).content.decode()
    for what, data in (
        ("assign", {"assigned": "ES-3301"}),
        ("prioritise", {"priority": "first"}),
        ("comment", {"words": "Hablar con Rabat.", "words.language": "es"}),
        ("remind", {}),
    ):
        assert head.get(f"{page}{what}/").status_code == 200
        answer = head.post(f"{page}{what}/", data)
        assert answer.status_code == 302, words(answer)
    assert head.post(f"{page}flag/{second}/").status_code == 302
    told = words(head.get(page))
    for said in (
        "Asignación: ES-3301",
        "Prioridad: Primero",
        "Hablar con Rabat.",
        "Recordatorio a la mesa",
        "Por dos canales",
    ):
        assert said in told
    assert head.post(f"{page}remind/").status_code == 409
    world.carry()
    assert world.faults() == {}
    desk = browsers("ma.dgst", "MA-2210")
    assert "es.rabat" in words(desk.get(f"/enquiries/{first}/"))
    assert "تذكيرات مكتب السفارة" in words(desk.get(f"/enquiries/{first}/"))
    assert f"/enquiries/{first}/" in desk.get("/notices/").content.decode()


def test_what_another_service_has_is_not_there(world: World, browsers: Open) -> None:
    first, second = asked(world)
    context = world["es.rabat"].use()
    set_compartment(OFFICE, "ES-3302", service="es.gc", by="ES-3300", context=context)
    other = browsers("es.rabat", "ES-3302")
    page = other.get("/office/")
    assert page.status_code == 200
    assert first not in page.content.decode()
    passed = 'href="/passing/0'
    assert passed not in other.get("/passing/").content.decode()
    assert passed in browsers("es.rabat", "ES-3300").get("/passing/").content.decode()
    for path in (
        f"/office/{first}/",
        f"/office/{first}/comment/",
        "/office/?office=es.cgi/counter-terrorism",
        "/office/members/ES-3301/",
    ):
        assert other.get(path).status_code == 404
    assert other.post(f"/office/{first}/join/{second}/").status_code == 404
    assert other.post(f"/office/{first}/comment/", {"words": "Nada.", "words.language": "es"}).status_code == 404


def test_the_head_gives_compartments_and_nobody_the_own(world: World, browsers: Open) -> None:
    asked(world)
    head = browsers("es.rabat", "ES-3300")
    assert head.get("/office/members/").status_code == 200
    assert head.get("/office/members/ES-3300/").status_code == 404
    data = {"service": "es.cgi", "fields": ["offence.terrorism"]}
    assert head.post("/office/members/ES-3301/", data).status_code == 302
    assert "ES-3300" in words(head.get("/office/members/"))
    officer = browsers("es.rabat", "ES-3301")
    assert "/office/members/ES-3302/" not in officer.get("/office/members/").content.decode()


@pytest.mark.parametrize(
    ("agency", "number"), [("es.cgi", "ES-4017"), ("es.cgi", "ES-1001"), ("es.ncb", "ES-5200"), ("ma.dgst", "MA-2210")]
)
def test_who_stands_in_no_office_finds_no_such_page(world: World, browsers: Open, agency: str, number: str) -> None:
    first, _ = asked(world)
    visitor = browsers(agency, number)
    for path in ("/office/", f"/office/{first}/", "/office/members/", f"/office/{first}/assign/"):
        assert visitor.get(path).status_code == 404
    assert 'href="/office/"' not in visitor.get("/account/").content.decode()
