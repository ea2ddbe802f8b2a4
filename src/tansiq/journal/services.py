"""Writing our exchange journals: append, sign, keep the peer's witness.

Invariant: every function runs inside the caller's transaction on ``default`` and holds the relation's row, so that two
processes never append to one journal at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.errors import Conflict, NotProven
from tansiq.journal.queries import JournalNodes
from tansiq.protocol.heads import Head, journal_name, make_head, parse_head
from tansiq.protocol.keys import PublicSigningKey, Signer
from tansiq.protocol.merkle import EMPTY_ROOT, Frontier

__all__ = [
    "Position",
    "append",
    "head_of",
    "open_journal",
    "position",
    "position_at",
    "record_witness",
    "restart_epoch",
]


@dataclass(frozen=True, slots=True)
class Position:
    """Where a journal stands: its epoch, size and root."""

    epoch: int
    size: int
    root: bytes


def _lock(peer: str) -> tuple[int, Frontier]:
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT epoch, frontier FROM journal_journal WHERE peer = %s{lock}", (peer,))
        row = cursor.fetchone()
    if row is None:
        raise Conflict("journal.unknown-peer", peer=peer)
    return row[0], Frontier.from_bytes(bytes(row[1]))


def open_journal(peer: str) -> None:
    """Begins the journal of a new relation; does nothing when there is one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO journal_journal (peer, epoch, size, frontier) VALUES (%s, 1, 0, %s) ON CONFLICT DO NOTHING",
            (peer, Frontier(0, ()).to_bytes()),
        )


def append(peer: str, leaves: Sequence[bytes]) -> tuple[int, Position]:
    """Appends leaf hashes; returns the number of the first and where the journal stands then."""
    epoch, frontier = _lock(peer)
    first = frontier.size
    grown, completed = frontier.extend(leaves)
    rows = [
        (peer, first + at, leaf + b"".join(nodes))
        for at, (leaf, nodes) in enumerate(zip(leaves, completed, strict=True))
    ]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO journal_leaf (peer, number, node) VALUES (%s, %s, %s)", rows)
        cursor.execute(
            "UPDATE journal_journal SET size = %s, frontier = %s WHERE peer = %s", (grown.size, grown.to_bytes(), peer)
        )
    return first, Position(epoch, grown.size, grown.root())


def position(peer: str) -> Position:
    """Where our journal with ``peer`` stands, holding it until the transaction ends."""
    epoch, frontier = _lock(peer)
    return Position(epoch, frontier.size, frontier.root() if frontier.size else EMPTY_ROOT)


def position_at(peer: str, at: Position, *, size: int) -> Position:
    """Where our journal with ``peer``, now ``at``, stood when it had ``size`` leaves. Raises NotFound when it never had so many."""
    return Position(at.epoch, size, Frontier.at(size, JournalNodes(peer)).root() if size else EMPTY_ROOT)


def head_of(peer: str, at: Position, *, agency: str, time_ms: int, signer: Signer, keep: bool = True) -> bytes:
    """The signed head of our journal at ``at``; signed once per size and key, and kept for the peer's witness unless ``keep`` is off.

    Where a larger head is signed already, this one tells no later time than that: the peer may know the larger, and a smaller
    one that is younger would tell it that the journal was rolled back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT head, root FROM journal_witnessed WHERE peer = %s AND epoch = %s AND size = %s",
            (peer, at.epoch, at.size),
        )
        row = cursor.fetchone()
        if (
            row is not None
            and bytes(row[1]) == at.root
            and parse_head(bytes(row[0])).signature.signer == signer.identifier
        ):
            return bytes(row[0])
        cursor.execute(
            "SELECT head FROM journal_witnessed WHERE peer = %s AND epoch = %s AND size > %s ORDER BY size LIMIT 1",
            (peer, at.epoch, at.size),
        )
        larger = cursor.fetchone()
        head = make_head(
            signer_agency=agency,
            journal=journal_name(agency, peer),
            time_ms=min(time_ms, parse_head(bytes(larger[0])).time_ms) if larger else time_ms,
            epoch=at.epoch,
            size=at.size,
            root=at.root,
            signer=signer,
        )
        if keep:
            cursor.execute(
                "INSERT INTO journal_witnessed (peer, epoch, size, root, head, witness) VALUES (%s, %s, %s, %s, %s, NULL) "
                "ON CONFLICT (peer, epoch, size) DO UPDATE SET head = excluded.head WHERE journal_witnessed.root = excluded.root",
                (peer, at.epoch, at.size, at.root, head),
            )
    return head


def _root_behind(peer: str, seen: Head) -> bytes:
    """The root that our journal had at the size of a witness that a later one has overtaken. Raises NotProven."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT MAX(size) FROM journal_witnessed WHERE peer = %s AND epoch = %s AND witness IS NOT NULL",
            (peer, seen.epoch),
        )
        latest = cursor.fetchone()[0]
    if latest is None or seen.size >= latest:
        raise NotProven("journal.other-witness", peer=peer)
    return Frontier.at(seen.size, JournalNodes(peer)).root() if seen.size else EMPTY_ROOT


def record_witness(peer: str, witness: bytes, *, agency: str, key_of: Mapping[bytes, PublicSigningKey]) -> bool:
    """Keeps the peer's signature over a head of ours; returns whether it was new.

    Two answers may overtake one another, so an older witness than the latest is taken and adds nothing. Raises NotProven
    when it is not the peer's signature over a root that we had at that size.
    """
    seen = parse_head(witness)
    key = key_of.get(seen.signature.signer)
    if key is None or seen.signer != peer or seen.journal != journal_name(agency, peer):
        raise NotProven("journal.other-witness", peer=peer)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT root, witness FROM journal_witnessed WHERE peer = %s AND epoch = %s AND size = %s",
            (peer, seen.epoch, seen.size),
        )
        row = cursor.fetchone()
        seen.verify(key, bytes(row[0]) if row else _root_behind(peer, seen))
        if row is None or row[1] is not None:
            return False
        cursor.execute(
            "UPDATE journal_witnessed SET witness = %s WHERE peer = %s AND epoch = %s AND size = %s",
            (witness, peer, seen.epoch, seen.size),
        )
        # Heads between two witnessed ones prove nothing more: a later witnessed head covers them. What lies before the
        # witnessed one before went with it, and is not looked through again.
        cursor.execute(
            "SELECT size FROM journal_witnessed WHERE peer = %s AND epoch = %s AND size < %s AND witness IS NOT NULL "
            "ORDER BY size DESC LIMIT 1",
            (peer, seen.epoch, seen.size),
        )
        before = cursor.fetchone()
        cursor.execute(
            "DELETE FROM journal_witnessed WHERE peer = %s AND epoch = %s AND size > %s AND size < %s AND witness IS NULL",
            (peer, seen.epoch, before[0] if before else -1, seen.size),
        )
    return True


def restart_epoch(peer: str, *, epoch: int) -> None:
    """Continues our journal with ``peer`` under a later epoch, after a restore. Raises Conflict when it is not later."""
    known, _ = _lock(peer)
    if epoch <= known:
        raise Conflict("journal.epoch-not-later", peer=peer, epoch=epoch)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_journal SET epoch = %s WHERE peer = %s", (epoch, peer))
