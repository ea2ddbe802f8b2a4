"""What waits for a suspended channel of persons: carried by hand as it is, or taken back; never said by another channel."""

from __future__ import annotations

import pytest

from support.heads import Heads
from support.liaison import Posted
from support.node import Node
from tansiq.channels.matters import about
from tansiq.channels.passing import by_hand, may_reroute, may_take_back, reroute, take_back
from tansiq.channels.queries import taken_back, waiting
from tansiq.channels.states import decide
from tansiq.channels.waiting import matters_waiting
from tansiq.errors import Refused
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import StateWord
from tansiq.relations.direct import thread
from tansiq.relations.liaison import Seat

pytestmark = pytest.mark.storage

ES, MA, DEPUTY = "ES-1001", "MA-1001", "ES-1002"


def state(node: Node, channel: str, name: str, peer: str, head: str) -> None:
    """A head decides how a channel with the partner stands."""
    context = node.use()
    reason = "state.political" if name == "suspended" else "state.settled"
    word = StateWord(channel=channel, state=name, reason=reason, from_ms=context.clock())
    decide(peer, word, announce=False, officer=node.officer(head), context=context)


def test_a_direct_message_waits_and_only_what_is_true_is_offered(heads: Heads) -> None:
    matter, said = heads.say(ES, "El objetivo cruza esta noche.")
    state(heads.es, "direct", "suspended", "ma.dgst", ES)
    heads.carry()
    heads.ma.use()
    context, head = heads.es.use(), heads.es.officer(ES)
    (one,) = matters_waiting(head.posts, context=context)
    assert (one.matter, may_reroute(one.first), may_take_back(one.first)) == (matter, False, True)
    known = about([matter])[matter]
    assert known.title("es") == "Mensaje entre jefaturas", "outside nothing is said of it but what it is"
    assert known.url().startswith("/direct/")
    with pytest.raises(Refused, match="reroute-unable"):
        reroute(matter, Channel.EMBASSY, deviation="deviation.other", officer=head, context=context)
    assert by_hand(matter, officer=head, context=context) == 1
    assert [row.statement for row in waiting()] == [said]


def test_what_was_taken_back_stays_with_its_writer_and_nothing_follows_it(heads: Heads) -> None:
    matter, first = heads.say(ES, "Antes.")
    heads.carry()
    second = heads.say(ES, "Esto no.", matter=matter)[1]
    state(heads.es, "direct", "suspended", "ma.dgst", ES)
    context = heads.es.use()
    assert take_back(matter, officer=heads.es.officer(ES), context=context) == [second]
    assert taken_back([first, second]) == {second}
    assert heads.words(ES, matter) == ["Antes.", "Esto no."]
    state(heads.es, "direct", "open", "ma.dgst", ES)
    heads.say(ES, "Después.", matter=matter)
    heads.carry()
    assert heads.words(MA, matter) == ["Antes.", "Después."]


def test_a_word_on_reading_that_never_left_is_said_with_the_next_reading(heads: Heads) -> None:
    matter, said = heads.say(MA)
    heads.carry()
    heads.read(ES, matter)
    state(heads.es, "direct", "suspended", "ma.dgst", ES)
    context = heads.es.use()
    assert [row.kind for row in waiting()] == ["direct.read"]
    take_back(matter, officer=heads.es.officer(ES), context=context)
    assert thread(matter, [heads.es.post("head")])[0].read_ms is None
    state(heads.es, "direct", "open", "ma.dgst", ES)
    heads.clock.advance(minutes=3)
    heads.read(ES, matter)
    heads.carry()
    heads.ma.use()
    (row,) = thread(matter, [heads.ma.post("head")])
    assert (row.statement, row.read_by) == (said, ES)


def test_a_desk_below_disposes_of_nothing_that_a_head_said(heads: Heads) -> None:
    matter, _ = heads.say(ES)
    state(heads.es, "direct", "suspended", "ma.dgst", ES)
    context, desk = heads.es.use(), heads.es.officer("ES-4017")
    assert matters_waiting(desk.posts, context=context) == []
    for act in (take_back, by_hand):
        with pytest.raises(Refused, match="not-yours"):
            act(matter, officer=desk, context=context)


def waits(heads: Heads, by: str = ES) -> tuple[bytes, bytes]:
    """A message to Rabat that waits, for Madrid's head has suspended the channel."""
    matter, said = heads.say(by)
    state(heads.es, "direct", "suspended", "ma.dgst", ES)
    return matter, said


def test_a_seat_at_the_head_s_desk_takes_nothing_back(heads: Heads) -> None:
    matter, said = waits(heads)
    with pytest.raises(Refused, match="not-delegated"):
        take_back(matter, officer=heads.es.officer(DEPUTY), context=heads.es.use())
    assert [one.statement for one in waiting()] == [said]


def test_a_deputy_takes_back_what_the_deputy_said_or_reads(heads: Heads) -> None:
    heads.delegate(ES, DEPUTY)
    state(heads.es, "direct", "suspended", "ma.dgst", ES)
    for by in (DEPUTY, ES):
        matter, said = heads.say(by)
        assert take_back(matter, officer=heads.es.officer(DEPUTY), context=heads.es.use()) == [said]


def test_what_was_said_before_the_delegation_stays_the_head_s(heads: Heads) -> None:
    matter, said = waits(heads)
    heads.delegate(ES, DEPUTY)
    context = heads.es.use()
    with pytest.raises(Refused, match="not-your-word"):
        take_back(matter, officer=heads.es.officer(DEPUTY), context=context)
    assert take_back(matter, officer=heads.es.officer(ES), context=context) == [said]


def test_who_no_longer_stands_in_takes_nothing_back(heads: Heads) -> None:
    heads.delegate(ES, DEPUTY, days=1)
    matter, said = waits(heads, DEPUTY)
    heads.clock.advance(days=2)
    context = heads.es.use()
    with pytest.raises(Refused, match="not-delegated"):
        take_back(matter, officer=heads.es.officer(DEPUTY), context=context)
    assert take_back(matter, officer=heads.es.officer(ES), context=context) == [said]


def test_a_liaison_officer_s_message_is_taken_back_and_nothing_follows_it(posted: Posted) -> None:
    posted.say("ES-6100", Seat.COUNTERPART, words="Antes.")
    posted.carry()
    made = posted.say("ES-6100", Seat.COUNTERPART, words="Esto no.")
    state(posted.es, "liaison", "suspended", "ma.dgst", ES)
    context, officer = posted.es.use(), posted.es.officer("ES-6100")
    (one,) = matters_waiting(officer.posts, context=context)
    assert (may_reroute(one.first), may_take_back(one.first)) == (False, True)
    assert about([posted.matter])[posted.matter].url().startswith("/liaison/")
    assert take_back(posted.matter, officer=officer, context=context) == [made]
    state(posted.es, "liaison", "open", "ma.dgst", ES)
    posted.say("ES-6100", Seat.COUNTERPART, words="Después.")
    posted.carry()
    assert posted.words("MA-2210") == ["Antes.", "Después."]
    assert posted.words("ES-6100") == ["Antes.", "Esto no.", "Después."]
