"""Numbers that arrive: what is none of a size that is taken is None in a form, and no page in an address."""

from __future__ import annotations

import pytest
from django.urls import Resolver404, get_resolver, reverse

from tansiq.web.numbers import whole


@pytest.mark.parametrize(("said", "number"), [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)])
def test_a_number_is_read(said: str, number: int) -> None:
    assert whole(said) == number


@pytest.mark.parametrize("said", ["", "²", "٣", "+1", "-1", "1.0", " 1", "1_0", "9" * 19, "1" * 5_000, None, 7, ["1"]])
def test_anything_else_is_none(said: object) -> None:
    assert whole(said) is None


def test_the_most_digits_are_what_who_asks_says() -> None:
    assert (whole("99", 2), whole("100", 2)) == (99, None)


def test_an_address_holds_no_number_that_the_databases_do_not_take() -> None:
    resolver = get_resolver("tansiq.node.urls")
    for name, argument in (("turn-drop", "identifier"), ("substitute-end", "identifier"), ("channel-report", "number")):
        address = reverse(name, urlconf="tansiq.node.urls", kwargs={argument: 10**18 - 1})
        assert resolver.resolve(address).kwargs == {argument: 10**18 - 1}
        for said in (str(2**63), "1" * 30, "²"):
            with pytest.raises(Resolver404):
                resolver.resolve(address.replace(str(10**18 - 1), said))
