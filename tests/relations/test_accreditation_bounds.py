"""What one side can say alone of accreditations is bounded, and takes nothing from the other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from support.liaison import Posted, accredited, proposal_of, word_draft
from support.node import Clock, Node, carry
from tansiq.channels.accreditations import accreditation_row, accreditation_rows, words_of
from tansiq.errors import Refused
from tansiq.exchange.services import send
from tansiq.policy.accreditation_course import Move
from tansiq.policy.accreditation_words import Word
from tansiq.protocol.ids import new_id
from tansiq.relations import accreditation_bounds as bounds
from tansiq.relations.accrediting import decide, propose, tell_reach

pytestmark = pytest.mark.storage

Pair = tuple[Node, Node]
HEAD, THEIR_HEAD = "ES-1001", "MA-1001"
ILL = "accreditation.illness"


def said_as_it_is(pair: Pair, move: Move, word: Word, matter: bytes) -> None:
    """Madrid's real node says a word that its services would not say; Rabat is bound."""
    es, ma = pair
    channel, via = ("embassy", es.post("embassy-office")) if move is Move.PROPOSE else ("service", "")
    send(
        word_draft(es, move, word, matter=matter, by=HEAD, to=ma.post("head"), channel=channel, via=via),
        context=es.use(),
    )
    carry(es, ma)
    ma.use()


def proposed(pair: Pair) -> bytes:
    """Madrid's node proposes an officer once more, whatever it would take of itself; Rabat is bound."""
    es, ma = pair
    context = es.use()
    identifier = new_id(context.clock())
    word = Word(place=1, number=1, proposal=proposal_of(es, ma, now_ms=context.clock()))
    said_as_it_is(pair, Move.PROPOSE, word, identifier)
    return identifier


def withdrawn(pair: Pair, identifier: bytes, *, place: int = 2) -> None:
    said_as_it_is(pair, Move.WITHDRAW, Word(place=place, number=1, reason=ILL), identifier)


def test_what_a_partner_proposes_is_bounded_and_what_is_above_is_set_aside(
    pair: Pair, set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_OPEN", 2)
    first = proposed(pair)
    for _ in range(2):
        proposed(pair)
    assert set_aside() == ["relations.too-many-accreditations"]
    assert len(accreditation_rows()) == 2
    ma = pair[1]
    decide(first, Move.REFUSE, context=ma.use(), officer=ma.officer(THEIR_HEAD), reason="accreditation.host-decision")
    proposed(pair)
    assert len(accreditation_rows()) == 3, "an answer makes room"


def test_what_a_partner_withdraws_before_an_answer_makes_no_room_for_a_year(
    pair: Pair, clock: Clock, set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_OPEN", 1)
    withdrawn(pair, proposed(pair))
    proposed(pair)
    assert set_aside() == ["relations.too-many-accreditations"]
    clock.advance(days=366)
    proposed(pair)
    assert len(set_aside()) == 1


def test_nobody_proposes_more_than_the_other_side_would_take(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_OPEN", 1)
    es, ma = pair
    accredited(es, ma)
    context = es.use()
    more = proposal_of(es, ma, now_ms=context.clock(), officer="ES-6200")
    propose(more, to_post=ma.post("head"), context=context, officer=es.officer(HEAD))
    with pytest.raises(Refused, match="too-many-accreditations"):
        propose(more, to_post=ma.post("head"), context=context, officer=es.officer(HEAD))


def test_words_on_an_accreditation_are_bounded_on_each_side_and_it_can_still_be_withdrawn(
    posted: Posted, set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_WORDS", 4)
    pair, matter = (posted.es, posted.ma), posted.accreditation
    for place, move in ((2, Move.SUSPEND), (3, Move.RESUME)):
        said_as_it_is(pair, move, Word(place=place, number=1, reason=ILL if move is Move.SUSPEND else None), matter)
    assert set_aside() == ["relations.accreditation-full"]
    posted.decide(THEIR_HEAD, Move.SUSPEND, reason="accreditation.host-decision")
    with pytest.raises(Refused, match="accreditation-full"):
        posted.decide(THEIR_HEAD, Move.RESUME)
    posted.decide(THEIR_HEAD, Move.WITHDRAW, reason="accreditation.host-decision")
    withdrawn(pair, matter, place=3)
    assert len(set_aside()) == 1
    withdrawn(pair, matter, place=4)
    assert set_aside()[-1] == "relations.accreditation-full"
    assert len(words_of(matter)) == 6


def test_of_when_an_officer_is_reached_the_latest_words_are_kept(
    posted: Posted, set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_REACH", 2)
    monkeypatch.setattr(bounds, "MAX_WORDS", 4)
    for reach in ("reach.hours", "reach.always", "reach.hours", "reach.always", "reach.hours"):
        tell_reach(posted.accreditation, reach, context=posted.es.use(), officer=posted.es.officer("ES-6100"))
        posted.carry()
    for node in (posted.es, posted.ma):
        node.use()
        assert set_aside() == []
        told = [one for one in words_of(posted.accreditation) if one.kind == Move.REACH]
        assert [(one.place, one.reason) for one in told] == [(5, "reach.always"), (6, "reach.hours")]
        assert accreditation_row(posted.accreditation).reach == "reach.hours"
    posted.decide(HEAD, Move.SUSPEND, reason=ILL)
    posted.carry()
    posted.ma.use()
    assert accreditation_row(posted.accreditation).state == "suspended"
