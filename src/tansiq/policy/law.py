"""The checks of law that belong to every channel: on what goes out, and on what comes in.

Invariant: nothing with personal data leaves without legal basis, purpose, offence, necessity, a ground for the
transfer, the assurance against death penalty and ill-treatment, and four answers of a person that the matter is not
political, military, religious or racial; nothing that came in is used before a person has said whether it may have
been obtained by ill-treatment. Each check collects all faults; ``…_faults`` returns them, ``check_…`` raises
Refused('policy.law') with them. What a person answered is required, who may answer is for the caller to hold.

``lists`` finds code lists by name; an agency with treaties of its own gives a function that extends the package's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Final

from tansiq.policy.answer import Answer, IncomingCheck, Item, Refusal
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, refuse, unknown_codes
from tansiq.policy.rules import ENQUIRY, basis_faults, conditions_faults, special_faults, subject_faults

__all__ = [
    "answer_faults",
    "check_answer",
    "check_enquiry",
    "check_incoming",
    "check_refusal",
    "incoming_faults",
    "item_faults",
    "law_basis_faults",
    "law_faults",
    "refusal_faults",
]

_EVALUATION: Final = "Regulation (EU) 2016/794, Article 29"
_REFUSAL: Final = "Directive (EU) 2023/977, Article 6"
_TORTURE: Final = "Convention against Torture, Article 15"
_HIT: Final = frozenset({"answer.full", "answer.partial"})

_ANSWER: Final[tuple[Rule[tuple[Answer, int]], ...]] = (
    Rule("policy.law.outcome-missing", "outcome", 17, "Directive (EU) 2023/977, Article 16(1)",
         lambda one, _: one[0].outcome is None),
    Rule("policy.law.items-missing", "items", 27, _EVALUATION, lambda one, _: one[0].outcome in _HIT and not one[1]),
    Rule("policy.law.items-unexpected", "items", 52, "Practice",
         lambda one, _: one[0].outcome not in _HIT and one[1] > 0),
    Rule("policy.law.note-unexpected", "note", 52, "Practice",
         lambda one, _: one[0].outcome == "answer.neither" and one[0].note is not None),
)  # fmt: skip

_ITEM: Final[tuple[Rule[Item], ...]] = (
    Rule("policy.law.item-empty", "words", 27, _EVALUATION, lambda one, _: one.words is None and not one.subjects),
    Rule("policy.law.source-missing", "source", 27, _EVALUATION, lambda one, _: one.source is None),
    Rule("policy.law.information-missing", "information", 27, _EVALUATION, lambda one, _: one.information is None),
    Rule("policy.law.basis-missing", "basis", 29, "Directive (EU) 2016/680, Article 7(1)",
         lambda one, _: one.basis is None),
    Rule("policy.law.originator-missing", "originator", 9, "Directive (EU) 2023/977, Article 6(1)(h)",
         lambda one, _: one.originator is None),
)  # fmt: skip

_REFUSAL_RULES: Final[tuple[Rule[Refusal], ...]] = (
    Rule("policy.law.grounds-missing", "grounds", 6, _REFUSAL, lambda one, _: not one.grounds),
    Rule("policy.law.reasons-missing", "reasons", 6, _REFUSAL, lambda one, _: one.reasons is None),
)


def law_basis_faults(law: LawBasis | None, *, lists: Lists = code_list, crosses_border: bool = True) -> Faults:
    """The faults of a legal basis alone: for a direct message, information given unasked, a notice."""
    unknown = unknown_codes(law, lists, "law.") if law is not None else ()
    return Faults((*basis_faults(law, lists=lists, crosses_border=crosses_border), *unknown))


def law_faults(
    request: Enquiry, *, lists: Lists = code_list, crosses_border: bool = True, today: date | None = None
) -> Faults:
    """All that an enquiry lacks in law, in the order of its fields.

    Arguments: ``crosses_border`` is False only between services of one state; ``today`` lets a subject whom the date
    of birth makes a minor be found.
    """

    def found() -> Iterator[Fault]:
        yield from find(ENQUIRY, request, lists)
        yield from subject_faults(request.subjects, lists=lists, today=today)
        yield from basis_faults(request.law, lists=lists, crosses_border=crosses_border)
        yield from conditions_faults(request.conditions, lists=lists, path="conditions.")
        yield from unknown_codes(request, lists)

    return Faults(found())


def check_enquiry(
    request: Enquiry, *, lists: Lists = code_list, crosses_border: bool = True, today: date | None = None
) -> None:
    """Raises Refused('policy.law', count, faults) unless the enquiry is complete in law; arguments as `law_faults`."""
    refuse(law_faults(request, lists=lists, crosses_border=crosses_border, today=today))


def _item_faults(item: Item, *, agency: str, lists: Lists, today: date | None, path: str) -> Iterator[Fault]:
    yield from find(_ITEM, item, lists, path)
    if item.originator not in {None, agency} and item.origin_consent is None:
        yield Fault(
            "policy.law.third-party-consent-missing",
            path + "origin_consent",
            9,
            "Directive (EU) 2023/977, Article 6(1)(h)",
        )
    yield from special_faults(item.special, lists=lists, path=path)
    yield from subject_faults(item.subjects, lists=lists, today=today, path=path)
    yield from conditions_faults(item.conditions, lists=lists, path=f"{path}conditions.")
    yield from unknown_codes(item, lists, path)


def item_faults(item: Item, *, agency: str, lists: Lists = code_list, today: date | None = None) -> Faults:
    """All that one item lacks that ``agency`` gives; arguments as `answer_faults`."""
    return Faults(_item_faults(item, agency=agency, lists=lists, today=today, path=""))


def answer_faults(
    answer: Answer,
    items: Sequence[Item],
    *,
    agency: str,
    lists: Lists = code_list,
    crosses_border: bool = True,
    today: date | None = None,
) -> Faults:
    """All that an answer and its items lack in law. ``agency`` answers: another's item needs that other's consent."""

    def found() -> Iterator[Fault]:
        yield from find(_ANSWER, (answer, len(items)), lists)
        if items:
            yield from basis_faults(answer.law, lists=lists, crosses_border=crosses_border)
        for index, item in enumerate(items):
            yield from _item_faults(item, agency=agency, lists=lists, today=today, path=f"items.{index}.")
        yield from unknown_codes(answer, lists)

    return Faults(found())


def check_answer(
    answer: Answer,
    items: Sequence[Item],
    *,
    agency: str,
    lists: Lists = code_list,
    crosses_border: bool = True,
    today: date | None = None,
) -> None:
    """Raises Refused('policy.law', count, faults) unless the answer may leave; arguments as `answer_faults`."""
    refuse(answer_faults(answer, items, agency=agency, lists=lists, crosses_border=crosses_border, today=today))


def refusal_faults(refusal: Refusal, *, lists: Lists = code_list) -> Faults:
    """All that a refusal lacks: at least one coded ground, and reasons (row 6)."""
    return Faults((*find(_REFUSAL_RULES, refusal, lists), *unknown_codes(refusal, lists)))


def check_refusal(refusal: Refusal, *, lists: Lists = code_list) -> None:
    """Raises Refused('policy.law', count, faults) unless the refusal has its grounds and reasons."""
    refuse(refusal_faults(refusal, lists=lists))


def incoming_faults(check: IncomingCheck | None, *, in_court: bool = False, lists: Lists = code_list) -> Faults:
    """Why incoming information may not be used (row 78).

    Nobody has answered; the answer is yes; there is a doubt and no head of service has decided; or it is for a court,
    where a doubt excludes it whoever has decided. Reading it, which is needed to answer, is not a use in this sense.
    """

    def found() -> Iterator[Fault]:
        if check is None:
            yield Fault("policy.law.incoming-unanswered", "incoming", 78, _TORTURE)
            return
        yield from unknown_codes(check, lists, "incoming.")
        if check.reason is None and lists("ill_treatment").text_required(check.answer):
            yield Fault("policy.law.incoming-reason-missing", "incoming.reason", 78, _TORTURE)
        if check.answer == "obtained.yes":
            yield Fault("policy.law.incoming-ill-treatment", "incoming.answer", 78, _TORTURE)
        elif check.answer != "obtained.no-sign":
            if check.decision is None or not check.decision.answer:
                yield Fault("policy.law.incoming-undecided", "incoming.decision", 78, _TORTURE)
            if in_court:
                yield Fault("policy.law.incoming-not-in-court", "incoming.answer", 78, _TORTURE)

    return Faults(found())


def check_incoming(check: IncomingCheck | None, *, in_court: bool = False, lists: Lists = code_list) -> None:
    """Raises Refused('policy.law', count, faults) unless it may be used; arguments as `incoming_faults`."""
    refuse(incoming_faults(check, in_court=in_court, lists=lists))
