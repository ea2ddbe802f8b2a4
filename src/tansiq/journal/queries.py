"""Reading the journals: nodes of the tree, leaves since a size, proofs, state per relation.

Invariant: reads only. A proof reads O(log size) rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.db import connection

from tansiq.errors import NotFound
from tansiq.protocol.heads import parse_head
from tansiq.protocol.merkle import EMPTY_ROOT, Frontier, Node, completing_leaf

__all__ = [
    "JournalNodes",
    "RelationState",
    "last_witnessed_ms",
    "leaf_hashes",
    "relation_states",
    "state_of",
    "witnessed_size",
]


@dataclass(frozen=True, slots=True)
class RelationState:
    """An exchange journal as it stands: size, root, how much the peer has witnessed, and how much of its we have."""

    peer: str
    epoch: int
    size: int
    root: bytes
    witnessed: int
    mirrored: int

    @property
    def cosigned(self) -> bool:
        """Whether the peer has signed the journal as it stands."""
        return self.witnessed == self.size


class JournalNodes:
    """The complete nodes of our journal with ``peer``, read from the rows of the leaves that completed them."""

    def __init__(self, peer: str) -> None:
        self._peer = peer

    def node(self, level: int, index: int) -> bytes:
        """One node. Raises NotFound."""
        return self.nodes([(level, index)])[level, index]

    def nodes(self, wanted: Iterable[Node]) -> Mapping[Node, bytes]:
        """All of ``wanted`` in one or few queries. Raises NotFound ``merkle.node`` for one that is not there."""
        by_leaf: dict[int, list[Node]] = {}
        for level, index in wanted:
            by_leaf.setdefault(completing_leaf(level, index), []).append((level, index))
        found: dict[Node, bytes] = {}
        numbers = list(by_leaf)
        with connection.cursor() as cursor:
            for at in range(0, len(numbers), 500):
                chunk = numbers[at : at + 500]
                marks = ", ".join(["%s"] * len(chunk))
                cursor.execute(
                    f"SELECT number, node FROM journal_leaf WHERE peer = %s AND number IN ({marks})",
                    [self._peer, *chunk],
                )
                for number, blob in cursor.fetchall():
                    data = bytes(blob)
                    for level, index in by_leaf[number]:
                        found[level, index] = data[32 * level : 32 * level + 32]
        for level, index in (node for nodes in by_leaf.values() for node in nodes if not found.get(node)):
            raise NotFound("merkle.node", level=level, index=index)
        return found


def leaf_hashes(peer: str, first: int, size: int) -> bytes:
    """The leaf hashes of our journal with ``peer`` from ``first`` up to ``size``, one after the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT node FROM journal_leaf WHERE peer = %s AND number >= %s AND number < %s ORDER BY number",
            (peer, first, size),
        )
        return b"".join(bytes(row[0])[:32] for row in cursor.fetchall())


def relation_states() -> list[RelationState]:
    """The state of every exchange journal of this node."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT j.peer, j.epoch, j.size, j.frontier, "
            "COALESCE((SELECT w.size FROM journal_witnessed w WHERE w.peer = j.peer AND w.witness IS NOT NULL "
            "ORDER BY w.epoch DESC, w.size DESC LIMIT 1), 0), "
            "COALESCE((SELECT m.size FROM journal_mirror m WHERE m.peer = j.peer), 0) FROM journal_journal j ORDER BY j.peer"
        )
        rows = cursor.fetchall()
    states = []
    for peer, epoch, size, blob, witnessed, mirrored in rows:
        frontier = Frontier.from_bytes(bytes(blob))
        states.append(RelationState(peer, epoch, size, frontier.root() if size else EMPTY_ROOT, witnessed, mirrored))
    return states


def state_of(peer: str) -> RelationState | None:
    """The state of the journal with ``peer``; None when there is none."""
    return next((state for state in relation_states() if state.peer == peer), None)


def witnessed_size(peer: str) -> int:
    """How much of our journal the peer has signed for."""
    with connection.cursor() as cursor:
        # The newest is the largest, and it is found at the index's end; a maximum would be sought among all of them.
        cursor.execute(
            "SELECT size FROM journal_witnessed WHERE peer = %s AND witness IS NOT NULL "
            "ORDER BY epoch DESC, size DESC LIMIT 1",
            (peer,),
        )
        row = cursor.fetchone()
    return row[0] if row else 0


def last_witnessed_ms() -> int:
    """When the newest head of ours was signed that a peer has witnessed (UTC milliseconds; 0: none was)."""
    newest = 0
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT w.head FROM journal_witnessed w WHERE w.witness IS NOT NULL AND w.size = "
            "(SELECT MAX(v.size) FROM journal_witnessed v WHERE v.peer = w.peer AND v.witness IS NOT NULL)"
        )
        for (head,) in cursor.fetchall():
            newest = max(newest, parse_head(bytes(head)).time_ms)
    return newest
