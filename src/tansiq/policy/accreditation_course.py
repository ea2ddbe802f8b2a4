"""How an accreditation stands: what both sides said of it, put together.

Invariant: the state does not depend on the order in which the two sides' words arrived, only on each side's own order, so both
nodes come to the same; what one side withdrew no word of the other brings back; a side lifts its own suspension alone; only
the host accepts, and only what was proposed.

>>> proposed, accepted = Said(Move.PROPOSE, Side.SENDER, 1, 1), Said(Move.ACCEPT, Side.HOST, 1, 1)
>>> stand([proposed]).state, stand([accepted, proposed]).state
(<State.PROPOSED: 'proposed'>, <State.IN_FORCE: 'in-force'>)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = ["BY_SIDE", "Move", "Said", "Side", "Standing", "State", "may_say", "stand"]


class Side(StrEnum):
    """Whose word it is: the service that sends the officer, or the one that receives."""

    SENDER = "sender"
    HOST = "host"


class Move(StrEnum):
    """What is said; the codes are the kinds of the statements."""

    PROPOSE = "accreditation.proposal"
    ACCEPT = "accreditation.acceptance"
    REFUSE = "accreditation.refusal"
    SUSPEND = "accreditation.suspension"
    RESUME = "accreditation.resumption"
    WITHDRAW = "accreditation.withdrawal"
    REACH = "accreditation.reach"


BY_SIDE: Final[Mapping[Move, frozenset[Side]]] = {
    Move.PROPOSE: frozenset({Side.SENDER}),
    Move.ACCEPT: frozenset({Side.HOST}),
    Move.REFUSE: frozenset({Side.HOST}),
    Move.SUSPEND: frozenset(Side),
    Move.RESUME: frozenset(Side),
    Move.WITHDRAW: frozenset(Side),
    Move.REACH: frozenset({Side.SENDER}),
}
"""Who may say what."""


class State(StrEnum):
    """How it stands, dates aside; codes of ``accreditation_states``."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    IN_FORCE = "in-force"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Said:
    """One word: ``place`` among its side's own words, from 1; ``number`` of the proposal that it is about, from 1."""

    move: Move
    side: Side
    place: int
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an accreditation stands: the numbers of the last proposal, of the last accepted and the last refused one (0: none),
    which sides suspended it, which withdrew it, and how many words each has said.
    """

    proposed: int = 0
    accepted: int = 0
    refused: int = 0
    suspended: frozenset[Side] = frozenset()
    withdrawn: frozenset[Side] = frozenset()
    said: Mapping[Side, int]

    @property
    def pending(self) -> int:
        """The number of the proposal that waits for the host's word; 0 when none does."""
        return self.proposed if self.proposed > max(self.accepted, self.refused) and not self.withdrawn else 0

    @property
    def state(self) -> State:
        """How it stands, dates aside."""
        if self.withdrawn:
            return State.WITHDRAWN
        if not self.accepted:
            return State.PROPOSED if self.pending else State.REFUSED
        return State.SUSPENDED if self.suspended else State.IN_FORCE


def stand(said: Iterable[Said]) -> Standing:
    """What both sides' words come to; what a side may not say, and an answer to what was never proposed, has no effect."""
    words = sorted(
        (one for one in said if one.side in BY_SIDE[one.move]), key=lambda one: (one.side != Side.SENDER, one.place)
    )
    numbers: dict[Move, int] = {}
    suspended: set[Side] = set()
    withdrawn: set[Side] = set()
    count = dict.fromkeys(Side, 0)
    for one in words:
        count[one.side] = max(count[one.side], one.place)
        match one.move:
            case Move.PROPOSE:
                numbers[one.move] = max(numbers.get(one.move, 0), one.number)
            case Move.ACCEPT | Move.REFUSE if one.number <= numbers.get(Move.PROPOSE, 0):
                numbers[one.move] = max(numbers.get(one.move, 0), one.number)
            case Move.SUSPEND:
                suspended.add(one.side)
            case Move.RESUME:
                suspended.discard(one.side)
            case Move.WITHDRAW:
                withdrawn.add(one.side)
    return Standing(
        proposed=numbers.get(Move.PROPOSE, 0),
        accepted=numbers.get(Move.ACCEPT, 0),
        refused=numbers.get(Move.REFUSE, 0),
        suspended=frozenset(suspended),
        withdrawn=frozenset(withdrawn),
        said=count,
    )


def may_say(move: Move, side: Side, standing: Standing) -> bool:
    """Whether ``side`` may say this now, as it sees things."""
    if side not in BY_SIDE[move] or standing.withdrawn:
        return False
    match move:
        case Move.PROPOSE:
            return not standing.pending
        case Move.ACCEPT | Move.REFUSE:
            return bool(standing.pending)
        case Move.SUSPEND:
            return bool(standing.accepted) and side not in standing.suspended
        case Move.RESUME:
            return side in standing.suspended
        case Move.WITHDRAW:
            return bool(standing.accepted or standing.pending) and (side is Side.SENDER or bool(standing.accepted))
        case Move.REACH:
            return bool(standing.accepted)
