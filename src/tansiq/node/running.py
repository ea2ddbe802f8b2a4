"""Whether the node of a home runs, and whether somebody takes connections at an address of it: asked without a word said."""

from __future__ import annotations

import socket

from tansiq.node.home import Home

__all__ = ["answers", "is_running"]

_WAIT_SECONDS = 2.0


def is_running(home: Home) -> bool:
    """Whether somebody answers at the socket where acts are asked for."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
        asked.settimeout(_WAIT_SECONDS)
        try:
            asked.connect(str(home.socket))
        except OSError:
            return False
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
