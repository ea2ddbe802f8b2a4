"""Commands of the demonstration, run by the workshop: one after another or side by side, each in a process of its own.

Invariant: everything that was started here has ended when `Workshop.close` returns.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TooLate
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from tansiq.errors import Unavailable

__all__ = ["Command", "Ended", "Process", "Workshop"]

_END_SECONDS: Final = 40.0
CLI: Final = "tansiq.cli"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: its exit code, and what it said."""

    returncode: int
    stdout: str
    stderr: str


class Process(Protocol):
    """A process as whoever looks after a node needs one."""

    @property
    def pid(self) -> int:
        """Its number."""

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended."""

    def terminate(self) -> None:
        """Asks it to end."""


@dataclass(slots=True)
class Command:
    """A command under way."""

    started: Future[int] = field(default_factory=Future)
    ended: Future[Ended] = field(default_factory=Future)

    @property
    def pid(self) -> int:
        """The number of its process, which leads a group of its own. Raises what starting raised."""
        return self.started.result()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.ended.result().returncode if self.ended.done() else None

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        try:
            return self.ended.result(timeout).returncode
        except TooLate as error:
            raise subprocess.TimeoutExpired(CLI, timeout or 0.0) from error

    def terminate(self) -> None:
        """Asks it to end, as a supervisor does."""
        if not self.ended.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)


class Workshop:
    """The program `tansiq.demo.workshop`, started when the first command is wanted; ``program`` is what Python is told to run instead."""

    def __init__(self, *program: str) -> None:
        self._program = program or ("-m", "tansiq.demo.workshop")
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._commands: dict[int, Command] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._listening: threading.Thread | None = None

    def _started(self) -> subprocess.Popen[bytes]:
        """The process; call with the lock held."""
        if self._process is None:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter, and a program of the caller's
                [sys.executable, *self._program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            self._listening = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
            self._listening.start()
        return self._process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None  # noqa: S101 (it was opened as a pipe)
        for line in process.stdout:
            told = json.loads(line)
            if "pid" in told:
                self._commands[told["number"]].started.set_result(told["pid"])
            elif "status" in told:
                ended = Ended(told["status"], told["out"], told["err"])
                self._commands.pop(told["number"]).ended.set_result(ended)
        with self._lock:
            left = list(self._commands.values())
            self._commands.clear()
        gone = Unavailable("demo.workshop-ended", status=process.wait())
        for one in left:
            for future in (one.started, one.ended):
                if not future.done():
                    future.set_exception(gone)

    def start(
        self,
        *words: str,
        module: str = CLI,
        feeds: Sequence[tuple[str, str]] = (),
        language: str = "en",
        acts: bool = False,
    ) -> Command:
        """Starts a command of the command line, or another module. ``feeds`` are options with the words that can be read from
        the descriptor which they name; ``acts`` gives a node the acts of the demonstration. Raises Unavailable.
        """
        command = Command()
        with self._lock:
            process = self._started()
            number = next(self._numbers)
            self._commands[number] = command
            asked: dict[str, Any] = {
                "number": number, "module": module, "words": words, "feeds": feeds, "language": language, "acts": acts,
            }  # fmt: skip
            assert process.stdin is not None  # noqa: S101 (it was opened as a pipe)
            try:
                process.stdin.write(json.dumps(asked).encode() + b"\n")
                process.stdin.flush()
            except OSError as error:
                self._commands.pop(number, None)
                raise Unavailable("demo.workshop-ended", status=process.wait()) from error
        return command

    def run(self, *words: str, module: str = CLI, feeds: Sequence[tuple[str, str]] = (), language: str = "en") -> Ended:
        """Runs a command to its end. Raises Unavailable."""
        return self.start(*words, module=module, feeds=feeds, language=language).ended.result()

    def close(self) -> None:
        """Ends the workshop, and with it whatever it started."""
        with self._lock:
            process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 (it was opened as a pipe)
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if self._listening is not None:
            self._listening.join(_END_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
