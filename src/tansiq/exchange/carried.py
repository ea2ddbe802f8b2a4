"""What is remembered of courier files: those that were made and taken in, and the receipts that go back the same way.

Invariant: receipts for what a courier brought are owed until the peer says that it has the file which took them; the same
receipts twice change nothing. A head that a courier brings is judged by the keys of its own day: the file may be a year old.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.directory.queries import current_directory, signing_key
from tansiq.errors import NotProven
from tansiq.exchange.parcels import Taken
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.courier import MOST_HEARD
from tansiq.protocol.heads import Direction, parse_head
from tansiq.protocol.keys import PublicSigningKey
from tansiq.protocol.parcel import Fault, Parcel

__all__ = ["CourierFile", "courier_files", "heard_of", "keep_file", "keys_of_their_day", "note_heard", "owe", "owed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierFile:
    """A courier file made here (`Direction.SENT`) or taken in; ``whole`` when its end was written or read, ``heard_ms``
    when the peer said that it has it. Times are UTC milliseconds.
    """

    file: bytes
    peer: str
    direction: Direction
    made_ms: int
    at_ms: int
    statements: int = 0
    receipts: int = 0
    chunks: int = 0
    whole: bool = False
    heard_ms: int | None = None


def keys_of_their_day(parcel: Parcel, peer: str, now_ms: int) -> dict[bytes, PublicSigningKey]:
    """The keys that signed the heads in ``parcel``, as far as they were believed then and are not revoked now."""
    found: dict[bytes, PublicSigningKey] = {}
    for encoded in (parcel.news.head if parcel.news else b"", parcel.witness):
        if encoded:
            head = parse_head(encoded)
            with contextlib.suppress(NotProven):
                found[head.signature.signer] = signing_key(
                    current_directory(peer), head.signature.signer, signed_ms=head.time_ms, now_ms=now_ms
                )
    return found


def keep_file(one: CourierFile) -> None:
    """Remembers a file, or what is known of it by now; when it was first made or taken in stays. A file's name is its partner's alone:
    whoever saw its header can give another the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_carried (file, peer, direction, made_ms, at_ms, statements, receipts, chunks, whole, heard_ms) "
            "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, NULL) ON CONFLICT (peer, file) DO UPDATE SET statements = excluded.statements, "
            "receipts = excluded.receipts, chunks = excluded.chunks, whole = excluded.whole "
            "WHERE NOT exchange_carried.whole AND exchange_carried.direction = excluded.direction",
            (
                one.file, one.peer, int(one.direction), one.made_ms, one.at_ms, one.statements, one.receipts, one.chunks, one.whole,
            ),
        )  # fmt: skip


def courier_files(peer: str = "", *, file: bytes = b"", limit: int = 50) -> list[CourierFile]:
    """Courier files to and from ``peer`` (everybody), the latest first; with ``file`` those of that name alone."""
    where = ("peer = %s" if peer else "peer <> %s") + (" AND file = %s" if file else "")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT file, peer, direction, made_ms, at_ms, statements, receipts, chunks, whole, heard_ms FROM exchange_carried "
            f"WHERE {where} ORDER BY at_ms DESC, file LIMIT %s",
            (peer, *([file] if file else []), limit),
        )
        return [
            CourierFile(
                file=bytes(row[0]),
                peer=row[1],
                direction=Direction(row[2]),
                made_ms=row[3],
                at_ms=row[4],
                statements=row[5],
                receipts=row[6],
                chunks=row[7],
                whole=bool(row[8]),
                heard_ms=row[9],
            )
            for row in cursor.fetchall()
        ]


def heard_of(peer: str) -> tuple[bytes, ...]:
    """The latest files of ``peer`` that were taken in whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT file FROM exchange_carried WHERE peer = %s AND direction = %s AND whole = %s ORDER BY at_ms DESC LIMIT %s",
            (peer, int(Direction.RECEIVED), True, MOST_HEARD),
        )
        return tuple(bytes(row[0]) for row in cursor.fetchall())


def note_heard(peer: str, files: Sequence[bytes], *, now_ms: int) -> None:
    """``peer`` says that it has these files of ours: the receipts in them are owed no longer."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "UPDATE exchange_carried SET heard_ms = %s WHERE file = %s AND peer = %s AND direction = %s AND heard_ms IS NULL",
            [(now_ms, file, peer, int(Direction.SENT)) for file in files],
        )
        cursor.executemany("DELETE FROM exchange_owed WHERE peer = %s AND file = %s", [(peer, file) for file in files])


def owe(peer: str, taken: Taken, *, now_ms: int) -> None:
    """Receipts for a batch that a courier brought go back with the next file, in the caller's transaction."""
    faults = [[fault.statement, fault.code] for fault in taken.faults]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO exchange_owed (batch, peer, taken, since_ms, file) VALUES (%s, %s, %s, %s, NULL) "
            "ON CONFLICT (batch) DO UPDATE SET taken = excluded.taken, file = NULL",
            (taken.batch, peer, encode([list(taken.indices), list(taken.times_ms), faults]), now_ms),
        )


def owed(peer: str, *, after: bytes, limit: int) -> list[Taken]:
    """The receipts that are owed to ``peer``, from behind the batch ``after`` on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT batch, taken FROM exchange_owed WHERE peer = %s AND batch > %s ORDER BY batch LIMIT %s",
            (peer, after, limit),
        )
        rows = [(bytes(row[0]), decode(bytes(row[1]))) for row in cursor.fetchall()]
    return [
        Taken(batch, tuple(indices), tuple(times), tuple(Fault(statement, code) for statement, code in faults))
        for batch, (indices, times, faults) in rows
    ]
