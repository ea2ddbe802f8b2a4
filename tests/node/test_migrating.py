"""An upgrade that is killed at the worst moment of any of its steps is begun again and comes out the same; a new database, which is made
at once, is what all steps together would have made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from support.node import Nodes, empty_home
from support.switch import forget
from tansiq.exchange.carried import CourierFile, courier_files, keep_file
from tansiq.node.loading import unapplied
from tansiq.node.migrating import bring_up_to_date, step_by_step
from tansiq.node.opening import bind
from tansiq.protocol.heads import Direction

pytestmark = pytest.mark.storage


class Killed(Exception):
    """The process ends where it stands."""


def schema() -> list[tuple[str, list[str]]]:
    with connection.cursor() as cursor:
        names = sorted(connection.introspection.table_names(cursor))
        return [(name, sorted(connection.introspection.get_constraints(cursor, name))) for name in names]


@pytest.mark.parametrize("room", ["accounts", "cases", "enquiries", "exchange", "mfa"])
def test_a_step_that_was_killed_before_it_was_written_down_left_nothing(
    node: Nodes, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    node("es.cgi").use()
    before = schema()
    call_command("migrate", room, "zero" if room in {"accounts", "mfa"} else "0001", database="default", verbosity=0)
    older, lacking = schema(), unapplied("default")
    assert lacking

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(MigrationExecutor, "record_migration", die)
        with pytest.raises(Killed):
            bring_up_to_date("default")
    assert (schema(), unapplied("default")) == (older, lacking)
    bring_up_to_date("default")
    assert unapplied("default") == []
    assert schema() == before


def rows_of(cursor: Any, table: str) -> int:
    cursor.execute(f"SELECT COUNT(*) FROM {table}")
    return int(cursor.fetchone()[0])


def everything(alias: str) -> dict[str, Any]:
    """Each table's columns, constraints, indices and rows, and every migration, as the database itself tells them."""
    one = connections[alias]
    with one.cursor() as cursor:
        found: dict[str, Any] = {
            name: (
                {column.name: column[1:] for column in one.introspection.get_table_description(cursor, name)},
                one.introspection.get_constraints(cursor, name),
                one.introspection.get_sequences(cursor, name),
                rows_of(cursor, name),
            )
            for name in one.introspection.table_names(cursor)
            if name != "django_migrations"
        }
        cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
        return found | {"migrations": cursor.fetchall()}


def made(home_path: Path, how: Callable[[str], None]) -> dict[str, dict[str, Any]]:
    home = empty_home(home_path, "es.cgi")
    home.data.mkdir(parents=True)
    forget()
    bind(home)
    try:
        for alias in ("default", "keys"):
            how(alias)
        return {alias: everything(alias) for alias in ("default", "keys")}
    finally:
        connections.close_all()


def test_a_new_database_is_what_all_steps_would_have_made_of_it(tmp_path: Path) -> None:
    at_once, steps = made(tmp_path / "at-once", bring_up_to_date), made(tmp_path / "steps", step_by_step)
    for tables in (at_once["default"], steps["default"]):
        # Django's own, which holds nothing here: its migrations and its application differ in how wide its numbers are.
        tables.pop("auth_group_permissions")
    for alias in ("default", "keys"):
        assert at_once[alias].keys() == steps[alias].keys()
        for table in steps[alias]:
            assert at_once[alias][table] == steps[alias][table], table


def test_a_new_database_that_is_killed_before_it_is_whole_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = empty_home(tmp_path / "home", "es.cgi")
    home.data.mkdir(parents=True)
    forget()
    bind(home)

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(MigrationRecorder, "migration_qs", property(die))
        with pytest.raises(Killed):
            bring_up_to_date("default")
    assert schema() == []
    bring_up_to_date("default")
    assert unapplied("default") == []
    connections.close_all()


def test_courier_files_of_before_stay_and_their_names_are_their_partners_alone(node: Nodes) -> None:
    node("es.cgi").use()
    begun = CourierFile(
        file=bytes(16), peer="ma.dgst", direction=Direction.RECEIVED, made_ms=1, at_ms=2, statements=3, whole=True
    )
    keep_file(begun)
    keep_file(replace(begun, peer="fr.dgsi"))
    call_command("migrate", "exchange", "0008", database="default", verbosity=0)
    bring_up_to_date("default")
    assert courier_files() == [replace(begun, peer="fr.dgsi")], "the table of before held one of each name"
    keep_file(begun)
    assert len(courier_files()) == 2
