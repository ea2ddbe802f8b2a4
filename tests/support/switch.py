"""Going from one node's databases to another's in one process, and back, without connecting anew each time.

Invariant: as after `opening.bind`, only the connections of the home that is bound can be reached through Django; those of the others
wait here, in no transaction, until their home is bound again or `forget` ends them. Connections of other threads are not ours.
Who forks forgets first: a child that used them would speak in its parent's conversation. SQLite's wait only within `connected`, for
tests take its files away and put others in their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections

from tansiq.node.databases import databases_for
from tansiq.node.home import Home
from tansiq.node.opening import bind

__all__ = ["connected", "forget", "rebind"]

_ALIASES = ("default", "keys")
_waiting: dict[tuple[str, ...], dict[str, Any]] = {}
_within: list[None] = []


def _place(databases: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    return tuple(str(databases[alias]["NAME"]) for alias in _ALIASES)


def _end(connections_of_a_home: dict[str, Any]) -> None:
    for one in connections_of_a_home.values():
        one.close()


def _waits(one: Any) -> bool:
    return bool(one.vendor == "postgresql" or _within)


@contextmanager
def connected() -> Iterator[None]:
    """Within it no home is connected to anew, whatever its database."""
    _within.append(None)
    try:
        yield
    finally:
        _within.pop()
        for place, waiting in list(_waiting.items()):
            if not all(_waits(one) for one in waiting.values()):
                _end(_waiting.pop(place))


def rebind(home: Home) -> None:
    """Binds this process to ``home``, with the connections that it had when it was bound here last."""
    opened = connections._connections
    wanted, bound = _place(databases_for(home)), _place(connections.databases)
    mine = {alias: getattr(opened, alias) for alias in _ALIASES if hasattr(opened, alias)}
    if any(one.in_atomic_block or not _waits(one) for one in mine.values()):
        bind(home)
        return
    for alias in mine:
        delattr(opened, alias)
    _end(_waiting.pop(bound, {}))  # left from a time before somebody bound that home anew
    _waiting[bound] = mine
    bind(home)
    for alias, one in _waiting.pop(wanted, {}).items():
        setattr(opened, alias, one)


def forget() -> None:
    """Ends what waits."""
    while _waiting:
        _end(_waiting.popitem()[1])
