"""The checks of law: each requirement is found, all at once, in four languages, and nothing complete is refused."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.source import modules
from tansiq.errors import Refused
from tansiq.policy.answer import Answer, IncomingCheck, Item, Refusal
from tansiq.policy.codes import CodeList, code_list, parse_code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.correspondence import (
    Clarification,
    ClarificationRequest,
    DelayNotice,
    Feedback,
    Reminder,
    Withdrawal,
)
from tansiq.policy.enquiry import Enquiry, LawBasis, Transfer
from tansiq.policy.faults import Faults
from tansiq.policy.law import (
    answer_faults,
    check_answer,
    check_enquiry,
    check_incoming,
    check_refusal,
    incoming_faults,
    law_basis_faults,
    law_faults,
    refusal_faults,
)
from tansiq.policy.law_between import Between, between_faults, check_between
from tansiq.policy.subjects import SpecialData, Subject
from tansiq.policy.values import Attestation, PartialDate, Text
from tansiq.texts import LANGUAGES, catalogue, text

WORDS = Text("es", "Motivo.")
YES = Attestation(answer=True, officer="es.cgi/1", at_ms=0)
NO = Attestation(answer=False, officer="es.cgi/1", at_ms=0)
TODAY = date(2026, 6, 21)
BYPASSED = Transfer(ground="transfer.adequacy", recipient_competent=True, origin="origin.bypassed", onward="onward.ask")


def changed(record: Any, path: str, value: object) -> Any:
    """``record`` with another value at ``path``: ``law.transfer.ground``, ``subjects.0.category``."""
    head, _, rest = path.partition(".")
    if head.isdigit():
        items = list(record)
        items[int(head)] = changed(record[int(head)], rest, value) if rest else value
        return tuple(items)
    return replace(record, **{head: changed(getattr(record, head), rest, value) if rest else value})


def told(faults: Faults) -> set[tuple[str, str, int]]:
    return {(fault.code.removeprefix("policy.law."), fault.field, fault.row) for fault in faults}


@dataclass(frozen=True, slots=True)
class Case:
    """A complete enquiry is changed at some paths; then exactly this fault is found."""

    fault: str
    field: str
    row: int
    changes: dict[str, object]

    def __str__(self) -> str:
        return f"{self.fault}-{'-'.join(self.changes)}"


def lacking(fault: str, path: str, row: int) -> Case:
    return Case(fault, path, row, {path: None})


COMPETENT = "law.transfer.recipient_competent"
MANDATORY = [
    lacking("facts-missing", "facts", 4),
    lacking("reasons-held-missing", "reasons_held", 4),
    lacking("link-missing", "link", 4),
    lacking("availability-missing", "availability", 5),
    lacking("urgency-ground-missing", "urgency_ground", 2),
    lacking("urgency-reason-missing", "urgency_reason", 2),
    lacking("legal-basis-missing", "law.legal_basis", 42),
    lacking("purpose-missing", "law.purpose", 4),
    lacking("offence-missing", "law.offence", 4),
    lacking("necessity-missing", "law.necessity", 5),
    lacking("transfer-ground-missing", "law.transfer.ground", 42),
    lacking("origin-missing", "law.transfer.origin", 42),
    lacking("onward-missing", "law.transfer.onward", 42),
    lacking("assurance-death-penalty", "law.assurance.death_penalty", 44),
    lacking("assurance-ill-treatment", "law.assurance.ill_treatment", 44),
    lacking("assurance-reference-missing", "law.assurance.reference", 44),
    lacking("political-unanswered", "law.neutrality.political", 68),
    lacking("military-unanswered", "law.neutrality.military", 68),
    lacking("religious-unanswered", "law.neutrality.religious", 68),
    lacking("racial-unanswered", "law.neutrality.racial", 68),
    lacking("category-missing", "subjects.0.category", 36),
    lacking("classification-missing", "conditions.classification", 26),
    Case("sought-missing", "sought", 4, {"sought": ()}),
    Case("subjects-missing", "subjects", 4, {"subjects": ()}),
    Case("handling-missing", "conditions.codes", 4, {"conditions.codes": ()}),
    Case("recipient-not-competent", COMPETENT, 42, {COMPETENT: False}),
]

CONTENT = [
    Case("question-missing", "question", 4, {"sought": ("sought.free",)}),
    Case("deadline-missing", "deadline_class", 1, {"deadline_class": None, "urgency_ground": None}),
    Case("deadline-missing", "deadline_class", 1, {"deadline_class": "none", "urgency_ground": None}),
    Case("availability-contradicts", "availability", 1, {"availability": "available.indirect"}),
    Case("availability-contradicts", "availability", 1, {"deadline_class": "urgent-indirect"}),
    Case("urgency-not-claimed", "deadline_class", 2, {"deadline_class": "normal"}),
    Case("urgency-not-claimed", "deadline_class", 2, {"deadline_class": "supplementary"}),
    Case("urgency-reason-missing", "urgency_reason", 2,
         {"deadline_class": "supplementary-at-once", "urgency_ground": None, "urgency_reason": None}),
    Case("legal-reference-missing", "law.legal_reference", 42, {"law.legal_basis": "law.national"}),
    Case("transfer-reason-missing", "law.transfer.reason", 42, {"law.transfer.ground": "transfer.derogation-threat"}),
    Case("transfer-reason-missing", "law.transfer.reason", 42, {"law.transfer.ground": "transfer.national-law"}),
    Case("origin-reference-missing", "law.transfer.origin_reference", 42, {"law.transfer.origin": "origin.authorised"}),
    Case("origin-not-informed", "law.transfer.origin_informed", 43, {
        "law.transfer": replace(BYPASSED, origin_reference=WORDS), "urgency_ground": "urgency.public-security"}),
    Case("bypass-without-threat", "law.transfer.origin", 43, {
        "law.transfer": replace(BYPASSED, origin_reference=WORDS, origin_informed=True)}),
    Case("assurance-death-penalty", "law.assurance.death_penalty", 44, {"law.assurance.death_penalty": NO}),
    Case("assurance-ill-treatment", "law.assurance.ill_treatment", 44, {"law.assurance.ill_treatment": NO}),
    Case("political", "law.neutrality.political", 68, {"law.neutrality.political": YES}),
    Case("military", "law.neutrality.military", 68, {"law.neutrality.military": YES}),
    Case("religious", "law.neutrality.religious", 68, {"law.neutrality.religious": YES}),
    Case("racial", "law.neutrality.racial", 68, {"law.neutrality.racial": YES}),
    Case("subject-unidentified", "subjects.0.names", 4,
         {"subjects.0": Subject(kind="subject.person", category="category.suspect", sex="M")}),
    Case("special-reason-missing", "subjects.0.special.0.reason", 75,
         {"subjects.0.special": (SpecialData(category="special.health"),)}),
    Case("protected-undecided", "subjects.0.decision", 77, {"subjects.0.protected": ("protected.lawyer",)}),
    Case("protected-refused", "subjects.0.decision", 77,
         {"subjects.0.protected": ("protected.lawyer",), "subjects.0.decision": replace(NO, note=WORDS)}),
    Case("protected-reason-missing", "subjects.0.decision.note", 77,
         {"subjects.0.protected": ("protected.lawyer",), "subjects.0.decision": YES}),
    Case("minor-unmarked", "subjects.0.protected", 77, {"subjects.0.births": (PartialDate(year=2010),)}),
    Case("handling-words-missing", "conditions.words", 26, {"conditions.codes": ("H0", "H3")}),
    Case("code-unknown", "sought", 4, {"sought": ("sought.identity", "sought.thoughts")}),
    Case("code-unknown", "law.offence", 4, {"law.offence": "offence.dissent"}),
    Case("code-unknown", "subjects.0.names.1.script", 4, {"subjects.0.names.1.script": "Klin"}),
    Case("code-unknown", "conditions.codes", 4, {"conditions.codes": ("H0", "H9")}),
]  # fmt: skip


@pytest.mark.parametrize("case", MANDATORY + CONTENT, ids=str)
def test_what_the_law_wants_is_found_missing(enquiry: Enquiry, case: Case) -> None:
    wrong = enquiry
    for path, value in case.changes.items():
        wrong = changed(wrong, path, value)
    assert told(law_faults(wrong, today=TODAY)) == {(case.fault, case.field, case.row)}
    with pytest.raises(Refused) as caught:
        check_enquiry(wrong, today=TODAY)
    assert caught.value.code == "policy.law"
    assert caught.value.values["count"] == 1


def test_a_complete_enquiry_passes(enquiry: Enquiry) -> None:
    assert law_faults(enquiry, today=TODAY) == ()
    check_enquiry(enquiry, today=TODAY)


@given(cases=st.sets(st.integers(0, len(MANDATORY) - 1)))
def test_all_that_is_missing_is_told_at_once(enquiry: Enquiry, cases: set[int]) -> None:
    expected = {(case.fault, case.field, case.row) for case in (MANDATORY[index] for index in cases)}
    wrong = enquiry
    for case in sorted((MANDATORY[index] for index in cases), key=lambda case: "subjects" in case.changes):
        for path, value in case.changes.items():
            wrong = changed(wrong, path, value)
    if not wrong.subjects:  # then nobody asks for the subject's category or for the link to it
        expected -= {("category-missing", "subjects.0.category", 36), ("link-missing", "link", 4)}
    assert told(law_faults(wrong)) == expected


def test_an_empty_draft_is_told_everything_and_never_fails_otherwise() -> None:
    found = law_faults(Enquiry())
    fields = {fault.field for fault in found}
    assert {
        "sought",
        "facts",
        "law.purpose",
        "law.transfer.ground",
        "law.neutrality.racial",
        "conditions.codes",
    } <= fields
    with pytest.raises(Refused) as caught:
        check_enquiry(Enquiry())
    assert caught.value.values == {"count": len(found), "faults": found}
    assert "policy.law.facts-missing" in str(caught.value.advice("fr"))


PASSES: list[tuple[str, dict[str, object]]] = [
    ("not urgent", {"deadline_class": "normal", "urgency_ground": None, "urgency_reason": None}),
    ("urgent, from others", {"deadline_class": "urgent-indirect", "availability": "available.indirect"}),
    ("at once, with a ground", {"deadline_class": "supplementary-at-once"}),
    ("a question in words", {"sought": ("sought.free",), "question": WORDS, "subjects": (), "link": None}),
    ("consent to evidence", {"sought": ("sought.evidence-consent",), "subjects": (), "link": None}),
    ("a missing person", {"law.purpose": "purpose.missing-person", "law.offence": None}),
    ("a vehicle has no category", {"subjects.0.kind": "subject.vehicle", "subjects.0.category": None}),
    ("a reasoned derogation", {"law.transfer.ground": "transfer.derogation-vital", "law.transfer.reason": WORDS}),
    ("national law, named", {"law.legal_basis": "law.national", "law.legal_reference": WORDS}),
    ("H3 with words", {"conditions.codes": ("H3",), "conditions.words": WORDS}),
    ("health, with the reason", {"subjects.0.special": (SpecialData(category="special.health", reason=WORDS),)}),
    ("a minor, decided", {"subjects.0.births": (PartialDate(year=2010),), "subjects.0.protected": ("protected.minor",),
                          "subjects.0.decision": replace(YES, note=WORDS)}),
    ("perhaps of age", {"subjects.0.births": (PartialDate(year=2008), PartialDate(year=2012))}),
    ("about that age", {"subjects.0.births": (PartialDate(year=2010, circa=True),)}),
    ("of age today", {"subjects.0.births": (PartialDate(year=2008, month=6, day=21),)}),
    ("an origin bypassed for a threat", {
        "urgency_ground": "urgency.public-security",
        "law.transfer": replace(BYPASSED, origin_reference=WORDS, origin_informed=True)}),
]  # fmt: skip


@pytest.mark.parametrize("changes", [changes for _, changes in PASSES], ids=[name for name, _ in PASSES])
def test_what_the_law_allows_passes(enquiry: Enquiry, changes: dict[str, object]) -> None:
    for path, value in changes.items():
        enquiry = changed(enquiry, path, value)
    assert law_faults(enquiry, today=TODAY) == ()


def test_a_person_of_a_kind_that_is_not_known_is_protected_like_a_person(enquiry: Enquiry) -> None:
    odd = changed(changed(enquiry, "subjects.0.kind", "subject.soul"), "subjects.0.category", None)
    assert {fault.code for fault in law_faults(odd)} == {"policy.law.category-missing", "policy.law.code-unknown"}


def test_between_services_of_one_state_no_transfer_is_asked_for(enquiry: Enquiry) -> None:
    inside = changed(changed(enquiry, "law.transfer", None), "law.assurance", None)
    assert law_faults(inside, crosses_border=False) == ()
    assert {fault.row for fault in law_faults(inside)} == {42, 44}


def test_a_direct_word_between_heads_needs_the_same_basis(law: LawBasis) -> None:
    assert law_basis_faults(law) == ()
    assert law_basis_faults(None) == law_basis_faults(LawBasis())
    assert ("code-unknown", "law.purpose", 4) in told(law_basis_faults(replace(law, purpose="purpose.curiosity")))


def test_an_agency_gives_its_own_treaties(enquiry: Enquiry) -> None:
    labels = 'ar = "أ", es = "a", fr = "b", en = "c"'
    source = f'title = {{ {labels} }}\nsource = "A treaty"\nconfirmed = true\n[codes]\n"law.own" = {{ {labels} }}\n'
    own = code_list("legal_bases").extended(parse_code_list(source, name="legal_bases"))

    def lists(name: str) -> CodeList:
        return own if name == "legal_bases" else code_list(name)

    asked = changed(enquiry, "law.legal_basis", "law.own")
    assert law_faults(asked, lists=lists) == ()
    assert told(law_faults(asked)) == {("code-unknown", "law.legal_basis", 4)}


# ---------------------------------------------------------------------------------------------------- answers


@dataclass(frozen=True, slots=True)
class AnswerCase:
    """A complete answer is changed at a path (``items.…`` in its one item); then exactly this fault is found."""

    fault: str
    field: str
    row: int
    path: str
    value: object = None

    def __str__(self) -> str:
        return f"{self.fault}-{self.path}"


UNWORDED = Conditions(codes=("H3",), classification="class.secret")
EMPTY = Item(source="A", information="1", basis="basis.fact", originator="ma.dgst", conditions=UNWORDED)
UNREASONED = (SpecialData(category="special.religion"),)

ANSWERS = [
    AnswerCase("items-missing", "items", 27, "items", ()),
    AnswerCase("items-unexpected", "items", 52, "answer.outcome", "answer.no-hit"),
    AnswerCase("items-unexpected", "items", 52, "answer.outcome", "answer.neither"),
    AnswerCase("legal-basis-missing", "law.legal_basis", 42, "answer.law.legal_basis"),
    AnswerCase("item-empty", "items.0.words", 27, "items.0", replace(EMPTY, conditions=replace(UNWORDED, words=WORDS))),
    AnswerCase("source-missing", "items.0.source", 27, "items.0.source"),
    AnswerCase("information-missing", "items.0.information", 27, "items.0.information"),
    AnswerCase("basis-missing", "items.0.basis", 29, "items.0.basis"),
    AnswerCase("originator-missing", "items.0.originator", 9, "items.0.originator"),
    AnswerCase("third-party-consent-missing", "items.0.origin_consent", 9, "items.0.originator", "fr.dgsi"),
    AnswerCase("category-missing", "items.0.subjects.0.category", 36, "items.0.subjects.0.category"),
    AnswerCase("special-reason-missing", "items.0.special.0.reason", 75, "items.0.special", UNREASONED),
    AnswerCase("handling-words-missing", "items.0.conditions.words", 26, "items.0.conditions", UNWORDED),
    AnswerCase("code-unknown", "items.0.source", 4, "items.0.source", "Q"),
]
WITHOUT_ITEMS = [
    (Answer(), ("outcome-missing", "outcome", 17)),
    (Answer(outcome="answer.perhaps"), ("code-unknown", "outcome", 4)),
    (Answer(outcome="answer.neither", note=WORDS), ("note-unexpected", "note", 52)),
]


@dataclass(frozen=True, slots=True)
class Given:
    """An answer with its items, so that a path reaches both."""

    answer: Answer
    items: tuple[Item, ...]


@pytest.mark.parametrize("case", ANSWERS, ids=str)
def test_what_an_answer_lacks_is_found(answer: Answer, item: Item, case: AnswerCase) -> None:
    wrong = changed(Given(answer, (item,)), case.path, case.value)
    found = answer_faults(wrong.answer, wrong.items, agency="ma.dgst", today=TODAY)
    assert told(found) == {(case.fault, case.field, case.row)}
    with pytest.raises(Refused):
        check_answer(wrong.answer, wrong.items, agency="ma.dgst", today=TODAY)


@pytest.mark.parametrize(("wrong", "fault"), WITHOUT_ITEMS)
def test_what_an_answer_without_items_lacks_is_found(wrong: Answer, fault: tuple[str, str, int]) -> None:
    assert told(answer_faults(wrong, [], agency="ma.dgst")) == {fault}


def test_answers_that_the_law_allows_pass(answer: Answer, item: Item) -> None:
    check_answer(answer, [item, item], agency="ma.dgst", today=TODAY)
    check_answer(Answer(outcome="answer.no-hit", note=WORDS), [], agency="ma.dgst")
    check_answer(Answer(outcome="answer.neither"), [], agency="ma.dgst")
    check_answer(answer, [replace(item, originator="fr.dgsi", origin_consent=WORDS)], agency="ma.dgst")


def test_what_nobody_has_assessed_is_x4_and_what_was_assessed_stays(answer: Answer, item: Item) -> None:
    bare = replace(item, source=None, information=None)
    assert (bare.evaluation, bare.assessed().evaluation) == ("--", "X4")
    assert item.assessed() == item
    check_answer(answer, [bare.assessed()], agency="ma.dgst")


def test_a_refusal_needs_a_ground_and_reasons() -> None:
    whole = Refusal(grounds=("refusal.investigation", "refusal.third-party"), reasons=WORDS, partial=True)
    check_refusal(whole)
    assert told(refusal_faults(Refusal())) == {("grounds-missing", "grounds", 6), ("reasons-missing", "reasons", 6)}
    assert told(refusal_faults(replace(whole, grounds=("refusal.mood",)))) == {("code-unknown", "grounds", 4)}
    with pytest.raises(Refused):
        check_refusal(Refusal())


# ------------------------------------------------------------------------------------------ between and after the two

SAID_MS = 1_782_043_200_000
DAY_MS = 86_400_000
LATER = SAID_MS + 20 * DAY_MS
ASKED_BACK = ClarificationRequest(points=("clarify.identity",), question=WORDS)
DELAYED = DelayNotice(ground="delay.judicial", until_ms=LATER, reason=WORDS)

BETWEEN: list[tuple[Between, str, str, int]] = [
    (replace(ASKED_BACK, points=()), "points", "points-missing", 7),
    (replace(ASKED_BACK, question=None), "question", "question-missing", 7),
    (replace(ASKED_BACK, points=("clarify.mood",)), "points", "code-unknown", 4),
    (Clarification(), "words", "clarification-empty", 7),
    (Clarification(subjects=(Subject(kind="subject.person", description=WORDS),)), "subjects.0.category",
     "category-missing", 36),
    (replace(DELAYED, ground=None), "ground", "delay-ground-missing", 3),
    (replace(DELAYED, ground="delay.holiday"), "ground", "code-unknown", 4),
    (replace(DELAYED, until_ms=None), "until_ms", "delay-end-missing", 3),
    (replace(DELAYED, until_ms=SAID_MS), "until_ms", "delay-end-missing", 3),
    (replace(DELAYED, until_ms=SAID_MS + 400 * DAY_MS), "until_ms", "delay-end-missing", 3),
    (replace(DELAYED, reason=None), "reason", "delay-reason-missing", 3),
    (Withdrawal(), "reason", "withdrawal-reason-missing", 52),
    (Withdrawal(reason="withdrawal.other"), "words", "withdrawal-words-missing", 52),
    (Feedback(), "uses", "uses-missing", 17),
    (Reminder(), "code", "reminder-missing", 19),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "field", "fault", "row"), BETWEEN, ids=[f"{row[2]}-{row[1]}" for row in BETWEEN])
def test_what_a_word_between_lacks_is_found(wrong: Between, field: str, fault: str, row: int) -> None:
    assert told(between_faults(wrong, said_ms=SAID_MS, today=TODAY)) == {(fault, field, row)}
    with pytest.raises(Refused):
        check_between(wrong, said_ms=SAID_MS)


@pytest.mark.parametrize(
    "said",
    [
        ASKED_BACK,
        DELAYED,
        Clarification(words=WORDS),
        Withdrawal(reason="withdrawal.found"),
        Withdrawal(reason="withdrawal.other", words=WORDS),
        Feedback(uses=("feedback.arrest", "feedback.lead")),
        Reminder(code="reminder.overdue"),
    ],
    ids=lambda said: type(said).__name__,
)
def test_what_is_complete_passes(said: Between) -> None:
    check_between(said, said_ms=SAID_MS)


# ---------------------------------------------------------------------------------------------------- what comes in

CLEAN = IncomingCheck(answer="obtained.no-sign", officer="es.cgi/1", at_ms=0)
DOUBT = IncomingCheck(answer="obtained.doubt", officer="es.cgi/1", at_ms=0, reason=WORDS)
TORTURE = IncomingCheck(answer="obtained.yes", officer="es.cgi/1", at_ms=0, reason=WORDS)
DECIDED = replace(DOUBT, decision=YES)

INCOMING: list[tuple[str, IncomingCheck | None, set[str], set[str]]] = [
    ("unanswered", None, {"incoming-unanswered"}, {"incoming-unanswered"}),
    ("clean", CLEAN, set(), set()),
    ("doubt", DOUBT, {"incoming-undecided"}, {"incoming-undecided", "incoming-not-in-court"}),
    ("doubt, refused", replace(DOUBT, decision=NO), {"incoming-undecided"},
     {"incoming-undecided", "incoming-not-in-court"}),
    ("doubt, decided", DECIDED, set(), {"incoming-not-in-court"}),
    ("doubt, no reason", replace(DECIDED, reason=None), {"incoming-reason-missing"},
     {"incoming-reason-missing", "incoming-not-in-court"}),
    ("yes", TORTURE, {"incoming-ill-treatment"}, {"incoming-ill-treatment"}),
    ("yes, decided", replace(TORTURE, decision=YES), {"incoming-ill-treatment"}, {"incoming-ill-treatment"}),
    ("a newer answer", replace(DECIDED, answer="obtained.maybe"), {"code-unknown"},
     {"code-unknown", "incoming-not-in-court"}),
]  # fmt: skip


@pytest.mark.parametrize(("check", "use", "court"), [row[1:] for row in INCOMING], ids=[row[0] for row in INCOMING])
def test_incoming_information_waits_for_the_question(
    check: IncomingCheck | None, use: set[str], court: set[str]
) -> None:
    for in_court, expected in ((False, use), (True, court)):
        assert {fault[0] for fault in told(incoming_faults(check, in_court=in_court))} == expected
        if expected:
            with pytest.raises(Refused):
                check_incoming(check, in_court=in_court)
        else:
            check_incoming(check, in_court=in_court)


# ---------------------------------------------------------------------------------------------------- the sentences


def test_every_requirement_has_its_sentence_in_four_languages_and_none_is_left_over() -> None:
    pattern = re.compile(r"policy\.(?:law|use)\.[a-z0-9-]+")
    source = {
        node.value
        for module in modules()
        if module.name.startswith("tansiq.policy")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and pattern.fullmatch(node.value)
    }
    advice = {f"policy.{name}.{part}" for name in ("law", "use") for part in ("what", "means", "do")}
    assert source == {key for key in catalogue() if pattern.fullmatch(key)} - advice
    for code in source:
        assert len({text(code, language) for language in LANGUAGES}) == len(LANGUAGES)


def test_every_requirement_of_law_is_shown_by_a_test() -> None:
    shown = {case.fault for case in MANDATORY + CONTENT} | {case.fault for case in ANSWERS}
    shown |= {fault[0] for _, fault in WITHOUT_ITEMS}
    shown |= {fault for _, _, fault, _ in BETWEEN} | {"language-not-read", "language-exception-not-urgent"}
    shown |= {"grounds-missing", "reasons-missing"} | {name for row in INCOMING for name in row[2] | row[3]}
    keys = {key.removeprefix("policy.law.") for key in catalogue() if key.startswith("policy.law.")}
    keys -= {"what", "means", "do"}
    assert shown <= keys
    # Those of notices, of liaison officers and of heads stand in the tables of their own tests.
    tables = [path for path in Path(__file__).parent.glob("test_*.py") if path.name != Path(__file__).name]
    named = {word for path in tables for word in re.findall(r'"([a-z0-9-]+)"', path.read_text(encoding="utf-8"))}
    assert keys - shown <= named, sorted(keys - shown - named)


def test_a_fault_tells_code_field_and_source_but_never_the_content(enquiry: Enquiry) -> None:
    odd = changed(enquiry, "law.offence", "offence.Benali")
    (fault,) = law_faults(odd)
    with pytest.raises(Refused) as caught:
        check_enquiry(odd)
    shown = " ".join([str(fault), str(caught.value), *(str(caught.value.advice(language)) for language in LANGUAGES)])
    assert "Benali" not in shown
    assert "policy.law.code-unknown" in shown
    assert fault.source
    assert fault.sentence("es") == "Este campo contiene un código desconocido."
