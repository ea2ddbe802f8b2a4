"""Delivery: brings batches to each peer, takes the receipts, and goes on when a peer is away.

Invariant: per peer at most one request of urgent and one of other things is under way, so nothing urgent waits for a
bulk transfer and a slow peer holds back only itself. What was sent and got no receipt is sent again as it was. Only
TLS 1.3, and only to the certificate that the peer's directory document pins.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

import aiohttp
from django.db import DatabaseError, close_old_connections, transaction

from tansiq.directory.queries import current_directory, partners
from tansiq.errors import Error, Unavailable
from tansiq.exchange.context import Context
from tansiq.exchange.door import CONTENT_TYPE, key_name
from tansiq.exchange.intake import Intake, take
from tansiq.exchange.parcels import Taken, make_parcel, news_goes_on, receipts_left
from tansiq.exchange.peers import LONGEST_WAIT_MS, failed, peer_state
from tansiq.exchange.queries import witness_debt
from tansiq.exchange.release import OutgoingBatch, anything_for, next_batch
from tansiq.exchange.restoring import restoring_peers
from tansiq.faults import reach
from tansiq.journal.mirror import mirrored_size
from tansiq.protocol.directory import Directory
from tansiq.protocol.envelope import Lane
from tansiq.protocol.httpsig import sign_request
from tansiq.protocol.limits import MAX_PARCEL_BYTES
from tansiq.protocol.parcel import Parcel, parse_parcel

__all__ = ["Delivery", "post_signed", "tls_context"]

PULL_COUNT = 256
_TIMEOUT = aiohttp.ClientTimeout(total=90, sock_connect=10)
_KEPT_OPEN_SECONDS = 60.0
"""Less than the door's: what is urgent after a quiet while then finds its connection open."""
_LOOK_SECONDS = 1.0
_GATHER_SECONDS, _LACK_SECONDS = 0.25, 1.0
"""How long nothing must have changed before a parcel goes out for a witness alone: ours that the peer lacks, or its
that we lack. While messages flow, the parcels that carry them carry the witnesses too.
"""
_GROUPS = ((Lane.URGENT,), (Lane.NORMAL, Lane.BULK))
_log = logging.getLogger("tansiq.delivery")
T = TypeVar("T")


def tls_context(directory: Directory) -> ssl.SSLContext:
    """TLS 1.3 to the certificates that ``directory`` pins, and to no others; names do not matter, the pin does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    for certificate in directory.tls:
        context.load_verify_locations(cadata=certificate)
    return context


async def post_signed(
    session: aiohttp.ClientSession, address: str, path: str, body: bytes, *, context: Context, tls: ssl.SSLContext
) -> bytes:
    """Posts ``body`` with our node's signature. Raises Unavailable (no answer, or the peer's refusal by its code)."""
    target = address.rstrip("/") + path
    headers = {"Content-Type": CONTENT_TYPE, "Content-Length": str(len(body))}
    headers |= sign_request(
        method="POST",
        target_uri=target,
        headers=headers,
        body_digest=hashlib.sha256(body).digest(),
        key=context.signer.raw,
        keyid=key_name(context.agency, context.signer.identifier),
        created=context.clock() // 1000,
    )
    try:
        # A redirection would lead beyond the address that is signed and the certificate that is pinned.
        async with session.post(target, data=body, headers=headers, ssl=tls, allow_redirects=False) as response:
            pieces, size = [], 0
            while size <= MAX_PARCEL_BYTES and (piece := await response.content.read(MAX_PARCEL_BYTES + 1)):
                pieces.append(piece)
                size += len(piece)
            answer = b"".join(pieces)
            if response.status != 200:
                raise Unavailable("exchange.peer-refused", status=response.status, refusal=_problem_code(answer))
            return answer
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Unavailable("exchange.no-answer", reason=type(error).__name__) from error


def _problem_code(answer: bytes) -> str:
    """The code in a problem document, if the peer sent one that is sane."""
    marker = b'"urn:tansiq:'
    start = answer.find(marker)
    code = answer[start + len(marker) :].split(b'"', 1)[0][:80] if 0 <= start < 200 else b""
    return code.decode("ascii", "replace") if all(33 <= byte < 127 for byte in code) else ""


@dataclass(slots=True)
class _Line:
    """The state in memory of one peer: what wakes its tasks, and what we owe it; ``urgent`` is held while its urgent lane is looked at."""

    peer: str
    events: tuple[asyncio.Event, ...]
    owed: list[Taken] = field(default_factory=list)
    witnessed: int = -1
    debt: tuple[int, ...] = ()
    since: float = 0.0
    urgent: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True, slots=True)
class _Look:
    """What a look at the tables found: the peer's document, a batch to send and its parcel, or how the witnesses stand."""

    directory: Directory
    batch: OutgoingBatch | None = None
    parcel: Parcel | None = None
    debt: tuple[int, ...] = ()


class Delivery:
    """Delivers to every peer; `run` ends when it is cancelled. ``pool`` does the work on the database; ``observe`` is told of
    every parcel that was answered well and the seconds that it took there and back, and of every failure.
    """

    def __init__(
        self,
        context: Context,
        *,
        pool: ThreadPoolExecutor,
        arrived: Callable[[], object],
        pull_seconds: float,
        pulls: bool,
        observe: Callable[[bool, float], object] = lambda _well, _seconds: None,
    ) -> None:
        self._context = context
        self._observe = observe
        self._pool = pool
        self._arrived = arrived
        self._pull_seconds = pull_seconds
        self._pulls = pulls
        self._lines: dict[str, _Line] = {}
        self._tls: dict[bytes, ssl.SSLContext] = {}

    def wake(self) -> None:
        """There may be something to deliver."""
        for line in self._lines.values():
            for event in line.events:
                event.set()

    async def _work(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        def call() -> T:
            close_old_connections()
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def run(self) -> None:
        """Keeps a line open to every confirmed partner."""
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(
                timeout=_TIMEOUT,
                auto_decompress=False,
                cookie_jar=jar,
                connector=aiohttp.TCPConnector(keepalive_timeout=_KEPT_OPEN_SECONDS),
            ) as session,
            asyncio.TaskGroup() as tasks,
        ):
            while True:
                restoring = await self._work(restoring_peers)
                for partner in await self._work(partners):
                    if partner.is_self or not partner.confirmed_ms or partner.agency in self._lines:
                        continue
                    if partner.agency in restoring:
                        continue
                    line = _Line(partner.agency, tuple(asyncio.Event() for _ in _GROUPS))
                    self._lines[partner.agency] = line
                    for lanes, event in zip(_GROUPS, line.events, strict=True):
                        tasks.create_task(self._keep(session, line, lanes, event))
                    if self._pulls:
                        tasks.create_task(self._keep_pulling(session, line))
                await asyncio.sleep(1.0)

    async def _keep(
        self, session: aiohttp.ClientSession, line: _Line, lanes: tuple[Lane, ...], event: asyncio.Event
    ) -> None:
        """One group of lanes to one peer, for ever."""
        allowed = False
        while True:
            event.clear()
            try:
                if not allowed:
                    await self._wait_until_allowed(line.peer)
                    allowed = True
                while await self._deliver(session, line, lanes):
                    pass
            except Exception as error:
                await self._note_failure(line.peer, error)
                allowed = False
                continue
            try:
                # A debt is looked at again soon; what comes meanwhile wakes at once.
                async with asyncio.timeout(
                    _GATHER_SECONDS if line.debt and Lane.URGENT not in lanes else _LOOK_SECONDS
                ):
                    await event.wait()
            except TimeoutError:
                pass

    async def _wait_until_allowed(self, peer: str) -> None:
        """Waits as long as the peer's failures say; no longer once it calls us, or when our clock was set back."""
        while True:
            state = await self._work(peer_state, peer)
            wait_ms = state.retry_ms - self._context.clock()
            if not 0 < wait_ms <= LONGEST_WAIT_MS:
                return
            await asyncio.sleep(min(wait_ms / 1000, _LOOK_SECONDS))

    async def _note_failure(self, peer: str, error: Exception) -> None:
        self._observe(False, 0.0)
        told: object = None
        if isinstance(error, Error):
            code, told = error.code, error.values.get("refusal")
            _log.warning("%s: %s", peer, error)
        else:
            code = "exchange.database" if isinstance(error, DatabaseError) else "exchange.failed"
            _log.warning("%s: %s", peer, code, exc_info=error)
        try:
            await self._work(failed, peer, code=str(told or code), now_ms=self._context.clock())
        except DatabaseError:
            await asyncio.sleep(_LOOK_SECONDS)

    async def _deliver(self, session: aiohttp.ClientSession, line: _Line, lanes: tuple[Lane, ...]) -> bool:
        """One parcel, if there is anything to say on these lanes; returns whether to look again at once."""
        if Lane.URGENT in lanes:
            async with line.urgent:
                look = await self._work(self._look, line.peer, lanes)
        else:
            async with line.urgent:  # what is urgent looks first: two at once would hold one another up
                pass
            look = await self._work(self._look, line.peer, lanes)
        if look.batch is None and not self._is_due(line, look.debt):
            return False
        await self._exchange(session, line, look, want=0)
        return look.batch is not None

    def _look(self, peer: str, lanes: tuple[Lane, ...]) -> _Look:
        directory = current_directory(peer)
        if not directory.addresses or directory.pulls:
            return _Look(directory)
        if anything_for(peer, lanes):
            with transaction.atomic():  # the batch and the head over it are one commit
                batch = next_batch(peer, lanes, context=self._context)
                if batch is not None:
                    return _Look(directory, batch, make_parcel(peer, context=self._context, batch=batch))
        return _Look(directory, debt=() if Lane.URGENT in lanes else witness_debt(peer))

    def _is_due(self, line: _Line, debt: tuple[int, ...]) -> bool:
        """Whether the peer lacks our witness, we lack its, or we owe it receipts, and nothing has changed for a while."""
        if not debt:
            return False
        size, witnessed, mirrored = debt
        owing = bool(line.owed) or mirrored > line.witnessed
        if not owing and witnessed >= size:
            line.debt = ()
            return False
        now = asyncio.get_running_loop().time()
        if line.debt != debt:
            line.debt, line.since = debt, now
        return now - line.since >= (_GATHER_SECONDS if owing else _LACK_SECONDS)

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        line: _Line,
        look: _Look,
        *,
        want: int,
    ) -> Intake:
        directory, batch, parcel = look.directory, look.batch, look.parcel
        owed: list[Taken] = []
        if parcel is None:
            owed, line.owed = line.owed, []
        try:
            if parcel is None:
                parcel = await self._work(make_parcel, line.peer, context=self._context, taken=owed, want=want)
            reach("delivery.before-request")
            started = asyncio.get_running_loop().time()
            answer = await self._post(session, directory, parcel.to_bytes())
            reach("delivery.after-answer")
            intake = await self._work(self._take, answer, line.peer, batch)
            self._observe(True, asyncio.get_running_loop().time() - started)
        except BaseException:
            line.owed = owed + line.owed
            raise
        line.owed = receipts_left(owed, parcel) + line.owed
        line.witnessed = max(line.witnessed, parcel.known_size)
        if intake.taken is not None:
            line.owed = [one for one in line.owed if one.batch != intake.taken.batch] + [intake.taken]
        if intake.new:
            self._arrived()
        return intake

    def _take(self, answer: bytes, peer: str, sent: OutgoingBatch | None) -> Intake:
        parcel = parse_parcel(answer)
        lacking = sent is not None and sent.head.digest not in {receipts.batch for receipts in parcel.receipts}
        if lacking and not news_goes_on(parcel, known=mirrored_size(peer)):
            raise Unavailable("exchange.no-receipt", agency=peer)  # or it would be sent again at once, for ever
        intake = take(parcel, peer=peer, context=self._context)
        if parcel.receipts:
            reach("receipts.after-commit")
        return intake

    async def _post(self, session: aiohttp.ClientSession, directory: Directory, body: bytes) -> bytes:
        if directory.digest not in self._tls:
            self._tls = {directory.digest: tls_context(directory), **self._tls}
        tls = self._tls[directory.digest]
        last: Error = Unavailable("exchange.no-address", agency=directory.agency)
        for address in directory.addresses:
            if not address.startswith("https://"):
                continue
            try:
                return await post_signed(session, address, "/exchange/1/parcel", body, context=self._context, tls=tls)
            except Unavailable as error:
                last = error
        raise last

    async def _keep_pulling(self, session: aiohttp.ClientSession, line: _Line) -> None:
        """A node that can't be called asks its peer what waits."""
        while True:
            try:
                await self._wait_until_allowed(line.peer)
                directory = await self._work(current_directory, line.peer)
                intake = await self._exchange(session, line, _Look(directory), want=PULL_COUNT)
                if intake.taken is not None:
                    continue
            except Exception as error:
                await self._note_failure(line.peer, error)
            await asyncio.sleep(self._pull_seconds)
