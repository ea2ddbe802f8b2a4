"""Fetching files from peers, and giving them where this node can't be called: beside the delivery of statements.

Invariant: one request at a time to a peer, on threads of its own, so that a file of any size holds up no statement; a
peer that is down costs the others nothing. What was under way when a process ended is asked for again, chunk by chunk.
"""

from __future__ import annotations

import asyncio
import logging
import random
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import aiohttp
from django.db import close_old_connections

from tansiq.directory.queries import current_directory
from tansiq.errors import Error, Unavailable
from tansiq.exchange.context import Context
from tansiq.exchange.delivery import post_signed, tls_context
from tansiq.exchange.files_exchange import files_message, open_with, talk_of_files
from tansiq.exchange.files_wire import parse_files_message
from tansiq.exchange.intake import require_confirmed
from tansiq.exchange.restoring import restoring_peers
from tansiq.faults import reach
from tansiq.protocol.directory import Directory

__all__ = ["FileDelivery"]

_TIMEOUT = aiohttp.ClientTimeout(total=90, sock_connect=10)
_LOOK_SECONDS = 1.0
_PAUSE_SECONDS = 0.04
"""So that a fast line stays within what a door takes of one peer."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 60.0
_log = logging.getLogger("tansiq.files")
T = TypeVar("T")


class FileDelivery:
    """Talks with every peer of files; `run` ends when it is cancelled. ``pulls``: this node can't be called."""

    def __init__(self, context: Context, *, pool: ThreadPoolExecutor, pull_seconds: float, pulls: bool) -> None:
        self._context = context
        self._pool = pool
        self._pull_seconds = pull_seconds
        self._pulls = pulls
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}
        self._tls: dict[bytes, ssl.SSLContext] = {}

    async def _work(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        def call() -> T:
            close_old_connections()
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def run(self) -> None:
        """Looks every second with whom there is something to say, and says it."""
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT, auto_decompress=False, cookie_jar=jar) as session,
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                try:
                    for peer in await self._work(self._due, asyncio.get_running_loop().time()):
                        self._busy[peer] = tasks.create_task(self._talk(session, peer))
                except Exception:
                    # A full disk, a lost connection: it is looked at again, and the rest of the node goes on.
                    _log.exception("files could not be looked for")
                await asyncio.sleep(_LOOK_SECONDS)

    def _due(self, now: float) -> list[str]:
        self._busy = {peer: task for peer, task in self._busy.items() if not task.done()}
        restoring = restoring_peers()
        return [
            peer
            for peer, comes in open_with(self._context.clock())
            if (comes or self._pulls)
            and peer not in self._busy
            and peer not in restoring
            and self._not_before.get(peer, 0.0) <= now
            and _may_be_called(current_directory(peer))
        ]

    async def _talk(self, session: aiohttp.ClientSession, peer: str) -> None:
        """Says and hears, until neither side has anything more to say now."""
        loop = asyncio.get_running_loop()
        try:
            directory = await self._work(_directory_of, peer)
            message = await self._work(files_message, peer, context=self._context)
            said = None
            while message != said:
                said = message
                reach("files.before-request")
                answer = parse_files_message(await self._post(session, directory, message.to_bytes()))
                reach("files.after-answer")
                message = await self._work(talk_of_files, answer, peer=peer, context=self._context)
                await asyncio.sleep(_PAUSE_SECONDS)
                if message.empty:
                    break
            self._failures.pop(peer, None)
            self._not_before[peer] = loop.time() + (self._pull_seconds if self._pulls else _LOOK_SECONDS)
        except Exception as error:
            count = self._failures[peer] = self._failures.get(peer, 0) + 1
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(count, 10)) * random.uniform(0.5, 1.0)  # noqa: S311
            self._not_before[peer] = loop.time() + wait
            if isinstance(error, Error):
                _log.warning("files with %s: %s", peer, error)
            else:
                _log.warning("files with %s: exchange.failed", peer, exc_info=error)

    async def _post(self, session: aiohttp.ClientSession, directory: Directory, body: bytes) -> bytes:
        if directory.digest not in self._tls:
            self._tls[directory.digest] = tls_context(directory)
        last: Error = Unavailable("exchange.no-address", agency=directory.agency)
        for address in directory.addresses:
            if not address.startswith("https://"):
                continue
            try:
                return await post_signed(
                    session, address, "/exchange/1/files", body, context=self._context, tls=self._tls[directory.digest]
                )
            except Unavailable as error:
                last = error
        raise last


def _may_be_called(directory: Directory) -> bool:
    return bool(directory.addresses) and not directory.pulls


def _directory_of(peer: str) -> Directory:
    require_confirmed(peer)
    return current_directory(peer)
