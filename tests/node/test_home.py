"""A home says whose it is, in a file that can be read, and its databases say the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from support.node import SECRET, Node, Nodes
from tansiq.cli.main import main
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.node.doctor import doctor
from tansiq.node.fsck import fsck
from tansiq.node.home import Home, is_origin, load_home, write_configuration
from tansiq.node.opening import open_node

pytestmark = pytest.mark.storage


@pytest.fixture
def madrid(node: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    """A node, and what opens it at hand."""
    (tmp_path / "unlock").write_bytes(SECRET)
    (tmp_path / "unlock").chmod(0o600)
    monkeypatch.setenv("TANSIQ_UNLOCK_FILE", str(tmp_path / "unlock"))
    return node("es.cgi")


def test_a_node_works_in_no_other_agencys_name(madrid: Node, capsys: pytest.CaptureFixture[str]) -> None:
    other = replace(madrid.home, agency="xx.x6")
    write_configuration(other)
    with pytest.raises(Conflict, match=r"node\.other-agency"):
        open_node(other, secret=SECRET)
    with pytest.raises(Conflict, match=r"node\.other-agency"):
        fsck(other)
    assert "other-agency" in {check.code for check in doctor(other) if check.state == "fail"}
    for words in (["fsck"], ["backup", "--out", str(madrid.home.path.parent / "made")], ["directory", "list"]):
        assert main([*words, "--home", str(other.path)]) == 5
        assert "[node.other-agency]" in capsys.readouterr().err
    assert not (madrid.home.path.parent / "made").exists()
    write_configuration(madrid.home)
    assert fsck(madrid.home).clean


def test_a_configuration_in_another_encoding_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "node.toml").write_bytes('agency = "es.cgi" # español'.encode("latin-1"))
    for words in (["fsck"], ["run"]):
        assert main([*words, str(tmp_path)]) == 2
        assert "[node.wrong-configuration]" in capsys.readouterr().err
    [check] = doctor(tmp_path)
    assert (check.state, check.values["error"]) == ("fail", "node.wrong-configuration")


def test_an_agency_that_is_none_is_refused(tmp_path: Path) -> None:
    for agency in ("", "es", "ES.CGI", "es.cgi/head", "es.cgi\\n"):
        (tmp_path / "node.toml").write_text(f'agency = "{agency}"\n')
        with pytest.raises(BadInput, match=r"node\.wrong-configuration"):
            load_home(tmp_path)


def test_the_configuration_is_the_nodes_alone_and_keeps_every_sign(tmp_path: Path) -> None:
    home = Home(path=tmp_path, agency="es.cgi", unlock_file='/etc/a "quoted" \\ name/unlock', mirror="/media/نسخة")
    (tmp_path / "node.toml").touch(0o644)
    write_configuration(home)
    assert (tmp_path / "node.toml").stat().st_mode & 0o777 == 0o600
    assert load_home(tmp_path) == home


@contextmanager
def somebody_else() -> Iterator[None]:
    """Another account of this machine, for the time of the block."""
    if os.geteuid():
        pytest.skip("only root can be somebody else")
    os.seteuid(65_534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_home_that_may_not_be_read_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir(0o700)
    write_configuration(Home(path=home, agency="es.cgi"))
    monkeypatch.setattr(os, "access", lambda *_arguments, **_options: False)  # which asks for the account that began
    tmp_path.chmod(0o700)
    with somebody_else():
        with pytest.raises(Refused, match=r"node\.no-permission"):
            load_home(home)
        for words in (["fsck", str(home)], ["directory", "list", "--home", str(home)]):
            assert main(words) == 3
            assert "[node.no-permission]" in capsys.readouterr().err
        assert main(["verify", str(home / "node.toml"), "--pin", "es.cgi=" + "0" * 64]) == 4
        assert "[evidence.no-file]" in capsys.readouterr().err
    with pytest.raises(NotFound):
        load_home(tmp_path)


@pytest.mark.parametrize(
    ("address", "well"),
    [
        ("https://tansiq.interior.example", True),
        ("https://tansiq.interior.example:8443/", True),
        ("https://[2001:db8::1]:8443", True),
        ("http://127.0.0.1:8000", True),
        ("ftp://x", False),
        ("https://", False),
        ("https://u:p@h:99999/../x y", False),
        ("https://u@h", False),
        ("https://h:99999", False),
        ("https://h:0", False),
        ("https://h/path", False),
        ("https://h?", False),
        ("https://h#x", False),
        ("https://h h", False),
        ("foo", False),
        ("", False),
    ],
)
def test_an_address_is_a_scheme_a_host_and_a_port(address: str, well: bool) -> None:
    assert is_origin(address) == well
