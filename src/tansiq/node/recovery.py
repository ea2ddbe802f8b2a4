"""After a restore, on the running node: every peer is asked until it has given back what was lost.

Invariant: a peer that does not answer costs the others nothing; each is asked again, ever more rarely, until it answers. As in
delivery, a question leaves over TLS alone, to the certificate that the peer's document pins, whatever addresses stand there.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

import aiohttp
from django.db import DatabaseError, close_old_connections, connection

from tansiq.directory.queries import current_directory
from tansiq.errors import Error, Unavailable
from tansiq.exchange.context import Context
from tansiq.exchange.delivery import post_signed, tls_context
from tansiq.exchange.own_again import settle_own
from tansiq.exchange.peers import failed
from tansiq.exchange.recovery import next_question, take_answer
from tansiq.exchange.restoring import restoring_peers
from tansiq.node.restore import finish_loading

__all__ = ["resume"]

PATH = "/exchange/1/restore"
_PAUSE_SECONDS = 1.0
_log = logging.getLogger("tansiq.restore")
T = TypeVar("T")


async def resume(
    context: Context,
    session: aiohttp.ClientSession,
    *,
    pool: Executor,
    recovered: Callable[[str], object] = lambda _: None,
) -> None:
    """Asks every peer that has not yet answered; returns when all is back, at once when nothing is being restored.

    ``pool`` does the work on the database; ``recovered`` is called with each peer that may be spoken to again.
    """
    work = _Work(context, session, pool, recovered)
    while True:
        try:
            await work.run(finish_loading, context=context)
            peers = await work.run(restoring_peers)
            if peers:
                await asyncio.gather(*(work.ask(peer) for peer in sorted(peers)))
            await work.run(settle_own, context=context)
            if not peers and not await work.run(_own_waits):
                return
        except DatabaseError:
            _log.exception("the database refused; trying again")
        await asyncio.sleep(_PAUSE_SECONDS)


def _own_waits() -> bool:
    """Whether own statements that came back still wait to be put to effect again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM exchange_queue WHERE waits_for = statement LIMIT 1")
        return cursor.fetchone() is not None


class _Work:
    def __init__(
        self, context: Context, session: aiohttp.ClientSession, pool: Executor, recovered: Callable[[str], object]
    ) -> None:
        self._context = context
        self._session = session
        self._pool = pool
        self._recovered = recovered

    async def run(self, function: Callable[..., T], *arguments: Any, **named: Any) -> T:
        """Calls ``function`` in the pool."""

        def call() -> T:
            close_old_connections()
            return function(*arguments, **named)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def ask(self, peer: str) -> None:
        """Asks one peer as long as it answers; a failure is noted and ends the attempt, after a pause."""
        try:
            while (question := await self.run(next_question, peer, context=self._context)) is not None:
                answer = await self._post(peer, question)
                await self.run(take_answer, peer, answer, context=self._context)
        except DatabaseError:
            raise
        except Exception as error:
            # Whatever a peer answers, it costs the others nothing, and it is asked again.
            code = error.code if isinstance(error, Error) else "exchange.restore-other-answer"
            _log.warning("%s has not given back what was lost: %s", peer, error, exc_info=not isinstance(error, Error))
            now_ms = self._context.clock()
            retry_ms = await self.run(failed, peer, code=code, now_ms=now_ms)
            await asyncio.sleep(max(0, retry_ms - now_ms) / 1000)
        else:
            self._recovered(peer)

    async def _post(self, peer: str, question: bytes) -> bytes:
        directory = await self.run(current_directory, peer)
        last: Error = Unavailable("exchange.no-address", agency=peer)
        for address in directory.addresses:
            if not address.startswith("https://"):
                continue
            try:
                tls = tls_context(directory)
                return await post_signed(self._session, address, PATH, question, context=self._context, tls=tls)
            except Unavailable as error:
                last = error
        raise last
