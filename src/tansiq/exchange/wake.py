"""Waking the worker: a datagram to its local socket says that there is something to do, and what.

Invariant: it is only a hint. A lost datagram costs at most the worker's own sweep (`SWEEP_SECONDS`); nothing depends
on it.
"""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

__all__ = ["ANYTHING", "ARRIVED", "OUTGOING", "SWEEP_SECONDS", "wake", "wake_socket"]

SWEEP_SECONDS = 0.5
_NAME = "wake.sock"
ARRIVED, OUTGOING, ANYTHING = b"a", b"o", b"!"
"""Something came and waits for its handler; something waits in the outbox; perhaps both. Who is not woken for nothing does
not stand in the way of who was.
"""


def wake(run_directory: str, what: bytes = ANYTHING) -> None:
    """Tells the worker of this node that something waits; does nothing when none runs."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.sendto(what, str(Path(run_directory) / _NAME))


def wake_socket(run_directory: str) -> socket.socket:
    """The worker's end, not blocking; replaces what a killed worker left behind."""
    path = Path(run_directory) / _NAME
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receiver.bind(str(path))
    receiver.setblocking(False)
    return receiver
