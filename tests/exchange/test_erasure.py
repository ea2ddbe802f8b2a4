"""The tombstone first, then the key: whatever instruction the node dies at, what was erased stays erased."""

from __future__ import annotations

import pytest

from support.dying import dies_at
from support.node import Node, Nodes, carry
from support.notes import effects, notes, send_notes
from tansiq.errors import Conflict
from tansiq.exchange.erasure import erase, finish_erasures, tombstones
from tansiq.exchange.release import next_batch
from tansiq.node.fsck import fsck
from tansiq.protocol.envelope import Lane

pytestmark = pytest.mark.storage
__all__ = ["notes"]


@pytest.fixture
def madrid(node: Nodes, notes: None) -> Node:
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(ma, es, 3)
    carry(es, ma)
    return es


def test_an_erasure_takes_keys_and_wraps_and_leaves_a_tombstone(madrid: Node) -> None:
    gone, stays = effects(madrid)[:2]
    erase(gone, context=madrid.context, reason="test")
    assert madrid.context.keys.has_contents([gone, stays]) == {stays}
    assert set(madrid.context.keys.wraps([gone, stays], "ma.dgst")) == {stays}
    assert tombstones([gone, stays]) == {gone}
    assert fsck(madrid.context).clean


def test_one_part_alone(madrid: Node) -> None:
    gone = effects(madrid)[0]
    erase(gone, context=madrid.context, reason="test", place=1)
    docket, part = madrid.context.keys.contents(gone)
    assert docket is not None
    assert part is None
    assert tombstones([gone]) == set()
    assert fsck(madrid.context).clean
    with pytest.raises(Conflict, match=r"keystore\.no-place"):
        erase(gone, context=madrid.context, reason="test", place=7)


@pytest.mark.parametrize("point", ["keystore.erase.before-commit", "keystore.erase.after-commit"])
def test_a_node_that_dies_in_between_finishes_afterwards(madrid: Node, point: str) -> None:
    gone = effects(madrid)[0]
    assert dies_at(point, lambda: erase(gone, context=madrid.reopen(), reason="test"))
    madrid.reopen()
    assert tombstones([gone]) == {gone}
    finish_erasures(context=madrid.context)
    assert madrid.context.keys.has_contents([gone]) == set()
    assert finish_erasures(context=madrid.context) == 0
    assert fsck(madrid.context).clean


def test_what_still_leaves_is_not_erased(node: Nodes, notes: None) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    [said] = send_notes(es, ma, 1)
    for _ in range(2):
        with pytest.raises(Conflict, match=r"exchange\.erase-undelivered"):
            erase(said.id, context=es.context, reason="test")
        assert next_batch("ma.dgst", (Lane.NORMAL,), context=es.context) is not None
    carry(es, ma)
    erase(said.id, context=es.use(), reason="test")
    assert fsck(es.context).clean
