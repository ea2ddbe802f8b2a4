"""Nodes on one machine: their homes are made and they run as processes of their own, as on machines of their own.

Invariant: everything that is started here is ended here, and a temporary folder is removed, also when the story breaks off. The
passphrases are part of the demonstration and are shown; they protect nothing but invented persons.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from tansiq.demo.cast import CAST, FELLOWS, Member
from tansiq.demo.commands import Process, Workshop
from tansiq.demo.ports import Block
from tansiq.errors import Conflict, Unavailable
from tansiq.node.asking import ask
from tansiq.node.home import CONFIGURATION, Home, load_home
from tansiq.node.running import is_running

__all__ = ["Node", "Stage", "clear", "stage"]

_START_SECONDS: Final = 240.0
_END_SECONDS: Final = 15.0
_log = logging.getLogger("tansiq.demo")


@dataclass(slots=True)
class Node:
    """An agency's node: its home, and its process while it runs."""

    member: Member
    home: Home
    log: Path
    shop: Workshop = field(repr=False)
    databases: tuple[str, str] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    process: Process | None = field(default=None, repr=False)

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
        feeds = (
            ("--identity-passphrase-fd", self.member.identity_passphrase), ("--officer-passphrases-fd", officers),
        )  # fmt: skip
        words = [
            "init", str(self.home.path), "--agency", self.agency, "--listen", self.home.listen,
            "--unlock-file", str(folder / f"{self.agency}.unlock"), "--identity", str(folder / f"{self.agency}.identity"),
            "--profile", str(self.member.profile),
        ]  # fmt: skip
        if self.home.pages:
            words += ["--pages", self.home.pages, "--pages-address", self.home.pages_address]
        if self.member.pulls:
            words.append("--pulls")
        if self.databases:
            words += ["--database", self.databases[0], "--keys-database", self.databases[1]]
        made = self.shop.run(*words, feeds=feeds, language=self.member.language)
        if not made.returncode:
            self._set()
            made = self.shop.run(str(self.home.path), module="tansiq.demo.sign_ins")
        if made.returncode:
            _log.error("%s was not made: %s", self.agency, made.stderr)
            raise Unavailable("demo.node-not-made", agency=self.agency, status=made.returncode)

    def _set(self) -> None:
        """Writes what its operator sets in ``node.toml`` after the node was made."""
        if self.settings:
            home = replace(load_home(self.home.path), **self.settings)
            (self.home.path / CONFIGURATION).write_text(home.to_toml(), encoding="utf-8")

    def start(self) -> None:
        """Starts `tansiq run` and waits until it answers. Raises Unavailable."""
        self.process = self.shop.start("run", str(self.home.path), "--log-file", str(self.log), acts=True)
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            addresses = [self.home.listen, *([self.home.pages] if self.home.pages else [])]
            if is_running(self.home) and all(map(_listens, addresses)):
                return
            time.sleep(0.02)
        raise Unavailable("demo.node-not-started", agency=self.agency)

    def stop(self) -> int | None:
        """Ends the process; returns its exit code, None when it did not run."""
        if self.process is None:
            return None
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


@dataclass(slots=True)
class Stage:
    """All nodes, the folder where their homes, documents and the proof lie, and the workshop that makes and starts them."""

    folder: Path
    nodes: tuple[Node, ...]
    shop: Workshop = field(repr=False)

    def node(self, agency: str) -> Node:
        """The node of an agency."""
        return next(node for node in self.nodes if node.agency == agency)

    def make(self) -> None:
        """Makes the homes, side by side."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(lambda node: node.make(self.folder), self.nodes))

    def start(self) -> None:
        """Starts the nodes, side by side."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.start, self.nodes))

    def stop(self) -> None:
        """Ends the nodes."""
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.stop, self.nodes))


def _logs(cast: Sequence[Member]) -> set[str]:
    return {f"{member.agency}.log" for member in cast}


def _folder(wanted: Path | None, cast: Sequence[Member]) -> Path:
    """A new or empty folder; the logs that a play left there which failed are removed. Raises Conflict when something else is in it."""
    if wanted is None:
        return Path(tempfile.mkdtemp(prefix="tansiq-demo-"))
    wanted.mkdir(mode=0o700, parents=True, exist_ok=True)
    left = list(wanted.iterdir())
    if any(one.name not in _logs(cast) for one in left):
        raise Conflict("demo.home-not-empty", home=str(wanted))
    for one in left:
        one.unlink()
    return wanted.resolve()


def clear(made: Stage) -> None:
    """Removes what a play made that failed, but for its nodes' logs, which tell why; the folder too when there are none.

    The nodes are stopped, and nothing was in the folder before.
    """
    logs = _logs([node.member for node in made.nodes])
    for one in list(made.folder.iterdir()):
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        elif one.name not in logs:
            one.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # logs are in it
        made.folder.rmdir()


def _node(
    member: Member, folder: Path, ports: list[int], shop: Workshop, *, pages: bool, settings: Mapping[str, Any]
) -> Node:
    port = ports.pop()
    home = Home(
        path=folder / member.agency,
        agency=member.agency,
        listen=f"127.0.0.1:{ports.pop()}",
        pages=f"127.0.0.1:{port}" if pages else "",
        pages_address=f"http://{member.host}:{port}" if pages else "",
    )
    return Node(member, home, folder / f"{member.agency}.log", shop, settings=settings)


@contextlib.contextmanager
def stage(
    home: Path | None = None,
    *,
    databases: Mapping[str, tuple[str, str]] | None = None,
    fellows: bool = False,
    pages: bool = True,
    shop: Workshop | None = None,
) -> Iterator[Stage]:
    """A stage in ``home``, or in a temporary folder; ``databases`` are two PostgreSQL addresses by agency.

    The two agencies alone play on it, or with ``fellows`` the bureaux, the hub and the office too; those have pages where
    ``pages`` says so. ``shop`` is the workshop where another than the usual makes and starts them; it is closed at the end.
    """
    cast = (*CAST, *FELLOWS) if fellows else CAST
    folder = _folder(home, cast)
    block, shop = Block(), shop or Workshop()
    nodes = [
        _node(
            member,
            folder,
            block.ports,
            shop,
            pages=pages or member in CAST,
            settings=member.settings if fellows else {},
        )
        for member in cast
    ]
    for node in nodes:
        node.databases = (databases or {}).get(node.agency)
    made = Stage(folder, tuple(nodes), shop)
    try:
        yield made
    finally:
        try:
            made.stop()
        finally:
            shop.close()
            block.close()
            if home is None:
                shutil.rmtree(folder, ignore_errors=True)
