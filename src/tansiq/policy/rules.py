"""The requirements of law on every word with personal data, and on an enquiry, as tables.

Invariant: one line, one requirement; what the line looks at may be absent, for a draft is judged too. The numbers are
the rows of the register of requirements. 'Practice' marks what no act says in these words.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import Assurance, Enquiry, LawBasis, Neutrality, Transfer
from tansiq.policy.faults import Fault, Lists, Rule, find
from tansiq.policy.subjects import SpecialData, Subject

__all__ = ["CONDITIONS", "ENQUIRY", "basis_faults", "conditions_faults", "special_faults", "subject_faults"]

_REQUEST: Final = "Directive (EU) 2023/977, Article 4(5)"
_URGENT: Final = "Directive (EU) 2023/977, Article 4(4)"
_NEEDED: Final = "Directive (EU) 2023/977, Article 4(3)"
_TERM: Final = "Directive (EU) 2023/977, Article 5(1)"
_TRANSFER: Final = "Directive (EU) 2016/680, Article 35(1)"
_BYPASS: Final = "Directive (EU) 2016/680, Article 35(2)"
_ASSURED: Final = "Directive (EU) 2016/680, recital 71"
_ARTICLE_3: Final = "INTERPOL's Constitution, Article 3"
_PRACTICE: Final = "Practice"
_AGE_OF_MAJORITY: Final = 18

_LAW: Final[tuple[Rule[LawBasis], ...]] = (
    Rule("policy.law.legal-basis-missing", "legal_basis", 42, "Directive (EU) 2016/680, Article 8",
         lambda law, _: law.legal_basis is None),
    Rule("policy.law.legal-reference-missing", "legal_reference", 42, "Directive (EU) 2016/680, Article 8",
         lambda law, lists: law.legal_reference is None and lists("legal_bases").text_required(law.legal_basis or "")),
    Rule("policy.law.purpose-missing", "purpose", 4, _REQUEST, lambda law, _: law.purpose is None),
    Rule("policy.law.offence-missing", "offence", 4, _REQUEST,
         lambda law, _: law.offence is None and law.purpose != "purpose.missing-person"),
    Rule("policy.law.necessity-missing", "necessity", 5, _NEEDED, lambda law, _: law.necessity is None),
)  # fmt: skip

_TRANSFER_RULES: Final[tuple[Rule[Transfer], ...]] = (
    Rule("policy.law.transfer-ground-missing", "ground", 42, _TRANSFER, lambda one, _: one.ground is None),
    Rule("policy.law.transfer-reason-missing", "reason", 42, "Directive (EU) 2016/680, Articles 37(3) and 38(3)",
         lambda one, lists: one.reason is None and lists("transfer_ground").text_required(one.ground or "")),
    Rule("policy.law.recipient-not-competent", "recipient_competent", 42, _TRANSFER,
         lambda one, _: not one.recipient_competent),
    Rule("policy.law.origin-missing", "origin", 42, _TRANSFER, lambda one, _: one.origin is None),
    Rule("policy.law.origin-reference-missing", "origin_reference", 42, _TRANSFER,
         lambda one, lists: (
             one.origin_reference is None and lists("origin_authorisation").text_required(one.origin or ""))),
    Rule("policy.law.origin-not-informed", "origin_informed", 43, _BYPASS,
         lambda one, _: one.origin == "origin.bypassed" and not one.origin_informed),
    Rule("policy.law.onward-missing", "onward", 42, _TRANSFER, lambda one, _: one.onward is None),
)  # fmt: skip

_ASSURANCE: Final[tuple[Rule[Assurance], ...]] = (
    Rule("policy.law.assurance-death-penalty", "death_penalty", 44, _ASSURED,
         lambda one, _: one.death_penalty is None or not one.death_penalty.answer),
    Rule("policy.law.assurance-ill-treatment", "ill_treatment", 44, _ASSURED,
         lambda one, _: one.ill_treatment is None or not one.ill_treatment.answer),
    Rule("policy.law.assurance-reference-missing", "reference", 44, _ASSURED, lambda one, _: one.reference is None),
)  # fmt: skip

_NEUTRALITY: Final[tuple[Rule[Neutrality], ...]] = (
    Rule("policy.law.political-unanswered", "political", 68, _ARTICLE_3, lambda one, _: one.political is None),
    Rule("policy.law.political", "political", 68, _ARTICLE_3,
         lambda one, _: one.political is not None and one.political.answer),
    Rule("policy.law.military-unanswered", "military", 68, _ARTICLE_3, lambda one, _: one.military is None),
    Rule("policy.law.military", "military", 68, _ARTICLE_3,
         lambda one, _: one.military is not None and one.military.answer),
    Rule("policy.law.religious-unanswered", "religious", 68, _ARTICLE_3, lambda one, _: one.religious is None),
    Rule("policy.law.religious", "religious", 68, _ARTICLE_3,
         lambda one, _: one.religious is not None and one.religious.answer),
    Rule("policy.law.racial-unanswered", "racial", 68, _ARTICLE_3, lambda one, _: one.racial is None),
    Rule("policy.law.racial", "racial", 68, _ARTICLE_3,
         lambda one, _: one.racial is not None and one.racial.answer),
)  # fmt: skip

_SUBJECT: Final[tuple[Rule[Subject], ...]] = (
    Rule("policy.law.subject-unidentified", "names", 4, _REQUEST,
         lambda one, _: not (one.names or one.identifiers or one.places or one.description)),
    Rule("policy.law.category-missing", "category", 36, "Directive (EU) 2016/680, Article 6",
         lambda one, _: one.category is None and one.is_person),
    Rule("policy.law.protected-undecided", "decision", 77, _PRACTICE,
         lambda one, _: bool(one.protected) and one.decision is None),
    Rule("policy.law.protected-refused", "decision", 77, _PRACTICE,
         lambda one, _: bool(one.protected) and one.decision is not None and not one.decision.answer),
    Rule("policy.law.protected-reason-missing", "decision.note", 77, _PRACTICE,
         lambda one, _: bool(one.protected) and one.decision is not None and one.decision.note is None),
)  # fmt: skip

_SPECIAL: Final[tuple[Rule[SpecialData], ...]] = (
    Rule("policy.law.special-reason-missing", "reason", 75, "Directive (EU) 2016/680, Article 10",
         lambda one, _: one.reason is None),
)  # fmt: skip

CONDITIONS: Final[tuple[Rule[Conditions], ...]] = (
    Rule("policy.law.handling-missing", "codes", 4, _REQUEST, lambda one, _: not one.codes),
    Rule("policy.law.handling-words-missing", "words", 26, "Regulation (EU) 2016/794, Article 19(2)",
         lambda one, lists: one.words is None and any(map(lists("handling").text_required, one.codes))),
    Rule("policy.law.classification-missing", "classification", 26, "Regulation (EU) 2016/794, Article 19(2)",
         lambda one, _: one.classification is None),
)  # fmt: skip

_URGENT_CLASSES: Final = frozenset({"urgent-direct", "urgent-indirect"})
_REASONED_CLASSES: Final = _URGENT_CLASSES | {"supplementary-at-once"}
_WITHOUT_SUBJECT: Final = frozenset({"sought.free", "sought.evidence-consent"})
_CONTRADICTIONS: Final = frozenset({("urgent-direct", "available.indirect"), ("urgent-indirect", "available.direct")})

ENQUIRY: Final[tuple[Rule[Enquiry], ...]] = (
    Rule("policy.law.sought-missing", "sought", 4, _REQUEST, lambda one, _: not one.sought),
    Rule("policy.law.question-missing", "question", 4, _REQUEST,
         lambda one, lists: one.question is None and any(map(lists("sought").text_required, one.sought))),
    Rule("policy.law.subjects-missing", "subjects", 4, _REQUEST,
         lambda one, _: not one.subjects and not (one.sought and _WITHOUT_SUBJECT.issuperset(one.sought))),
    Rule("policy.law.facts-missing", "facts", 4, _REQUEST, lambda one, _: one.facts is None),
    Rule("policy.law.reasons-held-missing", "reasons_held", 4, _REQUEST, lambda one, _: one.reasons_held is None),
    Rule("policy.law.link-missing", "link", 4, _REQUEST, lambda one, _: one.link is None and bool(one.subjects)),
    Rule("policy.law.availability-missing", "availability", 5, _NEEDED, lambda one, _: one.availability is None),
    Rule("policy.law.deadline-missing", "deadline_class", 1, _TERM,
         lambda one, _: one.deadline_class in {None, "none"}),
    Rule("policy.law.availability-contradicts", "availability", 1, _TERM,
         lambda one, _: (one.deadline_class, one.availability) in _CONTRADICTIONS),
    Rule("policy.law.urgency-ground-missing", "urgency_ground", 2, _URGENT,
         lambda one, _: one.deadline_class in _URGENT_CLASSES and one.urgency_ground is None),
    Rule("policy.law.urgency-reason-missing", "urgency_reason", 2, _URGENT,
         lambda one, _: one.urgency_reason is None and (
             one.deadline_class in _REASONED_CLASSES or one.urgency_ground is not None)),
    Rule("policy.law.urgency-not-claimed", "deadline_class", 2, _URGENT,
         lambda one, _: one.urgency_ground is not None and one.deadline_class not in _REASONED_CLASSES),
    Rule("policy.law.bypass-without-threat", "law.transfer.origin", 43, _BYPASS,
         lambda one, _: _bypasses(one.law) and one.urgency_ground != "urgency.public-security"),
)  # fmt: skip


def _bypasses(law: LawBasis | None) -> bool:
    return law is not None and law.transfer is not None and law.transfer.origin == "origin.bypassed"


_NO_LAW: Final = LawBasis()
_NO_TRANSFER: Final = Transfer()
_NO_ASSURANCE: Final = Assurance()
_NO_NEUTRALITY: Final = Neutrality()
_NO_CONDITIONS: Final = Conditions()


def basis_faults(law: LawBasis | None, *, lists: Lists, crosses_border: bool, path: str = "law.") -> Iterator[Fault]:
    """The faults of a legal basis; transfer and assurance are asked only of what leaves for another state."""
    law = law or _NO_LAW
    yield from find(_LAW, law, lists, path)
    if crosses_border:
        yield from find(_TRANSFER_RULES, law.transfer or _NO_TRANSFER, lists, path + "transfer.")
        yield from find(_ASSURANCE, law.assurance or _NO_ASSURANCE, lists, path + "assurance.")
    yield from find(_NEUTRALITY, law.neutrality or _NO_NEUTRALITY, lists, path + "neutrality.")


def conditions_faults(conditions: Conditions | None, *, lists: Lists, path: str) -> Iterator[Fault]:
    """The faults of the originator's conditions; absent ones lack everything."""
    yield from find(CONDITIONS, conditions or _NO_CONDITIONS, lists, path)


def special_faults(special: tuple[SpecialData, ...], *, lists: Lists, path: str) -> Iterator[Fault]:
    """The faults of special categories of data."""
    for index, one in enumerate(special):
        yield from find(_SPECIAL, one, lists, f"{path}special.{index}.")


def _surely_minor(subject: Subject, today: date) -> bool:
    """Whether the subject is under age whichever of the dates holds, and however early in it the birth was."""
    limit = (today.year - _AGE_OF_MAJORITY, today.month, today.day)
    births = [(one.earliest(), one.circa) for one in subject.births]
    return bool(births) and all(not about and (day.year, day.month, day.day) > limit for day, about in births)


def subject_faults(
    subjects: tuple[Subject, ...], *, lists: Lists, today: date | None, path: str = ""
) -> Iterator[Fault]:
    """The faults of subjects; with ``today``, that a minor by the date of birth is not marked as one."""
    for index, one in enumerate(subjects):
        here = f"{path}subjects.{index}."
        yield from find(_SUBJECT, one, lists, here)
        yield from special_faults(one.special, lists=lists, path=here)
        if today is not None and "protected.minor" not in one.protected and one.is_person and _surely_minor(one, today):
            yield Fault("policy.law.minor-unmarked", here + "protected", 77, _PRACTICE)
