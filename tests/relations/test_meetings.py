"""Meetings and contact points: proposed, accepted, held; decisions until they are carried out; what a lying peer may not say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.node import Node, carry
from support.papers import DAY_MS, a_meeting, contact_list, the_minutes
from tansiq.channels.states import decide as decide_state
from tansiq.directory.queries import sealing_key_of
from tansiq.errors import BadInput, Conflict, NotFound, Refused
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.services import send
from tansiq.policy.channel_word import StateWord
from tansiq.policy.paper_course import CONTACTS, KINDS, MEETING, Step
from tansiq.policy.papers import PaperWord
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover
from tansiq.protocol.ids import new_id
from tansiq.protocol.parts import Part
from tansiq.relations.papers import content_of, paper_row, papers, words_of
from tansiq.relations.papers_saying import propose_meeting, say_paper, tell_contacts
from tansiq.relations.papers_todo import latest_minutes, may_see_meeting, todos

pytestmark = pytest.mark.storage

HEAD, THEIR_HEAD = "ES-1001", "MA-1001"
Pair = tuple[Node, Node]


def proposed(pair: Pair, **changes: Any) -> bytes:
    es, ma = pair
    meeting = replace(a_meeting(), **changes)
    made = propose_meeting(meeting, to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD))
    carry(es, ma)
    return made


def said(pair: Pair, meeting: bytes, step: Step, *, by: str = THEIR_HEAD, **word: Any) -> None:
    es, ma = pair
    node = es if by.startswith("ES-") else ma
    made = PaperWord(place=1, number=1, **word)
    say_paper(MEETING, meeting, step, word=made, context=node.use(), officer=node.officer(by))
    carry(es, ma)


def held(pair: Pair, *, post: str = "es.cgi/head") -> bytes:
    meeting = proposed(pair)
    said(pair, meeting, Step.AGREE)
    said(pair, meeting, Step.RECORD, by=HEAD, minutes=the_minutes(post=post))
    return meeting


def states(pair: Pair, meeting: bytes) -> set[str]:
    found = set()
    for node in pair:
        node.use()
        found.add(paper_row(MEETING, meeting).state)
    return found


def test_a_meeting_is_accepted_and_held_on_both_sides(pair: Pair) -> None:
    meeting = proposed(pair)
    assert states(pair, meeting) == {"proposed"}
    said(pair, meeting, Step.AGREE)
    assert states(pair, meeting) == {"agreed"}
    said(pair, meeting, Step.RECORD, by=HEAD, minutes=the_minutes())
    assert states(pair, meeting) == {"held"}
    for node in pair:
        context = node.use()
        assert latest_minutes(words_of(meeting), context=context) == the_minutes()
        kinds = {word.kind for word in words_of(meeting)}
        assert kinds == {"meeting.proposal", "meeting.acceptance", "meeting.minutes"}


@pytest.mark.parametrize(("step", "by", "state"), [(Step.REFUSE, THEIR_HEAD, "refused"), (Step.END, HEAD, "ended")])
def test_a_meeting_is_refused_or_cancelled(pair: Pair, step: Step, by: str, state: str) -> None:
    meeting = proposed(pair)
    said(pair, meeting, step, by=by, reason="paper.other-date")
    assert states(pair, meeting) == {state}


def test_another_date_holds_once_it_is_accepted(pair: Pair) -> None:
    es, ma = pair
    meeting = proposed(pair)
    said(pair, meeting, Step.AGREE)
    later = replace(a_meeting(), at_ms=(a_meeting().at_ms or 0) + 7 * DAY_MS)
    propose_meeting(later, to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD), paper=meeting)
    carry(es, ma)
    assert paper_row(MEETING, meeting).from_ms == a_meeting().at_ms
    said(pair, meeting, Step.AGREE)
    assert paper_row(MEETING, meeting).from_ms == later.at_ms


def test_what_was_held_is_not_cancelled_and_minutes_may_be_written_anew(pair: Pair) -> None:
    es, ma = pair
    meeting = held(pair)
    with pytest.raises(Conflict, match="paper-not-now"):
        said(pair, meeting, Step.END, reason="paper.not-needed")
    with pytest.raises(Conflict, match="paper-not-now"):
        said(pair, meeting, Step.RECORD, minutes=the_minutes())
    anew = replace(the_minutes(), decisions=())
    said(pair, meeting, Step.RECORD, by=HEAD, minutes=anew)
    assert latest_minutes(words_of(meeting), context=ma.use()) == anew
    assert todos([es.post("head")], context=es.use()) == []


def test_a_decision_waits_for_its_post_until_somebody_calls_it_carried_out(pair: Pair) -> None:
    es, ma = pair
    meeting = held(pair)
    context = es.use()
    (one,) = todos([es.post("head")], context=context)
    assert (one.meeting, one.number, one.decision) == (meeting, 1, the_minutes().decisions[0])
    assert todos([es.post()], context=context) == []
    assert len(todos([es.post()], whole=True, context=context)) == 1, "who answers sees them all"
    assert todos([ma.post("head")], whole=True, context=ma.use()) == [], "another service's is not ours to do"
    said(pair, meeting, Step.DONE, by=HEAD, item=1)
    assert todos([es.post("head")], context=es.use()) == []
    ma.use()
    assert len(words_of(meeting)) == 4


def test_a_meeting_is_there_for_the_posts_that_it_names(pair: Pair) -> None:
    es, ma = pair
    meeting = held(pair, post="es.cgi/counter-terrorism")
    context = es.use()
    row = paper_row(MEETING, meeting)
    assert may_see_meeting(row, [es.post("head")], context=context)
    assert may_see_meeting(row, [es.post()], context=context), "a decision is its to carry out"
    assert not may_see_meeting(row, [es.post("embassy-office")], context=context)
    assert not may_see_meeting(row, [ma.post()], context=context)


def test_only_known_posts_take_part_and_only_who_answers_proposes(pair: Pair) -> None:
    es, ma = pair
    with pytest.raises(NotFound, match="unknown-post"):
        proposed(pair, posts=("es.cgi/head", "fr.dgsi/head"))
    with pytest.raises(Refused, match="not-answering"):
        propose_meeting(a_meeting(), to_post=ma.post("head"), context=es.use(), officer=es.officer("ES-4017"))
    with pytest.raises(Refused, match="policy"):
        proposed(pair, agenda=())
    assert papers(MEETING) == []


# --------------------------------------------------------------------------------------------------------- contacts


def told(pair: Pair, *, post: str = "head") -> bytes:
    es, ma = pair
    made = tell_contacts(
        contact_list("es.cgi", post=post), to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD)
    )
    carry(es, ma)
    return made


def test_contact_points_are_told_even_while_the_embassys_channel_is_suspended(pair: Pair) -> None:
    es, ma = pair
    context = es.use()
    word = StateWord(channel="embassy", state="suspended", reason="state.decision", from_ms=context.clock())
    decide_state(ma.agency, word, announce=True, officer=es.officer(HEAD), context=context)
    first = told(pair)
    assert told(pair, post="embassy-office") == first, "a later list takes the place of the earlier one"
    context = ma.use()
    (row,) = papers(CONTACTS)
    content = content_of(row, context=context)
    assert content is not None
    assert content.contacts == contact_list("es.cgi", post="embassy-office")
    assert (row.partner, row.pending, len(words_of(first))) == ("es.cgi", 0, 2)


def test_a_service_tells_its_own_posts_alone(pair: Pair) -> None:
    es, ma = pair
    with pytest.raises(NotFound, match="unknown-post"):
        tell_contacts(contact_list("ma.dgst"), to_post=ma.post("head"), context=es.use(), officer=es.officer(HEAD))
    assert papers(CONTACTS) == []


# --------------------------------------------------------------------------------------------------------- no honest node


def hostile(
    pair: Pair, kind: str, word: PaperWord, *, matter: bytes, sender: Node | None = None, by: str = HEAD,
    channel: str = "embassy",
) -> None:  # fmt: skip
    """A real node and a real officer say what no honest node says; the other node is bound."""
    es, ma = pair
    node = sender or es
    other = ma if node is es else es
    context, officer = node.use(), node.officer(by)
    via = es.post("embassy-office") if channel == "embassy" else ""
    to = other.post("head")
    route = tuple(post for post in (officer.posts[0], via, to) if post)
    own_office = node is es and via
    draft = Draft(
        docket=Docket(
            kind=kind, channel=channel, matter=matter, sender=officer.posts[0], route=route, addressees=(to,)
        ),
        parts=[Part(kind, dict(word.to_plain()))],
        readers=[Reader(other.agency, sealing_key_of(to, context.clock())[1])],
        act=officer.acting(kind, post=officer.posts[0]),
        handovers=(Handover(via, 1, 1),) if own_office else (),
    )
    send(draft, context=context)
    carry(es, ma)
    other.use()


@pytest.mark.parametrize(
    ("step", "word", "code"),
    [
        (Step.AGREE, {"place": 2, "number": 1}, "relations.not-theirs-to-say"),
        (Step.PROPOSE, {"place": 1, "number": 1, "meeting": a_meeting()}, "relations.word-skipped"),
        (Step.RECORD, {"place": 3, "number": 1, "minutes": the_minutes()}, "relations.word-skipped"),
        (Step.RECORD, {"place": 2, "number": 4, "minutes": the_minutes()}, "relations.word-skipped"),
        (Step.RECORD, {"place": 2, "number": 1, "minutes": the_minutes(post="fr.dgsi/head")}, "directory.unknown-post"),
        (Step.DONE, {"place": 2, "number": 1, "item": 1}, "relations.word-skipped"),
        (Step.DONE, {"place": 2, "number": 1}, "policy.law"),
    ],
)
def test_a_peer_accepts_its_own_replays_or_reorders_in_vain(
    pair: Pair, set_aside: Callable[[], list[str]], step: Step, word: dict[str, Any], code: str
) -> None:
    meeting = proposed(pair)
    hostile(pair, KINDS[MEETING][step], PaperWord(**word), matter=meeting)
    assert set_aside() == [code]
    assert paper_row(MEETING, meeting).state == "proposed"
    assert len(words_of(meeting)) == 1


def test_the_other_side_writes_no_minutes_of_ours(pair: Pair, set_aside: Callable[[], list[str]]) -> None:
    es, ma = pair
    meeting = proposed(pair)
    said(pair, meeting, Step.AGREE)
    word = PaperWord(place=2, number=1, minutes=the_minutes())
    hostile(pair, "meeting.minutes", word, matter=meeting, sender=ma, by=THEIR_HEAD)
    assert set_aside() == ["relations.not-theirs-to-say"]
    es.use()
    assert paper_row(MEETING, meeting).state == "agreed"


def test_a_partner_tells_nobody_elses_posts_and_by_no_other_channel(
    pair: Pair, set_aside: Callable[[], list[str]]
) -> None:
    lie = PaperWord(place=1, number=1, contacts=contact_list("ma.dgst"))
    hostile(pair, "contacts.list", lie, matter=new_id(pair[0].use().clock()), channel="service")
    assert set_aside() == ["directory.unknown-post"]
    own = PaperWord(place=1, number=1, contacts=contact_list("es.cgi"))
    hostile(pair, "contacts.list", own, matter=new_id(pair[0].use().clock()))
    assert set_aside()[-1] == "relations.docket-differs"
    assert papers(CONTACTS) == []


def test_an_id_is_one_papers(pair: Pair, set_aside: Callable[[], list[str]]) -> None:
    """The id of a meeting does not serve for contact points too."""
    meeting = proposed(pair)
    lie = PaperWord(place=1, number=1, contacts=contact_list("es.cgi"))
    hostile(pair, "contacts.list", lie, matter=meeting, channel="service")
    assert set(set_aside()) <= {"relations.word-skipped", "relations.docket-differs"}
    assert set_aside()
    assert papers(CONTACTS) == []


def test_posts_of_a_third_service_are_no_partys(pair: Pair) -> None:
    with pytest.raises((NotFound, BadInput)):
        held(pair, post="fr.dgsi/head")
