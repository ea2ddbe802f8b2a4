"""Persons are found by any spelling, without those whom the asker may not see, and quickly."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.work import calls_in
from tansiq.errors import BadInput
from tansiq.names import MAX_NAME, Birth, Facts, NameIndex, Segment, build, search_together
from tansiq.names.question import question_of
from tansiq.texts import catalogue

GIVEN = ["Mohamed", "Ahmed", "Karim", "Rachid", "Fatima", "Nadia", "Antonio", "خالد", "عبدالله", "سعيد"]
FAMILY = ["Alami", "Benali", "Cherkaoui", "Tazi", "Bennis", "García", "Ruiz", "الحمداوي", "بوعزة", "Lahlou"]
SYLLABLES = ["ba", "dou", "ra", "ki", "sou", "la", "mi", "na", "ha", "ja", "za", "fa", "cha", "wa", "gho", "ta"]


def crowd(size: int) -> NameIndex:
    """``size`` invented persons, the same every time."""
    chance = random.Random(5)
    index = NameIndex()
    for number in range(size):
        surname = "".join(chance.choices(SYLLABLES, k=3))
        name = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)} {surname}"
        index.add(number.to_bytes(4, "big"), [name], born(1950 + number % 50))
    return index


def born(first: int, last: int | None = None) -> Facts:
    return Facts(births=(Birth.years(first, last or first),))


@pytest.fixture(scope="module")
def thousand() -> NameIndex:
    return crowd(1000)


@pytest.mark.parametrize(
    "spellings",
    [
        ["محمد بنعلي", "Mohammed Benali", "Mohamed Ben Ali", "Mohamed Benalí"],
        ["عبد السلام الحمداوي", "Abdeslam El Hamdaoui", "Abdeselam Hamdaui"],
        ["خالد الشرقاوي", "Jaled Cherkaui", "Khalid Echarkaoui"],
        ["نور الدين أبو زيد", "Noureddine Abouzaid", "Nuredin Abu Zaid"],
        ["يحيى ولد سالم", "Yahya Ould Salem", "Iahia Uld Salem"],
    ],
    ids=lambda names: names[1],
)
def test_each_spelling_finds_each_other_among_a_thousand(spellings: list[str]) -> None:
    for held, asked in itertools.permutations(spellings, 2):
        index = crowd(300)
        index.add(b"sought", [held])
        found = {hit.id: hit for hit in index.search(asked)}
        assert b"sought" in found, (held, asked, found)
        assert found[b"sought"].name == held


def test_everybody_is_found_by_the_own_name(thousand: NameIndex) -> None:
    chance = random.Random(5)
    for number in range(300):
        surname = "".join(chance.choices(SYLLABLES, k=3))
        name = f"{chance.choice(GIVEN)} {chance.choice(FAMILY)} {surname}"
        first = thousand.search(name, limit=3)
        assert number.to_bytes(4, "big") in {hit.id for hit in first}, name


def test_a_person_is_one_hit_under_the_best_fitting_name() -> None:
    index = NameIndex()
    index.add(b"1", ["Karim Alami", "Karim El Alami Tazi", "كريم العلمي"])
    (hit,) = index.search("Kareem Alami Tazi")
    assert (hit.id, hit.name) == (b"1", "Karim El Alami Tazi")
    assert hit.reasons == ("names.part-spelling", "names.part-same", "names.part-same")


def test_hits_come_best_first_and_no_more_than_asked(thousand: NameIndex) -> None:
    hits = thousand.search("Mohamed Benali", limit=7)
    assert len(hits) == 7
    assert [hit.log_odds for hit in hits] == sorted((hit.log_odds for hit in hits), reverse=True)
    assert hits == thousand.search("Mohamed Benali", limit=20)[:7]
    assert thousand.search("Mohamed Benali", limit=0) == []


@pytest.mark.parametrize(
    ("birth", "moved"),
    [((1980, 1980), 1), ((1978, 1981), 1), ((1990, 1990), -1), ((1950, 1950), -1)],
)
def test_a_birth_moves_the_score_and_never_excludes(birth: tuple[int, int], moved: int) -> None:
    index = NameIndex()
    index.add(b"1", ["Karim Alami"], born(1979, 1981))
    (plain,), (hit,) = index.search("Karim Alami"), index.search("Karim Alami", born(*birth))
    assert (hit.log_odds > plain.log_odds) - (hit.log_odds < plain.log_odds) == moved


def test_a_birth_decides_between_namesakes_and_without_it_they_share() -> None:
    index = NameIndex()
    index.add(b"old", ["Karim Alami"], born(1950))
    index.add(b"young", ["Karim Alami"], born(1990))
    index.add(b"unknown", ["Karim Alami"])
    assert [hit.id for hit in index.search("Karim Alami", born(1990, 1991))] == [b"young", b"unknown", b"old"]
    alike = index.search("Karim Alami")
    assert [hit.others for hit in alike] == [2, 2, 2]
    assert sum(hit.probability for hit in alike) < 1.0
    assert len({round(hit.probability, 6) for hit in alike}) == 1


def test_a_document_finds_whom_no_name_finds() -> None:
    index = NameIndex()
    index.add(b"1", ["Karim Alami"], Facts(documents=("QX-123 456",)))
    index.add(b"2", ["Karim Alami"])
    first, second = index.search("Karim Alami", Facts(documents=("qx123456",)))
    assert (first.id, second.id) == (b"1", b"2")
    assert first.probability > 0.9
    assert [hit.id for hit in index.search("", Facts(documents=("QX123456",)))] == [b"1"]
    index.remove(b"1")
    assert index.search("", Facts(documents=("QX123456",))) == []


def test_the_population_is_a_parameter_and_not_counted() -> None:
    small, large = NameIndex(1000), NameIndex(1_000_000)
    for index in (small, large):
        index.add(b"1", ["Karim Alami"])
    (one,), (other,) = small.search("Karim Alami"), large.search("Karim Alami")
    assert one.log_odds - other.log_odds == pytest.approx(6.9078, abs=1e-3)
    small.add(b"2", ["Hassan Tazi"])
    assert small.search("Karim Alami") == [one]


def test_a_segment_comes_back_from_its_arrays(thousand: NameIndex) -> None:
    again = NameIndex()
    again.load(Segment({name: array.copy() for name, array in thousand.segment().arrays().items()}))
    assert len(again) == 1000
    for question in ("Mohamed Benali", "خالد الحمداوي"):
        assert again.search(question) == thousand.search(question)
    again.remove((5).to_bytes(4, "big"))
    assert (5).to_bytes(4, "big") not in again
    assert len(again) == 999


def test_segments_are_equal_whatever_was_there_meanwhile() -> None:
    persons = [(bytes([number]), [f"Karim Alami {surname}"]) for number, surname in enumerate(FAMILY)]
    grown = NameIndex()
    for number, (person, names) in enumerate(persons):
        grown.add(person, names)
        grown.add(b"gone", ["Hassan Tazi"])
        grown.search("Karim Alami")
        if number % 3 == 0:
            grown.remove(b"gone")
    grown.remove(b"gone")
    built = NameIndex()
    built.load(build((person, names, Facts()) for person, names in persons))
    assert grown.search("Karim Alami Tazi") == built.search("Karim Alami Tazi")


def test_adding_persons_keeps_the_exact_one_among_the_first_ten() -> None:
    index = NameIndex()
    index.add(b"sought", ["Mohamed Karim Zouhairi"])
    for number in range(800):
        index.add(
            number.to_bytes(4, "big"), [f"Mohamed Karim {SYLLABLES[number % 16]}{SYLLABLES[number // 16 % 16]}ni"]
        )
    assert index.search("Mohamed Karim Zouhairi")[0].id == b"sought"
    for number in range(9):
        index.add(b"twin" + bytes([number]), ["Mohamed Karim Zouhairi"])
    assert b"sought" in {hit.id for hit in index.search("Mohamed Karim Zouhairi")}


def test_a_person_who_may_not_be_seen_changes_nothing() -> None:
    """Two worlds that differ only in a hidden crowd of namesakes give the same answer."""
    seen, hidden = crowd(200), NameIndex()
    for number in range(500):
        hidden.add(b"hidden" + bytes([number // 256, number % 256]), ["Mohamed Benali", "محمد بنعلي"])
    for question in ("Mohamed Benali", "محمد", "Benali Lahlou", "nobody"):
        alone = seen.search(question)
        assert search_together([seen], question) == alone
        assert search_together([seen, hidden], "Mohamed Benali")[0].others > 9
        assert seen.search(question) == alone


def test_several_indexes_answer_as_one_that_holds_all() -> None:
    one, other, whole = NameIndex(), NameIndex(), NameIndex()
    for number, surname in enumerate(FAMILY):
        person, about = bytes([number]), Facts(documents=(f"QX{number:06}",))
        for index in ((one, other)[number % 2], whole):
            index.add(person, [f"Karim {surname}"], about)
    for question, known in ((f"Karim {FAMILY[0]}", None), ("Karim", None), ("", Facts(documents=("qx-000001",)))):
        assert search_together([one, other], question, known, limit=50) == whole.search(question, known, limit=50)


@pytest.mark.parametrize("others", ["", "with a further fact that makes what is known of the person long enough"])
def test_a_document_is_found_in_a_segment_that_was_kept(others: str) -> None:
    """A number alone, which is few bytes, as well as one among much."""
    kept = build([
        (b"1", ["Karim Alami"], Facts(documents=("QX-123 456", "12"), mother=others)),
        (b"2", ["Hassan Tazi"], Facts(documents=("qx123456",))),
        (b"3", ["Hassan Tazi"], Facts()),
    ])  # fmt: skip
    index = NameIndex()
    index.load(Segment({name: array.copy() for name, array in kept.arrays().items()}))
    assert {hit.id for hit in index.search("", Facts(documents=("QX123456",)))} == {b"1", b"2"}
    assert b"1" in {hit.id for hit in index.search("Zoubida Lahrichi", Facts(documents=("QX123456",)))}
    assert index.search("", Facts(documents=("12",))) == []
    index.remove(b"1")
    assert {hit.id for hit in index.search("", Facts(documents=("QX123456",)))} == {b"2"}
    index.add(b"4", ["Rachid Zebdi"], Facts(documents=("QX 123456",)))
    assert {hit.id for hit in index.search("", Facts(documents=("QX123456",)))} == {b"2", b"4"}


def test_adding_again_replaces_and_removing_forgets() -> None:
    index = NameIndex()
    index.add(b"1", ["Karim Alami"])
    index.add(b"1", ["Hassan Tazi"])
    assert len(index) == 1
    assert b"1" in index
    assert not index.search("Karim Alami")
    assert [hit.id for hit in index.search("Hassan Tazi")] == [b"1"]
    assert index.remove(b"1")
    assert not index.remove(b"1")
    assert b"1" not in index
    assert not index.search("Hassan Tazi")


def test_nothing_of_a_removed_name_stays_behind() -> None:
    index = NameIndex()
    index.add(b"1", ["Karim Alami", "كريم العلمي"])
    index.add(b"2", ["Hassan Tazi"])
    index.search("Karim Zebdi")
    index.remove(b"1")
    assert b"Alami" not in index.segment().texts.tobytes()
    assert index.segment().names == 1


def test_what_is_refused_changes_nothing() -> None:
    index = NameIndex()
    index.add(b"1", ["Karim Alami"])
    with pytest.raises(BadInput, match=r"names\.too-long"):
        index.add(b"1", ["Hassan Tazi", "x" * (MAX_NAME + 1)])
    with pytest.raises(BadInput, match=r"names\.too-long"):
        index.search("x" * 10_000)
    assert [hit.name for hit in index.search("Karim Alami")] == ["Karim Alami"]


@pytest.mark.parametrize("name", ["", "  ", "---", "\u200b\u200f", "'"])
def test_a_name_without_letters_finds_nobody_and_harms_nobody(name: str) -> None:
    index = NameIndex()
    index.add(b"1", [name, "Karim Alami"])
    index.add(b"2", [name])
    assert index.search(name) == []
    assert len(index) == 2
    assert [hit.id for hit in index.search("Karim Alami")] == [b"1"]


@given(st.lists(st.text(max_size=80), max_size=6), st.text(max_size=80))
def test_any_text_may_be_held_and_asked(names: list[str], question: str) -> None:
    index = NameIndex()
    index.add(b"1", names)
    for asked in (question, *names):
        for hit in index.search(asked):
            assert 0.0 <= hit.probability <= 1.0
            assert hit.name in names
            assert all(reason in catalogue() for reason in hit.reasons)
    index.remove(b"1")
    assert len(index) == 0
    assert not index.search(question)


@pytest.mark.parametrize("seed", range(8))
def test_the_longest_names_cost_a_bounded_work(seed: int) -> None:
    """A name of 500 letters costs some 90,000 calls among thirty of its kind; without its limits it would cost millions."""
    chance = random.Random(seed)
    index = NameIndex()
    letters = "abdelkrim عبدالكريم -'ﷺ"
    for number in range(30):
        index.add(bytes([number]), ["".join(chance.choices(letters, k=MAX_NAME))])
    index.search("Karim")  # puts them in order, once
    longest = "".join(chance.choices(letters, k=MAX_NAME))
    assert calls_in(lambda: index.search(longest)) < 300_000
    assert len(question_of(longest).items) < 50


def test_a_thousand_persons_are_searched_in_a_moment(thousand: NameIndex) -> None:
    """Some 9,000 calls each where every part is asked for the first time, of which none is made for each person."""
    questions = [f"{first} {last}" for first in GIVEN for last in FAMILY]
    assert calls_in(lambda: [thousand.search(question) for question in questions]) / len(questions) < 20_000
