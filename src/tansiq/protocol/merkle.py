"""Merkle trees of RFC 9162 with SHA-256: what makes a journal append-only and a receipt checkable by a stranger.

A leaf hash is ``SHA-256(0x00 || data)``, a node is ``SHA-256(0x01 || left || right)`` (section 2.1.1). Inclusion is
section 2.1.3, consistency section 2.1.4.

Complete nodes. The node (level L, index i) covers the leaves ``i << L`` up to ``((i + 1) << L) - 1``. It exists once
its last leaf is there, and never changes again: a storage may keep one row per leaf, with the leaf's own hash and the
subtrees which that leaf completes, and finds the node (L, i) in the row of ``completing_leaf(L, i)``.
The nodes on the ragged right edge do change; they are never stored and are folded here out of complete ones.

What a proof rests on. A root does not fix the size of its tree: a path may hold under several sizes. Proofs bind
an index only when root *and* size come from the same signature.

>>> data = [b"first", b"second", b"third"]
>>> tree = MemoryNodes([leaf_hash(entry) for entry in data])
>>> path = inclusion_path(2, 3, tree)
>>> verify_inclusion(leaf=leaf_hash(b"third"), index=2, size=3, path=path, root=tree.root())
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol, Self, TypeAlias

from tansiq.errors import BadInput, NotFound, NotProven

__all__ = [
    "EMPTY_ROOT",
    "HASH_BYTES",
    "MAX_SIZE",
    "Frontier",
    "MemoryNodes",
    "Node",
    "NodeSource",
    "are_hashes",
    "completing_leaf",
    "consistency_nodes",
    "consistency_path",
    "inclusion_nodes",
    "inclusion_path",
    "leaf_hash",
    "node_hash",
    "peak_nodes",
    "root_of",
    "shown",
    "verify_consistency",
    "verify_inclusion",
]

Node: TypeAlias = tuple[int, int]
"""A complete node: its level (leaves are level 0) and its index in that level, from 0."""

HASH_BYTES = 32
MAX_SIZE = (1 << 63) - 1  # sizes and indices fit a signed 64-bit column; a path has at most 63 hashes
EMPTY_ROOT = sha256(b"").digest()


def are_hashes(values: Collection[bytes]) -> bool:
    """Whether all ``values`` are bytes of the length of a hash, whatever they claim to be."""
    return {*map(type, values)} <= {bytes} and {*map(len, values)} <= {HASH_BYTES}


def shown(value: object) -> int | str:
    """What an error may show of a number that came from outside: itself, unless it is none or absurdly large."""
    return value if type(value) is int and -MAX_SIZE <= value <= MAX_SIZE else "?"


def leaf_hash(data: bytes) -> bytes:
    """The hash (32 bytes) of one entry (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash (32 bytes) of the node over two hashes of 32 bytes each (RFC 9162 section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root of the tree over ``leaves`` (leaf hashes, in order), in one hash per leaf; ``EMPTY_ROOT`` for none.

    Raises BadInput ``merkle.hash`` if one of them is not a hash.
    """
    level = _hashes(leaves)
    while len(level) > 1:
        above = _pair_up(level)
        if len(level) & 1:
            above.append(level[-1])  # an odd node rises as it is: it will meet its left neighbour further up
        level = above
    return level[0] if level else EMPTY_ROOT


def completing_leaf(level: int, index: int) -> int:
    """The index of the leaf whose arrival completes the node (``level``, ``index``)."""
    return ((index + 1) << level) - 1


def peak_nodes(size: int) -> tuple[Node, ...]:
    """The roots of the largest complete subtrees of a tree of ``size`` leaves, from left to right.

    Raises BadInput ``merkle.range`` if ``size`` is not a possible size.
    """
    _within(size, MAX_SIZE)
    return tuple((level, (size >> level) - 1) for level in reversed(range(size.bit_length())) if size >> level & 1)


class NodeSource(Protocol):
    """Where complete nodes are kept. Both methods raise NotFound ``merkle.node`` for a node that is not there."""

    def node(self, level: int, index: int) -> bytes:
        """The hash of the complete node (``level``, ``index``)."""

    def nodes(self, wanted: Iterable[Node]) -> Mapping[Node, bytes]:
        """The hashes of all ``wanted`` nodes, fetched at once."""


class MemoryNodes:
    """All complete nodes of a tree that fits into memory, such as the parts of one body; a NodeSource."""

    __slots__ = ("_levels",)

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """Build the tree over ``leaves`` (leaf hashes); raises BadInput ``merkle.hash`` if one is not a hash."""
        self._levels = [_hashes(leaves)]
        while len(self._levels[-1]) > 1:
            self._levels.append(_pair_up(self._levels[-1]))

    @property
    def size(self) -> int:
        """How many leaves the tree has."""
        return len(self._levels[0])

    def node(self, level: int, index: int) -> bytes:
        """The hash of the complete node (``level``, ``index``); raises NotFound ``merkle.node``."""
        if 0 <= level < len(self._levels) and 0 <= index < len(self._levels[level]):
            return self._levels[level][index]
        raise NotFound("merkle.node", level=shown(level), index=shown(index))

    def nodes(self, wanted: Iterable[Node]) -> Mapping[Node, bytes]:
        """The hashes of all ``wanted`` nodes; raises NotFound ``merkle.node``."""
        return {(level, index): self.node(level, index) for level, index in wanted}

    def root(self) -> bytes:
        """The root of the whole tree."""
        return Frontier.at(self.size, self).root()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that is needed to append to a tree: its size and its *peaks*, the nodes ``peak_nodes(size)``, left to right.

    Raises BadInput ``merkle.frontier`` where the number of peaks does not belong to the size.

    >>> grown, completed = Frontier().append(leaf_hash(b"first"))
    >>> grown.root() == leaf_hash(b"first"), completed
    (True, ())
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not (type(self.size) is int and 0 <= self.size <= MAX_SIZE and len(self.peaks) == self.size.bit_count()):
            raise BadInput("merkle.frontier")

    @classmethod
    def at(cls, size: int, nodes: NodeSource | Mapping[Node, bytes]) -> Self:
        """The frontier of the first ``size`` leaves, out of stored nodes (``peak_nodes(size)`` are asked for).

        Raises BadInput ``merkle.range``, NotFound ``merkle.node``.
        """
        return cls(size, tuple(_fetch(nodes, peak_nodes(size))))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """The frontier that ``to_bytes`` wrote; raises BadInput ``merkle.frontier`` for anything else."""
        if type(data) is not bytes or len(data) < 8:
            raise BadInput("merkle.frontier")
        size, peaks = int.from_bytes(data[:8], "big"), data[8:]
        if len(peaks) != size.bit_count() * HASH_BYTES:
            raise BadInput("merkle.frontier")
        return cls(size, tuple(peaks[at : at + HASH_BYTES] for at in range(0, len(peaks), HASH_BYTES)))

    def to_bytes(self) -> bytes:
        """The size in 8 bytes, big-endian, then the peaks: at most 2,024 bytes."""
        return self.size.to_bytes(8, "big") + b"".join(self.peaks)

    def append(self, leaf: bytes) -> tuple[Self, tuple[bytes, ...]]:
        """Append one leaf hash; returns the new frontier and the nodes that this leaf completes, from level 1 upwards.

        The last of them, or the leaf itself, is the new frontier's last peak. Raises BadInput ``merkle.hash``.
        """
        grown, completed = self.extend((leaf,))
        return grown, completed[0]

    def extend(self, leaves: Iterable[bytes]) -> tuple[Self, list[tuple[bytes, ...]]]:
        """Append many leaf hashes: the new frontier, and for each leaf what ``append`` says. One hash per leaf.

        Raises BadInput ``merkle.hash``; then nothing was appended.
        """
        batch = _hashes(leaves)
        peaks = list(self.peaks)
        completed: list[tuple[bytes, ...]] = []
        for size, leaf in enumerate(batch, self.size):
            if not size & 1:  # every second leaf completes nothing
                peaks.append(leaf)
                completed.append(())
                continue
            node, row = leaf, []
            for _ in range((~size & (size + 1)).bit_length() - 1):  # as often as the size ends in a binary 1
                node = sha256(b"\x01" + peaks.pop() + node).digest()
                row.append(node)
            peaks.append(node)
            completed.append(tuple(row))
        return type(self)(self.size + len(batch), tuple(peaks)), completed

    def root(self) -> bytes:
        """The root of the tree: its peaks folded from the right."""
        return _fold(self.peaks[::-1]) if self.peaks else EMPTY_ROOT


def inclusion_nodes(index: int, size: int) -> tuple[Node, ...]:
    """The complete nodes out of which ``inclusion_path`` is made, so that a storage fetches them in one query.

    Raises BadInput ``merkle.range`` unless ``0 <= index < size``.
    """
    return tuple(_inclusion_way(index, size)[0])


def inclusion_path(index: int, size: int, nodes: NodeSource | Mapping[Node, bytes]) -> tuple[bytes, ...]:
    """The inclusion path of leaf ``index`` in the tree of the first ``size`` leaves, bottom up (RFC 9162 2.1.3.1).

    ``nodes`` keeps the tree, which may have grown since, or maps ``inclusion_nodes(index, size)`` to their hashes.
    Raises BadInput ``merkle.range``, NotFound ``merkle.node``.
    """
    return _path(nodes, *_inclusion_way(index, size))


def consistency_nodes(first: int, second: int) -> tuple[Node, ...]:
    """The complete nodes out of which ``consistency_path`` is made; none where nothing needs a proof.

    Raises BadInput ``merkle.range`` unless ``0 <= first <= second``.
    """
    return tuple(_consistency_way(first, second)[0])


def consistency_path(first: int, second: int, nodes: NodeSource | Mapping[Node, bytes]) -> tuple[bytes, ...]:
    """The proof that the first ``first`` of ``second`` leaves were left as they were (RFC 9162 section 2.1.4.1).

    Empty for equal sizes and, as nothing can be rewritten there, for ``first == 0``.
    Raises BadInput ``merkle.range``, NotFound ``merkle.node``.
    """
    return _path(nodes, *_consistency_way(first, second))


def verify_inclusion(*, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf hash ``leaf`` is at ``index`` in the tree of ``size`` leaves under ``root``.

    RFC 9162 section 2.1.3.2.
    ``size`` must come from the signature that covers ``root``. Any argument may be hostile.
    Raises NotProven ``merkle.inclusion``.
    """
    if _is_size(size) and _is_size(index) and index < size and are_hashes((leaf, root)) and _is_path(path):
        inner = (index ^ (size - 1)).bit_length()  # below, a sibling may be on either side; above, only on the left
        if len(path) == inner + (index >> inner).bit_count():
            node = leaf
            for level, sibling in enumerate(path):
                left = level >= inner or index >> level & 1
                node = node_hash(sibling, node) if left else node_hash(node, sibling)
            if node == root:
                return
    raise NotProven("merkle.inclusion", index=shown(index), size=shown(size))


def verify_consistency(
    *, first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]
) -> None:
    """Check that the tree of ``second`` leaves begins with the tree of ``first`` leaves (RFC 9162 section 2.1.4.2).

    Each size must come from the signature that covers its root. Any argument may be hostile.
    Raises NotProven ``merkle.consistency``.
    """
    sound = _is_size(first) and _is_size(second) and are_hashes((first_root, second_root)) and _is_path(path)
    if not (sound and first <= second and _consistent(first, second, first_root, second_root, path)):
        raise NotProven("merkle.consistency", first=shown(first), second=shown(second))


def _consistent(first: int, second: int, first_root: bytes, second_root: bytes, path: Sequence[bytes]) -> bool:
    if first == 0 and first_root != EMPTY_ROOT:
        return False
    if first in (0, second):  # every tree begins with the empty tree and with itself
        return not path and (first < second or first_root == second_root)
    level, index = _last_peak(first)
    hashes = list(path) if index else [first_root, *path]  # where the first tree is one node, it is not sent again
    inner = (index ^ ((second - 1) >> level)).bit_length()
    if len(hashes) != 1 + inner + (index >> inner).bit_count():
        return False
    old = new = hashes[0]
    for step, sibling in enumerate(hashes[1:]):
        if step >= inner or index >> step & 1:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return old == first_root and new == second_root


def _way_up(level: int, index: int, size: int) -> tuple[list[Node], slice]:
    """The complete nodes beside the way from a complete node to the root, bottom up.

    The slice marks those which, folded, are one hash of the proof: where the way leaves the ragged right edge.
    """
    base = index << level
    top = level + ((base ^ (size - 1)) >> level).bit_length()  # from here up, only left siblings remain
    wanted = [(at, (base >> at) ^ 1) for at in range(level, top - 1)]
    start = len(wanted)
    if top > level:
        split = top - 1  # here the sibling holds the last leaf
        if size & ((1 << split) - 1):
            wanted += [(at, (size >> at) - 1) for at in range(split) if size >> at & 1]
        else:
            wanted.append((split, (base >> split) ^ 1))
    edge = slice(start, len(wanted))
    wanted += [(at, (base >> at) - 1) for at in range(top, base.bit_length()) if base >> at & 1]
    return wanted, edge


def _last_peak(size: int) -> Node:
    """The rightmost of ``peak_nodes(size)``; its index is 0 where it is the whole tree."""
    level = (size & -size).bit_length() - 1
    return level, (size - 1) >> level


def _inclusion_way(index: int, size: int) -> tuple[list[Node], slice]:
    _within(size, MAX_SIZE)
    _within(index, size - 1, size)
    return _way_up(0, index, size)


def _consistency_way(first: int, second: int) -> tuple[list[Node], slice]:
    _within(second, MAX_SIZE)
    _within(first, second, second)
    if first in (0, second):
        return [], slice(0, 0)
    level, index = _last_peak(first)
    wanted, edge = _way_up(level, index, second)
    if index:  # otherwise the verifier has this node: it is the first root
        wanted.insert(0, (level, index))
        edge = slice(edge.start + 1, edge.stop + 1)
    return wanted, edge


def _path(nodes: NodeSource | Mapping[Node, bytes], wanted: list[Node], edge: slice) -> tuple[bytes, ...]:
    found = _fetch(nodes, wanted)
    if edge.stop - edge.start > 1:
        found[edge] = [_fold(found[edge])]
    return tuple(found)


def _fetch(nodes: NodeSource | Mapping[Node, bytes], wanted: Sequence[Node]) -> list[bytes]:
    found = nodes if isinstance(nodes, Mapping) else nodes.nodes(wanted)
    try:
        return [found[node] for node in wanted]
    except KeyError as missing:
        level, index = missing.args[0]
        raise NotFound("merkle.node", level=level, index=index) from None


def _fold(hashes: Sequence[bytes]) -> bytes:
    """One node over subtrees that stand side by side, given from right to left."""
    node = hashes[0]
    for left in hashes[1:]:
        node = node_hash(left, node)
    return node


def _pair_up(level: Sequence[bytes]) -> list[bytes]:
    return [sha256(b"\x01" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=False)]


def _hashes(values: Iterable[bytes]) -> list[bytes]:
    listed = list(values)
    if not are_hashes(listed):
        raise BadInput("merkle.hash")
    return listed


def _is_path(path: object) -> bool:
    return isinstance(path, list | tuple) and len(path) <= MAX_SIZE.bit_length() + 1 and are_hashes(path)


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_SIZE


def _within(value: int, limit: int, size: int = MAX_SIZE) -> None:
    if type(value) is not int or not 0 <= value <= limit:
        raise BadInput("merkle.range", index=shown(value), size=shown(size))
