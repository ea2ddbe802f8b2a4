"""A node as a process: it says when it answers, refuses to run twice, says what is in its way, ends when it is told."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.node import SECRET, Nodes
from support.ports import free_port
from tansiq.cli import nodes
from tansiq.cli.nodes import _announce
from tansiq.node import running as running_module
from tansiq.node.asking import ask
from tansiq.node.home import Home

pytestmark = pytest.mark.storage

PATIENCE_SECONDS = 240


@pytest.fixture
def home(node: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home that can be run: with a port, and its unlock secret at hand."""
    unlock = tmp_path / "unlock"
    unlock.write_bytes(SECRET)
    monkeypatch.setenv("TANSIQ_UNLOCK_FILE", str(unlock))
    made = replace(node("es.cgi").home, listen=f"127.0.0.1:{free_port()}")
    (made.path / "node.toml").write_text(made.to_toml(), encoding="utf-8")
    return made


def start(home: Home, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tansiq.cli", "run", str(home.path), *words],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def until_ready(log: Path, process: subprocess.Popen[str]) -> str:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and process.poll() is None:
        if log.exists() and "ready https" in (told := log.read_text()):
            return told
        time.sleep(0.02)
    process.kill()
    pytest.fail(f"not ready: {process.communicate()}")


@pytest.fixture
def running(home: Home, tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The node of ``home``, running, and what its log said when it was ready."""
    log = tmp_path / "node.log"
    process = start(home, "--log-file", str(log))
    try:
        yield process, until_ready(log, process)
    finally:
        process.kill()
        process.communicate()


def test_it_says_when_it_answers_and_ends_well_when_it_is_told(
    home: Home, running: tuple[subprocess.Popen[str], str]
) -> None:
    process, told = running
    assert f"info tansiq.node ready https://{home.listen} agency=es.cgi" in told
    assert ask(home, "exchange.status", {})["agency"] == "es.cgi"
    again = start(home)
    _, error = again.communicate(timeout=PATIENCE_SECONDS)
    assert again.returncode == 5
    assert "[cli.runs-already]" in error
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, out) == (0, "")
    assert all(line[:4].isdigit() for line in error.splitlines())


def test_it_is_not_ready_before_its_pages_answer(
    home: Home, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(running_module, "is_running", lambda _home: True)
    monkeypatch.setattr(nodes, "_READY_SECONDS", 0.1)
    caplog.set_level("INFO", "tansiq.node")
    host, _, port = home.listen.partition(":")
    with socket.create_server((host, int(port))), socket.socket() as pages:
        pages.bind((host, 0))
        _announce(replace(home, pages=f"{host}:{pages.getsockname()[1]}"))
        until = time.monotonic() + PATIENCE_SECONDS
        while "not ready after" not in caplog.text and time.monotonic() < until:
            time.sleep(0.02)
        assert "ready https" not in caplog.text
        pages.listen()
        while "ready https" not in caplog.text and time.monotonic() < until:
            time.sleep(0.02)
    assert "ready https" in caplog.text


def test_when_one_of_its_processes_dies_it_ends_and_says_so(running: tuple[subprocess.Popen[str], str]) -> None:
    process, _ = running
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) == 2
    os.kill(int(children[0]), signal.SIGKILL)
    _, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 6
    assert "[cli.node-ended]" in error
    assert "Traceback" not in error


def test_of_two_that_start_at_once_one_runs_and_nothing_is_done_behind_its_back(home: Home, tmp_path: Path) -> None:
    started = [start(home, "--log-file", str(tmp_path / f"{at}.log")) for at in range(2)]
    until = time.monotonic() + PATIENCE_SECONDS
    while all(one.poll() is None for one in started) and time.monotonic() < until:
        time.sleep(0.02)
    later = next((one for one in started if one.poll() is not None), started[0])
    first = started[1 - started.index(later)]
    try:
        _, error = later.communicate(timeout=PATIENCE_SECONDS)
        assert (later.returncode, "[cli.runs-already]" in error or "[cli.address-taken]" in error) in {
            (5, True),
            (6, True),
        }, error
        until_ready(tmp_path / f"{started.index(first)}.log", first)
        assert ask(home, "exchange.status", {})["agency"] == "es.cgi"
        for role in ("web", "worker"):
            beside = subprocess.run(
                [sys.executable, "-m", "tansiq.cli", role, "--home", str(home.path)],
                capture_output=True,
                text=True,
                check=False,
            )
            assert beside.returncode == 5
            assert "[node.running]" in beside.stderr
        home.socket.unlink()  # as the loser of such a race once did
        asked = subprocess.run(
            [sys.executable, "-c", WITHOUT_PATIENCE, "directory", "list", "--home", str(home.path)], capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert asked.returncode == 6
        assert "[node.silent]" in asked.stderr
    finally:
        for one in started:
            one.kill()
            one.communicate()


WITHOUT_PATIENCE = """
from tansiq.cli import asking, main
asking._STARTING_SECONDS = 0.1
main.run()
"""


def test_an_address_that_is_taken_is_told(home: Home) -> None:
    host, _, port = home.listen.partition(":")
    with socket.create_server((host, int(port))):
        process = start(home)
        _, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 6
    assert "[cli.address-taken]" in error


def test_another_unlock_secret_opens_nothing(home: Home, tmp_path: Path) -> None:
    (tmp_path / "unlock").write_bytes(b"quite another secret, of the same length")
    process = start(home)
    _, error = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 3
    assert "[keystore.wrong-unlock]" in error
