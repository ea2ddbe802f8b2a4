"""One demonstration for all tests of this folder, played to its end as somebody types it, in a folder that stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

TANSIQ = [sys.executable, "-m", "tansiq.cli"]
BUDGET_SECONDS = 1200  # about 60 on an idle machine; here others may be working
Demo = Callable[..., subprocess.CompletedProcess[str]]
Played = tuple[subprocess.CompletedProcess[str], Path]


@pytest.fixture(scope="session")
def demo() -> Demo:
    """Runs `tansiq demo` with some words and variables of the environment."""

    def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*TANSIQ, "demo", *words],
            env=os.environ | environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=BUDGET_SECONDS,
        )

    return run


@pytest.fixture(scope="session")
def played(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """One demonstration, played to its end in a folder that stays."""
    folder = tmp_path_factory.mktemp("d") / "home"
    return demo("--once", "--json", "--home", str(folder), "--language", "es"), folder


@pytest.fixture(scope="session")
def told(played: Played) -> dict[str, Any]:
    """What it printed."""
    ended, _ = played
    assert ended.returncode == 0, ended.stderr
    shown: dict[str, Any] = json.loads(ended.stdout)
    return shown
