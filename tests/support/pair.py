"""Two real nodes, es.cgi and ma.dgst: made, introduced to one another, run as processes, watched from outside.

Invariant: `Pair.close` leaves no process behind; every node is a process group of its own, so that killing it ends all of it.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from django.db import connection, connections

from support import launcher, postgres
from support.ports import free_port
from support.quick import cheap_passphrases
from tansiq.directory.services import confirm_partner, take_directory
from tansiq.exchange.context import Context, system_clock
from tansiq.exchange.queries import counts
from tansiq.journal.queries import state_of
from tansiq.node.creation import NewPost, create_node
from tansiq.node.home import Home
from tansiq.node.opening import bind, open_node
from tansiq.protocol.directory import Directory, fingerprint
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.words import fingerprint_words

__all__ = ["AGENCIES", "Pair", "RealNode", "make_pair", "until"]

AGENCIES = ("es.cgi", "ma.dgst")
SECRET = b"an invented unlock secret"
_LAUNCHER = Path(launcher.__file__)
_STOP_SECONDS = 60
_DONE = ("exchange_received", "exchange_handled", "exchange_receipt")
_LEFT = ("exchange_outbox", "exchange_pending", "exchange_queue", "exchange_quarantine")
_LONGEST = 5
"""So many times as long as nothing may be done, all may take."""


PATIENCE = 4
"""How many times longer than on an idle machine a wait may take: it ends as soon as what it waits for is there."""


def until(condition: Callable[[], object], *, seconds: float, what: str) -> None:
    """Waits until ``condition`` holds. Raises AssertionError, naming ``what``, after `PATIENCE` times ``seconds``."""
    seconds *= PATIENCE
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


@dataclass(slots=True)
class RealNode:
    """A node that runs as processes of its own. ``log`` gathers what it says; ``visits`` the fault points that it reached."""

    home: Home
    secret: Path
    log: Path
    visits: Path
    identity: SigningKey = field(repr=False)
    process: subprocess.Popen[bytes] | None = None

    @property
    def agency(self) -> str:
        return self.home.agency

    def start(self, **environment: str) -> None:
        """Starts the node with these variables for the launcher; returns at once."""
        assert not self.running
        self.home.run.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(_LAUNCHER), str(self.home.path)],
                env=os.environ
                | {"TEST_VISITS": str(self.visits), "TANSIQ_UNLOCK_FILE": str(self.secret)}
                | environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the node's first process lives."""
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, *, seconds: float = 20) -> None:
        """Waits until the node's door listens."""
        host, _, port = self.home.listen.rpartition(":")

        def listens() -> bool:
            assert self.running, f"{self.agency} ended: {self.tail()}"
            with socket.socket() as probe:
                return probe.connect_ex((host, int(port))) == 0

        until(listens, seconds=seconds, what=f"{self.agency} listens")

    def processes(self) -> dict[int, int]:
        """The node's living processes, each with its parent."""
        if self.process is None:
            return {}
        found: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdecimal():
                try:
                    state, parent, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
                    # A first thread that is gone leaves the files open to the others.
                    threads = len(list((entry / "task").iterdir()))
                except (FileNotFoundError, ProcessLookupError):
                    continue
                if int(group) == self.process.pid and (state != "Z" or threads > 1):
                    found[int(entry.name)] = int(parent)
        return found

    def kill(self) -> None:
        """kill -9 for the whole node; returns when none of its processes is left."""
        if self.process is not None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(PATIENCE * _STOP_SECONDS)
            until(lambda: not self.processes(), seconds=_STOP_SECONDS, what=f"{self.agency} is gone")

    def stop(self) -> int:
        """Ends the node as a supervisor does; returns its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE * _STOP_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.agency} does not end: {self.processes()}\n{self.tail()}") from None
        finally:
            self.kill()

    def tail(self, lines: int = 20) -> str:
        """The end of what the node said."""
        return "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-lines:])

    def killed_at(self) -> list[str]:
        """The fault points that killed it, in order."""
        return self._seen("killed ")

    def visited(self) -> set[str]:
        """Every fault point that it has reached."""
        return set(self._seen("visited "))

    def _seen(self, word: str) -> list[str]:
        text = self.visits.read_text(encoding="utf-8") if self.visits.exists() else ""
        return [line.removeprefix(word) for line in text.splitlines() if line.startswith(word)]

    @contextmanager
    def bound(self) -> Iterator[None]:
        """Binds this process to the node's databases, to look into them."""
        bind(self.home)
        try:
            yield
        finally:
            connections.close_all()

    def open(self, *, clock: Callable[[], int] = system_clock) -> Context:
        """The node's context in this process, bound."""
        return open_node(self.home, secret=SECRET, clock=clock)

    def counted(self, *tables: str) -> list[int]:
        """How many rows stand in each of these tables."""
        return [int(str(self.rows(f"SELECT COUNT(*) FROM {table}")[0][0])) for table in tables]

    def left(self) -> str:
        """What is not done yet, and how it stands with the other node."""
        waits = dict(zip(_LEFT, self.counted(*_LEFT), strict=True))
        return f"{waits}, peer {self.rows('SELECT * FROM exchange_peer')}"

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """The rows of a query on the node's main database."""
        with self.bound(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            return [tuple(bytes(value) if isinstance(value, memoryview) else value for value in row) for row in cursor]


@dataclass(slots=True)
class Pair:
    """Two nodes that know one another."""

    es: RealNode
    ma: RealNode
    folder: Path

    @property
    def nodes(self) -> tuple[RealNode, RealNode]:
        return self.es, self.ma

    def start(self, **environment: str) -> None:
        """Starts both and waits until both listen."""
        for node in self.nodes:
            node.start(**environment)
        for node in self.nodes:
            node.wait_ready()

    def quiet(self) -> bool:
        """Whether nothing waits, nothing lacks its receipt, all was handled, and each has witnessed the other's journal.

        Both are looked at twice: between the looks at one and at the other an answer may have gone, which the first has not seen.
        """
        before = self._sizes_at_rest()
        return before is not None and before == self._sizes_at_rest()

    def _sizes_at_rest(self) -> tuple[int, int] | None:
        sizes = []
        for node, other in (self.nodes, self.nodes[::-1]):
            with node.bound():
                counted, journal = counts(other.agency), state_of(other.agency)
                with connection.cursor() as cursor:
                    cursor.execute("SELECT COUNT(*) FROM exchange_queue")
                    queued = cursor.fetchone()[0]
            if counted.waiting or counted.pending or queued or journal is None or not journal.cosigned:
                return None
            sizes.append(journal.size)
        return sizes[0], sizes[1]

    def wait_quiet(self, *, seconds: float = 60) -> None:
        """Waits until `quiet`: while more and more is done, however slowly; but not so long, times `PATIENCE`, that nothing is."""
        seconds *= PATIENCE
        begun = since = looked = time.monotonic()
        done = self._done()
        while not self.quiet():
            now = time.monotonic()
            if now - looked > 1.0:
                before, done, looked = done, self._done(), now
                since = now if done != before else since
            if now - since > seconds or now - begun > _LONGEST * seconds:
                told = "\n---\n".join(f"{node.agency}: {node.left()}\n{node.tail()}" for node in self.nodes)
                raise AssertionError(f"both nodes not quiet, nothing done for {now - since:.0f} s\n{told}")
            time.sleep(0.05)

    def _done(self) -> list[list[int]]:
        return [node.counted(*_DONE) for node in self.nodes]

    def close(self) -> None:
        """Ends whatever still runs."""
        connections.close_all()
        for node in self.nodes:
            node.kill()
            if node.home.on_postgresql:
                for address in (node.home.database, node.home.keys_database):
                    postgres.drop_database(address.partition("?")[0].rpartition("/")[2])


def _make(folder: Path, agency: str, *, pulls: bool) -> tuple[RealNode, Directory]:
    secret = folder / f"{agency}.unlock"
    secret.write_bytes(SECRET)
    home = Home(path=folder / agency, agency=agency, listen=f"127.0.0.1:{free_port()}", pull_seconds=0.2)
    if postgres.wanted():
        main, keys = (postgres.address_of(postgres.create_database()) for _ in range(2))
        home = replace(home, database=main, keys_database=keys)
    identity = SigningKey.generate()
    with cheap_passphrases():
        directory = create_node(
            home,
            secret=SECRET,
            identity=identity,
            names={"en": agency},
            address=f"https://{home.listen}",
            posts=[NewPost("desk", "desk")],
            pulls=pulls,
        )
    launcher.make_tables()
    connections.close_all()
    return RealNode(home, secret, folder / f"{agency}.log", folder / f"{agency}.visits", identity), directory


def make_pair(folder: Path, *, pulling: Mapping[str, bool] | None = None) -> Pair:
    """Makes both nodes in ``folder`` and introduces them; ``pulling`` names those that can't be called."""
    made = [_make(folder, agency, pulls=bool((pulling or {}).get(agency))) for agency in AGENCIES]
    for (node, _), (_, theirs) in zip(made, reversed(made), strict=True):
        with node.bound():
            take_directory(theirs.encoded, now_ms=system_clock())
            words = list(fingerprint_words(fingerprint(theirs.identity), "es"))
            confirm_partner(theirs.agency, words=words, language="es", officer="TEST", now_ms=system_clock())
    return Pair(made[0][0], made[1][0], folder)
