"""``tansiq health`` and ``tansiq systemd`` as somebody types them; the numbers of a node that runs."""

from __future__ import annotations

import json
import signal
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.node import SECRET, Nodes
from support.ports import free_port
from tansiq.cli.main import main
from tansiq.node import asking
from tansiq.node.home import Home

PATIENCE_SECONDS = 240


@pytest.fixture
def home(node: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with pages and numbers."""
    unlock = tmp_path / "unlock"
    unlock.write_bytes(SECRET)
    monkeypatch.setenv("TANSIQ_UNLOCK_FILE", str(unlock))
    listen, pages, metrics = (f"127.0.0.1:{free_port()}" for _ in range(3))
    made = replace(node("es.cgi").home, listen=listen, pages=pages, metrics=metrics)
    (made.path / "node.toml").write_text(made.to_toml(), encoding="utf-8")
    return made


@pytest.fixture
def running(home: Home, tmp_path: Path) -> Iterator[Home]:
    """The same, at work."""
    log = tmp_path / "log"
    words = [sys.executable, "-m", "tansiq.cli", "run", str(home.path), "--log-file", str(log)]
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        until = time.monotonic() + PATIENCE_SECONDS
        while "ready https" not in (log.read_text() if log.exists() else ""):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)
        yield home
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_SECONDS) == 0


def get(address: str) -> tuple[int, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://{address}", timeout=PATIENCE_SECONDS) as answer:
        return answer.status, answer.read().decode()


@pytest.mark.storage
def test_a_running_node_tells_its_health_and_its_numbers(running: Home, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(running.path)
    assert main(["health", "--home", path]) == 0
    assert main(["health", "--live", "--home", path]) == 0
    capsys.readouterr()
    assert main(["health", "--json", "--home", path]) == 0
    assert json.loads(capsys.readouterr().out) == {"state": "ok"}
    for asked in ("/health", "/health/live"):
        status, body = get(running.pages + asked)
        assert (status, json.loads(body)) == (200, {"state": "ok"})
    get(running.pages + "/")
    status, text = get(running.metrics + "/metrics")
    assert status == 200
    assert "tansiq_up 1.0" in text
    assert 'tansiq_peer_waiting_envelopes{peer="ma.dgst"} 0.0' in text
    [pages] = [line for line in text.splitlines() if line.startswith("tansiq_pages_seconds_count")]
    assert float(pages.split()[1]) >= 1, "counted by the process of the pages, told by the worker"
    [delivered] = [line for line in text.splitlines() if line.startswith('tansiq_deliveries_total{outcome="ok"}')]
    assert float(delivered.split()[1]) == 0


@pytest.mark.storage
def test_a_node_that_stands_still_is_unavailable(home: Home, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ([], ["--live"]):
        assert main(["health", *words, "--home", str(home.path)]) == 6
        assert "[node.not-running]" in capsys.readouterr().err


@pytest.mark.storage
def test_a_degraded_node_says_why_and_ends_with_one(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {"state": "degraded", "codes": ["disk", "restoring"]}
    monkeypatch.setattr(asking, "ask", lambda node, act, arguments: shown)
    assert main(["health", "--home", str(home.path), "--language", "es"]) == 1
    out = capsys.readouterr().out
    assert "[disk]" in out
    assert "[restoring]" in out
    assert main(["health", "--json", "--home", str(home.path)]) == 1
    assert json.loads(capsys.readouterr().out) == shown


@pytest.mark.storage
@pytest.mark.parametrize(
    "line", ['metrics = "0.0.0.0:9464"', 'mail = "smtp+plain://mail.interior.example"', 'notify_command = ["true"]']
)
def test_a_node_whose_settings_are_wrong_does_not_start(
    home: Home, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home.path / "node.toml").write_text(replace(home, metrics="").to_toml() + line + "\n", encoding="utf-8")
    assert main(["run", str(home.path)]) == 2
    assert "[node.m" in capsys.readouterr().err


def test_units_are_printed_or_written_and_nobodys_changes_are_lost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["systemd"]) == 0
    printed = capsys.readouterr().out
    assert main(["systemd", "--to", str(tmp_path), "--account", "node"]) == 0
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["tansiq-backup@.service", "tansiq-backup@.timer", "tansiq@.service"]
    for name in names:
        assert f"# ---- {name}" in printed
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644
    capsys.readouterr()
    assert main(["systemd", "--json"]) == 0
    assert sorted(json.loads(capsys.readouterr().out)) == names
    unit = tmp_path / "tansiq@.service"
    assert "User=node" in unit.read_text(encoding="utf-8")
    assert f"ExecStart={Path(sys.executable).parent}/tansiq run" in unit.read_text(encoding="utf-8")
    unit.write_text("changed", encoding="utf-8")
    assert main(["systemd", "--to", str(tmp_path)]) == 5
    assert unit.read_text(encoding="utf-8") == "changed"
    assert main(["systemd", "--to", str(tmp_path), "--replace"]) == 0
    assert "User=tansiq" in unit.read_text(encoding="utf-8")
    assert main(["systemd", "--to", str(tmp_path / "none")]) == 4
