"""One proof for many leaves of the same RFC 9162 tree: how a batch of receipts shares its hashes.

A verifier who knows some leaves computes most of the tree alone; the proof holds only the complete nodes that are
lacking, sorted by (level, index), the peaks of the tree among them. For a contiguous batch these are O(log size) hashes
in all, and one node hash per leaf to compute. Both sides derive from the indices and the size alone which nodes these
are: the proof is a bare list of hashes, and there is exactly one of them.

As in ``merkle``, an index is bound only if the size comes from the same signature as the root.

>>> from tansiq.protocol.merkle import MemoryNodes, leaf_hash
>>> leaves = {index: leaf_hash(b"entry %d" % index) for index in range(100)}
>>> tree = MemoryNodes(list(leaves.values()))
>>> wanted = needed(range(40, 60), 100)
>>> wanted
((2, 15), (2, 24), (3, 4), (5, 0), (5, 2))
>>> proof = [tree.node(level, index) for level, index in wanted]
>>> root_from(leaves={index: leaves[index] for index in range(40, 60)}, size=100, nodes=proof) == tree.root()
True
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.merkle import MAX_SIZE, Node, are_hashes, node_hash, shown

__all__ = ["needed", "paths_from", "root_from"]


def needed(indices: Collection[int], size: int) -> tuple[Node, ...]:
    """The complete nodes that a verifier who knows the leaves at ``indices`` lacks, in the order of the proof.

    ``indices`` may come in any order, and count once. No smaller set of complete nodes would do.
    Raises BadInput ``merkle.range`` if there are none, or one is outside the tree of ``size`` leaves.
    """
    if not _in_tree(indices, size):
        raise BadInput("merkle.range", index="?", size=shown(size))
    known = sorted(set(indices))
    wanted: list[Node] = []
    for level in range(size.bit_length()):
        count = size >> level
        present = set(known)
        lacks_peak = count & 1 and known[-1:] != [count - 1]
        if count & 1 and not lacks_peak:
            known.pop()
        wanted += [(level, index ^ 1) for index in known if index ^ 1 not in present]
        if lacks_peak:
            wanted.append((level, count - 1))
        known = list(dict.fromkeys([index >> 1 for index in known]))
    return tuple(wanted)


def root_from(*, leaves: Mapping[int, bytes], size: int, nodes: Sequence[bytes]) -> bytes:
    """The root of the tree of ``size`` leaves, out of the known ``leaves`` (index to leaf hash) and the proof.

    Any argument may be hostile. It is for the caller to compare the root with a signed one.
    Raises NotProven ``merkle.multiproof`` if an index is out of range or the proof has too few or too many hashes.
    """
    _, peaks = _rebuild(leaves, size, nodes)
    return _join(peaks)[0]


def paths_from(*, leaves: Mapping[int, bytes], size: int, nodes: Sequence[bytes]) -> dict[int, tuple[bytes, ...]]:
    """The ordinary inclusion path of each of ``leaves`` (RFC 9162 section 2.1.3), by index.

    The paths lead to what ``root_from`` says of the same arguments, whether or not anybody signed that.
    Raises NotProven ``merkle.multiproof`` as ``root_from`` does.
    """
    levels, peaks = _rebuild(leaves, size, nodes)
    above = _join(peaks)[1]
    paths: dict[int, tuple[bytes, ...]] = {}
    for height in reversed(range(len(levels))):  # top down: nodes under one parent share that parent's path
        level = levels[height]
        paths = {index: (level[index ^ 1],) + paths[index >> 1] for index in level}
        if height in above:
            paths[(size >> height) - 1] = above[height]
    return {index: paths[index] for index in leaves}


def _rebuild(
    leaves: Mapping[int, bytes], size: int, nodes: Sequence[bytes]
) -> tuple[list[dict[int, bytes]], dict[int, bytes]]:
    """Compute what can be known of the tree: the paired nodes of each level, by index, and the peaks, by level."""
    if not (_is_proof(leaves, nodes) and _in_tree(leaves, size)):
        raise _not_proven(leaves, size)
    rest = iter(nodes)
    level = {index: leaves[index] for index in sorted(leaves)}
    levels: list[dict[int, bytes]] = []
    peaks: dict[int, bytes] = {}
    for height in range(size.bit_length()):
        count = size >> height
        peak = level.pop(count - 1, None) if count & 1 else None  # an odd count leaves its last node without a sibling
        lacking = [index ^ 1 for index in level if index ^ 1 not in level]
        parents = dict.fromkeys([index >> 1 for index in level])
        found = list(islice(rest, len(lacking)))
        if count & 1:
            peak = peak or next(rest, None)
            if peak is None:
                raise _not_proven(leaves, size)
            peaks[height] = peak
        if len(found) < len(lacking):
            raise _not_proven(leaves, size)
        level.update(zip(lacking, found, strict=True))
        levels.append(level)
        level = {index: node_hash(level[2 * index], level[2 * index + 1]) for index in parents}
    if next(rest, None) is not None:
        raise _not_proven(leaves, size)
    return levels, peaks


def _join(peaks: Mapping[int, bytes]) -> tuple[bytes, dict[int, tuple[bytes, ...]]]:
    """The root over the ``peaks`` (lowest level first), and the path from each of them to it, by level."""
    hashes = list(peaks.values())
    root = hashes[0]
    paths = {}
    for position, (height, peak) in enumerate(peaks.items()):
        paths[height] = (root, *hashes[position + 1 :]) if position else tuple(hashes[1:])
        root = node_hash(peak, root) if position else peak
    return root, paths


def _is_proof(leaves: object, nodes: object) -> bool:
    if not (isinstance(leaves, Mapping) and isinstance(nodes, list | tuple)):
        return False
    return are_hashes(leaves.values()) and are_hashes(nodes)


def _in_tree(indices: Collection[int], size: int) -> bool:
    sound = type(size) is int and size <= MAX_SIZE and {*map(type, indices)} == {int}  # no index at all is unsound too
    return sound and min(indices) >= 0 and max(indices) < size


def _not_proven(leaves: object, size: object) -> NotProven:
    count = len(leaves) if isinstance(leaves, Mapping) else "?"
    return NotProven("merkle.multiproof", count=count, size=shown(size))
