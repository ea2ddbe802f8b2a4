"""What a strategic report needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from support.matters import PERSON, law_of
from support.papers import DAY_MS, a_report
from tansiq.policy.report import StrategicReport, report_faults
from tansiq.policy.subjects import Subject


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": None}, "report-title-missing"),
        ({"fields": ()}, "report-fields-missing"),
        ({"until_ms": None}, "report-period-missing"),
        ({"from_ms": None}, "report-period-missing"),
        ({"until_ms": DAY_MS}, "report-period-wrong"),
        ({"summary": None}, "report-summary-missing"),
        ({"words": None}, "report-empty"),
        ({"source": None}, "report-evaluation-missing"),
        ({"information": None}, "report-evaluation-missing"),
        ({"personal": None, "law": law_of("ES-3300")}, "report-personal-unanswered"),
        ({"subjects": (PERSON,), "law": law_of("ES-3300")}, "personal-contradicts"),
        ({"purpose": None}, "report-purpose-missing"),
        ({"fields": ("offence.of-tomorrow",)}, "code-unknown"),
    ],
)
def test_what_a_report_lacks_is_named(change: dict[str, Any], fault: str) -> None:
    found = report_faults(replace(a_report(), **change))
    assert [one.code.removeprefix("policy.law.") for one in found] == [fault]


def test_a_whole_one_lacks_nothing_with_or_without_personal_data() -> None:
    assert not report_faults(a_report())
    assert not report_faults(a_report(personal="ES-3300"))


def test_with_personal_data_the_whole_law_is_asked() -> None:
    bare = replace(a_report(), personal=True, subjects=(Subject(kind="subject.person"),))
    found = {one.code.removeprefix("policy.law.") for one in report_faults(bare, today=date(2026, 1, 1))}
    assert {"legal-basis-missing", "necessity-missing", "transfer-ground-missing", "assurance-death-penalty"} <= found
    assert {"political-unanswered", "category-missing", "subject-unidentified"} <= found
    at_home = {one.code for one in report_faults(bare, crosses_border=False)}
    assert "policy.law.transfer-ground-missing" not in at_home, "nothing leaves for another state"
    assert "policy.law.legal-basis-missing" in at_home


def test_a_basis_for_another_field_is_none() -> None:
    other = replace(a_report(personal="ES-3300"), fields=("offence.drugs",))
    assert [one.code for one in report_faults(other)] == ["policy.law.basis-other-field"]


def test_it_is_given_for_the_purpose_of_its_basis_or_for_its_own() -> None:
    assert a_report().given_for == "purpose.prevention"
    assert a_report(personal="ES-3300").given_for == "purpose.investigation"
    assert StrategicReport().given_for == ""
    assert StrategicReport().evaluation == "X4"


def test_it_comes_back_as_it_was() -> None:
    made = a_report(personal="ES-3300")
    assert StrategicReport.from_plain(made.to_plain()) == made
