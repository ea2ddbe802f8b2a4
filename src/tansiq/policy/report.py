"""A strategic report of the office in the embassy, or to it: the record, and the checks of law on it.

Invariant: the law belongs to this channel as to every other. Whoever writes says whether the report holds personal data; what does
leaves with a complete basis, what does not still says for which purpose it is given. A product of analysis carries evaluation codes
like every other information (Regulation (EU) 2016/794, Article 29(7)). Directive (EU) 2016/680, Articles 6, 8, 10 and 35 to 38.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Final

from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import Fault, Faults, Lists, Rule, find, refuse, unknown_codes
from tansiq.policy.plain import Code, Flag, Many, One, Record
from tansiq.policy.rules import basis_faults, conditions_faults, subject_faults
from tansiq.policy.subjects import Subject
from tansiq.policy.values import MOMENT, Text

__all__ = ["StrategicReport", "check_report", "report_faults"]

_LED: Final = "Directive (EU) 2016/680, Article 8"
_ANALYSIS: Final = "Regulation (EU) 2016/794, Article 29(7)"
_PURPOSE: Final = "Directive (EU) 2016/680, Article 4(1)(b)"
_PRACTICE: Final = "Practice"


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategicReport(Record):
    """One report on ``fields`` of crime in the time from ``from_ms`` until ``until_ms`` (UTC ms, no longer within).

    ``personal``: whether it holds personal data, as its writer says; then ``subjects`` are the persons and ``law`` the basis.
    ``source`` and ``information`` evaluate it as a whole; ``purpose`` is what it is given for where no basis says it.
    """

    title: Annotated[Text | None, One(Text)] = None
    fields: Annotated[tuple[str, ...], Many(Code("offences"), 16)] = ()
    from_ms: Annotated[int | None, MOMENT] = None
    until_ms: Annotated[int | None, MOMENT] = None
    summary: Annotated[Text | None, One(Text)] = None
    words: Annotated[Text | None, One(Text)] = None
    source: Annotated[str | None, Code("evaluation_source")] = None
    information: Annotated[str | None, Code("evaluation_information")] = None
    personal: Annotated[bool | None, Flag()] = None
    purpose: Annotated[str | None, Code("purposes")] = None
    subjects: Annotated[tuple[Subject, ...], Many(One(Subject), 16)] = ()
    law: Annotated[LawBasis | None, One(LawBasis)] = None
    conditions: Annotated[Conditions | None, One(Conditions)] = None

    @property
    def given_for(self) -> str:
        """The purpose (a code) for which it is given; '' where nothing says it."""
        stated = self.law.purpose if self.law is not None and self.personal is not False else None
        return stated or self.purpose or ""

    @property
    def evaluation(self) -> str:
        """The two codes as officers write them; X4 where nobody has assessed it."""
        return f"{self.source or 'X'}{self.information or '4'}"


_REPORT: Final[tuple[Rule[StrategicReport], ...]] = (
    Rule("policy.law.report-title-missing", "title", 52, _PRACTICE, lambda one, _: one.title is None),
    Rule("policy.law.report-fields-missing", "fields", 52, _PRACTICE, lambda one, _: not one.fields),
    Rule("policy.law.report-period-missing", "until_ms", 52, _PRACTICE,
         lambda one, _: one.from_ms is None or one.until_ms is None),
    Rule("policy.law.report-period-wrong", "until_ms", 52, _PRACTICE,
         lambda one, _: one.from_ms is not None and one.until_ms is not None and one.until_ms <= one.from_ms),
    Rule("policy.law.report-summary-missing", "summary", 52, _PRACTICE, lambda one, _: one.summary is None),
    Rule("policy.law.report-empty", "words", 52, _PRACTICE, lambda one, _: one.words is None),
    Rule("policy.law.report-evaluation-missing", "source", 28, _ANALYSIS,
         lambda one, _: one.source is None or one.information is None),
    Rule("policy.law.report-personal-unanswered", "personal", 42, _LED, lambda one, _: one.personal is None),
    Rule("policy.law.personal-contradicts", "personal", 42, _LED,
         lambda one, _: one.personal is False and bool(one.subjects)),
    Rule("policy.law.report-purpose-missing", "purpose", 25, _PURPOSE,
         lambda one, _: one.personal is False and one.purpose is None),
)  # fmt: skip


def _basis(report: StrategicReport, *, lists: Lists, crosses_border: bool) -> Iterator[Fault]:
    yield from basis_faults(report.law, lists=lists, crosses_border=crosses_border)
    if report.law is not None and report.law.offence is not None and report.law.offence not in report.fields:
        yield Fault("policy.law.basis-other-field", "law.offence", 4, _PRACTICE)


def report_faults(
    report: StrategicReport, *, crosses_border: bool = True, lists: Lists = code_list, today: date | None = None
) -> Faults:
    """All that a report lacks in law, in the order of its fields.

    ``crosses_border``: it leaves for another state, so that a ground for the transfer and the assurance are asked too. Without
    personal data no basis is asked for.
    """

    def found() -> Iterator[Fault]:
        yield from find(_REPORT, report, lists)
        yield from subject_faults(report.subjects, lists=lists, today=today)
        if report.personal is not False or report.subjects:
            yield from _basis(report, lists=lists, crosses_border=crosses_border)
        yield from conditions_faults(report.conditions, lists=lists, path="conditions.")
        yield from unknown_codes(report, lists)

    return Faults(found())


def check_report(
    report: StrategicReport, *, crosses_border: bool = True, lists: Lists = code_list, today: date | None = None
) -> None:
    """Raises Refused('policy.law', count, faults) unless the report may leave; arguments as `report_faults`."""
    refuse(report_faults(report, crosses_border=crosses_border, lists=lists, today=today))
