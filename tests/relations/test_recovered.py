"""After a restored backup a posting stands as it stood, and its officer reads every word said since: on both sides."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.liaison import CASE, Posted, a_message, accredited
from support.node import Node
from support.returned import back_to
from tansiq.cases.queries import item_faults
from tansiq.channels.accreditations import accreditation_rows, permitting, words_of
from tansiq.exchange.eyes_only import is_closed
from tansiq.exchange.queries import quarantined
from tansiq.node.backup import backup
from tansiq.policy.accreditation_course import Move
from tansiq.relations.accrediting import tell_reach
from tansiq.relations.liaison import Seat

pytestmark = pytest.mark.storage

OFFICER, DESK, HOST = "ES-6100", "ES-4017", "MA-2210"


def play(posted: Posted) -> list[bytes]:
    """Everybody says everything once; returns what was sealed to the officer."""
    said = [
        posted.say(OFFICER, Seat.COUNTERPART, words="De la calle."),
        posted.say(DESK, Seat.COUNTERPART, words="Del despacho."),
    ]
    posted.carry()
    posted.hand_on(said[1])
    posted.carry()
    closed = [
        posted.say(HOST, Seat.OFFICER, a_message(HOST, "للضابط.", language="ar")),
        posted.say(HOST, Seat.DESK, a_message(HOST, "للمكتب.", language="ar")),
    ]
    posted.carry()
    posted.clock.advance(hours=1)
    tell_reach(posted.accreditation, "reach.hours", context=posted.es.use(), officer=posted.es.officer(OFFICER))
    posted.carry()
    posted.decide("MA-1001", Move.SUSPEND, reason="accreditation.key-lost")
    posted.carry()
    posted.decide("MA-1001", Move.RESUME, reason="accreditation.cause-ended")
    posted.carry()
    posted.say(OFFICER, Seat.COUNTERPART, words="Sigo.")
    posted.carry()
    return [said[0], *closed]


def posting(node: Node) -> tuple[Any, ...]:
    """How the posting stands at a node, without the moments at which this node took it."""
    node.use()
    (row,) = accreditation_rows()
    words = [(word.statement, word.kind, word.side, word.place, word.number, word.officer) for word in words_of(row.id)]
    carried = permitting(row.partner, own=node.agency, field="offence.terrorism", case=CASE, at_ms=node.context.clock())
    return replace(row, changed_ms=0), sorted(words), carried.id


@pytest.mark.parametrize("agency", ["es.cgi", "ma.dgst"])
def test_after_a_restore_the_officer_reads_every_word(posted: Posted, tmp_path: Path, agency: str) -> None:
    restored, peer = (posted.es, posted.ma) if agency == "es.cgi" else (posted.ma, posted.es)
    backup(restored.home, tmp_path / "backup", context=restored.use())
    posted.clock.advance(hours=1)
    closed = play(posted)
    before = {by: posted.words(by) for by in (OFFICER, HOST)}
    assert before == {
        OFFICER: ["De la calle.", "Del despacho.", "للضابط.", "للمكتب.", "Sigo."],
        HOST: ["De la calle.", "Del despacho.", "للضابط.", "للمكتب.", "Sigo."],
    }
    stood = posting(restored)
    back_to(tmp_path / "backup", restored, peer)
    assert [one.code for one in quarantined()] == []
    assert {by: posted.words(by) for by in (OFFICER, HOST)} == before
    assert posting(restored) == stood
    posted.es.use()
    assert is_closed(closed, context=posted.es.context) == set(closed), (
        "what only the officer's key opened it still opens alone"
    )
    restored.use()
    assert not list(item_faults(context=restored.context))


def test_a_posting_since_the_backup_is_there_again_and_is_spoken_on(
    pair: tuple[Node, Node], posted: Posted, tmp_path: Path
) -> None:
    es, ma = pair
    backup(es.home, tmp_path / "backup", context=es.use())
    posted.clock.advance(hours=1)
    made = Posted(es, ma, posted.clock, accredited(es, ma))
    made.say(OFFICER, Seat.COUNTERPART, words="Uno.")
    made.carry()
    stood = posting(es)
    back_to(tmp_path / "backup", es, ma)
    assert posting(es) == stood
    made.say(OFFICER, Seat.COUNTERPART, words="Dos.")
    made.say(HOST, Seat.DESK, a_message(HOST, "ثلاثة.", language="ar"))
    made.carry()
    assert made.words(OFFICER) == made.words(HOST) == ["Uno.", "Dos.", "ثلاثة."]
    es.use()
    assert [one.code for one in quarantined()] == []
