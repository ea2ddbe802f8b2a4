"""The door: the one address that other nodes call, as a small ASGI application.

Invariant: who calls is proven by the request's own signature (RFC 9421) over its headers *before* a byte of the body is read; size,
rate and time are limited before they cost anything; every refusal is `application/problem+json` and changes nothing.

    POST /exchange/1/parcel   a parcel in, a parcel out (push and pull)
    POST /exchange/1/restore  a node that restored a backup asks for what it lost
    POST /exchange/1/files    chunks of files, wanted and given
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import close_old_connections, transaction

from tansiq.directory.queries import current_directory, node_keys, own_directory
from tansiq.errors import BadInput, Error, NotFound, TooMuch, Unavailable
from tansiq.exchange.context import Context
from tansiq.exchange.files_exchange import talk_of_files
from tansiq.exchange.files_wire import MAX_MESSAGE_BYTES, parse_files_message
from tansiq.exchange.intake import keep, prove, require_confirmed
from tansiq.exchange.parcels import make_parcel
from tansiq.exchange.release import next_batch
from tansiq.exchange.restoring import serve_restore
from tansiq.exchange.used_twice import proof_kept
from tansiq.exchange.wake import ANYTHING, ARRIVED, wake
from tansiq.protocol.envelope import Lane
from tansiq.protocol.httpsig import check_digest, verify_request
from tansiq.protocol.limits import MAX_PARCEL_BYTES
from tansiq.protocol.parcel import parse_parcel

__all__ = ["CONTENT_TYPE", "Door", "key_name"]

CONTENT_TYPE = "application/tansiq-parcel+cbor"
_BODY_SECONDS = 60.0
_PARCEL, _RESTORE, _FILES = "/exchange/1/parcel", "/exchange/1/restore", "/exchange/1/files"
_PEER_RATE = (200.0, 400.0)
_FILES_RATE = (25.0, 50.0)
"""Each may carry a mebibyte and some: enough for any line, too little to keep the door busy."""
_STRANGER_RATE = (10.0, 50.0)
"""Requests per second and at once: of a peer that is known, and of an address whose requests were not signed by one."""
_MOST_STRANGERS = 4096
_PEER_BYTES = 2 * MAX_PARCEL_BYTES + MAX_MESSAGE_BYTES
"""Of bodies of one peer at once: a parcel of urgent things, one of others, and files."""
_log = logging.getLogger("tansiq.door")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def key_name(agency: str, identifier: bytes) -> str:
    """How a node names its signing key in a request."""
    return f"{agency}:{identifier.hex()}"


class _Rates:
    """A token bucket per caller, so that one loud caller costs the others nothing."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._buckets: dict[str, tuple[float, float]] = {}

    def require(self, caller: str) -> float:
        """How many requests ``caller`` has left. Raises TooMuch when there is none."""
        now = time.monotonic()
        tokens, last = self._buckets.get(caller, (self._burst, now))
        tokens = min(self._burst, tokens + (now - last) * self._per_second)
        if tokens < 1:
            raise TooMuch("exchange.too-fast", caller=caller)
        return tokens

    def spend(self, caller: str) -> None:
        """Takes one request from ``caller``. Raises TooMuch when it has none left."""
        left = self.require(caller) - 1
        if len(self._buckets) >= _MOST_STRANGERS and caller not in self._buckets:
            self._buckets.clear()  # as if all of them had waited: a table of strangers must not grow for ever
        self._buckets[caller] = (left, time.monotonic())


class Door:
    """The ASGI application of the exchange. ``context`` is the opened node; ``threads`` do the work on the database."""

    def __init__(self, context: Context, *, run_directory: str, threads: int = 1) -> None:
        self._context = context
        self._run = run_directory
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="door")
        self._peers = _Rates(*_PEER_RATE)
        self._files = _Rates(*_FILES_RATE)
        self._strangers = _Rates(*_STRANGER_RATE)
        self._under_way: Counter[str] = Counter()

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answers one request; whatever goes wrong is answered too, and changed nothing."""
        try:
            answer = await self._serve(scope, receive)
        except Error as error:
            await _problem(send, error)
        except TimeoutError:
            await _problem(send, Unavailable("exchange.too-slow"))
        except Exception:
            _log.exception("the door failed")
            await _problem(send, Unavailable("exchange.failed"))
        else:
            await _answer(send, 200, CONTENT_TYPE, answer)

    async def _serve(self, scope: Message, receive: Receive) -> bytes:
        path = scope["path"]
        work = {_PARCEL: self._parcel, _RESTORE: self._restore, _FILES: self._talk_of_files}.get(path)
        if work is None or scope["method"] != "POST":
            raise NotFound("exchange.no-such-door")
        loop = asyncio.get_running_loop()
        address = (scope.get("client") or ("",))[0]
        self._strangers.require(address)
        try:
            peer, verified = await loop.run_in_executor(self._pool, self._who, scope)
        except Error:
            self._strangers.spend(address)
            raise
        (self._files if path == _FILES else self._peers).spend(peer)
        limit = MAX_MESSAGE_BYTES if path == _FILES else MAX_PARCEL_BYTES
        if verified.length > limit:
            raise TooMuch("protocol.parcel-too-large", limit=limit)
        with self._held(peer, verified.length):
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _read(receive, verified.length)
            check_digest(verified, hashlib.sha256(body).digest())
            return await loop.run_in_executor(self._pool, work, peer, body)

    @contextlib.contextmanager
    def _held(self, peer: str, length: int) -> Iterator[None]:
        """A body of ``peer`` that is read and worked on meanwhile. Raises TooMuch when too much of it is under way."""
        if self._under_way[peer] + length > _PEER_BYTES:
            raise TooMuch("exchange.too-fast", caller=peer)
        self._under_way[peer] += length
        try:
            yield
        finally:
            self._under_way[peer] -= length
            if not self._under_way[peer]:
                del self._under_way[peer]

    def _who(self, scope: Message) -> tuple[str, Any]:
        """The peer whose node signed the request. Raises before the body is read."""
        close_old_connections()
        found: dict[str, str] = {}

        def resolve(keyid: str) -> Ed25519PublicKey | None:
            agency, _, identifier = keyid.rpartition(":")
            try:
                key = node_keys(current_directory(agency), self._context.clock()).get(bytes.fromhex(identifier))
            except (NotFound, ValueError):
                return None
            found["agency"] = agency
            return key.raw if key else None

        last: Error = NotFound("exchange.no-address")
        for address in own_directory().addresses:
            try:
                verified = verify_request(
                    method=scope["method"],
                    target_uri=address.rstrip("/") + scope["path"],
                    headers=scope["headers"],
                    resolve=resolve,
                )
            except Error as error:
                last = error
            else:
                require_confirmed(found["agency"])
                return found["agency"], verified
        raise last

    def _parcel(self, peer: str, body: bytes) -> bytes:
        parcel = parse_parcel(body)
        with proof_kept(self._context):
            proven = prove(parcel, peer=peer, context=self._context)
            with transaction.atomic():  # what came, the head over it and what waits for the peer are one commit
                intake = keep(proven, context=self._context)
                batch = next_batch(peer, tuple(Lane), context=self._context, limit=parcel.want) if parcel.want else None
                taken = (intake.taken,) if intake.taken else ()
                answer = make_parcel(peer, context=self._context, batch=batch, taken=taken)
        if intake.new or parcel.receipts:
            wake(self._run, ANYTHING if parcel.receipts else ARRIVED)
        return answer.to_bytes()

    def _restore(self, peer: str, body: bytes) -> bytes:
        return serve_restore(peer, body, context=self._context)

    def _talk_of_files(self, peer: str, body: bytes) -> bytes:
        return talk_of_files(parse_files_message(body), peer=peer, context=self._context).to_bytes()


async def _read(receive: Receive, length: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise BadInput("exchange.broken-off")
        body += message.get("body", b"")
        if len(body) > length:
            raise TooMuch("exchange.longer-than-said", limit=length)
        if not message.get("more_body"):
            break
    if len(body) != length:
        raise BadInput("exchange.broken-off")
    return bytes(body)


async def _answer(send: Send, status: int, content_type: str, body: bytes) -> None:
    headers = [
        (b"content-type", content_type.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _problem(send: Send, error: Error) -> None:
    """RFC 9457: what happened, in English for the other node's engineer, and the code for its program."""
    advice = error.advice("en")
    status = 429 if error.code == "exchange.too-fast" else error.http_status
    detail = f"{advice.means} {advice.do}".strip()
    body = {"type": f"urn:tansiq:{error.code}", "title": advice.what, "status": status, "detail": detail}
    await _answer(send, status, "application/problem+json", json.dumps(body, ensure_ascii=False).encode())
