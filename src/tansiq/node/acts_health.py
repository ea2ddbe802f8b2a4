"""The act that says how the running node is, for ``tansiq health`` and a supervisor at this machine.

Invariant: codes alone, as for a stranger; whoever may enter the socket's folder can ask more of `doctor` and `exchange.status`.
"""

from __future__ import annotations

from typing import Any

from tansiq.errors import NotFound
from tansiq.node.acts import Asked
from tansiq.node.health import look
from tansiq.node.home import Home

__all__ = ["health", "serve_health"]

_homes: list[Home] = []


def serve_health(home: Home) -> None:
    """The acts of this process are those of the node of ``home``."""
    _homes[:] = [home]


def health(asked: Asked) -> dict[str, Any]:
    """How the node is, seen from its worker. Raises NotFound in a process that serves no node."""
    if not _homes:
        raise NotFound("node.unknown-act", act="node.health")
    return look(_homes[0], from_worker=True).to_plain()
