"""Pictures and documents for tests, made by script: small, valid, with whatever they should tell or hide.

Invariant: nobody's picture: the pixels are drawn from a counter.
"""

from __future__ import annotations

import random
import struct
import zlib

__all__ = ["exif", "jpeg", "pdf", "png", "segment", "webp"]


def segment(marker: int, data: bytes) -> bytes:
    """A JPEG segment."""
    return bytes((0xFF, marker)) + (len(data) + 2).to_bytes(2, "big") + data


def exif(*, gps: bool = True, make: bool = True, orientation: int = 6) -> bytes:
    """The data of an Exif segment: tags of a camera, a direction, a place."""
    entries = []
    if make:
        entries.append(struct.pack(">HHII", 0x010F, 2, 4, 0x58585800))
    if orientation:
        entries.append(struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0))
    if gps:
        entries.append(struct.pack(">HHII", 0x8825, 4, 1, 0))
    body = struct.pack(">H", len(entries)) + b"".join(entries) + bytes(4)
    return b"Exif\0\0MM\0*" + struct.pack(">I", 8) + body


def jpeg(
    *, width: int = 640, height: int = 480, length: int = 2_000, tells: bytes = b"", more: bytes = b"", seed: int = 1
) -> bytes:
    """A JPEG in form: its coded data are noise with stuffed bytes, of about ``length`` bytes."""
    noise = random.Random(seed).randbytes(length).replace(b"\xff", b"\xff\x00")
    frame = b"\x08" + height.to_bytes(2, "big") + width.to_bytes(2, "big") + b"\x01\x01\x11\x00"
    return b"".join(
        (
            b"\xff\xd8",
            segment(0xE0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
            segment(0xE1, tells) if tells else b"",
            more,
            segment(0xDB, bytes(65)),
            segment(0xC0, frame),
            segment(0xDA, b"\x01\x01\x00\x00\x3f\x00"),
            noise,
            b"\xff\xd0",
            noise[:100].replace(b"\xff", b"\x01"),
            b"\xff\xd9",
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")


def png(*, width: int = 4, height: int = 4, more: bytes = b"", text: bytes = b"") -> bytes:
    """A PNG, whole."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"".join(b"\0" + bytes(min(width, 64)) for _ in range(min(height, 64))))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _chunk(b"tEXt", b"Comment\0" + text) if text else b"",
            more,
            _chunk(b"IDAT", rows),
            _chunk(b"IEND", b""),
        )
    )


def webp(*, width: int = 32, height: int = 16, tells: bool = False) -> bytes:
    """A WebP in form, extended."""
    extended = b"\x08\0\0\0" + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + len(extended).to_bytes(4, "little") + extended
    body += b"VP8 " + (10).to_bytes(4, "little") + bytes(10)
    if tells:
        data = exif()[6:]
        body += b"EXIF" + len(data).to_bytes(4, "little") + data + bytes(len(data) & 1)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def pdf(*, active: bool = False) -> bytes:
    """A PDF of no page."""
    action = b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>" if active else b""
    return b"%PDF-1.7\n1 0 obj << /Type /Catalog " + action + b" >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
