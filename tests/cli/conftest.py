"""Commands on a node of the test, in this process: the home is opened for each, since no node runs."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.node import PASSPHRASE, SECRET, Node, clock, node
from tansiq.cli.main import main

__all__ = ["Terminal", "clock", "node"]


@dataclass
class Terminal:
    """Somebody who types commands and reads what comes back."""

    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    def __call__(
        self, *words: object, home: Node | None = None, officer: str = "", passphrase: str = PASSPHRASE
    ) -> int:
        """Types one command; an officer's passphrase goes through a descriptor. Returns the exit code."""
        typed = [str(word) for word in words]
        if home is not None:
            typed += ["--home", str(home.home.path)]
        reading, writing = os.pipe()
        try:
            if officer:
                os.write(writing, passphrase.encode() + b"\n")
                typed += ["--as", officer, "--passphrase-fd", str(reading)]
            os.close(writing)
            code = main(typed)
        finally:
            os.close(reading)
        self.out, self.err = self.capsys.readouterr()
        return code

    def json(self, *words: object, home: Node | None = None, officer: str = "") -> Any:
        """What a command prints as JSON; it has to end well."""
        assert self(*words, "--json", home=home, officer=officer) == 0, self.err
        return json.loads(self.out)

    @property
    def code(self) -> str:
        """The code of the error that was told."""
        return self.err.rstrip().rpartition("[")[2].rstrip("]")


@pytest.fixture
def terminal(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal with the unlock secret of the test's nodes at hand."""
    unlock = tmp_path / "test.unlock"
    unlock.write_bytes(SECRET)
    monkeypatch.setenv("TANSIQ_UNLOCK_FILE", str(unlock))
    monkeypatch.delenv("TANSIQ_HOME", raising=False)
    monkeypatch.delenv("TANSIQ_LOG", raising=False)
    yield Terminal(capsys)


Descriptor = Callable[[str], int]


@pytest.fixture
def descriptor() -> Iterator[Descriptor]:
    """Makes descriptors from which words can be read."""
    opened = []

    def make(words: str) -> int:
        reading, writing = os.pipe()
        opened.append(reading)
        os.write(writing, words.encode())
        os.close(writing)
        return reading

    yield make
    for one in opened:
        os.close(one)
