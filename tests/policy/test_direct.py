"""What a head's delegation needs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tansiq.policy.direct import Delegation, DirectMessage, ReadReceipt, delegation_faults
from tansiq.policy.values import Text

DAY_MS = 86_400_000
WHOLE = Delegation(deputy="MA-1002", from_ms=DAY_MS, until_ms=8 * DAY_MS)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"deputy": None}, "deputy-missing"),
        ({"from_ms": None}, "period-missing"),
        ({"until_ms": None}, "period-missing"),
        ({"until_ms": DAY_MS}, "period-wrong"),
        ({"until_ms": 94 * DAY_MS}, "period-wrong"),
    ],
)
def test_a_delegation_names_a_deputy_and_a_short_time(change: dict[str, Any], fault: str) -> None:
    found = delegation_faults(replace(WHOLE, **change))
    assert [one.code.removeprefix("policy.law.") for one in found] == [fault]


@pytest.mark.parametrize("days", [1, 92])
def test_a_whole_one_lacks_nothing(days: int) -> None:
    assert not delegation_faults(replace(WHOLE, until_ms=DAY_MS + days * DAY_MS))


@pytest.mark.parametrize(
    "record", [WHOLE, ReadReceipt(read_ms=5), DirectMessage(words=Text("es", "Esta noche."), personal=False)]
)
def test_records_come_back_as_they_were(record: Any) -> None:
    assert type(record).from_plain(record.to_plain()) == record
