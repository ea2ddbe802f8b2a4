"""Names that hide are found all the same, and it is said that they hide."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.names import NameIndex, flags, folded
from tansiq.names.parts import parts


@pytest.mark.parametrize(
    ("hidden", "honest", "flag"),
    [
        ("Mo\u200bhamed", "Mohamed", "invisible"),
        ("Mo\u00adhamed", "Mohamed", "invisible"),
        ("\u202eMohamed\u202c", "Mohamed", "direction"),
        ("\u2066محمد\u2069", "محمد", "direction"),
        ("M\u043eh\u0430med", "Mohamed", "look-alike"),
        ("K\u03b1rim", "Karim", "look-alike"),
        ("محمدali", "محمدali", "mixed"),
    ],
)
def test_what_hides_is_folded_and_flagged(hidden: str, honest: str, flag: str) -> None:
    assert flags(hidden) == (f"names.flag-{flag}",)
    assert folded(hidden) == folded(honest)
    index = NameIndex()
    index.add(b"1", [f"{honest} Cherkaoui"])
    assert [hit.id for hit in index.search(f"{hidden} Cherkaoui")] == [b"1"]


@pytest.mark.parametrize(
    "name", ["Mohamed Ben Ali", "محمد بنعلي", "می\u200cرزا", "\u200fمحمد", "José Núñez", "Иван Петров", "", "X Æ"]
)
def test_honest_names_are_not_flagged(name: str) -> None:
    assert flags(name) == ()


@given(st.text(max_size=300))
def test_any_text_may_be_looked_at(text: str) -> None:
    assert set(flags(text)) <= {
        "names.flag-direction",
        "names.flag-invisible",
        "names.flag-look-alike",
        "names.flag-mixed",
    }


@given(
    st.text(alphabet="abdelkrim àéüñ عبدالكريمأإةىءآؤئ -'", max_size=60),
    st.sampled_from("\u200b\u200f\u202e\u0640\u064e"),
)
def test_case_marks_forms_and_invisible_signs_never_change_a_key(text: str, sign: str) -> None:
    keys = [part.keys for part in parts(text)]
    assert [part.keys for part in parts(unicodedata.normalize("NFD", text))] == keys
    assert [part.keys for part in parts(text.upper())] == keys
    assert [part.keys for part in parts(sign.join(text))] == keys


@pytest.mark.parametrize("letter", ["a", "م", "عبد ", "ben ", "\u0301", "\ufdfa", "al-"])
def test_a_name_of_ten_thousand_characters_costs_little_and_is_refused(letter: str) -> None:
    index = NameIndex()
    began = time.process_time()
    for verb in (lambda name: index.add(b"1", [name]), index.search):
        with pytest.raises(BadInput, match=r"names\.too-long"):
            verb((letter * 10_000)[:10_000])
    assert time.process_time() - began < 0.02
