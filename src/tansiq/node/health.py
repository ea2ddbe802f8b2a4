"""Whether a node is alive and able to work, for a supervisor or a load balancer: one word, and codes.

Invariant: it says nothing that a stranger could use: no count, no name, no version, no reason beyond a code of `CODES`. Asking costs next
to nothing however often it is asked: what was found is kept for `KEPT_SECONDS`, and one look at a time is under way. A look that does not
come back within `PATIENCE_SECONDS` (a database that hangs) is itself a finding.

*Alive* (``/health/live``): the process that answers, answers. *Ready* (``/health``): databases answer and take what is written, the key
store is open, there is room on the disk, nothing is missing after a restore, the other processes are there. Only who is not ready is sent nothing;
only who is not alive is started again.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from django.db import close_old_connections, connections

from tansiq.exchange.restoring import restoring_peers
from tansiq.keystore.router import ALIAS
from tansiq.node.home import Home
from tansiq.node.running import answers, is_running

__all__ = ["CODES", "LIVE", "READY", "Health", "HealthDoor", "look"]

LIVE, READY = "/health/live", "/health"
CODES: Final = ("database", "keys", "disk", "restoring", "worker", "door", "pages", "slow")
"""Why a node may be degraded."""
KEPT_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 5.0
_LEAST_FREE: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Health:
    """How a node is: well when there is no code."""

    codes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it can work."""
        return not self.codes

    def to_plain(self) -> dict[str, Any]:
        """For JSON."""
        return {"state": "ok"} if self.ok else {"state": "degraded", "codes": list(self.codes)}


def _answers(alias: str) -> bool:
    """Whether a database answers and could take something."""
    connection = connections[alias]
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_is_in_recovery() OR current_setting('default_transaction_read_only') = 'on'")
            return not cursor.fetchone()[0]
        cursor.execute("SELECT COUNT(*) FROM sqlite_master")
        return bool(cursor.fetchone()[0]) and os.access(str(connection.settings_dict["NAME"]), os.W_OK)


def _takes(home: Home) -> bool:
    """Whether there is room on the disk, and it takes what is written."""
    with tempfile.TemporaryFile(dir=home.data) as probe:
        probe.write(b"\0" * 4096)
        probe.flush()
    return shutil.disk_usage(home.data).free >= _LEAST_FREE


def look(home: Home, *, from_worker: bool = False) -> Health:
    """How the node of ``home`` is, which is bound here. The worker asks after the pages, the pages after the worker."""
    close_old_connections()
    looks: dict[str, Callable[[], object]] = {
        "database": lambda: _answers("default"),
        "keys": lambda: _answers(ALIAS),
        "disk": lambda: _takes(home),
        "restoring": lambda: not restoring_peers(),
        "door": lambda: answers(home.listen),
    }
    if not from_worker:
        looks["worker"] = lambda: is_running(home)
    elif home.pages:
        looks["pages"] = lambda: answers(home.pages)
    return Health(tuple(_found(looks)))


def _found(looks: Mapping[str, Callable[[], object]]) -> Iterator[str]:
    for code, well in looks.items():
        try:
            good = well()
        except Exception:
            good = code == "restoring"  # the database's fault, which has a code of its own
        if not good:
            yield code


Message = MutableMapping[str, Any]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class HealthDoor:
    """An ASGI application that answers ``/health`` and ``/health/live`` and passes everything else on."""

    def __init__(self, application: Application, home: Home, *, look: Callable[[Home], Health] = look) -> None:
        self._application = application
        self._home = home
        self._look = look
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="health")
        self._kept = Health()
        self._until = 0.0
        self._under_way: asyncio.Future[Health] | None = None

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        """One request."""
        if scope["type"] != "http" or scope["path"] not in {LIVE, READY}:
            await self._application(scope, receive, send)
        elif scope["method"] not in {"GET", "HEAD"}:
            await _answer(send, 405, {"state": "refused"}, body=True)
        else:
            health = Health() if scope["path"] == LIVE else await self.health()
            await _answer(send, 200 if health.ok else 503, health.to_plain(), body=scope["method"] == "GET")

    async def health(self) -> Health:
        """How the node is, as it was found at most `KEPT_SECONDS` ago."""
        if time.monotonic() < self._until:
            return self._kept
        if self._under_way is None or self._under_way.done():
            loop = asyncio.get_running_loop()
            self._under_way = loop.run_in_executor(self._pool, self._look, self._home)
        try:
            self._kept = await asyncio.wait_for(asyncio.shield(self._under_way), PATIENCE_SECONDS)
        except TimeoutError:
            self._kept = Health(("slow",))
        self._until = time.monotonic() + KEPT_SECONDS
        return self._kept


async def _answer(send: Any, status: int, plain: dict[str, Any], *, body: bool) -> None:
    words = json.dumps(plain).encode() + b"\n"
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(words)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words if body else b""})
