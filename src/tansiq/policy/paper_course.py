"""How a paper between two services stands: what both sides said of it, put together. A paper is an agreement, a meeting or the contact
points of one side.

Invariant: the state does not depend on the order in which the two sides' words arrived, only on each side's own order, so both nodes
come to the same; nobody agrees to what was not proposed, and what one side ended no word of the other brings back.

>>> proposed, agreed = Said(Step.PROPOSE, 1, 1, 1), Said(Step.AGREE, 2, 1, 1)
>>> stand("agreement", [proposed]).state, stand("agreement", [agreed, proposed]).state
('proposed', 'agreed')
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "AGREEMENT",
    "CONTACTS",
    "KINDS",
    "MEETING",
    "PAPERS",
    "Said",
    "Standing",
    "Step",
    "may_say",
    "stand",
    "step_of",
]

AGREEMENT, MEETING, CONTACTS = "agreement", "meeting", "contacts"
PAPERS: Final = (AGREEMENT, MEETING, CONTACTS)


class Step(StrEnum):
    """What a word does."""

    PROPOSE = "propose"
    AGREE = "agree"
    REFUSE = "refuse"
    END = "end"
    RECORD = "record"
    DONE = "done"


KINDS: Final[Mapping[str, Mapping[Step, str]]] = {
    AGREEMENT: {
        Step.PROPOSE: "agreement.proposal",
        Step.AGREE: "agreement.confirmation",
        Step.REFUSE: "agreement.refusal",
        Step.END: "agreement.end",
    },
    MEETING: {
        Step.PROPOSE: "meeting.proposal",
        Step.AGREE: "meeting.acceptance",
        Step.REFUSE: "meeting.refusal",
        Step.END: "meeting.cancellation",
        Step.RECORD: "meeting.minutes",
        Step.DONE: "meeting.decision-done",
    },
    CONTACTS: {Step.PROPOSE: "contacts.list"},
}
"""The kinds of the statements: paper → step → kind."""
_STEPS: Final = {kind: (paper, step) for paper, steps in KINDS.items() for step, kind in steps.items()}


def step_of(kind: str) -> tuple[str, Step]:
    """The paper and the step that a kind of statement is.

    >>> step_of("meeting.minutes")
    ('meeting', <Step.RECORD: 'record'>)
    """
    return _STEPS[kind]


@dataclass(frozen=True, slots=True)
class Said:
    """One word: its ``place`` among the words of its ``side`` (1: who said the paper first, 2: the other), from 1; the ``number`` of
    the proposal (of the minutes, for a decision that was carried out) that it is about; ``item`` that of the decision.
    """

    step: Step
    side: int
    place: int
    number: int
    item: int = 0
    until_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a paper stands: the numbers of the last proposal, of the last one agreed to and refused (0: none), of the last minutes, which
    decisions of which minutes were carried out, from when on it has ended (None: it has not), how many words each side has said.
    """

    paper: str
    proposed: int = 0
    agreed: int = 0
    refused: int = 0
    recorded: int = 0
    done: frozenset[tuple[int, int]] = frozenset()
    ended_ms: int | None = None
    said: Mapping[int, int]

    @property
    def pending(self) -> int:
        """The number of the proposal that waits for the other side's word; 0 when none does."""
        if self.paper == CONTACTS or self.ended_ms is not None:
            return 0
        return self.proposed if self.proposed > max(self.agreed, self.refused) else 0

    @property
    def stands(self) -> int:
        """The number of the proposal whose content holds: the last agreed one, else the last."""
        return self.proposed if self.paper == CONTACTS else self.agreed or self.proposed

    @property
    def state(self) -> str:
        """A code of ``paper_states`` without its paper: proposed, refused, agreed, held, ended; an agreement to which nobody agreed is
        not ended but withdrawn.
        """
        if self.ended_ms is not None:
            return "ended" if self.agreed or self.paper != AGREEMENT else "withdrawn"
        if self.paper == CONTACTS:
            return "agreed"
        if not self.agreed:
            return "proposed" if self.pending else "refused"
        return "held" if self.recorded else "agreed"


def _may_side(paper: str, step: Step, side: int) -> bool:
    """Whether it is for a side at all."""
    if step not in KINDS[paper]:
        return False
    return {Step.PROPOSE: side == 1, Step.RECORD: side == 1, Step.AGREE: side == 2, Step.REFUSE: side == 2}.get(
        step, True
    )


def stand(paper: str, said: Iterable[Said]) -> Standing:
    """What both sides' words come to; what a side may not say, and an answer to what was never proposed, has no effect."""
    words = sorted((one for one in said if _may_side(paper, one.step, one.side)), key=lambda one: (one.side, one.place))
    numbers = dict.fromkeys((Step.PROPOSE, Step.AGREE, Step.REFUSE, Step.RECORD), 0)
    done: set[tuple[int, int]] = set()
    ends: list[int] = []
    count = {1: 0, 2: 0}
    for one in words:
        count[one.side] = max(count[one.side], one.place)
        match one.step:
            case Step.PROPOSE | Step.RECORD:
                numbers[one.step] = max(numbers[one.step], one.number)
            case Step.AGREE | Step.REFUSE if one.number <= numbers[Step.PROPOSE]:
                numbers[one.step] = max(numbers[one.step], one.number)
            case Step.DONE:
                done.add((one.number, one.item))
            case Step.END:
                ends.append(one.until_ms or 0)
    return Standing(
        paper=paper,
        proposed=numbers[Step.PROPOSE],
        agreed=numbers[Step.AGREE],
        refused=numbers[Step.REFUSE],
        recorded=numbers[Step.RECORD],
        done=frozenset(done),
        ended_ms=min(ends, default=None),
        said=count,
    )


def may_say(step: Step, side: int, standing: Standing) -> bool:
    """Whether ``side`` may say this now, as it sees things."""
    if not _may_side(standing.paper, step, side) or standing.ended_ms is not None:
        return False
    match step:
        case Step.PROPOSE:
            return not standing.pending and not standing.recorded
        case Step.AGREE | Step.REFUSE:
            return bool(standing.pending)
        case Step.END:
            open_still = bool(standing.agreed) or (side == 1 and bool(standing.pending))
            return open_still and not standing.recorded
        case Step.RECORD:
            return bool(standing.agreed)
        case Step.DONE:
            return bool(standing.recorded)
