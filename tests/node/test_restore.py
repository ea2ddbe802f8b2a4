"""A node that restored an old backup has everything again, nothing twice, and its peer sees nothing forged."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.node import SECRET, Node, Nodes, carry
from support.notes import effects, notes, send_notes, value
from tansiq.exchange.queries import counts
from tansiq.exchange.recovery import recover
from tansiq.exchange.restoring import restoring_peers, serve_restore
from tansiq.journal.queries import state_of
from tansiq.node.backup import backup
from tansiq.node.mirror import mirror_keys
from tansiq.node.restore import restore
from tansiq.protocol.envelope import Lane

pytestmark = pytest.mark.storage
__all__ = ["notes"]


def ask(asker: Node, answerer: Node, *, asked: list[bytes] | None = None) -> None:
    """Lets ``asker`` get back from ``answerer`` what it lost; ``asker`` stays bound."""

    def carried(question: bytes) -> bytes:
        if asked is not None:
            asked.append(question)
        context = answerer.use()
        answer = serve_restore(asker.agency, question, context=context)
        asker.use()
        return answer

    recover(answerer.agency, carried, context=asker.use())


def both_ways(one: Node, other: Node, count: int) -> None:
    """``count`` notes each way on all lanes, delivered, receipted and handled."""
    for lane in Lane:
        send_notes(one, other, count // 3, lane=lane)
        send_notes(other, one, count // 3, lane=lane)
    carry(one, other)


def test_everything_is_there_again(node: Nodes, notes: None, tmp_path: Path) -> None:
    es, ma = node("es.cgi"), node("ma.dgst")
    both_ways(es, ma, 30)
    es.use()
    backup(es.home, tmp_path / "backup", context=es.context)
    carry(es, ma)
    both_ways(es, ma, 240)
    before = {one.agency: (sorted(effects(one)), counts(es.agency if one is ma else ma.agency)) for one in (es, ma)}
    es.use()
    mirror_keys(es.home, tmp_path / "keys", context=es.context)
    journal = state_of("ma.dgst")

    done = restore(es.home, tmp_path / "backup", keys=tmp_path / "keys", secret=SECRET, replace=True)
    assert done.peers == ("ma.dgst",)
    es.reopen()
    assert restoring_peers() == {"ma.dgst"}
    assert len(effects(es)) == 30
    ask(es, ma)
    assert restoring_peers() == set()
    carry(es, ma)
    for one in (es, ma):
        assert sorted(effects(one)) == before[one.agency][0]
    es.use()
    assert state_of("ma.dgst").size == journal.size + 1
    assert state_of("ma.dgst").cosigned
