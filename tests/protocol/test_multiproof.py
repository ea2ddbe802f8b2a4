"""One proof for many leaves: exactly what is lacking, ordinary paths out of it, and nothing to bend."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tansiq.errors import BadInput, NotProven
from tansiq.protocol import multiproof
from tansiq.protocol.merkle import (
    MAX_SIZE,
    MemoryNodes,
    Node,
    inclusion_path,
    leaf_hash,
    node_hash,
    root_of,
    verify_inclusion,
)
from tansiq.protocol.multiproof import needed, paths_from, root_from

DATA = [b"entry %d" % index for index in range(300)]
LEAVES = [leaf_hash(entry) for entry in DATA]
TREE = MemoryNodes(LEAVES)
BATCH = range(9, 14)


def proof(indices: Collection[int], size: int) -> dict[str, Any]:
    """The arguments of ``root_from`` for an honest proof."""
    nodes = [TREE.node(*node) for node in needed(indices, size)]
    return {"leaves": {index: LEAVES[index] for index in indices}, "size": size, "nodes": nodes}


def lacking(indices: Collection[int], size: int) -> list[Node]:
    """By definition: every complete node above no known leaf, whose parent is incomplete or above a known leaf."""

    def knows(level: int, index: int) -> bool:
        return any(at >> level == index for at in indices)

    complete = [(level, index) for level in range(size.bit_length()) for index in range(size >> level)]
    return [
        (level, index)
        for level, index in complete
        if not knows(level, index) and ((level + 1, index >> 1) not in complete or knows(level + 1, index >> 1))
    ]


def root_or_refusal(**arguments: Any) -> bytes | None:
    try:
        return root_from(**arguments)
    except NotProven:
        return None


def check(indices: Collection[int], size: int) -> None:
    root = root_of(LEAVES[:size])
    arguments = proof(indices, size)
    assert root_from(**arguments) == root
    paths = paths_from(**arguments)
    assert set(paths) == set(indices)
    for index, path in paths.items():
        assert path == inclusion_path(index, size, TREE)
        verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=path, root=root)


def test_every_contiguous_batch_of_every_small_tree() -> None:
    for size in range(1, 20):
        for start in range(size):
            for stop in range(start + 1, size + 1):
                assert list(needed(range(start, stop), size)) == lacking(range(start, stop), size)
                check(range(start, stop), size)


def test_every_set_of_leaves_of_the_smallest_trees() -> None:
    for size in range(1, 9):
        for chosen in range(1, 1 << size):
            indices = [index for index in range(size) if chosen >> index & 1]
            assert list(needed(indices, size)) == lacking(indices, size)
            check(indices, size)


@given(size=st.integers(1, len(LEAVES)), data=st.data())
@settings(max_examples=60, deadline=None)
def test_any_leaves_in_any_order(size: int, data: st.DataObject) -> None:
    indices = data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=40))
    assert needed(indices, size) == needed(sorted(set(indices)), size)
    assert list(needed(indices, size)) == sorted(lacking(set(indices), size))
    check(indices, size)


def test_the_paths_satisfy_pymerkle() -> None:
    foreign = pymerkle.InmemoryTree(algorithm="sha256")
    foreign.append_entries(DATA[:77])
    for index, path in paths_from(**proof([0, 3, 40, 41, 42, 63, 64, 76], 77)).items():
        honest = foreign.prove_inclusion(index + 1)
        assert honest.path == [LEAVES[index], *path]
        ours = pymerkle.InclusionProof("sha256", True, 77, index + 1, honest.rule, [LEAVES[index], *path])
        pymerkle.verify_inclusion(LEAVES[index], foreign.get_root(), ours, index=index + 1, size=77)


@pytest.mark.parametrize("size", [1 << 40, (1 << 40) + 12_345, MAX_SIZE])
@pytest.mark.parametrize("position", [0.0, 0.3, 1.0])
def test_a_contiguous_batch_costs_one_node_hash_per_leaf(
    size: int, position: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a tree of any size; the rest, in hashes sent and in hashes computed, grows with the tree's height alone."""
    start = int((size - 256) * position) if position < 1 else size - 256
    batch = range(start, start + 256)
    calls = 0

    def counting(left: bytes, right: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return node_hash(left, right)

    same = [leaf_hash(b"the same")]
    for _ in range(63):
        same.append(node_hash(same[-1], same[-1]))
    wanted = needed(batch, size)
    assert len(wanted) <= 2 * size.bit_length()
    monkeypatch.setattr(multiproof, "node_hash", counting)
    root_from(leaves=dict.fromkeys(batch, same[0]), size=size, nodes=[same[level] for level, _ in wanted])
    assert calls <= 256 + 2 * size.bit_length()


# ---- what must not pass


@pytest.mark.parametrize("size", [14, 16, 23])
def test_not_one_byte_may_change(size: int) -> None:
    honest = proof(BATCH, size)
    root = root_from(**honest)
    for place, value in enumerate(honest["nodes"]):
        for at in range(32):
            changed = value[:at] + bytes([value[at] ^ 1 << at % 8]) + value[at + 1 :]
            nodes = [*honest["nodes"][:place], changed, *honest["nodes"][place + 1 :]]
            assert root_from(**(honest | {"nodes": nodes})) != root
    for index, value in honest["leaves"].items():
        for at in range(32):
            changed = value[:at] + bytes([value[at] ^ 1 << at % 8]) + value[at + 1 :]
            assert root_from(**(honest | {"leaves": honest["leaves"] | {index: changed}})) != root


@pytest.mark.parametrize("size", [14, 16, 23])
def test_hashes_too_few_too_many_or_out_of_order(size: int) -> None:
    honest = proof(BATCH, size)
    nodes = honest["nodes"]
    root = root_from(**honest)
    for at in range(len(nodes)):
        short, long = [*nodes[:at], *nodes[at + 1 :]], [*nodes[:at], nodes[at], *nodes[at:]]
        for wrong in (short, long, []):
            with pytest.raises(NotProven, match=r"merkle\.multiproof"):
                root_from(**(honest | {"nodes": wrong}))
            with pytest.raises(NotProven, match=r"merkle\.multiproof"):
                paths_from(**(honest | {"nodes": wrong}))
    assert root_from(**(honest | {"nodes": nodes[::-1]})) != root


def test_leaves_in_other_places_do_not_prove_the_same_root() -> None:
    honest = proof(BATCH, 23)
    root = root_from(**honest)
    leaves: Mapping[int, bytes] = honest["leaves"]
    swapped = {**leaves, 9: leaves[10], 10: leaves[9]}
    shifts = [{index + by: value for index, value in leaves.items()} for by in (-9, -8, -4, -1, 1, 2, 4, 8, 9)]
    dropped = [{index: value for index, value in leaves.items() if index != gone} for gone in leaves]
    for wrong in [swapped, *shifts, *dropped, {**leaves, 0: LEAVES[0]}]:
        assert root_or_refusal(**(honest | {"leaves": wrong})) != root


def test_a_wrong_size_proves_the_root_only_where_every_path_keeps_its_shape() -> None:
    """The size must be signed with the root (see the module): here is how far a wrong one could get, and no further."""
    survived = 0
    for size in range(14, 40):
        honest = proof(BATCH, size)
        root, paths = root_from(**honest), paths_from(**honest)
        for other in range(41):
            found = root_or_refusal(**(honest | {"size": other}))
            if other != size and found == root:
                survived += 1
                assert paths_from(**(honest | {"size": other})) == paths
    assert survived


ABSURD_SIZES: list[Any] = [None, True, 0, -1, 13, 1.5, "16", 1 << 63, 10**5000, [], -(10**5000)]
ABSURD_LEAVES: list[Any] = [
    None,
    {},
    [],
    [LEAVES[0]],
    {-1: LEAVES[0]},
    {16: LEAVES[0]},
    {"0": LEAVES[0]},
    {True: LEAVES[0]},
    {1.0: LEAVES[0]},
    {0: LEAVES[0], "1": LEAVES[1]},
    {0: b""},
    {0: None},
    {0: bytes(31)},
    {0: "0" * 32},
    {10**5000: LEAVES[0]},
]
ABSURD_NODES: list[Any] = [
    None,
    7,
    "",
    b"",
    bytes(96),
    {},
    [None],
    [b""],
    ["a" * 32],
    [bytes(31)] * 4,
    iter(()),
    [bytes(32)] * 100_000,
]


@pytest.mark.parametrize("function", [root_from, paths_from])
@pytest.mark.parametrize(
    ("name", "value"),
    [("size", value) for value in ABSURD_SIZES]
    + [("leaves", value) for value in ABSURD_LEAVES]
    + [("nodes", value) for value in ABSURD_NODES],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else type(value).__name__,
)
def test_hostile_arguments_never_crash(function: Callable[..., object], name: str, value: Any) -> None:
    with pytest.raises(NotProven) as told:
        function(**(proof(BATCH, 16) | {name: value}))
    assert told.value.code == "merkle.multiproof"
    texts = [told.value.advice(language) for language in ("ar", "es", "fr", "en")]
    assert len(set(texts)) == 4
    assert all("{" not in text.what and text.do for text in texts)
    assert len(str(told.value)) < 200


@pytest.mark.parametrize(
    ("indices", "size"),
    [([], 4), ([4], 4), ([-1], 4), ([0], 0), ([True], 4), (["0"], 4), ([0], "4"), ([0], MAX_SIZE + 1), ([0], 1 << 200)],
)
def test_asking_for_what_is_not_there(indices: Any, size: Any) -> None:
    with pytest.raises(BadInput, match=r"merkle\.range"):
        needed(indices, size)
