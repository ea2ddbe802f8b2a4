"""A backup is whole or not there, holds no key and nothing readable, and says what it covers."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection

from support.dying import dies_at
from support.node import Node, Nodes, carry
from support.notes import notes, send_notes, value
from tansiq.errors import BadInput, Conflict, Error, NotProven, Refused, Unavailable
from tansiq.node.backup import backup
from tansiq.node.dump import Reader, open_dump
from tansiq.node.fsck import fsck
from tansiq.node.marks import BACKUP, read_mark
from tansiq.node.mirror import mirror_keys
from tansiq.node.snapshot import snapshot
from tansiq.node.tables import tables
from tansiq.protocol.wraps import OwnSecret

pytestmark = pytest.mark.storage
__all__ = ["notes"]


@pytest.fixture
def pair(node: Nodes, notes: None) -> tuple[Node, Node]:
    """Two nodes that exchanged something; the first is bound."""
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 5)
    send_notes(ma, es, 5)
    carry(es, ma)
    return es, ma


def read(path: Path, owns: dict[bytes, OwnSecret]) -> dict[str, int]:
    """The rows of each table of a backup, once it is proven."""
    counts: dict[str, int] = {}
    with open_dump(path, what="backup") as reader:
        name = ""
        for sort, content in reader.items():
            if sort == "table":
                name = content[0]
            else:
                counts[name] = counts.get(name, 0) + len(content)
        reader.prove(owns, counts)
    return counts


def test_a_backup_has_every_row_of_the_main_database_and_none_of_the_key_store(
    pair: tuple[Node, Node], tmp_path: Path
) -> None:
    es, _ = pair
    done = backup(es.home, tmp_path / "backup", context=es.context)
    counts = read(tmp_path / "backup", dict(es.context.owns))
    assert sum(counts.values()) == done.rows
    assert counts["exchange_statement"] == 10
    assert not [name for name in counts if name.startswith("keystore")]
    tables_of_models = {table.name for table in tables()}
    keys = {table.name for table in tables("keys")}
    left_out = {model._meta.db_table for model in apps.get_models()} - tables_of_models - keys
    assert left_out == {  # the sign-in library's, empty or filled by a migration
        "account_emailaddress",
        "account_emailconfirmation",
        "auth_group",
        "auth_permission",
        "django_content_type",
    }
    assert done.size == (tmp_path / "backup").stat().st_size
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o600


def test_a_backup_is_one_moment_whatever_is_written_meanwhile(pair: tuple[Node, Node], tmp_path: Path) -> None:
    es, ma = pair
    told: list[str] = []

    def progress(stage: str, done: int, total: int) -> None:
        if not told:
            send_notes(es, ma, 3)
        told.append(stage)
        assert 0 < done <= total

    backup(es.home, tmp_path / "backup", context=es.context, progress=progress)
    assert read(tmp_path / "backup", dict(es.context.owns))["exchange_statement"] == 10
    assert value("SELECT COUNT(*) FROM exchange_statement") == 14  # three notes, and the announcement
    assert set(told) == {"backup"}


def test_a_snapshot_writes_nothing(pair: tuple[Node, Node]) -> None:
    with snapshot() as view, pytest.raises(Exception, match=r"(?i)read.?only"):
        view.one("DELETE FROM exchange_statement RETURNING 1")


def test_the_peer_is_told_what_the_backup_covers_and_drops_the_wraps(pair: tuple[Node, Node], tmp_path: Path) -> None:
    es, ma = pair
    ma.use()
    before = value("SELECT COUNT(*) FROM exchange_statement")
    kept = ma.context.keys.wraps(things(), "es.cgi")
    assert len(kept) == before
    es.use()
    assert backup(es.home, tmp_path / "backup", context=es.context).announced == 1
    send_notes(es, ma, 2)
    ma.use()
    send_notes(ma, es, 2)
    carry(es, ma)
    ma.use()
    # The two sent and the two received since, and the announcement itself, are not in the backup.
    assert len(ma.context.keys.wraps(things(), "es.cgi")) == 5


def things() -> list[bytes]:
    """All statements of the bound node."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM exchange_statement")
        return [bytes(row[0]) for row in cursor.fetchall()]


def test_the_home_remembers_its_last_backup(pair: tuple[Node, Node], tmp_path: Path) -> None:
    es, _ = pair
    assert read_mark(es.home, BACKUP) is None
    backup(es.home, tmp_path / "backup", context=es.context)
    mark = read_mark(es.home, BACKUP)
    assert mark is not None
    assert mark.time_ms == es.context.clock()
    assert mark.file == str(tmp_path / "backup")


@pytest.mark.parametrize(("point", "there"), [("backup.before-rename", False), ("backup.after-rename", True)])
def test_a_process_that_dies_leaves_the_old_backup_or_the_new_one(
    pair: tuple[Node, Node], tmp_path: Path, point: str, there: bool
) -> None:
    es, ma = pair
    backup(es.home, tmp_path / "backup", context=es.context)
    old = (tmp_path / "backup").read_bytes()
    send_notes(es, ma, 1)
    assert dies_at(point, lambda: backup(es.home, tmp_path / "backup", context=es.reopen()))
    assert (old != (tmp_path / "backup").read_bytes()) == there
    es.reopen()
    assert read(tmp_path / "backup", dict(es.context.owns))["exchange_statement"] == (12 if there else 10)
    backup(es.home, tmp_path / "backup", context=es.context)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["backup"]


def test_a_disk_that_refuses_leaves_the_old_backup(pair: tuple[Node, Node], tmp_path: Path) -> None:
    es, _ = pair
    with pytest.raises(Unavailable, match=r"node\.disk"):
        backup(es.home, tmp_path / "nowhere" / "backup", context=es.context)
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this machine has no /dev/full")
    os.symlink(full, tmp_path / "backup.part")
    with pytest.raises(Unavailable, match=r"node\.disk"):
        backup(es.home, tmp_path / "backup", context=es.context)
    assert not (tmp_path / "backup").exists()


def alter(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("part", range(1, 12))
def test_a_single_altered_bit_is_found(pair: tuple[Node, Node], tmp_path: Path, part: int) -> None:
    es, _ = pair
    path = tmp_path / "backup"
    backup(es.home, path, context=es.context)
    alter(path, part * path.stat().st_size // 12)
    with pytest.raises((BadInput, NotProven)):
        read(path, dict(es.context.owns))


@pytest.mark.parametrize("kept", [0, 5, 14, 40, -40])
def test_a_backup_that_was_cut_off_is_found(pair: tuple[Node, Node], tmp_path: Path, kept: int) -> None:
    es, _ = pair
    path = tmp_path / "backup"
    backup(es.home, path, context=es.context)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(BadInput):
        read(path, dict(es.context.owns))


def test_another_node_can_make_no_backup_of_ours(pair: tuple[Node, Node], tmp_path: Path) -> None:
    es, _ = pair
    backup(es.home, tmp_path / "backup", context=es.context)
    other = OwnSecret(b"o" * 32)
    with pytest.raises(NotProven, match=r"node\.dump-of-other-node"):
        read(tmp_path / "backup", {other.identifier: other})
    with pytest.raises(NotProven, match=r"node\.dump-not-proven"):
        read(tmp_path / "backup", {es.context.own.identifier: other})


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    (tmp_path / "poem").write_bytes(b"a poem" * 100)
    with pytest.raises(BadInput, match=r"node\.not-a-dump"), open_dump(tmp_path / "poem", what="backup"):
        pass
    assert Reader.__doc__


def test_only_an_earlier_backup_of_this_node_is_replaced(pair: tuple[Node, Node], node: Nodes, tmp_path: Path) -> None:
    es, _ = pair
    first = backup(es.home, tmp_path, context=es.context)
    assert first.file == tmp_path / "es.cgi.backup", "a folder gets a file named after the agency"
    (tmp_path / "unlock").write_bytes(b"the secret that opens everything")
    mirror_keys(es.home, tmp_path / "keys", context=es.context)
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    other = node("ma.dgst")
    for name in ("es.cgi.backup", "unlock", "keys"):
        with pytest.raises(Conflict, match=r"node\.not-replaced"):
            backup(other.home, tmp_path / name, context=other.use())
    with pytest.raises(Conflict, match=r"node\.not-replaced"):
        backup(other.home, Path("/dev/full"), context=other.context)
    assert before == {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    es.use()
    send_notes(es, other, 1)
    assert backup(es.home, first.file, context=es.context).digest != first.digest


def test_a_backup_stays_out_of_the_home(pair: tuple[Node, Node]) -> None:
    es, _ = pair
    for place in (es.home.path, es.home.data / "backup", es.home.run, es.home.main_database):
        with pytest.raises(Refused, match=r"node\.backup-inside-home"):
            backup(es.home, place, context=es.context)
    assert fsck(es.context).clean


@pytest.mark.parametrize(
    ("number", "code"),
    [(errno.ENOSPC, "node.disk-full"), (errno.EROFS, "node.read-only"), (errno.EACCES, "node.no-permission"), (errno.EIO, "node.disk")],
)  # fmt: skip
def test_a_disk_that_does_not_take_it_is_named(
    pair: tuple[Node, Node], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: str
) -> None:
    es, _ = pair

    def no(_descriptor: int) -> None:
        raise OSError(number, "in nobody's language")

    monkeypatch.setattr(os, "fsync", no)
    with pytest.raises(Error) as told:
        backup(es.home, tmp_path / "backup", context=es.context)
    assert told.value.code == code
    assert "nobody" not in str(told.value)
    assert list(tmp_path.glob("backup*")) == []
