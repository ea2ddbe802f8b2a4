"""Who may be meant: by any spelling, birth year and document number, each with its reasons; nothing is decided."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from fixtures.unlist import ABOUT, ARABIC, CYRILLIC, entity, listed, person, real_lists
from support.matters import PERSON
from support.node import Node, Nodes
from tansiq.enquiries.proposals import matches_of
from tansiq.policy.subjects import Identifier, Name, Subject
from tansiq.policy.values import PartialDate
from tansiq.registers.listed import ListedPerson
from tansiq.registers.matching import SAME_DOCUMENT, facts_of, index_of, match_person, names_of
from tansiq.registers.queries import entries, readable_entry
from tansiq.registers.services import import_un_list

PASSPORT = (
    "<INDIVIDUAL_DOCUMENT><TYPE_OF_DOCUMENT>Passport</TYPE_OF_DOCUMENT><NUMBER>{0}</NUMBER></INDIVIDUAL_DOCUMENT>"
)


def subject(*names: str, **more: object) -> Subject:
    script = {True: "Latn", False: "Arab"}
    given_names = tuple(Name(name, script[name.isascii() or name[0] < "\u0500"]) for name in names)
    return replace(Subject(kind="subject.person", names=given_names, category="category.suspect"), **more)  # type: ignore[arg-type]


def content() -> bytes:
    persons = [
        person(1, ("Khalid", "Echarkaoui"), original=ARABIC),
        person(2, ("Rustam", "Ledyanoy"), original=CYRILLIC, aliases=[]),
        person(
            3,
            ("Youssef", "Invento"),
            original="",
            aliases=[],
            births=[ABOUT.format(1984)],
            more=PASSPORT.format("QX-123 456"),
        ),
    ]
    return listed("".join(persons), entity())


@pytest.fixture
def es(node: Nodes) -> Node:
    es = node("es.cgi")
    import_un_list(io.BytesIO(content()), context=es.context, officer="ES-4017")
    return es


def found(es: Node, asked: Subject) -> list[str]:
    return [match.reference for match in match_person(asked, context=es.context)]


@pytest.mark.storage
@pytest.mark.parametrize("name", ["Jaled Cherkaui", "Khaled Ech-Charkaoui", "خالد الشرقاوي", "Echarkaoui Khalid"])
def test_a_person_is_found_under_any_spelling_with_reasons(es: Node, name: str) -> None:
    match = match_person(subject(name), context=es.context)[0]
    assert match.reference == "INi.001"
    assert match.register == "un"
    assert 0.5 <= match.score <= 1
    assert len(match.reasons) >= 2
    assert all(reason.startswith("names.") for reason in match.reasons)
    assert match.name


@pytest.mark.storage
def test_nobody_is_proposed_where_nothing_fits(es: Node) -> None:
    assert found(es, subject("Wilhelmina Oosterhuis")) == []
    assert found(es, subject()) == []


@pytest.mark.storage
def test_only_persons_are_compared_with_persons(es: Node) -> None:
    company = Subject(kind="subject.group", names=(Name("Khalid Echarkaoui", "Latn"),))
    assert match_person(company, context=es.context) == []
    assert found(es, subject("Invented Trading Company")) == []


@pytest.mark.storage
def test_a_document_number_is_a_reason_of_its_own(es: Node) -> None:
    passport = (Identifier(type="id.passport", number="qx123456", country="MA"),)
    (alone,) = match_person(subject(identifiers=passport), context=es.context)
    assert (alone.reference, alone.reasons) == ("INi.003", (SAME_DOCUMENT,))
    with_name = match_person(subject("Yusef Invento", identifiers=passport), context=es.context)[0]
    without = match_person(subject("Yusef Invento"), context=es.context)[0]
    assert with_name.reference == without.reference == "INi.003"
    assert with_name.score > without.score
    assert with_name.reasons == (*without.reasons, SAME_DOCUMENT)


@pytest.mark.storage
def test_a_short_number_is_no_reason(es: Node) -> None:
    assert found(es, subject(identifiers=(Identifier(type="id.passport", number="12"),))) == []


@pytest.mark.storage
def test_a_birth_year_that_fits_raises_and_one_that_differs_lowers(es: Node) -> None:
    scores = [
        match_person(subject("Yusef Invento", births=births), context=es.context)[0].score
        for births in ((PartialDate(year=1984),), (), (PartialDate(year=1950),))
    ]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 3


@pytest.mark.storage
def test_a_nationality_is_compared_as_a_code_however_the_list_writes_it(es: Node) -> None:
    words = {21: "Moroccan", 22: "Spain", 23: "citizenship revoked in 2015", 24: ""}
    listed_ones = "".join(
        person(number, ("Youssef", "Invento"), original="", aliases=[], births=[]).replace("Morocco", word)
        for number, word in words.items()
    )
    import_un_list(io.BytesIO(listed(listed_ones)), context=es.context, officer="ES-4017", register="nations")
    index = index_of(es.context)
    index.refresh()
    asked = subject("Youssef Invento", nationalities=("MA",))
    told = {match.reference: match for match in index.match(asked, registers={"nations"})}
    nation = {one: [code for code in match.reasons if "nationality" in code] for one, match in told.items()}
    assert nation == {
        "INi.021": ["names.nationality-same"],
        "INi.022": ["names.nationality-other"],
        "INi.023": [],
        "INi.024": [],
    }
    assert told["INi.021"].score > told["INi.023"].score == told["INi.024"].score > told["INi.022"].score


@pytest.mark.storage
def test_the_index_follows_the_register(es: Node) -> None:
    index = index_of(es.context)
    (before,) = match_person(subject("Rustam Ledyanoy"), context=es.context)
    newer = (
        content()
        .replace(b"2026-01-31", b"2026-06-30")
        .replace(b"Ledyanoy", b"Zapatero")
        .replace(CYRILLIC.encode(), b"")
    )
    import_un_list(io.BytesIO(newer), context=es.context, officer="ES-4017")
    after = [match.score for match in match_person(subject("Rustam Ledyanoy"), context=es.context)]
    assert all(score < before.score for score in after), "the former name is still there"
    assert found(es, subject("Rustam Zapatero")) == ["INi.002"]
    shorter = listed(person(1), entity()).replace(b"2026-01-31", b"2026-07-31")
    import_un_list(io.BytesIO(shorter), context=es.context, officer="ES-4017")
    assert found(es, subject("Rustam Zapatero")) == []
    assert len(index) == 1
    assert index_of(es.context) is index


@pytest.mark.storage
def test_a_new_process_makes_the_same_index_from_the_store(es: Node) -> None:
    asked = subject("Jaled Cherkaui")
    before = match_person(asked, context=es.context)
    es.reopen()
    assert match_person(asked, context=es.context) == before


@pytest.mark.storage
def test_an_entry_whose_key_is_lost_costs_only_itself(es: Node) -> None:
    lost = next(stored for stored in entries("un") if stored.reference == "INi.002")
    es.context.keys.erase(lost.thing)
    es.reopen()
    assert found(es, subject("Rustam Ledyanoy")) == []
    assert found(es, subject("Jaled Cherkaui")) == ["INi.001"]


@pytest.mark.storage
def test_an_entry_that_was_altered_costs_only_itself(es: Node) -> None:
    altered = next(stored for stored in entries("un") if stored.reference == "INi.002")
    assert altered.concealed is not None
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE registers_entry SET concealed = %s WHERE id = %s",
            (altered.concealed[:-1] + bytes([altered.concealed[-1] ^ 1]), altered.id),
        )
    es.reopen()
    assert found(es, subject("Rustam Ledyanoy")) == []
    assert found(es, subject("Jaled Cherkaui")) == ["INi.001"]


@pytest.mark.storage
def test_no_more_are_proposed_than_asked_for_and_the_best_first(es: Node) -> None:
    twins = "".join(person(number, ("Khalid", "Echarkaoui"), aliases=[]) for number in range(10, 40))
    import_un_list(io.BytesIO(listed(twins)), context=es.context, officer="ES-4017", register="twins")
    found_ten = match_person(subject("Khalid Echarkaoui"), context=es.context)
    assert len(found_ten) == 10
    assert [match.score for match in found_ten] == sorted((match.score for match in found_ten), reverse=True)
    assert len(match_person(subject("Khalid Echarkaoui"), context=es.context, limit=3)) == 3


def test_the_names_of_a_person_are_those_that_the_person_bears() -> None:
    names = (
        Name("Mojtar", "Latn", "name.given"),
        Name("Benalí", "Latn", "name.family"),
        Name("مختار", "Arab", "name.given"),
        Name("El Zurdo", "Latn", "name.nickname"),
        Name("Ahmed", "Latn", "name.father"),
        Name("Fatima", "Latn", "name.mother"),
        Name("El Zurdo", "Latn", "name.alias"),
    )
    assert names_of(replace(PERSON, names=names)) == ["El Zurdo", "Mojtar Benalí", "مختار"]


@given(st.integers(1800, 2190), st.integers(1, 9), st.booleans())
def test_births_cover_every_date_that_was_given(year: int, length: int, circa: bool) -> None:
    births = (PartialDate(year=year), PartialDate(year=year, until_year=year + length, circa=circa))
    first, last = facts_of(replace(PERSON, births=births)).span
    assert (first // 10000, last // 10000) == ((year - 2, year + length + 2) if circa else (year, year + length))


def test_without_a_date_there_are_no_births() -> None:
    assert facts_of(replace(PERSON, births=())).births == ()


@pytest.mark.storage
def test_both_editions_end_with_everybody_found_in_both_scripts_and_the_damage_told(es: Node) -> None:
    reports = []
    for path in real_lists():
        content = io.BytesIO(path.read_bytes())
        reports.append(import_un_list(content, context=es.context, officer="ES-4017", register="real", removals=True))
    index = index_of(es.context)
    index.refresh()
    if len(reports) > 1:
        assert reports[-1]["kept_older"] > 100
        assert {one["reason"] for one in reports[-1]["damaged"]} >= {"damage.high-byte-lost"}
    everybody = [(stored, readable_entry(stored, es.context.keys)) for stored in entries("real")]
    originals = 0
    for stored, entry in everybody:
        if not isinstance(entry, ListedPerson):
            continue
        for name in entry.names:
            if name.kind in {"main", "original"}:
                originals += name.kind == "original"
                hits = [match.entry for match in index.match(subject(name.text), limit=20)]
                assert stored.id in hits, (entry.reference, name.kind)
    assert originals > 100


@pytest.mark.storage
def test_what_not_everybody_at_a_matter_may_read_is_not_proposed_there(es: Node) -> None:
    own = io.BytesIO(listed(person(1, ("Hidden", "Onlyhere"), original="", aliases=[], births=[])))
    posts = ("es.cgi/counter-terrorism", "es.cgi/head")
    import_un_list(own, context=es.context, officer="ES-4017", register="own", posts=posts)
    index = index_of(es.context)
    index.refresh()
    assert index.shared([]) == {"un"}
    assert index.shared(["es.cgi/counter-terrorism"]) == {"un", "own"}
    assert index.shared(["es.cgi/counter-terrorism", "es.cgi/embassy-office"]) == {"un"}
    asked = subject("Hidden Onlyhere")
    proposed = {
        post: matches_of(bytes(16), bytes(16), [asked], es.context, posts=(post, "")) for post in (posts[0], "es.cgi/x")
    }
    assert (len(proposed[posts[0]]), len(proposed["es.cgi/x"])) == (1, 0)
    es.reopen()
    index_of(es.context).refresh()
    assert index_of(es.context).shared([posts[0]]) == {"un", "own"}
