"""The registers are asked the other way round too: for what we ask ourselves, and when a newer list brings somebody."""

from __future__ import annotations

import io

import pytest

from fixtures.unlist import listed, person
from support.matters import an_enquiry
from support.two import Two
from tansiq.enquiries.crosschecks import check_matter, check_open
from tansiq.enquiries.queries import show_enquiry
from tansiq.enquiries.services import decide_match
from tansiq.journal.access import read_access
from tansiq.protocol.ids import parse_id
from tansiq.registers.services import import_un_list

pytestmark = pytest.mark.storage


def brought(two: Two, *, register: str = "un", posts: tuple[str, ...] = ()) -> None:
    """A list at Madrid in which the person whom Madrid asks about stands."""
    content = listed(person(1, ("Moktar", "Benali", "Elinvento"), original="مختار بنعلي", aliases=[], births=[]))
    import_un_list(io.BytesIO(content), context=two.es.use(), officer="ES-4017", register=register, posts=posts)


def matches(two: Two, matter: bytes) -> list[dict[str, object]]:
    found: list[dict[str, object]] = show_enquiry(matter, context=two.es.use(), officer=two.es.officer())["matches"]
    return found


def test_our_own_registers_are_asked_for_whom_we_ask_about(two: Two) -> None:
    brought(two)
    matter = two.ask(an_enquiry())
    assert matches(two, matter) == []
    assert check_matter(matter, context=two.es.use(), officer="ES-4017") == 1
    (match,) = matches(two, matter)
    assert match["reference"] == "INi.001"
    logged = [told for _, told in read_access(two.es.context.keys) if told and told["operation"] == "combination"]
    assert [(told["officer"], told["thing"]) for told in logged] == [("ES-4017", matter)]
    assert check_matter(matter, context=two.es.use(), officer="ES-4017") == 0


def test_a_newer_list_is_asked_for_all_that_is_open_and_what_was_decided_stays(two: Two) -> None:
    first, second = two.ask(an_enquiry()), two.ask(an_enquiry())
    assert check_open(context=two.es.use(), officer="ES-4017") == 0
    brought(two)
    assert check_open(context=two.es.use(), officer="ES-4017") == 2
    (match,) = matches(two, first)
    entry = parse_id(str(match["entry"]))
    decide_match(first, entry, "match.different", context=two.es.use(), officer=two.es.officer())
    assert check_open(context=two.es.use(), officer="ES-4017") == 0
    assert [match["decision"] for match in (*matches(two, first), *matches(two, second))] == ["match.different", ""]


def test_a_register_that_not_everybody_at_the_matter_may_read_is_not_asked(two: Two) -> None:
    matter = two.ask(an_enquiry())
    brought(two, register="own", posts=("es.cgi/head",))
    assert check_matter(matter, context=two.es.use(), officer="ES-4017") == 0
    assert matches(two, matter) == []
