"""Whether the node of a home runs, and whether somebody takes connections at an address of it: asked without a word said. And who may work
in a home at a time.

Invariant: a home has one door and one worker, and its databases are replaced only while nobody works in it. Each holds a lock (flock) on a
file under ``HOME/run``, by a descriptor that its processes inherit and programs that they start do not: so a lock goes with the last
process of a node, however it ends, and no lock is ever left behind. Those files stay; what counts is who holds them.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final, Literal

from tansiq.errors import Conflict
from tansiq.node.home import Home

__all__ = ["DOOR", "WORKER", "Role", "answers", "held", "is_running", "is_worked", "wait_running"]

Role = Literal["door", "worker"]
DOOR: Final = "door"
WORKER: Final = "worker"
_WAIT_SECONDS = 2.0
_PATIENCE_SECONDS = 5.0
"""So long the processes of a node that was killed may take to go."""
_GOING_SECONDS = 1.0
"""So long its socket may still take connections meanwhile."""
_LOOK_SECONDS = 0.05


def is_running(home: Home) -> bool:
    """Whether somebody answers at the socket where acts are asked for."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(_WAIT_SECONDS)
        try:
            asked.connect(str(home.socket))
        except OSError:
            return False
    return True


def wait_running(home: Home, *, seconds: float) -> bool:
    """Whether somebody answers at the socket within ``seconds``."""
    until = time.monotonic() + seconds
    while not is_running(home):
        if time.monotonic() >= until:
            return False
        time.sleep(_LOOK_SECONDS)
    return True


def answers(address: str) -> bool:
    """Whether somebody takes connections at ``host:port`` or at the path of a Unix socket."""
    host, _, port = address.rpartition(":")
    unix = address.startswith("/")
    with socket.socket(socket.AF_UNIX if unix else socket.AF_INET6 if ":" in host else socket.AF_INET) as asked:
        asked.settimeout(_WAIT_SECONDS)
        try:
            asked.connect(address if unix else (host.strip("[]"), int(port)))
        except (OSError, ValueError):
            return False
    return True


def _common(home: Home) -> Path:
    return home.run / "lock"


def _of_role(home: Home, role: Role) -> Path:
    return home.run / f"{role}.lock"


def _try(path: Path, operation: int) -> int | None:
    """A descriptor that holds the lock on ``path``; None when somebody else holds it. Raises OSError (the disk says no)."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_worked(home: Home, *roles: Role) -> bool:
    """Whether a process has one of ``roles`` in this home (every role when none is named), whether it answers already or not."""
    for role in roles or (DOOR, WORKER):
        with suppress(FileNotFoundError, PermissionError):
            descriptor = os.open(_of_role(home, role), os.O_RDONLY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(descriptor)
    return False


@contextmanager
def held(home: Home, *roles: Role, alone: bool = False) -> Iterator[None]:
    """Works in ``home`` for the time of the block: in ``roles``, each of which one process has; ``alone``, while nobody else works there.

    Raises Conflict (the node runs, or somebody works in the home) and OSError.
    """
    wanted = [(_common(home), fcntl.LOCK_EX if alone else fcntl.LOCK_SH)]
    wanted += [(_of_role(home, role), fcntl.LOCK_EX) for role in roles]

    def answered() -> bool:  # also a node that holds no lock yet, of an older version
        return (alone or WORKER in roles) and is_running(home)

    gone = time.monotonic() + _GOING_SECONDS
    while answered():
        if time.monotonic() >= gone:
            raise Conflict("node.running", home=str(home.path))
        time.sleep(_LOOK_SECONDS)
    home.run.mkdir(mode=0o700, exist_ok=True)
    until = time.monotonic() + _PATIENCE_SECONDS
    with ExitStack() as stack:
        for path, operation in wanted:
            while (descriptor := _try(path, operation)) is None:
                if answered() or time.monotonic() >= until:
                    raise Conflict("node.running" if roles or is_worked(home) else "node.in-use", home=str(home.path))
                time.sleep(_LOOK_SECONDS)
            stack.callback(os.close, descriptor)
        yield
