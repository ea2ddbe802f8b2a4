"""Ports of this machine for nodes that run beside one another, and beside another demonstration or its tests.

Invariant: they come in blocks, below those that the system gives to callers. Whoever has a block holds its first port as long as it is
wanted, and a block whose first port is held is nobody else's: so no two choose the same between the choice and the moment when a node
listens, however long that is.
"""

from __future__ import annotations

import secrets
import socket
from typing import Final

__all__ = ["Block"]

_FIRST_PORT: Final = 20_000
_BLOCKS: Final = 600
_SIZE: Final = 20


class Block:
    """Ports that nobody uses now, for as long as it is open; ``ports`` are those that are not given away yet."""

    def __init__(self) -> None:
        self._held: socket.socket | None = None
        self.ports: list[int] = []
        while self._held is None:
            first = _FIRST_PORT + _SIZE * secrets.randbelow(_BLOCKS)
            self._held, self.ports = _hold(first), list(range(first + 1, first + _SIZE))
            if self._held is not None and not all(map(_is_free, self.ports)):
                self.close()

    def close(self) -> None:
        """Gives it back."""
        if self._held is not None:
            self._held.close()
            self._held = None


def _hold(port: int) -> socket.socket | None:
    """The socket that holds a port; None when somebody else has it."""
    held = socket.socket()
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        return None
    return held


def _is_free(port: int) -> bool:
    held = _hold(port)
    if held is not None:
        held.close()
    return held is not None
