"""Keeps the tests on this machine: a process-wide watch on Python's sockets (PEP 578 audit events).

Invariant: ``watch`` is installed once, by the root ``conftest.py``; what it refuses is also written down in
``refusals``, so that a test fails even where the code under test swallows the error. Sockets that uvloop opens in C
are not seen: nodes under test get loopback addresses in their settings.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import Any

__all__ = ["NetworkRefused", "is_local", "refusals", "watch"]

refusals: list[str] = []


class NetworkRefused(Exception):
    """A test reached for an address that is not of this machine."""


def is_local(host: object) -> bool:
    """Whether ``host`` can only mean this machine: loopback addresses, ``localhost`` and names below it."""
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    if host is None:  # a look-up without a host gives loopback or, to listen, every address: bind is watched as well
        return True
    if not isinstance(host, str):
        return False
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name.split("%")[0]).is_loopback
    except ValueError:
        return False


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event in {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg"}:
        address = arguments[1]
        if not isinstance(address, tuple):  # a Unix socket, or one that is connected already
            return
        host = address[0]
    elif event in {"socket.getaddrinfo", "socket.gethostbyname"}:
        host = arguments[0]
    else:
        return
    if not is_local(host):
        told = f"{event} {host!r}"
        refusals.append(told)
        raise NetworkRefused(f"{told}: tests use loopback addresses only")


def watch() -> None:
    """Install the watch for the rest of this process."""
    sys.addaudithook(_hook)
