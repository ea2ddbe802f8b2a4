"""Whether the node of a home runs: asked at its socket, without a word said."""

from __future__ import annotations

import socket

from tansiq.node.home import Home

__all__ = ["is_running"]

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
