"""The index of names on disk: encrypted, replaced in one step, never trusted more than the stored entries."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path

import pytest
from django.db import connections

from fixtures.unlist import listed, person
from support.node import Node, Nodes
from tansiq import names
from tansiq.names import Facts, build
from tansiq.policy.subjects import Name, Subject
from tansiq.registers import kept_index as keeping
from tansiq.registers.kept_index import Kept, forget_index, keep_index, kept_index
from tansiq.registers.matching import RegisterIndex
from tansiq.registers.queries import entries
from tansiq.registers.services import import_un_list

pytestmark = pytest.mark.storage


@pytest.fixture
def es(node: Nodes) -> Node:
    es = node("es.cgi")
    persons = "".join(
        person(number, ("Khalid", f"Echarkaoui{'abcdefgh'[number]}"), aliases=[]) for number in range(1, 6)
    )
    import_un_list(io.BytesIO(listed(persons)), context=es.context, officer="ES-4017")
    return es


def kept(name: str, *, version: int = 1) -> Kept:
    return Kept({"un": build([(b"1", [name], Facts())])}, {"un": version})


def asked(name: str) -> Subject:
    return Subject(kind="subject.person", names=(Name(name, "Latn"),), category="category.suspect")


def test_a_segment_comes_back_and_no_name_stands_on_the_disk(es: Node, tmp_path: Path) -> None:
    file = tmp_path / "names.index"
    segment = build([(b"1", ["Khalid Echarkaoui", "خالد الشرقاوي"], Facts(documents=("QX123456",)))])
    other = build([(b"2", ["Rachid Zebdi"], Facts())])
    keep_index(file, Kept({"un": segment, "own": other}, {"un": 3, "own": 1}), keys=es.context.keys)
    again = kept_index(file, keys=es.context.keys)
    assert again is not None
    assert again.versions == {"un": 3, "own": 1}
    for register, held in (("un", segment), ("own", other)):
        assert {name: array.tobytes() for name, array in again.segments[register].arrays().items()} == {
            name: array.tobytes() for name, array in held.arrays().items()
        }
    stored = file.read_bytes()
    for secret in ("Khalid", "khalid", "Echarkaoui", "خالد", "QX123456", "qx123456"):
        assert secret.encode() not in stored
    assert file.stat().st_mode & 0o777 == 0o600


def test_whatever_is_wrong_with_the_file_it_is_only_left_aside(es: Node, tmp_path: Path) -> None:
    file = tmp_path / "names.index"
    keys = es.context.keys
    assert kept_index(file, keys=keys) is None
    keep_index(file, kept("Karim Alami"), keys=keys)
    good = file.read_bytes()
    for bad in (
        b"",
        good[:10],
        good[:-1],
        good[:-100],
        good[:40] + bytes([good[40] ^ 1]) + good[41:],
        good[:16] + b"\xff" * 8 + good[24:],
        bytes(len(good)),
    ):
        file.write_bytes(bad)
        assert kept_index(file, keys=keys) is None
    file.write_bytes(good)
    keep_index(file, kept("Hassan Tazi"), keys=keys)
    file.write_bytes(good)
    assert kept_index(file, keys=keys) is None, "the key of the older file is gone"
    forget_index(file, keys=keys)
    assert not file.exists()


def test_an_index_of_another_version_of_the_tables_is_made_anew(
    es: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "names.index"
    keep_index(file, kept("Karim Alami"), keys=es.context.keys)
    assert kept_index(file, keys=es.context.keys) is not None
    monkeypatch.setattr(keeping, "made_by", lambda: bytes(32))
    assert kept_index(file, keys=es.context.keys) is None


@pytest.mark.parametrize("moment", ["replace", "unlink"])
def test_whoever_is_killed_while_writing_leaves_a_file_that_opens(es: Node, tmp_path: Path, moment: str) -> None:
    file, keys = tmp_path / "names.index", es.context.keys
    keep_index(file, kept("Khalid Echarkaoui"), keys=keys)
    connections.close_all()
    if (child := os.fork()) == 0:
        setattr(Path, moment, lambda *_, **__: os._exit(137))
        try:
            keep_index(file, kept("Rachid Zebdi", version=2), keys=keys)
        finally:
            os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 137
    found = kept_index(file, keys=keys)
    assert found is not None
    assert found.versions == {"un": 1 if moment == "replace" else 2}
    keep_index(file, kept("Rachid Zebdi", version=3), keys=keys)
    assert [one.name for one in tmp_path.glob("*names.index*")] == ["names.index"]
    assert len(list(keys.secrets("names"))) == 1, "the keys of what was left behind are gone as well"


def test_a_node_starts_from_the_file_and_follows_what_changed(es: Node, tmp_path: Path) -> None:
    file = str(tmp_path / "names.index")
    first = RegisterIndex(es.context.keys, population=10_000, file=file)
    first.rebuild()
    about = first.about()
    assert (about["persons"], about["names"]) == (5, 10)
    assert about["file"] > 0
    again = RegisterIndex(es.context.keys, population=10_000, file=file)
    again.refresh()
    assert again.match(asked("Khalid Echarkaouia")) == first.match(asked("Khalid Echarkaouia"))
    newer = listed(person(1, ("Rachid", "Zebdi"), aliases=[], original="")).replace(b"2026-01-31", b"2026-07-31")
    import_un_list(io.BytesIO(newer), context=es.context, officer="ES-4017", removals=True)
    third = RegisterIndex(es.context.keys, population=10_000, file=file)
    third.refresh()
    assert len(third) == 1
    assert [match.reference for match in third.match(asked("Rachid Zebdi"))] == ["INi.001"]


def test_an_entry_whose_key_is_gone_is_not_found_by_the_file_either(es: Node, tmp_path: Path) -> None:
    file = str(tmp_path / "names.index")
    RegisterIndex(es.context.keys, population=10_000, file=file).rebuild()
    lost = next(stored for stored in entries("un") if stored.reference == "INi.002")
    es.context.keys.erase(lost.thing)
    again = RegisterIndex(es.context.keys, population=10_000, file=file)
    again.refresh()
    assert len(again) == 4
    assert "INi.002" not in {match.reference for match in again.match(asked("Khalid Echarkaouib"))}


def test_all_that_makes_an_index_is_in_the_digest() -> None:
    """Whatever `segment` imports of the room of names, and their tables."""
    room = Path(names.__file__).parent
    wanted, seen = {"segment.py"}, set[str]()
    while wanted:
        file = wanted.pop()
        seen.add(file)
        found = re.findall(r"from tansiq\.names\.(\w+) import", (room / file).read_text("utf-8"))
        wanted |= {f"{one}.py" for one in found} - seen
    tables = {one.name for one in room.glob("rarity.*") if one.suffix != ".py"}
    assert seen | tables == set(keeping._MADE_OF)
