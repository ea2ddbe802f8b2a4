"""What is said of notices and persons while a channel is suspended: it waits, a courier takes it, it is taken back or takes another channel."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection

from support.bureaux import Board
from support.matters import PERSON, an_enquiry
from support.node import Clock, Node, Nodes, carry
from support.noticed import WANTED, a_declaration, a_notice, an_answer, cancelled
from support.two import Two
from support.ways import ES, MA, World
from tansiq.channels.matters import about
from tansiq.channels.offers import offers
from tansiq.channels.passing import by_hand, reroute, take_back
from tansiq.channels.queries import waiting
from tansiq.channels.states import decide
from tansiq.channels.stored import stored
from tansiq.errors import NotFound, Refused
from tansiq.exchange.queries import quarantined
from tansiq.notices.answering import answer_notice
from tansiq.notices.asking import ask_publication, executed
from tansiq.notices.declared import Direction, declaration_rows
from tansiq.notices.declaring import declare, end_declaration
from tansiq.notices.flagging import Told, flag_rows, warnings_for
from tansiq.notices.interrupted import register_interrupted_notices
from tansiq.notices.legal import publish
from tansiq.notices.queries import show_notice
from tansiq.notices.rows import notice_rows
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import StateWord

pytestmark = pytest.mark.storage


@pytest.fixture(autouse=True)
def registered() -> None:
    register_interrupted_notices()


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    return Two(node("es.cgi"), node("ma.dgst"), clock)


def set_state(node: Node, partner: str, state: str, *, channel: str, officer: str) -> None:
    """A decider closes or opens a channel with a partner."""
    context = node.use()
    reason = "state.settled" if state == "open" else "state.political"
    word = StateWord(channel=channel, state=state, reason=reason, from_ms=context.clock())
    decide(partner, word, announce=False, officer=node.officer(officer), context=context)


def at_madrid(board: Board, state: str) -> None:
    set_state(board.es, "int.hub", state, channel="interpol", officer="ES-5001")


def published(board: Board) -> bytes:
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    publish(matter, lawful=board.lawful(), officer=board.hub.officer("IX-0001"), context=board.hub.use())
    board.carry()
    return matter


# ---------------------------------------------------------------------------------------------------- notices


def test_a_notice_that_waits_goes_when_the_channel_opens_and_by_no_other(board: Board) -> None:
    at_madrid(board, "suspended")
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    board.carry()
    assert notice_rows("1 = 1", ()) == [], "the hub has nothing"
    context, officer = board.es.use(), board.es.officer()
    assert {row.kind for row in waiting()} == {"notice.notice", "notice.request"}
    known = about([matter])[matter]
    assert "INTERPOL" not in known.title("es")
    assert known.title("es").startswith("Roja")
    assert known.url().startswith("/interpol/notices/")
    assert offers(stored(waiting()[0].statement, context=context), officer=officer, context=context) == ()
    with pytest.raises(Refused, match="reroute-unable"):
        reroute(matter, Channel.EMBASSY, officer=officer, context=context)
    assert len(waiting()) == 2
    at_madrid(board, "open")
    board.carry()
    assert [row.state for row in notice_rows("1 = 1", ())] == ["requested"]


def test_a_notice_that_is_taken_back_was_never_asked_for(board: Board) -> None:
    at_madrid(board, "suspended")
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    assert len(take_back(matter, officer=board.es.officer(), context=board.es.context)) == 2
    assert notice_rows("1 = 1", ()) == []
    with pytest.raises(NotFound):
        show_notice(matter, officer=board.es.officer(), context=board.es.context)
    at_madrid(board, "open")
    board.carry()
    assert notice_rows("1 = 1", ()) == []
    assert [one.code for one in quarantined()] == []


def test_the_word_on_whom_it_is_denied_is_not_taken_back_without_its_notice(board: Board) -> None:
    at_madrid(board, "suspended")
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer(), denied=["ma.ncb"])
    with connection.cursor() as cursor:  # the notice has left before the channel was closed, its request has not
        cursor.execute(
            "UPDATE exchange_outbox SET held = %s WHERE statement = (SELECT first FROM notices_notice)", [False]
        )
    with pytest.raises(Refused, match="reroute-unable"):
        take_back(matter, officer=board.es.officer(), context=board.es.context)
    assert {row.kind for row in waiting()} == {"notice.request"}, "it waits as before"


def test_a_courier_may_take_it_and_then_the_network_does_not(board: Board) -> None:
    at_madrid(board, "suspended")
    matter = ask_publication(a_notice(), context=board.es.use(), officer=board.es.officer())
    assert by_hand(matter, officer=board.es.officer(), context=board.es.context) == 2
    assert {row.by_hand for row in waiting()} == {True}
    board.carry()
    assert notice_rows("1 = 1", ()) == []


def test_an_answer_that_is_taken_back_declares_nobody(board: Board) -> None:
    matter = published(board)
    set_state(board.ma, "int.hub", "suspended", channel="interpol", officer="MA-5001")
    answer_notice(matter, an_answer(), officer=board.ma.officer(), context=board.ma.use())
    board.carry()
    context = board.ma.use()
    assert declaration_rows("ended_ms IS NULL", ())
    take_back(matter, officer=board.ma.officer(), context=context)
    assert declaration_rows("ended_ms IS NULL", ()) == []
    assert warnings_for([WANTED], context=context) == []
    shown = show_notice(matter, officer=board.ma.officer(), context=context)
    assert [word["kind"] for word in shown["words"]] == ["notice.publication"]
    assert shown["may"] == ["notice.answer"]


def test_what_ends_a_notice_is_not_taken_back(board: Board) -> None:
    matter = published(board)
    at_madrid(board, "suspended")
    executed(matter, officer=board.es.officer(), context=board.es.use(), body=cancelled())
    with pytest.raises(Refused, match="reroute-unable"):
        take_back(matter, officer=board.es.officer(), context=board.es.context)
    assert notice_rows("1 = 1", ())[0].state == "cancelled"
    at_madrid(board, "open")
    board.carry()
    board.ma.use()
    assert notice_rows("1 = 1", ())[0].state == "cancelled"


# ---------------------------------------------------------------------------------------------------- persons


def declared(two: Two) -> bytes:
    """Rabat says to Madrid by the embassy that it holds somebody."""
    return declare(
        a_declaration("MA-2210", subject=PERSON), to=[two.es.post()], officer=two.ma.officer(), from_post=two.ma.post(),
        context=two.ma.use(),
    )  # fmt: skip


def rabat(two: Two, state: str, channel: str = "embassy") -> None:
    set_state(two.ma, "es.cgi", state, channel=channel, officer="MA-1001")


def test_a_declaration_takes_another_channel_and_can_still_be_flagged_and_ended(node: Nodes) -> None:
    world = World.of(node)
    es, officer = world["es.cgi"], world["es.cgi"].officer("ES-4017")
    set_state(es, "ma.dgst", "suspended", channel="embassy", officer="ES-1001")
    body = a_declaration("ES-4017", subject=PERSON)
    matter = declare(body, to=[MA], officer=officer, from_post=ES, context=es.use())
    (before,) = declaration_rows("1 = 1", ())
    moved = reroute(matter, Channel.INTERPOL, officer=officer, context=es.context)
    (row,) = declaration_rows("1 = 1", ())
    assert (row.statement, row.recipients) == (moved[before.statement], ("ma.dgst",))
    world.carry()
    world["ma.dgst"].use()
    (theirs,) = declaration_rows("1 = 1", ())
    assert (theirs.statement, theirs.direction) == (row.statement, Direction.IN)
    assert warnings_for([PERSON], context=world["ma.dgst"].context)
    end_declaration(
        matter, replace(body, status="status.released"), to=[MA], officer=officer, context=es.use(), channel="interpol"
    )
    world.carry()
    assert warnings_for([PERSON], context=world["ma.dgst"].use()) == []


def test_declarations_to_several_are_not_moved_in_one(node: Nodes) -> None:
    """Each partner was told apart: one other way is not the way to all of them."""
    world = World.of(node)
    es, officer = world["es.cgi"], world["es.cgi"].officer("ES-4017")
    for partner in ("ma.dgst", "ma.ncb"):
        set_state(es, partner, "suspended", channel="embassy", officer="ES-1001")
    to = [MA, "ma.ncb/bureau"]
    matter = declare(a_declaration("ES-4017", subject=PERSON), to=to, officer=officer, from_post=ES, context=es.use())
    assert len(waiting()) == 2
    with pytest.raises(Refused, match="reroute-unable"):
        reroute(matter, Channel.INTERPOL, officer=officer, context=es.context)
    assert len(waiting()) == 2


def test_a_declaration_that_is_taken_back_was_told_to_nobody(two: Two) -> None:
    rabat(two, "suspended")
    matter = declared(two)
    context = two.ma.use()
    take_back(matter, officer=two.ma.officer(), context=context)
    (row,) = declaration_rows("1 = 1", ())
    assert (row.recipients, row.ended_ms) == ((), None), "we still hold the person"
    rabat(two, "open")
    two.ask(an_enquiry(subject=PERSON))
    two.carry()
    two.es.use()
    assert flag_rows("1 = 1", ()) == []
    two.ma.use()
    assert [flag.direction for flag in flag_rows("1 = 1", ())] == [Told.DESK], "our own desk is asked"


def test_the_end_of_a_declaration_is_not_taken_back(two: Two) -> None:
    matter = declared(two)
    two.carry()
    rabat(two, "suspended")
    end_declaration(
        matter, a_declaration("MA-2210", subject=PERSON, status="status.released"), to=[two.es.post()],
        officer=two.ma.officer(), context=two.ma.use(),
    )  # fmt: skip
    with pytest.raises(Refused, match="reroute-unable"):
        take_back(matter, officer=two.ma.officer(), context=two.ma.context)
    rabat(two, "open")
    two.carry()
    two.es.use()
    assert [row.ended_ms is not None for row in declaration_rows("1 = 1", ())] == [True]


def test_a_flag_that_is_taken_back_asks_our_own_desk(two: Two) -> None:
    declared(two)
    two.carry()
    asked = two.ask(an_enquiry(subject=PERSON))
    rabat(two, "suspended")
    carry(two.es, two.ma)
    two.ma.use()
    assert [row.kind for row in waiting()] == ["person.flag"]
    assert [flag.direction for flag in flag_rows("1 = 1", ())] == [Told.OUT]
    take_back(asked, officer=two.ma.officer(), context=two.ma.context)
    assert [flag.direction for flag in flag_rows("1 = 1", ())] == [Told.DESK]
