"""A notice from the request to its end, between two bureaux and the hub."""

from __future__ import annotations

import pytest

from support.bureaux import Board
from support.noticed import a_notice, an_answer, cancelled
from tansiq.exchange.queries import quarantined
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import ask_publication, executed
from tansiq.notices.legal import publish
from tansiq.notices.rows import notice_rows

pytestmark = pytest.mark.storage


def states(board: Board, matter: bytes) -> list[str]:
    """Where it stands at its source, the hub and the other member."""
    found = []
    for node in (board.es, board.hub, board.ma):
        node.use()
        rows = notice_rows("matter = %s", (matter,))
        found.append(rows[0].state if rows else "")
        assert [one.code for one in quarantined()] == []
    return found


def test_asked_published_answered_and_withdrawn_everywhere(board: Board) -> None:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    assert states(board, matter) == ["requested", "", ""]
    board.carry()
    assert states(board, matter) == ["requested", "requested", ""]
    board.clock.advance(hours=2)
    number = publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    assert number.endswith("/1")
    board.carry()
    assert states(board, matter) == ["published", "published", "published"]
    board.clock.advance(days=3)
    answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    board.clock.advance(hours=1)
    executed(matter, officer=board.es.officer(), context=board.es.use(), body=cancelled())
    board.carry()
    assert states(board, matter) == ["cancelled", "cancelled", "cancelled"]
