"""What is said on a liaison officer's channel: one message in one case, and the checks of law on it.

Invariant: the law belongs to this channel as to every other. Whoever writes says whether the message holds personal data; what does
leaves with a complete basis, its own or one that the same service stated before in the same case, never without; a basis for another
field of crime is none. Each person in it has a category, and a protected one the word of a head of service.
Directive (EU) 2016/680, Articles 6, 8, 10 and 35 to 38; Directive (EU) 2023/977, Articles 4(4) and 11.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from tansiq.policy.accreditation import CASE
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, refuse, unknown_codes
from tansiq.policy.plain import Code, Flag, Many, One, Record
from tansiq.policy.rules import basis_faults, conditions_faults, subject_faults
from tansiq.policy.subjects import Subject
from tansiq.policy.values import Text

__all__ = ["LiaisonMessage", "check_message", "message_faults"]

_LED: Final = "Directive (EU) 2016/680, Article 8"
_URGENT: Final = "Directive (EU) 2023/977, Article 4(4)"
_PRACTICE: Final = "Practice"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiaisonMessage(Record):
    """One message. ``personal``: whether it holds personal data, as its writer says; ``law`` the basis on which it leaves, or
    ``law_of`` the statement (its id) of the same service in the same case where the basis stands.
    """

    words: Annotated[Text | None, One(Text)] = None
    personal: Annotated[bool | None, Flag()] = None
    subjects: Annotated[tuple[Subject, ...], Many(One(Subject), 8)] = ()
    law: Annotated[LawBasis | None, One(LawBasis)] = None
    law_of: Annotated[str | None, CASE] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None
    urgency_ground: Annotated[str | None, Code("urgency_grounds")] = None
    urgency_reason: Annotated[Text | None, One(Text)] = None
    language_exception: Annotated[str | None, Code("language_exceptions")] = None


_MESSAGE: Final[tuple[Rule[LiaisonMessage], ...]] = (
    Rule("policy.law.message-empty", "words", 52, _PRACTICE, lambda one, _: one.words is None),
    Rule("policy.law.personal-unanswered", "personal", 42, _LED, lambda one, _: one.personal is None),
    Rule("policy.law.personal-contradicts", "personal", 42, _LED,
         lambda one, _: one.personal is False and bool(one.subjects)),
    Rule("policy.law.urgency-reason-missing", "urgency_reason", 2, _URGENT,
         lambda one, _: one.urgency_ground is not None and one.urgency_reason is None),
)  # fmt: skip


def _basis(message: LiaisonMessage, *, standing: LawBasis | None, field: str, lists: Lists) -> Iterator[Fault]:
    law = message.law if message.law is not None else standing
    if message.law is None and message.law_of is not None and standing is None:
        yield Fault("policy.law.basis-not-here", "law_of", 42, _LED)
        return
    yield from basis_faults(law, lists=lists, crosses_border=True)
    if law is not None and law.offence is not None and law.offence != field:
        yield Fault("policy.law.basis-other-field", "law.offence", 4, _PRACTICE)


def message_faults(
    message: LiaisonMessage,
    *,
    field: str,
    standing: LawBasis | None = None,
    lists: Lists = code_list,
    today: date | None = None,
) -> Faults:
    """All that a message lacks in law, in the order of its fields.

    ``field`` is the case's field of crime; ``standing`` the basis that stands where ``law_of`` points (None: nothing stands
    there). Without personal data no basis is asked for.
    """

    def found() -> Iterator[Fault]:
        yield from find(_MESSAGE, message, lists)
        yield from subject_faults(message.subjects, lists=lists, today=today)
        if message.personal is not False or message.subjects:
            yield from _basis(message, standing=standing, field=field, lists=lists)
        yield from conditions_faults(message.conditions, lists=lists, path="conditions.")
        yield from unknown_codes(message, lists)

    return Faults(found())


def check_message(
    message: LiaisonMessage,
    *,
    field: str,
    standing: LawBasis | None = None,
    lists: Lists = code_list,
    today: date | None = None,
) -> None:
    """Raises Refused('policy.law', count, faults) unless the message may leave; arguments as `message_faults`."""
    refuse(message_faults(message, field=field, standing=standing, lists=lists, today=today))
