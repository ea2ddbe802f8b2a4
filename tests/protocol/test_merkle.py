"""Merkle trees against RFC 9162: the published vectors, the RFC's recursive definitions, pymerkle and scitt-cose."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scitt_cose import merkle as scitt

from tansiq.errors import BadInput, Error, NotFound, NotProven
from tansiq.protocol import merkle
from tansiq.protocol.merkle import (
    EMPTY_ROOT,
    MAX_SIZE,
    Frontier,
    MemoryNodes,
    Node,
    completing_leaf,
    consistency_nodes,
    consistency_path,
    inclusion_nodes,
    inclusion_path,
    leaf_hash,
    node_hash,
    peak_nodes,
    root_of,
    verify_consistency,
    verify_inclusion,
)

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "rfc9162.json").read_text(encoding="utf-8"))
LIMIT = 40  # every tree below this size is tried exhaustively
DATA = [b"entry %d" % index for index in range(LIMIT)]
LEAVES = [leaf_hash(entry) for entry in DATA]
TREE = MemoryNodes(LEAVES)
ROOTS = [root_of(LEAVES[:size]) for size in range(LIMIT)]
PAIRS = [(index, size) for size in range(1, LIMIT) for index in range(size)]
SPANS = [(first, second) for second in range(1, LIMIT) for first in range(1, second + 1)]

FOREIGN = pymerkle.InmemoryTree(algorithm="sha256")
FOREIGN.append_entries(DATA)


def unhex(texts: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)


# ---- the definitions of RFC 9162, written down as they stand there: slow, recursive, without any stored node


def split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)


def rfc_root(leaves: list[bytes]) -> bytes:
    """MTH, section 2.1.1, over leaf hashes."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return hashlib.sha256(b"\x01" + rfc_root(leaves[:k]) + rfc_root(leaves[k:])).digest()


def rfc_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """PATH, section 2.1.3.1."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*rfc_path(m, leaves[:k]), rfc_root(leaves[k:])]
    return [*rfc_path(m - k, leaves[k:]), rfc_root(leaves[:k])]


def rfc_subproof(m: int, leaves: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF, section 2.1.4.1; PROOF is the one with ``whole``."""
    if m == len(leaves):
        return [] if whole else [rfc_root(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*rfc_subproof(m, leaves[:k], whole=whole), rfc_root(leaves[k:])]
    return [*rfc_subproof(m - k, leaves[k:], whole=False), rfc_root(leaves[:k])]


# ---- two storages


class Rows:
    """What a journal keeps: one row per leaf, its own hash and the nodes that it completes. Counts its queries."""

    def __init__(self, leaves: list[bytes]) -> None:
        frontier, completed = Frontier().extend(leaves)
        self.frontier = frontier
        self.rows = [(leaf, *more) for leaf, more in zip(leaves, completed, strict=True)]
        self.queries = 0

    def node(self, level: int, index: int) -> bytes:
        return self.rows[completing_leaf(level, index)][level]

    def nodes(self, wanted: Iterable[Node]) -> Mapping[Node, bytes]:
        self.queries += 1
        return {node: self.node(*node) for node in wanted}


class Uniform:
    """A tree of any size, all leaves alike: a node's hash depends on its level alone. Refuses partial nodes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.levels = [leaf_hash(b"the same")]
        for _ in range(63):
            self.levels.append(node_hash(self.levels[-1], self.levels[-1]))

    def node(self, level: int, index: int) -> bytes:
        assert 0 <= index < self.size >> level, "not a complete node of this tree"
        return self.levels[level]

    def nodes(self, wanted: Iterable[Node]) -> Mapping[Node, bytes]:
        return {node: self.node(*node) for node in wanted}


# ---- verdicts: ours and the others', as plain booleans


def holds(check: Callable[..., None], **arguments: Any) -> bool:
    try:
        check(**arguments)
    except NotProven:
        return False
    return True


def foreign_inclusion(
    *, leaf: bytes, index: int, size: int, path: Iterable[bytes], root: bytes, rule: list[int]
) -> bool:
    """What pymerkle says of our path; ``rule`` are the sides that its proof format carries along."""
    proof = pymerkle.InclusionProof("sha256", True, size, index + 1, rule, [leaf, *path])
    try:
        pymerkle.verify_inclusion(leaf, root, proof)
    except pymerkle.InvalidProof:
        return False
    return True


def foreign_consistency(
    *,
    first: int,
    second: int,
    first_root: bytes,
    second_root: bytes,
    honest: pymerkle.ConsistencyProof,
    path: list[bytes],
) -> bool:
    """What pymerkle says of a path in its own format, which goes down to single leaves where the RFC's need not."""
    proof = pymerkle.ConsistencyProof("sha256", True, second, first, honest.rule, honest.subset, path)
    try:
        pymerkle.verify_consistency(first_root, second_root, proof)
    except pymerkle.InvalidProof:
        return False
    return True


def flipped(value: bytes, at: int, bit: int = 0) -> bytes:
    return value[:at] + bytes([value[at] ^ (1 << bit)]) + value[at + 1 :]


def damaged(path: Iterable[bytes]) -> list[list[bytes]]:
    """Each way to damage a path once: a byte of each hash, one missing at each place, one too many at each place."""
    honest = list(path)
    stranger = leaf_hash(b"stranger")
    out = [[*honest[:at], flipped(honest[at], (7 * at) % 32, at % 8), *honest[at + 1 :]] for at in range(len(honest))]
    out += [[*honest[:at], *honest[at + 1 :]] for at in range(len(honest))]
    out += [[*honest[:at], stranger, *honest[at:]] for at in range(len(honest) + 1)]
    if len(set(honest)) > 1:
        out.append(honest[::-1])
    return out


# ---- roots and growth


def test_published_roots() -> None:
    leaves = [leaf_hash(entry) for entry in unhex(VECTORS["inputs"])]
    roots = unhex(VECTORS["roots"])
    assert bytes.fromhex(VECTORS["empty_root"]) == EMPTY_ROOT == root_of([]) == Frontier().root()
    frontier = Frontier()
    for size, root in enumerate(roots, 1):
        frontier, _ = frontier.append(leaves[size - 1])
        assert root_of(leaves[:size]) == frontier.root() == MemoryNodes(leaves[:size]).root() == root


@pytest.mark.parametrize("size", range(LIMIT))
def test_roots_agree_with_the_rfc_and_pymerkle(size: int) -> None:
    frontier, _ = Frontier().extend(LEAVES[:size])
    assert frontier.size == size
    assert frontier.root() == ROOTS[size] == rfc_root(LEAVES[:size]) == FOREIGN.get_root(size)


def test_leaf_and_node_are_told_apart() -> None:
    left, right = LEAVES[:2]
    assert leaf_hash(left + right) != node_hash(left, right)
    assert node_hash(left, right) != node_hash(right, left)


@given(size=st.integers(0, 400), cut=st.integers(0, 400), data=st.data())
@settings(max_examples=60, deadline=None)
def test_growing_in_any_portions_is_the_same(size: int, cut: int, data: st.DataObject) -> None:
    leaves = [leaf_hash(b"%d" % index) for index in range(size)]
    once, rows = Frontier().extend(leaves)
    cut = min(cut, size)
    part, early = Frontier().extend(leaves[:cut])
    grown, late = part.extend(leaves[cut:])
    assert (grown, early + late) == (once, rows)
    assert once.root() == root_of(leaves) == rfc_root(leaves)
    for leaf, row in zip(leaves[cut : cut + 5], late, strict=False):
        part, completed = part.append(leaf)
        assert completed == row
    storage = Rows(leaves)
    earlier = data.draw(st.integers(0, size))
    assert Frontier.at(earlier, storage).root() == root_of(leaves[:earlier])
    assert Frontier.at(size, storage) == once


def test_rows_hold_every_complete_node_and_nothing_else() -> None:
    storage = Rows(LEAVES)
    found = {
        (level, ((at + 1) >> level) - 1): value
        for at, row in enumerate(storage.rows)
        for level, value in enumerate(row)
    }
    complete = {(level, index) for level in range(7) for index in range(LIMIT >> level)}
    assert set(found) == complete
    for level, index in complete:
        under = LEAVES[index << level : (index + 1) << level]
        assert storage.node(level, index) == TREE.node(level, index) == found[level, index] == rfc_root(under)


def test_a_frontier_is_a_value() -> None:
    frontier, _ = Frontier().extend(LEAVES[:7])
    grown, completed = frontier.append(LEAVES[7])
    assert frontier.size == 7
    assert grown.size == 8
    assert completed == (TREE.node(1, 3), TREE.node(2, 1), TREE.node(3, 0))
    assert grown.peaks == completed[-1:]
    with pytest.raises(AttributeError):
        frontier.size = 8  # type: ignore[misc]


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 8, 39])
def test_frontier_bytes_round_trip(size: int) -> None:
    frontier, _ = Frontier().extend(LEAVES[:size])
    data = frontier.to_bytes()
    assert Frontier.from_bytes(data) == frontier
    assert len(data) == 8 + 32 * size.bit_count()


@given(st.one_of(st.binary(max_size=80), st.integers(0, 3).map(lambda size: size.to_bytes(8, "big") + bytes(32))))
@settings(max_examples=200, deadline=None)
def test_hostile_frontier_bytes_are_refused_or_read_back_alike(data: bytes) -> None:
    size = int.from_bytes(data[:8], "big")
    if len(data) >= 8 and size <= MAX_SIZE and len(data) == 8 + 32 * size.bit_count():
        assert Frontier.from_bytes(data).to_bytes() == data
    else:
        with pytest.raises(BadInput, match=r"merkle\.frontier"):
            Frontier.from_bytes(data)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Frontier.from_bytes(b""),
        lambda: Frontier.from_bytes(bytes(7)),
        lambda: Frontier.from_bytes(bytes(9)),
        lambda: Frontier.from_bytes((1 << 63).to_bytes(8, "big") + bytes(32)),
        lambda: Frontier.from_bytes((3).to_bytes(8, "big") + bytes(32)),
        lambda: Frontier.from_bytes("x" * 8),  # type: ignore[arg-type]
        lambda: Frontier(1, ()),
        lambda: Frontier(-1, (bytes(32),)),
        lambda: Frontier(True, (bytes(32),)),
    ],
)
def test_a_frontier_that_cannot_be_is_refused(make: Callable[[], Frontier]) -> None:
    with pytest.raises(BadInput, match=r"merkle\.frontier"):
        make()


@pytest.mark.parametrize("wrong", [b"", bytes(31), bytes(33), bytearray(32), "0" * 32, None, 7])
def test_what_is_no_hash_is_never_appended(wrong: Any) -> None:
    for attempt in (
        lambda: Frontier().append(wrong),
        lambda: Frontier().extend([LEAVES[0], wrong]),
        lambda: root_of([LEAVES[0], wrong]),
        lambda: MemoryNodes([wrong]),
    ):
        with pytest.raises(BadInput, match=r"merkle\.hash"):
            attempt()


# ---- inclusion


@pytest.mark.parametrize("case", VECTORS["inclusion"])
def test_published_inclusion_paths(case: dict[str, Any]) -> None:
    leaves = [leaf_hash(entry) for entry in unhex(VECTORS["inputs"])]
    index, size, path = case["index"], case["size"], unhex(case["path"])
    assert inclusion_path(index, size, MemoryNodes(leaves)) == path
    root = bytes.fromhex(VECTORS["roots"][size - 1])
    verify_inclusion(leaf=leaves[index], index=index, size=size, path=path, root=root)


def test_inclusion_in_every_small_tree() -> None:
    """Paths are those of the RFC and of pymerkle, and every verifier accepts them; every damage is refused by both."""
    storage = Rows(LEAVES)
    for index, size in PAIRS:
        path = inclusion_path(index, size, storage)
        theirs = FOREIGN.prove_inclusion(index + 1, size)
        assert list(path) == rfc_path(index, LEAVES[:size]) == theirs.path[1:]
        assert path == inclusion_path(index, size, storage.nodes(inclusion_nodes(index, size)))
        good: dict[str, Any] = {"leaf": LEAVES[index], "index": index, "size": size, "path": path, "root": ROOTS[size]}
        assert holds(verify_inclusion, **good)
        assert foreign_inclusion(**good, rule=theirs.rule)
        changes: list[dict[str, Any]] = [{"path": bad} for bad in damaged(path)]
        changes += [{"leaf": flipped(LEAVES[index], index % 32)}, {"root": flipped(ROOTS[size], size % 32)}]
        changes += [{"index": other} for other in range(size) if other != index]
        for change in changes:
            bad = good | change
            assert not holds(verify_inclusion, **bad), change
            assert not foreign_inclusion(**bad, rule=theirs.rule), change


@pytest.mark.parametrize(("index", "size"), [(0, 2), (5, 8), (12, 13), (9, 13)])
def test_not_one_bit_of_an_inclusion_proof_may_change(index: int, size: int) -> None:
    path = inclusion_path(index, size, TREE)
    rule = FOREIGN.prove_inclusion(index + 1, size).rule
    good: dict[str, Any] = {"leaf": LEAVES[index], "index": index, "size": size, "path": path, "root": ROOTS[size]}
    hashes = [good["leaf"], good["root"], *path]
    for place, value in enumerate(hashes):
        for at in range(32):
            bad = [*hashes[:place], flipped(value, at, at % 8), *hashes[place + 1 :]]
            changed = good | {"leaf": bad[0], "root": bad[1], "path": bad[2:]}
            assert not holds(verify_inclusion, **changed)
            assert not foreign_inclusion(**changed, rule=rule)


def test_a_wrong_size_is_refused_unless_the_path_has_the_same_shape() -> None:
    """A root does not fix its size (RFC 9162 signs both): our verdict and pymerkle's are alike for every wrong size."""
    survived = 0
    for index, size in PAIRS:
        path = inclusion_path(index, size, TREE)
        rule = FOREIGN.prove_inclusion(index + 1, size).rule
        for other in range(LIMIT + 30):
            if other == size:
                continue
            claim: dict[str, Any] = {
                "leaf": LEAVES[index],
                "index": index,
                "size": other,
                "path": path,
                "root": ROOTS[size],
            }
            same_shape = index < other < LIMIT and FOREIGN.prove_inclusion(index + 1, other).rule == rule
            verdict = holds(verify_inclusion, **claim)
            assert verdict == foreign_inclusion(**claim, rule=rule)
            if other < LIMIT:
                assert verdict == same_shape
            survived += verdict
        height = (size - 1).bit_length()
        for other in (0, index, size << 1, 1 << (height + 1), MAX_SIZE):
            if other != size and (other <= index or (other - 1).bit_length() > height):
                assert not holds(
                    verify_inclusion, leaf=LEAVES[index], index=index, size=other, path=path, root=ROOTS[size]
                ), (index, size, other)
    assert survived, "the warning in the module's docstring would be out of date"


@given(size=st.integers(1, MAX_SIZE), data=st.data())
@settings(max_examples=150, deadline=None)
def test_inclusion_in_trees_of_any_size(size: int, data: st.DataObject) -> None:
    index = data.draw(st.one_of(st.integers(0, size - 1), st.sampled_from([0, size - 1])))
    tree = Uniform(size)
    path = inclusion_path(index, size, tree)
    root = Frontier.at(size, tree).root()
    assert len(path) <= 63
    assert len(set(inclusion_nodes(index, size))) == len(inclusion_nodes(index, size)) <= 2 * 63
    verify_inclusion(leaf=tree.levels[0], index=index, size=size, path=path, root=root)
    for bad in damaged(path):
        if bad != list(path):
            assert not holds(verify_inclusion, leaf=tree.levels[0], index=index, size=size, path=bad, root=root)


# ---- consistency


@pytest.mark.parametrize("case", VECTORS["consistency"])
def test_published_consistency_paths(case: dict[str, Any]) -> None:
    tree = MemoryNodes([leaf_hash(entry) for entry in unhex(VECTORS["inputs"])])
    first, second, path = case["first"], case["second"], unhex(case["path"])
    roots = unhex(VECTORS["roots"])
    assert consistency_path(first, second, tree) == path
    verify_consistency(
        first=first, second=second, first_root=roots[first - 1], second_root=roots[second - 1], path=path
    )


def test_consistency_of_every_pair_of_small_trees() -> None:
    """Paths are those of the RFC; pymerkle and scitt-cose accept what we accept, and all refuse every damage."""
    storage = Rows(LEAVES)
    for first, second in SPANS:
        path = consistency_path(first, second, storage)
        assert list(path) == rfc_subproof(first, LEAVES[:second])
        assert path == consistency_path(first, second, storage.nodes(consistency_nodes(first, second)))
        sides: dict[str, Any] = {
            "first": first,
            "second": second,
            "first_root": ROOTS[first],
            "second_root": ROOTS[second],
        }
        theirs = FOREIGN.prove_consistency(first, second)
        assert holds(verify_consistency, **sides, path=path)
        assert foreign_consistency(**sides, honest=theirs, path=theirs.path)
        assert scitt_consistency(**sides, path=path)
        for bad in damaged(path):
            assert not holds(verify_consistency, **sides, path=bad)
            assert not scitt_consistency(**sides, path=bad)
        for bad in damaged(theirs.path):
            assert not foreign_consistency(**sides, honest=theirs, path=bad)
        wrong: list[dict[str, Any]] = [
            {"first_root": flipped(ROOTS[first], second % 32)},
            {"second_root": flipped(ROOTS[second], first % 32)},
            {"second_root": root_of([*LEAVES[: first - 1], leaf_hash(b"rewritten"), *LEAVES[first:second]])},
            {"first": second, "second": first} if first < second else {"first": first + 1},
            {"second": 2 * second + 1},
        ]
        for change in wrong:
            assert not holds(verify_consistency, **(sides | change), path=path), change
            assert not scitt_consistency(**(sides | change), path=path), change
            assert not foreign_consistency(**(sides | change), honest=theirs, path=theirs.path), change


def scitt_consistency(*, first: int, second: int, first_root: bytes, second_root: bytes, path: Iterable[bytes]) -> bool:
    hexed = [value.hex() for value in path]
    return bool(scitt.verify_consistency(first_root.hex(), second_root.hex(), first, second, hexed))


@pytest.mark.parametrize(("first", "second"), [(1, 2), (4, 7), (6, 8), (11, 13)])
def test_not_one_bit_of_a_consistency_proof_may_change(first: int, second: int) -> None:
    path = consistency_path(first, second, TREE)
    hashes = [ROOTS[first], ROOTS[second], *path]
    for place, value in enumerate(hashes):
        for at in range(32):
            bad = [*hashes[:place], flipped(value, at, at % 8), *hashes[place + 1 :]]
            assert not holds(
                verify_consistency, first=first, second=second, first_root=bad[0], second_root=bad[1], path=bad[2:]
            )


@pytest.mark.parametrize(
    ("first", "second", "first_root", "second_root", "path", "expected"),
    [
        (0, 0, EMPTY_ROOT, EMPTY_ROOT, [], True),
        (0, 5, EMPTY_ROOT, ROOTS[5], [], True),
        (5, 5, ROOTS[5], ROOTS[5], [], True),
        (0, 0, EMPTY_ROOT, ROOTS[1], [], False),
        (0, 5, ROOTS[1], ROOTS[5], [], False),
        (0, 5, EMPTY_ROOT, ROOTS[5], [EMPTY_ROOT], False),
        (5, 5, ROOTS[5], ROOTS[4], [], False),
        (5, 5, ROOTS[5], ROOTS[5], [ROOTS[5]], False),
        (5, 4, ROOTS[5], ROOTS[4], [], False),
        (1, 0, EMPTY_ROOT, EMPTY_ROOT, [], False),
        (4, 5, ROOTS[4], ROOTS[4], [], False),
        (3, 5, ROOTS[3], ROOTS[5], [], False),
    ],
)
def test_consistency_at_the_margins(
    first: int, second: int, first_root: bytes, second_root: bytes, path: list[bytes], *, expected: bool
) -> None:
    assert expected == holds(
        verify_consistency, first=first, second=second, first_root=first_root, second_root=second_root, path=path
    )


@given(second=st.integers(1, MAX_SIZE), data=st.data())
@settings(max_examples=150, deadline=None)
def test_consistency_of_trees_of_any_size(second: int, data: st.DataObject) -> None:
    power = st.integers(0, second.bit_length() - 1).map(lambda height: 1 << height)
    first = data.draw(st.one_of(st.integers(0, second), power))
    tree = Uniform(second)
    path = consistency_path(first, second, tree)
    assert len(path) <= 64
    roots = {"first_root": Frontier.at(first, tree).root(), "second_root": Frontier.at(second, tree).root()}
    verify_consistency(first=first, second=second, path=path, **roots)
    if 0 < first < second:
        assert not holds(verify_consistency, first=first, second=second, path=path[:-1], **roots)


# ---- storage


def test_a_proof_costs_one_query() -> None:
    storage = Rows(LEAVES)
    inclusion_path(3, 39, storage)
    assert storage.queries == 1
    consistency_path(6, 39, storage)
    assert storage.queries == 2
    assert Frontier.at(39, storage) == Frontier().extend(LEAVES[:39])[0]
    assert storage.queries == 3


def test_peaks_are_named_from_left_to_right() -> None:
    assert peak_nodes(0) == ()
    assert peak_nodes(11) == ((3, 0), (1, 4), (0, 10))


@pytest.mark.parametrize("source", [MemoryNodes(LEAVES[:8]), MemoryNodes(LEAVES[:8]).nodes([(0, 1), (1, 1)])])
def test_a_missing_node_is_named(source: Any) -> None:
    with pytest.raises(NotFound) as told:
        inclusion_path(0, 16, source)
    assert told.value.code == "merkle.node"
    assert told.value.values["level"] in (2, 3)


@pytest.mark.parametrize("node", [(0, 8), (4, 0), (0, -1), (-1, 0)])
def test_memory_refuses_nodes_that_are_not_there(node: Node) -> None:
    with pytest.raises(NotFound, match=r"merkle\.node"):
        MemoryNodes(LEAVES[:8]).node(*node)


def test_memory_knows_its_size() -> None:
    assert [MemoryNodes(LEAVES[:size]).size for size in (0, 1, 39)] == [0, 1, 39]


@pytest.mark.parametrize(
    "ask",
    [
        lambda: inclusion_nodes(0, 0),
        lambda: inclusion_nodes(-1, 4),
        lambda: inclusion_nodes(4, 4),
        lambda: inclusion_path(4, 4, TREE),
        lambda: inclusion_nodes(0, MAX_SIZE + 1),
        lambda: inclusion_nodes(True, 4),
        lambda: inclusion_nodes("0", 4),  # type: ignore[arg-type]
        lambda: consistency_nodes(-1, 4),
        lambda: consistency_nodes(5, 4),
        lambda: consistency_path(5, 4, TREE),
        lambda: consistency_nodes(1, 10**5000),
        lambda: peak_nodes(-1),
    ],
)
def test_proofs_of_what_cannot_be_are_refused(ask: Callable[[], object]) -> None:
    with pytest.raises(BadInput, match=r"merkle\.range"):
        ask()


# ---- hostile arguments

ABSURD = [None, True, -1, 1.0, "1", b"1", [], {}, 1 << 63, 1 << 64, 10**5000, float("nan"), object()]
NO_HASH = [
    None,
    7,
    "",
    b"",
    bytes(31),
    bytes(33),
    bytes(64),
    bytearray(32),
    memoryview(bytes(32)),
    "a" * 32,
    [],
    object(),
]
NO_PATH = [
    None,
    7,
    "",
    b"",
    bytes(96),
    "abc",
    {},
    set(),
    object(),
    iter(()),
    [None],
    [[]],
    [b""],
    ["a" * 32],
    [bytes(31)] * 3,
]
LONG = [[bytes(32)] * count for count in (4, 64, 65, 100_000)]


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("index", "size") for value in ABSURD]
    + [(name, value) for name in ("leaf", "root") for value in NO_HASH]
    + [("path", value) for value in NO_PATH + LONG],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else type(value).__name__,
)
def test_hostile_inclusion_never_crashes(name: str, value: Any) -> None:
    good: dict[str, Any] = {
        "leaf": LEAVES[1],
        "index": 1,
        "size": 7,
        "path": inclusion_path(1, 7, TREE),
        "root": ROOTS[7],
    }
    with pytest.raises(NotProven) as told:
        verify_inclusion(**(good | {name: value}))
    readable(told.value, "merkle.inclusion")


@pytest.mark.parametrize(
    ("name", "value"),
    [(name, value) for name in ("first", "second") for value in ABSURD]
    + [(name, value) for name in ("first_root", "second_root") for value in NO_HASH]
    + [("path", value) for value in NO_PATH + LONG],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else type(value).__name__,
)
def test_hostile_consistency_never_crashes(name: str, value: Any) -> None:
    good: dict[str, Any] = {"first": 3, "second": 7, "first_root": ROOTS[3], "second_root": ROOTS[7]}
    with pytest.raises(NotProven) as told:
        verify_consistency(**(good | {"path": consistency_path(3, 7, TREE)} | {name: value}))
    readable(told.value, "merkle.consistency")


def test_proofs_beyond_the_largest_size_are_refused_although_they_would_compute() -> None:
    tree = Uniform(MAX_SIZE)
    leaf, *above = tree.levels
    path, root = [leaf, *above[:62]], above[62]
    verify_inclusion(leaf=leaf, index=0, size=1 << 62, path=path[:62], root=above[61])
    verify_consistency(first=1, second=1 << 62, first_root=leaf, second_root=above[61], path=path[:62])
    assert not holds(verify_inclusion, leaf=leaf, index=0, size=1 << 63, path=path, root=root)
    assert not holds(verify_consistency, first=1, second=1 << 63, first_root=leaf, second_root=root, path=path)


@pytest.mark.parametrize("index", [-1, -2])
def test_negative_indices_are_refused_although_they_would_compute(index: int) -> None:
    """In two's complement a negative index has bits like any other."""
    leaf, first, second = LEAVES[:3]
    for path in ([], [first], [first, second]):
        roots = {leaf, node_hash(first, leaf), node_hash(leaf, first)}
        roots |= {node_hash(second, root) for root in roots} | {node_hash(root, second) for root in roots}
        for root in roots:
            for size in (1, 2, 3):
                assert not holds(verify_inclusion, leaf=leaf, index=index, size=size, path=path, root=root)


@pytest.mark.parametrize(
    ("attempt", "code"),
    [
        (lambda: inclusion_nodes(9, 4), "merkle.range"),
        (lambda: root_of([b""]), "merkle.hash"),
        (lambda: Frontier(1), "merkle.frontier"),
        (lambda: TREE.node(9, 9), "merkle.node"),
    ],
)
def test_every_error_can_be_read(attempt: Callable[[], object], code: str) -> None:
    with pytest.raises(Error) as told:
        attempt()
    readable(told.value, code)


def readable(error: Error, code: str) -> None:
    assert error.code == code
    texts = [error.advice(language) for language in ("ar", "es", "fr", "en")]
    assert len(set(texts)) == 4
    assert all(part and "{" not in part for text in texts for part in (text.what, text.means, text.do))
    assert len(str(error)) < 200


def test_the_public_names_are_sorted_and_exist() -> None:
    assert all(hasattr(merkle, name) for name in merkle.__all__)
