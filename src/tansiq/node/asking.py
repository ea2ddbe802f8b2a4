"""Asking the running node for an act: the client of `node.acts`.

Invariant: it needs neither Django nor a database; what the node refuses is raised here as the same error of the tree. A node that does not
run is told apart from one that broke off: in the first case nothing happened.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from typing import Any, Final

from tansiq import errors
from tansiq.errors import Error, Refused, TooMuch, Unavailable
from tansiq.node.home import Home
from tansiq.policy.faults import Fault, Faults

__all__ = ["LONGEST_SOCKET_PATH", "Told", "ask", "error_from", "request_line"]

Told = Callable[[Mapping[str, Any]], None]
"""Is given what the node tells of its progress."""

_KINDS: Final = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Error)
}
_MOST: Final = 60 * 1024 * 1024
LONGEST_SOCKET_PATH: Final = 107
"""So many bytes the system takes for the path of a Unix socket."""


def _nothing(_: Mapping[str, Any]) -> None:
    """Shows no progress."""


def error_from(told: Mapping[str, Any]) -> Error:
    """The error that ``{"code", "kind", "values"}`` tells."""
    values = dict(told.get("values") or {})
    if isinstance(values.get("faults"), list):
        values["faults"] = Faults(Fault(*fault) for fault in values["faults"])
    return _KINDS.get(str(told.get("kind")), Unavailable)(str(told.get("code")), **values)


def request_line(act: str, arguments: Mapping[str, Any], *, officer: str = "", passphrase: str = "") -> bytes:
    """The line that asks for ``act``. Raises TooMuch."""
    asked: dict[str, Any] = {"act": act, "arguments": arguments}
    if officer:
        asked |= {"officer": officer, "passphrase": passphrase}
    line = json.dumps(asked, default=str).encode() + b"\n"
    if len(line) > _MOST:
        raise TooMuch("node.act-too-large", most=_MOST // 2**20)
    return line


def _connect(home: Home) -> socket.socket:
    """A connection to the node's socket. Raises Unavailable('node.not-running') and Refused('node.socket-refused')."""
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path = str(home.socket)
        if len(path.encode()) > LONGEST_SOCKET_PATH:
            raise Unavailable("node.socket-path-too-long", most=LONGEST_SOCKET_PATH)
        client.connect(path)
    except PermissionError as error:
        client.close()
        raise Refused("node.socket-refused", home=str(home.path)) from error
    except OSError as error:
        client.close()
        raise Unavailable("node.not-running", home=str(home.path)) from error
    except BaseException:
        client.close()
        raise
    return client


def ask(
    home: Home,
    act: str,
    arguments: Mapping[str, Any],
    *,
    officer: str = "",
    passphrase: str = "",
    told: Told = _nothing,
) -> Any:
    """The result of ``act``, done by the running node of ``home``, for ``officer`` when one is named.

    Raises what the act raises, Unavailable('node.not-running'), Unavailable('node.broke-off') when no answer came.
    """
    line = request_line(act, arguments, officer=officer, passphrase=passphrase)
    with _connect(home) as client:
        try:
            client.sendall(line)
            with client.makefile("rb") as answers:
                for answer in answers:
                    said = json.loads(answer)
                    if "progress" in said:
                        told(said["progress"])
                    elif "error" in said:
                        raise error_from(said["error"])
                    else:
                        return said["result"]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise Unavailable("node.broke-off", act=act) from error
    raise Unavailable("node.broke-off", act=act)
