"""Making a courier file: what waits for a peer and what it has not receipted, the receipts that we owe, chunks of files.

Invariant: the very batches that the network carries, under the same numbers, so a file and the network may bring the same in any
order. What is put into a file is released: it stays among what has no receipt until one comes, by any way, and goes into the
next file again. What is held for its channel goes in only where somebody chose the courier for it, and such a batch is not given
to the network as long as the channel is suspended. A file is made piece by piece, so memory is flat with its length; making one
may end at any instruction, and then it is made anew.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace

from django.db import connection, transaction

from tansiq.errors import NotFound
from tansiq.exchange.carried import CourierFile, heard_of, keep_file, owed
from tansiq.exchange.context import Context
from tansiq.exchange.files_exchange import files_message
from tansiq.exchange.files_store import chunk_of
from tansiq.exchange.files_wire import GIVE_BYTES
from tansiq.exchange.intake import require_confirmed
from tansiq.exchange.parcels import make_parcel, news_goes_on
from tansiq.exchange.peers import peer_state
from tansiq.exchange.release import OutgoingBatch, pending_batch, release
from tansiq.exchange.restoring import require_whole
from tansiq.exchange.service import node_key
from tansiq.faults import reach
from tansiq.protocol.courier import End, Frame, Heading, Sort, make_header, seal_frame
from tansiq.protocol.envelope import Lane
from tansiq.protocol.heads import Direction, parse_head
from tansiq.protocol.keys import PublicSealingKey
from tansiq.protocol.parcel import Parcel

__all__ = ["Making", "begin", "more"]

_RECEIPTS = 64
"""Batches whose receipts one parcel takes."""
_LANES = tuple(Lane)


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How far a file is: what was last put into it, and how much. ``done`` when its end is written."""

    file: bytes
    peer: str
    made_ms: int
    reader: bytes
    number: int = 0
    stage: str = "parcels"
    lane: int = 0
    after: tuple[int, int] = (0, 0)
    """Epoch and first number of the batch of this lane that was put in last."""
    told: int = 0
    """How many leaves of our journal are told in it, or were witnessed before."""
    batch: bytes = b""
    chunk: bytes = b""
    statements: int = 0
    receipts: int = 0
    chunks: int = 0
    done: bool = False

    @property
    def key(self) -> PublicSealingKey:
        """The receiving node's key to which all frames are sealed."""
        return PublicSealingKey(self.reader)


def begin(peer: str, *, context: Context) -> tuple[bytes, Making]:
    """A new file for ``peer``: its first bytes, and how to go on.

    Raises NotFound (no such partner, nothing can be sealed to its node), Refused (its words were not compared),
    Unavailable (we are being restored).
    """
    require_confirmed(peer)
    require_whole(peer)
    now_ms = context.clock()
    key = node_key(peer, now_ms=now_ms)
    making = Making(file=os.urandom(16), peer=peer, made_ms=now_ms, reader=key.public)
    with transaction.atomic():
        keep_file(_row(making))
        heading = Heading(context.directory.encoded, heard_of(peer))
    header = make_header(making.file, key)
    frame, making = _frame(making, Sort.HEADING, heading.to_bytes(), context)
    return header.to_bytes() + frame, making


def _row(making: Making) -> CourierFile:
    return CourierFile(
        file=making.file,
        peer=making.peer,
        direction=Direction.SENT,
        made_ms=making.made_ms,
        at_ms=making.made_ms,
        statements=making.statements,
        receipts=making.receipts,
        chunks=making.chunks,
        whole=making.done,
    )


def _frame(making: Making, sort: Sort, content: bytes, context: Context) -> tuple[bytes, Making]:
    frame = Frame(
        sender=context.agency,
        receiver=making.peer,
        file=making.file,
        number=making.number,
        made_ms=making.made_ms,
        sort=sort,
        content=content,
        last=sort == Sort.END,
    )
    sealed = seal_frame(frame, reader=making.key, signer=context.signer)
    return sealed, replace(making, number=making.number + 1)


def more(making: Making, *, context: Context) -> tuple[bytes, Making]:
    """The next piece of the file, and how to go on. Raises as `begin`."""
    require_whole(making.peer)
    steps = {"parcels": _parcel, "receipts": _receipts, "chunks": _chunks}
    while making.stage in steps:
        made = steps[making.stage](making, context)
        if made is not None:
            reach("courier.made")
            return made
        making = replace(making, stage={"parcels": "receipts", "receipts": "chunks", "chunks": "end"}[making.stage])
    end = End(making.statements, making.receipts, making.chunks)
    sealed, making = _frame(making, Sort.END, end.to_bytes(), context)
    making = replace(making, done=True)
    keep_file(_row(making))
    return sealed, making


# ---------------------------------------------------------------------------------------------------- parcels


def _parcel(making: Making, context: Context) -> tuple[bytes, Making] | None:
    """The next batch that has no receipt, or that is released now; lane by lane, the urgent one first."""
    while making.lane < len(_LANES):
        lane = _LANES[making.lane]
        batch = _next_batch(making, lane, context)
        if batch is not None:
            place = _place(batch)
            content = _bare(making.peer, batch, context).to_bytes()
            sealed, making = _frame(making, Sort.PARCEL, content, context)
            return sealed, replace(making, after=place, statements=making.statements + len(batch.items))
        making = replace(making, lane=making.lane + 1, after=(0, 0))
    return None


def _next_batch(making: Making, lane: Lane, context: Context) -> OutgoingBatch | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch FROM exchange_pending WHERE peer = %s AND lane = %s AND (epoch > %s OR (epoch = %s AND first > %s)) "
            "ORDER BY epoch, first LIMIT 1",
            (making.peer, int(lane), making.after[0], *making.after),
        )
        row = cursor.fetchone()
    if row is not None and (batch := pending_batch(bytes(row[0]), context=context)) is not None:
        return batch
    return release(making.peer, lane, context=context) or release(making.peer, lane, context=context, by_hand=True)


def _place(batch: OutgoingBatch) -> tuple[int, int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch, first FROM exchange_pending WHERE batch = %s", (batch.head.digest,))
        row = cursor.fetchone()
    return (row[0], row[1]) if row else (batch.head.epoch, 0)


def _bare(peer: str, batch: OutgoingBatch, context: Context) -> Parcel:
    """A parcel with a batch and nothing of the journals: it is understood in any order, and as long as its own key is."""
    return Parcel(
        sender=context.agency,
        receiver=peer,
        epoch=peer_state(peer).our_epoch,
        time_ms=context.clock(),
        known_size=0,
        batch=batch.head.encoded,
        items=batch.items,
        directory_version=context.directory.number,
    )


# ---------------------------------------------------------------------------------------------------- receipts


def _receipts(making: Making, context: Context) -> tuple[bytes, Making] | None:
    """The journals as they stand, with the receipts that we owe; once also where we owe none.

    Where more leaves are told than one parcel may carry, parcel follows parcel: each head is mirrored when the next one is read.
    """
    taken = owed(making.peer, after=making.batch, limit=_RECEIPTS)
    if not taken and making.batch:
        return None
    with transaction.atomic():
        parcel = make_parcel(making.peer, context=context, taken=taken, told=making.told)
        goes_on = news_goes_on(parcel, known=making.told)
        if goes_on:  # the receipts wait for the head that covers all of them
            parcel = replace(parcel, receipts=(), faults=())
        else:
            with connection.cursor() as cursor:
                cursor.executemany(
                    "UPDATE exchange_owed SET file = %s WHERE batch = %s", [(making.file, one.batch) for one in taken]
                )
    sealed, making = _frame(making, Sort.PARCEL, parcel.to_bytes(), context)
    if parcel.news is not None:
        making = replace(making, told=parse_head(parcel.news.head).size)
    if goes_on:
        return sealed, making
    last = taken[-1].batch if taken else b"\xff" * 32
    return sealed, replace(making, batch=last, receipts=making.receipts + sum(len(one.indices) for one in taken))


# ---------------------------------------------------------------------------------------------------- files


def _chunks(making: Making, context: Context) -> tuple[bytes, Making] | None:
    """What is said of files, then chunks of those that go to the peer and that it has not said to have whole."""
    if not making.chunk:
        message = files_message(making.peer, context=context)
        making = replace(making, chunk=b"\0" * 32)
        if not message.empty:
            return _frame(making, Sort.FILES, message.to_bytes(), context)
    gives: list[bytes] = []
    last, size = making.chunk, 0
    for digest in _hashes(making):
        if size >= GIVE_BYTES:
            break
        last = digest
        try:
            gives.append(chunk_of(digest))
        except NotFound:
            continue
        size += len(gives[-1])
    if last == making.chunk:
        return None
    if not gives:
        return _chunks(replace(making, chunk=last), context)
    message = replace(files_message(making.peer, context=context), wants=(), done=(), gives=tuple(gives))
    sealed, making = _frame(making, Sort.FILES, message.to_bytes(), context)
    return sealed, replace(making, chunk=last, chunks=making.chunks + len(gives))


def _hashes(making: Making) -> list[bytes]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT f.hash FROM exchange_file_going g JOIN exchange_file_chunk f ON f.thing = g.thing AND f.place = g.place "
            "WHERE g.peer = %s AND g.done_ms IS NULL AND f.hash > %s AND EXISTS (SELECT 1 FROM exchange_sent s "
            "WHERE s.statement = g.thing AND s.peer = g.peer) ORDER BY f.hash LIMIT 32",
            (making.peer, making.chunk),
        )
        return [bytes(row[0]) for row in cursor.fetchall()]
