"""The word of one side on a channel: its state, why, from when until when; and which of several words is in force.

Invariant: of the words of one side that hold at a moment, the one that was said last is in force; where none holds, the channel is
open. Nothing here knows the other side, the clock or a matter.

>>> monday = Said(word=StateWord(channel="embassy", state="suspended", reason="state.political", from_ms=100, until_ms=900), said_ms=90)
>>> tuesday = Said(word=StateWord(channel="embassy", state="open", reason="state.settled", from_ms=500), said_ms=400)
>>> [str(in_force([monday, tuesday], at_ms)) for at_ms in (50, 100, 450, 500)]
['open', 'suspended', 'suspended', 'open']
>>> next_change([monday, tuesday], 100), next_change([monday, tuesday], 900)
(500, None)
>>> [len(list(spent([monday, tuesday], at_ms))) for at_ms in (100, 500)]
[0, 1]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.errors import BadInput
from tansiq.policy.channel_matter import State
from tansiq.policy.plain import Code, Flag, One, Record
from tansiq.policy.values import MOMENT, REFERENCE, Text

__all__ = ["EmergencyWord", "Said", "StateWord", "in_force", "last_in_force", "next_change", "spent"]

_STATES: Final = frozenset(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateWord(Record):
    """How a channel stands from now on by one side's word. ``officer`` decided it, ``second`` agreed where the service wants
    two (service numbers); ``until_ms`` is no longer within.
    """

    channel: Annotated[str, Code("channels")]
    state: Annotated[str, Code("channel_states")]
    reason: Annotated[str, Code("channel_state_reasons")]
    from_ms: Annotated[int, MOMENT]
    until_ms: Annotated[int | None, MOMENT] = None
    words: Annotated[Text | None, One(Text)] = None
    officer: Annotated[str | None, REFERENCE] = None
    second: Annotated[str | None, REFERENCE] = None

    def _verify(self) -> None:
        if self.state not in _STATES:
            raise BadInput("policy.unknown-code", list="channel_states", value=self.state)
        if self.until_ms is not None and self.until_ms <= self.from_ms:
            raise BadInput("policy.field-malformed", field="stateword.until_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyWord(Record):
    """Whether a side takes what concerns imminent danger to life while the other one has suspended a channel."""

    accepts: Annotated[bool, Flag()]
    officer: Annotated[str | None, REFERENCE] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A word, when it was said, and under which identifier it is kept; of two of one moment that with the larger ``order`` is
    the later.
    """

    word: StateWord
    said_ms: int
    id: bytes = b""
    order: bytes = b""

    def holds(self, at_ms: int) -> bool:
        """Whether the moment lies within its from and until."""
        return self.word.from_ms <= at_ms and (self.word.until_ms is None or at_ms < self.word.until_ms)

    def spent_by(self, later: Said, at_ms: int) -> bool:
        """Whether a later word holds whenever this one would, from the moment on."""
        mine, other = self.word, later.word
        ends_first = other.until_ms is None or (mine.until_ms is not None and mine.until_ms <= other.until_ms)
        return ends_first and other.from_ms <= max(mine.from_ms, at_ms)


def _order(said: Said) -> tuple[int, bytes]:
    return said.said_ms, said.order


def last_in_force(said: Sequence[Said], at_ms: int) -> Said | None:
    """The word of one side that is in force; None when none is."""
    return max((one for one in said if one.holds(at_ms)), key=_order, default=None)


def spent(said: Sequence[Said], at_ms: int) -> Iterator[Said]:
    """The words of one side that are not in force and never will be again, the oldest first."""
    ordered = sorted(said, key=_order)
    for place, one in enumerate(ordered):
        over = one.word.until_ms is not None and one.word.until_ms <= at_ms
        if over or any(one.spent_by(later, at_ms) for later in ordered[place + 1 :]):
            yield one


def in_force(said: Sequence[Said], at_ms: int) -> State:
    """The state that one side's words give the channel."""
    last = last_in_force(said, at_ms)
    return State.OPEN if last is None else State(last.word.state)


def next_change(said: Sequence[Said], at_ms: int) -> int | None:
    """The first moment after ``at_ms`` at which another word may be in force; None when there is none."""
    moments = {moment for one in said for moment in (one.word.from_ms, one.word.until_ms)}
    later = [
        moment
        for moment in moments
        if moment is not None and moment > at_ms and last_in_force(said, moment) != last_in_force(said, at_ms)
    ]
    return min(later, default=None)
