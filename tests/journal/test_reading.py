"""Reading the access journal: what is looked for, page after page, at a cost that does not grow with the journal."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from support.node import Node, Nodes
from tansiq.journal import reading
from tansiq.journal.access import Access, Operation, log_access
from tansiq.journal.reading import Act, Narrowed, acts

pytestmark = pytest.mark.storage

START = 1_782_043_200_000
MINUTE = 60_000
KINDS = (Operation.CONSULTATION, Operation.DISCLOSURE, Operation.ERASURE)


@pytest.fixture
def madrid(node: Nodes) -> Node:
    return node("es.cgi")


def act(number: int) -> Access:
    return Access(
        operation=KINDS[number % 3],
        officer="ES-4017" if number % 2 else "ES-3300",
        thing=bytes([number % 5]) * 16,
        purpose="purpose.investigation",
        justification=f"Motivo inventado {number}",
        ordered_by="ES-1001" if number % 7 == 0 else "",
        time_ms=START + number * MINUTE,
    )


@pytest.fixture
def logged(madrid: Node) -> Node:
    log_access([act(number) for number in range(1, 41)], keys=madrid.context.keys)
    return madrid


def paged(node: Node, narrowed: Narrowed, limit: int) -> list[Act]:
    found: list[Act] = []
    before = None
    while True:
        page = acts(narrowed, keys=node.context.keys, before=before, limit=limit)
        assert len(page.acts) <= limit
        found += page.acts
        before = page.following
        if before is None:
            return found


VIEWS: dict[str, tuple[Narrowed, Callable[[Access], bool]]] = {
    "everything": (Narrowed(), lambda one: True),
    "a kind": (Narrowed(operation="disclosure"), lambda one: one.operation == "disclosure"),
    "an officer, also who ordered": (Narrowed(officer="ES-1001"), lambda one: one.ordered_by == "ES-1001"),
    "some things": (Narrowed(things=frozenset({bytes([2]) * 16, bytes([3]) * 16})), lambda one: one.thing[0] in {2, 3}),
    "since then": (Narrowed(from_ms=START + 30 * MINUTE), lambda one: one.time_ms >= START + 30 * MINUTE),
    "until then": (Narrowed(until_ms=START + 9 * MINUTE), lambda one: one.time_ms < START + 9 * MINUTE),
    "a kind between": (
        Narrowed(from_ms=START + 9 * MINUTE, until_ms=START + 31 * MINUTE, operation="erasure"),
        lambda one: START + 9 * MINUTE <= one.time_ms < START + 31 * MINUTE and one.operation == "erasure",
    ),
    "nobody": (Narrowed(officer="ES-0000"), lambda one: False),
    "before everything": (Narrowed(until_ms=START), lambda one: False),
}


@pytest.mark.parametrize("name", sorted(VIEWS))
@pytest.mark.parametrize(("most", "limit"), [(300, 7), (4, 3), (300, 100)])
def test_every_act_that_is_looked_for_is_shown_once_the_latest_first(
    logged: Node, monkeypatch: pytest.MonkeyPatch, name: str, most: int, limit: int
) -> None:
    monkeypatch.setattr(reading, "MOST_LOOKED", most)
    narrowed, fits = VIEWS[name]
    wanted = [one for one in map(act, range(40, 0, -1)) if fits(one)]
    assert [one.access for one in paged(logged, narrowed, limit)] == wanted


def test_a_page_looks_at_no_more_acts_however_many_there_are(logged: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_LOOKED", 10)

    def cost() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as queries:
            page = acts(Narrowed(officer="ES-0000"), keys=logged.context.keys)
        assert page.following is not None
        return page.looked, len(queries)

    few = cost()
    log_access([act(number) for number in range(41, 400)], keys=logged.context.keys)
    assert cost() == few == (10, few[1])


def test_what_was_erased_stays_as_an_act_and_what_was_altered_is_shown_as_such(logged: Node) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT thing FROM journal_access_event WHERE number = 3")
        logged.context.keys.erase(bytes(cursor.fetchone()[0]))
        cursor.execute("SELECT concealed FROM journal_access_event WHERE number = 6")
        other = cursor.fetchone()[0]
        cursor.execute("UPDATE journal_access_event SET concealed = %s WHERE number = 5", (other,))
    shown = {one.number: one for one in paged(logged, Narrowed(), 50)}
    assert (shown[3].access, shown[3].altered) == (None, False)
    assert (shown[5].access, shown[5].altered) == (None, True)
    assert len(shown) == 40
    of_officer = {one.number for one in paged(logged, Narrowed(officer="ES-4017"), 50)}
    assert 3 not in of_officer, "nobody knows any more whose it was"
    assert 5 in of_officer, "what was altered is told whatever is looked for"
