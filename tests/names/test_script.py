"""A name in the other script: for showing, and whoever searches for what is shown finds whom it stands for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.names import MAX_NAME, NameIndex, transliterated
from tansiq.names.script import script_of

ARABIC = {
    "خالد الشرقاوي": "Khalid Cherkaoui",
    "عبد الله بن محمد": "Abdellah Ben Mohamed",
    "عبد الودود": "Abdelwadoud",
    "فاطمة الزهراء": "Fatima El Zahra",
    "سيف الدين زغلول": "Saif Eddine Zaghloul",
    "وحيد يزيد قرطبي": "Wahid Yazid Kartabi",
}
LATIN = {
    "Mohamed Chaouni": "محمد الشاوني",
    "ABDELLAH benali": "عبدالله بنعلي",
    "Jaled Cherkaui": "خالد الشرقاوي",
    "Karim Zebdi": "كريم زبدي",
    "Ould Cheikh": "ولد شيخ",
}


@pytest.mark.parametrize("name", ARABIC)
def test_an_arabic_name_reads_in_latin_letters(name: str) -> None:
    assert transliterated(name, "Latn") == ARABIC[name]


@pytest.mark.parametrize("name", LATIN)
def test_a_latin_name_reads_in_arabic_letters(name: str) -> None:
    assert transliterated(name, "Arab") == LATIN[name]


@pytest.mark.parametrize(
    "name", [*ARABIC, *LATIN, "زينب العمراني", "Mustapha El Hamdaoui", "Yassine Bouazza", "رشيد الناصري"]
)
def test_who_searches_for_what_is_shown_finds_whom_it_stands_for(name: str) -> None:
    index = NameIndex()
    index.add(b"sought", [name])
    for number in range(40):
        index.add(bytes([number]), [f"Hassan Tazi{'abcdefgh'[number % 8]} {number}"])
    shown = transliterated(name, "Latn" if script_of(name) == "Arab" else "Arab")
    assert shown
    assert script_of(shown) != script_of(name)
    assert index.search(shown)[0].id == b"sought"


@pytest.mark.parametrize("name", ["", "  ", "Иван Петров", "Иван Ali", "山田 太郎", "417", "محمد Ali"])
def test_what_is_in_neither_script_or_in_both_is_left_as_it_is(name: str) -> None:
    assert transliterated(name, "Latn") == transliterated(name, "Arab") == ""


def test_a_name_in_the_script_asked_for_needs_none() -> None:
    assert transliterated("Karim Alami", "Latn") == ""
    assert transliterated("كريم العلمي", "Arab") == ""


def test_what_is_no_name_is_refused() -> None:
    with pytest.raises(BadInput, match=r"names\.too-long"):
        transliterated("ا" * (MAX_NAME + 1), "Latn")


@given(st.text(alphabet="ابتثجحخدذرزسشصضطظعغفقكلمنهويءآأإئؤةىّ َ", max_size=60))
def test_any_arabic_letters_become_latin_ones(name: str) -> None:
    shown = transliterated(name, "Latn")
    assert script_of(shown) in {"Latn", ""}
    assert shown.isascii()
