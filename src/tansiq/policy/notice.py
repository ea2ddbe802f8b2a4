"""A notice, and what is said about it: by its source, by the hub's legal desk, by the members.

Invariant: a draft may lack anything; what leaves has passed ``notice_law``. A notice is the same for every reader; whom its
source denies it stands in the request to the hub alone (`NoticeRequest`), which no member reads. INTERPOL's Rules on the
Processing of Data, Articles 10, 49 to 51, 58 and 82 to 96; its Constitution, Articles 2 and 3.

>>> Warrant(country="ES", punishable_months=120).to_plain()
{'country': 'ES', 'punishable_months': 120}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Final

from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.plain import Code, Flag, Line, Many, Matching, One, Record, Whole
from tansiq.policy.subjects import Place, Subject
from tansiq.policy.values import COUNTRY, LANGUAGE_TAG, MOMENT, REFERENCE, Attestation, PartialDate, Text

__all__ = [
    "AGENCY",
    "Appearance",
    "Cancellation",
    "Extension",
    "HubRefusal",
    "Notice",
    "NoticeAnswer",
    "NoticeRequest",
    "Publication",
    "Restriction",
    "StatusDeclaration",
    "StatusFlag",
    "Warrant",
]

AGENCY: Final = Matching(re.compile(r"[a-z]{2,3}\.[a-z0-9-]{1,32}", re.ASCII), 36)
"""An agency's identifier (``es.ncb``)."""
_STATEMENT: Final = Matching(re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII), 36)
_MOST_MEMBERS: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance(Record):
    """How a person looks and what the person speaks; colours as the public notices service codes them."""

    height_cm: Annotated[int | None, Whole(20, 272)] = None
    weight_kg: Annotated[int | None, Whole(1, 635)] = None
    eyes: Annotated[tuple[str, ...], Many(Code("eye_colours"), 4)] = ()
    hair: Annotated[tuple[str, ...], Many(Code("hair_colours"), 4)] = ()
    speaks: Annotated[tuple[str, ...], Many(LANGUAGE_TAG, 16)] = ()
    marks: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Warrant(Record):
    """A judicial decision: who issued it, for what, how heavy. ``charge`` is in the court's words, ``charge_translation`` ours.

    ``punishable_months`` is the most that the law threatens, ``remaining_months`` what is left of a sentence to serve.
    """

    country: Annotated[str | None, COUNTRY] = None
    authority: Annotated[str | None, Line(200)] = None
    reference: Annotated[str | None, Line(96)] = None
    issued: Annotated[PartialDate | None, One(PartialDate)] = None
    charge: Annotated[Text | None, One(Text)] = None
    charge_translation: Annotated[Text | None, One(Text)] = None
    punishable_months: Annotated[int | None, Whole(0, 1200)] = None
    remaining_months: Annotated[int | None, Whole(0, 1200)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice(Record):
    """What a bureau asks of all members, or (as a diffusion) of some.

    ``appearance`` is the first person's. ``caution`` says what whoever meets the person should know. ``rpd_purpose`` is that
    of Article 10, ``article_2`` a person's word that it keeps to the spirit of human rights; Article 3 stands in
    ``law.neutrality``. ``public``: an extract of it may be shown to everybody. ``until_ms`` is how long its source needs it.
    """

    colour: Annotated[str | None, Code("notice_colours")] = None
    reference: Annotated[str | None, REFERENCE] = None
    subjects: Annotated[tuple[Subject, ...], Many(One(Subject), 16)] = ()
    appearance: Annotated[Appearance | None, One(Appearance)] = None
    warrants: Annotated[tuple[Warrant, ...], Many(One(Warrant), 8)] = ()
    event_date: Annotated[PartialDate | None, One(PartialDate)] = None
    event_place: Annotated[Place | None, One(Place)] = None
    facts: Annotated[Text | None, One(Text)] = None
    caution: Annotated[Text | None, One(Text)] = None
    actions: Annotated[tuple[str, ...], Many(Code("notice_actions"), 8)] = ()
    un_reference: Annotated[str | None, REFERENCE] = None
    rpd_purpose: Annotated[str | None, Code("rpd_purposes")] = None
    article_2: Annotated[Attestation | None, One(Attestation)] = None
    law: Annotated[LawBasis | None, One(LawBasis)] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None
    public: Annotated[bool, Flag()] = False
    until_ms: Annotated[int | None, MOMENT] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeRequest(Record):
    """To the hub's legal desk alone: publish ``notice`` (a statement's id), not to the members ``denied``."""

    notice: Annotated[str, _STATEMENT]
    denied: Annotated[tuple[str, ...], Many(AGENCY, _MOST_MEMBERS)] = ()
    words: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Restriction(Record):
    """To the hub's legal desk alone: from now on these members, and no others, are denied it."""

    denied: Annotated[tuple[str, ...], Many(AGENCY, _MOST_MEMBERS)] = ()
    words: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication(Record):
    """The hub's word that a notice binds: its number, until when, and who of the legal desk found it lawful."""

    number: Annotated[str, REFERENCE]
    until_ms: Annotated[int, MOMENT]
    lawful: Annotated[Attestation, One(Attestation)]


@dataclass(frozen=True, slots=True, kw_only=True)
class HubRefusal(Record):
    """The hub's word that it will not publish: at least one coded ground, and its reasons."""

    grounds: Annotated[tuple[str, ...], Many(Code("notice_refusals"), 8)] = ()
    reasons: Annotated[Text | None, One(Text)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancellation(Record):
    """It ends for everybody: the reason's code, words where it wants them, and when what was asked came about."""

    reason: Annotated[str | None, Code("cancellation_reasons")] = None
    words: Annotated[Text | None, One(Text)] = None
    on: Annotated[PartialDate | None, One(PartialDate)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension(Record):
    """Its source has examined it again and needs it on: until when, why, and who examined it (Article 50)."""

    until_ms: Annotated[int | None, MOMENT] = None
    reason: Annotated[Text | None, One(Text)] = None
    examined: Annotated[Attestation | None, One(Attestation)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeAnswer(Record):
    """What a member found: the result's code, about which of the notice's subjects, where, when, how sure.

    ``confirmed``: identity was established by fingerprints, DNA or a document, not by the name alone.
    """

    result: Annotated[str | None, Code("notice_results")] = None
    subject: Annotated[int, Whole(0, 15)] = 0
    on: Annotated[PartialDate | None, One(PartialDate)] = None
    place: Annotated[Place | None, One(Place)] = None
    authority: Annotated[str | None, Line(200)] = None
    confirmed: Annotated[bool, Flag()] = False
    words: Annotated[Text | None, One(Text)] = None
    law: Annotated[LawBasis | None, One(LawBasis)] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDeclaration(Record):
    """What a service declares of a person to others: held, found, dead, or released again, since when and where."""

    status: Annotated[str | None, Code("person_status")] = None
    subjects: Annotated[tuple[Subject, ...], Many(One(Subject), 1)] = ()
    since: Annotated[PartialDate | None, One(PartialDate)] = None
    place: Annotated[Place | None, One(Place)] = None
    authority: Annotated[str | None, Line(200)] = None
    reference: Annotated[str | None, REFERENCE] = None
    law: Annotated[LawBasis | None, One(LawBasis)] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusFlag(Record):
    """A node's own word to whoever asks about a person that its service has declared to them: which declaration, of which of
    the subjects asked about, and why it is thought so. It tells nothing that was not declared before.
    """

    declaration: Annotated[str, _STATEMENT]
    status: Annotated[str, Code("person_status")]
    subject: Annotated[int, Whole(0, 15)] = 0
    since: Annotated[PartialDate | None, One(PartialDate)] = None
    reasons: Annotated[tuple[str, ...], Many(REFERENCE, 16)] = ()
