"""One form for every way of typing the same letters."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.names import MAX_NAME, folded


@pytest.mark.parametrize(
    ("typed", "same_as"),
    [
        ("مُحَمَّد", "محمد"),
        ("محـــمد", "محمد"),
        ("\u202bمحمد\u202c", "محمد"),
        ("مح\u200cمد", "محمد"),
        ("\ufee3\ufea4\ufee4\ufeaa", "محمد"),  # presentation forms
        ("أحمد", "احمد"),
        ("إدريس", "ادريس"),
        ("آمنة", "امنه"),
        ("رؤوف", "رووف"),
        ("فائز", "فايز"),
        ("علی", "علي"),  # Persian yeh
        ("کریم", "كريم"),  # Persian kaf and yeh
        ("مصطفى", "مصطفي"),
        ("فاطمة", "فاطمه"),
        ("MOHAMED", "mohamed"),
        ("Benalí", "benali"),
        ("Muḥammad", "muhammad"),
        ("Muh\u0323ammad", "muhammad"),
        ("ʿAlī", "ali"),
        ("Sa'id", "said"),
        ("Sa’id", "said"),
        ("El-Hamdaoui", "el hamdaoui"),
        ("García  PÉREZ\t", "garcia perez"),
        ("Łukasz Øre", "lukasz ore"),
        ("\uff2d\uff4f\uff48\uff41", "moha"),  # full width
        ("İsmail Işık", "ismail isik"),
        ("الأمير ١٢", "الامير 12"),
        ("\ufffdKawa\ufffd", "kawa"),
        ("", ""),
        ("--- ...", ""),
    ],
)
def test_spellings_of_the_same_letters(typed: str, same_as: str) -> None:
    assert folded(typed) == same_as


@given(st.text(max_size=MAX_NAME))
@example("\ufdfa" * MAX_NAME)
@example("\ud800x")
@example("ᾳ\u0345ͅΣς")
def test_any_text_is_folded_once_and_for_all(text: str) -> None:
    once = folded(text)
    assert folded(once[:MAX_NAME]) == once[:MAX_NAME].strip()
    assert "  " not in once
    assert all(letter == " " or unicodedata.category(letter)[0] in "LNM" for letter in once)


@given(
    st.text(alphabet="abdelkrim àéüñḥṣعبدالكريمأإةى", max_size=40),
    st.sampled_from("\u200b\u200f\u202e\u2066\u0640\u064e"),
)
def test_case_marks_and_invisible_signs_change_nothing(text: str, sign: str) -> None:
    assert folded(text.upper()) == folded(text)
    assert folded(unicodedata.normalize("NFD", text)) == folded(text)
    assert folded(sign.join(text)) == folded(text)


@pytest.mark.parametrize("letter", ["a", "م", "\ufdfa", "\u0301", "\u200b", "😀"])
def test_a_name_of_ten_thousand_characters_is_refused_at_once(letter: str) -> None:
    taken = []
    for _ in range(5):
        start = time.process_time()
        with pytest.raises(BadInput, match="too-long") as caught:
            folded(letter * 10_000)
        taken.append(time.process_time() - start)
        assert caught.value.values == {"length": 10_000, "limit": MAX_NAME}
    assert min(taken) < 0.01
