"""Parcels out: a batch, receipts, our journal's news and our witness, put together for one peer.

Invariant: push, answer and courier are made here alone. The news begins where the peer's witness ends, so it can always be mirrored:
a peer that is far behind catches up parcel by parcel, `MAX_LEAVES` at a time. A parcel carries only receipts that the head beside them
covers; the others stay owed until a later one does.
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
from tansiq.journal.services import Position, head_of, position, position_at
from tansiq.protocol.heads import parse_head
from tansiq.protocol.limits import MAX_LEAVES
from tansiq.protocol.multiproof import needed
from tansiq.protocol.parcel import Fault, JournalNews, Parcel, Receipts

__all__ = ["Taken", "make_parcel", "news_for", "news_goes_on", "receipts_for", "receipts_left"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A batch that we took: its head's digest, and for each entry the number and time of its leaf in our journal."""

    batch: bytes
    indices: tuple[int, ...]
    times_ms: tuple[int, ...]
    faults: tuple[Fault, ...] = ()


def news_for(peer: str, *, context: Context, now_ms: int, told: int = 0) -> tuple[JournalNews, Position]:
    """Our journal with ``peer``: a signed head and the leaves up to it that the peer has not witnessed, and where that head stands.

    It stands where the journal does, or `MAX_LEAVES` beyond what is witnessed where that comes first. ``told`` leaves go before this
    on the same way.
    """
    at = position(peer)
    first = max(witnessed_size(peer), told)
    if at.size > first + MAX_LEAVES:
        at = position_at(peer, at, size=first + MAX_LEAVES)
    head = head_of(peer, at, agency=context.agency, time_ms=now_ms, signer=context.signer)
    return JournalNews(head, at.root, first, leaf_hashes(peer, first, at.size)), at


def news_goes_on(parcel: Parcel, *, known: int) -> bool:
    """Whether the news in ``parcel`` is as long as news may be and its head lies beyond the ``known`` leaves: more of it follows, and
    receipts perhaps only then.
    """
    news = parcel.news
    return news is not None and len(news.leaves) == 32 * MAX_LEAVES and parse_head(news.head).size > known


def receipts_for(taken: Sequence[Taken], peer: str, at: Position) -> tuple[Receipts, ...]:
    """Receipts for the batches that were taken, under the head at ``at``."""
    out = []
    for batch in taken:
        wanted = needed(sorted(set(batch.indices)), at.size)
        nodes = JournalNodes(peer).nodes(wanted)
        out.append(Receipts(batch.batch, batch.indices, batch.times_ms, at.size, tuple(nodes[node] for node in wanted)))
    return tuple(out)


def receipts_left(taken: Sequence[Taken], parcel: Parcel) -> list[Taken]:
    """Those of ``taken`` for which ``parcel`` carries no receipts: its head stands before their leaves."""
    given = {receipts.batch for receipts in parcel.receipts}
    return [one for one in taken if one.batch not in given]


def make_parcel(
    peer: str,
    *,
    context: Context,
    batch: OutgoingBatch | None = None,
    taken: Sequence[Taken] = (),
    want: int = 0,
    told: int = 0,
) -> Parcel:
    """The parcel for ``peer`` now: ``batch`` to deliver, receipts for what was ``taken`` (see `receipts_left`), ``want`` entries
    back, the journal's news from ``told`` leaves on (see `news_for`).
    """
    now_ms = context.clock()
    with transaction.atomic(savepoint=False):
        state = peer_state(peer)
        news, at = news_for(peer, context=context, now_ms=now_ms, told=told)
        covered = [one for one in taken if max(one.indices) < at.size]
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
            receipts=receipts_for(covered, peer, at),
            faults=tuple(fault for one in covered for fault in one.faults),
            want=want,
            directory_version=context.directory.number,
        )
