"""Who reads at an office what passes it: a member of that service who is cleared for the field, on the page, in an export and in a search."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import django
import pytest
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
django.setup()  # the models of other rooms are imported by this module

from support.browsing import Browser  # noqa: E402
from support.matters import an_enquiry  # noqa: E402
from support.node import PASSPHRASE, Clock, Node, Nodes, carry  # noqa: E402
from support.two import Two  # noqa: E402
from tansiq.cases.casework import NewCase, link_matter, open_case  # noqa: E402
from tansiq.cases.exits import reader_of, visible  # noqa: E402
from tansiq.cases.queries import items_of_statements  # noqa: E402
from tansiq.cases.registry import matter_may_join  # noqa: E402
from tansiq.channels.compartments import desks_seen  # noqa: E402
from tansiq.enquiries.matter import show_enquiry  # noqa: E402
from tansiq.enquiries.pages_frame import register_frame  # noqa: E402
from tansiq.enquiries.queries import list_enquiries  # noqa: E402
from tansiq.enquiries.rows import enquiry_rows  # noqa: E402
from tansiq.enquiries.services import send_enquiry  # noqa: E402
from tansiq.errors import NotFound  # noqa: E402
from tansiq.node.creation import NewOfficer, NewPost  # noqa: E402
from tansiq.node.officers import SignedIn  # noqa: E402
from tansiq.node.site import bind_site  # noqa: E402
from tansiq.office.compartments import set_compartment  # noqa: E402
from tansiq.policy.values import Text  # noqa: E402
from tansiq.protocol.ids import id_text  # noqa: E402
from tansiq.texts import text  # noqa: E402

pytestmark = pytest.mark.storage

HEAD, MEMBER = "ES-3300", "ES-3301"
OFFICE = "es.cgi/embassy-office"
_POSTS = (
    NewPost("counter-terrorism", "desk", {"es": "Unidad"}, ("es", "en", "fr", "ar")),
    NewPost("embassy-office", "office", {"es": "Consejería"}, ("es", "fr", "ar")),
)


def _met(nodes: Nodes) -> list[Node]:
    officers = [
        NewOfficer("ES-4017", ("counter-terrorism",), PASSPHRASE),
        *(NewOfficer(number, ("embassy-office",), PASSPHRASE) for number in (HEAD, MEMBER)),
    ]
    es = nodes.new("es.cgi", posts=_POSTS, officers=officers)
    ma = nodes.new("ma.dgst", posts=_POSTS[:1], officers=[NewOfficer("MA-2210", ("counter-terrorism",), PASSPHRASE)])
    nodes.meet(es, ma)
    return [es, ma]


@pytest.fixture
def matter(node: Nodes) -> tuple[Node, bytes]:
    es, ma = node.played(_met)
    two = Two(es, ma, node.clock)
    asked = two.ask()
    carry(es, ma)
    es.use()
    return es, asked


def reads(es: Node, matter: bytes, officer: SignedIn) -> tuple[bool, bool]:
    """Whether the page opens, and whether the exits show any item of it."""
    context = es.use()
    try:
        page = show_enquiry(matter, context=context, officer=officer)["request"]["content"] is not None
    except NotFound:
        page = False
    (row,) = enquiry_rows("matter = %s", (matter,))
    items = items_of_statements([row.request])[row.request]
    return page, bool(visible(items, reader_of(officer, context=context), context=context))


@pytest.mark.parametrize(
    ("service", "fields", "may"),
    [
        (None, (), True),
        ("es.cgi", (), True),
        ("es.cgi", ("offence.terrorism",), True),
        ("es.cgi", ("offence.drugs",), False),
        ("es.gc", (), False),
        ("es.gc", ("offence.terrorism",), False),
        ("es.cgi", ("offence.document-forgery",), False),
    ],
)
def test_a_body_is_for_who_is_cleared_for_its_field(
    matter: tuple[Node, bytes], service: str | None, fields: tuple[str, ...], may: bool
) -> None:
    es, asked = matter
    if service is not None:
        set_compartment(OFFICE, MEMBER, service=service, fields=fields, by=HEAD, context=es.use())
    assert reads(es, asked, es.officer(MEMBER)) == (may, may)
    assert reads(es, asked, es.officer("ES-4017")) == (True, True)


@pytest.mark.parametrize(
    ("service", "fields", "may"),
    [("es.cgi", (), True), ("es.cgi", ("offence.drugs",), False), ("es.gc", (), False)],
)
def test_a_case_of_the_office_shows_of_a_matter_what_the_compartment_reaches(
    matter: tuple[Node, bytes], clock: Clock, service: str, fields: tuple[str, ...], may: bool
) -> None:
    es, asked = matter
    context, head = es.use(), es.officer(HEAD)
    bind_site(es.home)
    register_frame()
    settings.ALLOWED_HOSTS = ["testserver"]
    new = NewCase(title=Text("es", "Un título"), posts=(OFFICE,), reference="", fields=(), agencies=(), framework=())
    case = open_case(new, context=context, officer=head)
    link_matter(case, asked, context=context, officer=head)
    set_compartment(OFFICE, MEMBER, service=service, fields=fields, by=HEAD, context=context)
    for number, seen in ((HEAD, True), (MEMBER, may)):
        browser = Browser(language="es")
        browser.sign_in(number, clock=clock)
        address = f"/enquiries/{id_text(asked)}/"
        assert browser.get(address).status_code == (200 if seen else 404)
        assert browser.get(f"{address}files/").status_code == (200 if seen else 404)
        for page, told in (("enquiries/", address), ("timeline/", text("cases.moment.asked", "en", agency="ma.dgst"))):
            answer = browser.get(f"/cases/{id_text(case)}/{page}")
            assert answer.status_code == 200
            assert (told in answer.content.decode()) == seen, page
    reader = reader_of(es.officer(MEMBER), context=context)
    assert matter_may_join(asked, reader, context=context) == may


def test_a_list_holds_what_the_compartment_reaches_and_is_cut_afterwards(
    matter: tuple[Node, bytes], node: Nodes
) -> None:
    es, asked = matter
    node.clock.advance(minutes=1)
    request = an_enquiry()
    assert request.law is not None
    later = send_enquiry(
        replace(request, law=replace(request.law, offence="offence.drugs")), context=es.use(), officer=es.officer("ES-4017"),
        from_post=es.post(), to_post="ma.dgst/counter-terrorism", via_office_post=OFFICE,
    )  # fmt: skip

    def listed(**narrowed: Any) -> list[str]:
        officer = es.officer(MEMBER)
        found = list_enquiries(context=es.use(), posts=officer.posts, officer=officer, **narrowed)
        return [one["id"] for one in found]

    assert set(listed()) == {id_text(asked), id_text(later)}
    [first] = listed(limit=1)
    reached = {id_text(asked): "offence.drugs", id_text(later): "offence.terrorism"}
    set_compartment(OFFICE, MEMBER, service="es.cgi", fields=(reached[first],), by=HEAD, context=es.use())
    assert listed(limit=1) == listed() == [one for one in reached if one != first]
    set_compartment(OFFICE, MEMBER, service="es.gc", by=HEAD, context=es.use())
    assert listed() == []


def test_heading_an_office_clears_nobody(matter: tuple[Node, bytes]) -> None:
    es, asked = matter
    context = es.use()
    set_compartment(OFFICE, MEMBER, service="es.cgi", deputy=True, by=HEAD, context=context)
    set_compartment(OFFICE, HEAD, service="es.cgi", fields=("offence.document-forgery",), by=MEMBER, context=context)
    assert reads(es, asked, es.officer(HEAD)) == (False, False)


def test_who_is_of_another_service_has_no_desk_there(matter: tuple[Node, bytes]) -> None:
    es, _ = matter
    context = es.use()
    desk = "es.cgi/counter-terrorism"
    assert desks_seen((desk, OFFICE), MEMBER) == (desk, OFFICE)
    set_compartment(OFFICE, MEMBER, service="es.gc", by=HEAD, context=context)
    assert desks_seen((desk, OFFICE), MEMBER) == (desk,)
    assert desks_seen((desk, OFFICE), HEAD) == (desk, OFFICE)
