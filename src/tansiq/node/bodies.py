"""What a browser sends to a page: how much of it we read, where, and for whom.

Invariant: nobody who is not signed in makes a thread wait for a body. One of up to `WHOLE` bytes is read by the event loop before a thread is
taken, a form of somebody with a session's cookie up to `FORM` bytes, a few of them at once. Only what `flows` says is read by a thread as it comes:
a file on one of the paths that take files, in an encoding that nothing reads before the visitor is known (those views ask for the form's token
themselves, after that; whose cookie was made up is refused before a byte is read). Each must come in time (`patience`).
"""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable
from typing import Any, Final

from asgiref.typing import ASGIReceiveCallable, HTTPScope
from django.conf import settings

from tansiq.node.patience import Patience

__all__ = ["FORM", "MOST", "WHOLE", "Incoming", "TooLargeError", "flows", "most_of", "takes_its_time"]

WHOLE: Final = 262_144
"""A body up to this many bytes is read before a thread is taken; a slice of a file is as long."""
FORM: Final = 1_048_576
"""The longest form that is no file (``DATA_UPLOAD_MAX_MEMORY_SIZE``)."""
MOST: Final = 64 * 1_048_576
"""No body is longer: a file is taken in by pieces."""
_FILES: Final = {
    b"multipart/form-data": re.compile(r"/(files/add|cases/[^/]+/add-file|channels/courier/take)/"),
    b"application/octet-stream": re.compile(r"/channels/courier/take/part/"),
}
"""By type: where such a body may flow. Forms of the first kind are protected by their views; the second is no form."""
_STREAMS: Final = re.compile(r"/(files/[^/]+/(show|content)|channels/courier/to/[^/]+)/")
"""Pages whose answer is made as it leaves."""


class TooLargeError(OSError):
    """The body is longer than we read."""


def _header(scope: HTTPScope, name: bytes) -> bytes:
    return b"; ".join(value for key, value in scope["headers"] if key == name)


def _has_session(scope: HTTPScope) -> bool:
    """Whether a session's cookie came, a true one or one that was made up."""
    name = f"{settings.SESSION_COOKIE_NAME}=".encode()
    return any(one.strip().startswith(name) for one in _header(scope, b"cookie").split(b";"))


def flows(scope: HTTPScope) -> bool:
    """Whether a long body of this request is read by a thread as it comes."""
    path = _FILES.get(_header(scope, b"content-type").partition(b";")[0].strip().lower())
    return (
        path is not None
        and path.fullmatch(scope["path"]) is not None
        and scope["method"] == "POST"
        and _has_session(scope)
    )


def takes_its_time(scope: HTTPScope) -> bool:
    """Whether the answer may be made as it leaves."""
    return _STREAMS.fullmatch(scope["path"]) is not None and _has_session(scope)


def most_of(scope: HTTPScope) -> int:
    """How long the body may be. Raises TooLargeError when it says itself that it is longer."""
    most = MOST if flows(scope) else FORM if _has_session(scope) else WHOLE
    said = _header(scope, b"content-length")
    if said.isdigit() and int(said[:20]) > most:
        raise TooLargeError
    return most


class Incoming:
    """A body under way; ``most`` is the longest that is read."""

    def __init__(self, receive: ASGIReceiveCallable, most: int) -> None:
        self.more = True
        self._receive, self._most = receive, most
        self._patience = Patience()
        self._read = 0
        self._start = bytearray()

    async def piece(self) -> bytes:
        """The next piece. Raises ConnectionError, TimeoutError and TooLargeError."""
        message = await self._patience.wait(self._receive())
        if message["type"] != "http.request":
            raise ConnectionError
        part = message.get("body", b"")
        self._patience.earn(len(part))
        self._read += len(part)
        if self._read > self._most:
            raise TooLargeError
        self.more = message.get("more_body", False)
        return part

    async def begin(self, size: int) -> None:
        """Reads on to the end, or until more than ``size`` bytes are here. Raises like `piece`."""
        while self.more and len(self._start) <= size:
            self._start += await self.piece()

    def file(self, loop: asyncio.AbstractEventLoop) -> io.BytesIO | io.BufferedReader:
        """The body for a thread, which waits for what is not here yet."""
        if not self.more:
            return io.BytesIO(self._start)

        def pull() -> bytes:
            while self.more:
                if part := asyncio.run_coroutine_threadsafe(self.piece(), loop).result():
                    return part
            return b""

        return io.BufferedReader(_Body(bytes(self._start), pull), 65_536)


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
