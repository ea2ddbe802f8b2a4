"""Parcels out: a batch, receipts, our journal's news and our witness, put together for one peer.

Invariant: push, answer and courier are made here alone. The news always covers what was committed before, so that a receipt in a
parcel can be checked against the head beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from tansiq.exchange.context import Context
from tansiq.exchange.peers import peer_state
from tansiq.exchange.release import OutgoingBatch
from tansiq.journal.mirror import mirrored_size, our_witness
from tansiq.journal.queries import JournalNodes, leaf_hashes, witnessed_size
from tansiq.journal.services import Position, head_of, position
from tansiq.protocol.limits import MAX_LEAVES
from tansiq.protocol.multiproof import needed
from tansiq.protocol.parcel import Fault, JournalNews, Parcel, Receipts

__all__ = ["Taken", "make_parcel", "news_for", "receipts_for"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch that we took: its head's digest, and for each entry the number and time of its leaf in our journal."""

    batch: bytes
    indices: tuple[int, ...]
    times_ms: tuple[int, ...]
    faults: tuple[Fault, ...] = ()


def news_for(peer: str, *, context: Context, now_ms: int) -> tuple[JournalNews, Position]:
    """Our journal with ``peer`` as it stands: the signed head and every leaf that the peer has not witnessed."""
    at = position(peer)
    head = head_of(peer, at, agency=context.agency, time_ms=now_ms, signer=context.signer)
    first = max(witnessed_size(peer), at.size - MAX_LEAVES)
    return JournalNews(head, at.root, first, leaf_hashes(peer, first, at.size)), at


def receipts_for(taken: Sequence[Taken], peer: str, at: Position) -> tuple[Receipts, ...]:
    """Receipts for the batches that were taken, under the head at ``at``."""
    out = []
    for batch in taken:
        wanted = needed(sorted(set(batch.indices)), at.size)
        nodes = JournalNodes(peer).nodes(wanted)
        out.append(Receipts(batch.batch, batch.indices, batch.times_ms, at.size, tuple(nodes[node] for node in wanted)))
    return tuple(out)


def make_parcel(
    peer: str, *, context: Context, batch: OutgoingBatch | None = None, taken: Sequence[Taken] = (), want: int = 0
) -> Parcel:
    """The parcel for ``peer`` now: ``batch`` to deliver, receipts for what was ``taken``, ``want`` entries back."""
    now_ms = context.clock()
    with transaction.atomic(savepoint=False):
        state = peer_state(peer)
        news, at = news_for(peer, context=context, now_ms=now_ms)
        return Parcel(
            sender=context.agency,
            receiver=peer,
            epoch=state.our_epoch,
            time_ms=now_ms,
            known_size=mirrored_size(peer),
            news=news,
            witness=our_witness(peer, agency=context.agency, time_ms=now_ms, signer=context.signer),
            batch=batch.head.encoded if batch else b"",
            items=batch.items if batch else (),
            receipts=receipts_for(taken, peer, at),
            faults=tuple(fault for one in taken for fault in one.faults),
            want=want,
            directory_version=context.directory.number,
        )
