"""The typefaces that `make setup` cuts: every letter that our texts use, the licence beside, and not the name it reserves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fontTools.ttLib import TTFont

from support.source import PACKAGE
from tansiq.texts import catalogue

FOLDER = PACKAGE / "web" / "static" / "web" / "fonts"
MADE = sorted(FOLDER.glob("*.woff2"))
pytestmark = pytest.mark.skipif(not MADE, reason="make setup makes the typefaces; pages read without them")
JOINERS = {0x200C, 0x200D}


def letters(path: Path) -> set[int]:
    font: Any = TTFont(path)
    return set(font.getBestCmap())


@pytest.mark.parametrize("weight", [400, 600])
def test_every_letter_of_every_text_is_in_a_typeface(weight: int) -> None:
    has = letters(FOLDER / f"sans-{weight}.woff2") | letters(FOLDER / f"arabic-{weight}.woff2")
    wanted = {
        ord(letter)
        for leaf in catalogue().values()
        for sentence in leaf.values()
        for letter in sentence
        if letter.isprintable()
    }
    assert not {chr(point) for point in wanted - has}


def test_names_in_the_scripts_of_both_sides_are_in_a_typeface() -> None:
    has = letters(FOLDER / "sans-400.woff2") | letters(FOLDER / "arabic-400.woff2") | JOINERS
    for name in (
        "عبد الســلام بنعلي",
        "ڭ پ چ ڤ گ",
        "ﷲ ﻻ ﺑ",
        "Peñarroya Estébanez",
        "Çelik Œuvre Ÿ Łódź",
        "½ × ± → ✓ … « »",
    ):
        assert not {letter for letter in name if ord(letter) not in has}, name


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.stem)
def test_a_part_of_a_typeface_bears_another_name_and_keeps_its_licence(path: Path) -> None:
    font: Any = TTFont(path)
    names = {record.nameID: record.toUnicode() for record in font["name"].names}
    assert not [names[number] for number in (1, 4, 6) if "Plex" in names[number]]
    assert "Open Font License" in names[13]
    assert "Open Font License" in (FOLDER / "OFL.txt").read_text(encoding="utf-8")


def test_all_of_them_are_small_enough_for_a_poor_line() -> None:
    assert sum(path.stat().st_size for path in MADE) < 250_000
