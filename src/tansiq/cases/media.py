"""What a file really is, told from its bytes: one of a few kinds, whole, and nothing else at the same time.

Invariant: nothing is decoded and nothing is executed. A file is walked once, in order, with flat memory; what is not one
of the kinds, is cut off, claims absurd dimensions, carries something behind its end or could pass for another kind (a
page, a script, an archive) is refused. Pictures are not encoded anew: what was seized must stay byte for byte what it
is, for a court compares its hash, and a decoder is the largest target that a node could offer. What a picture tells
beside its pixels is named (`Seen.tells`), so that the sender decides.

ISO/IEC 10918-1 annex B (JPEG), W3C PNG (Third Edition), RFC 9649 (WebP), ISO 32000-2 (PDF).
"""

from __future__ import annotations

import codecs
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from tansiq.errors import BadInput, Refused, TooMuch

__all__ = [
    "INLINE",
    "JPEG",
    "MAX_PIXELS",
    "MEDIA",
    "PDF",
    "PNG",
    "TEXT",
    "WEBP",
    "Readable",
    "Seen",
    "Source",
    "look",
    "sniff",
]

JPEG, PNG, WEBP, PDF, TEXT = "image/jpeg", "image/png", "image/webp", "application/pdf", "text/plain"
MEDIA: Final = (JPEG, PNG, WEBP, PDF, TEXT)
"""What is taken in."""
INLINE: Final = frozenset({JPEG, PNG, WEBP})
"""What a page may show; everything else is only downloaded."""
MAX_PIXELS: Final = 100_000_000
MAX_SIDE: Final = 30_000
_HEAD, _TAIL, _PIECE = 1024, 66_000, 1 << 16
_MARKER: Final = re.compile(rb"\xff+[^\x00\xff\xd0-\xd7]", re.DOTALL)
"""In a JPEG's coded data: a marker that ends them (a stuffed byte and a restart do not)."""
_MARKUP = (
    b"<!doctype", b"<html", b"<head", b"<body", b"<script", b"<svg", b"<iframe", b"<?xml", b"<?php", b"<object", b"<embed",
)  # fmt: skip
_ARCHIVES = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x1f\x8b",
    b"MZ",
    b"\x7fELF",
    b"#!",
)
_PDF_ACTIVE = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/OpenAction", b"/RichMedia", b"/XFA")


class Readable(Protocol):
    """A stream, as far as it is needed: up to so many bytes, none at the end."""

    def read(self, size: int = ..., /) -> bytes | None:
        """The next bytes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A file that was looked at: its media type; ``width`` and ``height`` of a picture (else 0); ``tells``, what it says
    beside its content, as codes: ``location``, ``device``, ``time``, ``words`` (comments, captions), ``active`` (a PDF
    that does something when it is opened).
    """

    media: str
    width: int = 0
    height: int = 0
    tells: tuple[str, ...] = ()


def _refuse(reason: str) -> Refused:
    return Refused("cases.file-not-accepted", reason=reason)


def sniff(head: bytes) -> str:
    """The media type that the first bytes announce. Raises Refused ('cases.file-not-accepted') for any other."""
    if not head:
        raise BadInput("cases.file-empty")
    if head.startswith(b"\xff\xd8\xff"):
        found = JPEG
    elif head.startswith(b"\x89PNG\r\n\x1a\n"):
        found = PNG
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        found = WEBP
    elif head.startswith(b"%PDF-"):
        found = PDF
    elif head.startswith(_ARCHIVES) or head[4:8] == b"ftyp" or b"\0" in head[:_HEAD]:
        raise _refuse("type")
    else:
        found = TEXT
    start = head[:_HEAD].lower()
    if found != PDF and b"%pdf-" in start:
        raise _refuse("polyglot")
    if any(mark in start for mark in _MARKUP) and not (found == JPEG and _only_xmp(start)):
        raise _refuse("markup" if found == TEXT else "polyglot")
    return found


def _only_xmp(start: bytes) -> bool:
    """Whether the only markup at the beginning is that of an XMP packet, which every camera writes."""
    return not any(mark in start for mark in _MARKUP if mark != b"<?xml")


class Source:
    """A stream read in order, that remembers what stood last and can take back what was read too far."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._tail = b""
        self._back = b""

    def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes. Raises BadInput when the file ends before."""
        data = self.some(count)
        while len(data) < count:
            more = self.some(count - len(data))
            if not more:
                raise BadInput("cases.file-cut-off")
            data += more
        return data

    def some(self, most: int = _PIECE) -> bytes:
        """Up to ``most`` bytes; none at the end."""
        if self._back:
            data, self._back = self._back[:most], self._back[most:]
            return data
        data = self._stream.read(most) or b""
        self._tail = (self._tail + data)[-_TAIL:] if len(data) < _TAIL else data[-_TAIL:]
        return data

    def scan(self) -> tuple[bytes, int]:
        """A piece of a JPEG's coded data and the marker behind it; the marker is 0 when the data go on.

        Raises BadInput when the file ends.
        """
        piece = self.some()
        if not piece:
            raise BadInput("cases.file-cut-off")
        while piece.endswith(b"\xff"):
            piece += self.read(1)
        if (found := _MARKER.search(piece)) is None:
            return piece, 0
        self._back = piece[found.end() :] + self._back
        return piece[: found.start()], piece[found.end() - 1]

    def skip(self, count: int) -> Iterator[bytes]:
        """Passes over ``count`` bytes and yields them in pieces."""
        while count:
            piece = self.read(min(count, _PIECE))
            count -= len(piece)
            yield piece

    def end(self, *, nothing_follows: bool = True) -> None:
        """Raises Refused when something stands behind the end, or when the whole is an archive to whoever reads from there."""
        if nothing_follows and self.some(1):
            raise _refuse("trailing")
        while self.some():
            pass
        at = self._tail.rfind(b"PK\x05\x06")
        if at >= 0 and len(self._tail) - at >= 22:
            comment = int.from_bytes(self._tail[at + 20 : at + 22], "little")
            if at + 22 + comment == len(self._tail):
                raise _refuse("polyglot")


@dataclass(slots=True)
class _Picture:
    width: int = 0
    height: int = 0
    tells: set[str] = field(default_factory=set)

    def measure(self, width: int, height: int) -> None:
        """Raises TooMuch for dimensions that no camera has, BadInput for none."""
        if not width or not height:
            raise BadInput("cases.file-cut-off")
        if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
            raise TooMuch("cases.file-too-many-pixels", limit=MAX_PIXELS)
        self.width, self.height = width, height

    def seen(self, media: str) -> Seen:
        return Seen(media, self.width, self.height, tuple(sorted(self.tells)))


def _tiff_tells(data: bytes) -> set[str]:
    """What an Exif block tells: where, with what, when. What can't be read is named as words."""
    tells: set[str] = set()
    try:
        order = {b"II": "<", b"MM": ">"}[data[:2]]
        (first,) = struct.unpack_from(order + "I", data, 4)
        waiting, passed = [first], 0
        while waiting and passed < 8:
            passed += 1
            start = waiting.pop()
            (count,) = struct.unpack_from(order + "H", data, start)
            for number in range(min(count, 512)):
                tag, _, _, value = struct.unpack_from(order + "HHII", data, start + 2 + 12 * number)
                if tag == 0x8825:
                    tells.add("location")
                elif tag in {0x010F, 0x0110, 0x0131, 0xA430, 0xA431, 0xA433, 0xA434, 0xA435}:
                    tells.add("device")
                elif tag in {0x0132, 0x9003, 0x9004}:
                    tells.add("time")
                elif tag in {0x010E, 0x013B, 0x8298, 0x927C, 0x9286}:
                    tells.add("words")
                elif tag == 0x8769:
                    waiting.append(value)
    except (KeyError, struct.error):
        tells.add("words")
    return tells


def _xmp_tells(data: bytes) -> set[str]:
    tells = {"words"}
    if b"GPS" in data:
        tells.add("location")
    return tells


_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def _jpeg_segment(marker: int, data: bytes, picture: _Picture) -> None:
    """What a segment says of the picture."""
    if marker in _FRAMES:
        if len(data) < 6:
            raise BadInput("cases.file-cut-off")
        picture.measure(int.from_bytes(data[3:5], "big"), int.from_bytes(data[1:3], "big"))
    elif marker == 0xE1 and data.startswith(b"Exif\0\0"):
        picture.tells |= _tiff_tells(data[6:])
    elif marker == 0xE1:
        picture.tells |= _xmp_tells(data)
    elif marker in {0xED, 0xFE}:
        picture.tells.add("words")


def _jpeg(source: Source) -> Seen:
    picture = _Picture()
    source.read(2)
    scanned = False
    marker = _next_marker(source)
    while marker != 0xD9:
        if marker == 0xD8 or not marker:
            raise BadInput("cases.file-cut-off")
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            marker = _next_marker(source)
            continue
        length = int.from_bytes(source.read(2), "big")
        if length < 2:
            raise BadInput("cases.file-cut-off")
        _jpeg_segment(marker, source.read(length - 2), picture)
        scanned = scanned or marker == 0xDA
        marker = _after_scan(source) if marker == 0xDA else _next_marker(source)
    if not scanned or not picture.width:
        raise BadInput("cases.file-cut-off")
    source.end()
    return picture.seen(JPEG)


def _next_marker(source: Source) -> int:
    if source.read(1) != b"\xff":
        raise BadInput("cases.file-cut-off")
    marker = source.read(1)[0]
    while marker == 0xFF:
        marker = source.read(1)[0]
    return marker


def _after_scan(source: Source) -> int:
    """The marker that ends the coded data."""
    while not (marker := source.scan()[1]):
        continue
    return marker


def _png(source: Source) -> Seen:
    picture = _Picture()
    source.read(8)
    kind, first, data_seen = b"", True, False
    while kind != b"IEND":
        length = int.from_bytes(source.read(4), "big")
        kind = source.read(4)
        if first != (kind == b"IHDR") or length >= 1 << 31 or (first and length != 13):
            raise BadInput("cases.file-cut-off")
        crc = zlib.crc32(kind)
        kept = b""
        for piece in source.skip(length):
            crc = zlib.crc32(piece, crc)
            if kind in {b"IHDR", b"eXIf"} and len(kept) < _PIECE:
                kept += piece
        if source.read(4) != crc.to_bytes(4, "big"):
            raise BadInput("cases.file-cut-off")
        if first:
            picture.measure(int.from_bytes(kept[:4], "big"), int.from_bytes(kept[4:8], "big"))
        elif kind == b"eXIf":
            picture.tells |= _tiff_tells(kept)
        elif kind in {b"tEXt", b"zTXt", b"iTXt"}:
            picture.tells.add("words")
        elif kind == b"tIME":
            picture.tells.add("time")
        data_seen = data_seen or kind == b"IDAT"
        first = False
    if not data_seen:
        raise BadInput("cases.file-cut-off")
    source.end()
    return picture.seen(PNG)


def _webp(source: Source) -> Seen:
    picture = _Picture()
    head = source.read(12)
    left = int.from_bytes(head[4:8], "little") - 4
    while left > 0:
        kind = source.read(4)
        length = int.from_bytes(source.read(4), "little")
        padded = length + (length & 1)
        left -= 8 + padded
        if left < 0:
            raise BadInput("cases.file-cut-off")
        kept = b""
        for piece in source.skip(padded):
            kept = (kept + piece)[:_PIECE] if kind in {b"VP8 ", b"VP8L", b"VP8X", b"EXIF", b"XMP "} else b""
        if kind == b"VP8X" and len(kept) >= 10:
            picture.measure(int.from_bytes(kept[4:7], "little") + 1, int.from_bytes(kept[7:10], "little") + 1)
        elif kind == b"VP8 " and len(kept) >= 10 and not picture.width:
            picture.measure(int.from_bytes(kept[6:8], "little") & 0x3FFF, int.from_bytes(kept[8:10], "little") & 0x3FFF)
        elif kind == b"VP8L" and len(kept) >= 5 and not picture.width:
            bits = int.from_bytes(kept[1:5], "little")
            picture.measure((bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1)
        elif kind == b"EXIF":
            picture.tells |= _tiff_tells(kept.removeprefix(b"Exif\0\0"))
        elif kind == b"XMP ":
            picture.tells |= _xmp_tells(kept)
    if not picture.width:
        raise BadInput("cases.file-cut-off")
    source.end()
    return picture.seen(WEBP)


def _pdf(source: Source) -> Seen:
    tells: set[str] = set()
    before = b""
    while piece := source.some():
        window = before + piece
        if any(mark in window for mark in _PDF_ACTIVE):
            tells.add("active")
        if b"/Author" in window or b"/Creator" in window or b"<x:xmpmeta" in window:
            tells.add("words")
        before = window[-1024:]
    if b"%%EOF" not in before:
        raise BadInput("cases.file-cut-off")
    source.end(nothing_follows=False)
    return Seen(PDF, tells=tuple(sorted(tells)))


def _text(source: Source) -> Seen:
    decoder = codecs.getincrementaldecoder("utf-8")()
    before = ""
    try:
        while piece := source.some():
            text = decoder.decode(piece)
            if re.search(r"[\x00-\x08\x0b\x0e-\x1f]", text):  # control characters, which stand in no text
                raise _refuse("type")
            window = (before + text).lower()
            if any(mark.decode() in window for mark in _MARKUP):
                raise _refuse("markup")
            before = window[-16:]
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise _refuse("type") from error
    source.end(nothing_follows=False)
    return Seen(TEXT)


_WALKS: Final[dict[str, Callable[[Source], Seen]]] = {JPEG: _jpeg, PNG: _png, WEBP: _webp, PDF: _pdf, TEXT: _text}


def look(stream: Readable, media: str) -> Seen:
    """What a file that begins as ``media`` is, read from its beginning to its end.

    Raises Refused (another kind at the same time, something behind its end, a page), BadInput (cut off, damaged) and
    TooMuch (more pixels than any camera has).
    """
    return _WALKS[media](Source(stream))
