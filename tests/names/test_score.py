"""How well two names fit, and why."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.names import compare
from tansiq.texts import catalogue

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
    ["José María Fernández Ruiz", "FERNANDEZ RUIZ Jose Maria", "Jose Maria Fernandez"],
]


@pytest.mark.parametrize("spellings", ONE_PERSON, ids=lambda names: names[1])
def test_spellings_of_one_person_fit_one_another(spellings: list[str]) -> None:
    for asked, held in itertools.permutations(spellings, 2):
        assert compare(asked, held).score > 0.6, (asked, held, compare(asked, held))


@pytest.mark.parametrize(
    ("asked", "held"),
    [
        ("Mohamed Benali", "Karim Benali"),  # brothers
        ("Mohamed Ben Ali", "Mohamed Cherkaoui"),
        ("Samir El Amrani", "Rachid El Amrani"),
        ("محمد الحمداوي", "Mohamed Berrada"),
        ("Antonio García López", "Antonio Ruiz Pérez"),
        ("Mohamed", "Mohamed Benali"),
    ],
)
def test_who_shares_only_one_part_is_far_below(asked: str, held: str) -> None:
    assert compare(asked, held).score < 0.6


@pytest.mark.parametrize(
    ("asked", "better", "worse"),
    [
        ("Mohamed Benali", "Mohammed Ben Ali", "Mahmoud Ben Ali"),
        ("Samir Chakir", "سمير شاكر", "سميرة شاكر"),
        ("Karim Alami Idrissi", "Karim Alami", "Karim Alami Tazi"),  # left out, or somebody else
        ("Hassan Alami", "Hassan Alami", "Hassan Alami Idrissi Tazi"),
    ],
)
def test_the_better_fit_scores_higher(asked: str, better: str, worse: str) -> None:
    assert compare(asked, better).score > compare(asked, worse).score


@pytest.mark.parametrize(
    ("asked", "held", "codes"),
    [
        ("Karim Alami", "Karim Alami", ("part-same", "part-same")),
        ("Karim Alami", "Alami Kareem", ("part-spelling", "part-same")),
        ("Karim Alami", "كريم العلمي", ("part-transliterated", "part-transliterated")),
        ("Karim Alami Tazi", "Karim Alami", ("part-same", "part-same", "part-missing")),
        ("Karim Alami", "Karim Alami Tazi", ("part-same", "part-same", "more-in-record")),
        ("Karim Alami", "Hassan Alami", ("part-different", "part-same")),
        ("K. Bouchta", "Karim Bouchta", ("part-initial", "part-same")),
        ("Karim Cherkaoui", "Karim Chermaoui", ("part-same", "part-near")),
        ("Karim Berrada", "Karim Berada", ("part-same", "part-spelling")),
        ("Karim Gharbi", "Karim Jarbi", ("part-same", "part-spelling")),
        ("", "Karim", ()),
        ("Karim", "", ("part-missing",)),
    ],
)
def test_every_part_of_the_question_has_its_reason(asked: str, held: str, codes: tuple[str, ...]) -> None:
    found = compare(asked, held)
    assert found.reasons == tuple("names." + code for code in codes)
    assert all(reason in catalogue() for reason in found.reasons)


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_two_texts_have_a_score_between_nothing_and_all(asked: str, held: str) -> None:
    found = compare(asked, held)
    assert 0.0 <= found.score <= 1.0
    assert all(reason in catalogue() for reason in found.reasons)


NAMES = ["Karim", "Alami", "Benali", "Abdellah", "Cherkaoui", "نور الدين", "الحمداوي", "García"]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True), st.randoms(use_true_random=False))
def test_the_order_of_parts_changes_nothing(name: list[str], chance: random.Random) -> None:
    shuffled = list(name)
    chance.shuffle(shuffled)
    whole = " ".join(name)
    assert compare(whole, " ".join(shuffled)).score == pytest.approx(compare(whole, whole).score)
