"""The process that serves the pages: the event loop takes connections, a few threads make pages.

Django's views are plain functions, so each runs in one of a fixed number of threads, with that thread's own connection
to the database. What a browser sends is read before a thread is taken, and what it is answered leaves after the thread is free again, so a
slow client holds none; who sends a file or is given one that is made as it leaves has a few threads apart (`bodies`), and memory stays flat with
its size.

Invariant: what a browser sends is bounded before it is read, and comes and goes in time (`patience`); nothing of it is put on the disk. The exchange
door is another process at another address, which this one cannot slow down.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import ssl
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, cast

import uvicorn
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from tansiq.exchange.context import Context
from tansiq.node.bodies import FORM, WHOLE, Incoming, TooLargeError, flows, most_of, takes_its_time
from tansiq.node.counted import Counted
from tansiq.node.guard import LINE, GuardedProtocol, GuardedServer
from tansiq.node.health import HealthDoor
from tansiq.node.home import Home
from tansiq.node.opening import open_node
from tansiq.node.patience import Patience
from tansiq.node.site import Application, make_application

__all__ = ["FLOWING", "THREADS", "PageServer", "page_config", "run_pages"]

THREADS: Final = 8
FLOWING: Final = 4
"""Threads for files that come or leave piece by piece; others wait for one of these, and no page waits for them."""
_FORMS: Final = 16
"""Forms longer than `WHOLE` that are read at once."""
_GATHERED: Final = 1_048_576
"""An answer that is made as it leaves is gathered up to here, and leaves without its thread when that was all."""
_PIECE: Final = 65_536
"""What is given to the connection at once."""
_TOO_LARGE: Final = (413, b"Content Too Large")
_TOO_SLOW: Final = (408, b"Request Timeout")


def _environ(scope: HTTPScope, body: Any) -> dict[str, Any]:
    """The request as WSGI (PEP 3333) tells it."""
    server, client = scope.get("server") or ("localhost", 80), scope.get("client") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8").decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1] or 0),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": body,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if b"_" in name:  # 'X_Forwarded_For' would read as 'X-Forwarded-For'
            continue
        key = name.decode("latin-1").upper().replace("-", "_")
        key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
        told = value.decode("latin-1")
        joint = "; " if key == "HTTP_COOKIE" else ","
        environ[key] = f"{environ[key]}{joint}{told}" if key in environ else told
    return environ


class _Leaving:
    """An answer on its way to a browser. When that takes it too slowly, the connection is ended."""

    def __init__(self, send: ASGISendCallable, line: asyncio.Transport | None) -> None:
        self._send, self._line = send, line
        self._patience = Patience()

    async def start(self, started: dict[str, Any]) -> None:
        """The head. Raises ConnectionError and TimeoutError."""
        await self._give({"type": "http.response.start", **started})

    async def body(self, body: bytes, *, more: bool = False) -> None:
        """A part of the body, the last one unless there is ``more``. Raises ConnectionError and TimeoutError."""
        for at in range(0, len(body) or 1, _PIECE):
            end = at + _PIECE
            await self._give({"type": "http.response.body", "body": body[at:end], "more_body": more or end < len(body)})
            self._patience.earn(min(end, len(body)) - at)

    async def _give(self, message: dict[str, Any]) -> None:
        if self._line is not None and self._line.is_closing():
            raise ConnectionError
        try:
            await self._patience.wait(self._send(message))  # type: ignore[arg-type]
        except TimeoutError:
            if self._line is not None:
                self._line.abort()
            raise


class PageServer:
    """An ASGI application that runs a WSGI one in its threads."""

    def __init__(self, application: Application, *, threads: int = THREADS, flowing: int = FLOWING) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="page")
        self._flowing = ThreadPoolExecutor(flowing, thread_name_prefix="file")
        self._forms = asyncio.Semaphore(_FORMS)

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        loop = asyncio.get_running_loop()
        try:
            body = Incoming(receive, most_of(scope))
            await body.begin(WHOLE)
            if body.more and not flows(scope):
                async with self._forms:
                    await body.begin(FORM)
        except (ConnectionError, TimeoutError, TooLargeError) as error:
            await _refuse(send, *(_TOO_LARGE if isinstance(error, TooLargeError) else _TOO_SLOW))
            return
        leaving = _Leaving(send, cast("Any", scope.get("extensions") or {}).get(LINE, {}).get("transport"))
        threads = self._flowing if body.more or takes_its_time(scope) else self._threads
        environ = _environ(scope, body.file(loop))
        try:
            gathered = await loop.run_in_executor(threads, self._run, environ, leaving, loop)
            if gathered is not None:
                await leaving.start(gathered[0])
                await leaving.body(gathered[1])
        except (ConnectionError, TimeoutError):
            logging.getLogger("tansiq.pages").info("a browser left before its answer")
            with contextlib.suppress(TimeoutError):
                # Until the web server knows it too, which takes an answer that is not whole for a fault of ours.
                await Patience().wait(receive())

    def _run(
        self, environ: dict[str, Any], leaving: _Leaving, loop: asyncio.AbstractEventLoop
    ) -> tuple[dict[str, Any], bytes] | None:
        """The answer's head and body, for the event loop to send; None when it was long, and has left as it was made."""
        started: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None
        ) -> Callable[[bytes], None]:
            raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started.update(status=int(status.split(" ", 1)[0]), headers=raw)
            return lambda _: None

        answer: Iterable[bytes] = self._application(environ, start_response)
        try:
            # What Django has made whole already costs nothing more.
            bound = _GATHERED if getattr(answer, "streaming", True) else sys.maxsize
            pieces, parts, size = iter(answer), [], 0
            for part in pieces:
                parts.append(part)
                size += len(part)
                if size > bound:
                    break
            else:
                return started, b"".join(parts)
            asyncio.run_coroutine_threadsafe(leaving.start(started), loop).result()
            last: bytes | None = None  # one piece behind, so that the last one also says that it is the last
            for part in itertools.chain([b"".join(parts)], pieces):
                if last is not None:
                    asyncio.run_coroutine_threadsafe(leaving.body(last, more=True), loop).result()
                last = part
                parts.clear()
            asyncio.run_coroutine_threadsafe(leaving.body(last or b""), loop).result()
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()
        return None


async def _refuse(send: ASGISendCallable, status: int, words: bytes) -> None:
    headers = [
        (b"content-type", b"text/plain"),
        (b"content-length", str(len(words)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers, "trailers": False})
    await send({"type": "http.response.body", "body": words, "more_body": False})


def page_config(home: Home, application: Application) -> uvicorn.Config:
    """How the pages of ``home`` are served."""
    host, _, port = home.pages.rpartition(":")
    served = HealthDoor(Counted(PageServer(application), "pages"), home)
    config = uvicorn.Config(
        served, host=host.strip("[]"), port=int(port), http=GuardedProtocol, loop="uvloop", lifespan="off",
        ws="none", log_config=None, access_log=False, server_header=False, limit_concurrency=256, timeout_keep_alive=75,
        proxy_headers=False,
    )  # fmt: skip
    config.load()
    if home.pages_certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.load_cert_chain(home.pages_certificate, home.pages_key or None)
        config.ssl = tls
    return config


def run_pages(home: Home, context: Context | None = None) -> None:
    """Serves the pages until it is told to end."""
    import uvloop  # noqa: PLC0415 (only the processes need it)

    if context is None:
        open_node(home)
    config = page_config(home, make_application(home))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(GuardedServer(config).serve())
