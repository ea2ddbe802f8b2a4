"""What a stranger may do to the web server before his request is judged: open a few connections, and say who he is, soon and briefly.

Invariant: a connection on which no whole request head came in time, or whose head is too long, is ended; so nobody who is
not a partner can hold the door shut or fill its memory. The web server itself limits neither.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["HEAD_BYTES", "HEAD_SECONDS", "MOST_PER_ADDRESS", "GuardedProtocol"]

HEAD_BYTES = 16_384
HEAD_SECONDS = 10.0
MOST_PER_ADDRESS = 64
"""Connections at once of one address: a partner's node opens three."""
_TOO_LONG = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP connection, with these limits."""

    _patience: asyncio.TimerHandle | None = None
    _head = 0
    _piece = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Counts the connections of the address, and begins to wait for a request."""
        super().connection_made(transport)
        address = self.client[0] if self.client else ""
        alike = sum(1 for other in self.connections if (getattr(other, "client", None) or ("",))[0] == address)
        if alike > MOST_PER_ADDRESS:
            transport.close()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits no longer."""
        self._head_came()
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

    def on_message_begin(self) -> None:
        """A head begins, somewhere in the piece that came: counted from the piece's beginning, for partners pipeline nothing."""
        super().on_message_begin()
        self._in_head, self._head = True, self._piece
        self._await_head()

    def on_headers_complete(self) -> None:
        """The head is whole: what follows is the door's matter."""
        self._head_came()
        self._in_head = False
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._patience is None:
            self._patience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _head_came(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
