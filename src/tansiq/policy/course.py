"""The course of an enquiry: what both sides have said since the request, and so its state and its clock.

Invariant: the state is a function of the *set* of words, never of the order in which they came: two agencies that hold
the same words stand in the same state. Each word names what it follows; whether it was permitted is judged by what its
speaker knew then (its past), so an honest word is never refused because another crossed it on the way. One agency's own
words form one line. Where a withdrawal crosses an answer, the withdrawal holds: nobody needs the answer any more.

Times are those of one clock, the addressee's: its receipt of the request, when it asked back, its receipt of the
clarification, when it answered. Directive (EU) 2023/977, Articles 4 to 6. Who may say what is data (``course.toml``).

>>> state_of([Word(id=b"1", move=Move.ASK_BACK, said_ms=5)])
'clarification'
"""

from __future__ import annotations

import functools
import tomllib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Final

from tansiq.policy.deadlines import Delay, Pause, due_at, term

__all__ = ["OPEN_STATES", "STATES", "Course", "Move", "Side", "Word", "course_of", "in_order", "past_of", "permits",
           "side_of", "state_of", "waits_for"]  # fmt: skip

OPEN_STATES: Final = ("sent", "received", "clarification", "partial")
"""States in which something is still to be said; ``sent``: no receipt of the addressee agency is here yet."""
STATES: Final = (*OPEN_STATES, "answered", "refused", "withdrawn", "closed")
REMINDER_EVERY_MS: Final = 6 * 3_600_000
"""A reminder says nothing new, so it is not said again before this."""


class Side(StrEnum):
    """Who speaks: the agency that asked, or the one that was asked."""

    ASKER = "asker"
    ADDRESSEE = "addressee"


class Move(StrEnum):
    """What a word does to an enquiry."""

    ANSWER = "answer"
    PARTIAL = "partial"
    REFUSAL = "refusal"
    ASK_BACK = "ask-back"
    CLARIFY = "clarify"
    DELAY = "delay"
    REMIND = "remind"
    WITHDRAW = "withdraw"
    FEEDBACK = "feedback"


_OF_THE_ASKER: Final = frozenset({Move.CLARIFY, Move.REMIND, Move.WITHDRAW, Move.FEEDBACK})


def side_of(move: Move) -> Side:
    """Whose move it is."""
    return Side.ASKER if move in _OF_THE_ASKER else Side.ADDRESSEE


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One thing said in an enquiry after its request.

    ``follows`` are the words that its speaker knew last; ``until_ms`` is, of a delay, the end that it announces, and of
    a clarification the moment when the addressee received it (None: not known here yet).
    """

    id: bytes
    move: Move
    said_ms: int
    follows: tuple[bytes, ...] = ()
    until_ms: int | None = None
    ground: str = "delay.judicial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Where an enquiry stands. ``lawful_ms`` is the deadline without announced delays; ``ended_ms`` when it was answered,
    refused or withdrawn.
    """

    state: str
    deadline_ms: int | None
    lawful_ms: int | None
    paused: bool
    answered_ms: int | None
    ended_ms: int | None
    delays: int

    @property
    def is_open(self) -> bool:
        """Whether something is still to be said."""
        return self.state in OPEN_STATES


@functools.cache
def _table() -> Mapping[str, Mapping[Side, frozenset[Move]]]:
    text = resources.files("tansiq.policy").joinpath("course.toml").read_text(encoding="utf-8")
    return {
        state: {side: frozenset(Move(move) for move in moves[side]) for side in Side}
        for state, moves in tomllib.loads(text).items()
    }


def past_of(follows: Iterable[bytes], words: Mapping[bytes, Word]) -> set[bytes]:
    """All words that come before one that follows ``follows``; what is not among ``words`` is left out."""
    found: set[bytes] = set()
    waiting = [one for one in follows if one in words]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += [before for before in words[one].follows if before in words]
    return found


def in_order(words: Collection[Word]) -> list[Word]:
    """The words, each after all that it follows; what nobody ordered, by its time."""
    by_id = {word.id: word for word in words}
    return sorted(words, key=lambda word: (len(past_of(word.follows, by_id)), word.said_ms, word.id))


def state_of(words: Iterable[Word]) -> str:
    """The state in which these words leave an enquiry that was received; their order does not matter."""
    said = Counter(word.move for word in words)
    if said[Move.WITHDRAW]:
        return "withdrawn"
    if said[Move.ANSWER]:
        return "closed" if said[Move.FEEDBACK] else "answered"
    if said[Move.REFUSAL]:
        return "refused"
    if said[Move.ASK_BACK] > said[Move.CLARIFY]:
        return "clarification"
    return "partial" if said[Move.PARTIAL] else "received"


def permits(move: Move, words: Collection[Word], *, said_ms: int) -> bool:
    """Whether ``move`` may be said by somebody who knows ``words`` and nothing else."""
    if move not in _table()[state_of(words)][side_of(move)]:
        return False
    if move is not Move.REMIND:
        return True
    return all(said_ms >= word.said_ms + REMINDER_EVERY_MS for word in words if word.move is Move.REMIND)


def waits_for(state: str) -> Side | None:
    """Who has to act in ``state``; None when nobody must."""
    if state == "clarification":
        return Side.ASKER
    return Side.ADDRESSEE if state in OPEN_STATES else None


def _pauses(words: Sequence[Word]) -> list[Pause]:
    asked = [word for word in words if word.move is Move.ASK_BACK]
    given: list[Word | None] = [word for word in words if word.move is Move.CLARIFY]
    given += [None] * (len(asked) - len(given))
    return [
        Pause(question.said_ms, None if reply is None else reply.until_ms)
        for question, reply in zip(asked, given, strict=False)
    ]


def course_of(words: Collection[Word], *, received_ms: int | None, deadline_class: str) -> Course:
    """Where an enquiry stands by these words, for an addressee that received it at ``received_ms`` (None: not known).

    Raises BadInput('policy.unknown-code').
    """
    ordered = in_order(words)
    state = state_of(words)
    if state == "received" and received_ms is None:
        state = "sent"
    due = lawful = None
    if received_ms is not None:
        pauses = _pauses(ordered)
        lawful = due_at(received_at_ms=received_ms, deadline_class=deadline_class, pauses=pauses)
        delays = [
            Delay(ground=word.ground, announced_at_ms=word.said_ms, until_ms=word.until_ms)
            for word in ordered
            if word.move is Move.DELAY and word.until_ms is not None
        ]
        due = due_at(received_at_ms=received_ms, deadline_class=deadline_class, pauses=pauses, delays=delays)
    answered = [word.said_ms for word in ordered if word.move in {Move.ANSWER, Move.REFUSAL}]
    withdrawn = [word.said_ms for word in ordered if word.move is Move.WITHDRAW]
    return Course(
        state=state,
        deadline_ms=due,
        lawful_ms=lawful,
        paused=state in OPEN_STATES and due is None and received_ms is not None and term(deadline_class).length_ms > 0,
        answered_ms=answered[0] if answered else None,
        ended_ms=next(iter(withdrawn or answered), None),
        delays=sum(word.move is Move.DELAY for word in ordered),
    )
