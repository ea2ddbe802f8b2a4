"""Identifiers that sort by the time they were made: UUID version 7 (RFC 9562, section 5.7).

Invariant: sixteen bytes with version 7 and the RFC's variant, and for each of them one text only (lower case, hyphens).
The time in an identifier is its maker's word and proves nothing: order and replay are judged by numbers and journals.

>>> id_text(new_id(1_645_557_742_000, bytes.fromhex("0cc318c4dc0c0c07398f")))
'017f22e2-79b0-7cc3-98c4-dc0c0c07398f'
"""

from __future__ import annotations

import secrets
import threading
from typing import Final

from tansiq.errors import BadInput

__all__ = ["IdMaker", "id_text", "id_time", "new_id", "parse_id"]

_SIZE: Final = 16
_RANDOM_SIZE: Final = 10
_MAX_MS: Final = 2**48 - 1
_FIXED: Final = 0x7000_8000_0000_0000_0000
"""Version and variant, where they stand in the lower 80 bits."""
_FREE: Final = 0x0FFF_3FFF_FFFF_FFFF_FFFF
"""The 74 random bits among the lower 80: 12 of ``rand_a``, 62 of ``rand_b``."""
_STEP_BYTES: Final = 4


def new_id(now_ms: int, random: bytes | None = None) -> bytes:
    """A new identifier of 16 bytes.

    Arguments: ``now_ms`` milliseconds since 1970 (Unix time, below 2**48); ``random`` 10 bytes, of which the 74 bits
    that are free are used in place, drawn from ``secrets`` when None. Raises BadInput when either does not fit.
    """
    if random is None:
        random = secrets.token_bytes(_RANDOM_SIZE)
    elif len(random) != _RANDOM_SIZE:
        raise BadInput("ids.wrong-random", wanted=_RANDOM_SIZE, got=len(random))
    if not 0 <= now_ms <= _MAX_MS:
        raise BadInput("ids.wrong-time")
    return (now_ms << 80 | int.from_bytes(random, "big") & _FREE | _FIXED).to_bytes(_SIZE, "big")


def id_text(identifier: bytes) -> str:
    """The one text of an identifier: 36 characters, lower case. Raises BadInput unless it is 16 bytes long."""
    if len(identifier) != _SIZE:
        raise BadInput("ids.wrong")
    digits = identifier.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def parse_id(text_or_bytes: str | bytes) -> bytes:
    """The 16 bytes of an identifier that came from outside, as its text or as its bytes.

    Raises BadInput("ids.wrong") for anything but a version 7 identifier, and for every other way to write one.
    """
    if isinstance(text_or_bytes, str):
        identifier = _read(text_or_bytes)
    else:
        identifier = bytes(text_or_bytes)
    if len(identifier) != _SIZE or identifier[6] >> 4 != 7 or identifier[8] >> 6 != 2:
        raise BadInput("ids.wrong")
    return identifier


def _read(text: str) -> bytes:
    if len(text) != 36:
        raise BadInput("ids.wrong")
    try:
        identifier = bytes.fromhex(text.replace("-", ""))
    except ValueError:
        raise BadInput("ids.wrong") from None
    # Writing it again settles case, hyphens and the blanks that ``fromhex`` would pass over.
    if len(identifier) != _SIZE or id_text(identifier) != text:
        raise BadInput("ids.wrong")
    return identifier


def id_time(identifier: bytes) -> int:
    """When its maker says that it was made, in milliseconds since 1970. Raises BadInput unless it is 16 bytes long."""
    if len(identifier) != _SIZE:
        raise BadInput("ids.wrong")
    return int.from_bytes(identifier[:6], "big")


class IdMaker:
    """Makes identifiers that only ever grow within this process, also when the clock stands still or is set back.

    As RFC 9562, section 6.2, method 2: as long as the time is not later than the last one, the random part grows by
    a random step of at most 2**32 from the last; draws from ``secrets``. May be shared by threads.
    """

    __slots__ = ("_last", "_lock")

    def __init__(self) -> None:
        self._last = -1
        self._lock = threading.Lock()

    def make(self, now_ms: int) -> bytes:
        """A new identifier, greater than all made before; ``now_ms`` as in ``new_id``. Raises BadInput as it does."""
        with self._lock:
            if 0 <= now_ms <= self._last >> 74:
                self._last += 1 + int.from_bytes(secrets.token_bytes(_STEP_BYTES), "big")
                return _fixed(self._last)
            fresh = new_id(now_ms)
            self._last = _unfixed(fresh)
            return fresh


def _unfixed(identifier: bytes) -> int:
    """The 122 free bits as one number, so that a step carries over version and variant into the time."""
    value = int.from_bytes(identifier, "big")
    return (value >> 80) << 74 | (value >> 64 & 0xFFF) << 62 | value & (1 << 62) - 1


def _fixed(number: int) -> bytes:
    if number >> 122:
        raise BadInput("ids.wrong-time")
    value = (number >> 74) << 80 | (number >> 62 & 0xFFF) << 64 | number & (1 << 62) - 1
    return (value | _FIXED).to_bytes(_SIZE, "big")
