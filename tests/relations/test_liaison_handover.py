"""The end of a posting: the successor reads every word, also when the former officer can't be asked; nobody reads on the way."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from support.liaison import CASE, Posted, a_message, accredited
from tansiq.channels.accreditations import accreditation_rows
from tansiq.errors import Conflict, Error, NotFound, Refused
from tansiq.exchange.eyes_only import is_closed, open_with
from tansiq.journal.access import read_access
from tansiq.policy.accreditation_course import Move
from tansiq.relations.accreditation_state import channel_matter
from tansiq.relations.liaison import Seat, channels_for, words_on
from tansiq.relations.liaison_handover import (
    begin_handing_over,
    finish_handing_over,
    hand_over_oneself,
    handover_row,
    left_to_hand_over,
    order_handover,
)

pytestmark = pytest.mark.storage

FORMER, SUCCESSOR, DESK, HOST = "ES-6100", "ES-6200", "ES-4017", "MA-2210"
FIRST, SECOND = "ES-9001", "ES-9002"
WAYS = (
    (FORMER, Seat.COUNTERPART), (HOST, Seat.OFFICER), (HOST, Seat.DESK), (DESK, Seat.OFFICER), (FORMER, Seat.DESK),
    (DESK, Seat.COUNTERPART),
)  # fmt: skip


def talk(posted: Posted, ways: tuple[tuple[str, Seat], ...] = WAYS) -> list[str]:
    """Everybody says something, one after another; returns the words in their order."""
    said = []
    for number, (by, to) in enumerate(ways):
        language = "ar" if by == HOST else "es"
        words = f"كلمة رقم {number}" if by == HOST else f"Palabra número {number}"
        posted.say(by, to, a_message(by, words, language=language))
        posted.carry()
        posted.clock.advance(minutes=1)
        said.append(words)
    return said


def ended(posted: Posted, *, move: Move = Move.WITHDRAW) -> bytes:
    """The former's accreditation ends, the successor's begins; returns the successor's."""
    posted.decide("ES-1001", move, reason="accreditation.illness")
    posted.carry()
    made = accredited(posted.es, posted.ma, officer=SUCCESSOR)
    posted.es.use()
    return made


def ordered(posted: Posted, successor: bytes) -> bytes:
    return order_handover(
        posted.accreditation, successor, context=posted.es.use(), officer=posted.es.officer("ES-1001")
    )


def step(posted: Posted, deed: Callable[..., int], handover: bytes, by: str) -> int:
    return deed(handover, context=posted.es.use(), officer=posted.es.officer(by))


def test_the_successor_reads_every_word_in_its_order(posted: Posted) -> None:
    said = talk(posted)
    assert posted.words(FORMER) == said
    made = ended(posted)
    matter = channel_matter(made, CASE)
    assert posted.words(SUCCESSOR, matter=matter) == [], "nothing before the handover"
    handover = ordered(posted, made)
    assert step(posted, begin_handing_over, handover, FIRST) == 3
    assert posted.words(SUCCESSOR, matter=matter) == [], "nor after half of it"
    assert step(posted, finish_handing_over, handover, SECOND) == 3
    assert posted.words(SUCCESSOR, matter=matter) == said
    assert {one.former for one in posted.read(SUCCESSOR, matter=matter).words} == {FORMER}
    done = handover_row(handover)
    assert (done.first_by, done.second_by, done.words) == (FIRST, SECOND, 3)
    assert done.done_ms is not None
    assert done.statement
    assert done.second
    with pytest.raises(Refused, match="ended"):
        posted.read(FORMER)


def test_the_channel_goes_on_with_the_successor(posted: Posted) -> None:
    talk(posted)
    made = ended(posted)
    handover = ordered(posted, made)
    step(posted, begin_handing_over, handover, FIRST)
    step(posted, finish_handing_over, handover, SECOND)
    later = Posted(posted.es, posted.ma, posted.clock, made)
    later.say(HOST, Seat.OFFICER, a_message(HOST, "أهلاً بكم.", language="ar"))
    later.carry()
    assert later.words(SUCCESSOR)[-1] == "أهلاً بكم."
    assert len(later.words(SUCCESSOR)) == 7
    posted.es.use()
    mine = channels_for(number=SUCCESSOR, posts=[posted.es.post("liaison-tangier")])
    assert [one.matter for one in mine] == [later.matter]


def test_neither_custodian_reads_alone_and_the_node_never_does(posted: Posted) -> None:
    talk(posted)
    made = ended(posted)
    context = posted.es.use()
    closed = [one.statement for one in words_on([posted.matter]) if one.closed]
    assert len(closed) == 3
    keys = {number: posted.es.officer(number).recovery for number in (FIRST, SECOND)}
    for statement in closed:
        for alone in keys.values():
            with pytest.raises(NotFound):
                open_with(statement, alone, context=context)
    handover = ordered(posted, made)
    step(posted, begin_handing_over, handover, FIRST)
    for statement in closed:
        with pytest.raises(NotFound):
            open_with(statement, keys[FIRST], context=context)
    step(posted, finish_handing_over, handover, SECOND)
    assert is_closed(closed, context=context) == set(closed)
    for statement in closed:
        for stranger in (DESK, "ES-1001", "ES-6300"):
            with pytest.raises(NotFound):
                open_with(statement, posted.es.officer(stranger).reading, context=context)


def test_what_the_partner_may_ask_back_stays_as_it_was_signed(posted: Posted) -> None:
    """The wraps kept for a peer are those that its entries name; a handover adds none to them."""
    talk(posted)
    made = ended(posted)
    context = posted.es.use()
    ids = [one.statement for one in words_on([posted.matter])]
    before = context.keys.wraps(ids, "ma.dgst")
    handover = ordered(posted, made)
    step(posted, begin_handing_over, handover, FIRST)
    step(posted, finish_handing_over, handover, SECOND)
    assert context.keys.wraps(ids, "ma.dgst") == before


def test_the_officer_who_can_be_asked_hands_over_alone(posted: Posted) -> None:
    said = talk(posted)
    made = ended(posted)
    handover = ordered(posted, made)
    with pytest.raises(NotFound):
        step(posted, hand_over_oneself, handover, SUCCESSOR)
    assert step(posted, hand_over_oneself, handover, FORMER) == 3
    assert posted.words(SUCCESSOR, matter=channel_matter(made, CASE)) == said


def test_what_comes_after_is_handed_over_too(posted: Posted) -> None:
    talk(posted, WAYS[:2])
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.illness")
    posted.clock.advance(minutes=1)
    posted.say(HOST, Seat.DESK, a_message(HOST, "لم نعلم بعد.", language="ar"))
    posted.es.use()
    from tansiq.relations.liaison_limits import limits_now

    made_first = len(accreditation_rows())
    assert made_first == 1
    made = b""
    posted.clock.advance(minutes=1)
    posted.carry()
    assert limits_now(posted.read(DESK).channel, at_ms=posted.clock()) == ("limit.withdrawn",)
    made = accredited(posted.es, posted.ma, officer=SUCCESSOR)
    handover = ordered(posted, made)
    step(posted, begin_handing_over, handover, FIRST)
    step(posted, finish_handing_over, handover, SECOND)
    words = posted.read(SUCCESSOR, matter=channel_matter(made, CASE)).words
    assert [one.row.late for one in words] == [False, False, True]
    assert all(one.message is not None for one in words)


def test_a_second_round_takes_what_came_meanwhile(posted: Posted) -> None:
    talk(posted, WAYS[:2])
    made = ended(posted, move=Move.SUSPEND)
    handover = ordered(posted, made)
    step(posted, begin_handing_over, handover, FIRST)
    step(posted, finish_handing_over, handover, SECOND)
    posted.decide("ES-1001", Move.RESUME)
    posted.carry()
    posted.say(HOST, Seat.OFFICER, a_message(HOST, "بعد التسليم.", language="ar"))
    posted.carry()
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.illness")
    context = posted.es.use()
    assert len(left_to_hand_over(handover_row(handover), context=context)) == 1
    matter = channel_matter(made, CASE)
    assert posted.words(SUCCESSOR, matter=matter)[-1] is None
    step(posted, begin_handing_over, handover, FIRST)
    step(posted, finish_handing_over, handover, SECOND)
    assert posted.words(SUCCESSOR, matter=matter)[-1] == "بعد التسليم."
    assert handover_row(handover).words == 3


def test_a_chain_of_successors_loses_nothing(posted: Posted) -> None:
    said = talk(posted, WAYS[:3])
    second = ended(posted)
    first = ordered(posted, second)
    step(posted, begin_handing_over, first, FIRST)
    step(posted, finish_handing_over, first, SECOND)
    later = Posted(posted.es, posted.ma, posted.clock, second)
    later.say(SUCCESSOR, Seat.COUNTERPART, words="Aquí sigo yo.")
    later.carry()
    later.decide("ES-1001", Move.WITHDRAW, reason="accreditation.end-of-posting")
    later.carry()
    third = accredited(posted.es, posted.ma, officer=FORMER)
    again = order_handover(second, third, context=posted.es.use(), officer=posted.es.officer("ES-1001"))
    step(posted, begin_handing_over, again, FIRST)
    step(posted, finish_handing_over, again, SECOND)
    assert posted.words(FORMER, matter=channel_matter(third, CASE)) == [*said, "Aquí sigo yo."]


@pytest.mark.parametrize(
    ("deed", "by", "code"),
    [
        (begin_handing_over, SECOND, "relations.not-first-custodian"),
        (begin_handing_over, DESK, "relations.not-first-custodian"),
        (finish_handing_over, SECOND, "relations.first-custodian-missing"),
    ],
)
def test_the_steps_have_their_persons(posted: Posted, deed: Callable[..., int], by: str, code: str) -> None:
    talk(posted, WAYS[:1])
    handover = ordered(posted, ended(posted))
    with pytest.raises(Error) as raised:
        step(posted, deed, handover, by)
    assert raised.value.code == code


def test_the_second_step_is_another_persons(posted: Posted) -> None:
    talk(posted, WAYS[:1])
    handover = ordered(posted, ended(posted))
    step(posted, begin_handing_over, handover, FIRST)
    with pytest.raises(Refused, match="same-custodian"):
        step(posted, finish_handing_over, handover, FIRST)
    with pytest.raises(Refused, match="not-second-custodian"):
        step(posted, finish_handing_over, handover, DESK)


def test_what_is_no_handover(posted: Posted) -> None:
    made = accredited(posted.es, posted.ma, officer=SUCCESSOR)
    head = posted.es.officer("ES-1001")
    context = posted.es.use()
    with pytest.raises(Conflict, match="not-ended"):
        order_handover(posted.accreditation, made, context=context, officer=head)
    with pytest.raises(Conflict, match="no-succession"):
        order_handover(made, made, context=context, officer=head)
    with pytest.raises(Refused, match="not-answering"):
        order_handover(posted.accreditation, made, context=context, officer=posted.es.officer(DESK))
    posted.decide("ES-1001", Move.WITHDRAW, reason="accreditation.illness")
    ordered(posted, made)
    with pytest.raises(Conflict, match="handover-known"):
        ordered(posted, made)


def test_with_nothing_sealed_the_order_is_enough(posted: Posted) -> None:
    posted.say(DESK, Seat.OFFICER, words="Solo en casa.")
    made = ended(posted)
    handover = ordered(posted, made)
    assert handover_row(handover).done_ms is not None
    assert posted.words(SUCCESSOR, matter=channel_matter(made, CASE)) == ["Solo en casa."]


def test_every_step_is_logged_with_who_ordered_it(posted: Posted) -> None:
    talk(posted, WAYS[:1])
    handover = ordered(posted, ended(posted))
    step(posted, begin_handing_over, handover, FIRST)
    step(posted, finish_handing_over, handover, SECOND)
    logged = [
        (one["officer"], one["ordered_by"])
        for _, one in read_access(posted.es.use().keys)
        if one is not None and one["thing"] == handover
    ]
    assert logged == [("ES-1001", "ES-1001"), (FIRST, "ES-1001"), (SECOND, "ES-1001")]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_was_said_in_whatever_order_the_successor_reads_what_the_officer_read(
    posted: Posted, seed: int
) -> None:
    chance = Random(seed)
    talk(posted, tuple(chance.choices(WAYS, k=6)))
    waiting = [one for one in words_on([posted.matter]) if one.waits or one.closed]
    for one in chance.sample(waiting, k=len(waiting) // 2):
        posted.hand_on(one.statement)
        posted.carry()
    read = posted.words(FORMER)
    made = ended(posted)
    handover = ordered(posted, made)
    if handover_row(handover).done_ms is None:
        step(posted, begin_handing_over, handover, FIRST)
        step(posted, finish_handing_over, handover, SECOND)
    assert posted.words(SUCCESSOR, matter=channel_matter(made, CASE)) == read


def test_what_waited_for_the_former_the_successor_hands_on(posted: Posted) -> None:
    asked = posted.say(DESK, Seat.COUNTERPART, words="Preguntamos antes del relevo.")
    posted.carry()
    told = posted.say(HOST, Seat.DESK, a_message(HOST, "قبل المغادرة.", language="ar"))
    posted.carry()
    made = ended(posted)
    handover = ordered(posted, made)
    with pytest.raises(NotFound):
        posted.hand_on(told, by=SUCCESSOR)
    step(posted, begin_handing_over, handover, FIRST)
    step(posted, finish_handing_over, handover, SECOND)
    posted.hand_on(told, by=SUCCESSOR)
    posted.hand_on(asked, by=SUCCESSOR)
    posted.carry()
    assert posted.words(DESK) == ["Preguntamos antes del relevo.", "قبل المغادرة."]
    late = {one.row.statement: one.row.late for one in posted.read(HOST).words}
    assert late == {told: False, asked: True}, "it came after the end, and was said before it"
