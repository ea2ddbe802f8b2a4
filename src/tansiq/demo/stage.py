"""Two agencies on one machine: their homes are made and their nodes run as processes of their own, as on two machines.

Invariant: everything that is started here is ended here, and a temporary folder is removed, also when the story breaks off. The
passphrases are part of the demonstration and are shown; they protect nothing but invented persons.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tansiq.demo.cast import CAST, Member
from tansiq.errors import Conflict, Unavailable
from tansiq.node.asking import ask
from tansiq.node.home import Home
from tansiq.node.running import is_running

__all__ = ["Node", "Stage", "run_command", "stage"]

_START_SECONDS: Final = 30.0
_FIRST_PORT: Final = 20_000
_PORTS: Final = 12_000
_END_SECONDS: Final = 15.0


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "tansiq.cli", *words]


@contextlib.contextmanager
def _descriptors(*words: str) -> Iterator[list[int]]:
    """Descriptors from which the words can be read, one each."""
    opened = []
    try:
        for one in words:
            reading, writing = os.pipe()
            opened.append(reading)
            os.write(writing, one.encode())
            os.close(writing)
        yield opened
    finally:
        for descriptor in opened:
            os.close(descriptor)


def run_command(*words: str, descriptors: Sequence[int] = (), language: str = "en") -> subprocess.CompletedProcess[str]:
    """Runs one command of the command line to its end."""
    return _run("tansiq.cli", *words, descriptors=descriptors, language=language)


def _run(
    module: str, *words: str, descriptors: Sequence[int] = (), language: str = "en"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 (our own program, no shell)
        [sys.executable, "-m", module, *words],
        pass_fds=tuple(descriptors),
        env=os.environ | {"TANSIQ_LANGUAGE": language},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


@dataclass(slots=True)
class Node:
    """An agency's node: its home, and its process while it runs."""

    member: Member
    home: Home
    log: Path
    databases: tuple[str, str] | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def agency(self) -> str:
        """The agency's identifier."""
        return self.member.agency

    @property
    def is_up(self) -> bool:
        """Whether its process runs."""
        return self.process is not None and self.process.poll() is None

    def make(self, folder: Path) -> None:
        """Makes the home with `tansiq init`, and lets its people sign in. Raises Unavailable."""
        officers = "".join(f"{number} {words}\n" for number, words in self.member.passphrases.items())
        with _descriptors(self.member.identity_passphrase, officers) as (identity, passphrases):
            words = [
                "init", str(self.home.path), "--agency", self.agency, "--listen", self.home.listen,
                "--unlock-file", str(folder / f"{self.agency}.unlock"), "--identity", str(folder / f"{self.agency}.identity"),
                "--identity-passphrase-fd", str(identity), "--officer-passphrases-fd", str(passphrases),
                "--profile", str(self.member.profile), "--pages", self.home.pages, "--pages-address", self.home.pages_address,
            ]  # fmt: skip
            if self.databases:
                words += ["--database", self.databases[0], "--keys-database", self.databases[1]]
            made = run_command(*words, descriptors=(identity, passphrases), language=self.member.language)
        made = made if made.returncode else _run("tansiq.demo.sign_ins", str(self.home.path))
        if made.returncode:
            raise Unavailable("demo.node-not-made", agency=self.agency, status=made.returncode)

    def start(self) -> None:
        """Starts `tansiq run` and waits until it answers. Raises Unavailable."""
        self.process = subprocess.Popen(  # noqa: S603 (our own program, no shell)
            _command("run", str(self.home.path), "--log-file", str(self.log)),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            if is_running(self.home) and _listens(self.home.listen) and _listens(self.home.pages):
                return
            time.sleep(0.02)
        raise Unavailable("demo.node-not-started", agency=self.agency)

    def stop(self) -> int | None:
        """Ends the process; returns its exit code, None when it did not run."""
        if self.process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            code = self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            code = self.process.wait()
        self.process = None
        return code

    def ask(self, act: str, arguments: Mapping[str, Any] | None = None, *, officer: str = "") -> Any:
        """What the node answers to an act, for one of its officers when a number is given."""
        return ask(
            self.home, act, arguments or {}, officer=officer, passphrase=self.member.passphrases.get(officer, "")
        )


def _listens(listen: str) -> bool:
    host, _, port = listen.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1.0).close()
    except OSError:
        return False
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody uses now, below those that the system gives to callers."""
    found: list[int] = []
    while len(found) < count:
        port = _FIRST_PORT + secrets.randbelow(_PORTS)
        if port not in found and _is_free(port):
            found.append(port)
    return found


@dataclass(slots=True)
class Stage:
    """Both nodes, and the folder where their homes, documents and the proof lie."""

    folder: Path
    nodes: tuple[Node, ...]

    def node(self, agency: str) -> Node:
        """The node of an agency."""
        return next(node for node in self.nodes if node.agency == agency)

    def make(self) -> None:
        """Makes both homes, side by side."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.make(self.folder), self.nodes))

    def start(self) -> None:
        """Starts both nodes, side by side."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.start, self.nodes))

    def stop(self) -> None:
        """Ends both nodes."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.stop, self.nodes))


def _folder(wanted: Path | None) -> Path:
    """A new or empty folder. Raises Conflict when something is in it."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="tansiq-demo-"))
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(wanted.iterdir()):
        raise Conflict("demo.home-not-empty", home=str(wanted))
    return wanted.resolve()


@contextlib.contextmanager
def stage(home: Path | None = None, *, databases: Mapping[str, tuple[str, str]] | None = None) -> Iterator[Stage]:
    """A stage in ``home``, or in a temporary folder; ``databases`` are two PostgreSQL addresses by agency."""
    folder = _folder(home)
    ports = _free_ports(2 * len(CAST))
    nodes = tuple(
        Node(
            member,
            Home(
                path=folder / member.agency,
                agency=member.agency,
                listen=f"127.0.0.1:{ports.pop()}",
                pages=f"127.0.0.1:{(port := ports.pop())}",
                pages_address=f"http://{member.host}:{port}",
            ),
            folder / f"{member.agency}.log",
            (databases or {}).get(member.agency),
        )
        for member in CAST
    )
    made = Stage(folder, nodes)
    try:
        yield made
    finally:
        made.stop()
        if home is None:
            shutil.rmtree(folder, ignore_errors=True)
