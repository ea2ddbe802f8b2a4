"""Proofs out of the database are those out of the whole tree, for every leaf and every pair of sizes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from support.node import Nodes
from tansiq.errors import NotFound
from tansiq.journal.queries import (
    JournalNodes,
    last_witnessed_ms,
    leaf_hashes,
    relation_states,
    state_of,
    witnessed_size,
)
from tansiq.journal.services import append, head_of, open_journal, position, record_witness
from tansiq.protocol.heads import journal_name, make_head
from tansiq.protocol.keys import SigningKey
from tansiq.protocol.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_path,
    inclusion_nodes,
    inclusion_path,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)

pytestmark = pytest.mark.storage

PEER = "ma.dgst"
LEAVES = [leaf_hash(bytes([number])) for number in range(37)]


@pytest.fixture
def nodes(node: Nodes) -> JournalNodes:
    """Madrid's journal with Rabat, and one of another relation beside it that must not be mixed in."""
    node("es.cgi")
    open_journal("fr.dgsi")
    append("fr.dgsi", [leaf_hash(b"other")] * 40)
    for first in range(0, len(LEAVES), 5):
        append(PEER, LEAVES[first : first + 5])
    return JournalNodes(PEER)


def test_every_leaf_is_proven_from_storage(nodes: JournalNodes) -> None:
    for size in (1, 2, 7, 8, 32, 33, 37):
        for index in range(size):
            path = inclusion_path(index, size, nodes)
            verify_inclusion(leaf=LEAVES[index], index=index, size=size, path=path, root=root_of(LEAVES[:size]))


def test_growth_is_proven_from_storage(nodes: JournalNodes) -> None:
    for second in (1, 8, 21, 37):
        for first in range(second + 1):
            verify_consistency(
                first=first,
                second=second,
                first_root=root_of(LEAVES[:first]),
                second_root=root_of(LEAVES[:second]),
                path=consistency_path(first, second, nodes),
            )


def test_every_size_that_was_can_be_rebuilt(nodes: JournalNodes) -> None:
    assert [Frontier.at(size, nodes).root() for size in range(38)] == [root_of(LEAVES[:size]) for size in range(38)]


def test_a_proof_asks_once(nodes: JournalNodes) -> None:
    with CaptureQueriesContext(connection) as captured:
        nodes.nodes(inclusion_nodes(11, 37))
    assert len(captured) == 1


@pytest.mark.parametrize("absent", [(0, 37), (1, 18), (6, 0), (0, 1 << 40)])
def test_a_node_that_is_not_there_is_told(nodes: JournalNodes, absent: tuple[int, int]) -> None:
    for ask in (lambda: nodes.node(*absent), lambda: nodes.nodes([(0, 0), absent])):
        with pytest.raises(NotFound) as caught:
            ask()
        assert caught.value.code == "merkle.node"
    with pytest.raises(NotFound):
        inclusion_path(11, 64, nodes)


def test_a_stretch_of_leaves(nodes: JournalNodes) -> None:
    assert leaf_hashes(PEER, 0, 37) == b"".join(LEAVES)
    assert leaf_hashes(PEER, 3, 9) == b"".join(LEAVES[3:9])
    assert leaf_hashes(PEER, 35, 99) == b"".join(LEAVES[35:])
    assert leaf_hashes(PEER, 9, 9) == leaf_hashes("xx.nobody", 0, 9) == b""


def test_the_state_of_each_relation(nodes: JournalNodes) -> None:
    assert [(state.peer, state.size, state.witnessed, state.mirrored) for state in relation_states()] == [
        ("fr.dgsi", 40, 0, 0), (PEER, 37, 0, 0),
    ]  # fmt: skip
    state = state_of(PEER)
    assert state is not None
    assert (state.root, state.epoch) == (root_of(LEAVES), 1)
    assert state_of("xx.nobody") is None
    open_journal("aa.new")
    new = state_of("aa.new")
    assert new is not None
    assert (new.root, new.cosigned) == (EMPTY_ROOT, True)


def test_when_the_newest_witnessed_head_was_signed(nodes: JournalNodes) -> None:
    ours, theirs = SigningKey.generate(), SigningKey.generate()
    assert (last_witnessed_ms(), witnessed_size(PEER)) == (0, 0)
    for time_ms in (5_000, 7_000):
        at = position(PEER)
        head_of(PEER, at, agency="es.cgi", time_ms=time_ms, signer=ours)
        assert last_witnessed_ms() < time_ms
        signed = make_head(
            signer_agency=PEER,
            journal=journal_name("es.cgi", PEER),
            time_ms=9_000,
            epoch=1,
            size=at.size,
            root=at.root,
            signer=theirs,
        )
        record_witness(PEER, signed, agency="es.cgi", key_of={theirs.identifier: theirs.public})
        assert (last_witnessed_ms(), witnessed_size(PEER)) == (time_ms, at.size)
        append(PEER, [leaf_hash(b"more")])
