"""What a stranger may do to the web server before his request is judged: open a few connections, say who he is, soon and briefly.

Invariant: a connection on which no whole request head came in time, whose head is too long, or whose answer is not taken, is ended; when all
places are taken, the longest waiting connection of the network that has most of them makes room for the next. So nobody who is not a partner
can hold the door shut or fill its memory. The web server itself limits none of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import socket
from collections import Counter
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = [
    "HEAD_BYTES",
    "HEAD_SECONDS",
    "LINE",
    "MOST_PER_ADDRESS",
    "TAKE_SECONDS",
    "GuardedProtocol",
    "GuardedServer",
    "network_of",
]

LINE: Final = "tansiq.line"
"""The extension of a request's scope that holds the ``transport`` of its connection."""
HEAD_BYTES = 16_384
HEAD_SECONDS = 10.0
MOST_PER_ADDRESS = 64
"""Connections at once of one address, with IPv6 of one /64: a partner's node opens three."""
TAKE_SECONDS = 15.0
_TAKE_BYTES = 30_720
"""Of an answer that waits to leave, so many bytes must leave in `TAKE_SECONDS`: 16 kbit/s."""
_MOST_PIPELINED = 16
_TELL_SECONDS: Final = 0.1
_UNSENT_BYTES: Final = 131_072
"""What the system keeps of an answer beside what is on the line: else it would take megabytes at once, and then nothing for minutes."""
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class GuardedServer(uvicorn.Server):
    """uvicorn's server, which ends although callers come meanwhile: the web server tells to end only the connections that there are when it is
    told itself, and one whose TLS handshake was under way would be served for as long as its caller goes on asking.
    """

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, and ends those that there are and those that still come to be, each after its answer."""
        telling = asyncio.create_task(self._tell_those_who_come())
        try:
            await super().shutdown(sockets)
        finally:
            telling.cancel()

    async def _tell_those_who_come(self) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            for connection in list(self.server_state.connections):
                connection.shutdown()


@functools.lru_cache(1024)
def network_of(address: str) -> str:
    """What counts as one address: an IPv4 one itself, of an IPv6 one the /64 (RFC 6177), for that is what one customer is given."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, 64), strict=False))


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP connection, with these limits."""

    network = ""
    since = 0.0
    _patience: asyncio.TimerHandle | None = None
    _watch: asyncio.TimerHandle | None = None
    _unsent = 0
    _taken = False
    _held: tuple[Any, Any] | None = None
    _head = 0
    _piece = 0
    _in_head = True

    def __init__(self, *args: Any, **values: Any) -> None:
        super().__init__(*args, **values)
        # The web server would count a request whose connection was ended this moment; so the limit is ours to keep.
        self._places, self.limit_concurrency = self.limit_concurrency, None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Counts the connections of the address, and begins to wait for a request."""
        super().connection_made(transport)
        self.since = self.loop.time()
        self.network = network_of(self.client[0] if self.client else "")
        with contextlib.suppress(OSError, AttributeError):  # none on a socket of another family
            transport.get_extra_info("socket").setsockopt(
                socket.IPPROTO_TCP, getattr(socket, "TCP_NOTSENT_LOWAT", 25), _UNSENT_BYTES
            )
        crowds = Counter(getattr(other, "network", "") for other in self.connections)
        if crowds[self.network] > MOST_PER_ADDRESS:
            transport.close()
            return
        if self._full():
            self._make_room(crowds)
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        self._head_came()
        self._held = None
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Passes on what came, unless a head goes on and on."""
        self._piece = len(data)
        self._head += self._piece
        super().data_received(data)
        if self._in_head and self._head > HEAD_BYTES and not self.transport.is_closing():
            self.transport.write(_TOO_LONG)
            self.transport.close()
        elif not self._in_head and self.cycle.response_complete:
            self._await_head()  # the rest of a body that nobody reads, or no request at all
        if self.transport.is_closing():
            self._watch_leaving()

    def on_message_begin(self) -> None:
        """A head begins, somewhere in the piece that came: counted from the piece's beginning, for partners pipeline nothing."""
        if len(self.pipeline) >= _MOST_PIPELINED:
            self.transport.abort()
            raise ConnectionError
        super().on_message_begin()
        self._in_head, self._head = True, self._piece
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole: what follows is the door's matter."""
        self._head_came()
        self._in_head = False
        self.scope["extensions"] = {LINE: {"transport": self.transport}}
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """What is left of the answer must be taken in time, though nothing asks for it any longer."""
        self.since = self.loop.time()
        super().on_response_complete()
        self._watch_leaving()

    def pause_writing(self) -> None:
        """More waits to leave than we like: it must be taken in time."""
        super().pause_writing()
        self._watch_leaving()

    def resume_writing(self) -> None:
        """What waited was taken: a request behind it is served now."""
        super().resume_writing()
        self._taken = True
        if self._held is not None and not self.transport.is_closing():
            (cycle, app), self._held = self._held, None
            self._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        """Serves a request, but not before the answer to the one before has left."""
        if self.flow.write_paused:
            self._held = cycle, app
        elif self._full() or (self._places is not None and len(self.tasks) >= 2 * self._places):
            super()._start_asgi_task(cycle, service_unavailable)
        else:
            super()._start_asgi_task(cycle, app)

    def _full(self) -> bool:
        return self._places is not None and len(self.connections) >= self._places

    def _watch_leaving(self) -> None:
        if self._watch is None and (unsent := self._left()):
            self._unsent, self._taken = unsent, False
            self._watch = self.loop.call_later(TAKE_SECONDS, self._look)

    def _look(self) -> None:
        self._watch = None
        if self._left() > max(0, self._unsent - _TAKE_BYTES) and not self._taken:
            self.transport.abort()
        else:
            self._watch_leaving()

    def _left(self) -> int:
        if self.scheme == "https" and self.transport.is_closing():
            return 0  # what closes TLS has a time of its own, and nothing can be asked of it any longer
        return self.transport.get_write_buffer_size()

    def _make_room(self, crowds: Counter[str]) -> None:
        """Ends the longest waiting connection of the network that has most of them, unless each of them is being served."""
        waiting = [one for one in self.connections if isinstance(one, GuardedProtocol) and one is not self]
        waiting = [one for one in waiting if one.waits()]
        if waiting:
            one = max(waiting, key=lambda one: (crowds[one.network], -one.since))
            one.transport.abort()
            self.connections.discard(one)

    def waits(self) -> bool:
        """Whether we wait for the other side: for a request, for the rest of one, or to be rid of an answer."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or cycle.response_complete or cycle.more_body or self.flow.write_paused

    def _await_head(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
