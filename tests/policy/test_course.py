"""The course of an enquiry: the same words give the same state, whoever heard them and in whatever order."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.policy.course import (
    OPEN_STATES,
    REMINDER_EVERY_MS,
    STATES,
    Course,
    Move,
    Side,
    Word,
    course_of,
    in_order,
    past_of,
    permits,
    side_of,
    state_of,
    waits_for,
)

HOUR = 3_600_000
RECEIVED = 1_782_043_200_000


def said(move: Move, *, at: float = 1, follows: tuple[bytes, ...] = (), until: float | None = None) -> Word:
    return Word(
        id=f"{move}{at}".encode(),
        move=move,
        said_ms=RECEIVED + int(at * HOUR),
        follows=follows,
        until_ms=None if until is None else RECEIVED + int(until * HOUR),
    )


def course(*words: Word, deadline_class: str = "urgent-direct", received_ms: int | None = RECEIVED) -> Course:
    return course_of(words, received_ms=received_ms, deadline_class=deadline_class)


def test_the_states_one_after_the_other() -> None:
    assert course(received_ms=None).state == "sent"
    assert course().state == "received"
    asked = said(Move.ASK_BACK)
    assert course(asked).state == "clarification"
    assert course(asked, said(Move.CLARIFY, at=2, follows=(asked.id,), until=2)).state == "received"
    assert course(said(Move.PARTIAL)).state == "partial"
    assert course(said(Move.PARTIAL), said(Move.DELAY, at=2, until=20)).state == "partial"
    answered = said(Move.ANSWER)
    assert course(answered).state == "answered"
    assert course(answered, said(Move.FEEDBACK, at=2, follows=(answered.id,))).state == "closed"
    assert course(said(Move.REFUSAL)).state == "refused"
    assert course(said(Move.WITHDRAW)).state == "withdrawn"


def test_a_withdrawal_that_crosses_an_answer_holds() -> None:
    crossed = course(said(Move.ANSWER), said(Move.WITHDRAW, at=2))
    assert (crossed.state, crossed.is_open) == ("withdrawn", False)
    assert crossed.answered_ms == RECEIVED + HOUR


def test_the_clock_stands_still_from_the_question_to_the_receipt_of_its_answer() -> None:
    asked = said(Move.ASK_BACK, at=2)
    waiting = course(asked)
    assert (waiting.deadline_ms, waiting.paused) == (None, True)
    underway = course(asked, said(Move.CLARIFY, at=4, follows=(asked.id,)))
    assert underway.deadline_ms is None, "the asker does not know yet when it was received"
    received = course(asked, said(Move.CLARIFY, at=4, follows=(asked.id,), until=5))
    assert (received.deadline_ms, received.paused) == (RECEIVED + 11 * HOUR, False)


def test_two_questions_and_their_answers_are_paired_in_their_order() -> None:
    first = said(Move.ASK_BACK, at=1)
    one = said(Move.CLARIFY, at=2, follows=(first.id,), until=2)
    second = said(Move.ASK_BACK, at=3, follows=(one.id,))
    two = said(Move.CLARIFY, at=6, follows=(second.id,), until=7)
    words = [two, first, second, one]
    assert in_order(words) == [first, one, second, two]
    assert course(*words).deadline_ms == RECEIVED + 13 * HOUR


def test_a_delay_moves_the_end_and_is_counted_and_the_lawful_end_is_kept() -> None:
    told = course(said(Move.DELAY, at=3, until=40), said(Move.DELAY, at=30, until=60))
    assert (told.deadline_ms, told.lawful_ms, told.delays) == (RECEIVED + 60 * HOUR, RECEIVED + 8 * HOUR, 2)
    assert course(said(Move.DELAY, at=9, until=40)).deadline_ms == RECEIVED + 8 * HOUR, "it came too late"


@pytest.mark.parametrize("state", [state for state in STATES if state != "sent"])
def test_the_table_has_every_state_and_an_open_one_lets_both_sides_end_it(state: str) -> None:
    ways: dict[str, list[Word]] = {
        "received": [],
        "clarification": [said(Move.ASK_BACK)],
        "partial": [said(Move.PARTIAL)],
        "answered": [said(Move.ANSWER)],
        "refused": [said(Move.REFUSAL)],
        "withdrawn": [said(Move.WITHDRAW)],
        "closed": [said(Move.ANSWER), said(Move.FEEDBACK, at=2)],
    }
    words = ways[state]
    assert state_of(words) == state
    may = {move for move in Move if permits(move, words, said_ms=RECEIVED + 99 * HOUR)}
    if state in OPEN_STATES:
        assert {Move.ANSWER, Move.REFUSAL, Move.WITHDRAW} <= may
        assert waits_for(state) in set(Side)
    else:
        assert may <= {Move.FEEDBACK}
        assert waits_for(state) is None


def test_a_reminder_is_not_repeated_at_once() -> None:
    reminded = [said(Move.REMIND, at=0)]
    assert not permits(Move.REMIND, reminded, said_ms=RECEIVED + REMINDER_EVERY_MS - 1)
    assert permits(Move.REMIND, reminded, said_ms=RECEIVED + REMINDER_EVERY_MS)


# --------------------------------------------------------------------- two agencies, whatever they do, whatever the order


@dataclass(slots=True)
class Agency:
    """One side as it knows the matter: its own words and those of the other that have come."""

    side: Side
    known: dict[bytes, Word] = field(default_factory=dict)

    def heads(self) -> tuple[bytes, ...]:
        before = {one for word in self.known.values() for one in word.follows}
        return tuple(sorted(one for one in self.known if one not in before))

    def may(self, now_ms: int) -> list[Move]:
        words = list(self.known.values())
        return [move for move in Move if side_of(move) is self.side and permits(move, words, said_ms=now_ms)]

    def say(self, move: Move, name: int, now_ms: int) -> Word:
        until_ms = now_ms + 50 * HOUR if move is Move.DELAY else now_ms if move is Move.CLARIFY else None
        word = Word(id=b"%04d" % name, move=move, said_ms=now_ms, follows=self.heads(), until_ms=until_ms)
        self.known[word.id] = word
        return word

    def takes(self, word: Word) -> bool:
        """As a handler does: once all that it follows is here, its past decides."""
        past = past_of(word.follows, self.known)
        permitted = permits(word.move, [self.known[one] for one in past], said_ms=word.said_ms)
        own = {one.id for one in self.known.values() if side_of(one.move) is side_of(word.move)}
        if permitted and own <= past:
            self.known[word.id] = word
            return True
        return False


@given(seed=st.integers(0, 2**32), steps=st.integers(1, 40))
def test_both_sides_agree_after_everything_arrived_and_somebody_can_always_go_on(seed: int, steps: int) -> None:
    chance = random.Random(seed)
    asker, addressee = Agency(Side.ASKER), Agency(Side.ADDRESSEE)
    under_way: dict[Side, list[Word]] = {Side.ASKER: [], Side.ADDRESSEE: []}
    now_ms = RECEIVED

    def deliver(to: Agency) -> None:
        """One of the words that may be handled now; what follows something that has not come waits."""
        waiting = under_way[to.side]
        ready = [word for word in waiting if all(one in to.known for one in word.follows)]
        word = chance.choice(ready)
        waiting.remove(word)
        assert to.takes(word), "an honest word is never refused"

    for step in range(steps):
        now_ms += chance.randrange(8 * HOUR)
        speaker, other = (asker, addressee) if chance.random() < 0.5 else (addressee, asker)
        if under_way[speaker.side] and chance.random() < 0.5:
            deliver(speaker)
        elif moves := speaker.may(now_ms):
            under_way[other.side].append(speaker.say(chance.choice(moves), step, now_ms))
        if state_of(speaker.known.values()) in OPEN_STATES:
            assert speaker.may(now_ms)
    while under_way[Side.ASKER] or under_way[Side.ADDRESSEE]:
        deliver(chance.choice([one for one in (asker, addressee) if under_way[one.side]]))

    assert asker.known == addressee.known
    here, there = (
        course_of(
            chance.sample(list(one.known.values()), len(one.known)), received_ms=RECEIVED, deadline_class="normal"
        )
        for one in (asker, addressee)
    )
    assert here == there
    if here.is_open:
        assert asker.may(now_ms + REMINDER_EVERY_MS)
        assert addressee.may(now_ms)
