"""A number used twice: what a peer signed under it both times is kept, for nobody signs that by mistake unnoticed.

Invariant: the second use changes nothing else; the parcel that brought it is refused whole. Each half can be shown to anybody who
has the peer's directory document: the entry, the signed head of its batch, and the leaves over which that head stands.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.errors import NotProven
from tansiq.exchange.context import Context
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.envelope import BatchHead, Entry
from tansiq.protocol.merkle import leaf_hash

__all__ = ["Half", "Proof", "UsedTwice", "proof_kept", "proofs"]

_MOST = 16
"""Of one peer; who lies that often needs no more proof, and must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Half:
    """What was signed once: the entry, the encoded head of its batch, and the batch's leaves one after the other."""

    entry: bytes
    head: bytes
    leaves: bytes

    def to_bytes(self) -> bytes:
        """As it is stored."""
        return encode([self.entry, self.head, self.leaves])


def _half(stored: object) -> Half:
    return Half(*decode(bytes(stored)))  # type: ignore[call-overload]  # a column of bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """Both halves, and when the second came (UTC milliseconds)."""

    peer: str
    epoch: int
    lane: int
    number: int
    at_ms: int
    first: Half
    second: Half


class UsedTwice(NotProven):
    """A peer used a number for two entries. ``first`` is that which came before, ``head`` and ``entries`` the batch of the second."""

    def __init__(self, entry: Entry, first: bytes, second: bytes, *, head: BatchHead, entries: Sequence[bytes]) -> None:
        super().__init__("exchange.number-used-twice", peer=entry.sender, number=entry.number)
        self.entry = entry
        self.first = first
        self.second = Half(second, head.encoded, b"".join(map(leaf_hash, entries)))


def _first(found: UsedTwice) -> Half:
    """The first half: of a batch taken before, or of the same batch."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.head, b.leaves FROM exchange_received r JOIN exchange_batch b ON b.digest = r.batch "
            "WHERE r.peer = %s AND r.epoch = %s AND r.lane = %s AND r.number = %s AND r.entry = %s",
            (found.entry.sender, found.entry.epoch, int(found.entry.lane), found.entry.number, found.first),
        )
        row = cursor.fetchone()
    return Half(found.first, *((bytes(row[0]), bytes(row[1])) if row else (found.second.head, found.second.leaves)))


@contextlib.contextmanager
def proof_kept(context: Context) -> Iterator[None]:
    """Keeps the proof of a number used twice after all else was rolled back; the error goes on."""
    try:
        yield
    except UsedTwice as found:
        entry = found.entry
        if found.first == found.second.entry:  # the same again in one batch: refused, but no contradiction
            raise
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO exchange_used_twice (peer, epoch, lane, number, at_ms, first, second) "
                "SELECT %s, %s, %s, %s, %s, %s, %s WHERE (SELECT COUNT(*) FROM exchange_used_twice WHERE peer = %s) < %s "
                "ON CONFLICT DO NOTHING",
                (
                    entry.sender, entry.epoch, int(entry.lane), entry.number, context.clock(), _first(found).to_bytes(),
                    found.second.to_bytes(), entry.sender, _MOST,
                ),
            )  # fmt: skip
        raise


def proofs() -> list[Proof]:
    """All that is proven, the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT peer, epoch, lane, number, at_ms, first, second FROM exchange_used_twice "
            "ORDER BY at_ms, peer, epoch, lane, number"
        )
        return [
            Proof(row[0], row[1], row[2], row[3], row[4], _half(row[5]), _half(row[6])) for row in cursor.fetchall()
        ]
