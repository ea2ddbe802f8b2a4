"""A picture without what it tells beside its pixels: where, when and with what it was taken, and comments.

Invariant: lossless: the coded pixels go through byte for byte, with all that is needed to show them (tables, colour
profile, and for JPEG which side is up); nothing else does. Reads a file that `media.look` has accepted, but for bytes
behind its end, which are left out too.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from tansiq.cases.media import JPEG, PNG, Readable, Source
from tansiq.errors import BadInput

__all__ = ["STRIPPABLE", "stripped"]

STRIPPABLE: Final = frozenset({JPEG, PNG})
_KEPT_PNG: Final = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"bKGD", b"pHYs",
     b"acTL", b"fcTL", b"fdAT")
)  # fmt: skip
_PIECE = 1 << 16


def _orientation(exif: bytes) -> int:
    """Which side is up (TIFF tag 0x0112), 1 when it is not said."""
    try:
        order = {b"II": "<", b"MM": ">"}[exif[:2]]
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for number in range(min(count, 512)):
            tag, kind, many, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * number)
            if (tag, kind, many) == (0x0112, 3, 1) and 1 <= value <= 8:
                return int(value)
    except (KeyError, struct.error):
        return 1
    return 1


def _only_orientation(value: int) -> bytes:
    """An Exif segment that says which side is up and nothing else."""
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, value, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body


def _jpeg(source: Source) -> Iterator[bytes]:
    yield source.read(2)
    turned = 1
    while True:
        marker = source.read(2)
        while marker[1] == 0xFF:
            marker = b"\xff" + source.read(1)
        if marker[0] != 0xFF:
            raise BadInput("cases.file-cut-off")
        code = marker[1]
        if code == 0xD9:
            yield marker
            return
        if code == 0x01 or 0xD0 <= code <= 0xD7:
            yield marker
            continue
        length = source.read(2)
        data = source.read(max(0, int.from_bytes(length, "big") - 2))
        if code == 0xE1 and data.startswith(b"Exif\0\0"):
            found = _orientation(data[6:])
            if found != 1 and turned == 1:
                yield _only_orientation(found)
            turned = found if found != 1 else turned
        elif not (0xE0 <= code <= 0xEF or code == 0xFE) or _needed(code, data):
            yield marker + length + data
        if code == 0xDA:
            yield from _scan(source)
            return


def _needed(code: int, data: bytes) -> bool:
    """Whether an application segment is needed to show the picture: JFIF, the colour profile, Adobe's transform."""
    return (
        (code == 0xE0 and data.startswith(b"JFIF\0"))
        or (code == 0xE2 and data.startswith(b"ICC_PROFILE\0"))
        or (code == 0xEE and data.startswith(b"Adobe"))
    )


def _scan(source: Source) -> Iterator[bytes]:
    """All coded data up to the end of the picture, with the tables between its scans; comments among them are left out."""
    while True:
        data, code = source.scan()
        yield data
        if code == 0xD9:
            yield b"\xff\xd9"
            return
        if code:
            length = source.read(2)
            segment = source.read(max(0, int.from_bytes(length, "big") - 2))
            if not (0xE0 <= code <= 0xEF or code == 0xFE):
                yield bytes((0xFF, code)) + length + segment


def _png(source: Source) -> Iterator[bytes]:
    yield source.read(8)
    while True:
        head = source.read(8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        kept = kind in _KEPT_PNG
        if kept:
            yield head
        left = length + 4
        while left:
            piece = source.read(min(left, _PIECE))
            left -= len(piece)
            if kept:
                yield piece
        if kind == b"IEND":
            return


def stripped(stream: Readable, media: str) -> Iterator[bytes]:
    """The pieces of the picture without what it tells. Raises BadInput (damaged, or a kind that can't be stripped)."""
    if media == JPEG:
        yield from _jpeg(Source(stream))
    elif media == PNG:
        yield from _png(Source(stream))
    else:
        raise BadInput("cases.file-not-strippable", media=media)
