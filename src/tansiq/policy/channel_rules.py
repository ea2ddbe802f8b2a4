"""The rules by which a channel is chosen, as data: what a rule says, and the set of an agency's rules.

Invariant: a set is complete and checked when it is made (`channel_reading`), and never changed afterwards. What rules may
look at is the table ``CONDITIONS`` and nothing else. Rules that open a channel (carry, prefer) cannot ask for a high
classification or a bad state, and rules that narrow one cannot ask for a low one: so a classification that rises, or a
channel that is suspended, never opens anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tansiq.policy.channel_index import Index, index_of
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_values import Effect, Reason
from tansiq.policy.codes import CodeList

__all__ = ["APPROVERS", "CONDITIONS", "NARROWING", "OPENING", "Condition", "Emergency", "Rule", "Rules"]

APPROVERS: Final = frozenset({"supervisor", "head", "bureau", "data-protection"})
"""The roles of which a rule may want the approval."""
OPENING: Final = frozenset({Effect.CARRY, Effect.PREFER})
NARROWING: Final = frozenset({Effect.APPROVE, Effect.REFUSE})


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule may ask for. ``listed``: the list whose codes it takes ('' yes or no, '*' a name or a family of names);
    ``single``: one code alone; ``effects``: in which rules.
    """

    listed: str = ""
    single: bool = False
    effects: frozenset[Effect] = frozenset(Effect)


CONDITIONS: Final[Mapping[str, Condition]] = {
    "kind": Condition("*"),
    "partner": Condition("*"),
    "field": Condition("offences"),
    "nature": Condition("natures"),
    "sensitive": Condition(),
    "urgent": Condition(),
    "urgency": Condition("urgency_grounds"),
    "danger_to_life": Condition(),
    "warrant": Condition(),
    "missing": Condition(),
    "suspect": Condition(),
    "several_countries": Condition(),
    "case": Condition(),
    "shared_case": Condition(),
    "joint_operation": Condition(),
    "personal_data": Condition(),
    "agreement": Condition(),
    "accreditation": Condition("accreditation_standings"),
    "on_duty": Condition(),
    "classification_to": Condition("classification", single=True, effects=OPENING),
    "classification_from": Condition("classification", single=True, effects=NARROWING),
    "state_from": Condition("channel_states", single=True, effects=NARROWING),
}
"""What a rule may look at; two or more in one rule hold together, several values of one are alternatives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: for these channels, when all of ``when`` holds, its effect, for a reason, by a source.

    ``when`` has for each condition the values of which one is enough (``yes`` or ``no``, codes, ``notice.*``). ``approver`` is a
    role (only to approve), ``rank`` how strongly it speaks for the channel, 1 the most (only to prefer). ``line`` is where
    it stands in its file.
    """

    id: str
    channels: tuple[Channel, ...]
    effect: Effect
    reason: str
    source: str
    when: Mapping[str, tuple[str, ...]]
    approver: str = ""
    rank: int = 0
    line: int = field(default=0, compare=False)

    @property
    def as_reason(self) -> Reason:
        """The rule as a reason of an advice."""
        return Reason(code=self.reason, effect=self.effect, rule=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """Whether danger to life passes a suspension of our own, and within how many hours a supervisor reviews it."""

    allowed: bool = True
    review_hours: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """An agency's rules. ``reasons`` are the codes of the package and its own; ``digest`` names exactly this set."""

    profile: str
    titles: Mapping[str, str]
    rules: tuple[Rule, ...]
    emergency: Emergency
    reasons: CodeList
    digest: str
    index: Index = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", index_of(self.rules))

    def find(self, identifier: str) -> Rule | None:
        """The rule with this id."""
        return next((rule for rule in self.rules if rule.id == identifier), None)
