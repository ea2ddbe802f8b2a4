"""The parcel: what one request, one answer or one courier file carries from a node to its peer.

Invariant: push, pull and courier use the same parcel with the same bytes under the same numbers, so they mix freely. A
parcel may carry a batch of entries with their statements, receipts for a batch that came, the sender's journal head
with every leaf that the peer has not witnessed yet, and the sender's witness of the peer's head. Each of these is
proven by its own signature; the parcel itself is only a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tansiq.errors import BadInput, TooMuch
from tansiq.protocol.cbor import Fields, Plain, decode, encode, is_moment
from tansiq.protocol.docket import check_agency, check_code
from tansiq.protocol.limits import (
    MAX_BATCH,
    MAX_DOCKET_BYTES,
    MAX_INTEGER,
    MAX_LEAVES,
    MAX_PARCEL_BYTES,
    MAX_PART_BYTES,
    MAX_PARTS,
    MAX_WRAPS,
)

__all__ = ["Fault", "Item", "JournalNews", "Parcel", "Receipts", "parse_parcel"]

VERSION: Final = 1
(_VERSION, _SENDER, _RECEIVER, _EPOCH, _TIME, _NEWS, _KNOWN_SIZE, _WITNESS, _BATCH, _ITEMS, _RECEIPTS, _FAULTS, _WANT,
 _DIRECTORY) = range(14)  # fmt: skip
_KNOWN: Final = frozenset(range(14))


@dataclass(frozen=True, slots=True)
class Item:
    """One entry with what it names; a part that was erased or is not passed on travels as None."""

    entry: bytes
    statement: bytes
    docket: bytes
    proofs: list[Plain]
    parts: tuple[bytes | None, ...]
    wraps: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class JournalNews:
    """A journal's head, its root, and the leaf hashes from ``first`` on that the peer has not seen."""

    head: bytes
    root: bytes
    first: int
    leaves: bytes


@dataclass(frozen=True, slots=True)
class Receipts:
    """Receipts for the batch with this head digest: per entry the leaf's index and time, one proof for all.

    ``size`` is that of the head in the same parcel; ``nodes`` the proof (`multiproof`).
    """

    batch: bytes
    indices: tuple[int, ...]
    times_ms: tuple[int, ...]
    size: int
    nodes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """A received entry that was kept but can't be used: its statement's digest and the reason's code."""

    statement: bytes
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What travels at once (see the module).

    ``known_size`` is how much of the receiver's journal the sender has witnessed; ``want`` how many entries the
    sender would take in the answer; ``time_ms`` (UTC) shows skew and decides nothing.
    """

    sender: str
    receiver: str
    epoch: int
    time_ms: int
    known_size: int
    news: JournalNews | None = None
    witness: bytes = b""
    batch: bytes = b""
    items: tuple[Item, ...] = ()
    receipts: tuple[Receipts, ...] = ()
    faults: tuple[Fault, ...] = ()
    want: int = 0
    directory_version: int = 0
    encoded: bytes = field(default=b"", repr=False, compare=False)

    def to_bytes(self) -> bytes:
        """The parcel's bytes; what is empty is left out."""
        out: dict[int, Plain] = {
            _VERSION: VERSION,
            _SENDER: self.sender,
            _RECEIVER: self.receiver,
            _EPOCH: self.epoch,
            _TIME: self.time_ms,
        }
        if self.news is not None:
            out[_NEWS] = [self.news.head, self.news.root, self.news.first, self.news.leaves]
        out[_KNOWN_SIZE] = self.known_size
        if self.witness:
            out[_WITNESS] = self.witness
        if self.batch:
            out[_BATCH] = self.batch
            out[_ITEMS] = [
                [item.entry, item.statement, item.docket, item.proofs, list(item.parts), list(item.wraps)]
                for item in self.items
            ]
        if self.receipts:
            out[_RECEIPTS] = [
                [got.batch, list(got.indices), list(got.times_ms), got.size, list(got.nodes)] for got in self.receipts
            ]
        if self.faults:
            out[_FAULTS] = [[fault.statement, fault.code] for fault in self.faults]
        if self.want:
            out[_WANT] = self.want
        if self.directory_version:
            out[_DIRECTORY] = self.directory_version
        return encode(out)


def _wrong(field_number: int) -> BadInput:
    return BadInput("protocol.wrong-field", what="parcel", field=field_number)


def _types(value: Plain, types: Sequence[type]) -> bool:
    return type(value) is list and [type(part) for part in value] == list(types)


def _numbers(values: Sequence[Plain]) -> bool:
    return all(type(value) is int and 0 <= value <= MAX_INTEGER for value in values)


def _item(value: Plain) -> Item:
    if not _types(value, (bytes, bytes, bytes, list, list, list)):
        raise _wrong(_ITEMS)
    entry, statement, docket, proofs, parts, wraps = value
    if len(parts) > MAX_PARTS:
        raise TooMuch("protocol.too-many-parts", limit=MAX_PARTS)
    if len(wraps) > MAX_WRAPS:
        raise TooMuch("protocol.too-many-wraps", limit=MAX_WRAPS)
    if any(part is not None and type(part) is not bytes for part in parts) or {*map(type, wraps)} - {bytes}:
        raise _wrong(_ITEMS)
    if len(docket) > MAX_DOCKET_BYTES:
        raise TooMuch("protocol.docket-too-large", limit=MAX_DOCKET_BYTES)
    if any(part is not None and len(part) > MAX_PART_BYTES for part in parts):
        raise TooMuch("protocol.part-too-large", limit=MAX_PART_BYTES)
    return Item(entry, statement, docket, proofs, tuple(parts), tuple(wraps))


def _receipts(value: Plain) -> Receipts:
    if not _types(value, (bytes, list, list, int, list)):
        raise _wrong(_RECEIPTS)
    batch, indices, times, size, nodes = value
    if len(batch) != 32 or len(indices) != len(times) or len(indices) > MAX_BATCH or len(nodes) > MAX_LEAVES:
        raise _wrong(_RECEIPTS)
    if not _numbers((size, *indices)) or not all(map(is_moment, times)) or {*map(type, nodes)} - {bytes}:
        raise _wrong(_RECEIPTS)
    return Receipts(batch, tuple(indices), tuple(times), size, tuple(nodes))


def _news(value: Plain) -> JournalNews:
    if not _types(value, (bytes, bytes, int, bytes)):
        raise _wrong(_NEWS)
    head, root, first, leaves = value
    if len(root) != 32 or len(leaves) % 32 or len(leaves) > 32 * MAX_LEAVES or not _numbers((first,)):
        raise _wrong(_NEWS)
    return JournalNews(head, root, first, leaves)


def _fault(value: Plain) -> Fault:
    if not _types(value, (bytes, str)) or len(value[0]) != 32:
        raise _wrong(_FAULTS)
    return Fault(value[0], check_code(value[1]))


def parse_parcel(data: bytes) -> Parcel:
    """A parcel from its bytes; nothing is verified here. Raises BadInput or TooMuch."""
    if len(data) > MAX_PARCEL_BYTES:
        raise TooMuch("protocol.parcel-too-large", limit=MAX_PARCEL_BYTES)
    fields = Fields(decode(data), what="parcel", known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    if fields.has(_BATCH) != fields.has(_ITEMS):
        raise _wrong(_ITEMS)
    return Parcel(
        sender=check_agency(fields.text(_SENDER, most=64)),
        receiver=check_agency(fields.text(_RECEIVER, most=64)),
        epoch=fields.integer(_EPOCH, least=1),
        time_ms=fields.moment(_TIME),
        known_size=fields.integer(_KNOWN_SIZE),
        news=_news(fields.items(_NEWS, most=4)) if fields.has(_NEWS) else None,
        witness=fields.octets(_WITNESS) if fields.has(_WITNESS) else b"",
        batch=fields.octets(_BATCH) if fields.has(_BATCH) else b"",
        items=tuple(_item(value) for value in fields.items(_ITEMS, most=MAX_BATCH)) if fields.has(_ITEMS) else (),
        receipts=tuple(_receipts(value) for value in fields.items(_RECEIPTS, most=64)) if fields.has(_RECEIPTS) else (),
        faults=tuple(_fault(value) for value in fields.items(_FAULTS, most=MAX_BATCH)) if fields.has(_FAULTS) else (),
        want=fields.integer(_WANT, most=MAX_BATCH) if fields.has(_WANT) else 0,
        directory_version=fields.integer(_DIRECTORY) if fields.has(_DIRECTORY) else 0,
        encoded=data,
    )
