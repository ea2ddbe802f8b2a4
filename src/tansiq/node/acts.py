"""Acts: what somebody at this machine asks of the running node, over its local socket.

Invariant: the socket lies in a directory that only the node's own account can enter; an act that needs an officer
carries the officer's service number and passphrase, which are used for this act and kept nowhere. One JSON line in;
JSON lines out: ``{"progress": …}`` any number of times, then ``{"result": …}`` or ``{"error": {code, kind,
values}}``. Capabilities register their acts by name (`register_act`), as they register kinds with the post room.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, close_old_connections

from tansiq.errors import BadInput, Conflict, Error, NotFound, Unavailable
from tansiq.exchange.context import Context
from tansiq.node.causes import cause_of
from tansiq.node.home import Home
from tansiq.node.officers import SignedIn, sign_in
from tansiq.policy.faults import Faults

__all__ = ["Act", "Asked", "acts", "perform", "register_act", "serve_acts"]

_MOST = 64 * 1024 * 1024
_log = logging.getLogger("tansiq.acts")


@dataclass(frozen=True, slots=True)
class Asked:
    """What an act gets: the node, its arguments, the officer who asks (None: nobody signed in), and a way to tell
    progress.
    """

    context: Context
    arguments: Mapping[str, Any]
    officer: SignedIn | None = field(repr=False)
    progress: Callable[[Mapping[str, Any]], None]

    def require_officer(self) -> SignedIn:
        """The officer. Raises BadInput when nobody signed in."""
        if self.officer is None:
            raise BadInput("node.officer-needed")
        return self.officer


Act = Callable[[Asked], Any]
_acts: dict[str, Act] = {}


def register_act(name: str, act: Act) -> None:
    """Registers an act under its name. Raises Conflict when there is another one."""
    if _acts.get(name, act) is not act:
        raise Conflict("node.act-taken", act=name)
    _acts[name] = act


def acts() -> tuple[str, ...]:
    """The names of all acts."""
    return tuple(sorted(_acts))


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    """The values of an error for JSON; faults of law with their fields and sources."""
    return {
        name: [[one.code, one.field, one.row, one.source] for one in value] if isinstance(value, Faults) else value
        for name, value in values.items()
    }


def _error(error: Error) -> dict[str, Any]:
    return {"error": {"code": error.code, "kind": type(error).__name__, "values": _plain(error.values)}}


def perform(line: bytes, context: Context, progress: Callable[[Mapping[str, Any]], None]) -> dict[str, Any]:
    """Does what one JSON line asks; ``{"result": …}`` or ``{"error": …}``. Raises nothing."""
    close_old_connections()
    try:
        try:
            asked = json.loads(line)
            name, arguments = asked["act"], asked.get("arguments", {})
            officer, passphrase = asked.get("officer"), asked.get("passphrase")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadInput("node.wrong-act") from error
        act = _acts.get(name)
        if act is None or not isinstance(arguments, dict):
            raise NotFound("node.unknown-act", act=str(name)[:64])
        signed_in = sign_in(str(officer), str(passphrase), context=context) if officer else None
        return {"result": act(Asked(context, arguments, signed_in, progress))}
    except Error as error:
        return _error(error)
    except DatabaseError as error:
        _log.exception("the database refused an act")
        return _error(cause_of(error) or Unavailable("node.database", reason=type(error).__name__))
    except Exception as error:
        _log.exception("an act failed")
        return _error(cause_of(error) or Unavailable("node.act-failed", reason=type(error).__name__))


async def serve_acts(home: Home, context: Context, *, woken: Callable[[], object]) -> None:
    """Serves acts on the node's socket until it is cancelled; ``woken`` is called after each."""
    pool = ThreadPoolExecutor(2, "acts")
    loop = asyncio.get_running_loop()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def progress(told: Mapping[str, Any]) -> None:
            loop.call_soon_threadsafe(writer.write, json.dumps({"progress": told}).encode() + b"\n")

        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ValueError):
            line = await reader.readline()
            answer = await loop.run_in_executor(pool, perform, line, context, progress)
            writer.write(json.dumps(answer, default=str).encode() + b"\n")
            await writer.drain()
            woken()
        writer.close()

    with contextlib.suppress(FileNotFoundError):
        home.socket.unlink()
    old = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(serve, str(home.socket), limit=_MOST)
    finally:
        os.umask(old)
    async with server:
        await server.serve_forever()
