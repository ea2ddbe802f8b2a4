"""One matter as an officer sees it: all of it in time, with proofs, with what may be done, and nothing that may not be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from support.matters import CONDITIONS, PERSON, an_answer, an_enquiry, an_item, no_hit, refusal
from support.two import Two
from tansiq.cases.erasure import erase_due, erase_item
from tansiq.cases.queries import items_of
from tansiq.cases.services import answer_incoming
from tansiq.enquiries import timeline
from tansiq.enquiries.correspondence import ask_clarification, clarify, withdraw
from tansiq.enquiries.origins import answer_origin
from tansiq.enquiries.queries import show_enquiry
from tansiq.enquiries.rows import enquiry_rows
from tansiq.enquiries.services import answer_enquiry, decide_match, refuse_enquiry
from tansiq.enquiries.terms import Terms, set_terms
from tansiq.errors import BadInput, Refused
from tansiq.policy.answer import IncomingCheck
from tansiq.policy.correspondence import Clarification, ClarificationRequest, Translation, Withdrawal
from tansiq.policy.subjects import Name
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage
QUESTION = ClarificationRequest(points=("clarify.identity",), question=Text("fr", "Lequel ?"))


def there(two: Two, matter: bytes, **more: Any) -> dict[str, Any]:
    return show_enquiry(matter, context=two.ma.use(), officer=two.ma.officer(), **more)


def here(two: Two, matter: bytes, **more: Any) -> dict[str, Any]:
    return show_enquiry(matter, context=two.es.use(), officer=two.es.officer(), **more)


def answered(two: Two, **item: Any) -> bytes:
    matter = two.arrived()
    two.clock.advance(hours=1)
    answer_enquiry(
        matter,
        context=two.ma.context,
        officer=two.ma.officer(),
        answer=an_answer(),
        items=[replace(an_item(), **item)],
    )
    two.clock.advance(minutes=5)
    two.carry()
    return matter


def test_everything_stands_in_the_timeline_in_its_order_on_both_sides(two: Two) -> None:
    matter = two.arrived()
    two.clock.advance(hours=1)
    ask_clarification(matter, QUESTION, context=two.ma.context, officer=two.ma.officer())
    two.clock.advance(minutes=3)
    two.carry()
    mine, theirs = here(two, matter)["timeline"], there(two, matter)["timeline"]
    assert mine == theirs
    assert [(one["what"], one["kind"]) for one in mine] == [
        ("said", "enquiry.request"),
        ("handed-over", "enquiry.request"),
        ("received", "enquiry.request"),
        ("said", "enquiry.clarification-request"),
        ("handed-over", "enquiry.clarification-request"),
        ("received", "enquiry.clarification-request"),
    ]
    assert [one["officer"] for one in mine if one["what"] == "said"] == ["ES-4017", "MA-2210"]
    assert mine[3]["codes"] == ["clarify.identity"]
    assert mine == sorted(mine, key=lambda one: one["at"])


def test_what_is_handed_on_as_it_is_said_stands_after_it(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    matter = two.arrived()
    row = enquiry_rows("matter = %s", (matter,))[0]
    monkeypatch.setattr(timeline, "as_time", lambda ms: "2026-03-04T10:00:00.002Z")
    route = [
        {"post": "es.cgi/a", "taken_at": None, "handed_at": None},
        {"post": "es.cgi/office", "taken_at": None, "handed_at": "2026-03-04T10:00:00.001Z"},
        {"post": "ma.dgst/b", "taken_at": "2026-03-04T10:00:01.000Z", "handed_at": None},
    ]
    assert [one["what"] for one in timeline.timeline_of(row, [], route=route)] == ["said", "handed-over", "received"]


def test_the_proof_of_each_statement_says_how_far_it_goes(two: Two) -> None:
    matter = two.ask()
    waiting = here(two, matter)["request"]["proof"]
    assert (waiting["leaf"], waiting["receipt"], waiting["cosigned"]) == (None, False, False)
    two.carry()
    two.carry()
    for shown in (here(two, matter), there(two, matter)):
        proof = shown["request"]["proof"]
        assert isinstance(proof["leaf"], int)
        assert proof["receipt"]
        assert proof["cosigned"] == (proof["leaf"] < proof["head_size"])
        assert bool(proof["head_root"]) == bool(proof["head_size"])


def test_what_may_be_said_next_is_told_to_the_desk_and_not_to_the_office(two: Two) -> None:
    matter = two.arrived()
    assert set(there(two, matter)["may"]) == {
        "enquiry.answer",
        "enquiry.partial-refusal",
        "enquiry.refusal",
        "enquiry.clarification-request",
        "enquiry.delay",
    }
    assert set(here(two, matter)["may"]) == {"enquiry.reminder", "enquiry.withdrawal"}
    office = show_enquiry(matter, context=two.es.use(), officer=two.es.officer("ES-3300"))
    assert office["may"] == []
    assert (here(two, matter)["waits_for"], there(two, matter)["waits_for"]) == ("partner", "us")


def test_what_may_be_done_with_an_item_is_decided_for_this_reader(two: Two) -> None:
    matter = answered(two)
    (item,) = here(two, matter)["replies"][0]["items"]
    uses = item["uses"]
    assert set(uses) == {"copy", "print", "export", "forward", "court", "program"}
    assert not uses["print"]["allowed"]
    assert "policy.use.ask-originator" in uses["print"]["reasons"], "H2 asks its originator"
    assert "policy.law.incoming-unanswered" in uses["copy"]["reasons"]
    own = there(two, matter)["replies"][0]["items"][0]["uses"]
    assert own["copy"] == {"allowed": True, "reasons": ["policy.use.originator"]}


def test_the_question_of_ill_treatment_waits_until_it_is_answered(two: Two) -> None:
    matter = answered(two)
    assert (here(two, matter)["incoming"], there(two, matter)["incoming"]) == ("unanswered", "unanswered")
    two.es.use()
    for item in items_of(matter):
        if item.kind == "item":
            check = IncomingCheck(answer="obtained.no-sign", officer="ES-4017", at_ms=two.clock())
            answer_incoming(item.id, check, context=two.es.context)
    shown = here(two, matter)
    assert shown["incoming"] == "obtained.no-sign"
    assert shown["replies"][0]["items"][0]["uses"]["copy"]["allowed"]


def test_what_is_above_the_readers_clearance_is_not_there(two: Two) -> None:
    matter = answered(two, conditions=replace(CONDITIONS, classification="class.secret"))
    shown = here(two, matter)
    assert shown["replies"][0]["items"] == []
    assert "Nador" not in str(shown["replies"])
    assert there(two, matter)["replies"][0]["items"], "its originator sees it"


def test_a_request_above_the_clearance_is_withheld_with_the_reason_and_so_is_what_was_found(registered: Two) -> None:
    two = registered
    matter = two.arrived(replace(an_enquiry(), conditions=replace(CONDITIONS, classification="class.top-secret")))
    shown = there(two, matter)
    assert shown["request"]["content"] is None
    assert shown["request"]["withheld"] == ["policy.use.not-cleared"]
    assert (shown["matches"], shown["duplicates"]) == ([], [])


SECRET = replace(CONDITIONS, classification="class.secret")


def cleared(two: Two) -> Any:
    """Rabat's context for an officer who is cleared for secrets."""
    return replace(two.ma.use(), clearance="class.secret")


def clarified(two: Two) -> bytes:
    """A secret request of Madrid's, asked back by somebody who is cleared and clarified with a translation; Rabat is bound."""
    matter = two.arrived(replace(an_enquiry(), conditions=SECRET))
    question = ClarificationRequest(points=("clarify.identity",), question=Text("fr", "De quel Mohamed ?"))
    ask_clarification(matter, question, context=cleared(two), officer=two.ma.officer())
    two.carry()
    words = Clarification(words=Text("es", "Del que vive en la calle inventada número 7."))
    told = Translation(
        part=0, field="words", text=Text("fr", "De celui qui habite au 7, rue inventée."), translator="ES-4017"
    )
    clarify(matter, words, context=two.es.use(), officer=two.es.officer(), translations=[told])
    two.carry()
    two.ma.use()
    return matter


def test_what_is_withheld_is_withheld_in_every_language(two: Two) -> None:
    matter = clarified(two)
    shown = show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())["words"][-1]
    assert (shown["content"], shown["withheld"], shown["translations"]) == (None, ["policy.use.not-cleared"], [])
    shown = show_enquiry(matter, context=cleared(two), officer=two.ma.officer())["words"][-1]
    assert shown["content"]["words"]["language"] == "es"
    assert [one["text"]["language"] for one in shown["translations"]] == ["fr"]


def test_once_the_request_is_erased_its_words_stay_withheld(two: Two) -> None:
    matter = two.arrived(replace(an_enquiry(), conditions=SECRET))
    words = Withdrawal(reason="withdrawal.not-needed", words=Text("fr", "La personne inventée a été retrouvée hier."))
    withdraw(matter, words, context=two.es.use(), officer=two.es.officer())
    two.carry()
    assert erase_due(context=two.ma.use()) == 1
    shown = show_enquiry(matter, context=two.ma.context, officer=two.ma.officer())
    assert (shown["request"]["content"], shown["words"][0]["content"]) == (None, None)
    assert shown["words"][0]["withheld"] == ["policy.use.not-cleared"]
    assert show_enquiry(matter, context=cleared(two), officer=two.ma.officer())["words"][0]["content"]["words"]


def test_once_its_own_request_is_erased_the_desk_that_asked_still_reads_what_it_was_told(two: Two) -> None:
    matter = two.arrived()
    refuse_enquiry(matter, refusal=refusal(), context=two.ma.context, officer=two.ma.officer())
    two.carry()
    erase_item(items_of(matter)[0].id, context=two.es.use(), ordered_by="ES-1001")
    shown = here(two, matter)
    assert (shown["request"]["content"], shown["replies"][0]["withheld"]) == (None, [])
    assert shown["replies"][0]["content"]["reasons"]["value"]


def test_who_may_not_read_the_request_says_nothing_in_it(registered: Two) -> None:
    two = registered
    matter = two.arrived(replace(an_enquiry(), conditions=SECRET))
    officer, context = two.ma.officer(), two.ma.context
    question = ClarificationRequest(points=("clarify.facts",), question=Text("fr", "Quand ?"))
    check = IncomingCheck(answer="obtained.no-sign", officer=officer.number, at_ms=two.clock())
    [proposed] = show_enquiry(matter, context=cleared(two), officer=officer)["matches"]
    entry = bytes.fromhex(proposed["entry"].replace("-", ""))
    acts: dict[str, Callable[[Any], object]] = {
        "refuse": lambda bound: refuse_enquiry(matter, refusal=refusal(), context=bound, officer=officer),
        "answer": lambda bound: answer_enquiry(matter, answer=no_hit(), context=bound, officer=officer),
        "ask back": lambda bound: ask_clarification(matter, question, context=bound, officer=officer),
        "origin": lambda bound: answer_origin(matter, check, context=bound, officer=officer),
        "match": lambda bound: decide_match(matter, entry, "match.different", context=bound, officer=officer),
    }
    for name, act in acts.items():
        with pytest.raises(Refused, match=r"policy\.use.*not-cleared"):
            act(context)
        assert show_enquiry(matter, context=context, officer=officer)["state"] == "received", name
    for name in ("match", "origin", "answer"):
        acts[name](cleared(two))
    assert show_enquiry(matter, context=cleared(two), officer=officer)["state"] == "answered"


def test_it_is_read_for_a_purpose_and_for_another_it_is_not_there(two: Two) -> None:
    matter = two.arrived()
    assert there(two, matter, purpose="purpose.investigation")["request"]["content"]
    other = there(two, matter, purpose="purpose.missing-person")["request"]
    assert other["content"] is None
    assert other["withheld"] == ["policy.use.other-purpose"]


# ------------------------------------------------------------------------------------------------------ duplicates


def test_the_same_person_asked_about_twice_is_flagged_in_both_directions(two: Two) -> None:
    other = replace(PERSON, names=(Name("محتار بن علي الاختراع", "Arab"),), births=())
    first = two.ask()
    second = two.ask(an_enquiry(subject=other))
    stranger = replace(PERSON, names=(Name("Wilhelmina Oosterhuis", "Latn"),), identifiers=(), births=())
    third = two.ask(an_enquiry(subject=stranger))
    two.carry()
    for shown in (here(two, first), there(two, first)):
        assert [(one["id"], one["reason"]) for one in shown["duplicates"]] == [(id_text(second), "duplicate.number")]
    assert here(two, third)["duplicates"] == []


def test_a_shared_entry_of_a_register_flags_it_until_somebody_says_it_is_another(registered: Two) -> None:
    two = registered
    spelt = replace(PERSON, names=(Name("Moktar Benali Elinvento", "Latn"),), identifiers=())
    first, second = two.ask(), two.ask(an_enquiry(subject=spelt))
    two.carry()
    shown = there(two, first)
    assert [(one["id"], one["reason"]) for one in shown["duplicates"]] == [(id_text(second), "duplicate.entry")]
    entry = bytes.fromhex(shown["matches"][0]["entry"].replace("-", ""))
    decide_match(first, entry, "match.different", context=two.ma.context, officer=two.ma.officer())
    assert [one["reason"] for one in there(two, first)["duplicates"]] in ([], ["duplicate.name"])


def test_a_matter_of_another_desk_is_not_flagged(two: Two) -> None:
    first = two.ask()
    two.ask(replace(an_enquiry(urgent=True), language_exception="language.agreed"), to_post=two.ma.post("head"))
    two.carry()
    assert there(two, first)["duplicates"] == []


# ------------------------------------------------------------------------------------------------------ its own data


@pytest.fixture
def restored_terms() -> Iterator[None]:
    yield
    set_terms(Terms())


def test_after_a_no_hit_the_own_data_end_when_the_agency_says_and_the_rest_stays(
    registered: Two, restored_terms: None
) -> None:
    two = registered
    set_terms(Terms(no_hit_days=5))
    matter = two.arrived()
    answer_enquiry(matter, context=two.ma.context, officer=two.ma.officer(), answer=no_hit())
    two.carry()
    two.ma.use()
    two.clock.advance(days=4)
    assert erase_due(context=two.ma.context) == 0
    two.clock.advance(days=2)
    assert erase_due(context=two.ma.context) == 1
    shown = there(two, matter)
    assert shown["request"]["content"] is None
    assert (shown["matches"], shown["duplicates"]) == ([], [])
    assert (shown["state"], shown["outcome"], shown["clock"]) == ("answered", "answer.no-hit", "met")
    assert shown["timeline"][0]["what"] == "said", "docket, times and proofs remain"
    assert shown["route"]
    assert here(two, matter)["request"]["content"] is not None


def test_a_term_beyond_reason_is_refused(restored_terms: None) -> None:
    for days in (-1, 5_000):
        with pytest.raises(BadInput, match=r"enquiries\.wrong-term"):
            set_terms(Terms(no_hit_days=days))
