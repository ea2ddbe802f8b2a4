"""An upgrade makes a backup first, brings both databases up to date, and checks that all still agrees."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection

from support.node import SECRET, Node, Nodes, carry
from support.notes import effects, notes, send_notes
from tansiq.errors import Conflict, Unavailable
from tansiq.node.loading import unapplied
from tansiq.node.restore import restore
from tansiq.node.upgrade import upgrade

pytestmark = pytest.mark.storage
__all__ = ["notes"]


@pytest.fixture
def madrid(node: Nodes, notes: None) -> Node:
    """A node with something in it, bound."""
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 3)
    send_notes(ma, es, 3)
    carry(es, ma)
    return es


def set_back(room: str = "exchange", to: str = "0001") -> None:
    """Makes the bound database's schema an older one."""
    call_command("migrate", room, to, database="default", verbosity=0, interactive=False)


def tables() -> list[str]:
    with connection.cursor() as cursor:
        return connection.introspection.table_names(cursor)


def test_nothing_to_do_changes_nothing(madrid: Node, tmp_path: Path) -> None:
    done = upgrade(madrid.home, secret=SECRET, backup_to=tmp_path / "backup")
    assert (done.migrated, done.backup, done.report) == ((), None, None)
    assert not (tmp_path / "backup").exists()


def test_an_older_schema_is_backed_up_and_upgraded(madrid: Node, tmp_path: Path) -> None:
    before = sorted(effects(madrid))
    set_back()
    assert "exchange_tombstone" not in tables()
    assert unapplied("default")[0] == "exchange.0002_restore_and_tombstones"
    told: set[str] = set()
    done = upgrade(
        madrid.home, secret=SECRET, backup_to=tmp_path / "backup", progress=lambda stage, _done, _total: told.add(stage)
    )
    assert done.migrated[0] == "exchange.0002_restore_and_tombstones"
    assert done.backup == tmp_path / "backup"
    assert done.report is not None
    assert done.report.clean, [finding.text() for finding in done.report.findings]
    assert {"backup", "fsck-entries"} <= told
    madrid.use()
    assert "exchange_tombstone" in tables()
    assert unapplied("default") == []
    assert sorted(effects(madrid)) == before

    # The backup of the older schema is restored by the newer program.
    restored = restore(madrid.home, tmp_path / "backup", secret=SECRET, replace=True)
    assert restored.peers == ("ma.dgst",)
    madrid.reopen()
    assert unapplied("default") == []
    assert sorted(effects(madrid)) == before


def test_without_a_name_the_backup_lies_beside_the_home(madrid: Node) -> None:
    set_back()
    done = upgrade(madrid.home, secret=SECRET)
    assert done.backup is not None
    assert done.backup.parent == madrid.home.path.parent
    assert done.backup.name.startswith("es.cgi")


def test_without_a_backup_nothing_is_changed(madrid: Node, tmp_path: Path) -> None:
    set_back()
    with pytest.raises(Unavailable, match=r"node\.disk"):
        upgrade(madrid.home, secret=SECRET, backup_to=tmp_path / "nowhere" / "backup")
    madrid.use()
    assert "exchange_tombstone" not in tables()


def test_a_running_node_is_not_upgraded(madrid: Node) -> None:
    set_back()
    madrid.home.run.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(madrid.home.socket))
        door.listen()
        with pytest.raises(Conflict, match=r"node\.running"):
            upgrade(madrid.home, secret=SECRET)
    madrid.home.socket.unlink()


def test_a_backup_of_a_newer_program_is_refused(madrid: Node, tmp_path: Path) -> None:
    from tansiq.errors import BadInput
    from tansiq.node.backup import backup

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) SELECT app, '9999_later', applied FROM django_migrations WHERE app = 'cases' "
            "AND name LIKE '0001%'"
        )
    backup(madrid.home, tmp_path / "backup", context=madrid.context)
    with pytest.raises(BadInput, match=r"node\.newer-dump"):
        restore(madrid.home, tmp_path / "backup", secret=SECRET, replace=True)
