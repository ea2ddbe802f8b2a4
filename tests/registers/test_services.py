"""A list is imported whole or not at all, and once; what is damaged in a newer one takes nothing away from the older."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from fixtures.unlist import ARABIC, CYRILLIC, careless, entity, hostile, listed, person, real_lists
from support.node import Node, Nodes
from tansiq import faults
from tansiq.errors import BadInput, Conflict
from tansiq.journal.access import read_access
from tansiq.node.loading import unapplied
from tansiq.registers.listed import Entry, ListedPerson
from tansiq.registers.queries import entries, entry_faults, entry_of, open_entry, readable_registers, registers
from tansiq.registers.services import import_un_list, sweep_superseded

pytestmark = pytest.mark.storage

OLD, NEW = b"2026-01-31", b"2026-06-30"


def a_list(*numbers: int, original: str = ARABIC, day: bytes = OLD, group: bool = True) -> bytes:
    """A list of invented persons under these numbers."""
    persons = "".join(person(number, (f"Invento{number}", "Echarkaoui"), original=original) for number in numbers)
    return listed(persons, entity() if group else "").replace(OLD, day)


def take(es: Node, content: bytes, **more: Any) -> dict[str, Any]:
    return import_un_list(io.BytesIO(content), context=es.context, officer="ES-4017", **more)


def known(es: Node) -> dict[str, Entry | None]:
    return {stored.reference: open_entry(stored, es.context.keys) for stored in entries("un")}


def originals(es: Node, reference: str) -> list[str]:
    entry = known(es)[reference]
    assert entry is not None
    return [name.text for name in entry.names if name.kind == "original"]


@pytest.fixture
def es(node: Nodes) -> Node:
    return node("es.cgi")


@pytest.fixture
def no_faults() -> Iterator[None]:
    yield
    faults.install(None)


def test_a_list_is_stored_and_the_report_counts_it(es: Node) -> None:
    told: list[Any] = []
    report = take(es, a_list(1, 2), progress=told.append)
    assert {name: report[name] for name in ("changed", "persons", "entities", "added", "updated", "removed")} == {
        "changed": True, "persons": 2, "entities": 1, "added": 3, "updated": 0, "removed": 0,
    }  # fmt: skip
    assert sorted(known(es)) == ["INe.001", "INi.001", "INi.002"]
    entry = known(es)["INi.001"]
    assert isinstance(entry, ListedPerson)
    assert "Jaled Cherkaui" in entry.searchable
    assert [one["entries"] for one in registers()] == [3]
    assert told[-1] == {"phase": "storing", "done": 3, "total": 3}


def test_nobody_reads_a_name_in_the_database(es: Node) -> None:
    take(es, a_list(1))
    with connection.cursor() as cursor:
        for table in ("registers_entry", "registers_register"):
            cursor.execute(f"SELECT * FROM {table}")
            shown = repr([bytes(v) if isinstance(v, memoryview) else v for row in cursor.fetchall() for v in row])
            for name in ("Invento1", "Echarkaoui", "Cherkaui", "Invented Trading"):
                assert name not in shown


def test_the_same_file_again_changes_nothing(es: Node) -> None:
    content = a_list(1, 2)
    take(es, content)
    before = entries("un")
    again = take(es, content)
    assert (again["changed"], again["entries"]) == (False, 3)
    assert entries("un") == before
    logged = [told["operation"] for _, told in read_access(es.context.keys) if told]
    assert logged == ["collection"], "one import, one leaf"


def test_the_same_file_again_tells_what_was_said_of_single_entries(es: Node) -> None:
    content = careless(listed(person(1, ("Invento1", "Echarkaoui"), original=CYRILLIC) + person(2, ()), ""))
    first = take(es, content)
    again = take(es, content)
    assert again["changed"] is False
    assert first["damaged"]
    assert {name: again[name] for name in ("skipped", "faults", "damaged")} == {
        name: first[name] for name in ("skipped", "faults", "damaged")
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing FROM registers_register")
        es.context.keys.erase(bytes(cursor.fetchone()[0]))
    assert "damaged" not in take(es, content), "the key of the report is lost, the register is not"


def test_a_newer_list_updates_adds_and_lets_go(es: Node) -> None:
    take(es, a_list(1, 2, 3))
    before = {stored.reference: stored for stored in entries("un")}
    changed = a_list(1, 2, 4, day=NEW).replace(b"Invento2", b"Inventado2")
    report = take(es, changed)
    assert {name: report[name] for name in ("added", "updated", "unchanged", "removed")} == {
        "added": 1, "updated": 1, "unchanged": 2, "removed": 1,
    }  # fmt: skip
    after = {stored.reference: stored for stored in entries("un")}
    assert after["INi.002"].id == before["INi.002"].id, "a match refers to the entry, whatever it says now"
    assert (after["INi.003"].listed, after["INi.003"].concealed) == (False, None)
    for gone in ("INi.002", "INi.003"):
        assert not es.context.keys.has_contents([before[gone].thing]), "the key of what was replaced is gone"
    assert entry_of(after["INi.003"].id, context=es.context) is None
    assert not list(entry_faults(context=es.context))


def test_who_comes_back_to_the_list_is_the_same_entry(es: Node) -> None:
    take(es, a_list(1, 2, 3))
    first = {stored.reference: stored.id for stored in entries("un")}
    take(es, a_list(1, 2, day=NEW))
    take(es, a_list(1, 2, 3, day=b"2026-07-31"))
    back = {stored.reference: stored for stored in entries("un")}
    assert back["INi.003"].listed
    assert back["INi.003"].id == first["INi.003"]
    assert known(es)["INi.003"] is not None


def test_a_damaged_name_does_not_take_the_place_of_a_good_one(es: Node) -> None:
    take(es, a_list(1, original=CYRILLIC))
    damaged = careless(listed(person(1, ("Invento1", "Echarkaoui"), original=CYRILLIC), "")).replace(OLD, NEW)
    report = take(es, damaged, removals=True)
    assert report["kept_older"] == 1
    assert [(one["reference"], one["field"], one["kept_older"]) for one in report["damaged"]] == [
        ("INi.001", "NAME_ORIGINAL_SCRIPT", True)
    ]
    assert originals(es, "INi.001") == [CYRILLIC]
    assert "value" not in report["damaged"][0], "the report that is shown names nobody"


def test_a_damaged_name_that_nobody_knew_before_is_left_out_and_reported(es: Node) -> None:
    report = take(es, careless(listed(person(1, ("Invento1", "Echarkaoui"), original=CYRILLIC), "")))
    assert (report["kept_older"], report["damaged"][0]["kept_older"]) == (0, False)
    assert originals(es, "INi.001") == []


def test_an_entry_that_cannot_be_read_any_more_stays_as_it_was(es: Node) -> None:
    take(es, a_list(1, 2))
    nameless = listed(person(1) + person(2, (), original="", aliases=()), entity()).replace(OLD, NEW)
    report = take(es, nameless)
    assert [gap["reference"] for gap in report["skipped"]] == ["INi.002"]
    assert report["removed"] == 0
    assert known(es)["INi.002"] is not None


def test_an_older_list_than_the_last_is_refused(es: Node) -> None:
    take(es, a_list(1, 2, day=NEW))
    before = entries("un")
    with pytest.raises(Conflict, match=r"registers\.older-list"):
        take(es, a_list(1))
    assert entries("un") == before


def a_day(es: Node, ahead: int) -> bytes:
    """The day so many days after today, by the node's clock."""
    today = dt.datetime.fromtimestamp(es.context.clock() / 1000, dt.UTC).date()
    return (today + dt.timedelta(days=ahead)).isoformat().encode()


def test_a_list_of_a_day_to_come_is_refused_beyond_what_clocks_may_differ(es: Node) -> None:
    take(es, a_list(1))
    for ahead in (3, 400_000):
        with pytest.raises(BadInput, match=r"registers\.future-list"):
            take(es, a_list(1, 2, day=a_day(es, ahead)))
    assert sorted(known(es)) == ["INe.001", "INi.001"]
    assert take(es, a_list(1, 2, day=a_day(es, 2)))["added"] == 1


@pytest.mark.parametrize("absurd", ["9999-13-45", "3025-01-01", "zzzz", ""])
def test_an_absurd_day_that_an_earlier_version_took_does_not_lock_the_register(es: Node, absurd: str) -> None:
    content = a_list(1, 2)
    take(es, content)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registers_register SET generated = %s", [absurd])
    assert take(es, content)["generated"] == OLD.decode(), "the day is put right even by the same list"
    assert [one["generated"] for one in registers()] == [OLD.decode()]
    assert take(es, a_list(1, 2, 3, day=NEW))["added"] == 1
    with pytest.raises(Conflict, match=r"registers\.older-list"):
        take(es, a_list(1, 2))


def test_a_list_that_lost_more_than_half_is_refused_unless_it_is_said(es: Node) -> None:
    take(es, a_list(1, 2, 3, 4, group=False))
    shorter = a_list(1, day=NEW, group=False)
    with pytest.raises(Conflict, match=r"registers\.many-gone"):
        take(es, shorter)
    assert all(stored.listed for stored in entries("un"))
    assert take(es, shorter, removals=True)["removed"] == 3


@pytest.mark.parametrize("name", sorted(hostile()))
def test_a_hostile_file_changes_nothing(es: Node, name: str) -> None:
    content, code = hostile()[name]
    with pytest.raises(BadInput) as caught:
        take(es, content)
    assert caught.value.code == code
    assert not entries("un")
    assert not registers()


def test_a_register_has_a_name_that_is_a_code(es: Node) -> None:
    for name in ("a name; DROP TABLE", "", "x" * 65):
        with pytest.raises(BadInput, match=r"registers\.wrong-name"):
            take(es, a_list(1), register=name)


def test_another_import_meanwhile_is_noticed(es: Node) -> None:
    other = a_list(1, 2, day=b"2026-02-28")

    def meanwhile(told: Any) -> None:
        if told["phase"] == "storing" and not registers():
            take(es, other)

    with pytest.raises(Conflict, match=r"registers\.import-running"):
        take(es, a_list(3, 4), progress=meanwhile)
    assert sorted(known(es)) == ["INe.001", "INi.001", "INi.002"]


@pytest.mark.usefixtures("no_faults")
@pytest.mark.parametrize(
    "point", ["keystore.contents.after-commit", "keystore.erase.before-commit", "keystore.erase.after-commit"]
)
def test_an_import_that_was_cut_off_is_finished_by_the_next(es: Node, point: str) -> None:
    take(es, a_list(1, 2))
    newer = a_list(1, 2, day=NEW).replace(b"Invento2", b"Inventado2")

    class Crash(BaseException):
        pass

    def hook(reached: str) -> None:
        if reached == point:
            faults.install(None)
            raise Crash

    faults.install(hook)
    with pytest.raises(Crash):
        take(es, newer)
    take(es, newer)
    entry = known(es)["INi.002"]
    assert entry is not None
    assert entry.searchable[0].startswith("Inventado2")
    assert sweep_superseded(context=es.context) == 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM registers_superseded")
        assert cursor.fetchone()[0] == 0


def test_after_a_restored_backup_the_same_file_brings_lost_entries_back(es: Node) -> None:
    content = a_list(1, 2)
    take(es, content)
    lost = next(stored for stored in entries("un") if stored.reference == "INi.002")
    es.context.keys.erase(lost.thing)
    assert [fault for _, fault in entry_faults(context=es.context)] == ["registers.key-lost"]
    assert take(es, content)["updated"] == 1
    assert not list(entry_faults(context=es.context))


def test_two_registers_do_not_mix(es: Node) -> None:
    take(es, a_list(1), register="un")
    take(es, a_list(1, 2), register="demo")
    assert [(one["register"], one["entries"]) for one in registers()] == [("demo", 3), ("un", 2)]


def test_the_real_lists_come_in_and_the_newer_keeps_what_it_damaged(es: Node) -> None:
    reports = [take(es, path.read_bytes()) for path in real_lists()]
    assert all(report["persons"] > 100 for report in reports)
    assert not list(entry_faults(context=es.context))
    if len(reports) > 1:
        assert reports[-1]["kept_older"] > 0
        assert reports[-1]["original_scripts"] > reports[-1]["kept_older"] - 1


def test_a_home_of_the_version_before_has_registers_for_every_desk(es: Node) -> None:
    take(es, a_list(1))

    def migrate(*to: str) -> None:
        call_command("migrate", "registers", *to, database="default", verbosity=0, interactive=False)

    migrate("0001")
    assert unapplied("default") == ["registers.0002_posts"]
    migrate()
    migrate()
    assert readable_registers(["es.cgi/counter-terrorism"]) == {"un"}
    assert take(es, a_list(1, 2, day=NEW))["added"] == 1
