"""Damage to names is noticed, ordinary names are left alone, and a damaged value never replaces a good one."""

from __future__ import annotations

import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.unlist import careless, good
from tansiq.errors import BadInput
from tansiq.registers import damage
from tansiq.registers.damage import choose, damage_of, mended, survey
from tansiq.texts import catalogue

INVENTED = [
    "خالد الشرقاوي", "محمد بنعلي", "عبد السلام الحمداوي", "فاطمة الزهراء أيت لحسن", "إدريس بوعزة", "رضا ؤلحاج",
    "نور الدين البقالي", "آمنة الطاهري", "گل محمد چراغی", "یاسر کریمی", "Рустам Ледяной", "Тимур Озёрный",
    "سعيد", "محمد", "حمزة ولد سالم", "جمعية الأمل المخترعة للتجارة",
]  # fmt: skip

WHOLE = [
    "", " ", "-", "Khalid Echarkaoui", "KHALID ECHARKAOUI", "D'ABADIE", "'Abd al-Hadi", "HADJ ABDI", "A. B. C.",
    "A.B.C.", "J.-B. de la Cierva", "ABDI (HADI)", "HADI, ABDI", '"ABDI"', "'ABDI'", "García-Pérez", "ÉGÉE",
    "Ångström", "O'Hea", "7TH OF TIR", "M23", "F-16", "3D", "3MG", "12/05/1960", "0123-456", "17 November", "C/D",
    "AB 850901", "A1", "No. 7", "خالد الشرقاوي", "山田 太郎", "김철수", "Иван", "Ιωάννης", "דוד", "Nguyễn Văn A",
    "Łukasz", "ABDI & HADJI CIE.", "A+", "JAMAA ANSAR (AAS-T)", "HADJ  ABDI", "GAGE-D'EDGE", "DE'DAD", "Who?",
    "Ça va", "D'ABADIE, J.-B.", "(A.B.)", "ABA (B.), C.",
    "Œuvre", "FACADE: BADE",
]  # fmt: skip


def lost(text: str) -> str:
    """``text`` after a careless copy, as XML lets it pass: control characters as pictures."""
    return "".join(mended(io.BytesIO(careless(text.encode())), "latin-1")).replace("&amp;", "&").replace("&lt;", "<")


@pytest.mark.parametrize("name", INVENTED)
def test_lost_high_bytes_are_noticed(name: str) -> None:
    found = damage_of(lost(name), original_script=True)
    assert found is not None
    assert found.reason == "damage.high-byte-lost"
    assert not found.legible


@pytest.mark.parametrize("name", [name for name in INVENTED if "Р" not in name])
def test_the_hint_is_what_stood_there(name: str) -> None:
    found = damage_of(lost(name), original_script=True)
    assert found is not None
    assert found.hint == name


@pytest.mark.parametrize("name", WHOLE)
def test_ordinary_names_numbers_and_codes_are_whole(name: str) -> None:
    assert damage_of(name) is None


@pytest.mark.parametrize(
    ("text", "reason", "hint", "legible"),
    [
        ("\u241cChief\u241d Hamid", "damage.signs-lost", "“Chief” Hamid", True),
        ("SA\u2419D", "damage.signs-lost", "SA’D", True),
        ("AL-\u2418ALI", "damage.signs-lost", "AL-‘ALI", True),
        ("Sa\x19id", "damage.signs-lost", "Sa’id", True),
        ("Ivanovi\u2407", "damage.signs-lost", "", True),
        ("\x9cT\x08:°8", "damage.high-byte-lost", "", False),
        ("Ø®Ø§Ù„Ø¯", "damage.misread", "خالد", False),
        ("JosÃ©", "damage.misread", "José", False),
        ("???? ???", "damage.replaced", "", False),
        ("Fran\ufffdois", "damage.replaced", "", True),
    ],
)
def test_other_damage_has_its_own_reason(text: str, reason: str, hint: str, *, legible: bool) -> None:
    found = damage_of(text)
    assert found is not None
    assert (found.reason, found.hint, found.legible) == (reason, hint, legible)


@pytest.mark.parametrize(
    ("older", "newer", "value", "report"),
    [
        ("خالد الشرقاوي", lost("خالد الشرقاوي"), "خالد الشرقاوي", "damage.kept-older"),
        ("Рустам Ледяной", lost("Рустам Ледяной"), "Рустам Ледяной", "damage.kept-older"),
        ("خالد الشرقاوي", lost("خالد البقالي"), "خالد الشرقاوي", "damage.kept-older-unsure"),
        ("خالد الشرقاوي", "???? ???", "خالد الشرقاوي", "damage.kept-older-unsure"),
        ("خالد الشرقاوي", "خالد البقالي", "خالد البقالي", "damage.taken"),
        ("خالد الشرقاوي", "خالد الشرقاوي", "خالد الشرقاوي", "damage.unchanged"),
        ("خالد الشرقاوي", "", "", "damage.taken"),
        ("", "خالد الشرقاوي", "خالد الشرقاوي", "damage.taken"),
        (lost("خالد الشرقاوي"), "خالد الشرقاوي", "خالد الشرقاوي", "damage.taken"),
        ("", lost("خالد الشرقاوي"), "", "damage.none-good"),
        (lost("خالد الشرقاوي"), lost("خالد الشرقاوي"), "", "damage.none-good"),
        ("Sa’id", "Sa\u2419id", "Sa\u2419id", "damage.taken"),
    ],
)
def test_the_good_value_is_chosen(older: str, newer: str, value: str, report: str) -> None:
    chosen = choose(older, newer)
    assert (chosen.value, chosen.report) == (value, report)
    assert chosen.report in catalogue()
    assert (chosen.damage is None) == (damage_of(newer) is None)


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_value_that_cannot_be_read_is_never_chosen(older: str, newer: str) -> None:
    chosen = choose(older, newer)
    found = damage_of(chosen.value)
    assert found is None or found.legible
    assert chosen.value in {older, newer, ""}


@given(text=st.text(max_size=200), original=st.booleans())
def test_any_text_is_judged_with_a_reason_of_the_catalogue(*, text: str, original: bool) -> None:
    found = damage_of(text, original_script=original)
    assert found is None or found.reason in catalogue()


@pytest.mark.parametrize(
    "text", ["1" * 50_000 + "x", "1." * 50_000 + "#", "a'" * 50_000 + "#", "'D" * 50_000, "?" * 50_000]
)
def test_long_texts_are_judged_in_a_moment(text: str) -> None:
    started = time.process_time()
    damage_of(text)
    damage_of(text, original_script=True)
    assert time.process_time() - started < 2, "a look back at every sign takes minutes"


def test_a_whole_file_is_surveyed_as_utf8() -> None:
    seen = survey(io.BytesIO(good()))
    assert (seen.size, seen.encoding, seen.low_bytes) == (len(good()), "utf-8", False)


@pytest.mark.parametrize("chunk", [64, 211, 4096])
def test_a_careless_copy_is_seen_and_mended_wherever_it_is_cut_into_pieces(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = careless(good()) + b"<NOTE>& &amp; <0@> < &#38; &#bad; </NOTE>"
    whole = "".join(mended(io.BytesIO(copied), "latin-1"))
    monkeypatch.setattr(damage, "CHUNK", chunk)
    assert survey(io.BytesIO(copied)).low_bytes
    assert "".join(mended(io.BytesIO(copied), "latin-1")) == whole
    assert whole.endswith("<NOTE>&amp; &amp; &lt;0@> &lt; &#38; &amp;#bad; </NOTE>")


@pytest.mark.parametrize("chunk", [64, 4096])
def test_limits_of_a_file_hold_wherever_it_is_cut(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(damage, "CHUNK", chunk)
    monkeypatch.setattr(damage, "MAX_RUN", 200)
    monkeypatch.setattr(damage, "MAX_BYTES", 10_000)
    with pytest.raises(BadInput, match=r"unlist\.too-long"):
        survey(io.BytesIO(b"<A>" + b"x" * 300 + b"</A>"))
    with pytest.raises(BadInput, match=r"unlist\.too-large"):
        survey(io.BytesIO(b"<A></A>" * 2000))
    with pytest.raises(BadInput, match=r"unlist\.entities"):
        survey(io.BytesIO(b"<A></A>" * 8 + b" " * 3 + b"<!DOCTYPE a>"))
