"""An officer asks, another answers or refuses: what is stored and sent, and what the law lets nobody send or store."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from support.matters import CONDITIONS, PERSON, an_answer, an_enquiry, an_item, law_of, no_hit, refusal
from support.two import Two
from tansiq.cases.contents import open_statements
from tansiq.cases.queries import items_of
from tansiq.enquiries.queries import list_enquiries, show_enquiry
from tansiq.enquiries.receipts import note_receipts
from tansiq.enquiries.services import (
    answer_enquiry,
    decide_match,
    refuse_enquiry,
    send_enquiries,
    send_enquiry,
)
from tansiq.enquiries.terms import CLOSED_REVIEW_MS, terms
from tansiq.enquiries.weighing import Weighing, matter_of
from tansiq.errors import BadInput, Conflict, Error, NotFound, Refused
from tansiq.journal.access import read_access
from tansiq.policy.answer import Answer, Refusal
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.subjects import Subject
from tansiq.policy.values import Attestation, Text
from tansiq.protocol.cbor import decode
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.wraps import parse_wrap

pytestmark = pytest.mark.storage
Rows = Callable[[], dict[str, int]]


def waiting() -> list[int]:
    """The lanes of what waits to leave the node that is bound."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lane FROM exchange_outbox ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


def accesses(two: Two) -> list[dict[str, Any]]:
    """What Madrid's access journal says; Madrid is bound."""
    return [told for _, told in read_access(two.es.context.keys) if told]


# ------------------------------------------------------------------------------------------------------ asking


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"countries": ("XYZ",)}, "enquiries.wrong-country"),
        ({"countries": ("FR", "")}, "enquiries.wrong-country"),
        ({"deviation": "foo"}, "policy.unknown-code"),
    ],
)
def test_what_is_said_of_a_matter_is_judged_though_nothing_asks_for_it(said: dict[str, Any], code: str) -> None:
    with pytest.raises(BadInput) as caught:
        Weighing(**said)
    assert caught.value.code == code


def test_a_country_in_small_letters_is_the_same_country() -> None:
    weighing = Weighing(countries=("ma", "fr"))
    assert matter_of(an_enquiry(), weighing, partner="ma.dgst").countries == ("MA", "FR")


def test_what_is_asked_is_stored_waits_to_leave_and_is_logged(two: Two, rows: Rows) -> None:
    matter = two.ask()
    assert rows() == {"enquiries_enquiry": 1, "enquiries_reply": 0, "enquiries_match": 0, "cases_item": 1}
    assert waiting() == [Lane.NORMAL]
    (told,) = accesses(two)
    assert (told["operation"], told["officer"], told["thing"]) == ("disclosure", "ES-4017", matter)
    assert told["recipients"] == [two.office, two.ma.post()]
    assert told["purpose"] == "purpose.investigation"
    assert told["justification"] == "law.es-ma-2019 offence.terrorism"
    (item,) = items_of(matter)
    assert (item.originator, item.handling, item.category) == ("es.cgi", ("H1", "H2"), ("category.suspect",))


def test_what_is_urgent_takes_the_urgent_lane(two: Two) -> None:
    two.ask(an_enquiry(urgent=True))
    assert waiting() == [Lane.URGENT]


def test_many_are_asked_in_one_commit(two: Two, rows: Rows) -> None:
    context = two.es.use()
    matters = send_enquiries(
        [an_enquiry(), an_enquiry(urgent=True), an_enquiry()],
        context=context,
        officer=two.es.officer(),
        from_post=two.es.post(),
        to_post=two.ma.post(),
        via_office_post=two.office,
    )
    assert len(set(matters)) == 3
    assert rows()["enquiries_enquiry"] == 3
    assert sorted(waiting()) == [Lane.URGENT, Lane.NORMAL, Lane.NORMAL]


def test_an_enquiry_of_a_case_belongs_to_that_case(two: Two) -> None:
    case = b"shared case ref."
    matter = two.ask(case=case)
    assert [item.statement is not None for item in items_of(case)] == [True]
    assert items_of(matter) == []
    two.carry()
    two.ma.use()
    assert len(items_of(case)) == 1


UNLAWFUL: dict[str, Callable[[], Enquiry]] = {
    "nothing": Enquiry,
    "no law": lambda: replace(an_enquiry(), law=None),
    "no purpose": lambda: replace(an_enquiry(), law=replace(law_of("ES-4017"), purpose=None)),
    "no conditions": lambda: replace(an_enquiry(), conditions=None),
    "no category": lambda: an_enquiry(subject=replace(PERSON, category=None)),
    "urgent without a ground": lambda: replace(an_enquiry(urgent=True), urgency_ground=None),
    "an unknown code": lambda: replace(an_enquiry(), sought=("sought.invented",)),
    "an undecided protected person": lambda: an_enquiry(subject=replace(PERSON, protected=("protected.journalist",))),
}


@pytest.mark.parametrize("name", sorted(UNLAWFUL))
def test_the_law_says_no_and_nothing_is_stored_or_sent(two: Two, rows: Rows, name: str) -> None:
    two.es.use()
    before = rows()
    with pytest.raises(Refused, match=r"policy\.law"):
        two.ask(UNLAWFUL[name]())
    assert rows() == before
    assert waiting() == []
    assert accesses(two) == []


def test_one_unlawful_of_several_lets_none_leave(two: Two, rows: Rows) -> None:
    context = two.es.use()
    with pytest.raises(Refused):
        send_enquiries(
            [an_enquiry(), Enquiry()],
            context=context,
            officer=two.es.officer(),
            from_post=two.es.post(),
            to_post=two.ma.post(),
            via_office_post=two.office,
        )
    assert rows()["enquiries_enquiry"] == 0
    assert waiting() == []


WRONG_WAYS: dict[str, tuple[dict[str, Any], type[Error], str]] = {
    "not the officer's desk": ({"from_post": "es.cgi/head"}, Refused, "node.not-in-post"),
    "no desk of ours": ({"from_post": "es.cgi/nowhere"}, Refused, "node.not-in-post"),
    "no desk of theirs": ({"to_post": "ma.dgst/nowhere"}, NotFound, "directory.unknown-post"),
    "an agency that nobody knows": ({"to_post": "xx.nobody/desk"}, NotFound, "directory.unknown-agency"),
    "no office of ours": ({"via_office_post": "es.cgi/nowhere"}, NotFound, "directory.unknown-post"),
    "an office of a third agency": ({"via_office_post": "fr.dgsi/office"}, BadInput, "enquiries.foreign-office"),
    "a head of theirs for an office": ({"via_office_post": "ma.dgst/head"}, BadInput, "channels.not-between"),
    "a desk of ours for an office": ({"via_office_post": "es.cgi/head"}, BadInput, "channels.not-between"),
    "an office that is no desk": ({"via_office_post": "?"}, BadInput, "protocol.not-a-post"),
    "no channel": ({"channel": "pigeon"}, BadInput, "policy.no-way"),
    "direct between desks": ({"channel": "direct", "via_office_post": ""}, Refused, "channels.not-their-channel"),
    "by bureaux that nobody knows": ({"channel": "interpol", "via_office_post": ""}, NotFound, "channels.no-desk"),
    "a case that is none": ({"case": b"short"}, BadInput, "enquiries.wrong-id"),
    "to ourselves": ({"to_post": "es.cgi/head"}, BadInput, "enquiries.wrong-way"),
}


def readers(two: Two, statement: bytes, peer: str) -> set[bytes]:
    """The identifiers of the keys to which a statement was sealed on the hop to ``peer``."""
    context = two.es.context if peer == "ma.dgst" else two.ma.context
    return {parse_wrap(wrap).reader for wrap in decode(context.keys.wraps([statement], peer)[statement])}


def the_statement(table: str, column: str) -> bytes:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return bytes(cursor.fetchone()[0])


def test_a_request_is_sealed_to_the_desk_that_is_asked_and_to_nobody_else(two: Two) -> None:
    two.ask()
    desk = two.reader(two.ma.post()).key.identifier
    request = the_statement("enquiries_enquiry", "request")
    assert readers(two, request, "ma.dgst") == {desk, two.es.context.own.identifier}


def test_an_answer_is_sealed_to_the_desk_that_asked_and_to_its_office(two: Two) -> None:
    matter = two.arrived()
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    named = {two.reader(post).key.identifier for post in (two.es.post(), two.office)}
    assert readers(two, the_statement("enquiries_reply", "statement"), "es.cgi") == {
        *named,
        two.ma.context.own.identifier,
    }


def test_the_docket_says_what_a_register_needs_and_names_nobody(two: Two) -> None:
    matter = two.ask(an_enquiry(urgent=True), case=b"shared case ref.")
    request = the_statement("enquiries_enquiry", "request")
    docket = open_statements([request], keys=two.es.context.keys)[request].docket
    assert docket == Docket(
        kind="enquiry.request",
        channel="embassy",
        matter=matter,
        sender=two.es.post(),
        route=(two.es.post(), two.office, two.ma.post()),
        addressees=(two.ma.post(),),
        field="offence.terrorism",
        case=b"shared case ref.",
        deadline_class="urgent-direct",
        classification="class.restricted",
        handling=("H1", "H2"),
        languages=("es",),
    )


def test_the_office_that_the_directory_names_needs_not_be_said(two: Two) -> None:
    matter = two.ask(via_office_post="")
    assert [one["office"] for one in list_enquiries(context=two.es.context, posts=[two.es.post()])] == [two.office]
    assert matter


@pytest.mark.parametrize("name", sorted(WRONG_WAYS))
def test_a_way_that_is_none_is_refused(two: Two, rows: Rows, name: str) -> None:
    more, kind, code = WRONG_WAYS[name]
    with pytest.raises(kind) as caught:
        two.ask(**more)
    assert caught.value.code == code
    assert rows()["enquiries_enquiry"] == 0
    assert waiting() == []


def test_a_partner_whose_words_were_not_compared_is_not_asked(two: Two, rows: Rows) -> None:
    two.es.use()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE directory_partner SET confirmed_ms = 0 WHERE agency = 'ma.dgst'")
    with pytest.raises(Refused, match=r"directory\.unconfirmed"):
        two.ask()
    assert rows()["enquiries_enquiry"] == 0


def test_only_officers_of_ours_answer_the_questions_of_law(two: Two) -> None:
    with pytest.raises(Refused, match=r"enquiries\.not-attested-here"):
        two.ask(an_enquiry("MA-2210"))


def protected(decided_by: str) -> Subject:
    word = Attestation(
        answer=True, officer=decided_by, at_ms=1, note=Text("es", "Peligra su vida si no se le encuentra.")
    )
    return replace(PERSON, protected=("protected.journalist",), decision=word)


def test_only_a_head_decides_on_a_protected_person(two: Two) -> None:
    with pytest.raises(Refused, match=r"enquiries\.no-head"):
        two.ask(an_enquiry(subject=protected("ES-4017")))
    assert two.ask(an_enquiry(subject=protected("ES-1001")))


def test_it_may_pass_the_partners_office_too(two: Two) -> None:
    """Rabat asks through Madrid's office in Rabat: then the office is a reader on Madrid's node."""
    matter = send_enquiry(
        an_enquiry("MA-2210"),
        context=two.ma.use(),
        officer=two.ma.officer(),
        from_post=two.ma.post(),
        to_post=two.es.post(),
        via_office_post=two.office,
    )
    two.carry()
    desk = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    office = show_enquiry(matter, context=two.es.context, officer=two.es.officer("ES-3300"))
    assert desk["request"]["content"] == office["request"]["content"] is not None
    assert [stop["post"] for stop in desk["route"]] == [two.ma.post(), two.office, two.es.post()]
    assert desk["route"][1]["taken_at"] == desk["route"][1]["handed_at"] == desk["received_at"]


# ------------------------------------------------------------------------------------------------------ answering


def test_an_answer_closes_the_enquiry_on_both_sides(two: Two, rows: Rows) -> None:
    matter = two.arrived()
    two.clock.advance(hours=5)
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer(), items=[an_item()])
    there = list_enquiries(context=two.ma.context, posts=two.ma.officer().posts)[0]
    two.clock.advance(minutes=1)
    two.carry()
    here = list_enquiries(context=two.es.context, posts=two.es.officer().posts)[0]
    assert (there["state"], there["outcome"], there["clock"]) == ("answered", "answer.full", "met")
    assert (here["state"], here["outcome"], here["clock"]) == ("answered", "answer.full", "met")
    assert here["answered_at"] == there["answered_at"], "the time of the statement counts on both sides"
    assert rows() == {"enquiries_enquiry": 1, "enquiries_reply": 1, "enquiries_match": 0, "cases_item": 3}
    (item,) = [row for row in items_of(matter) if row.kind == "item"]
    assert (item.evaluation, item.originator, item.basis, item.purpose) == (
        "B2",
        "ma.dgst",
        "basis.fact",
        "purpose.investigation",
    )


def test_what_nobody_assessed_leaves_as_x4(two: Two) -> None:
    matter = two.arrived()
    bare = replace(an_item(), source=None, information=None)
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer(), items=[bare])
    two.carry()
    shown = show_enquiry(matter, context=two.es.context, officer=two.es.officer())["replies"][0]["items"][0]
    assert (shown["evaluation"], shown["content"]["source"]) == ("X4", "X")


def test_a_partial_answer_leaves_it_open_and_the_next_one_closes_it(two: Two) -> None:
    matter = two.arrived()
    officer = two.ma.officer()
    answer_enquiry(
        matter, context=two.ma.context, officer=officer, answer=an_answer(outcome="answer.partial"), items=[an_item()]
    )
    refuse_enquiry(matter, context=two.ma.context, officer=officer, refusal=refusal(partial=True))
    two.clock.advance(hours=1)
    answer_enquiry(matter, context=two.ma.context, officer=officer, answer=an_answer(), items=[an_item()])
    two.carry()
    shown = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    assert [reply["kind"] for reply in shown["replies"]] == [
        "enquiry.answer",
        "enquiry.partial-refusal",
        "enquiry.answer",
    ]
    assert shown["state"] == "answered"
    with pytest.raises(Conflict, match=r"enquiries\.closed"):
        answer_enquiry(matter, context=two.ma.use(), officer=officer, answer=no_hit())


def test_a_refusal_has_coded_grounds_and_reasons(two: Two) -> None:
    matter = two.arrived()
    refuse_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), refusal=refusal())
    two.carry()
    shown = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    assert (shown["state"], shown["replies"][0]["grounds"]) == ("refused", ["refusal.investigation"])
    assert shown["replies"][0]["content"]["reasons"]["value"] == "Une enquête inventée est en cours."


def test_after_a_no_hit_the_partners_data_end_here_in_thirty_days(two: Two) -> None:
    matter = two.arrived()
    now_ms = two.clock()
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    ends = {row.kind: (row.erase_ms, row.review_ms) for row in items_of(matter)}
    assert ends["enquiry.request"] == (now_ms + terms().no_hit_ms, now_ms + CLOSED_REVIEW_MS)
    assert ends["enquiry.answer"] == (None, now_ms + CLOSED_REVIEW_MS)
    two.carry()
    assert {row.erase_ms for row in items_of(matter)} == {None}, "the asking side keeps its own request"


WRONG_REPLIES: dict[str, Callable[[Two, bytes], object]] = {
    "items without a hit": lambda two, matter: answer_enquiry(
        matter, context=two.ma.context, officer=two.ma.officer(), answer=no_hit(), items=[an_item()]
    ),
    "a hit without items": lambda two, matter: answer_enquiry(
        matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer()
    ),
    "no outcome": lambda two, matter: answer_enquiry(
        matter, context=two.ma.context, officer=two.ma.officer(), answer=Answer()
    ),
    "items without a legal basis": lambda two, matter: answer_enquiry(
        matter,
        context=two.ma.context,
        officer=two.ma.officer(),
        answer=replace(an_answer(), law=None),
        items=[an_item()],
    ),
    "a third agency's item without its consent": lambda two, matter: answer_enquiry(
        matter,
        context=two.ma.context,
        officer=two.ma.officer(),
        answer=an_answer(),
        items=[an_item(originator="fr.dgsi")],
    ),
    "an item without conditions": lambda two, matter: answer_enquiry(
        matter,
        context=two.ma.context,
        officer=two.ma.officer(),
        answer=an_answer(),
        items=[replace(an_item(), conditions=None)],
    ),
    "a refusal without grounds": lambda two, matter: refuse_enquiry(
        matter, context=two.ma.context, officer=two.ma.officer(), refusal=Refusal(reasons=Text("fr", "Non."))
    ),
    "a refusal without reasons": lambda two, matter: refuse_enquiry(
        matter, context=two.ma.context, officer=two.ma.officer(), refusal=Refusal(grounds=("refusal.judicial",))
    ),
    "attested by the asking agency": lambda two, matter: answer_enquiry(
        matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer("ES-4017"), items=[an_item()]
    ),
}


@pytest.mark.parametrize("name", sorted(WRONG_REPLIES))
def test_the_law_says_no_to_a_reply_and_nothing_is_stored(two: Two, rows: Rows, name: str) -> None:
    matter = two.arrived()
    before = rows()
    with pytest.raises(Refused):
        WRONG_REPLIES[name](two, matter)
    assert rows() == before
    assert waiting() == []


def test_only_the_desk_that_was_asked_replies(two: Two) -> None:
    matter = two.arrived()
    with pytest.raises(NotFound, match=r"enquiries\.unknown"):
        answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer("MA-1001"), answer=no_hit())
    with pytest.raises(NotFound, match=r"enquiries\.unknown"):
        answer_enquiry(b"x" * 16, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    with pytest.raises(NotFound, match=r"enquiries\.unknown"):
        answer_enquiry(matter, context=two.es.use(), officer=two.es.officer(), answer=no_hit())


# ------------------------------------------------------------------------------------------------------ the clock


@pytest.mark.parametrize(("urgent", "hours"), [(True, 8), (False, 7 * 24)])
def test_the_deadline_runs_from_the_partners_receipt(two: Two, urgent: bool, hours: int) -> None:
    matter = two.ask(an_enquiry(urgent=urgent))
    sent_ms = two.clock()
    before = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    assert (before["state"], before["received_at"], before["deadline"], before["clock"]) == ("sent", None, None, "")
    two.clock.advance(hours=50)
    two.carry()
    received_ms = two.clock()
    here = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    there = show_enquiry(matter, context=two.ma.use(), officer=two.ma.officer())
    assert here["received_at"] == there["received_at"] > here["sent_at"]
    assert here["deadline"] == there["deadline"]
    assert (here["state"], here["clock"], there["clock"]) == ("received", "running", "running")
    with connection.cursor() as cursor:
        cursor.execute("SELECT sent_ms, received_ms, deadline_ms FROM enquiries_enquiry")
        assert cursor.fetchone() == (sent_ms, received_ms, received_ms + hours * 3_600_000)
    two.clock.advance(hours=hours, ms=1)
    assert show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())["clock"] == "overdue"
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    assert show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())["clock"] == "late"


def test_the_sweep_writes_down_what_the_receipts_say(two: Two) -> None:
    matter = two.ask()
    assert note_receipts() == 0
    two.clock.advance(minutes=3)
    two.carry()
    lazily = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    assert note_receipts() == 1
    assert note_receipts() == 0
    written = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    assert written == lazily
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, received_ms FROM enquiries_enquiry")
        assert cursor.fetchone() == ("received", two.clock())


# ------------------------------------------------------------------------------------------------------ matches


def test_an_officer_decides_on_a_proposal(registered: Two) -> None:
    two = registered
    matter = two.arrived()
    proposed = show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())["matches"]
    assert [(one["reference"], one["decision"]) for one in proposed] == [("INi.001", "")]
    entry = bytes.fromhex(proposed[0]["entry"].replace("-", ""))
    decide_match(matter, entry, "match.same", context=two.ma.context, officer=two.ma.officer())
    two.clock.advance(minutes=1)
    decide_match(matter, entry, "match.different", context=two.ma.context, officer=two.ma.officer())
    decided = show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())["matches"][0]
    assert (decided["decision"], decided["decided_by"]) == ("match.different", "MA-2210")
    assert decided["decided_at"]
    with pytest.raises(BadInput, match=r"enquiries\.wrong-decision"):
        decide_match(matter, entry, "match.maybe", context=two.ma.context, officer=two.ma.officer())
    with pytest.raises(NotFound, match=r"enquiries\.unknown-match"):
        decide_match(matter, b"x" * 16, "match.same", context=two.ma.context, officer=two.ma.officer())
    with pytest.raises(NotFound, match=r"enquiries\.unknown"):
        decide_match(matter, entry, "match.same", context=two.ma.context, officer=two.ma.officer("MA-1001"))


def test_the_conditions_of_the_strictest_item_stand_on_the_docket(two: Two) -> None:
    matter = two.arrived()
    secret = replace(an_item(), conditions=replace(CONDITIONS, codes=("H0", "H1"), classification="class.secret"))
    answer_enquiry(
        matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer(), items=[an_item(), secret]
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM enquiries_reply")
        statement = bytes(cursor.fetchone()[0])
    docket = open_statements([statement], keys=two.ma.context.keys)[statement].docket
    assert docket is not None
    assert (docket.handling, docket.classification) == (("H0", "H1", "H2"), "class.secret")
    assert docket.languages == ("ar", "fr")
    assert docket.route == (two.ma.post(), two.office, two.es.post())
    assert docket.answers in docket.follows
