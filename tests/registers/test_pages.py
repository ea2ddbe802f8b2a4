"""The pages of the registers: a search by name in either script, its reason, what was found, an entry; and who may open them."""

from __future__ import annotations

import html
import io
import os
import re
from typing import Any

import django
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from django.conf import settings  # noqa: E402

from fixtures.unlist import ARABIC, CYRILLIC, careless, entity, listed, person  # noqa: E402
from support.browsing import Browser  # noqa: E402
from support.node import Node, Nodes, clock, node  # noqa: E402
from tansiq.journal.access import read_access  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402
from tansiq.registers.pages import urlpatterns  # noqa: E402
from tansiq.registers.queries import entries  # noqa: E402
from tansiq.registers.services import import_un_list  # noqa: E402
from tansiq.web.access import Role, access_of  # noqa: E402

pytestmark = pytest.mark.storage
__all__ = ["clock", "node"]

REASON = {
    "purpose": "purpose.investigation", "aim": "aim.identify", "category": "category.suspect", "matter": "26-0417", "offence": "",
}  # fmt: skip


@pytest.fixture
def es(node: Nodes) -> Node:
    made = node("es.cgi")
    bind_site(made.home)
    settings.ALLOWED_HOSTS = ["testserver"]
    persons = (
        person(1)
        + person(2, ("Rustam", "Ledyanoy"), original=CYRILLIC, aliases=[])
        + person(3, ("Karim", "Zebdi"), original="", aliases=[])
    )
    content = io.BytesIO(listed(persons, entity()))
    import_un_list(content, context=made.context, officer="ES-4017")
    return made


def signed_in(es: Node, number: str = "ES-4017", language: str = "en") -> Browser:
    made = Browser(language=language)
    assert made.sign_in(number, clock=es.context.clock).status_code == 302  # type: ignore[arg-type]
    return made


@pytest.fixture
def desk(es: Node) -> Browser:
    return signed_in(es)


def read(answer: Any) -> str:
    return html.unescape(answer.content.decode())


def asked(desk: Browser, **person: str) -> str:
    """The page of what was found."""
    answer = desk.post("/registers/", person | {key: value for key, value in REASON.items() if key not in person})
    assert answer.status_code == 302, read(answer)
    assert answer["Location"].startswith("/registers/found/")
    shown = desk.get(answer["Location"])
    assert shown.status_code == 200
    return read(shown)


@pytest.mark.parametrize("name", ["Jaled Cherkaui", "خالد الشرقاوي", "Echarkaoui Khalid"])
def test_a_person_is_found_by_name_in_either_script_with_all_reasons(desk: Browser, name: str) -> None:
    page = asked(desk, name=name)
    for said in ("Khalid Echarkaoui", "INi.001", "One person of the registers", "Morocco", "4 Mar 1979", "26-0417"):
        assert said in page, said
    assert 'class="why"' in page
    assert re.search(r"(Very likely|Likely)</bdi>", page)


def test_whatever_else_is_known_is_weighed_and_told(desk: Browser) -> None:
    page = asked(desk, name="Khalid Charkawi", birth="1979", nationality="marroquí", sex="M")
    for said in ("Year of birth fits", "Same nationality"):
        assert said in page, said
    assert "Another nationality" in asked(desk, name="Khalid Charkawi", nationality="Spain")


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "Name"), ({"name": "Khalid", "birth": "last spring"}, "can't be read"),
        ({"name": "Khalid", "nationality": "Utopia"}, "No country of that name"), ({"name": "Khalid", "matter": ""}, "or the offence"),
        ({"name": "Khalid", "matter": "Khalid"}, "That is no reference"), ({"name": "Khalid", "purpose": ""}, "Purpose"),
        ({"name": "Khalid", "aim": ""}, "What the search is for"), ({"name": "Khalid", "category": "category.friend"}, "What the person is"),
    ],
)  # fmt: skip
def test_without_a_name_or_a_reason_nothing_is_searched_and_nothing_written_is_lost(
    es: Node, desk: Browser, said: dict[str, str], told: str
) -> None:
    answer = desk.post("/registers/", REASON | said)
    assert answer.status_code == 422
    page = read(answer)
    assert told in page
    assert all(f'value="{value}"' in page for key, value in said.items() if key in {"name", "birth"})
    assert not [one for _, one in read_access(es.context.keys) if one and one["operation"] == "consultation"]


def test_the_name_stands_in_no_address_title_or_journal(es: Node, desk: Browser) -> None:
    answer = desk.post("/registers/", REASON | {"name": "Jaled Cherkaui"})
    shown = desk.get(answer["Location"])
    page = read(shown)
    addresses = [answer["Location"], *re.findall(r'(?:href|action)="([^"]*)"', page)]
    assert not [one for one in addresses if "erkaui" in one or "Jaled" in one]
    assert "Cherkaui" not in re.search(r"<title>(.*?)</title>", page)[1]  # type: ignore[index]
    assert "erkaui" not in repr([told for _, told in read_access(es.context.keys)])
    assert shown["Cache-Control"] == "no-store"


def test_a_search_is_changed_without_writing_it_again_and_ends_with_the_session(es: Node, desk: Browser) -> None:
    found = desk.post("/registers/", REASON | {"name": "Jaled Cherkaui"})["Location"]
    again = re.search(r'href="(/registers/\?again=[^"]+)"', read(desk.get(found)))
    assert again is not None
    form = read(desk.get(again[1]))
    assert 'value="Jaled Cherkaui"' in form
    assert 'value="26-0417"' in form
    assert signed_in(es, "ES-1001").get(found)["Location"] == "/registers/"


def test_nobody_is_found_and_that_is_said(desk: Browser) -> None:
    assert "Nobody in the registers" in asked(desk, name="Wilhelmina Oosterhuis")


def test_signs_that_hide_a_name_are_told(desk: Browser) -> None:
    page = asked(desk, name="Kha\u200blid Echark\u0430oui")
    assert "Khalid Echarkaoui" in page
    assert "invisible signs" in page
    assert "look like others" in page


def test_an_entry_is_shown_for_the_reason_of_the_search(es: Node, desk: Browser) -> None:
    page = asked(desk, name="Jaled Cherkaui")
    link = re.search(r'href="(/registers/entries/[^"]+)"', page)
    assert link is not None
    shown = read(desk.get(link[1]))
    for said in (
        "Khalid Echarkaoui",
        "خالد الشرقاوي",
        "Jaled Cherkaui",
        "Abu Nawar",
        "not reliable",
        "4 Mar 1979",
        "INi.001",
        "26-0417",
    ):
        assert said in shown, said
    told = [
        one for _, one in read_access(es.context.keys) if one and str(one["justification"]).startswith("register.show")
    ]
    assert [one["officer"] for one in told] == ["ES-4017"]


def test_an_entry_that_is_opened_without_a_reason_asks_for_one(es: Node, desk: Browser) -> None:
    address = f"/registers/entries/{id_text(next(one for one in entries('un') if one.reference == 'INi.001').id)}/"
    for path in (address, f"{address}?for=nothing"):
        page = read(desk.get(path))
        assert "Why do you look" in page
        assert "Echarkaoui" not in page
    assert desk.post(address, REASON | {"matter": ""}).status_code == 422
    answer = desk.post(address, REASON)
    assert answer.status_code == 302
    assert "Khalid Echarkaoui" in read(desk.get(answer["Location"]))
    assert desk.get("/registers/entries/00000000-0000-7000-8000-000000000000/").status_code == 404


def test_a_group_is_an_entry_too_and_one_that_left_the_list_says_so(es: Node, desk: Browser) -> None:
    group = next(one for one in entries("un") if one.kind == "entity")
    answer = desk.post(f"/registers/entries/{id_text(group.id)}/", REASON)
    assert "Invented Trading Company" in read(desk.get(answer["Location"]))
    newer = listed(person(1), "").replace(b"01-31", b"06-30")
    import_un_list(io.BytesIO(newer), context=es.context, officer="ES-4017", removals=True)
    assert "No longer on the list" in read(desk.get(answer["Location"]))


def test_what_arrived_damaged_is_shown_with_its_reason(es: Node, desk: Browser) -> None:
    damaged = careless(listed(person(9, ("Omar", "Sinnombre"), original=ARABIC, aliases=[]), "")).replace(
        b"01-31", b"07-31"
    )
    import_un_list(io.BytesIO(damaged), context=es.context, officer="ES-4017", register="damaged")
    (stored,) = entries("damaged")
    answer = desk.post(f"/registers/entries/{id_text(stored.id)}/", REASON)
    page = read(desk.get(answer["Location"]))
    assert "What arrived damaged" in page
    assert "NAME_ORIGINAL_SCRIPT" in page
    assert ARABIC in page


def test_a_name_in_another_script_is_transliterated_for_the_reader_and_called_so(es: Node, desk: Browser) -> None:
    desk.post("/choose/", {"language": "ar", "next": "/"})
    page = asked(desk, name="Karim Zebdi")
    assert "كريم زبدي (نقل إلى الحرف العربي)" in page
    assert "نقل إلى الحرف العربي" not in asked(desk, name="Jaled Cherkaui"), "the list has that name in Arabic itself"


def test_the_search_box_offers_a_search_by_name_with_its_reason(desk: Browser) -> None:
    assert 'placeholder="Search a name or a reference"' in read(desk.get("/"))
    page = read(desk.post("/search/", {"q": "Jaled Cherkaui"}))
    assert 'action="/registers/"' in page
    assert 'name="name" value="Jaled Cherkaui"' in page
    assert "Why do you search?" in page


def test_only_who_works_at_a_desk_may_open_these_pages(desk: Browser) -> None:
    assert desk.get("/registers/").status_code == 200
    rules = {one.name: access_of(one.callback) for one in urlpatterns}
    assert len(rules) == 3
    for rule in rules.values():
        assert rule is not None
        assert rule.open is None
        assert rule.roles == set(Role) - {Role.DATA_PROTECTION, Role.AUDITOR, Role.ADMINISTRATOR}


def test_a_register_of_other_desks_is_not_there(es: Node, desk: Browser) -> None:
    hidden = io.BytesIO(listed(person(1, ("Hidden", "Onlyhere"), original="", aliases=[])))
    import_un_list(hidden, context=es.context, officer="ES-1001", register="own", posts=("es.cgi/head",))
    assert "own</bdi>" not in read(desk.get("/registers/"))
    assert "Nobody in the registers" in asked(desk, name="Hidden Onlyhere")
    (stored,) = entries("own")
    assert desk.get(f"/registers/entries/{id_text(stored.id)}/").status_code == 404
    assert "Hidden Onlyhere" in asked(signed_in(es, "ES-1001"), name="Hidden Onlyhere")
