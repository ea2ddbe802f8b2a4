"""An enquiry: what is asked, about whom, why, and on what basis in law.

Invariant: a draft may lack anything, so that a person can write it piece by piece and be told all that is missing;
what leaves has passed ``law.check_enquiry``. ``LawBasis`` is the part that any word with personal data needs, by
whatever channel: an enquiry, an answer, information given unasked, a direct message.

Directive (EU) 2023/977, Articles 4 and 5; Directive (EU) 2016/680, Articles 8, 10, 35 to 38 and recital 71;
INTERPOL's Constitution, Article 3, taken as a yardstick for every channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from tansiq.policy.conditions import Conditions
from tansiq.policy.plain import Code, Flag, Many, One, Record
from tansiq.policy.subjects import Subject
from tansiq.policy.values import Attestation, Text

__all__ = ["Assurance", "Enquiry", "LawBasis", "Neutrality", "Transfer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer(Record):
    """Why the data may go to another state.

    ``reason`` documents a ground that wants words; ``recipient_competent`` says that the receiving authority is
    competent for the purpose; ``origin`` and ``origin_reference`` what the state that first gave the data has said;
    ``origin_informed`` that it was told at once where it could not be asked; ``onward`` what may happen after.
    """

    ground: Annotated[str | None, Code("transfer_ground")] = None
    reason: Annotated[Text | None, One(Text)] = None
    recipient_competent: Annotated[bool, Flag()] = False
    origin: Annotated[str | None, Code("origin_authorisation")] = None
    origin_reference: Annotated[Text | None, One(Text)] = None
    origin_informed: Annotated[bool, Flag()] = False
    onward: Annotated[str | None, Code("onward_transfer")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assurance(Record):
    """The recipient's word that the data serve neither a death penalty nor ill-treatment, and where it stands.

    ``death_penalty`` and ``ill_treatment`` are answered by the sender's officer: 'is that word given, and relied on?'
    """

    death_penalty: Annotated[Attestation | None, One(Attestation)] = None
    ill_treatment: Annotated[Attestation | None, One(Attestation)] = None
    reference: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neutrality(Record):
    """'Is this matter political, military, religious or racial?', each answered by a person; only four 'no' pass."""

    political: Annotated[Attestation | None, One(Attestation)] = None
    military: Annotated[Attestation | None, One(Attestation)] = None
    religious: Annotated[Attestation | None, One(Attestation)] = None
    racial: Annotated[Attestation | None, One(Attestation)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LawBasis(Record):
    """On what basis personal data leave: law (and article), purpose, offence, necessity, transfer, assurance."""

    legal_basis: Annotated[str | None, Code("legal_bases")] = None
    legal_reference: Annotated[Text | None, One(Text)] = None
    purpose: Annotated[str | None, Code("purposes")] = None
    offence: Annotated[str | None, Code("offences")] = None
    necessity: Annotated[Text | None, One(Text)] = None
    transfer: Annotated[Transfer | None, One(Transfer)] = None
    assurance: Annotated[Assurance | None, One(Assurance)] = None
    neutrality: Annotated[Neutrality | None, One(Neutrality)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Enquiry(Record):
    """What one service asks of another.

    ``facts`` are those of the case; ``reasons_held`` the objective reasons why the partner holds the information;
    ``link`` ties the purpose to the subject; ``conditions`` are the use restrictions on the request itself.
    ``language_exception`` says why an urgent one leaves in a language that the desk has not published.
    """

    sought: Annotated[tuple[str, ...], Many(Code("sought"), 16)] = ()
    question: Annotated[Text | None, One(Text)] = None
    subjects: Annotated[tuple[Subject, ...], Many(One(Subject), 16)] = ()
    facts: Annotated[Text | None, One(Text)] = None
    reasons_held: Annotated[Text | None, One(Text)] = None
    link: Annotated[Text | None, One(Text)] = None
    availability: Annotated[str | None, Code("availability")] = None
    deadline_class: Annotated[str | None, Code("deadline_classes")] = None
    urgency_ground: Annotated[str | None, Code("urgency_grounds")] = None
    urgency_reason: Annotated[Text | None, One(Text)] = None
    law: Annotated[LawBasis | None, One(LawBasis)] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None
    language_exception: Annotated[str | None, Code("language_exceptions")] = None
