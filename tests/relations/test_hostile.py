"""What no honest node says: each is signed by the real node and a real officer, and refused for its content, with the reason kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.liaison import CASE, Posted, a_message, accredited, proposal_of, word_draft
from support.node import Node, carry
from tansiq.channels.accreditations import accreditation_row, accreditation_rows, words_of
from tansiq.directory.queries import sealing_key_of
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.services import send
from tansiq.policy.accreditation_course import Move
from tansiq.policy.accreditation_words import Word
from tansiq.protocol.envelope import Handover
from tansiq.protocol.ids import new_id
from tansiq.protocol.parts import Part
from tansiq.relations.liaison import MESSAGE, Seat, channel_row, words_on
from tansiq.relations.liaison_reading import read_channel
from tansiq.relations.liaison_saying import _docket, route_between, way_out

pytestmark = pytest.mark.storage

OFFICER, DESK, HOST = "ES-6100", "ES-4017", "MA-2210"


def draft_of(posted: Posted, by: str, seat: Seat, to: Seat, **message: Any) -> Draft:
    """What an honest node would say, to be spoilt before it is said."""
    node = posted.node_of(by)
    context = node.use()
    officer = node.officer(by)
    made = replace(a_message(by, language="ar" if by == HOST else "es"), **message)
    (channel, _) = channel_row(posted.matter, number=_sitting(seat), posts=[posted_post(posted, seat)])
    way = way_out(channel, route_between(channel, seat, to), context=context)
    return Draft(
        docket=_docket(made, channel, way),
        parts=[Part(MESSAGE, dict(made.to_plain()))],
        readers=way.readers,
        own=way.own,
        act=officer.acting(MESSAGE, post=way.sender),
        handovers=way.handovers,
        case=CASE,
    )


def _sitting(seat: Seat) -> str:
    return {Seat.OFFICER: OFFICER, Seat.DESK: DESK, Seat.COUNTERPART: HOST}[seat]


def posted_post(posted: Posted, seat: Seat) -> str:
    return {
        Seat.OFFICER: posted.es.post("liaison-tangier"), Seat.DESK: posted.es.post(), Seat.COUNTERPART: posted.ma.post(),
    }[seat]  # fmt: skip


def said(posted: Posted, draft: Draft, node: Node) -> list[str]:
    """Says a draft as it is; why the other node set it aside."""
    from tansiq.exchange.queries import quarantined

    send(draft, context=node.use())
    posted.carry()
    (posted.ma if node is posted.es else posted.es).use()
    return [one.code for one in quarantined()]


def docket(draft: Draft, **changes: Any) -> Draft:
    return replace(draft, docket=replace(draft.docket, **changes))


def test_an_honest_draft_passes_so_that_what_follows_fails_by_its_fault_alone(posted: Posted) -> None:
    assert said(posted, draft_of(posted, OFFICER, Seat.OFFICER, Seat.COUNTERPART), posted.es) == []
    assert posted.words(HOST) == ["Vuelve el martes."]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"case": bytes(16)}, "relations.docket-differs"),
        ({"field": "offence.drugs"}, "relations.docket-differs"),
        ({"channel": "embassy"}, "relations.docket-differs"),
        ({"classification": "class.none"}, "relations.docket-differs"),
        ({"handling": ("H0",)}, "relations.docket-differs"),
        ({"matter": bytes(16)}, "relations.unknown-channel"),
    ],
)
def test_a_docket_that_is_not_the_channels_is_refused(posted: Posted, changes: dict[str, Any], code: str) -> None:
    assert said(posted, docket(draft_of(posted, OFFICER, Seat.OFFICER, Seat.COUNTERPART), **changes), posted.es) == [
        code
    ]
    posted.ma.use()
    assert words_on([posted.matter]) == []


def test_a_colleague_in_the_liaison_desk_does_not_speak_for_the_officer(posted: Posted) -> None:
    draft = draft_of(posted, OFFICER, Seat.OFFICER, Seat.COUNTERPART)
    other = posted.es.officer("ES-6200").acting(MESSAGE, post=posted.es.post("liaison-tangier"))
    assert said(posted, replace(draft, act=other), posted.es) == ["relations.other-officer"]


def test_without_a_signature_or_without_its_law_nothing_is_taken(posted: Posted) -> None:
    draft = draft_of(posted, OFFICER, Seat.OFFICER, Seat.COUNTERPART)
    assert said(posted, replace(draft, act=None), posted.es) == ["channels.no-act"]
    lawless = draft_of(posted, OFFICER, Seat.OFFICER, Seat.COUNTERPART, law=None)
    assert said(posted, lawless, posted.es) == ["channels.no-act", "policy.law"]


def test_the_desk_does_not_pass_the_officer_by(posted: Posted) -> None:
    """A word of the desk that went straight to the host, without the officer's handover."""
    draft = draft_of(posted, DESK, Seat.DESK, Seat.COUNTERPART)
    assert said(posted, replace(draft, handovers=()), posted.es) == ["relations.passed-by"]
    liar = replace(draft, handovers=(Handover(posted.es.post("head"), 1, 2),))
    assert said(posted, liar, posted.es) == ["relations.passed-by"] * 2
    straight = docket(draft, route=(posted.es.post(), posted.ma.post()))
    assert said(posted, straight, posted.es)[-1] == "relations.passed-by"


def test_what_the_host_seals_to_the_desk_is_refused_for_the_officer_must_read_it_first(posted: Posted) -> None:
    draft = draft_of(posted, HOST, Seat.COUNTERPART, Seat.DESK)
    key = sealing_key_of(posted.es.post(), posted.clock())[1]
    open_to_desk = replace(draft, readers=(*draft.readers, Reader("es.cgi", key)))
    assert said(posted, open_to_desk, posted.ma) == ["relations.not-sealed"]


def test_what_is_wrong_inside_what_only_the_officer_opens_is_found_when_it_is_opened(posted: Posted) -> None:
    lawless = draft_of(posted, HOST, Seat.COUNTERPART, Seat.OFFICER, law=None)
    unsigned = replace(draft_of(posted, HOST, Seat.COUNTERPART, Seat.OFFICER), act=None)
    other = docket(draft_of(posted, HOST, Seat.COUNTERPART, Seat.OFFICER), handling=("H0",))
    for one in (lawless, unsigned, other):
        assert said(posted, one, posted.ma) == [], "the node can't see it"
    thread = read_channel(posted.matter, context=posted.es.use(), officer=posted.es.officer(OFFICER))
    assert {one.fault for one in thread.words} == {"policy.law", "channels.no-act", "relations.docket-differs"}
    assert all(one.message is None for one in thread.words), "no word of it is shown"
    for read in thread.words:
        with pytest.raises(Exception, match=read.fault):
            posted.hand_on(read.row.statement)


def test_somebody_who_sits_nowhere_is_refused(posted: Posted) -> None:
    head = draft_of(posted, OFFICER, Seat.OFFICER, Seat.COUNTERPART)
    post = posted.es.post("head")
    spoilt = docket(head, sender=post, route=(post, posted.ma.post()))
    act = posted.es.officer("ES-1001").acting(MESSAGE, post=post)
    assert said(posted, replace(spoilt, act=act), posted.es)[-1] in {
        "relations.docket-differs",
        "relations.not-theirs-to-say",
    }


# ---------------------------------------------------------------------------------------------------- accreditations


@pytest.mark.parametrize(
    ("by", "changes", "code"),
    [
        ("ES-4017", {}, "relations.not-answering"),
        ("ES-1001", {"officer": "ES-6300"}, "relations.no-own-key"),
        ("ES-1001", {"officer": "ES-4017"}, "relations.not-in-liaison-post"),
        ("ES-1001", {"officer": "MA-2210", "post": "ma.dgst/liaison"}, "policy.law"),
        ("ES-1001", {"host": "fr.dgsi"}, "policy.law"),
        ("ES-1001", {"host": "fr.dgsi", "grants": ()}, "relations.docket-differs"),
        ("ES-1001", {"until_ms": None}, "policy.law"),
    ],
)
def test_a_proposal_that_is_none_is_refused(
    pair: tuple[Node, Node], set_aside: Callable[[], list[str]], by: str, changes: dict[str, Any], code: str
) -> None:
    es, ma = pair
    proposal = replace(proposal_of(es, ma, now_ms=es.use().clock()), **changes)
    word = Word(place=1, number=1, proposal=proposal)
    draft = word_draft(
        es, Move.PROPOSE, word, matter=new_id(es.context.clock()), by=by, to=ma.post("head"), channel="embassy",
        via=es.post("embassy-office"),
    )  # fmt: skip
    send(draft, context=es.use())
    carry(es, ma)
    ma.use()
    assert set_aside() == [code]
    assert accreditation_rows() == []


@pytest.mark.parametrize(
    ("by", "move", "word", "code"),
    [
        ("ES-1001", Move.ACCEPT, Word(place=2, number=1), "relations.not-theirs-to-say"),
        ("ES-1001", Move.WITHDRAW, Word(place=5, number=1, reason="accreditation.illness"), "relations.word-skipped"),
        ("ES-1001", Move.WITHDRAW, Word(place=2, number=9, reason="accreditation.illness"), "relations.word-skipped"),
        ("ES-4017", Move.WITHDRAW, Word(place=2, number=1, reason="accreditation.illness"), "relations.not-answering"),
        ("ES-1001", Move.WITHDRAW, Word(place=2, number=1), "policy.law"),
        ("ES-4017", Move.REACH, Word(place=2, number=1, reach="reach.hours"), "relations.not-answering"),
    ],
)
def test_a_word_that_its_side_may_not_say_is_refused(
    posted: Posted, set_aside: Callable[[], list[str]], by: str, move: Move, word: Word, code: str
) -> None:
    draft = word_draft(
        posted.es, move, word, matter=posted.accreditation, by=by, to=posted.ma.post("head"), channel="service"
    )
    send(draft, context=posted.es.use())
    posted.carry()
    posted.ma.use()
    assert set_aside() == [code]
    assert len(words_of(posted.accreditation)) == 2


def test_an_end_does_not_go_by_a_channel_that_may_be_suspended(
    posted: Posted, set_aside: Callable[[], list[str]]
) -> None:
    word = Word(place=2, number=1, reason="accreditation.illness")
    draft = word_draft(
        posted.es, Move.WITHDRAW, word, matter=posted.accreditation, by="ES-1001", to=posted.ma.post("head"), channel="embassy",
        via=posted.es.post("embassy-office"),
    )  # fmt: skip
    send(draft, context=posted.es.use())
    posted.carry()
    posted.ma.use()
    assert set_aside() == ["relations.docket-differs"]


def test_a_third_service_says_nothing_of_it(posted: Posted, set_aside: Callable[[], list[str]]) -> None:
    """Another accreditation of the same officer does not carry the case of this one."""
    other = accredited(posted.es, posted.ma, officer="ES-6200", cases=())
    posted.es.use()
    assert accreditation_row(other).state == "in-force"
    draft = docket(draft_of(posted, OFFICER, Seat.OFFICER, Seat.COUNTERPART), matter=new_id(posted.clock()))
    assert said(posted, draft, posted.es) == ["relations.unknown-channel"]
    assert set_aside() == ["relations.unknown-channel"]
