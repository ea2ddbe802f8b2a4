"""A peer that can't be called gives back what a restore lost, by offering it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.node import SECRET, Node, Nodes, carry
from support.notes import effects, notes, send_notes
from tansiq.errors import BadInput
from tansiq.exchange.offering import first_offer, next_offer
from tansiq.exchange.restoring import restoring_peers, serve_restore
from tansiq.node.backup import backup
from tansiq.node.fsck import fsck
from tansiq.node.restore import restore

pytestmark = pytest.mark.storage
__all__ = ["notes"]


def offer(helper: Node, restoring: Node) -> int:
    """Lets ``helper`` offer until the other has everything; returns how often it called. ``restoring`` stays bound."""
    calls = 0
    body: bytes | None = first_offer()
    while body is not None:
        calls += 1
        context = restoring.use()
        reply = serve_restore(helper.agency, body, context=context)
        context = helper.use()
        body = next_offer(restoring.agency, reply, context=context)
    restoring.use()
    return calls


def test_what_was_lost_comes_back_by_offer(node: Nodes, notes: None, tmp_path: Path) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    send_notes(es, ma, 4)
    carry(es, ma)
    backup(es.home, tmp_path / "backup", context=es.context)
    carry(es, ma)
    send_notes(es, ma, 4)
    send_notes(ma, es, 4)
    carry(es, ma)
    before = effects(es)
    restore(es.home, tmp_path / "backup", secret=SECRET, replace=True)
    es.reopen()
    assert offer(ma, es) == 6
    assert restoring_peers() == set()
    carry(es, ma)
    assert effects(es) == before
    for one in (es, ma):
        one.use()
        assert fsck(one.context).clean
    assert offer(ma, es) == 1, "a node that is whole has no question"


def test_an_offer_is_no_way_to_make_a_node_answer_itself(node: Nodes) -> None:
    es = node("es.cgi")
    with pytest.raises(BadInput, match=r"exchange\.restore-other-answer"):
        next_offer("ma.dgst", first_offer(), context=es.context)
