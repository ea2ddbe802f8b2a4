"""What the heads of two services say to one another: a message, that it was read, who stands in for a head, what a head hands down.

Invariant: short, but the law is not skipped: a message bears the same checks as one on a liaison officer's channel
(`liaison.message_faults`). Nobody stands in for a head but by a word of that head's own, with a day on which it begins and one
on which it ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find
from tansiq.policy.liaison import LiaisonMessage
from tansiq.policy.plain import One, Record
from tansiq.policy.rules import conditions_faults
from tansiq.policy.values import MOMENT, REFERENCE, Text

__all__ = ["Delegation", "DirectMessage", "HandedDown", "ReadReceipt", "delegation_faults", "handed_faults"]

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


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedDown(Record):
    """What a head gives a desk out of a direct message: the words as the head gives them, and what may be done with them."""

    words: Annotated[Text | None, One(Text)] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None


_DELEGATION: Final[tuple[Rule[Delegation], ...]] = (
    Rule("policy.law.deputy-missing", "deputy", 14, _PRACTICE, lambda one, _: one.deputy is None),
    Rule("policy.law.period-missing", "until_ms", 14, _PRACTICE,
         lambda one, _: one.from_ms is None or one.until_ms is None),
    Rule("policy.law.period-wrong", "until_ms", 14, _PRACTICE,
         lambda one, _: one.from_ms is not None and one.until_ms is not None
         and not one.from_ms < one.until_ms <= one.from_ms + _LONGEST_DAYS * _DAY_MS),
)  # fmt: skip
_HANDED: Final[tuple[Rule[HandedDown], ...]] = (
    Rule("policy.law.message-empty", "words", 26, _PRACTICE, lambda one, _: one.words is None),
    Rule("policy.law.handling-missing", "conditions.codes", 26, "Regulation (EU) 2016/794, Article 19(2)",
         lambda one, _: one.conditions is None),
)  # fmt: skip


def delegation_faults(delegation: Delegation, *, lists: Lists = code_list) -> Faults:
    """All that a delegation lacks."""
    return Faults(find(_DELEGATION, delegation, lists))


def handed_faults(handed: HandedDown, *, lists: Lists = code_list) -> Faults:
    """All that what is handed down lacks: words, and conditions under which a desk may use them."""

    def found() -> Iterator[Fault]:
        yield from find(_HANDED, handed, lists)
        yield from conditions_faults(handed.conditions, lists=lists, path="conditions.")

    return Faults(found())
