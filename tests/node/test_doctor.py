"""Doctor says what is wrong and the cure, each thing alone, whether the node runs, is down, or is broken."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection, connections

from support import postgres
from support.matters import an_item
from support.node import SECRET, Node, Nodes, carry
from support.notes import notes, send_notes
from tansiq.cases.erasure import erase_item
from tansiq.cases.services import add_own_item
from tansiq.directory.services import publish_own
from tansiq.node import doctor_machine
from tansiq.node.backup import backup
from tansiq.node.checks import Check
from tansiq.node.doctor import doctor
from tansiq.node.home import Home
from tansiq.node.mirror import mirror_keys
from tansiq.protocol.cbor import encode
from tansiq.protocol.directory import make_directory
from tansiq.texts import LANGUAGES

pytestmark = pytest.mark.storage
__all__ = ["notes"]
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
SERVER = {"database-unsafe"} if postgres.wanted() else set()
"""The tests' PostgreSQL does not wait for the disk, and doctor rightly says so."""


@pytest.fixture
def madrid(node: Nodes, notes: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """A node that is well, but for not running; bound."""
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 2)
    carry(es, ma)
    es.use()
    backup(es.home, tmp_path / "backup", context=es.context)
    mirror_keys(es.home, tmp_path / "keys", context=es.context)
    carry(es, ma)
    unlock = tmp_path / "unlock"
    unlock.write_bytes(SECRET)
    unlock.chmod(0o600)
    monkeypatch.setenv("TANSIQ_UNLOCK_FILE", str(unlock))
    monkeypatch.delenv("TANSIQ_UNLOCK_FD", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr(doctor_machine, "_LOW_FREE", 1)
    monkeypatch.setattr(doctor_machine, "_LEAST_FREE", 1)
    return es


@contextmanager
def answering(home: Home) -> Iterator[None]:
    """Somebody answers at the node's socket."""
    with socket.socket(socket.AF_UNIX) as door:
        home.run.mkdir(exist_ok=True)
        door.bind(str(home.socket))
        door.listen()
        yield
    home.socket.unlink()


def wrong(checks: list[Check]) -> set[str]:
    """The codes of what is not well, but for the node's being down and the tests' server."""
    return {check.code for check in checks if check.state != "ok"} - {"not-running"} - SERVER


def look(node: Node) -> list[Check]:
    return doctor(node.home, now_ms=node.context.clock())


def write(sql: str, *values: bytes | int | str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        assert cursor.rowcount


def test_a_node_that_is_well(madrid: Node) -> None:
    with answering(madrid.home):
        checks = look(madrid)
    assert wrong(checks) == set(), [check.what() for check in checks if check.state != "ok"]
    assert "running" in {check.code for check in checks}
    assert {check.name for check in checks} == {
        "home", "unlock", "disk", "running", "database", "schema", "key-store", "certificate", "keys", "clock", "peers", "gaps",
        "quarantine", "witness", "restoring", "backup", "mirror", "erasures", "pages", "metrics", "notices",
    }  # fmt: skip


def test_a_node_that_is_down(madrid: Node) -> None:
    [check] = [check for check in look(madrid) if check.name == "running"]
    assert (check.state, check.code) == ("warn", "not-running")


def test_every_check_speaks_four_languages(madrid: Node, tmp_path: Path) -> None:
    checks = look(madrid) + doctor(tmp_path / "nowhere")
    for check in checks:
        for told in (check.title, check.what, check.cure):
            sentences = {told(language) for language in LANGUAGES}
            assert len(sentences) == len(LANGUAGES) or sentences == {""}
        assert bool(check.cure()) == (check.state != "ok")


def test_no_home_at_all(tmp_path: Path) -> None:
    [check] = doctor(tmp_path / "nowhere")
    assert (check.state, check.code) == ("fail", "home-missing")


def test_who_may_enter_the_home(madrid: Node) -> None:
    madrid.home.data.chmod(0o755)
    assert wrong(look(madrid)) == {"home-open"}
    madrid.home.data.chmod(0o700)
    (madrid.home.path / "node.toml").chmod(0o666)
    assert wrong(look(madrid)) == {"home-open"}


def test_the_unlock_secret(madrid: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Path(os.environ["TANSIQ_UNLOCK_FILE"])
    file.chmod(0o644)
    assert wrong(look(madrid)) == {"unlock-open"}
    inside = madrid.home.path / "unlock"
    inside.write_bytes(SECRET)
    monkeypatch.setenv("TANSIQ_UNLOCK_FILE", str(inside))
    assert wrong(look(madrid)) == {"unlock-inside", "key-store-closed"}
    monkeypatch.delenv("TANSIQ_UNLOCK_FILE")
    found = look(madrid)
    assert wrong(found) == {"unlock-none", "key-store-closed"}
    assert {check.state for check in found if check.name == "key-store"} == {"warn"}
    file.write_bytes(b"another secret")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(file.parent))
    file.rename(file.parent / "tansiq-unlock")
    (file.parent / "tansiq-unlock").chmod(0o600)
    found = look(madrid)
    assert wrong(found) == {"key-store-closed"}
    assert {check.state for check in found if check.name == "key-store"} == {"fail"}


def test_the_disk(madrid: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_machine, "_LOW_FREE", 1 << 60)
    assert wrong(look(madrid)) == {"disk-low"}
    monkeypatch.setattr(doctor_machine, "_LEAST_FREE", 1 << 60)
    assert wrong(look(madrid)) == {"disk-full"}


def test_a_disk_that_refuses(madrid: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object, **_named: object) -> None:
        raise OSError(30, "read-only")

    monkeypatch.setattr(doctor_machine.tempfile, "TemporaryFile", refuse)
    assert wrong(look(madrid)) == {"disk-refuses"}


def test_the_clock(madrid: Node) -> None:
    now_ms = madrid.context.clock()
    assert "clock-back" in wrong(doctor(madrid.home, now_ms=now_ms - 600_000))
    write("UPDATE exchange_peer SET skew_ms = 600000")
    assert wrong(look(madrid)) == {"clock-skew"}


def test_the_certificate_and_the_keys(madrid: Node) -> None:
    now_ms = madrid.context.clock()
    for days, expected in ((800, "certificate-soon"), (900, "certificate-expired")):
        assert expected in wrong(doctor(madrid.home, now_ms=now_ms + days * DAY_MS))
    directory = madrid.context.directory
    with connections["keys"].cursor() as cursor:
        cursor.execute("DELETE FROM keystore_secret WHERE use = 'tls'")
    assert wrong(look(madrid)) == {"certificate-keyless"}
    keys = [
        replace(key, until_ms=now_ms + 10 * DAY_MS) if key.owner == madrid.post("head") else key
        for key in directory.keys
    ]
    keys = [replace(key, until_ms=now_ms - 1) if key.owner == madrid.post() else key for key in keys]
    following = replace(
        directory, number=2, previous=directory.digest, keys=tuple(keys), tls=(), encoded=b"", signature=None
    )
    publish_own(make_directory(following, identity=madrid.identity), now_ms=now_ms)
    found = look(madrid)
    assert wrong(found) == {"certificate-none", "keys-soon", "keys-none"}
    assert {check.values["owner"] for check in found if check.name == "keys"} == {madrid.post("head"), madrid.post()}


def test_the_peers(madrid: Node, node: Nodes) -> None:
    write("UPDATE exchange_peer SET failures = 5, last_error = 'exchange.no-answer'")
    [check] = [check for check in look(madrid) if check.name == "peers"]
    assert check.code == "peer-failing"
    assert "exchange.no-answer" in check.what()
    write("UPDATE exchange_peer SET failures = 0, heard_ms = heard_ms - 200000000")
    assert wrong(look(madrid)) == set()
    write("INSERT INTO exchange_outbox (peer, lane, statement, handovers, held, since_ms) "
          "SELECT 'ma.dgst', 1, id, digest, %s, 1 FROM exchange_statement", False)  # fmt: skip
    assert wrong(look(madrid)) == {"peer-silent"}
    write("UPDATE directory_partner SET confirmed_ms = 0 WHERE agency = 'ma.dgst'")
    assert "peer-unconfirmed" in wrong(look(madrid))
    assert wrong(look(node("es.cgi", met=False))) >= {"peers-none", "backup-none", "mirror-unset"}


def test_gaps_what_was_set_aside_and_restores(madrid: Node) -> None:
    write("INSERT INTO exchange_received (peer, epoch, lane, number, statement, entry, batch, leaf, at_ms) "
          "SELECT peer, epoch, 2, 7, statement, entry, batch, leaf, 1 FROM exchange_sent WHERE number = 1 AND lane = 1")  # fmt: skip
    write("INSERT INTO exchange_lane (peer, direction, epoch, lane, number) VALUES ('ma.dgst', 2, 1, 2, 1)")
    write("INSERT INTO exchange_quarantine (statement, peer, code, detail, at_ms, since_ms, tries) "
          "SELECT digest, 'ma.dgst', 'exchange.unknown-kind', '', 1, 1, 1 FROM exchange_statement WHERE id = (SELECT MIN(id) FROM exchange_statement)")  # fmt: skip
    write("INSERT INTO exchange_used_twice (peer, epoch, lane, number, at_ms, first, second) "
          "SELECT 'ma.dgst', 1, 1, 1, 1, %s, %s FROM exchange_statement WHERE id = (SELECT MIN(id) FROM exchange_statement)",
          encode([b"", b"", b""]), encode([b"", b"", b""]))  # fmt: skip
    write("INSERT INTO exchange_restore (peer, step, since_ms, backup_ms, mirror_ms, size, next_epoch, sent_from, received_from, after, leaves) "
          "SELECT 'ma.dgst', 0, 1, 1, 1, 0, 0, digest, digest, digest, digest FROM exchange_statement WHERE id = (SELECT MIN(id) FROM exchange_statement)")  # fmt: skip
    assert wrong(look(madrid)) == {"gap", "set-aside", "used-twice", "restoring"}
    write("DELETE FROM journal_witnessed")
    assert "witness-behind" in wrong(look(madrid))


def test_what_should_have_been_erased_and_is_not_is_told(madrid: Node) -> None:
    assert {check.name: check.state for check in look(madrid)}["erasures"] == "ok"
    item = add_own_item(an_item(), case=b"c" * 16, context=madrid.context, officer="ES-4017", purpose="purpose.police")
    now_ms = madrid.context.clock()
    write("UPDATE cases_item SET erase_ms = %s", now_ms - 2 * HOUR_MS)
    assert wrong(look(madrid)) == set(), "it is erased every hour"
    write("UPDATE cases_item SET erase_ms = %s", now_ms - 4 * HOUR_MS)
    assert wrong(look(madrid)) == {"erasures-late"}
    erase_item(item, context=madrid.context, ordered_by="ES-1001")
    assert wrong(look(madrid)) == set()
    write("UPDATE cases_tombstone SET done_ms = NULL, at_ms = %s", now_ms - 4 * HOUR_MS)
    assert wrong(look(madrid)) == {"erasures-late"}


def test_backups_and_copies_grow_old(madrid: Node) -> None:
    now_ms = madrid.context.clock()
    assert wrong(doctor(madrid.home, now_ms=now_ms + 2 * DAY_MS)) == {"backup-old", "mirror-old"}
    states = {check.name: check.state for check in doctor(madrid.home, now_ms=now_ms + 9 * DAY_MS)}
    assert (states["backup"], states["mirror"]) == ("fail", "warn")
    (madrid.home.data / "last-mirror.json").unlink()
    assert wrong(look(madrid)) == {"mirror-unset"}
    assert wrong(doctor(replace(madrid.home, mirror="/elsewhere"), now_ms=now_ms)) == {"mirror-none"}


def test_a_schema_that_is_behind(madrid: Node) -> None:
    write("DELETE FROM django_migrations WHERE app = 'cases'")
    [check] = [check for check in look(madrid) if check.name == "schema"]
    assert (check.state, check.code) == ("fail", "schema-behind")


def test_a_broken_database_lets_the_rest_be_looked_at(madrid: Node) -> None:
    connections.close_all()
    home = madrid.home
    if home.on_postgresql:
        home = replace(
            home,
            database=home.database.replace("/test_", "/gone_"),
            keys_database=home.keys_database.replace("/test_", "/gone_"),
        )
    else:
        home.main_database.write_bytes(b"rubbish" * 1000)
    checks = doctor(home, now_ms=madrid.context.clock())
    by_name = {check.name: check for check in checks}
    assert "database-unreachable" in {check.code for check in checks}
    assert by_name["peers"].code == "check-broken"
    for name in ("home", "unlock", "disk", "backup", "mirror"):
        assert by_name[name].state == "ok", by_name[name].what()
    assert all(check.what("ar") for check in checks)
    connections.close_all()
    madrid.use()


def test_settings_that_forget(madrid: Node) -> None:
    if madrid.home.on_postgresql:
        assert "database-unsafe" in {check.code for check in look(madrid)}
        return
    look(madrid)
    with connections["keys"].cursor() as cursor:
        cursor.execute("PRAGMA secure_delete=OFF")
    found = look(madrid)
    assert wrong(found) == {"database-unsafe"}
    assert [check.values["setting"] for check in found if check.code == "database-unsafe"] == ["secure_delete"]
