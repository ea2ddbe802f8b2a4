"""What an import tells: totals first, then each reason in words with how often and a few examples; all of it as JSON."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from fixtures.unlist import CYRILLIC, careless, listed, person
from support.node import Nodes
from tansiq.cli import registers
from tansiq.registers import damage, unlist
from tansiq.texts import LANGUAGES, catalogue, text


@pytest.fixture
def a_damaged_list(tmp_path: Path) -> Path:
    """Seven whose original script was lost, and two without a name."""
    persons = [person(at, (f"Invento{at}", "Echarkaoui"), original=CYRILLIC) for at in range(1, 8)]
    persons += [person(at, (), original="", aliases=()) for at in (8, 9)]
    file = tmp_path / "damaged.xml"
    file.write_bytes(careless(listed("".join(persons), "")))
    return file


def test_totals_come_first_and_each_reason_is_told_once(node: Nodes, terminal: Any, a_damaged_list: Path) -> None:
    ma = node("ma.dgst")
    assert terminal("import", "un-list", a_damaged_list, home=ma) == 0, terminal.err
    lines = terminal.out.splitlines()
    assert len(lines) < 20
    totals = next(at for at, line in enumerate(lines) if line.split() == ["Persons", "7"])
    nameless = next(at for at, line in enumerate(lines) if "Entry without a legible name: 2 (" in line)
    lost = next(at for at, line in enumerate(lines) if ": 7 (INi.001 NAME_ORIGINAL_SCRIPT" in line)
    assert totals < nameless < lost
    assert lines[lost].endswith(" …)")
    assert lines[lost].count("INi.") == 3
    for code in ("damage.", "unlist."):
        assert code not in terminal.out
    assert "--json" in lines[-1]


def test_nothing_of_it_is_lost_from_the_json_not_even_the_second_time(
    node: Nodes, terminal: Any, a_damaged_list: Path
) -> None:
    ma = node("ma.dgst")
    first = terminal.json("import", "un-list", a_damaged_list, home=ma)
    assert [one["reference"] for one in first["skipped"]] == ["INi.008", "INi.009"]
    assert len({one["reference"] for one in first["damaged"]}) == 7
    again = terminal.json("import", "un-list", a_damaged_list, home=ma)
    assert (again["changed"], again["skipped"], again["damaged"]) == (False, first["skipped"], first["damaged"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_a_report_has_its_words(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "told", lambda key, **values: text(key, language, **values))
    source = inspect.getsource(unlist) + inspect.getsource(damage)
    named = set(re.findall(r'"((?:damage|unlist)\.[a-z-]+)"', source))
    reasons = {
        code for code in named if f"{code}.what" not in catalogue()
    }  # what is wrong with a whole file is an error
    assert len(reasons) > 8
    for code in reasons:
        assert registers._reason(code) not in {"", code}
    assert registers._reason("damage.of-a-newer-version") == "damage.of-a-newer-version"


@pytest.mark.parametrize("name", ["", "a name; DROP TABLE"])
def test_a_register_without_a_proper_name_is_nobody_elses_fault(
    name: str, node: Nodes, terminal: Any, a_damaged_list: Path
) -> None:
    ma = node("ma.dgst")
    assert terminal("import", "un-list", a_damaged_list, "--register", name, home=ma) == 2
    assert terminal.code == "registers.wrong-name"
    assert terminal.json("import", "list", home=ma) == []
