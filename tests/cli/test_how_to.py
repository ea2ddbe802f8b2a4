"""The how-tos 'set up a node', 'two agencies meet' and 'set up a pair of countries', typed as they stand, by somebody who has no
root account here.

Paths of a real machine become folders of the test; what installs, makes accounts or speaks to systemd is left out (and listed); what is
asked at the terminal comes through a descriptor. Every other command of these pages is run, in order, and must end as the page says.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from support.ports import free_port
from support.source import HOUSE
from tansiq.cli.main import main

LEFT_OUT = ("apt", "git", "make", "ln", "adduser", "install", "systemctl", "journalctl")
PASSPHRASES = {"identity": "an invented identity passphrase", "ES-4017": "an invented phrase of the desk", "MA-2210": "an invented phrase in Rabat"}  # fmt: skip
PATIENCE_SECONDS = 240


def commands(page: str) -> list[list[str]]:
    """The commands of a page: of its plain blocks, lines that go on joined."""
    text = (HOUSE / "docs" / "how-to" / page).read_text(encoding="utf-8")
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    blocks = [block for language, block in found if not language]
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line) for line in lines if line.strip()]


@dataclass
class Machine:
    """Folders that stand for a machine, and the nodes that run there."""

    root: Path
    ports: dict[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)

    def place(self, word: str) -> str:
        """A word of a command, as it is here."""
        for real in ("/var/lib/tansiq", "/var/backups/tansiq", "/etc/tansiq", "/etc/systemd/system", "/media/safe"):
            if word.startswith(real):
                return str(self.root / real.strip("/").replace("/", "-")) + word.removeprefix(real)
        if word.endswith(".directory"):
            return str(self.root / word)
        return self.ports.get(word, word)

    def __call__(self, words: list[str]) -> str:
        """Types one command, which has to end well; what it prints, '' of one that is left out."""
        words = words[3:] if words[:3] == ["sudo", "-u", "tansiq"] else words
        if words[0] in LEFT_OUT:
            self.left_out.append(words[0])
            return ""
        assert words[0] == "tansiq", words
        typed = [self.place(word) for word in words[1:]]
        descriptors = []
        for option, name in self._asked(typed):
            reading, writing = os.pipe()
            os.write(writing, PASSPHRASES.get(name, "four lanterns beside the quiet harbour").encode() + b"\n")
            os.close(writing)
            descriptors.append(reading)
            typed += [option, str(reading)]
        out, err = io.StringIO(), io.StringIO()
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = main(typed)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        assert code == 0, (words, out.getvalue(), err.getvalue())
        return out.getvalue()

    @staticmethod
    def _asked(typed: list[str]) -> Iterator[tuple[str, str]]:
        """What a command asks at the terminal: the option that reads it instead, and whose passphrase it is."""
        if "--identity" in typed:
            yield "--identity-passphrase-fd", "identity"
        if typed[:2] == ["officer", "add"]:
            yield "--passphrase-fd", typed[2]
        if "--as" in typed:
            yield "--passphrase-fd", typed[typed.index("--as") + 1]

    def run(self, name: str) -> None:
        """What systemd does: runs the node."""
        home, log = self.place(f"/var/lib/tansiq/{name}"), self.root / f"{name}.log"
        words = [sys.executable, "-m", "tansiq.cli", "run", home, "--log-file", str(log)]
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.running.append(process)
        until = time.monotonic() + PATIENCE_SECONDS
        while "ready https" not in (log.read_text() if log.exists() else ""):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        for process in self.running:
            process.wait(PATIENCE_SECONDS)


def free_ports(count: int) -> list[int]:
    return [free_port() for _ in range(count)]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    for name in [name for name in os.environ if name.startswith("TANSIQ_") and name != "TANSIQ_TEST_DB"]:
        monkeypatch.delenv(name)
    made = Machine(tmp_path)
    for folder in ("/var/lib/tansiq", "/var/backups/tansiq", "/etc/tansiq", "/etc/systemd/system", "/media/safe"):
        Path(made.place(folder)).mkdir(mode=0o700)
    yield made
    made.stop()
    connections.close_all()


def set_up(machine: Machine, name: str, other: dict[str, str]) -> None:
    """Types the page 'set up a node', for another agency with the words changed that such a reader changes."""
    door, pages = free_ports(2)
    machine.ports = {
        "0.0.0.0:8443": f"127.0.0.1:{door}", "https://tansiq.interior.example:8443": f"https://127.0.0.1:{door}",
        "127.0.0.1:8080": f"127.0.0.1:{pages}",
    }  # fmt: skip
    for words in commands("set-up-a-node.md"):
        changed = (
            [re.sub("|".join(map(re.escape, other)), lambda found: other[found[0]], word) for word in words]
            if other
            else words
        )
        machine(changed)
        if changed[0] == "systemctl" and "enable" in changed:
            machine.run(name)


def show(machine: Machine, *words: str) -> Any:
    return json.loads(machine(["tansiq", *words, "--json"]))


def met(peers: list[Any]) -> bool:
    """Whether both have heard one another and nothing waits."""
    return bool(peers) and all(
        peer["confirmed"] and peer["heard_at"] and not peer["waiting"] + peer["pending"] for peer in peers
    )


def test_from_a_fresh_machine_to_two_agencies_that_have_met(machine: Machine) -> None:
    set_up(machine, "madrid", {})
    assert set(machine.left_out) == set(LEFT_OUT)
    units = sorted(path.name for path in Path(machine.place("/etc/systemd/system")).iterdir())
    assert units == ["tansiq-backup@.service", "tansiq-backup@.timer", "tansiq@.service"]
    assert Path(machine.place("/etc/tansiq/madrid.unlock")).stat().st_mode & 0o777 == 0o600
    set_up(machine, "rabat", {"madrid": "rabat", "es.cgi": "ma.dgst", "ES-4017": "MA-2210"})

    homes = {"madrid": machine.place("/var/lib/tansiq/madrid"), "rabat": machine.place("/var/lib/tansiq/rabat")}
    spoken = {
        f"THE SIXTEEN WORDS OF {name.upper()}": " ".join(
            show(machine, "directory", "fingerprint", "--home", home)["words"]["fr"]
        )
        for name, home in homes.items()
    }
    typed = 0
    for words in commands("two-agencies-meet.md"):
        machine([spoken.get(word, word) for word in words])
        typed += 1
    assert typed >= 10

    peers: list[Any] = []
    until = time.monotonic() + PATIENCE_SECONDS
    while not met(peers):
        assert time.monotonic() < until, f"they have not heard one another: {peers}"
        time.sleep(0.5)
        peers = [show(machine, "exchange", "status", "--home", home)["peers"][0] for home in homes.values()]


NODES = {
    "int.hub": "hub", "es.ncb": "bureau-madrid", "ma.ncb": "bureau-rabat", "es.cgi": "madrid", "ma.dgst": "rabat",
}  # fmt: skip


def here(machine: Machine, words: list[str], addresses: dict[str, tuple[int, int]]) -> list[str]:
    """A command of the page on a pair as it is typed here: five machines are one, and files of the page lie beside it."""
    if "init" in words:
        agency = words[words.index("--agency") + 1]
        door = addresses[agency][0]
        for option, value in (("--listen", f"127.0.0.1:{door}"), ("--address", f"https://127.0.0.1:{door}")):
            words[words.index(option) + 1] = value
    return [str(HOUSE / "docs" / "how-to" / word) if word == "profiles/service.toml" else word for word in words]


def test_a_pair(machine: Machine) -> None:
    """'Set up a pair of countries', typed as it stands; afterwards an enquiry goes by INTERPOL over five desks."""
    doors = free_ports(len(NODES))
    addresses = {agency: (door, 0) for agency, door in zip(NODES, doors, strict=True)}
    homes = {agency: machine.place(f"/var/lib/tansiq/{name}") for agency, name in NODES.items()}
    theirs = Path(machine.root / "theirs.toml")
    advised: list[str] = []
    for words in commands("set-up-a-pair.md"):
        typed = here(machine, words, addresses)
        if typed[0] == "systemctl":
            machine.run(typed[-1].removeprefix("tansiq@").removesuffix(".service"))
            continue
        for place, word in enumerate(typed):
            if word.startswith("THE SIXTEEN WORDS OF "):
                home = homes[word.removeprefix("THE SIXTEEN WORDS OF ")]
                typed[place] = " ".join(show(machine, "directory", "fingerprint", "--home", home)["words"]["fr"])
            elif word == "theirs.toml":
                typed[place] = str(theirs)
        if "members" in typed:
            wait_for(lambda: show(machine, "notice", "members", "--home", homes["es.ncb"]))
        said = machine(typed)
        if "--toml" in typed:
            theirs.write_text(said, encoding="utf-8")
        if "advise" in typed:
            found = show(machine, *typed[4:])
            advised += [one["channel"] for one in found["channels"] if one["verdict"] == "recommended"]
    assert advised == ["interpol", "embassy", "direct"]

    madrid, rabat = homes["es.cgi"], homes["ma.dgst"]
    wait_for(lambda: {"int.hub", "ma.ncb"} <= known(machine, madrid))
    wait_for(lambda: {"int.hub", "es.ncb"} <= known(machine, rabat))
    draft = machine.root / "enquiry.toml"
    source = (HOUSE / "src" / "tansiq" / "demo" / "enquiry.toml").read_text("utf-8")
    draft.write_text(re.sub(r"^via = .*$", "", source, flags=re.MULTILINE), encoding="utf-8")
    sent = show(
        machine, "enquiry", "send", "--file", str(draft), "--channel", "interpol", "--not-sensitive", "--warrant", "--as", "ES-4017",
        "--home", madrid,
    )  # fmt: skip
    wait_for(lambda: show(machine, "enquiry", "list", "--as", "MA-2210", "--home", rabat))
    assert sent["id"] in json.dumps(show(machine, "enquiry", "list", "--as", "MA-2210", "--home", rabat))
    wait_for(
        lambda: any(
            one["stage"] == "desk" for one in show(machine, "channel", "times", "--as", "ES-1001", "--home", madrid)
        )
    )


def wait_for(ready: Any) -> None:
    """Waits until it is so."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not ready():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.5)


def known(machine: Machine, home: str) -> set[str]:
    """The agencies whose documents a node has."""
    return {one["agency"] for one in show(machine, "directory", "list", "--home", home)}
