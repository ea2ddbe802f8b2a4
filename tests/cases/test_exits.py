"""What the exits know of an item: the conditions of every kind of content that has some."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields, is_dataclass, replace

import pytest

from support.liaison import CASE, Posted, a_message, posted_in
from support.matters import CONDITIONS
from support.node import Nodes
from tansiq import policy
from tansiq.cases.exits import _CONDITIONS, reader_of, take_out, visible
from tansiq.cases.queries import items_of
from tansiq.errors import NotFound, Refused
from tansiq.policy.handling import Use
from tansiq.policy.plain import Record
from tansiq.relations.liaison import Seat

HOST = "MA-2210"


@pytest.fixture
def posted(node: Nodes) -> Posted:
    return posted_in(node)


def _records(base: type) -> set[type]:
    return {base} | {one for child in base.__subclasses__() for one in _records(child)}


def test_every_record_with_conditions_is_known_to_the_exits() -> None:
    """A kind that is forgotten here would be weighed by its docket alone, which knows no recipients and no purposes."""
    for module in pkgutil.walk_packages(policy.__path__, "tansiq.policy."):
        importlib.import_module(module.name)
    bearing = {
        (one.__module__, one.__qualname__)  # with slots a dataclass is made twice
        for one in _records(Record)
        if one.__module__.startswith("tansiq.")
        and is_dataclass(one)
        and any(column.name == "conditions" for column in fields(one))
    }
    assert {(one.__module__, one.__qualname__) for one in _CONDITIONS.values()} == bearing


@pytest.mark.storage
def test_a_liaison_message_keeps_its_recipients_at_the_exits(posted: Posted) -> None:
    """What the channel's page hides from an officer, the case hides too."""
    named = replace(CONDITIONS, recipients=("MA-9999",))
    posted.say("ES-6100", Seat.COUNTERPART, replace(a_message("ES-6100", "Solo para MA-9999."), conditions=named))
    posted.carry()
    assert posted.words(HOST) == []
    context = posted.ma.use()
    reader = reader_of(posted.ma.officer(HOST), context=context)
    [item] = items_of(CASE)
    assert visible([item], reader, context=context) == []
    with pytest.raises(NotFound, match=r"cases\.unknown-item"):
        take_out([item.id], Use.VIEW, reader, context=context)


@pytest.mark.storage
def test_a_liaison_message_for_another_purpose_is_asked_for_at_the_exits(posted: Posted) -> None:
    posted.say("ES-6100", Seat.COUNTERPART)
    posted.carry()
    context = posted.ma.use()
    reader = reader_of(posted.ma.officer(HOST), context=context)
    [item] = items_of(CASE)
    assert visible([item], reader, context=context) == [item]
    other = replace(reader, purpose="purpose.prevention")
    with pytest.raises((NotFound, Refused)):
        take_out([item.id], Use.VIEW, other, context=context)
