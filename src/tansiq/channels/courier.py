"""Courier files for who makes or takes one by a browser: what would go into the next one, its pieces as they are made, and the
frames of one that comes in, as its bytes come.

Invariant: memory is flat with the file. What was taken before something is refused stays taken, as on the command line, for
each frame is proven by itself. Who may do it is the pages' rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from tansiq.errors import BadInput, TooMuch
from tansiq.exchange.carried import CourierFile, courier_files
from tansiq.exchange.context import Context
from tansiq.exchange.courier import Making, begin, more
from tansiq.exchange.courier_taking import Took, take_frame
from tansiq.exchange.queries import Quarantined, quarantined
from tansiq.protocol.courier import HEADER_SIZE, MAX_FRAME_BYTES, parse_header

__all__ = ["Incoming", "Load", "begin_file", "check_frame", "file_of", "left_out", "load_of"]

_LENGTH = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What the next file for a partner takes: ``free`` what waits for no channel, ``chosen`` what a channel holds and somebody
    chose, ``unreceipted`` what left without a receipt, ``receipts`` the batches whose receipts we owe. ``kept`` stays behind.
    """

    free: int
    chosen: int
    kept: int
    unreceipted: int
    receipts: int

    @property
    def empty(self) -> bool:
        """Whether a file would bring the partner nothing."""
        return not (self.free or self.chosen or self.unreceipted or self.receipts)


def load_of(peer: str) -> Load:
    """What the next file for ``peer`` would take."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COALESCE(SUM(CASE WHEN held THEN 0 ELSE 1 END), 0), "
            "COALESCE(SUM(CASE WHEN held AND by_hand THEN 1 ELSE 0 END), 0), "
            "COALESCE(SUM(CASE WHEN held AND NOT by_hand THEN 1 ELSE 0 END), 0) FROM exchange_outbox WHERE peer = %s",
            (peer,),
        )
        free, chosen, kept = cursor.fetchone()
        cursor.execute(
            "SELECT (SELECT COALESCE(SUM(count), 0) FROM exchange_pending WHERE peer = %s), "
            "(SELECT COUNT(*) FROM exchange_owed WHERE peer = %s)",
            (peer, peer),
        )
        unreceipted, receipts = cursor.fetchone()
    return Load(free=free, chosen=chosen, kept=kept, unreceipted=int(unreceipted), receipts=receipts)


def begin_file(peer: str, *, context: Context) -> tuple[bytes, Iterator[bytes]]:
    """A new file for ``peer``: its identifier, and its pieces as they are made. Raises as `courier.begin`, before any piece."""
    piece, making = begin(peer, context=context)
    return making.file, _pieces(piece, making, context)


def _pieces(piece: bytes, making: Making, context: Context) -> Iterator[bytes]:
    yield piece
    while not making.done:
        piece, making = more(making, context=context)
        yield piece


def file_of(partner: str, identifier: bytes) -> CourierFile | None:
    """A file that was made here for ``partner`` or taken in from it; None for what never was."""
    found = courier_files(partner, file=identifier)
    return found[0] if found else None


def left_out(one: CourierFile) -> list[Quarantined]:
    """What came from that partner since the file was taken in first, and was set aside: taken, receipted, and not in effect."""
    return [aside for aside in quarantined() if aside.peer == one.peer and aside.since_ms >= one.at_ms]


# ---------------------------------------------------------------------------------------------------- taking in


def check_frame(header: bytes, sealed: bytes, *, size: int) -> None:
    """Raises unless ``header`` begins a courier file and ``sealed`` is a whole frame of ``size`` bytes: BadInput, TooMuch."""
    named = parse_header(header)
    if size > MAX_FRAME_BYTES:
        raise TooMuch("courier.frame-too-large", limit=MAX_FRAME_BYTES)
    if not size or len(sealed) < size:
        raise BadInput("courier.cut-off", file=named.file.hex()[:8])


class Incoming:
    """A file that comes in, in pieces of any size; each frame is taken as soon as it is whole."""

    def __init__(self, *, context: Context) -> None:
        self._context = context
        self._header = b""
        self._rest = bytearray()
        self._number = 0
        self.took: Took | None = None
        """What came of the frame that was taken last."""

    @property
    def file(self) -> bytes:
        """The file's identifier; b'' before its header has come."""
        return parse_header(self._header).file if self._header else b""

    def write(self, data: bytes) -> None:
        """Takes what is whole by now. Raises as `take_frame`, and TooMuch."""
        self._rest += data
        if not self._header:
            if len(self._rest) < HEADER_SIZE:
                return
            header = bytes(self._rest[:HEADER_SIZE])
            parse_header(header)
            self._header = header
            del self._rest[:HEADER_SIZE]
        while (size := self._size()) is not None and len(self._rest) >= _LENGTH + size:
            sealed = bytes(self._rest[_LENGTH : _LENGTH + size])
            del self._rest[: _LENGTH + size]
            self.took = take_frame(self._header, self._number, sealed, context=self._context)
            self._number += 1

    def _size(self) -> int | None:
        if len(self._rest) < _LENGTH:
            return None
        size = int.from_bytes(self._rest[:_LENGTH], "big")
        if size > MAX_FRAME_BYTES:
            raise TooMuch("courier.frame-too-large", limit=MAX_FRAME_BYTES)
        return size

    def end(self) -> tuple[str, bytes]:
        """Whose the file is, which is whole, and its identifier. Raises BadInput: what came is none, or it is cut off."""
        if not self._header:
            parse_header(bytes(self._rest))
        if self._rest or self.took is None or not self.took.last:
            raise BadInput("courier.cut-off", file=self.file.hex()[:8])
        return self.took.sender, self.file
