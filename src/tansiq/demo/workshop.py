"""The workshop: one process in which everything is loaded, and from which every command of the demonstration is forked.

Invariant: what is forked is the command line as somebody types it (``init``, ``run``, ``fsck``), or a program of this room, in a process
and a session of its own; nothing is shared with it but the pages of memory in which the program itself lies. Eight nodes so cost the
loading of one. Whoever started the workshop need only close its input: then it ends what still runs, and itself.

    python -m tansiq.demo.workshop
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import random
import runpy
import selectors
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final, NoReturn

__all__ = ["main"]

_END_SECONDS: Final = 15.0


@dataclass(slots=True)
class _Running:
    """A command that was forked: its number, and the files that take what it says."""

    number: int
    pid: int
    out: IO[bytes]
    err: IO[bytes]


def _load() -> None:
    """Loads what every command needs, but not the command line itself, which chooses its language when it is loaded."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tansiq.node.settings")
    import django  # noqa: PLC0415 (only this process loads everything at once)

    django.setup()
    from importlib import import_module  # noqa: PLC0415

    for name in (
        "typer.main",
        "uvloop",
        "tansiq.node.urls",
        "tansiq.node.processes",
        "tansiq.node.fsck",
        "tansiq.demo.acts",
    ):
        import_module(name)
    from tansiq.node.opening import register_capabilities  # noqa: PLC0415
    from tansiq.policy.codes import code_list, code_lists  # noqa: PLC0415
    from tansiq.texts import catalogue  # noqa: PLC0415

    register_capabilities()
    catalogue()
    for name in code_lists():
        code_list(name)
    gc.collect()
    gc.freeze()


def _tell(**answer: Any) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _fed(feeds: Sequence[Sequence[str]]) -> list[str]:
    """Options with a descriptor each, from which the words can be read that belong to them."""
    words = []
    for option, content in feeds:
        reading, writing = os.pipe()
        os.write(writing, content.encode())
        os.close(writing)
        words += [option, str(reading)]
    return words


def _become(command: Mapping[str, Any], out: int, err: int) -> NoReturn:
    """Turns this forked process into the command, to its end."""
    status = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for descriptor, place in ((nothing, 0), (out, 1), (err, 2)):
            os.dup2(descriptor, place)
        random.seed()
        os.environ["TANSIQ_LANGUAGE"] = command["language"]
        if command["acts"]:
            from tansiq.demo.acts import register_demo_acts  # noqa: PLC0415 (only the nodes of a demonstration have them)

            register_demo_acts()
        sys.argv = [command["module"], *command["words"], *_fed(command["feeds"])]
        runpy.run_module(command["module"], run_name="__main__", alter_sys=True)
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(status)


class _Workshop:
    """Forks what it is told to, and tells how it ended."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._running: dict[int, _Running] = {}

    def work(self) -> None:
        """Takes commands until the input ends."""
        self._selector.register(sys.stdin.fileno(), selectors.EVENT_READ)
        waiting = b""
        while True:
            for key, _ in self._selector.select():
                if key.fd != sys.stdin.fileno():
                    self._ended(key.fd)
                    continue
                piece = os.read(key.fd, 65_536)
                if not piece:
                    return
                *lines, waiting = (waiting + piece).split(b"\n")
                for line in lines:
                    self._fork(json.loads(line))

    def _fork(self, command: Mapping[str, Any]) -> None:
        out, err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 (closed when the command has ended)
        pid = os.fork()
        if pid == 0:
            _become(command, out.fileno(), err.fileno())
        watched = os.pidfd_open(pid)
        self._running[watched] = _Running(command["number"], pid, out, err)
        self._selector.register(watched, selectors.EVENT_READ)
        _tell(number=command["number"], pid=pid)

    def _ended(self, watched: int) -> None:
        one = self._running.pop(watched)
        self._selector.unregister(watched)
        os.close(watched)
        status = os.waitstatus_to_exitcode(os.waitpid(one.pid, 0)[1])
        said = []
        for stream in (one.out, one.err):
            stream.seek(0)
            said.append(stream.read().decode("utf-8", "replace"))
            stream.close()
        with contextlib.suppress(BrokenPipeError):
            _tell(number=one.number, status=status, out=said[0], err=said[1])

    def end(self) -> None:
        """Ends what still runs: first as a supervisor asks, then by force."""
        self._selector.unregister(sys.stdin.fileno())
        for number, patience in ((signal.SIGTERM, _END_SECONDS), (signal.SIGKILL, _END_SECONDS)):
            for one in self._running.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(one.pid, number)
            until = time.monotonic() + patience
            while self._running and time.monotonic() < until:
                for key, _ in self._selector.select(0.2):
                    if key.fd in self._running:
                        self._ended(key.fd)


def main() -> int:
    """Loads everything, says so, and works until the input ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # whoever started it closes its input
    _load()
    _tell(ready=True)
    shop = _Workshop()
    try:
        shop.work()
    finally:
        shop.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
