"""Two agencies that have met, and what stands in their tables."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from django.db import connection

from fixtures.unlist import listed, person
from support.node import Clock, Nodes, clock, node
from support.two import Two
from tansiq.exchange.queries import quarantined
from tansiq.registers.services import import_un_list

__all__ = ["clock", "node"]


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    es, ma = node("es.cgi"), node("ma.dgst")
    return Two(es, ma, clock)


@pytest.fixture
def registered(two: Two) -> Two:
    """Rabat has a register in which the person asked about stands, written differently."""
    context = two.ma.use()
    names = person(1, ("Moktar", "Benali", "Elinvento"), original="مختار بنعلي", aliases=[], births=[])
    other = person(2, ("Wilhelmina", "Oosterhuis"), original="", aliases=[], births=[])
    import_un_list(io.BytesIO(listed(names + other)), context=context, officer="MA-2210")
    return two


@pytest.fixture
def set_aside() -> Callable[[], list[str]]:
    """Why statements were quarantined at the node that is bound: the codes."""
    return lambda: [one.code for one in quarantined()]


@pytest.fixture
def rows() -> Callable[[], dict[str, int]]:
    """How many rows this capability has at the node that is bound."""

    def count() -> dict[str, int]:
        tables = ("enquiries_enquiry", "enquiries_reply", "enquiries_match", "cases_item")
        with connection.cursor() as cursor:
            found = {}
            for table in tables:
                cursor.execute(f"SELECT COUNT(*) FROM {table}")
                found[table] = cursor.fetchone()[0]
        return found

    return count
