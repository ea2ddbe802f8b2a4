"""What the law wants of a notice and of every word about it: the table, row by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.noticed import (
    DAY_MS,
    MISSING,
    WANTED,
    a_declaration,
    a_notice,
    a_yellow_notice,
    an_answer,
    attested,
    cancelled,
    extended,
    publication,
    refused,
)
from tansiq.errors import BadInput
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import LawBasis, Neutrality
from tansiq.policy.notice import Appearance, Notice, NoticeRequest, Restriction, Warrant
from tansiq.policy.notice_law import notice_faults, notice_word_faults
from tansiq.policy.notice_needs import needs, parse_needs
from tansiq.policy.plain import Record
from tansiq.policy.subjects import Identifier, Name, Subject
from tansiq.policy.values import PartialDate, Text
from tansiq.texts import LANGUAGES

SAID = 1_782_043_200_000


def codes(notice: Notice, **more: Any) -> set[str]:
    return {fault.code.removeprefix("policy.law.") for fault in notice_faults(notice, **more)}


def test_notices_that_are_complete_have_no_fault() -> None:
    today = dt.date(2026, 11, 28)
    for one in (a_notice(), a_yellow_notice()):
        assert not notice_faults(one, today=today, said_ms=SAID), one.colour


def _law(**changes: Any) -> Callable[[Notice], Notice]:
    return lambda one: replace(one, law=replace(one.law or LawBasis(), **changes))


def _neutral(**changes: Any) -> Callable[[Notice], Notice]:
    def change(one: Notice) -> Notice:
        law = one.law or LawBasis()
        return replace(one, law=replace(law, neutrality=replace(law.neutrality or Neutrality(), **changes)))

    return change


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda one: replace(one, colour=None), "colour-missing"),
        (lambda one: replace(one, facts=None), "notice-facts-missing"),
        (lambda one: replace(one, rpd_purpose=None), "rpd-purpose-missing"),
        (lambda one: replace(one, rpd_purpose="rpd.warn"), "rpd-purpose-unsuited"),
        (lambda one: replace(one, article_2=None), "article-2-unanswered"),
        (lambda one: replace(one, article_2=attested("ES-5001", answer=False)), "article-2"),
        (_neutral(political=None), "political-unanswered"),
        (_neutral(political=attested("ES-5001")), "political"),
        (_neutral(military=attested("ES-5001")), "military"),
        (_neutral(religious=attested("ES-5001")), "religious"),
        (_neutral(racial=attested("ES-5001")), "racial"),
        (lambda one: replace(one, actions=()), "actions-missing"),
        (lambda one: replace(one, actions=("action.protect",)), "actions-unsuited"),
        (lambda one: replace(one, subjects=()), "notice-person-missing"),
        (lambda one: replace(one, appearance=None, subjects=(Subject(kind="subject.person", names=WANTED.names,
                                                                      category="category.wanted"),)), "notice-identity"),
        (lambda one: replace(one, warrants=()), "warrants-missing"),
        (lambda one: replace(one, warrants=(replace(one.warrants[0], country=None),)), "warrant-country-missing"),
        (lambda one: replace(one, warrants=(replace(one.warrants[0], charge=None),)), "warrant-charge-missing"),
        (lambda one: replace(one, warrants=(replace(one.warrants[0], punishable_months=23),)), "warrant-threshold"),
        (lambda one: replace(one, law=None), "legal-basis-missing"),
        (_law(assurance=None), "assurance-death-penalty"),
        (_law(transfer=None), "transfer-ground-missing"),
        (lambda one: replace(one, conditions=None), "handling-missing"),
        (lambda one: replace(one, subjects=(replace(WANTED, category=None),)), "category-missing"),
        (lambda one: replace(one, subjects=(replace(WANTED, protected=("protected.asylum",)),)), "protected-undecided"),
        (lambda one: replace(one, actions=("action.fly",)), "code-unknown"),
        (lambda one: replace(one, until_ms=SAID - 1), "notice-until"),
        (lambda one: replace(one, until_ms=SAID + 1827 * DAY_MS), "notice-until"),
    ],
)  # fmt: skip
def test_what_a_red_notice_wants(change: Callable[[Notice], Notice], fault: str) -> None:
    assert fault in codes(change(a_notice()), said_ms=SAID)


@pytest.mark.parametrize(
    "kept",
    [
        {"warrants": (Warrant(country="ES", charge=Text("es", "Robo."), punishable_months=24),)},
        {"warrants": (Warrant(country="ES", charge=Text("es", "Robo."), remaining_months=6),)},
        {"appearance": None},
        {"until_ms": SAID + 1826 * DAY_MS},
    ],
)
def test_what_a_red_notice_may_do_with(kept: dict[str, Any]) -> None:
    assert not codes(replace(a_notice(), **kept), said_ms=SAID)


def test_a_name_and_one_thing_more_identify_somebody() -> None:
    name = (Name("Mojtar Benalí el Invento", "Latn"),)
    alone = Subject(kind="subject.person", names=name, category="category.wanted")
    for more in (
        {"births": (PartialDate(year=1984),)}, {"nationalities": ("MA",)},
        {"identifiers": (Identifier(type="id.passport", number="QX 1"),)},
    ):  # fmt: skip
        assert "notice-identity" not in codes(replace(a_notice(), appearance=None, subjects=(replace(alone, **more),)))
    assert "notice-identity" in codes(replace(a_notice(), appearance=None, subjects=(alone,)))
    described = Appearance(marks=Text("es", "Cicatriz."))
    assert "notice-identity" not in codes(replace(a_notice(), appearance=described, subjects=(alone,)))


@pytest.mark.parametrize(
    ("colour", "change", "fault"),
    [
        ("notice.yellow", {"event_date": None, "event_place": None}, "event-missing"),
        ("notice.black", {"event_date": None, "event_place": None}, "event-missing"),
        ("notice.silver", {"subjects": (WANTED,)}, "assets-missing"),
        ("notice.un", {"un_reference": None}, "un-reference-missing"),
        ("notice.blue", {"subjects": ()}, "notice-person-missing"),
    ],
)
def test_what_the_other_colours_want(colour: str, change: dict[str, Any], fault: str) -> None:
    assert fault in codes(replace(a_yellow_notice(), colour=colour, **change))


def test_an_orange_and_a_purple_notice_need_nobody() -> None:
    for colour, purpose in (("notice.orange", "rpd.warn"), ("notice.purple", "rpd.analysis")):
        one = replace(
            a_notice(), colour=colour, rpd_purpose=purpose, subjects=(), appearance=None, warrants=(),
            actions=("action.inform",),
        )  # fmt: skip
        assert not codes(one)


def test_a_minor_by_the_date_of_birth_is_marked() -> None:
    child = replace(MISSING, births=(PartialDate(year=2014),))
    assert "minor-unmarked" in codes(replace(a_yellow_notice(), subjects=(child,)), today=dt.date(2026, 11, 28))


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        (publication("IX-1", said_ms=SAID), ""),
        (publication("IX-1", said_ms=SAID, days=1827), "notice-until"),
        (replace(publication("IX-1", said_ms=SAID), lawful=attested("IX-1", answer=False)), "hub-not-lawful"),
        (refused(), ""),
        (replace(refused(), grounds=()), "hub-grounds-missing"),
        (replace(refused(), grounds=("hub.other",), reasons=None), "reasons-missing"),
        (cancelled(), ""),
        (replace(cancelled(), reason=None), "cancellation-reason-missing"),
        (replace(cancelled(), reason="cancel.other"), "cancellation-words-missing"),
        (extended("ES-5001", until_ms=SAID + DAY_MS), ""),
        (extended("ES-5001", until_ms=SAID), "notice-until"),
        (replace(extended("ES-5001", until_ms=SAID + DAY_MS), examined=None), "extension-not-examined"),
        (replace(extended("ES-5001", until_ms=SAID + DAY_MS), reason=None), "extension-reason-missing"),
        (an_answer(), ""),
        (replace(an_answer(), result=None), "result-missing"),
        (replace(an_answer(), place=None), "result-place-missing"),
        (replace(an_answer(), on=None), "result-date-missing"),
        (replace(an_answer(), law=None), "legal-basis-missing"),
        (replace(an_answer(), result="result.information"), "result-words-missing"),
        (replace(an_answer(), result="result.not-followed", law=None, conditions=None, words=Text("fr", "Non.")), ""),
        (a_declaration(), ""),
        (replace(a_declaration(), status=None), "status-missing"),
        (replace(a_declaration(), subjects=()), "status-subject-missing"),
        (replace(a_declaration(), since=None), "status-since-missing"),
        (NoticeRequest(notice="019ac0de-0000-7000-8000-000000000001", denied=("xx.ncb",)), ""),
        (Restriction(), ""),
    ],
)
def test_what_the_words_want(word: Any, fault: str) -> None:
    found = {one.code.removeprefix("policy.law.") for one in notice_word_faults(word, said_ms=SAID)}
    assert fault in found if fault else not found


def test_every_fault_is_a_sentence_in_four_languages() -> None:
    for fault in notice_faults(Notice(colour="notice.red")):
        sentences = {fault.sentence(language) for language in LANGUAGES}
        assert len(sentences) == len(LANGUAGES)
        assert fault.source


def test_every_colour_has_its_needs_and_a_purpose_of_the_list() -> None:
    table = needs()
    assert set(table.colours) == set(code_list("notice_colours"))
    assert all(need.purposes and need.actions for need in table.colours.values())


@pytest.mark.parametrize(
    ("change", "entry"),
    [
        (("rpd.wanted", "rpd.unheard-of"), "notice.red.purposes"),
        (("punishable_months = 24", "punishable_months = -1"), "thresholds.punishable_months"),
        (('"threshold"]', '"thresholds"]'), "notice.red.needs"),
        (('["notice.purple"]', '["notice.mauve"]'), "notice.purple"),
        (("[thresholds]", "[thresholds"), "TOML"),
    ],
)
def test_a_table_that_is_wrong_is_refused_and_says_where(change: tuple[str, str], entry: str) -> None:
    from importlib import resources

    source = resources.files("tansiq.policy").joinpath("notice_needs.toml").read_text(encoding="utf-8")
    with pytest.raises(BadInput) as caught:
        parse_needs(source.replace(*change, 1))
    assert caught.value.values["entry"] == entry


def test_records_come_back_as_they_went() -> None:
    records: list[Record] = [
        a_notice(until_ms=SAID), a_yellow_notice(), publication("IX-1", said_ms=SAID), refused(), cancelled(),
        extended("ES-5001", until_ms=SAID), an_answer(), a_declaration(),
    ]  # fmt: skip
    for one in records:
        assert type(one).from_plain(one.to_plain()) == one
