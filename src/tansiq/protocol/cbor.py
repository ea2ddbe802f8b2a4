"""CBOR (RFC 8949): the one encoding of everything that is signed, sealed or sent.

Invariant: what ``decode`` accepts, ``encode`` would write again byte for byte: integers, byte and text strings, arrays,
maps, booleans and null, all in their shortest form, no tags, no floats, nothing indefinite, no key twice; a key is an
integer or a string. So two readers can't understand the same bytes differently (RFC 8949 section 5.6), and no decoder
extension is ever reached.

Maps of the protocol have integer keys. *A reader ignores an unknown key that is positive and refuses one that is
negative* (``Fields``): so version 2 may add what version 1 can do without, and what it can't.

>>> decode(encode({0: 1, 1: b"x"}))
{0: 1, 1: b'x'}
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from typing import Any, Final

import cbor2

from tansiq.errors import BadInput, TooMuch
from tansiq.protocol.limits import MAX_CBOR_DEPTH, MAX_CBOR_ITEMS, MAX_INTEGER, MAX_TIME_MS

__all__ = ["Fields", "Plain", "bstr", "decode", "decode_own", "encode", "is_moment", "only_bstr"]

Plain = Any
"""int, bytes, str, bool, None, and lists and maps of these."""

_INTEGER, _STRING, _ARRAY, _MAP, _SIMPLE, _REFUSED = range(6)
_LEAST: Final = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
"""By the width of a long argument, the least that has no shorter form."""


def _head(initial: int) -> tuple[int, int, int]:
    """What an initial byte says: the sort of the item, its argument, and the width of a longer argument (or 0)."""
    major, short = initial >> 5, initial & 31
    if major == 7:
        return (_SIMPLE if short in {20, 21, 22} else _REFUSED), 0, 0
    if short > 27 or major == 6:
        return _REFUSED, 0, 0
    sort = (_INTEGER, _INTEGER, _STRING, _STRING, _ARRAY, _MAP)[major]
    return (sort, short, 0) if short < 24 else (sort, 0, 1 << (short - 24))


_HEADS: Final = tuple(_head(initial) for initial in range(256))
_SKIPS: Final = bytes(
    0 if sort in {_ARRAY, _MAP, _REFUSED} or width else 1 + argument * (sort == _STRING)
    for sort, argument, width in _HEADS
)
"""By the initial byte, how long an item is that its initial byte tells all of; else 0."""


class _Writer(threading.local):
    """Each thread's encoder: making one anew costs a good part of what it writes."""

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        self.encoder = cbor2.CBOREncoder(io.BytesIO())


_writer = _Writer()


def encode(value: Plain) -> bytes:
    """The bytes of ``value``; maps keep the order in which they were built.

    ``value`` is Plain, built here or decoded here: the library would write other sequences too, and follow any depth.
    """
    try:
        return _writer.encoder.encode_to_bytes(value)
    except BaseException:
        _writer.renew()  # what failed half-way leaves nothing behind
        raise


def _load(data: bytes, *, twice: bool = False) -> Plain:
    """The value of ``data``; of a key that comes twice the later value, where that is let pass. Raises BadInput."""
    try:
        return cbor2.loads(data, allow_indefinite=False, allow_duplicate_keys=twice)
    except cbor2.CBORDecodeError as error:
        if isinstance(error.__cause__, MemoryError):  # this machine's want, no fault of the data
            raise error.__cause__ from None
        raise BadInput("protocol.not-plain", at=0) from error


def bstr(data: bytes) -> bytes:
    """``data`` as a CBOR byte string, for building signed structures without a second copy of the encoder."""
    size = len(data)
    if size < 24:
        return bytes((0x40 | size,)) + data
    if size < 256:
        return bytes((0x58, size)) + data
    if size < 65536:
        return b"\x59" + size.to_bytes(2, "big") + data
    return b"\x5a" + size.to_bytes(4, "big") + data


def _open_head(data: bytes, at: int) -> tuple[int, int, int]:
    """Of the item at ``at``: its sort, its argument (an integer's as 0: nothing follows), and where its head ends."""
    sort, argument, width = _HEADS[data[at]]
    if sort == _REFUSED:
        raise BadInput("protocol.not-plain", at=at)
    at += 1
    if width:
        argument = int.from_bytes(data[at : at + width], "big")
        if at + width > len(data):
            raise BadInput("protocol.truncated", at=at)
        if argument < _LEAST[width]:
            raise BadInput("protocol.not-shortest", at=at)
        at += width
    if sort == _INTEGER:
        return sort, 0, at
    if argument > len(data) - at:  # an item takes a byte at least: no room for an invented length
        raise BadInput("protocol.truncated", at=len(data))
    return sort, argument, at


def _walk(data: bytes, depth_limit: int, item_limit: int) -> int:
    """Walks the heads of ``data`` once, without recursion, and returns where its one item ends.

    Raises IndexError when it is cut off.
    """
    at = 0
    items = left = 1  # what the innermost open container still wants; of a map, an even count before a key
    in_map = False
    outer: list[int] = []  # the same of those around it, a map's as its complement
    while True:
        while left:
            head = data[at]
            if in_map and head > 0x7F and not left & 1:
                raise BadInput("protocol.not-plain", at=at)
            left -= 1
            if skip := _SKIPS[head]:
                at += skip
                continue
            if head & 0xDF == 0x58 and (size := data[at + 1]) > 23:  # strings of a line, hashes: no call for these
                at += 2 + size
                continue
            if 0x80 <= head < 0x98 or 0xA0 <= head < 0xB8:  # short arrays and maps, which most are
                at += 1
                sort, argument = (_MAP if head & 0x20 else _ARRAY), head & 0x1F
            else:
                sort, argument, at = _open_head(data, at)
            if sort < _ARRAY:
                at += argument
                continue
            if len(outer) >= depth_limit:
                raise TooMuch("protocol.too-deep", limit=depth_limit)
            outer.append(~left if in_map else left)
            in_map = sort == _MAP
            left = argument
            if in_map:
                left *= 2
            items += left
            if items > item_limit:
                raise TooMuch("protocol.too-many-items", limit=item_limit)
        if not outer:
            return at
        left = outer.pop()
        in_map = left < 0
        left = ~left if in_map else left


def _check(data: bytes, depth_limit: int, item_limit: int) -> None:
    """Raises BadInput or TooMuch unless ``data`` is one item, plain, in its shortest form and within the limits."""
    try:
        end = _walk(data, depth_limit, item_limit)
    except IndexError:
        raise BadInput("protocol.truncated", at=len(data)) from None
    if end > len(data):
        raise BadInput("protocol.truncated", at=len(data))
    if end < len(data):
        raise BadInput("protocol.trailing-bytes", at=end)


def decode(data: bytes, *, depth: int = MAX_CBOR_DEPTH, items: int = MAX_CBOR_ITEMS) -> Plain:
    """The value of ``data``.

    Raises BadInput (not well formed, not in the shortest form, a tag, a float, a key twice, bytes left over)
    and TooMuch (deeper than ``depth``, more than ``items`` values).
    """
    _check(data, depth, items)
    try:
        return _load(data)
    except BadInput:
        _load(data, twice=True)  # raises the same again, unless a key that came twice was all that is wrong
        raise BadInput("protocol.key-twice") from None


def decode_own(data: bytes) -> Plain:
    """The value of ``data``, which this node encoded itself and kept; it isn't checked again. Raises BadInput when it is damaged."""
    return _load(data)


def only_bstr(data: bytes, at: int) -> bytes | None:
    """The byte string that takes up all of ``data`` from ``at`` on; None when another sort of item stands there.

    What `decode` would give of it, at a fraction of the cost. Raises BadInput as `decode` does.
    """
    if at >= len(data):
        raise BadInput("protocol.truncated", at=at)
    _, argument, start = _open_head(data, at)
    if data[at] >> 5 != 2:
        return None
    if start + argument < len(data):
        raise BadInput("protocol.trailing-bytes", at=start + argument)
    return data[start:]


def is_moment(value: Plain) -> bool:
    """Whether ``value`` is a moment in UTC milliseconds that a calendar can write; for those that stand in arrays."""
    return type(value) is int and 0 <= value <= MAX_TIME_MS


class Fields:
    """A decoded map of the protocol, read field by field with the types that are expected.

    ``what`` names the thing in errors; ``known`` are the keys that this version understands. Raises BadInput for
    anything but a map with integer keys and for a key that only a newer version understands ('protocol.newer-version').
    """

    __slots__ = ("_map", "_what")

    def __init__(self, value: Plain, *, what: str, known: frozenset[int]) -> None:
        if type(value) is not dict:
            raise BadInput("protocol.wrong-field", what=what, field="-")
        for key in value:
            if type(key) is not int:
                raise BadInput("protocol.wrong-field", what=what, field="key")
            if key < 0 and key not in known:
                raise BadInput("protocol.newer-version", what=what, field=key)
        self._map: Mapping[int, Plain] = value
        self._what = what

    def _wrong(self, key: int) -> BadInput:
        return BadInput("protocol.wrong-field", what=self._what, field=key)

    def has(self, key: int) -> bool:
        """Whether the map has ``key`` at all."""
        return key in self._map

    def integer(self, key: int, *, least: int = 0, most: int = MAX_INTEGER) -> int:
        """The integer under ``key``, from ``least`` to ``most``. Raises BadInput, as all that follow do."""
        value = self._map.get(key)
        if type(value) is not int or not least <= value <= most:
            raise self._wrong(key)
        return value

    def moment(self, key: int) -> int:
        """The moment under ``key`` in UTC milliseconds, no later than `MAX_TIME_MS`. Every time is read with this."""
        return self.integer(key, most=MAX_TIME_MS)

    def octets(self, key: int, *, size: int | None = None, most: int = 1 << 24) -> bytes:
        """The byte string under ``key``: of ``size`` bytes, or at most ``most``."""
        value = self._map.get(key)
        if type(value) is not bytes or len(value) > most or (size is not None and len(value) != size):
            raise self._wrong(key)
        return value

    def text(self, key: int, *, most: int = 256) -> str:
        """The text under ``key``, of at most ``most`` characters."""
        value = self._map.get(key)
        if type(value) is not str or len(value) > most:
            raise self._wrong(key)
        return value

    def items(self, key: int, *, most: int) -> list[Plain]:
        """The array under ``key``, of at most ``most`` values of any type."""
        value = self._map.get(key)
        if type(value) is not list or len(value) > most:
            raise self._wrong(key)
        return value

    def texts(self, key: int, *, most: int, length: int = 256) -> tuple[str, ...]:
        """The array of at most ``most`` texts under ``key``, each of at most ``length`` characters."""
        values = self.items(key, most=most)
        if any(type(value) is not str or len(value) > length for value in values):
            raise self._wrong(key)
        return tuple(values)

    def octet_strings(self, key: int, *, most: int, size: int | None = None) -> tuple[bytes, ...]:
        """The array of at most ``most`` byte strings under ``key``, each of ``size`` bytes where that is given."""
        values = self.items(key, most=most)
        if any(type(value) is not bytes or (size is not None and len(value) != size) for value in values):
            raise self._wrong(key)
        return tuple(values)

    def mapping(self, key: int) -> dict[Plain, Plain]:
        """The map under ``key``; what it holds is not looked at."""
        value = self._map.get(key)
        if type(value) is not dict:
            raise self._wrong(key)
        return value

    def true(self, key: int) -> bool:
        """The boolean under ``key``; False when there is none."""
        value = self._map.get(key, False)
        if type(value) is not bool:
            raise self._wrong(key)
        return value
