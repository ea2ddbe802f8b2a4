"""What the heads of two services say to one another: a message, that it was read, who stands in for a head.

Invariant: short, but the law is not skipped: a message bears the same checks as one on a liaison officer's channel
(`liaison.message_faults`). Nobody stands in for a head but by a word of that head's own, with a day on which it begins and one
on which it ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.policy.codes import code_list
from tansiq.policy.faults import Faults, Lists, Rule, find
from tansiq.policy.liaison import LiaisonMessage
from tansiq.policy.plain import Record
from tansiq.policy.values import MOMENT, REFERENCE

__all__ = ["Delegation", "DirectMessage", "ReadReceipt", "delegation_faults"]

_DAY_MS: Final = 86_400_000
_LONGEST_DAYS: Final = 92
"""A delegation is for an absence; a longer one is a change of head."""
_PRACTICE: Final = "Practice"


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectMessage(LiaisonMessage):
    """One message from head to head: the same fields, the same checks of law."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReceipt(Record):
    """That the one whom a message was for has read it: when (UTC milliseconds of the reader's node)."""

    read_ms: Annotated[int, MOMENT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation(Record):
    """A head's word that ``deputy`` (a service number) reads and answers in the head's place, from when until when."""

    deputy: Annotated[str | None, REFERENCE] = None
    from_ms: Annotated[int | None, MOMENT] = None
    until_ms: Annotated[int | None, MOMENT] = None


_DELEGATION: Final[tuple[Rule[Delegation], ...]] = (
    Rule("policy.law.deputy-missing", "deputy", 14, _PRACTICE, lambda one, _: one.deputy is None),
    Rule("policy.law.period-missing", "until_ms", 14, _PRACTICE,
         lambda one, _: one.from_ms is None or one.until_ms is None),
    Rule("policy.law.period-wrong", "until_ms", 14, _PRACTICE,
         lambda one, _: one.from_ms is not None and one.until_ms is not None
         and not one.from_ms < one.until_ms <= one.from_ms + _LONGEST_DAYS * _DAY_MS),
)  # fmt: skip


def delegation_faults(delegation: Delegation, *, lists: Lists = code_list) -> Faults:
    """All that a delegation lacks."""
    return Faults(find(_DELEGATION, delegation, lists))
