"""Whether a request may be sent is asked as sending asks it, and nothing is left behind by the asking."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.matters import an_enquiry
from support.two import Two
from tansiq.enquiries.leaving import Leaving
from tansiq.errors import BadInput, Error, NotFound, Refused
from tansiq.journal.access import read_access
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.values import Text

pytestmark = pytest.mark.storage


def leaving(two: Two, **more: Any) -> Leaving:
    known = {"from_post": two.es.post(), "to_post": two.ma.post(), "via_office_post": two.office}
    return Leaving(context=two.es.use(), officer=two.es.officer(), **known | more)


def in_german() -> Enquiry:
    return replace(an_enquiry(), facts=Text("de", "Ein erfundener Sachverhalt."))


def codes(two: Two, request: Enquiry, **more: Any) -> list[str]:
    return [fault.code for fault in leaving(two, **more).faults(request)]


def test_what_may_leave_has_no_fault_and_is_not_sent(two: Two, rows: Any) -> None:
    before = rows()
    assert codes(two, an_enquiry()) == []
    assert rows() == before
    assert not [told for _, told in read_access(two.es.context.keys) if told]


def test_what_law_and_language_want_is_told_together(two: Two) -> None:
    found = codes(two, replace(in_german(), conditions=None))
    assert "policy.law.language-not-read" in found
    assert len(found) > 1


WRONG: dict[str, tuple[dict[str, Any], type[Error], str]] = {
    "a desk of ours that is not the officer's": ({"from_post": "es.cgi/head"}, Refused, "node.not-in-post"),
    "no desk of theirs": ({"to_post": "ma.dgst/nowhere"}, NotFound, "directory.unknown-post"),
    "a head for an office": ({"via_office_post": "ma.dgst/head"}, BadInput, "channels.not-between"),
    "no channel": ({"channel": "foo"}, BadInput, "policy.no-way"),
    "direct between desks": ({"channel": "direct", "via_office_post": ""}, Refused, "channels.not-their-channel"),
    "a case that is none": ({"case": b"short"}, BadInput, "enquiries.wrong-id"),
}


@pytest.mark.parametrize("name", sorted(WRONG))
@pytest.mark.parametrize("request_of", [an_enquiry, Enquiry], ids=["lawful", "unlawful"])
def test_a_way_that_is_none_is_refused_as_sending_refuses_it(two: Two, name: str, request_of: Any) -> None:
    more, kind, code = WRONG[name]
    with pytest.raises(kind) as caught:
        leaving(two, **more).faults(request_of())
    assert caught.value.code == code
    with pytest.raises(kind) as sent:
        two.ask(request_of(), **more)
    assert sent.value.code == code


@pytest.mark.parametrize("request_of", [Enquiry, in_german, lambda: replace(an_enquiry(), law=None)])
def test_what_is_told_as_a_fault_is_refused_when_it_is_sent(two: Two, request_of: Any) -> None:
    found = codes(two, request_of())
    with pytest.raises(Refused, match=r"policy\.law") as caught:
        two.ask(request_of())
    assert {fault.code for fault in caught.value.values["faults"]} <= set(found)
