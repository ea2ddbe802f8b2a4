"""The how-to 'run a hub', typed as it stands: three nodes that run, from nothing to a notice that has ended."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli import test_how_to as typing
from cli.test_how_to import Machine, commands, free_ports, machine, show
from support.source import HOUSE

__all__ = ["machine"]

PAGE = "run-a-hub.md"
OFFICERS = {
    "IX-0001": "copper heron beside the mill",
    "IX-0002": "seven lanterns under gravel",
    "ES-5001": "the orchard keeps a slow clock",
    "MA-5001": "winter bread and a blue ladder",
}
NAMES = {"hub": "THE HUB", "madrid": "MADRID", "rabat": "RABAT"}
REFERENCE = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def until(said: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """Asks again until it is so; a node needs its moment to carry something on."""
    end = time.monotonic() + typing.PATIENCE_SECONDS
    while not wanted(found := said()):
        assert time.monotonic() < end, found
        time.sleep(0.3)
    return found


@dataclass
class Reader:
    """Somebody who types the page: what stands for its words, and what to wait for before and after a command."""

    machine: Machine
    homes: dict[str, str]
    known: dict[str, str]

    def listed(self, home: str, number: str, *more: str) -> list[Any]:
        """The notices at a node."""
        words = ("notice", "list", *more, "--as", number, "--home", self.homes[home])
        found: list[Any] = show(self.machine, *words)["notices"]
        return found

    def doors(self, words: list[str]) -> None:
        """Free ports of this machine for the node that a command makes."""
        door, pages = free_ports(2)
        self.machine.ports = {
            words[words.index("--listen") + 1]: f"127.0.0.1:{door}",
            words[words.index("--address") + 1]: f"https://127.0.0.1:{door}",
            words[words.index("--pages") + 1]: f"127.0.0.1:{pages}",
        }

    def before(self, words: list[str]) -> None:
        """Waits until what a command needs has come."""
        if "init" in words:
            self.doors(words)
        if "show" in words and "MA-5001" in words:
            until(lambda: self.listed("rabat", "MA-5001"), bool)

    def after(self, words: list[str], said: str) -> None:
        """Notes what a command said, and waits for what comes of it."""
        if "draft" in words:
            self.known["THE-DRAFT"] = REFERENCE.findall(said)[0]
        elif "send" in words:
            self.known["THE-NOTICE"] = REFERENCE.findall(said)[0]
            until(lambda: self.listed("hub", "IX-0001", "--waiting"), bool)
        elif "fingerprint" in words:
            name = Path(words[-1]).name
            shown = show(self.machine, "directory", "fingerprint", "--home", self.homes[name])
            self.known[f"THE SIXTEEN WORDS OF {NAMES[name]}"] = " ".join(shown["words"]["es"])
        elif "admit" in words:
            for name, other in (("madrid", "ma.ncb"), ("rabat", "es.ncb")):
                until(lambda name=name: self.members(name), lambda found, other=other: found == [other])  # type: ignore[misc]
        elif "cancel" in words:
            until(lambda: self.listed("rabat", "MA-5001"), lambda found: not found)

    def members(self, name: str) -> list[str]:
        """Whom a node knows as members."""
        return [one["agency"] for one in show(self.machine, "notice", "members", "--home", self.homes[name])]

    def type(self, words: list[str]) -> str:
        """Types one command; what systemd does is done here."""
        if words[0] == "systemctl":
            self.machine(words)
            self.machine.run(words[-1].partition("@")[2].partition(".")[0])
            return ""
        self.before(words)
        said = self.machine([self.known.get(word, word) for word in words])
        self.after(words, said)
        return said


def test_from_nothing_to_a_notice_that_has_ended(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, passphrase in OFFICERS.items():
        monkeypatch.setitem(typing.PASSPHRASES, number, passphrase)
    text = (HOUSE / "docs" / "how-to" / PAGE).read_text(encoding="utf-8")
    (written,) = re.findall(r"^```toml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    file = tmp_path / "missing.toml"
    file.write_text(written, encoding="utf-8")
    homes = {name: machine.place(f"/var/lib/tansiq/{name}") for name in NAMES}
    reader = Reader(machine, homes, {"missing.toml": str(file)})
    said = [reader.type(words) for words in commands(PAGE)]
    assert len(said) >= 33
    assert sum("Salma el Mojtaráa" in one for one in said) == 2, "the legal desk and Rabat read it"
    (ended,) = reader.listed("rabat", "MA-5001", "--scope", "ended")
    assert (ended["id"], ended["reason"]) == (reader.known["THE-NOTICE"], "cancel.found")
