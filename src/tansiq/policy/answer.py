"""Answers: the items given, the refusal with its grounds, and the question that incoming information raises.

Invariant: an item is one piece of information with its codes and travels as a part of its own, so that each
can be shown, proven and erased alone; the answer beside them says what they amount to. A receiver never changes
an item's evaluation without its provider (Regulation (EU) 2016/794, Article 29).

>>> Item(words=Text("es", "Visto en Nador.")).assessed().evaluation
'X4'
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, Self

from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.plain import Code, Flag, Many, One, Record
from tansiq.policy.subjects import SpecialData, Subject
from tansiq.policy.values import MOMENT, REFERENCE, Attestation, PartialDate, Text

__all__ = ["Answer", "IncomingCheck", "Item", "Refusal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item(Record):
    """One piece of information: what it says, of whom, how good it is, and what may be done with it.

    ``originator`` is the agency whose information it is; ``origin_consent`` its consent where that is a third party;
    ``as_of`` says how current it is.
    """

    words: Annotated[Text | None, One(Text)] = None
    subjects: Annotated[tuple[Subject, ...], Many(One(Subject), 16)] = ()
    source: Annotated[str | None, Code("evaluation_source")] = None
    information: Annotated[str | None, Code("evaluation_information")] = None
    basis: Annotated[str | None, Code("basis")] = None
    special: Annotated[tuple[SpecialData, ...], Many(One(SpecialData), 8)] = ()
    originator: Annotated[str | None, REFERENCE] = None
    origin_consent: Annotated[Text | None, One(Text)] = None
    as_of: Annotated[PartialDate | None, One(PartialDate)] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None

    def assessed(self) -> Self:
        """This item, with X and 4 where nobody has assessed the source or the information."""
        return replace(self, source=self.source or "X", information=self.information or "4")

    @property
    def evaluation(self) -> str:
        """The two codes as officers write them: ``B2``; ``--`` while they are missing."""
        return f"{self.source or '-'}{self.information or '-'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Record):
    """What an answer amounts to; its items travel beside it. ``law`` is needed as soon as an item is given."""

    outcome: Annotated[str | None, Code("answer_outcomes")] = None
    note: Annotated[Text | None, One(Text)] = None
    law: Annotated[LawBasis | None, One(LawBasis)] = None
    language_exception: Annotated[str | None, Code("language_exceptions")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal(Record):
    """A refusal, of all or of a part, with at least one coded ground and its reasons."""

    grounds: Annotated[tuple[str, ...], Many(Code("refusal_grounds"), 16)] = ()
    reasons: Annotated[Text | None, One(Text)] = None
    partial: Annotated[bool, Flag()] = False
    language_exception: Annotated[str | None, Code("language_exceptions")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingCheck(Record):
    """'May this have been obtained by ill-treatment?', answered by an officer before incoming information is used.

    ``decision`` is a head of service's word that it may be used in spite of a doubt; nothing lifts a 'yes'.
    """

    answer: Annotated[str, Code("ill_treatment")]
    officer: Annotated[str, REFERENCE]
    at_ms: Annotated[int, MOMENT]
    reason: Annotated[Text | None, One(Text)] = None
    decision: Annotated[Attestation | None, One(Attestation)] = None
