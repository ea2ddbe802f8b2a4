"""The workshop: commands are forked from one process, told how they ended, and gone with it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tansiq.demo.commands import Workshop
from tansiq.errors import Unavailable


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    made.close()


def test_a_command_says_what_it_says_in_a_terminal(shop: Workshop) -> None:
    ended = shop.run("--version")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("tansiq ")


@pytest.mark.parametrize(("language", "word"), [("es", "Uso"), ("fr", "Exemple"), ("ar", "الاستعمال")])
def test_each_command_has_its_own_language(shop: Workshop, language: str, word: str) -> None:
    assert word in shop.run("fsck", "--help", language=language).stdout


def test_an_error_is_told_with_its_code(shop: Workshop, tmp_path: Path) -> None:
    ended = shop.run("fsck", str(tmp_path), "--json")
    assert ended.returncode == 4
    assert "[node.no-home]" in ended.stderr


def test_what_is_secret_goes_by_a_descriptor(shop: Workshop, tmp_path: Path) -> None:
    feeds = [("--identity-passphrase-fd", "an invented passphrase")]
    ended = shop.run(
        "init", str(tmp_path / "home"), "--agency", "xx.demo", "--no-officers", "--json",
        "--unlock-file", str(tmp_path / "unlock"), "--identity", str(tmp_path / "identity"), feeds=feeds,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["agency"] == "xx.demo"


def test_a_module_that_fails_tells_why(shop: Workshop) -> None:
    ended = shop.run("/nowhere", module="tansiq.demo.sign_ins")
    assert ended.returncode == 1
    assert "node.no-home" in ended.stderr


def test_it_ends_with_all_that_it_started() -> None:
    shop = Workshop()
    waiting = shop.start("0", "--bind", "127.0.0.1", module="http.server")
    number = waiting.pid
    os.kill(number, 0)
    assert waiting.poll() is None
    shop.close()
    with pytest.raises(ProcessLookupError):
        os.kill(number, 0)


def test_a_command_of_a_workshop_that_died_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = Workshop()
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(Unavailable) as refused:
        shop.run("--version")
    assert refused.value.code == "demo.workshop-ended"
    shop.close()


def test_waiting_too_long_is_told_as_by_any_process(shop: Workshop) -> None:
    sleeping = shop.start(module="this")
    with pytest.raises(subprocess.TimeoutExpired):
        sleeping.wait(0.0)
    assert sleeping.wait(30) == 0
