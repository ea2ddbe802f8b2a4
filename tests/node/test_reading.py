"""A file that somebody names is read if it is one, and never more of it than is wanted."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from tansiq.cli.main import main
from tansiq.errors import BadInput, NotFound, TooMuch
from tansiq.node import evidence
from tansiq.node.evidence import parse_pins, verify_evidence
from tansiq.node.reading import read_at_most


def test_a_file_is_read_up_to_the_limit(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_at_most(tmp_path / "file", 20) == b"0123456789"
    assert read_at_most(tmp_path / "link", 4) == b"0123"
    for name in ("none", "."):
        with pytest.raises(OSError, match=r".+"):
            read_at_most(tmp_path / name, 4)


def test_what_a_shell_hands_over_is_read(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"from another program")
    os.close(writing)
    try:
        assert read_at_most(Path(f"/dev/fd/{reading}"), 4) == b"from"
    finally:
        os.close(reading)


def devices(folder: Path) -> list[Path]:
    """A pipe to which nobody writes, a socket's path, and devices that never end."""
    os.mkfifo(folder / "pipe")
    return [
        folder / "pipe",
        *(one for one in (Path("/dev/zero"), Path("/dev/urandom"), Path("/dev/full")) if one.exists()),
    ]


def test_a_device_and_a_pipe_are_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "node.toml").write_text('agency = "es.cgi"\n')
    for file in devices(tmp_path):
        with pytest.raises(BadInput, match=r"node\.not-a-file"):
            read_at_most(file, 4)
        with pytest.raises(BadInput, match=r"node\.not-a-file"):
            verify_evidence(file, pinned={})
        with pytest.raises(BadInput, match=r"node\.not-a-file"):
            parse_pins([str(file)])
        for words in (["directory", "import"], ["import", "un-list"]):
            assert main([*words, str(file), "--home", str(tmp_path)]) == 2
            assert "[node.not-a-file]" in capsys.readouterr().err
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "door"))
        with pytest.raises(OSError, match=r".+"):
            read_at_most(tmp_path / "door", 4)


def test_an_evidence_file_that_is_too_long_is_not_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MAX_EVIDENCE_BYTES", 9)
    (tmp_path / "file").write_bytes(b"0123456789")
    with pytest.raises(TooMuch, match=r"evidence\.too-large"):
        verify_evidence(tmp_path / "file", pinned={})


def test_a_pin_whose_file_is_not_there_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"evidence\.no-file") as told:
        parse_pins([str(tmp_path / "missing.directory")])
    assert told.value.values["file"] == "missing.directory"
    (tmp_path / "other.directory").write_bytes(b"no document")
    for pin in (str(tmp_path / "other.directory"), "es.cgi=no fingerprint"):
        with pytest.raises(BadInput, match=r"evidence\.wrong-pin"):
            parse_pins([pin])
