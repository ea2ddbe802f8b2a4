"""Checking the journals: ours with every peer, the mirrors of theirs, and the access journal.

Invariant: every stored node is computed anew from the leaves, and every signed root is compared with what the leaves
give at its size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tansiq.errors import Error
from tansiq.node.findings import Finding
from tansiq.node.keyring import KeyRing
from tansiq.node.snapshot import Progress, Snapshot
from tansiq.protocol.cbor import encode
from tansiq.protocol.heads import journal_name, parse_head
from tansiq.protocol.merkle import EMPTY_ROOT, Frontier, leaf_hash

__all__ = ["check_access", "check_journals", "check_mirrors"]

_STEP = 512


def _root(frontier: Frontier) -> bytes:
    return frontier.root() if frontier.size else EMPTY_ROOT


def _signed(encoded: bytes, root: bytes, *, signer: str, journal: str, size: int, ring: KeyRing) -> bool:
    """Whether ``signer`` signed ``root`` at ``size`` of ``journal``."""
    try:
        head = parse_head(encoded)
        head.verify(ring.key(signer, head.signature.signer), root)
    except Error:
        return False
    return (head.signer, head.journal, head.size) == (signer, journal, size)


def check_journals(
    view: Snapshot, *, agency: str, ring: KeyRing, progress: Progress, counts: dict[str, int]
) -> Iterator[Finding]:
    """Our journals: leaves, inner nodes, right edge, and the roots that we signed and peers witnessed."""
    total = view.one("SELECT COUNT(*) FROM journal_leaf")
    for peer, size, frontier in list(view.rows("SELECT peer, size, frontier FROM journal_journal ORDER BY peer")):
        check = _Journal(view, agency, peer, ring)
        for step in check.leaves():
            yield from check.found
            check.found.clear()
            counts["leaves"] += step
            progress("fsck-journals", counts["leaves"], total)
        check.beyond()
        yield from check.found
        if check.frontier.size != size or check.frontier.to_bytes() != bytes(frontier):
            yield Finding("journal-edge", {"peer": peer, "size": size, "leaves": check.frontier.size})


class _Journal:
    """One of our journals, leaf by leaf; ``found`` gathers what is wrong."""

    def __init__(self, view: Snapshot, agency: str, peer: str, ring: KeyRing) -> None:
        self._agency = agency
        self._peer = peer
        self._ring = ring
        self._heads = view.rows(
            "SELECT epoch, size, root, head, witness FROM journal_witnessed WHERE peer = %s ORDER BY size, epoch",
            (peer,),
        )
        self._rows = view.rows("SELECT number, node FROM journal_leaf WHERE peer = %s ORDER BY number", (peer,))
        self._head = next(self._heads, None)
        self.frontier = Frontier(0, ())
        self.found: list[Finding] = []

    def leaves(self) -> Iterator[int]:
        """Reads all leaves; yields how many at a time."""
        self._signed_here()
        batch: list[tuple[int, bytes]] = []
        for number, node in self._rows:
            batch.append((number, bytes(node)))
            if len(batch) >= _STEP or (self._head is not None and self.frontier.size + len(batch) == self._head[1]):
                yield self._take(batch)
                batch = []
        if batch:
            yield self._take(batch)

    def _take(self, batch: list[tuple[int, bytes]]) -> int:
        first = self.frontier.size
        grown, completed = self.frontier.extend([node[:32] for _, node in batch])
        for at, ((number, node), nodes) in enumerate(zip(batch, completed, strict=True)):
            if number != first + at:
                self.found.append(Finding("leaf-missing", {"peer": self._peer, "number": first + at}))
                break
            if node[32:] != b"".join(nodes):
                self.found.append(Finding("leaf-node", {"peer": self._peer, "number": number}))
        self.frontier = grown
        self._signed_here()
        return len(batch)

    def _signed_here(self) -> None:
        """The heads at the size that is reached now."""
        while self._head is not None and self._head[1] == self.frontier.size:
            self._check_head(self._head)
            self._head = next(self._heads, None)

    def _check_head(self, row: tuple[Any, ...]) -> None:
        _, size, root, head, witness = row
        journal = journal_name(self._agency, self._peer)
        if bytes(root) != _root(self.frontier):
            self.found.append(Finding("journal-root", {"peer": self._peer, "size": size}))
        elif not _signed(bytes(head), bytes(root), signer=self._agency, journal=journal, size=size, ring=self._ring):
            self.found.append(Finding("journal-head", {"peer": self._peer, "size": size}))
        elif witness is not None and not _signed(
            bytes(witness), bytes(root), signer=self._peer, journal=journal, size=size, ring=self._ring
        ):
            self.found.append(Finding("journal-witness", {"peer": self._peer, "size": size}))

    def beyond(self) -> None:
        """Heads larger than the journal: it was rolled back."""
        if self._head is not None:
            self.found.append(
                Finding("journal-short", {"peer": self._peer, "size": self._head[1], "leaves": self.frontier.size})
            )


def check_mirrors(view: Snapshot, *, agency: str, ring: KeyRing) -> Iterator[Finding]:
    """The mirrors of the peers' journals: leaves, right edge, their heads and our witness."""
    mirrors = view.rows("SELECT peer, size, frontier, root, head, witness FROM journal_mirror ORDER BY peer")
    for peer, size, edge, root, head, witness in list(mirrors):
        frontier = Frontier(0, ())
        whole = True
        for first, before, leaves in view.rows(
            "SELECT first, frontier, leaves FROM journal_mirror_leaves WHERE peer = %s ORDER BY first", (peer,), fetch=1
        ):
            whole = whole and first == frontier.size and bytes(before) == frontier.to_bytes() and len(leaves) % 32 == 0
            data = bytes(leaves)
            frontier, _ = frontier.extend([data[at : at + 32] for at in range(0, len(data), 32)])
        if not whole or frontier.size != size or frontier.to_bytes() != bytes(edge) or _root(frontier) != bytes(root):
            yield Finding("mirror-leaves", {"peer": peer, "size": size})
            continue
        journal = journal_name(peer, agency)
        for encoded, signer in ((head, peer), (witness, agency)):
            if not _signed(bytes(encoded), bytes(root), signer=signer, journal=journal, size=size, ring=ring):
                yield Finding("mirror-head", {"peer": peer, "size": size, "signer": signer})


def check_access(view: Snapshot) -> Iterator[Finding]:
    """The access journal: every act's leaf, and the right edge."""
    frontier = Frontier(0, ())
    for number, time_ms, commitment, node in view.rows(
        "SELECT number, time_ms, commitment, node FROM journal_access_event ORDER BY number"
    ):
        if number != frontier.size:
            yield Finding("access-missing", {"number": frontier.size})
            return
        leaf = leaf_hash(encode([number, time_ms, bytes(commitment)]))
        frontier, nodes = frontier.append(leaf)
        if bytes(node) != leaf + b"".join(nodes):
            yield Finding("access-leaf", {"number": number})
    stored = view.one("SELECT frontier FROM journal_access")
    if frontier.to_bytes() != (Frontier(0, ()).to_bytes() if stored is None else bytes(stored)):
        yield Finding("access-edge", {"number": frontier.size})
