"""What a judgement on the four channels says: a verdict for each, with its reasons.

Invariant: a reason is a code and the rule that it came from; its sentence stands in four languages, in the list
``channel_reasons`` or in the agency's own rules. Nothing here decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from tansiq.policy.channel_matter import Channel

__all__ = ["Advice", "Effect", "Reason", "Verdict"]


class Verdict(StrEnum):
    """What may be done by a channel, from the best to the worst."""

    RECOMMENDED = "recommended"
    PERMITTED = "permitted"
    APPROVAL = "approval"
    REFUSED = "refused"

    @property
    def allows(self) -> bool:
        """Whether it may leave without asking anybody."""
        return self in _ALLOWING


_ALLOWING: Final = frozenset({Verdict.RECOMMENDED, Verdict.PERMITTED})


class Effect(StrEnum):
    """What a reason does: speak for a channel, let it carry, want somebody's approval, refuse."""

    PREFER = "prefer"
    CARRY = "carry"
    APPROVE = "approve"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: a code of the reasons, the rule that it came from ('' for what no rule can change), and values in its words."""

    code: str
    effect: Effect
    rule: str = ""
    values: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What may be done by one channel. ``approvers`` are the roles of which each must approve (only for 'approval').

    ``waits``: nothing but a suspension stands against it, so that what is written for it now waits or is carried by hand.
    ``review_hours``: it passes a suspension by the emergency rule, and a supervisor looks at it within these hours.
    """

    channel: Channel
    verdict: Verdict
    reasons: tuple[Reason, ...]
    approvers: tuple[str, ...] = ()
    waits: bool = False
    review_hours: int = 0
