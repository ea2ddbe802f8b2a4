"""What a person writes by hand becomes the policy's own form: nothing guessed, nothing lost, what is misspelt told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput, Error
from tansiq.node.written import written
from tansiq.policy.answer import Item, Refusal
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.values import PartialDate

TEXT = {"language": "es", "value": "Hechos inventados."}


@pytest.mark.parametrize(
    ("draft", "plain"),
    [
        ({"language": "es", "facts": "Hechos inventados."}, {"facts": TEXT}),
        ({"language": "es", "facts": "\n Hechos inventados. \n"}, {"facts": TEXT}),
        ({"language": "fr", "facts": TEXT}, {"facts": TEXT}),
        ({"law": {"neutrality": {"racial": False}}}, {"law": {"neutrality": {"racial": {"answer": False}}}}),
        ({"law": {"transfer": {"recipient_competent": True}}}, {"law": {"transfer": {"recipient_competent": True}}}),
        ({"subjects": [{"births": ["1984-03"]}]}, {"subjects": [{"births": [{"year": 1984, "month": 3}]}]}),
        ({"subjects": [{"births": [1984]}]}, {"subjects": [{"births": [{"year": 1984}]}]}),
        ({"sought": ["sought.identity"]}, {"sought": ["sought.identity"]}),
        ({}, {}),
    ],
)
def test_plain_words_dates_and_answers(draft: dict[str, Any], plain: dict[str, Any]) -> None:
    assert written(draft, Enquiry) == plain


dates = st.one_of(
    st.builds(PartialDate, year=st.integers(1800, 2199), circa=st.booleans()),
    st.dates()
    .filter(lambda day: 1800 <= day.year <= 2199)
    .map(lambda day: PartialDate(year=day.year, month=day.month, day=day.day)),
    st.tuples(st.integers(1800, 2100), st.integers(1, 99), st.booleans()).map(
        lambda parts: PartialDate(year=parts[0], until_year=parts[0] + parts[1], circa=parts[2])
    ),
)


@given(dates)
def test_a_date_as_it_is_shown_is_read_as_it_was(date: PartialDate) -> None:
    plain = written({"as_of": str(date)}, Item)
    assert PartialDate.from_plain(plain["as_of"]) == date


@pytest.mark.parametrize(
    "words", ["", "yesterday", "84", "1984-3", "1984/03/09", "1984-03-09T12", "1984~1986", "٢٠٢٦", "1984 "[:4] + "x"]
)
def test_a_date_that_says_nothing_is_refused(words: str) -> None:
    with pytest.raises(BadInput) as caught:
        written({"as_of": words}, Item)
    assert caught.value.code == "node.wrong-date"


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"fact": "x"}, "fact"),
        ({"law": {"neutral": {}}}, "law.neutral"),
        ({"subjects": [{"name": "x"}]}, "subjects.0.name"),
        ({"conditions": {"code": ["H1"]}}, "conditions.code"),
    ],
)
def test_a_field_that_there_is_not_is_named(draft: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as caught:
        written(draft, Enquiry)
    assert caught.value.code == "node.unknown-field"
    assert caught.value.values == {"field": field}


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["reasons", "grounds", "language", "value", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(["reasons", "grounds", "partial", "language"]), anything, max_size=4))
def test_whatever_is_written_becomes_a_record_or_is_refused(draft: dict[str, Any]) -> None:
    try:
        plain = written(draft, Refusal)
        refusal = Refusal.from_plain(plain)
    except Error:
        return
    assert Refusal.from_plain(refusal.to_plain()) == refusal


def test_what_is_nested_without_end_is_refused() -> None:
    draft: Any = {"law": None}
    at = draft
    for _ in range(40):
        at["law"] = {"law": None}
        at = at["law"]
    with pytest.raises(BadInput):
        written(draft, Enquiry)
