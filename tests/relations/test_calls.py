"""Whom a liaison officer's channel calls when something comes, and what a suspension of the channel holds: only what crosses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from support.heads import Heads
from support.liaison import Posted, a_message, proposal_of
from support.node import Node
from tansiq.channels.accreditations import accreditation_rows
from tansiq.channels.queries import waiting
from tansiq.channels.states import decide as decide_state
from tansiq.enquiries import notices
from tansiq.enquiries.notices import Call, remind, use_notifier
from tansiq.policy.accreditation_course import Move, State
from tansiq.policy.channel_word import StateWord
from tansiq.policy.values import Text
from tansiq.relations.accrediting import propose
from tansiq.relations.liaison import Seat

pytestmark = pytest.mark.storage

OFFICER, DESK, HOST = "ES-6100", "ES-4017", "MA-2210"


class Heard:
    """What was told, since it was last asked."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def notify(self, calls: Sequence[Call]) -> None:
        self.calls += calls

    def at(self, node: Node) -> list[tuple[str, bool]]:
        """Which desks of a node are told now, and whether it is urgent; that node stays bound."""
        use_notifier(self)
        self.calls.clear()
        remind(node.use())
        return [(one.post.partition("/")[2], one.urgent) for one in self.calls]


@pytest.fixture
def heard() -> Iterator[Heard]:
    before = notices._seams.roster, notices._seams.notifier
    notices._bell.answered()
    yield Heard()
    notices._bell.answered()
    notices._seams.roster, notices._seams.notifier = before


def state(node: Node, name: str, reason: str, peer: str, head: str) -> None:
    """A head decides how the liaison channel with the partner stands."""
    context = node.use()
    word = StateWord(channel="liaison", state=name, reason=reason, from_ms=context.clock())
    decide_state(peer, word, announce=False, officer=node.officer(head), context=context)


def test_each_message_calls_whoever_has_it_next(posted: Posted, heard: Heard) -> None:
    posted.say(OFFICER, Seat.COUNTERPART)
    posted.carry()
    assert heard.at(posted.ma) == [("counter-terrorism", False)]
    made = posted.say(HOST, Seat.DESK, a_message(HOST, "الجواب.", language="ar"))
    posted.carry()
    assert heard.at(posted.es) == [("liaison-tangier", False)], "the desk has nothing yet"
    posted.hand_on(made)
    assert heard.at(posted.es) == [("counter-terrorism", False)]
    posted.say(DESK, Seat.COUNTERPART)
    assert heard.at(posted.es) == [("liaison-tangier", False)]
    posted.say(OFFICER, Seat.DESK)
    assert heard.at(posted.es) == [("counter-terrorism", False)]


def test_a_direct_message_calls_the_head_s_desk_and_no_other(heads: Heads, heard: Heard) -> None:
    heads.say("ES-1001")
    heads.carry()
    assert heard.at(heads.ma) == [("head", False)]
    assert heard.at(heads.es) == []


def test_what_is_urgent_is_called_as_urgent(posted: Posted, heard: Heard) -> None:
    urgent = a_message(OFFICER, urgency_ground="urgency.life", urgency_reason=Text("es", "Peligro inminente."))
    posted.say(OFFICER, Seat.COUNTERPART, urgent)
    posted.carry()
    assert heard.at(posted.ma) == [("counter-terrorism", True)]


def test_a_word_on_an_accreditation_calls_whoever_answers_for_it(posted: Posted, heard: Heard) -> None:
    context = posted.es.use()
    another = proposal_of(posted.es, posted.ma, now_ms=context.clock(), officer="ES-6200", cases=())
    propose(another, to_post=posted.ma.post("head"), context=context, officer=posted.es.officer("ES-1001"))
    posted.carry()
    assert heard.at(posted.ma) == [("head", False)]
    posted.decide("MA-1001", Move.SUSPEND, reason="accreditation.host-decision")
    posted.carry()
    assert heard.at(posted.es) == [("head", False)]


def test_a_suspended_channel_holds_what_crosses_and_lets_it_go(posted: Posted) -> None:
    state(posted.es, "suspended", "state.political", "ma.dgst", "ES-1001")
    waits = posted.say(DESK, Seat.COUNTERPART, words="Del despacho.")
    posted.say(DESK, Seat.OFFICER, words="En casa.")
    posted.say(OFFICER, Seat.COUNTERPART, words="De la calle.")
    posted.hand_on(waits)
    posted.carry()
    assert posted.words(HOST) == []
    assert posted.words(OFFICER) == ["Del despacho.", "En casa.", "De la calle."], "at home it goes on"
    posted.es.use()
    assert [one.kind for one in waiting()] == ["liaison.message"] * 2
    state(posted.es, "open", "state.settled", "ma.dgst", "ES-1001")
    posted.carry()
    assert sorted(filter(None, posted.words(HOST))) == ["De la calle.", "Del despacho."]
    posted.es.use()
    assert waiting() == []


def test_an_accreditation_is_withdrawn_though_the_channel_is_suspended(posted: Posted) -> None:
    state(posted.es, "suspended", "state.political", "ma.dgst", "ES-1001")
    state(posted.ma, "suspended", "state.political", "es.cgi", "MA-1001")
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.end-of-posting")
    posted.carry()
    for node in (posted.es, posted.ma):
        node.use()
        assert [row.state for row in accreditation_rows()] == [State.WITHDRAWN]
