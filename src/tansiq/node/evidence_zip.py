"""The container of an evidence file: a ZIP (PKWARE APPNOTE 6.3) of which there is exactly one for its members.

Invariant: stored without compression, sorted by name, one fixed time, no comment and no extra field; a reader writes
again all but the contents and compares every byte. So a bit changed anywhere, the headers included, is refused, nothing can
hide between members, and there is no bomb to unpack. Written here and not by a library, so that a file verifies the
same under every later version. Any ZIP program opens it.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Mapping
from typing import Final

from tansiq.errors import NotProven

__all__ = ["MAX_EVIDENCE_BYTES", "MAX_MEMBERS", "read_zip", "write_zip"]

MAX_EVIDENCE_BYTES: Final = 128 * 1024 * 1024
MAX_MEMBERS: Final = 65_000
"""The format counts to 65,535."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}(?:/[A-Za-z0-9][A-Za-z0-9._-]{0,127})?")
"""At most one folder; no blank, no backslash, nothing that begins with a dot."""
_COMMON: Final = struct.Struct("<5H3L2H")
"""Version needed, flags, method, time, date; checksum, size, size; length of the name and of the extra field."""
_VERSION, _STORED, _MIDNIGHT, _DAY = 10, 0, 0, (1 << 5) | 1
"""The day is 1980-01-01, the first that the format knows."""
_LOCAL: Final = b"PK\x03\x04"
_CENTRAL: Final = b"PK\x01\x02" + struct.pack("<H", 3 << 8 | _VERSION)
_REST: Final = struct.Struct("<3H2L")
_READABLE: Final = 0o100644 << 16
_END: Final = struct.Struct("<4s4H2LH")


def _headers(name: str, data: bytes, at: int) -> tuple[bytes, bytes]:
    """What stands before the content of the member that begins at ``at``, and what the central directory says of it."""
    encoded = name.encode("ascii")
    common = _COMMON.pack(
        _VERSION, 0, _STORED, _MIDNIGHT, _DAY, zlib.crc32(data), len(data), len(data), len(encoded), 0
    )
    return _LOCAL + common + encoded, _CENTRAL + common + _REST.pack(0, 0, 0, _READABLE, at) + encoded


def _end(count: int, directory: bytearray, at: int) -> bytes:
    """The central directory, which begins at ``at``, and what ends the archive."""
    return bytes(directory) + _END.pack(b"PK\x05\x06", 0, 0, count, count, len(directory), at, 0)


def write_zip(members: Mapping[str, bytes]) -> bytes:
    """The one archive of ``members`` (name to content)."""
    archive, directory = bytearray(), bytearray()
    for name, data in sorted(members.items()):
        local, central = _headers(name, data, len(archive))
        archive += local + data
        directory += central
    archive += _end(len(members), directory, len(archive))
    return bytes(archive)


def read_zip(data: bytes) -> dict[str, bytes]:
    """The members of an archive that ``write_zip`` wrote. Raises NotProven('evidence.altered-container', at).

    Takes no more memory than the members: each header is written again and compared where it stands.
    """
    members: dict[str, bytes] = {}
    directory = bytearray()
    at, last = 0, ""
    while data.startswith(_LOCAL, at):
        start = at + len(_LOCAL) + _COMMON.size
        if start > len(data):
            raise NotProven("evidence.altered-container", at=at)
        *_, size, length, _ = _COMMON.unpack_from(data, at + len(_LOCAL))
        name = data[start : start + length].decode("ascii", "replace")
        after = start + length + size
        if after > len(data) or not _NAME.fullmatch(name) or name <= last or len(members) >= MAX_MEMBERS:
            raise NotProven("evidence.altered-container", at=at)
        members[name] = data[start + length : after]
        local, central = _headers(name, members[name], at)
        if not data.startswith(local, at):
            raise NotProven("evidence.altered-container", at=at)
        directory += central
        at, last = after, name
    end = _end(len(members), directory, at)
    if len(data) != at + len(end) or not data.endswith(end):
        raise NotProven("evidence.altered-container", at=at)
    return members
