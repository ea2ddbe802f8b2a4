"""Who reads a strategic report at the embassy's office: a member whose compartment reaches the service and every field of it; by no exit else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from support.node import PASSPHRASE, Node, Nodes, carry
from support.papers import REPORT_CONDITIONS, a_report
from support.ways import OFFICE as RABAT
from support.ways import World
from tansiq.cases.exits import reader_of, take_out, visible
from tansiq.cases.queries import items_of_statements
from tansiq.channels.profile import channel_rules, set_channel_rules
from tansiq.errors import Error, NotFound, Refused
from tansiq.exchange.evidence import gather
from tansiq.node.creation import NewOfficer, NewPost
from tansiq.node.evidence_holding import disclosing
from tansiq.node.officers import SignedIn
from tansiq.office.compartments import set_compartment
from tansiq.policy.handling import Use
from tansiq.relations import paging, reports_reading
from tansiq.relations.reports import report_row
from tansiq.relations.reports_reading import list_reports, read_report, unread_reports
from tansiq.relations.reports_saying import send_report

pytestmark = pytest.mark.storage

HEAD, MEMBER, HOME, HOST = "ES-3300", "ES-3301", "ES-1001", "MA-1001"
OFFICE = "es.cgi/embassy-office"
BOTH = ("offence.migrant-smuggling", "offence.terrorism")
_POSTS = (
    NewPost("head", "head", {"es": "Jefatura"}, ("es", "fr", "ar")),
    NewPost("embassy-office", "office", {"es": "Consejería"}, ("es", "fr", "ar")),
)


def _met(nodes: Nodes) -> list[Node]:
    officers = [
        NewOfficer(HOME, ("head",), PASSPHRASE),
        *(NewOfficer(number, ("embassy-office",), PASSPHRASE) for number in (HEAD, MEMBER)),
    ]
    es = nodes.new("es.cgi", posts=_POSTS, officers=officers)
    ma = nodes.new("ma.dgst", posts=_POSTS[:1], officers=[NewOfficer(HOST, ("head",), PASSPHRASE)])
    nodes.meet(es, ma)
    return [es, ma]


@pytest.fixture
def both(node: Nodes) -> tuple[Node, Node]:
    es, ma = node.played(_met)
    return es, ma


def exits_of(es: Node, said: bytes, officer: SignedIn) -> set[str]:
    """By which exits an officer gets at a report."""
    context = es.use()
    reader = reader_of(officer, context=context)
    items = items_of_statements([said])[said]
    found = set()
    if said in {one.row.statement for one in list_reports(context=context, officer=officer).rows}:
        found.add("list")
    if visible(items, reader, context=context):
        found.add("items")
    for use in (Use.VIEW, Use.PRINT, Use.COPY):
        try:
            take_out([items[0].id], use, reader, context=context)
        except Error:
            continue
        found.add(str(use))
    shown = disclosing(
        officer, context=context, purpose="purpose.prevention", clearance="class.restricted", use=Use.EXPORT
    )
    for place in (-1, 0):
        try:
            gather(context, statements=[said], disclose=[(said, place)], disclosing=shown)
        except Error:
            continue
        found.add(f"evidence {place}")
    try:
        read_report(said, context=context, officer=officer)
        found.add("read")
    except NotFound:
        pass
    return found


@pytest.mark.parametrize(
    "way", ["to the host", "to the home service", "from the host", "from the home service", "past"]
)
@pytest.mark.parametrize(
    ("service", "fields", "may"),
    [
        ("es.cgi", (), True),
        ("es.cgi", BOTH, True),
        ("es.cgi", BOTH[:1], False),
        ("es.cgi", BOTH[1:], False),
        ("es.gc", (), False),
        ("es.gc", BOTH, False),
    ],
)
def test_a_report_is_read_by_whom_the_compartment_reaches_in_every_field(
    both: tuple[Node, Node], way: str, service: str, fields: Sequence[str], may: bool
) -> None:
    es, ma = both
    mine, theirs = es.post("head"), ma.post("head")
    node, number, sender, to = {
        "to the host": (es, HEAD, OFFICE, theirs),
        "to the home service": (es, HEAD, OFFICE, mine),
        "from the host": (ma, HOST, theirs, OFFICE),
        "from the home service": (es, HOME, mine, OFFICE),
        "past": (ma, HOST, theirs, mine),
    }[way]
    said = send_report(
        a_report(), sender=sender, to=to, via=OFFICE if way == "past" else "", context=node.use(), officer=node.officer(number)
    )[1]  # fmt: skip
    carry(es, ma)
    set_compartment(OFFICE, MEMBER, service=service, fields=fields, by=HEAD, context=es.use())
    found = exits_of(es, said, es.officer(MEMBER))
    if may:
        assert {"list", "items", "view", "read"} <= found
    else:
        assert found == set()
        assert unread_reports(context=es.context, officer=es.officer(MEMBER)) == ()
        assert report_row(said, [OFFICE]).read_by != MEMBER


def test_nobody_writes_what_the_own_compartment_does_not_reach(both: tuple[Node, Node]) -> None:
    es, ma = both
    context = es.use()
    set_compartment(OFFICE, MEMBER, service="es.cgi", fields=BOTH[:1], by=HEAD, context=context)
    with pytest.raises(Refused, match="other-compartment"):
        send_report(a_report(), sender=OFFICE, to=ma.post("head"), context=context, officer=es.officer(MEMBER))
    narrow = a_report(fields=BOTH[:1])
    said = send_report(narrow, sender=OFFICE, to=ma.post("head"), context=context, officer=es.officer(MEMBER))[1]
    assert "read" in exits_of(es, said, es.officer(MEMBER))


def test_evidence_is_for_whom_the_originator_named_and_who_is_cleared(both: tuple[Node, Node]) -> None:
    es, ma = both
    named = replace(REPORT_CONDITIONS, codes=("H0",), recipients=("ES-9999",))
    said = send_report(
        a_report(conditions=named), sender=ma.post("head"), to=OFFICE, context=ma.use(), officer=ma.officer(HOST)
    )[1]
    carry(es, ma)
    assert exits_of(es, said, es.officer(HEAD)) <= {"evidence -1"}


def test_counts_and_pages_are_of_what_the_officer_may_see(
    both: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that the member may read stand behind others; every one is reached, and no more is counted."""
    es = both[0]
    context = es.use()
    officer, head = es.officer(HOME), es.post("head")
    mine = [
        send_report(a_report(fields=BOTH[:1]), sender=head, to=OFFICE, context=context, officer=officer)[1]
        for _ in range(5)
    ]
    for _ in range(12):
        send_report(a_report(), sender=head, to=OFFICE, context=context, officer=officer)
    mine += [
        send_report(a_report(fields=BOTH[:1]), sender=head, to=OFFICE, context=context, officer=officer)[1]
        for _ in range(2)
    ]
    set_compartment(OFFICE, MEMBER, service="es.cgi", fields=BOTH[:1], by=HEAD, context=context)
    member = es.officer(MEMBER)
    assert len(unread_reports(context=context, officer=member)) == len(mine)
    assert len(unread_reports(context=context, officer=es.officer(HEAD))) == len(mine) + 12
    for most in (paging.MOST, 4):
        monkeypatch.setattr(paging, "MOST", most)
        place, found, pages = None, [], 0
        while True:
            page = list_reports(context=context, officer=member, before=place, limit=3)
            found += [one.row.statement for one in page.rows]
            pages += 1
            if (place := page.older) is None:
                break
        assert found == mine[::-1]
        assert pages >= 3
    monkeypatch.setattr(reports_reading, "UNREAD", 4)
    assert len(unread_reports(context=context, officer=member)) == 4


def test_at_an_office_of_its_own_a_report_is_for_its_people_and_those_of_the_service(node: Nodes) -> None:
    rules = channel_rules()
    try:
        world = World.of(node)
        office, es = world["es.rabat"], world["es.cgi"]
        said = send_report(
            a_report(), sender=es.post("head"), to=RABAT, context=es.use(), officer=es.officer("ES-1001")
        )[1]
        world.carry()
        context = office.use()
        assert "read" in exits_of(office, said, office.officer("ES-3301"))
        set_compartment(RABAT, "ES-3301", service="es.cgi", by="ES-3300", context=context)
        set_compartment(RABAT, "ES-3302", service="es.gc", by="ES-3300", context=context)
        assert "read" in exits_of(office, said, office.officer("ES-3301"))
        assert exits_of(office, said, office.officer("ES-3302")) == set()
    finally:
        set_channel_rules(rules)
