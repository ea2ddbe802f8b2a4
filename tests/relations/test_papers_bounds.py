"""What one side can say alone of papers is bounded, and hides nothing of what both confirmed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.node import Node, carry
from support.papers import a_meeting, a_treaty, contact_list, the_minutes
from tansiq.channels.sources import agreements_with
from tansiq.directory.queries import sealing_key_of
from tansiq.errors import Refused, TooMuch
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.services import send
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, KINDS, MEETING, Step
from tansiq.policy.papers import PaperWord
from tansiq.policy.values import Text
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover
from tansiq.protocol.ids import new_id
from tansiq.protocol.parts import Part
from tansiq.relations import papers as bounds
from tansiq.relations.papers import PaperRow, contact_lists, paper_row, papers, papers_before, store, words_of
from tansiq.relations.papers_saying import propose_meeting, say_paper, state_agreement, tell_contacts
from tansiq.relations.papers_todo import todos

pytestmark = pytest.mark.storage

HEAD, THEIR_HEAD = "ES-1001", "MA-1001"
Pair = tuple[Node, Node]


def stated(pair: Pair) -> bytes:
    """Madrid states an agreement."""
    es, ma = pair
    made = state_agreement(a_treaty(), to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD))
    carry(es, ma)
    return made


def agreed(pair: Pair) -> bytes:
    """An agreement that both keep; Rabat is bound."""
    es, ma = pair
    paper = stated(pair)
    say_paper(AGREEMENT, paper, Step.AGREE, context=ma.use(), officer=ma.officer(THEIR_HEAD))
    carry(es, ma)
    ma.use()
    return paper


def flood(row: PaperRow, count: int, **changes: object) -> None:
    """``count`` more papers like ``row``, that begin later."""
    for number in range(count):
        one = replace(row, id=number.to_bytes(16, "big"), from_ms=row.from_ms + 1 + number, **changes)  # type: ignore[arg-type]
        store(one)


def said_as_it_is(pair: Pair, kind: str, step: Step, word: PaperWord, paper: bytes) -> None:
    """Madrid's real node says a word that its services would not say; Rabat is bound."""
    es, ma = pair
    context, head, office, to = es.use(), es.post("head"), es.post("embassy-office"), ma.post("head")
    code = KINDS[kind][step]
    ends = step is Step.END or kind == CONTACTS
    route = (head, to) if ends else (head, office, to)
    draft = Draft(
        docket=Docket(
            kind=code,
            channel="service" if ends else "embassy",
            matter=paper,
            sender=head,
            route=route,
            addressees=(to,),
        ),
        parts=[Part(code, dict(word.to_plain()))],
        readers=[Reader(ma.agency, sealing_key_of(to, context.clock())[1])],
        act=es.officer(HEAD).acting(code, post=head),
        handovers=() if ends else (Handover(office, 1, 1),),
    )
    send(draft, context=context)
    carry(es, ma)
    ma.use()


@pytest.mark.parametrize("partner", ["es.cgi", "fr.dgsi"])
def test_proposals_of_a_partner_hide_no_agreement(pair: Pair, partner: str) -> None:
    paper = agreed(pair)
    flood(paper_row(AGREEMENT, paper), 600, state="proposed", pending=1, partner=partner)
    assert [one.code for one in agreements_with("es.cgi")] == ["law.es-ma-2019"]
    assert [one.code for one in agreements_with("es.gc")] == ["law.es-ma-2019"]
    assert agreements_with("esp.gc") == ()


def test_a_proposal_that_was_taken_back_is_no_agreement_that_has_ended(pair: Pair) -> None:
    """Else a partner could forbid what leaves on an agreement by proposing it and taking it back."""
    es, ma = pair
    paper = stated(pair)
    word = PaperWord(place=1, number=1, reason="paper.not-needed", until_ms=5)
    say_paper(AGREEMENT, paper, Step.END, word=word, context=es.use(), officer=es.officer(HEAD))
    carry(es, ma)
    for node, partner in ((es, "ma.dgst"), (ma, "es.cgi")):
        node.use()
        assert agreements_with(partner) == ()
        assert paper_row(AGREEMENT, paper).state == "withdrawn"


@pytest.mark.parametrize("kind", [AGREEMENT, MEETING, CONTACTS])
def test_what_one_partner_proposes_is_bounded_and_what_is_above_is_set_aside(
    pair: Pair, set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(bounds, "MAX_OPEN", 2)
    es, ma = pair
    content = {
        AGREEMENT: PaperWord(place=1, number=1, agreement=a_treaty()),
        MEETING: PaperWord(place=1, number=1, meeting=a_meeting()),
        CONTACTS: PaperWord(place=1, number=1, contacts=contact_list(es.agency)),
    }[kind]
    for _ in range(3):
        said_as_it_is(pair, kind, Step.PROPOSE, content, new_id(es.context.clock()))
    assert set_aside() == ["relations.too-many-proposals"]
    assert len(papers(kind)) == 2
    theirs = ma.officer(THEIR_HEAD)
    said: Any = {"to_post": es.post("head"), "context": ma.context}
    via = es.post("embassy-office")
    if kind == AGREEMENT:
        state_agreement(a_treaty(), officer=theirs, via=via, **said)
    elif kind == MEETING:
        propose_meeting(a_meeting(), officer=theirs, via=via, **said)
    else:
        tell_contacts(contact_list(ma.agency), officer=theirs, **said)
    assert len(papers(kind)) == 3, "what they propose takes nothing from us"


def test_nobody_proposes_more_than_the_other_side_would_take(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_OPEN", 1)
    paper = stated(pair)
    with pytest.raises(Refused, match="too-many-proposals"):
        stated(pair)
    es, ma = pair
    say_paper(AGREEMENT, paper, Step.AGREE, context=ma.use(), officer=ma.officer(THEIR_HEAD))
    carry(es, ma)
    stated(pair)


def test_words_on_a_paper_are_bounded_on_each_side_and_its_end_can_still_be_said(
    pair: Pair, set_aside: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_WORDS", 6)
    ma = pair[1]
    paper = stated(pair)
    for place in (2, 3, 4):
        said_as_it_is(pair, AGREEMENT, Step.PROPOSE, PaperWord(place=place, number=place, agreement=a_treaty()), paper)
    assert set_aside() == ["relations.too-many-words"]
    say_paper(AGREEMENT, paper, Step.AGREE, context=ma.context, officer=ma.officer(THEIR_HEAD))
    end = PaperWord(place=4, number=1, reason="paper.denounced", until_ms=5)
    said_as_it_is(pair, AGREEMENT, Step.END, end, paper)
    assert paper_row(AGREEMENT, paper).state == "ended"
    said_as_it_is(pair, AGREEMENT, Step.END, replace(end, place=5), paper)
    assert set_aside()[-1] == "relations.too-many-words"
    assert len(words_of(paper)) == 5


def test_we_say_no_more_than_a_paper_holds(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_WORDS", 2)
    es, ma = pair
    paper = agreed(pair)
    with pytest.raises(Refused, match="too-many-words"):
        state_agreement(a_treaty(), to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD), paper=paper)
    word = PaperWord(place=1, number=1, reason="paper.denounced", until_ms=5)
    say_paper(AGREEMENT, paper, Step.END, word=word, context=es.use(), officer=es.officer(HEAD))
    assert paper_row(AGREEMENT, paper).state == "ended"


def test_a_word_is_bounded_in_length(pair: Pair, set_aside: Callable[[], list[str]]) -> None:
    es, ma = pair
    long = a_meeting(agenda=tuple(Text("es", "a" * 16_000) for _ in range(5)))
    with pytest.raises(TooMuch, match="word-too-long"):
        propose_meeting(long, to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD))
    assert papers(MEETING) == []
    said_as_it_is(pair, MEETING, Step.PROPOSE, PaperWord(place=1, number=1, meeting=long), new_id(es.context.clock()))
    assert set_aside() == ["relations.word-too-long"]


def test_todos_and_lists_of_contact_points_are_whole_behind_many_others(pair: Pair) -> None:
    """Six hundred meetings that were called off hide no decision of one that was held; a list that another one replaced is not shown."""
    es, ma = pair
    context = es.use()
    made = propose_meeting(a_meeting(), to_post=ma.post("head"), context=context, officer=es.officer(HEAD))
    carry(es, ma)
    say_paper(MEETING, made, Step.AGREE, context=ma.use(), officer=ma.officer(THEIR_HEAD))
    carry(es, ma)
    word = PaperWord(place=1, number=1, minutes=the_minutes(post=es.post()))
    say_paper(MEETING, made, Step.RECORD, word=word, context=es.use(), officer=es.officer(HEAD))
    flood(paper_row(MEETING, made), 600, state="ended")
    assert [one.meeting for one in todos([es.post()], context=context)] == [made]
    place, seen = None, set()
    while rows := papers_before(MEETING, place, 100):
        seen |= {row.id for row in rows}
        place = rows[-1].place
    assert len(seen) == 601
    tell_contacts(contact_list(es.agency), to_post=ma.post("head"), context=context, officer=es.officer(HEAD))
    (told,) = papers(CONTACTS)
    store(replace(told, id=bytes(16), changed_ms=told.changed_ms - 1))
    assert [row.id for row in contact_lists()] == [told.id]
