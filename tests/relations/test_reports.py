"""Strategic reports: who reads them, by which way they go, what is told back, what the rules refuse."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.node import Node, Nodes, carry
from support.papers import REPORT_CONDITIONS, a_report
from support.returned import back_to
from support.ways import OFFICE, World
from tansiq.cases.items import ITEM
from tansiq.cases.queries import item_faults, items_of
from tansiq.channels.choices import choice_of
from tansiq.channels.passing import take_back
from tansiq.channels.profile import channel_rules, set_channel_rules
from tansiq.channels.states import decide as decide_state
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.drafts import Draft
from tansiq.exchange.services import send
from tansiq.journal.access import read_access
from tansiq.node.backup import backup
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import StateWord
from tansiq.policy.report import StrategicReport
from tansiq.policy.values import Text
from tansiq.protocol.parts import Part
from tansiq.relations.reports import READ, REPORT, report_row, reports_for
from tansiq.relations.reports_reading import list_reports, read_report, unread_reports
from tansiq.relations.reports_saying import prepare_report, send_report

pytestmark = pytest.mark.storage

OFFICER = "ES-3300"
HOST = "MA-1001"


def sent(pair: tuple[Node, Node], report: StrategicReport | None = None, **more: Any) -> bytes:
    """The embassy's office sends a report to Rabat's head; Madrid stays bound."""
    es, ma = pair
    made: dict[str, Any] = {"sender": es.post("embassy-office"), "to": ma.post("head")} | more
    return send_report(report or a_report(), context=es.use(), officer=es.officer(OFFICER), **made)[1]


def test_the_office_reports_to_the_host_and_learns_that_it_was_read(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    said = sent(pair, a_report(personal=OFFICER))
    carry(es, ma)
    (mine,) = list_reports(context=es.use(), officer=es.officer(OFFICER)).rows
    assert (mine.state, mine.row.office, mine.received_ms is not None) == ("received", "", True)
    ma.use()
    assert len(unread_reports(context=ma.context, officer=ma.officer(HOST))) == 1
    read = read_report(said, context=ma.context, officer=ma.officer(HOST))
    assert (read.report, read.by, read.row.read_by) == (a_report(personal=OFFICER), OFFICER, HOST)
    (item,) = items_of(read.row.matter)
    assert (item.kind, item.handling, item.classification, item.evaluation) == (
        REPORT,
        ("H2",),
        "class.restricted",
        "B2",
    )
    carry(es, ma)
    es.use()
    row = report_row(said, [es.post("embassy-office")])
    assert (row.read_by, row.read_ms) == (HOST, read.row.read_ms)
    ma.use()
    assert unread_reports(context=ma.context, officer=ma.officer(HOST)) == ()


def test_it_goes_home_too_and_back_to_the_office(pair: tuple[Node, Node]) -> None:
    """Both directions, on a node that holds the office and the desk: nothing leaves the house."""
    es, _ = pair
    office, head = es.post("embassy-office"), es.post("head")
    context = es.use()
    _, home = send_report(a_report(), sender=office, to=head, context=context, officer=es.officer(OFFICER))
    assert read_report(home, context=context, officer=es.officer("ES-1001")).state == "read"
    _, back = send_report(a_report(), sender=head, to=office, context=context, officer=es.officer("ES-1001"))
    assert [one.row.statement for one in list_reports(context=context, officer=es.officer(OFFICER)).rows] == [
        back,
        home,
    ]
    assert read_report(back, context=context, officer=es.officer(OFFICER)).row.read_by == OFFICER


def test_the_host_reports_to_the_office_and_over_it_to_the_home_service(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    context = ma.use()
    straight = send_report(
        a_report(), sender=ma.post("head"), to=es.post("embassy-office"), context=context, officer=ma.officer(HOST)
    )[1]
    over = send_report(
        a_report(), sender=ma.post("head"), to=es.post("head"), via=es.post("embassy-office"), context=context,
        officer=ma.officer(HOST),
    )[1]  # fmt: skip
    carry(es, ma)
    rows = {row.statement: row for row in reports_for([es.post("embassy-office")])}
    assert set(rows) == {straight, over}, "the office reads what passes it"
    assert rows[over].office == es.post("embassy-office")
    read_report(over, context=es.context, officer=es.officer(OFFICER))
    assert report_row(over, [es.post("head")]).read_ms is None, "the office is not the desk that it is for"
    read_report(over, context=es.context, officer=es.officer("ES-1001"))
    carry(es, ma)
    ma.use()
    assert report_row(over, [ma.post("head")]).read_by == "ES-1001"


def test_it_travels_hop_by_hop_where_the_office_is_a_node_of_its_own(world: World) -> None:
    office, ma, es = world["es.rabat"], world["ma.dgst"], world["es.cgi"]
    _, host = send_report(
        a_report(), sender=OFFICE, to=ma.post("head"), context=office.use(), officer=office.officer(OFFICER)
    )
    _, home = send_report(
        a_report(), sender=OFFICE, to=es.post("head"), context=office.use(), officer=office.officer(OFFICER)
    )
    over = send_report(
        a_report(), sender=es.post(), to=ma.post("head"), context=es.use(), officer=es.officer("ES-4017")
    )[1]
    world.carry()
    assert world.faults() == {}
    assert {row.statement for row in reports_for([es.post("head")])} <= {home}
    ma.use()
    assert {row.statement for row in reports_for([ma.post("head")])} == {host, over}
    for said in (host, over):
        read_report(said, context=ma.use(), officer=ma.officer(HOST))
    read_report(home, context=es.use(), officer=es.officer("ES-1001"))
    world.carry()
    office.use()
    assert {row.read_by for row in reports_for([OFFICE])} == {HOST, "ES-1001"}
    es.use()
    assert report_row(over, [es.post()]).read_by == HOST, "told by the way that it came"
    assert ("es.cgi", "es.rabat") in {(one, other) for one, other, _ in world.parcels}


# -------------------------------------------------------------------------------------------------------- refused


@pytest.fixture
def world(node: Nodes) -> Iterator[World]:
    """Every desk of every way; its permissive rules end with the test."""
    rules = channel_rules()
    yield World.of(node)
    set_channel_rules(rules)


@pytest.mark.parametrize("channel", [Channel.DIRECT, Channel.LIAISON, Channel.INTERPOL])
def test_the_rules_refuse_every_other_channel(pair: tuple[Node, Node], channel: Channel) -> None:
    with pytest.raises(Refused, match="refused"):
        sent(pair, channel=channel)
    assert reports_for([pair[0].post("embassy-office")]) == []


def test_what_the_rules_carry_is_kept_with_the_choice_and_logged(pair: tuple[Node, Node]) -> None:
    es, _ = pair
    said = sent(pair)
    choice = choice_of(report_row(said, [es.post("embassy-office")]).matter)
    assert choice is not None
    assert (choice.channel, choice.nature, choice.kind) == ("embassy", "strategic", REPORT)
    logged = [one for _, one in read_access(es.context.keys) if one is not None]
    assert (OFFICER, REPORT) in {(one["officer"], one["justification"]) for one in logged}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fields": ()}, "policy.law"),
        ({"personal": None}, "policy.law"),
        ({"conditions": None}, "policy.law"),
        ({"title": Text("de", "Erfundene Wege")}, "policy.law"),
    ],
)
def test_an_unlawful_one_does_not_leave(pair: tuple[Node, Node], changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        sent(pair, replace(a_report(), **changes))


def test_who_is_not_in_the_desk_and_where_no_office_stands(pair: tuple[Node, Node]) -> None:
    es, _ = pair
    with pytest.raises(Refused, match="officer-not-in-post"):
        sent(pair, sender=es.post("head"))
    with pytest.raises(BadInput, match="no-office"):
        send_report(a_report(), sender=es.post("head"), to=es.post(), context=es.use(), officer=es.officer("ES-1001"))


def test_handling_decides_who_reads(pair: tuple[Node, Node]) -> None:
    """Named readers, a clearance that is too low, another desk: to each the report was never here."""
    es, ma = pair
    named = sent(pair, a_report(conditions=replace(REPORT_CONDITIONS, recipients=("MA-9999",))))
    secret = sent(pair, a_report(conditions=replace(REPORT_CONDITIONS, classification="class.top-secret")))
    plain = sent(pair)
    carry(es, ma)
    context = ma.use()
    assert [one.row.statement for one in list_reports(context=context, officer=ma.officer(HOST)).rows] == [plain]
    for said, number in ((named, HOST), (secret, HOST), (plain, "MA-2210")):
        with pytest.raises(NotFound, match="unknown-report"):
            read_report(said, context=context, officer=ma.officer(number))


def test_what_a_suspension_holds_can_be_taken_back(pair: tuple[Node, Node]) -> None:
    es, ma = pair
    context = es.use()
    word = StateWord(channel="embassy", state="suspended", reason="state.decision", from_ms=context.clock())
    decide_state(ma.agency, word, announce=True, officer=es.officer("ES-1001"), context=context)
    said = sent(pair)
    row = report_row(said, [es.post("embassy-office")])
    take_back(row.matter, officer=es.officer(OFFICER), context=context)
    (mine,) = list_reports(context=context, officer=es.officer(OFFICER)).rows
    assert mine.state == "withdrawn"
    carry(es, ma)
    ma.use()
    assert reports_for([ma.post("head")]) == []


# -------------------------------------------------------------------------------------------------------- no honest node


def draft_of(pair: tuple[Node, Node], report: StrategicReport | None = None) -> Draft:
    es, ma = pair
    context, officer = es.use(), es.officer(OFFICER)
    ready = prepare_report(
        report or a_report(), sender=es.post("embassy-office"), to=ma.post("head"), context=context, number=OFFICER,
        posts=officer.posts,
    )  # fmt: skip
    return ready.draft(officer.acting(REPORT, post=es.post("embassy-office")))


def said_as_it_is(pair: tuple[Node, Node], draft: Draft) -> None:
    es, ma = pair
    send(draft, context=es.use())
    carry(es, ma)
    ma.use()


@pytest.mark.parametrize(
    ("docket", "code"),
    [
        ({"channel": "direct"}, "relations.docket-differs"),
        ({"channel": "service"}, "policy.no-way"),
        ({"field": "offence.drugs"}, "relations.docket-differs"),
        ({"classification": "class.none"}, "relations.docket-differs"),
        ({"handling": ("H0",)}, "relations.docket-differs"),
    ],
)
def test_a_docket_that_is_not_the_reports_is_refused(
    pair: tuple[Node, Node], set_aside: Callable[[], list[str]], docket: dict[str, Any], code: str
) -> None:
    draft = draft_of(pair)
    said_as_it_is(pair, replace(draft, docket=replace(draft.docket, **docket)))
    assert set_aside() == [code]
    assert reports_for([pair[1].post("head")]) == []


def test_unsigned_unlawful_or_by_no_office_nothing_is_taken(
    pair: tuple[Node, Node], set_aside: Callable[[], list[str]]
) -> None:
    es, ma = pair
    said_as_it_is(pair, replace(draft_of(pair), act=None))
    assert set_aside() == ["channels.no-act"]
    lawless = replace(draft_of(pair), parts=[Part(REPORT, dict(replace(a_report(), personal=None).to_plain()))])
    said_as_it_is(pair, lawless)
    assert set_aside()[-1] == "policy.law"
    empty = replace(draft_of(pair), parts=[Part(ITEM, {})])
    said_as_it_is(pair, empty)
    assert set_aside()[-1] == "relations.part-missing"
    draft, head = draft_of(pair), es.post("head")
    passed_over = replace(
        draft,
        docket=replace(draft.docket, sender=head, route=(head, ma.post("head"))),
        act=es.officer("ES-1001").acting(REPORT, post=head),
    )
    said_as_it_is(pair, passed_over)
    assert set_aside()[-1] == "relations.no-office"


def test_word_that_it_was_read_is_believed_of_the_desk_that_it_was_for(
    pair: tuple[Node, Node], set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rabat's other desk claims to have read what was for the head; and a word on a report that never was."""
    es, ma = pair
    said = sent(pair)
    carry(es, ma)
    ma.use()
    from tansiq.relations import reports_reading

    row = report_row(said, [ma.post("head")])
    for lie in (replace(row, addressee=ma.post()), replace(row, addressee=ma.post(), statement=row.matter)):
        with monkeypatch.context() as patched:
            patched.setattr(reports_reading, "report_row", lambda *_, one=lie: one)
            reports_reading._tell(lie, ma.officer("MA-2210"), ma.use(), ma.context.clock())
    carry(es, ma)
    es.use()
    assert set(set_aside()) <= {"relations.unknown-report"}
    assert set_aside()
    assert report_row(said, [es.post("embassy-office")]).read_ms is None
    assert READ == "report.read"


# -------------------------------------------------------------------------------------------------------- after a restore


@pytest.mark.parametrize("agency", ["es.cgi", "ma.dgst"])
def test_after_a_restore_every_report_and_who_read_it_is_there(
    pair: tuple[Node, Node], tmp_path: Path, agency: str
) -> None:
    es, ma = pair
    restored, peer = (es, ma) if agency == "es.cgi" else (ma, es)
    backup(restored.home, tmp_path / "backup", context=restored.use())
    es.context.clock.advance(hours=1)  # type: ignore[attr-defined]
    said = sent(pair, a_report(personal=OFFICER))
    carry(es, ma)
    read_report(said, context=ma.use(), officer=ma.officer(HOST))
    carry(es, ma)
    posts = [restored.post("head"), restored.post("embassy-office")]
    restored.use()
    before = report_row(said, posts)
    back_to(tmp_path / "backup", restored, peer)
    assert replace(report_row(said, posts), at_ms=before.at_ms) == before
    assert not list(item_faults(context=restored.context))
    reader = "ES-3300" if restored is es else HOST
    assert read_report(said, context=restored.use(), officer=restored.officer(reader)).report is not None
