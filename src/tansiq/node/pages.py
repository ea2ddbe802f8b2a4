"""The process that serves the pages: the event loop takes connections, a few threads make pages.

Django's views are plain functions, so each runs in one of a fixed number of threads, with that thread's own connection
to the database. Small bodies are read whole before a thread is taken, so a slow client holds none; larger ones (files)
are read piece by piece as the view wants them, and flow back in the same way, so memory stays flat with their size.

Invariant: what a browser sends is bounded before it is read; nothing of it is put on the disk. The exchange door is
another process at another address, which this one cannot slow down.
"""

from __future__ import annotations

import asyncio
import io
import logging
import ssl
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import uvicorn
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope

from tansiq.exchange.context import Context
from tansiq.node.counted import Counted
from tansiq.node.guard import GuardedProtocol
from tansiq.node.health import HealthDoor
from tansiq.node.home import Home
from tansiq.node.opening import open_node
from tansiq.node.site import Application, make_application

__all__ = ["PageServer", "page_config", "run_pages"]

THREADS: Final = 8
_WHOLE: Final = 262_144
"""A body up to this many bytes is read before a thread is taken."""
_MOST: Final = 64 * 1_048_576
"""No body is longer: a file is taken in by pieces."""
_PATIENCE: Final = 30.0
"""Seconds that a client may take for the next piece of a body, or to take one of an answer."""
_TOO_LARGE: Final = (413, b"Content Too Large")
_TOO_SLOW: Final = (408, b"Request Timeout")


class _TooLargeError(OSError):
    """The body is longer than we read."""


class _Body(io.RawIOBase):
    """The rest of a body for a thread: each read waits for the next piece from the event loop."""

    def __init__(self, start: bytes, pull: Callable[[], bytes]) -> None:
        self._held, self._pull, self._ended = start, pull, False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._held and not self._ended:
            self._held = self._pull()
            self._ended = not self._held
        count = min(len(buffer), len(self._held))
        buffer[:count], self._held = self._held[:count], self._held[count:]
        return count


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


class PageServer:
    """An ASGI application that runs a WSGI one in its threads."""

    def __init__(self, application: Application, *, threads: int = THREADS) -> None:
        self._application = application
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="page")

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        loop = asyncio.get_running_loop()
        read = 0

        async def piece() -> tuple[bytes, bool]:
            nonlocal read
            message = await asyncio.wait_for(receive(), _PATIENCE)
            if message["type"] != "http.request":
                raise ConnectionError
            part = message.get("body", b"")
            read += len(part)
            if read > _MOST:
                raise _TooLargeError
            return part, message.get("more_body", False)

        start, more = b"", True
        try:
            while more and len(start) <= _WHOLE:
                part, more = await piece()
                start += part
        except (ConnectionError, TimeoutError, _TooLargeError) as error:
            await _refuse(send, *(_TOO_LARGE if isinstance(error, _TooLargeError) else _TOO_SLOW))
            return

        def pull() -> bytes:
            nonlocal more
            if not more:
                return b""
            part, more = asyncio.run_coroutine_threadsafe(piece(), loop).result()
            return part or (pull() if more else b"")

        def give(message: dict[str, Any]) -> None:
            asyncio.run_coroutine_threadsafe(asyncio.wait_for(send(message), _PATIENCE), loop).result()  # type: ignore[arg-type]

        body = io.BytesIO(start) if not more else io.BufferedReader(_Body(start, pull), 65_536)
        try:
            await loop.run_in_executor(self._threads, self._run, _environ(scope, body), give)
        except (ConnectionError, TimeoutError):
            return

    def _run(self, environ: dict[str, Any], give: Callable[[dict[str, Any]], None]) -> None:
        started: dict[str, Any] = {}

        def start_response(
            status: str, headers: list[tuple[str, str]], _error: object = None
        ) -> Callable[[bytes], None]:
            raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
            started.update(type="http.response.start", status=int(status.split(" ", 1)[0]), headers=raw)
            return lambda _: None

        answer: Iterable[bytes] = self._application(environ, start_response)
        try:
            held: bytes | None = None  # one piece behind, so that the last one also says that it is the last
            for part in answer:
                if started.pop("type", None):
                    give({"type": "http.response.start", **started})
                if held is not None:
                    give({"type": "http.response.body", "body": held, "more_body": True})
                held = part
            if started.pop("type", None):
                give({"type": "http.response.start", **started})
            give({"type": "http.response.body", "body": held or b"", "more_body": False})
        except (ConnectionError, TimeoutError):
            logging.getLogger("tansiq.pages").info("a browser left before its answer")
        finally:
            close = getattr(answer, "close", None)
            if close is not None:
                close()


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
        runner.run(uvicorn.Server(config).serve())
