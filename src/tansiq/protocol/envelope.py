"""Envelopes: one hop's wrapping of a statement, signed in batches by the node that sends them.

Invariant: an *entry* names exactly one hop (from, to, epoch, lane, number), one statement by its digest and every wrap
by its hash; the node signs the root (RFC 9162) over a batch of entries. So one signature serves a batch, each entry can
be proven alone (the head and a path), an altered or re-addressed entry proves nothing, and a wrap can be erased while
the proof stays.
Numbers count from 1 without a gap per relation, epoch and lane; they are given when a statement is released.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import Fields, Plain, decode, encode, is_moment
from tansiq.protocol.cose import Sign1, parse_sign1, sign1
from tansiq.protocol.docket import check_agency, check_post
from tansiq.protocol.keys import PublicSigningKey, Signer
from tansiq.protocol.limits import MAX_BATCH, MAX_EPOCH, MAX_HANDOVERS, MAX_WRAPS
from tansiq.protocol.merkle import leaf_hash, root_of
from tansiq.protocol.wraps import Wrap

__all__ = [
    "KIND", "BatchHead", "Entry", "Handover", "Lane", "check_batch", "check_wraps", "make_batch_head",
    "named_wraps", "parse_batch_head", "parse_entry",
]  # fmt: skip

KIND: Final = "envelope"
VERSION: Final = 1
(_VERSION, _SENDER, _RECEIVER, _EPOCH, _LANE, _NUMBER, _STATEMENT, _WRAPS, _HANDOVERS, _RELEASED) = range(10)
_KNOWN: Final = frozenset(range(10))
_B_COUNT, _B_ROOT, _B_TIME = 4, 5, 6
_B_KNOWN: Final = frozenset(range(7))


class Lane(IntEnum):
    """Nothing urgent waits behind what is bulky: each lane has numbers of its own."""

    URGENT = 0
    NORMAL = 1
    BULK = 2


@dataclass(frozen=True, slots=True)
class Handover:
    """A desk on the way: when the statement was taken there and when it was handed on (UTC milliseconds)."""

    post: str
    taken_ms: int
    handed_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One statement on one hop; ``released_ms`` is UTC, ``wraps`` are the wraps' hashes in order."""

    sender: str
    receiver: str
    epoch: int
    lane: Lane
    number: int
    statement: bytes
    wraps: tuple[bytes, ...]
    handovers: tuple[Handover, ...] = ()
    released_ms: int

    def to_bytes(self) -> bytes:
        """The entry's bytes."""
        return encode(
            {
                _VERSION: VERSION,
                _SENDER: self.sender,
                _RECEIVER: self.receiver,
                _EPOCH: self.epoch,
                _LANE: int(self.lane),
                _NUMBER: self.number,
                _STATEMENT: self.statement,
                _WRAPS: list(self.wraps),
                _HANDOVERS: [[hop.post, hop.taken_ms, hop.handed_ms] for hop in self.handovers],
                _RELEASED: self.released_ms,
            }
        )


def _parse_handover(value: Plain) -> Handover:
    if type(value) is list and len(value) == 3:
        post, taken_ms, handed_ms = value
        if type(post) is str and is_moment(taken_ms) and is_moment(handed_ms):
            return Handover(check_post(post), taken_ms, handed_ms)
    raise BadInput("protocol.wrong-field", what="entry", field=_HANDOVERS)


def parse_entry(data: bytes) -> Entry:
    """An entry from its bytes. Raises BadInput."""
    fields = Fields(decode(data), what="entry", known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    return Entry(
        sender=check_agency(fields.text(_SENDER, most=64)),
        receiver=check_agency(fields.text(_RECEIVER, most=64)),
        epoch=fields.integer(_EPOCH, least=1, most=MAX_EPOCH),
        lane=Lane(fields.integer(_LANE, most=2)),
        number=fields.integer(_NUMBER, least=1),
        statement=fields.octets(_STATEMENT, size=32),
        wraps=fields.octet_strings(_WRAPS, most=MAX_WRAPS, size=32),
        handovers=tuple(_parse_handover(value) for value in fields.items(_HANDOVERS, most=MAX_HANDOVERS)),
        released_ms=fields.moment(_RELEASED),
    )


@dataclass(frozen=True, slots=True)
class BatchHead:
    """The signed head of a batch of entries; ``encoded`` are its bytes as they came."""

    sender: str
    receiver: str
    epoch: int
    count: int
    root: bytes
    time_ms: int
    encoded: bytes = field(repr=False)
    signature: Sign1 = field(repr=False)

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the head's bytes: what receipts name the batch by."""
        return hashlib.sha256(self.encoded).digest()


def make_batch_head(
    *, sender: str, receiver: str, epoch: int, time_ms: int, entries: Sequence[bytes], signer: Signer
) -> BatchHead:
    """Signs the root over the bytes of ``entries``, in order."""
    payload = encode(
        {
            _VERSION: VERSION,
            _SENDER: sender,
            _RECEIVER: receiver,
            _EPOCH: epoch,
            _B_COUNT: len(entries),
            _B_ROOT: root_of([leaf_hash(entry) for entry in entries]),
            _B_TIME: time_ms,
        }
    )
    return parse_batch_head(sign1(payload, kind=KIND, signer=signer))


def parse_batch_head(encoded: bytes) -> BatchHead:
    """A batch head from its bytes; the signature is verified by `check_batch`. Raises BadInput."""
    signature = parse_sign1(encoded, kind=KIND)
    if signature.payload is None:
        raise BadInput("protocol.not-sign1")
    fields = Fields(decode(signature.payload), what="batch", known=_B_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    return BatchHead(
        sender=check_agency(fields.text(_SENDER, most=64)),
        receiver=check_agency(fields.text(_RECEIVER, most=64)),
        epoch=fields.integer(_EPOCH, least=1, most=MAX_EPOCH),
        count=fields.integer(_B_COUNT, least=1, most=MAX_BATCH),
        root=fields.octets(_B_ROOT, size=32),
        time_ms=fields.moment(_B_TIME),
        encoded=encoded,
        signature=signature,
    )


def check_batch(head: BatchHead, *, entries: Sequence[bytes], key: PublicSigningKey) -> None:
    """Raises NotProven unless ``key`` signed exactly these entries in this order."""
    head.signature.verify(key)
    if head.count != len(entries) or root_of([leaf_hash(entry) for entry in entries]) != head.root:
        raise NotProven("protocol.other-batch")


def named_wraps(entry: Entry, wraps: Sequence[bytes]) -> list[bytes]:
    """Those of the encoded ``wraps`` that the entry names, in its order."""
    found = {hashlib.sha256(wrap).digest(): wrap for wrap in wraps}
    return [found[digest] for digest in entry.wraps if digest in found]


def check_wraps(entry: Entry, wraps: Sequence[Wrap]) -> None:
    """Raises NotProven unless these are the wraps that the entry names, in order."""
    if tuple(wrap.digest for wrap in wraps) != entry.wraps:
        raise NotProven("protocol.other-wraps")
