"""After a restored backup notices and declarations stand as they stood, at the source, the hub and the member."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from support.bureaux import Board, with_hub
from support.node import SECRET, Node, carry
from support.noticed import WANTED, a_notice, an_answer, cancelled
from tansiq.exchange.own_again import settle_own
from tansiq.exchange.queries import quarantined
from tansiq.exchange.recovery import recover
from tansiq.exchange.restoring import serve_restore
from tansiq.node.backup import backup
from tansiq.node.restore import restore
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import ask_publication, executed, send_diffusion
from tansiq.notices.declared import declaration_rows
from tansiq.notices.legal import publish
from tansiq.notices.rows import notice_rows, words_of
from tansiq.registers.matching import match_person

pytestmark = pytest.mark.storage


def back_to(folder: Path, node: Node, peers: Sequence[Node]) -> None:
    """Restores ``node`` from the backup and gets back from ``peers`` what is missing; ``node`` is bound."""
    node.use()
    restore(node.home, folder, keys=None, secret=SECRET, replace=True)
    node.reopen()
    with_hub()
    for peer in peers:

        def serve(question: bytes, peer: Node = peer) -> bytes:
            answer = serve_restore(node.agency, question, context=peer.use())
            node.use()
            return answer

        recover(peer.agency, serve, context=node.context)
    for _ in range(4):
        for peer in peers:
            carry(node, peer)
        settle_own(context=node.use())


def play(board: Board) -> None:
    """A notice that binds and is answered, one that is withdrawn, a diffusion that is answered."""
    for ends in (False, True):
        matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
        board.carry()
        publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
        board.carry()
        answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
        board.carry()
        if ends:
            executed(matter, officer=board.es.officer(), context=board.es.use(), body=cancelled())
            board.carry()
    diffusion = send_diffusion(a_notice(), to=["ma.ncb"], context=board.es.use(), officer=board.es.officer())
    board.carry()
    answer_notice(diffusion, an_answer(result="result.located"), officer=board.ma.officer(), context=board.ma.use())
    board.carry()


def stands(node: Node) -> list[Any]:
    """What is known there, without the moments at which this node took it."""
    node.use()
    assert [one.code for one in quarantined()] == []
    found: list[Any] = []
    for row in notice_rows("1 = 1 ORDER BY matter", ()):
        words = words_of([row.matter])[row.matter]
        found.append((row.matter, row.state, row.colour, row.version, row.pending, row.answers, row.known))
        found.append(sorted((word.statement, word.kind, word.side, word.agency, word.code) for word in words))
    found.append(
        sorted((row.statement, row.direction, row.status, row.recipients) for row in declaration_rows("1 = 1", ()))
    )
    found.append(sorted((match.register, match.reference) for match in match_person(WANTED, context=node.context)))
    return found


@pytest.mark.parametrize("which", ["es", "ma", "hub"])
def test_everybody_knows_again_what_was_known(which: str, board: Board, tmp_path: Path) -> None:
    node: Node = getattr(board, which)
    backup(node.home, tmp_path / "kept", context=node.use())
    play(board)
    before = stands(node)
    assert len(before) > 6
    peers = [board.es, board.ma] if which == "hub" else [board.hub]
    back_to(tmp_path / "kept", node, peers)
    assert stands(node) == before
