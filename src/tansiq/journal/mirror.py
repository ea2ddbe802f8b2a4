"""The mirror of a peer's journal: what makes us its witness.

Invariant: we sign a peer's head only after rebuilding its root from what we witnessed and every leaf since. A journal
that is smaller than witnessed by a later signature ('journal.rolled-back') or that grew from something else
('journal.forked') is refused and nothing changes. The leaves are kept: a peer that restores a backup gets them from
us.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.heads import Head, journal_name, make_head, parse_head
from tansiq.protocol.keys import PublicSigningKey, Signer
from tansiq.protocol.merkle import EMPTY_ROOT, Frontier
from tansiq.protocol.parcel import JournalNews

__all__ = ["leaves_since", "mirror_news", "mirrored_size", "our_witness"]


def _root(frontier: Frontier) -> bytes:
    return frontier.root() if frontier.size else EMPTY_ROOT


def _root_at(peer: str, size: int) -> bytes:
    """The root that the mirrored journal had at a size below its present one."""
    if size == 0:
        return EMPTY_ROOT
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT first, frontier, leaves FROM journal_mirror_leaves WHERE peer = %s AND first < %s ORDER BY first DESC LIMIT 1",
            (peer, size),
        )
        row = cursor.fetchone()
    first, frontier, leaves = row[0], Frontier.from_bytes(bytes(row[1])), bytes(row[2])
    grown, _ = frontier.extend([leaves[at : at + 32] for at in range(0, 32 * (size - first), 32)])
    return _root(grown)


def _fresh_leaves(news: JournalNews, known: int) -> list[bytes]:
    """The leaves of ``news`` after the ``known`` first ones. Raises BadInput when some between are missing."""
    if news.first > known:
        raise BadInput("journal.leaves-missing", first=news.first, known=known)
    return [news.leaves[at : at + 32] for at in range(32 * (known - news.first), len(news.leaves), 32)]


def mirror_news(
    peer: str,
    news: JournalNews,
    *,
    agency: str,
    key_of: Mapping[bytes, PublicSigningKey],
    time_ms: int,
    signer: Signer,
) -> tuple[Head, bytes]:
    """Checks the peer's head against our mirror, mirrors what is new, and signs as its witness.

    Runs inside the caller's transaction. Returns the peer's head and our witness of the largest one. Raises NotProven
    or BadInput (see the module).
    """
    head = parse_head(news.head)
    key = key_of.get(head.signature.signer)
    if key is None or head.signer != peer or head.journal != journal_name(peer, agency):
        raise NotProven("journal.wrong-head", peer=peer)
    head.verify(key, news.root)
    lock = " FOR UPDATE" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT epoch, size, time_ms, frontier, root, witness FROM journal_mirror WHERE peer = %s{lock}", (peer,)
        )
        row = cursor.fetchone()
        frontier = Frontier.from_bytes(bytes(row[3])) if row else Frontier(0, ())
        if row and head.epoch < row[0] and head.size > frontier.size:
            raise NotProven(
                "journal.forked", peer=peer, size=head.size
            )  # grown under an epoch that its owner had ended
        if row and head.size <= frontier.size and head.epoch <= row[0]:
            if head.size < frontier.size and head.time_ms > row[2]:
                raise NotProven("journal.rolled-back", peer=peer, size=head.size, witnessed=frontier.size)
            if news.root != (_root_at(peer, head.size) if head.size < frontier.size else bytes(row[4])):
                raise NotProven("journal.forked", peer=peer, size=head.size)
            return head, bytes(row[5])
        if head.size < frontier.size:
            raise NotProven("journal.rolled-back", peer=peer, size=head.size, witnessed=frontier.size)
        fresh = _fresh_leaves(news, frontier.size)
        grown, _ = frontier.extend(fresh)
        if grown.size != head.size or _root(grown) != news.root:
            raise NotProven("journal.forked", peer=peer, size=head.size)
        witness = make_head(
            signer_agency=agency,
            journal=head.journal,
            time_ms=time_ms,
            epoch=head.epoch,
            size=head.size,
            root=news.root,
            signer=signer,
        )
        if fresh:
            cursor.execute(
                "INSERT INTO journal_mirror_leaves (peer, first, frontier, leaves) VALUES (%s, %s, %s, %s)",
                (peer, frontier.size, frontier.to_bytes(), b"".join(fresh)),
            )
        cursor.execute(
            "INSERT INTO journal_mirror (peer, epoch, size, time_ms, frontier, root, head, witness) VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
            "ON CONFLICT (peer) DO UPDATE SET epoch = excluded.epoch, size = excluded.size, time_ms = excluded.time_ms, "
            "frontier = excluded.frontier, root = excluded.root, head = excluded.head, witness = excluded.witness",
            (peer, head.epoch, head.size, head.time_ms, grown.to_bytes(), news.root, news.head, witness),
        )
    return head, witness


def mirrored_size(peer: str) -> int:
    """How much of the peer's journal we have witnessed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT size FROM journal_mirror WHERE peer = %s", (peer,))
        row = cursor.fetchone()
    return row[0] if row else 0


def our_witness(peer: str, *, agency: str, time_ms: int, signer: Signer) -> bytes:
    """Our signature over the peer's last head, or nothing; made anew, in the caller's transaction, when our key has
    changed.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch, size, root, witness FROM journal_mirror WHERE peer = %s", (peer,))
        row = cursor.fetchone()
        if row is None:
            return b""
        epoch, size, root, witness = row[0], row[1], bytes(row[2]), bytes(row[3])
        if parse_head(witness).signature.signer == signer.identifier:
            return witness
        journal = journal_name(peer, agency)
        fresh = make_head(
            signer_agency=agency, journal=journal, time_ms=time_ms, epoch=epoch, size=size, root=root, signer=signer
        )
        cursor.execute(
            "UPDATE journal_mirror SET witness = %s WHERE peer = %s AND witness = %s", (fresh, peer, witness)
        )
    return fresh


def leaves_since(peer: str, first: int) -> bytes:
    """The peer's mirrored leaf hashes from number ``first`` on: what it asks for after restoring a backup."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT first, leaves FROM journal_mirror_leaves WHERE peer = %s ORDER BY first", (peer,))
        out = bytearray()
        for start, leaves in cursor.fetchall():
            skip = max(0, first - start)
            out += bytes(leaves)[32 * skip :]
    return bytes(out)
