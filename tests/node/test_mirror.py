"""The copy of the key store follows every erasure, is always whole, and opens nothing by itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from support.dying import dies_at
from support.node import SECRET, Node, Nodes, carry
from support.notes import effects, notes, send_notes
from tansiq.errors import Conflict, Refused, Unavailable
from tansiq.exchange.erasure import erase
from tansiq.node.backup import backup
from tansiq.node.dump import open_dump
from tansiq.node.marks import MIRROR, read_mark
from tansiq.node.mirror import EVERY_MS, mirror_if_due, mirror_keys

pytestmark = pytest.mark.storage
__all__ = ["notes"]


@pytest.fixture
def madrid(node: Nodes, notes: None) -> Node:
    """A node with some keys, bound."""
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 4)
    send_notes(ma, es, 4)
    carry(es, ma)
    return es


def things(path: Path) -> set[bytes]:
    """The things whose content keys are in a copy."""
    found: set[bytes] = set()
    with open_dump(path, what="keys") as reader:
        name = ""
        for sort, content in reader.items():
            if sort == "table":
                name = content[0]
            elif name == "keystore_content_keys":
                found |= {row[0] for row in content}
    return found


def test_a_copy_follows_an_erasure_and_what_it_replaces_is_written_over(madrid: Node, tmp_path: Path) -> None:
    target = tmp_path / "keys"
    mirror_keys(madrid.home, target, context=madrid.context)
    gone = effects(madrid)[0]
    assert gone in things(target)
    with target.open("rb") as old:
        erase(gone, context=madrid.context, reason="test")
        mirror_keys(madrid.home, target, context=madrid.context)
        assert gone not in things(target)
        assert old.read().strip(b"\0") == b""  # the file that was replaced, still open here
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["keys"]
    assert target.stat().st_mode & 0o777 == 0o600


def test_nothing_in_a_copy_is_readable_without_the_unlock_secret(madrid: Node, tmp_path: Path) -> None:
    mirror_keys(madrid.home, tmp_path / "keys", context=madrid.context)
    found = bytearray()
    with open_dump(tmp_path / "keys", what="keys") as reader:
        for _, content in reader.items():
            found += repr(content).encode()
    secrets = [
        private
        for use in ("own", "tls", "node.sign", "post.seal")
        for _, _, private in madrid.context.keys.secrets(use)
    ]
    assert len(secrets) >= 5
    for secret in [SECRET, *secrets]:
        assert repr(secret).encode()[2:-1] not in found


def test_a_folder_gets_a_file_named_after_the_agency(madrid: Node, tmp_path: Path) -> None:
    assert mirror_keys(madrid.home, tmp_path, context=madrid.context).file == tmp_path / "es.cgi.keys"


def test_a_copy_inside_the_home_is_refused(madrid: Node) -> None:
    with pytest.raises(Refused, match=r"node\.mirror-inside-home"):
        mirror_keys(madrid.home, madrid.home.data, context=madrid.context)


def test_only_an_older_copy_of_this_node_is_replaced(madrid: Node, node: Nodes, tmp_path: Path) -> None:
    mirror_keys(madrid.home, tmp_path / "es.keys", context=madrid.context)
    backup(madrid.home, tmp_path / "es.backup", context=madrid.context)
    (tmp_path / "unlock").write_bytes(SECRET)
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to(tmp_path / "unlock")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "new.part").write_bytes(b"what somebody wrote")
    before = {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    rabat = node("ma.dgst")
    for name in ("es.keys", "es.backup", "unlock", "empty", "link", "loop", "pipe", "new"):
        with pytest.raises(Conflict, match=r"node\.not-replaced"):
            mirror_keys(rabat.home, tmp_path / name, context=rabat.use())
    with pytest.raises(Conflict, match=r"node\.not-replaced"):
        mirror_keys(rabat.home, Path("/dev/full"), context=rabat.context)
    assert before == {one.name: one.read_bytes() for one in tmp_path.iterdir() if one.is_file()}
    assert (tmp_path / "link").is_symlink()
    (tmp_path / "elsewhere").symlink_to(tmp_path / "es.keys")
    madrid.use()
    madrid.context.clock.advance(days=1)  # type: ignore[attr-defined]
    mirror_keys(madrid.home, tmp_path / "elsewhere", context=madrid.context)
    assert (tmp_path / "elsewhere").is_symlink()
    assert (tmp_path / "es.keys").read_bytes() != before["es.keys"]


def test_what_a_killed_copy_left_beside_is_no_hindrance(madrid: Node, tmp_path: Path) -> None:
    for left in (b"", b"tansiq", b"tansiq dump 1\nand half of it"):
        (tmp_path / "keys.part").write_bytes(left)
        mirror_keys(madrid.home, tmp_path / "keys", context=madrid.context)
        assert not (tmp_path / "keys.part").exists()


def test_a_place_that_is_not_there_is_told(madrid: Node, tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"node\.disk"):
        mirror_keys(madrid.home, tmp_path / "away" / "keys", context=madrid.context)


@pytest.mark.parametrize(("point", "new"), [("mirror.before-rename", False), ("mirror.after-rename", True)])
def test_a_process_that_dies_leaves_one_whole_copy(madrid: Node, tmp_path: Path, point: str, new: bool) -> None:
    target = tmp_path / "keys"
    mirror_keys(madrid.home, target, context=madrid.context)
    gone = effects(madrid)[0]
    erase(gone, context=madrid.context, reason="test")
    assert dies_at(point, lambda: mirror_keys(madrid.home, target, context=madrid.reopen()))
    assert (gone not in things(target)) == new
    mirror_keys(madrid.home, target, context=madrid.reopen())
    assert gone not in things(target)


def test_the_clock_copies_once_a_day_where_the_home_says(madrid: Node, tmp_path: Path) -> None:
    assert mirror_if_due(madrid.home, context=madrid.context) is None
    home = replace(madrid.home, mirror=str(tmp_path))
    first = mirror_if_due(home, context=madrid.context)
    assert first is not None
    assert first.file == tmp_path / "es.cgi.keys"
    assert read_mark(home, MIRROR) is not None
    assert mirror_if_due(home, context=madrid.context) is None
    madrid.context.clock.advance(ms=EVERY_MS)  # type: ignore[attr-defined]
    assert mirror_if_due(home, context=madrid.context) is not None
    os.utime(first.file)
    madrid.context.clock.advance(days=-400)  # type: ignore[attr-defined]
    assert mirror_if_due(home, context=madrid.context) is not None, "a clock that was set back stops no copy"
