"""How well two names fit, and why: the parts add up to the score, and every reason has its text in four languages."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.names import Birth, Facts, NameIndex, compare, explain
from tansiq.texts import LANGUAGES, catalogue, text

ONE_PERSON = [
    ["محمد بنعلي", "Mohammed Benali", "Mohamed Ben Ali", "Mohamed Benalí", "BENALI Mohamed", "محمد بن علي"],
    [
        "عبد السلام الحمداوي",
        "Abdeslam El Hamdaoui",
        "Abdeselam Hamdaui",
        "Abdessalam Al-Hamdawi",
        "Hamdaoui Abd es-Salam",
    ],
    ["خالد الشرقاوي", "Jaled Cherkaui", "Khalid Echarkaoui", "Khaled Ech-Charqaoui", "Charkawi Jalid"],
    ["نور الدين البوعزاوي", "Noureddine El Bouazzaoui", "Nuredin Buazaui", "Nour-Eddine Bouazzaoui"],
    ["عبد الله أيت لحسن", "Abdellah Aït Lahcen", "Abdalá Ait Lahsen", "Abdullah Ait El Hassan"],
    ["زهراء بوشعيب", "Zahra Bouchaib", "Zahrae Bou Chaib"],
    ["José María Fernández Ruiz", "FERNANDEZ RUIZ Jose Maria"],
    ["جبل بن يوسف", "Yebel Ben Yusef", "Jabal Benyoussef"],
]


@pytest.mark.parametrize("spellings", ONE_PERSON, ids=lambda names: names[1])
def test_spellings_of_one_person_fit_one_another(spellings: list[str]) -> None:
    for asked, held in itertools.permutations(spellings, 2):
        assert compare(asked, held).score > 0.55, (asked, held, compare(asked, held))
        assert explain(asked, held).probability > 0.3, (asked, held)


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("Mohamed Benali", "Karim Benali"),  # brothers
        ("Mohamed Ben Ali", "Mohamed Cherkaoui"),
        ("Samir El Amrani", "Rachid El Amrani"),
        ("محمد الحمداوي", "Mohamed Berrada"),
        ("Antonio García López", "Antonio Ruiz Pérez"),
        ("Mohamed", "Mohamed Benali"),
        ("Mohamed Ahmed El Hamdaoui", "Karim Ahmed El Hamdaoui"),
    ],
)
def test_who_shares_only_a_part_is_far_below(asked: str, held: str) -> None:
    assert explain(asked, held).probability < 0.5


@pytest.mark.parametrize(
    ("asked", "better", "worse"),
    [
        ("Mohamed Benali", "Mohammed Ben Ali", "Mahmoud Ben Ali"),
        ("Samir Chakir", "سمير شاكر", "سميرة شاكر"),
        ("Karim Alami Idrissi", "Karim Alami", "Karim Alami Tazi"),  # left out, or somebody else
        ("Hassan Alami", "Hassan Alami", "Hassan Alami Idrissi Tazi"),
        ("Karim El Alami", "Karim Alami", "Said Alami"),
    ],
)
def test_the_better_fit_is_more_probable(asked: str, better: str, worse: str) -> None:
    assert explain(asked, better).log_odds > explain(asked, worse).log_odds


@pytest.mark.parametrize(
    ("asked", "held", "codes"),
    [
        ("Karim Alami", "Karim Alami", ("part-same", "part-same")),
        ("Karim Alami", "Alami Kareem", ("part-spelling", "part-same")),
        ("Karim Alami", "كريم العلمي", ("part-transliterated", "part-transliterated")),
        ("Karim Alami Tazi", "Karim Alami", ("part-same", "part-same", "part-missing")),
        ("Karim Alami", "Karim Alami Tazi", ("part-same", "part-same", "more-in-record")),
        ("Karim Alami", "Hassan Alami", ("part-different", "part-same", "more-in-record")),
        ("K. Bouchta", "Karim Bouchta", ("part-initial", "part-same")),
        ("Karim Berrada", "Karim Berada", ("part-same", "part-spelling")),
        ("", "Karim", ()),
    ],
)
def test_every_part_of_the_question_has_its_reason(asked: str, held: str, codes: tuple[str, ...]) -> None:
    assert compare(asked, held).reasons == tuple("names." + code for code in codes)


def test_the_rules_of_writing_are_told() -> None:
    (first, second, *_) = explain("Khaled Cherkaoui", "خالد الشرقاوي").pieces
    assert ("k", "ق") in second.rules
    assert ("e", "") in first.rules


ANY = st.text(max_size=60)
BORN = st.sampled_from(["", "1979", "1979-03", "1979-03-05", "1979-05-03", "1979-01-01", "1980", "1990-01-01"])
SEX = st.sampled_from(["", "M", "F"])


def facts(born: str, sex: str, number: str, father: str) -> Facts:
    birth = Birth.of(born)
    return Facts(births=(birth,) if birth else (), sex=sex, documents=(number,), father=father)


KNOWN = st.builds(
    facts, BORN, SEX, st.sampled_from(["", "X12345", "Y98765"]), st.sampled_from(["", "Ahmed", "أحمد", "Said"])
)


@given(ANY, ANY, KNOWN, KNOWN, st.integers(1, 10**9))
def test_the_pieces_always_add_up_to_the_score_and_have_texts(
    asked: str, held: str, one: Facts, other: Facts, population: int
) -> None:
    found = explain(asked, held, facts=one, known=other, population=population)
    assert sum(piece.log_odds for piece in found.pieces) == pytest.approx(found.log_odds, abs=1e-6)
    assert all(text(piece.code, language) for piece in found.pieces for language in LANGUAGES)
    assert 0.0 <= found.probability <= 1.0


NAMES = ["Karim", "Alami", "Benali", "Abdellah", "Cherkaoui", "نور الدين", "الحمداوي", "García"]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True), KNOWN, KNOWN)
def test_a_hit_of_the_index_has_the_log_odds_of_its_explanation(parts: list[str], one: Facts, other: Facts) -> None:
    name = " ".join(parts)
    index = NameIndex()
    index.add(b"1", [name], other)
    (hit,) = index.search(name, one)
    found = explain(name, name, facts=one, known=other)
    assert hit.log_odds == pytest.approx(found.log_odds, abs=1e-3)
    assert found.among(hit.probability).probability == pytest.approx(hit.probability, abs=1e-6)


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_parts_hardly_matters(name: list[str], chance: random.Random) -> None:
    shuffled = list(name)
    chance.shuffle(shuffled)
    assert compare(" ".join(name), " ".join(shuffled)).score == pytest.approx(1.0)


@given(ANY, ANY)
def test_any_two_texts_have_a_score_between_nothing_and_all(asked: str, held: str) -> None:
    found = compare(asked, held)
    assert 0.0 <= found.score <= 1.0
    assert all(reason in catalogue() for reason in found.reasons)


def born(text_: str) -> Facts:
    birth = Birth.of(text_)
    return Facts(births=(birth,)) if birth else Facts()


@pytest.mark.parametrize(
    ("asked", "held", "code"),
    [
        ("1979-03-05", "1979-03-05", "same-day"),
        ("1979-03-05", "1979-05-03", "swapped"),
        ("1979-03-05", "1979-11-20", "other-day"),
        ("1979-03-05", "1979", "same-year"),
        ("1979-03-05", "1979-01-01", "same-year"),  # 1 January: some day of that year
        ("1979", "1980", "one-year"),
        ("1979", "1981", "two-years"),
        ("1979", "1984", "five-years"),
        ("1979", "1988", "ten-years"),
        ("1979", "1950", "far"),
    ],
)
def test_births_are_soft_evidence(asked: str, held: str, code: str) -> None:
    codes = [piece.code for piece in explain("Karim Alami", "Karim Alami", facts=born(asked), known=born(held)).pieces]
    assert f"names.birth-{code}" in codes


@pytest.mark.parametrize(
    ("asked", "held", "code", "sign"),
    [
        ({"sex": "M"}, {"sex": "F"}, "sex-other", -1),
        ({"father": "Ahmed"}, {"father": "أحمد"}, "father-same", 1),
        ({"mother": "Fatima Zahra"}, {"mother": "Khadija"}, "mother-other", -1),
        ({"documents": ("AB 12-345",)}, {"documents": ("ab12345",)}, "document-same", 1),
        ({"nationalities": ("MA",)}, {"nationalities": ("ES", "MA")}, "nationality-same", 1),
        ({"nationalities": ("MA",)}, {"nationalities": ("ES",)}, "nationality-other", -1),
    ],
)
def test_what_else_is_known_moves_the_score(asked: dict[str, Any], held: dict[str, Any], code: str, sign: int) -> None:
    found = explain("Karim Alami", "Karim Alami", facts=Facts(**asked), known=Facts(**held))
    (piece,) = [piece for piece in found.pieces if piece.code == f"names.{code}"]
    assert piece.log_odds * sign > 0
    plain = explain("Karim Alami", "Karim Alami", facts=Facts(**asked))
    assert found.log_odds == pytest.approx(plain.log_odds + piece.log_odds)
