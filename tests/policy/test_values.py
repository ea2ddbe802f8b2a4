"""Incomplete dates say what is known and no more."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput
from tansiq.policy.values import PartialDate


@pytest.mark.parametrize(
    ("given_date", "written", "earliest", "latest"),
    [
        ({"year": 1984}, "1984", date(1984, 1, 1), date(1984, 12, 31)),
        ({"year": 1984, "circa": True}, "1984~", date(1984, 1, 1), date(1984, 12, 31)),
        ({"year": 1984, "month": 2}, "1984-02", date(1984, 2, 1), date(1984, 2, 29)),
        ({"year": 1984, "month": 2, "day": 29}, "1984-02-29", date(1984, 2, 29), date(1984, 2, 29)),
        ({"year": 1960, "until_year": 1965}, "1960/1965", date(1960, 1, 1), date(1965, 12, 31)),
        ({"year": 1960, "until_year": 1965, "circa": True}, "1960~/1965~", date(1960, 1, 1), date(1965, 12, 31)),
    ],
)
def test_a_date_as_far_as_it_is_known(given_date: dict[str, Any], written: str, earliest: date, latest: date) -> None:
    one = PartialDate(**given_date)
    assert (str(one), one.earliest(), one.latest()) == (written, earliest, latest)


@pytest.mark.parametrize(
    "given_date",
    [
        {"year": 1983, "month": 2, "day": 29},
        {"year": 1983, "month": 4, "day": 31},
        {"year": 1983, "day": 4},
        {"year": 1983, "until_year": 1983},
        {"year": 1983, "until_year": 1980},
        {"year": 1983, "month": 4, "until_year": 1985},
    ],
)
def test_an_impossible_date_is_refused(given_date: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        PartialDate(**given_date)
    assert caught.value.code == "policy.date-impossible"


@pytest.mark.parametrize("given_date", [{"year": 0}, {"year": 99_999}, {"year": 1983, "month": 13}, {"year": True}])
def test_an_absurd_date_is_refused(given_date: dict[str, Any]) -> None:
    with pytest.raises(BadInput) as caught:
        PartialDate(**given_date)
    assert caught.value.code in {"policy.field-malformed", "policy.field-type"}


@given(st.dates(date(1800, 1, 1), date(2199, 12, 31)))
def test_less_known_is_never_narrower(day: date) -> None:
    full = PartialDate(year=day.year, month=day.month, day=day.day)
    month = PartialDate(year=day.year, month=day.month)
    year = PartialDate(year=day.year)
    assert full.earliest() == full.latest() == day
    assert year.earliest() <= month.earliest() <= day <= month.latest() <= year.latest()
