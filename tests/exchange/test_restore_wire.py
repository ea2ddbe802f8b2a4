"""Questions and answers of a restore: what is written is read again, and nothing else is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import BadInput, TooMuch
from tansiq.exchange.restore_wire import (
    Directories,
    ItemsPage,
    JournalPage,
    Question,
    Returned,
    Topic,
    lanes_from_bytes,
    lanes_to_bytes,
)
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.envelope import Lane
from tansiq.protocol.limits import MAX_EPOCH, MAX_TIME_MS
from tansiq.protocol.parcel import Fault, Item

numbers = st.integers(0, 2**63 - 1)
epochs = st.integers(0, MAX_EPOCH)
moments = st.integers(0, MAX_TIME_MS)
lanes = st.tuples(epochs, st.sampled_from(Lane).map(int), st.integers(0, 2**63 - 2))
octets = st.binary(max_size=40)
leaves = st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(b"".join)
digests = st.binary(min_size=32, max_size=32)
codes = st.from_regex(r"[a-z]{1,4}\.[a-z]{1,4}(-[a-z]{1,4})?", fullmatch=True)
items = st.builds(
    Item,
    entry=octets,
    statement=octets,
    docket=octets,
    proofs=st.lists(st.lists(numbers, max_size=2), max_size=2),
    parts=st.lists(st.none() | octets, max_size=3).map(tuple),
    wraps=st.lists(octets, max_size=3).map(tuple),
)


@st.composite
def batches(draw: Any) -> Returned:
    count = draw(st.integers(1, 3))
    several = [draw(items) for _ in range(count)]
    indices, times = (tuple(draw(each) for _ in range(count)) for each in (numbers, moments))
    return Returned(
        head=draw(octets),
        items=tuple(several),
        indices=indices,
        times_ms=times,
        nodes=tuple(draw(st.lists(octets, max_size=3))),
    )


questions = st.builds(
    Question,
    topic=st.sampled_from(Topic),
    first=numbers,
    lanes=st.lists(lanes, max_size=4).map(tuple),
    after=lanes,
    content=octets,
)
journals = st.builds(
    JournalPage,
    topic=st.just(Topic.ASKERS_JOURNAL),
    first=numbers,
    leaves=leaves,
    size=numbers,
    root=octets,
    head=octets,
    witness=octets,
    epoch=epochs,
)
pages = st.builds(
    ItemsPage,
    topic=st.just(Topic.ASKER_SENT),
    batches=st.lists(batches(), max_size=2).map(tuple),
    more=st.booleans(),
    size=numbers,
    root=octets,
    head=octets,
    faults=st.lists(st.builds(Fault, statement=digests, code=codes), max_size=2).map(tuple),
)


@given(questions)
def test_a_question_is_read_as_it_was_written(question: Question) -> None:
    assert Question.parse(question.to_bytes()) == question


@given(journals)
def test_a_page_of_a_journal_is_read_as_it_was_written(page: JournalPage) -> None:
    assert JournalPage.parse(page.to_bytes(), Topic.ASKERS_JOURNAL) == page


@given(pages)
def test_a_page_of_items_is_read_as_it_was_written(page: ItemsPage) -> None:
    assert ItemsPage.parse(page.to_bytes(), Topic.ASKER_SENT) == page


@given(octets, octets)
def test_directories_are_read_as_they_were_written(answerers: bytes, askers: bytes) -> None:
    page = Directories(answerers, askers)
    assert Directories.parse(page.to_bytes()) == page


@given(st.lists(lanes, max_size=5))
def test_lane_starts_are_kept(starts: list[tuple[int, int, int]]) -> None:
    assert lanes_from_bytes(lanes_to_bytes(starts)) == tuple(starts)


PARSERS = (
    Question.parse,
    Directories.parse,
    lambda data: JournalPage.parse(data, Topic.ASKERS_JOURNAL),
    lambda data: ItemsPage.parse(data, Topic.ASKER_SENT),
    lanes_from_bytes,
)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | octets | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(-2, 8), inner, max_size=6),
    max_leaves=12,
)


@pytest.mark.parametrize("parse", PARSERS)
@given(value=st.binary(max_size=64) | plain.map(encode))
def test_anything_else_is_refused_by_an_error_of_the_tree(parse: Any, value: bytes) -> None:
    try:
        parse(value)
    except (BadInput, TooMuch):
        return
    assert decode(value) is not None


@given(pages, st.integers(0, 7), plain)
def test_a_page_with_one_other_field_is_read_or_refused(page: ItemsPage, key: int, value: Any) -> None:
    fields = decode(page.to_bytes())
    fields[key] = value
    try:
        read = ItemsPage.parse(encode(fields), Topic.ASKER_SENT)
    except (BadInput, TooMuch):
        return
    assert ItemsPage.parse(read.to_bytes(), Topic.ASKER_SENT) == read


@pytest.mark.parametrize("lane", [(MAX_EPOCH + 1, 0, 1), (1, 3, 1), (1, 0, 1 << 63)])
def test_a_lane_that_no_column_holds_is_refused(lane: tuple[int, int, int]) -> None:
    for question in (Question(topic=Topic.ASKER_SENT, lanes=(lane,)), Question(topic=Topic.ASKER_SENT, after=lane)):
        with pytest.raises(BadInput):
            Question.parse(question.to_bytes())


def test_an_epoch_and_times_that_no_column_holds_are_refused() -> None:
    page = JournalPage(topic=Topic.ASKERS_JOURNAL, first=0, leaves=b"", size=0, root=b"", head=b"", epoch=MAX_EPOCH + 1)
    with pytest.raises(BadInput):
        JournalPage.parse(page.to_bytes(), Topic.ASKERS_JOURNAL)
    item = Item(b"", b"", b"", [], (), ())
    batch = Returned(head=b"", items=(item,), indices=(0,), times_ms=(MAX_TIME_MS + 1,))
    with pytest.raises(BadInput):
        ItemsPage.parse(ItemsPage(topic=Topic.ASKER_SENT, batches=(batch,), more=False).to_bytes(), Topic.ASKER_SENT)


def test_an_answer_to_another_question_is_refused() -> None:
    with pytest.raises(BadInput, match="restore-other-answer"):
        JournalPage.parse(Directories(b"", b"").to_bytes(), Topic.ASKERS_JOURNAL)


@pytest.mark.parametrize(
    "lane",
    [(2**31, 1, 1), (1, 2**15, 1), (1, 1, 2**63 - 1), (1, 1, 2**63), (-1, 1, 1), (1, 1, -1)],
)
def test_a_place_that_no_column_holds_is_refused(lane: tuple[int, int, int]) -> None:
    for question in (Question(topic=Topic.ASKER_SENT, after=lane), Question(topic=Topic.ASKER_SENT, lanes=(lane,))):
        with pytest.raises(BadInput, match="wrong-field"):
            Question.parse(question.to_bytes())
    with pytest.raises(BadInput, match="wrong-field"):
        lanes_from_bytes(lanes_to_bytes([lane]))


@pytest.mark.parametrize(("name", "value"), [("epoch", 2**31), ("size", 2**63), ("first", 2**63), ("size", -1)])
def test_a_page_with_a_number_that_no_column_holds_is_refused(name: str, value: int) -> None:
    page = JournalPage(topic=Topic.ASKERS_JOURNAL, first=0, leaves=b"", size=0, root=b"", head=b"")
    with pytest.raises(BadInput, match="wrong-field"):
        JournalPage.parse(replace(page, **{name: value}).to_bytes(), Topic.ASKERS_JOURNAL)


@pytest.mark.parametrize(
    "fault", [Fault(bytes(31), "a.b"), Fault(bytes(32), "a\0b"), Fault(bytes(32), ""), Fault(bytes(32), "a" * 129)]
)
def test_a_fault_that_no_row_holds_is_refused(fault: Fault) -> None:
    page = ItemsPage(topic=Topic.ASKER_SENT, batches=(), more=False, faults=(fault,))
    with pytest.raises(BadInput):
        ItemsPage.parse(page.to_bytes(), Topic.ASKER_SENT)
