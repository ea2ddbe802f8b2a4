"""What an officer sees: the own desks alone, what is due first, the way with its times; every look leaves a trace."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from support.matters import PERSON, an_answer, an_enquiry, an_item, no_hit
from support.two import Two
from tansiq.enquiries.queries import list_enquiries, show_enquiry, summaries
from tansiq.enquiries.reading import answer_from, parse_matter, refusal_from, request_from
from tansiq.enquiries.services import answer_enquiry
from tansiq.errors import BadInput, NotFound
from tansiq.journal.access import read_access
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.subjects import Name
from tansiq.protocol.ids import id_text

storage = pytest.mark.storage


@storage
def test_everything_is_fit_for_json_and_names_are_only_in_what_is_shown(registered: Two) -> None:
    two = registered
    matter = two.arrived()
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=an_answer(), items=[an_item()])
    shown = json.dumps(show_enquiry(matter, context=two.ma.context, officer=two.ma.officer()), ensure_ascii=False)
    assert "Mojtar" in shown
    assert "Moktar" in shown, "the proposed entry is shown with its name"
    for quiet in (
        list_enquiries(context=two.ma.context, posts=two.ma.officer().posts),
        summaries(context=two.ma.context),
    ):
        told = json.dumps(quiet, ensure_ascii=False)
        assert id_text(matter) in told
        assert "Mojtar" not in told
        assert "Moktar" not in told


@storage
def test_a_moment_beyond_the_calendar_in_a_row_hides_no_enquiry(two: Two) -> None:
    """Nothing takes one from outside; what was kept before that may still be one."""
    matter = two.arrived()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE enquiries_enquiry SET received_ms = %s, deadline_ms = %s", [(1 << 63) - 2] * 2)
    [told] = summaries(context=two.ma.context)
    assert (told["id"], told["received_at"]) == (id_text(matter), "9987-04-02T17:46:40.000Z")
    assert list_enquiries(context=two.ma.context, posts=two.ma.officer().posts) == [told]


@storage
def test_the_way_there_and_back_with_its_times(two: Two) -> None:
    matter = two.ask()
    two.clock.advance(minutes=10)
    two.carry()
    two.ma.use()
    two.clock.advance(hours=2)
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    two.clock.advance(minutes=5)
    two.carry()
    here = show_enquiry(matter, context=two.es.context, officer=two.es.officer())
    there = show_enquiry(matter, context=two.ma.use(), officer=two.ma.officer())
    assert here["route"] == there["route"]
    assert [stop["post"] for stop in here["route"]] == [two.es.post(), two.office, two.ma.post()]
    desk, office, theirs = here["route"]
    assert desk["handed_at"] == office["taken_at"] == office["handed_at"] == here["sent_at"]
    assert theirs == {"post": two.ma.post(), "taken_at": here["received_at"], "handed_at": None}
    back, back_there = here["replies"][0]["route"], there["replies"][0]["route"]
    assert back == back_there, "the answering side knows from the receipt when it came"
    assert [stop["post"] for stop in back] == [two.ma.post(), two.office, two.es.post()]
    assert back[0]["handed_at"] < back[1]["taken_at"] == back[1]["handed_at"] == back[2]["taken_at"]


@storage
def test_before_it_has_left_the_way_is_shown_as_far_as_it_is_known(two: Two) -> None:
    matter = two.ask()
    route = show_enquiry(matter, context=two.es.context, officer=two.es.officer())["route"]
    assert [bool(stop["taken_at"]) for stop in route] == [False, True, False]


@storage
def test_who_has_nothing_to_do_with_it_does_not_learn_that_it_exists(two: Two) -> None:
    matter = two.ask()
    head = two.es.officer("ES-1001")
    for unknown in (matter, b"x" * 16):
        with pytest.raises(NotFound) as caught:
            show_enquiry(unknown, context=two.es.context, officer=head)
        assert caught.value.code == "enquiries.unknown"
    assert list_enquiries(context=two.es.context, posts=head.posts) == []
    assert list_enquiries(context=two.es.context, posts=()) == []


@storage
def test_the_office_sees_what_passes_it(two: Two) -> None:
    matter = two.ask()
    office = two.es.officer("ES-3300")
    assert [one["id"] for one in list_enquiries(context=two.es.context, posts=office.posts)] == [id_text(matter)]
    assert show_enquiry(matter, context=two.es.context, officer=office)["request"]["content"]


@storage
def test_every_look_is_logged_and_no_list_is(two: Two) -> None:
    matter = two.ask()

    def looks() -> list[dict[str, Any]]:
        return [told for _, told in read_access(two.es.context.keys) if told and told["operation"] == "consultation"]

    list_enquiries(context=two.es.context, posts=two.es.officer().posts)
    summaries(context=two.es.context)
    assert looks() == []
    show_enquiry(matter, context=two.es.context, officer=two.es.officer(), justification="relevo de turno")
    (look,) = looks()
    assert (look["officer"], look["thing"], look["justification"]) == ("ES-4017", matter, "relevo de turno")
    assert look["purpose"] == "purpose.investigation"
    with pytest.raises(NotFound):
        show_enquiry(matter, context=two.es.context, officer=two.es.officer("ES-1001"))
    assert len(looks()) == 1


@storage
def test_what_is_due_first_stands_first_and_what_is_closed_last(two: Two) -> None:
    slow = two.ask()
    two.clock.advance(minutes=1)
    closed = two.ask()
    two.clock.advance(minutes=1)
    urgent = two.ask(an_enquiry(urgent=True))
    two.carry()
    two.ma.use()
    answer_enquiry(closed, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    posts = two.ma.officer().posts
    order = [one["id"] for one in list_enquiries(context=two.ma.context, posts=posts)]
    assert order == [id_text(urgent), id_text(slow), id_text(closed)]
    assert len(list_enquiries(context=two.ma.context, posts=posts, limit=2)) == 2
    assert list_enquiries(context=two.ma.context, posts=posts, limit=0) == []


@storage
def test_lists_are_narrowed_by_direction_and_state(two: Two) -> None:
    open_one, closed = two.ask(), two.ask()
    two.carry()
    answer_enquiry(closed, context=two.ma.use(), officer=two.ma.officer(), answer=no_hit())
    two.carry()

    def ids(**narrowed: Any) -> list[str]:
        return [one["id"] for one in list_enquiries(context=two.es.context, posts=two.es.officer().posts, **narrowed)]

    assert ids(direction="in") == []
    assert sorted(ids(direction="out")) == sorted([id_text(open_one), id_text(closed)])
    assert ids(state="answered") == [id_text(closed)]
    assert ids(state="received") == [id_text(open_one)], "its receipt is here, though no sweep wrote it down"
    assert ids(state="sent") == []


@storage
def test_proposals_are_shown_with_the_name_that_fits_and_the_reasons(registered: Two) -> None:
    two = registered
    names = (Name("مختار بن علي", "Arab"), *PERSON.names)
    matter = two.arrived(an_enquiry(subject=replace(PERSON, names=names)))
    (match,) = show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())["matches"]
    assert (match["reference"], match["register"], match["listed"]) == ("INi.001", "un", True)
    assert match["name"] in match["names"]
    assert 0.5 <= match["score"] <= 1
    assert match["reasons"]


# ------------------------------------------------------------------------------------------------------ from JSON


def test_what_is_written_as_json_is_the_record_that_it_writes() -> None:
    plain = json.loads(json.dumps(an_enquiry().to_plain()))
    assert request_from(plain, officer="ES-4017", now_ms=5) == an_enquiry()


def test_an_attestation_without_an_officer_is_the_acting_officers() -> None:
    plain = an_enquiry().to_plain()
    plain["law"]["neutrality"] = {name: {"answer": False} for name in ("political", "military", "religious", "racial")}  # type: ignore[call-overload, index]
    law = request_from(plain, officer="ES-3300", now_ms=77).law
    assert law is not None
    assert law.neutrality is not None
    assert law.neutrality.racial is not None
    assert (law.neutrality.racial.officer, law.neutrality.racial.at_ms) == ("ES-3300", 77)
    assert law.assurance is not None
    assert law.assurance.death_penalty is not None
    assert law.assurance.death_penalty.officer == "ES-4017", "what names its officer keeps it"


def test_an_answer_and_a_refusal_from_json() -> None:
    plain = {"answer": an_answer().to_plain(), "items": [an_item().to_plain()]}
    assert answer_from(plain, officer="MA-2210", now_ms=5) == (an_answer(), (an_item(),))
    assert answer_from({"answer": {"outcome": "answer.no-hit"}}, officer="MA-2210", now_ms=5) == (no_hit(), ())
    assert refusal_from({"grounds": ["refusal.judicial"]}, officer="MA-2210", now_ms=5).grounds == ("refusal.judicial",)


DEEP: Any = []
for _ in range(40):
    DEEP = [DEEP]


@pytest.mark.parametrize("plain", [None, 5, "x", [], {"sought": 5}, {"facts": "sin lengua"}, {"subjects": DEEP}])
def test_what_is_no_request_is_said(plain: object) -> None:
    with pytest.raises(BadInput):
        request_from(plain, officer="ES-4017", now_ms=5)


@pytest.mark.parametrize(
    "plain", [None, {}, {"answer": {}, "more": 1}, {"answer": {}, "items": 5}, {"answer": {}, "items": [{}] * 200}]
)
def test_what_is_no_answer_is_said(plain: object) -> None:
    with pytest.raises(BadInput):
        answer_from(plain, officer="ES-4017", now_ms=5)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "01a20af6-17d0-7183-83fb-a0d79f34e75",
        "01A20AF6-17D0-7183-83FB-A0D79F34E757",
        "01a20af617d0718383fba0d79f34e757",
    ],
)
def test_what_is_no_identifier_is_said(text: str) -> None:
    with pytest.raises(BadInput, match=r"enquiries\.wrong-id"):
        parse_matter(text)


def test_an_identifier_is_read_as_it_is_shown() -> None:
    assert parse_matter(id_text(b"any 16 bytes at ")) == b"any 16 bytes at "
    assert Enquiry() == request_from({}, officer="ES-4017", now_ms=5)
