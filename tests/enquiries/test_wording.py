"""Languages: what the desk reads, translations beside their originals, here and there, and their end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from support.matters import an_enquiry, no_hit
from support.node import Nodes
from support.two import Two
from tansiq.cases.erasure import erase_due, erase_item
from tansiq.cases.queries import item_faults, items_of
from tansiq.enquiries.correspondence import ask_clarification, translate
from tansiq.enquiries.queries import show_enquiry
from tansiq.enquiries.services import answer_enquiry, send_enquiry
from tansiq.enquiries.wording import languages_read, wording_faults
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.policy.correspondence import ClarificationRequest, Translation
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.languages import texts_in
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage
HEAD = "ma.dgst/head"


def translated(request: Enquiry, language: str = "fr") -> list[Translation]:
    """An invented translation of each of its texts."""
    return [
        Translation(part=0, field=field, text=Text(language, "Traduction inventée."), translator="ES-4017")
        for field, _ in texts_in(request)
    ]


def to_head(two: Two, request: Enquiry, **more: Any) -> bytes:
    """Madrid's desk asks Rabat's head, who reads Arabic and French."""
    return send_enquiry(
        request,
        context=two.es.use(),
        officer=two.es.officer(),
        from_post=two.es.post(),
        to_post=HEAD,
        via_office_post=two.office,
        **more,
    )


def test_a_desk_publishes_what_it_reads(two: Two) -> None:
    two.es.use()
    assert languages_read(HEAD) == ("ar", "fr")
    assert languages_read("ma.dgst/nowhere") == ()


def test_what_the_desk_does_not_read_does_not_leave_and_the_fields_are_named(two: Two) -> None:
    with pytest.raises(Refused) as caught:
        to_head(two, an_enquiry())
    faults: Any = caught.value.values["faults"]
    assert {fault.code for fault in faults} == {"policy.law.language-not-read"}
    assert {fault.field for fault in faults} == {field for field, _ in texts_in(an_enquiry())}
    assert "lengua" in faults[0].sentence("es")
    two.es.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM enquiries_enquiry")
        assert cursor.fetchone()[0] == 0


def test_with_a_translation_of_each_text_it_leaves_and_both_sides_see_them(two: Two) -> None:
    matter = to_head(two, an_enquiry(), translations=translated(an_enquiry()))
    two.carry()
    head = two.ma.officer("MA-1001")
    here = show_enquiry(matter, context=two.es.context, officer=two.es.officer())["request"]["translations"]
    there = show_enquiry(matter, context=two.ma.use(), officer=head)["request"]
    assert [(one["field"], one["text"]) for one in here] == [
        (one["field"], one["text"]) for one in there["translations"]
    ]
    assert {one["officer"] for one in there["translations"]} == {"ES-4017"}
    assert [one["ours"] for one in here] == [True] * len(here)
    assert not any(one["ours"] for one in there["translations"])
    assert there["content"]["facts"]["language"] == "es", "the original stays"
    assert not list(item_faults(context=two.ma.context))


def test_one_text_without_its_translation_holds_it_back(two: Two) -> None:
    with pytest.raises(Refused, match=r"policy\.law"):
        to_head(two, an_enquiry(), translations=translated(an_enquiry())[1:])
    with pytest.raises(Refused, match=r"policy\.law"):
        to_head(two, an_enquiry(), translations=translated(an_enquiry(), "en"))


WRONG = {
    "of nothing": (replace(translated(an_enquiry())[0], field="facts.words"), BadInput, "enquiries.translates-nothing"),
    "of another part": (replace(translated(an_enquiry())[0], part=7), BadInput, "enquiries.translates-nothing"),
    "into its own language": (
        replace(translated(an_enquiry())[0], text=Text("es", "Igual.")),
        BadInput,
        "enquiries.translates-nothing",
    ),
    "by a stranger": (
        replace(translated(an_enquiry())[0], translator="FR-1"),
        Refused,
        "enquiries.translator-not-ours",
    ),
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_translation_that_is_none_is_refused(two: Two, name: str) -> None:
    wrong, kind, code = WRONG[name]
    with pytest.raises(kind) as caught:
        two.ask(translations=[wrong])
    assert caught.value.code == code


def test_what_is_urgent_may_leave_with_a_reason_and_nothing_else_may(two: Two) -> None:
    because = {"language_exception": "language.no-translator"}
    assert to_head(two, replace(an_enquiry(urgent=True), **because))
    with pytest.raises(Refused) as caught:
        to_head(two, replace(an_enquiry(), **because))
    assert [fault.code for fault in caught.value.values["faults"]] == ["policy.law.language-exception-not-urgent"]


def test_an_answer_and_a_question_are_held_to_it_too(two: Two) -> None:
    matter = two.arrived()
    context, officer = two.ma.context, two.ma.officer()
    german = Text("de", "Nichts gefunden.")
    with pytest.raises(Refused, match=r"policy\.law"):
        answer_enquiry(matter, context=context, officer=officer, answer=replace(no_hit(), note=german))
    with pytest.raises(Refused, match=r"policy\.law"):
        ask_clarification(
            matter, ClarificationRequest(points=("clarify.facts",), question=german), context=context, officer=officer
        )
    french = Translation(part=0, field="note", text=Text("fr", "Rien trouvé."), translator="MA-2210")
    answer_enquiry(
        matter, context=context, officer=officer, answer=replace(no_hit(), note=german), translations=[french]
    )
    two.carry()
    (reply,) = show_enquiry(matter, context=two.es.context, officer=two.es.officer())["replies"]
    assert [(one["field"], one["text"]["value"]) for one in reply["translations"]] == [("note", "Rien trouvé.")]


def test_an_officer_translates_what_came_and_it_stays_here(two: Two) -> None:
    matter = two.arrived()
    context, officer = two.ma.context, two.ma.officer()
    request = bytes.fromhex(
        show_enquiry(matter, context=context, officer=officer)["request"]["statement"].replace("-", "")
    )
    made = {"part": 0, "field": "facts", "context": context, "officer": officer}
    translate(matter, request, text=Text("ar", "حُجز هاتف فيه أرقام مخترعة."), **made)
    shown = show_enquiry(matter, context=context, officer=officer)
    (one,) = shown["request"]["translations"]
    assert (one["officer"], one["text"]["language"], one["ours"]) == ("MA-2210", "ar", True)
    assert [entry["what"] for entry in shown["timeline"]][-1] == "received"
    two.carry()
    assert show_enquiry(matter, context=two.es.context, officer=two.es.officer())["request"]["translations"] == []
    two.ma.use()
    with connection.cursor() as cursor:
        cursor.execute("SELECT concealed FROM cases_item WHERE kind = 'translation'")
        assert "حُجز".encode() not in bytes(cursor.fetchone()[0])
    with pytest.raises(BadInput, match=r"enquiries\.translates-nothing"):
        translate(matter, request, text=Text("es", "Igual."), **made)
    with pytest.raises(NotFound, match=r"enquiries\.unknown-statement"):
        translate(matter, b"x" * 16, text=Text("ar", "نص"), **made)
    with pytest.raises(NotFound, match=r"enquiries\.unknown"):
        translate(matter, request, text=Text("ar", "نص"), **{**made, "officer": two.ma.officer("MA-1001")})


def test_when_the_original_ends_its_translations_end(two: Two) -> None:
    matter = two.arrived()
    context, officer = two.ma.context, two.ma.officer()
    (item,) = items_of(matter)
    assert item.statement is not None
    translate(
        matter, item.statement, part=0, field="facts", text=Text("ar", "نص مخترع"), context=context, officer=officer
    )
    erase_item(item.id, context=context, ordered_by="MA-1001")
    assert erase_due(context=context) == 1
    assert {row.kind: row.erased for row in items_of(matter)} == {"enquiry.request": True, "translation": True}
    assert not list(item_faults(context=context))


def test_a_desk_that_publishes_nothing_is_asked_nothing(node: Nodes) -> None:
    node("es.cgi")
    assert not wording_faults(an_enquiry(), languages=(), urgent=False)
