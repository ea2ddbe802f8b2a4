"""With a million statements stored, saying one more costs what it cost with a thousand: no query of a round reads a table through.

What SQLite plans for every query that was really made is looked at, so that a forgotten index shows before a million rows do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from peer import SimulatedPeer
from support.room import Room
from tansiq.exchange.queries import gaps, has_work, witness_debt
from tansiq.exchange.service import tell_directory
from tansiq.protocol.envelope import Lane

GROWING = frozenset(
    {
        "exchange_batch", "exchange_handled", "exchange_received", "exchange_receipt", "exchange_sent", "exchange_statement",
        "exchange_tombstone", "journal_leaf", "journal_mirror_leaves", "journal_witnessed", "keystore_content_keys",
        "keystore_kept_wraps",
    }
)  # fmt: skip
"""Tables that hold something of every statement that ever was."""


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def plan(alias: str, sql: str) -> list[str]:
    """How SQLite would go about a query that was made."""
    sql = sql.partition(" times: ")[2] or sql
    if not sql.lstrip().upper().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")):
        return []
    raw = connections[alias].connection
    sql = sql.replace("%s", "?")
    return [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {sql}", [None] * sql.count("?"))]


def whole_tables(alias: str, sql: str) -> list[str]:
    """The growing tables that a query reads through, or sorts."""
    found = []
    for line in plan(alias, sql):
        words = line.split()
        if words[0] == "SCAN" and {word.strip("()") for word in words} & GROWING:
            found.append(line)
    return found


@contextmanager
def flat() -> Iterator[None]:
    """Every query inside goes by an index."""
    with CaptureQueriesContext(connections["default"]) as main, CaptureQueriesContext(connections["keys"]) as keys:
        yield
    made = [("default", query["sql"]) for query in main.captured_queries]
    made += [("keys", query["sql"]) for query in keys.captured_queries]
    assert made
    wrong = {sql: lines for alias, sql in made if (lines := whole_tables(alias, sql))}
    assert not wrong, wrong


@contextmanager
def counted() -> Iterator[list[int]]:
    """How many steps SQLite takes inside, in both databases: what an index gives is cheap only if it gives little."""
    steps = [0]

    def step() -> None:
        steps[0] += 1

    raw = [connections[alias].connection for alias in ("default", "keys")]
    for one in raw:
        one.set_progress_handler(step, 1)
    try:
        yield steps
    finally:
        for one in raw:
            one.set_progress_handler(None, 1)


def test_the_watch_sees_a_table_that_is_read_through(room: Room, ma: SimulatedPeer) -> None:
    room.say(ma, "uno")
    with pytest.raises(AssertionError, match="exchange_sent"), flat():
        room.rows("SELECT entry FROM exchange_sent WHERE batch = %s", (b"x",))


def test_a_round_of_the_exchange_reads_no_table_through(room: Room, ma: SimulatedPeer) -> None:
    for _ in range(3):
        room.say(ma, "before")
        room.push(ma)
        room.tell(ma, "before")
    with flat():
        room.say(ma, "uno")
        room.say(ma, "dos", lane=Lane.URGENT)
        room.parcel(ma)  # lost: goes again from what is pending
        room.push(ma)
        room.push(ma)
        room.tell(ma, "tres", "cuatro")
        ma.take(room.hear(ma.parcel_with(want=10)))
        room.work()
        tell_directory(context=room.context)
        has_work(ma.agency)
        witness_debt(ma.agency)
        gaps(ma.agency)
    assert room.words()[-2:] == ["tres", "cuatro"]


def test_a_round_does_not_go_through_what_was_witnessed_before(room: Room, ma: SimulatedPeer) -> None:
    def steps_of_a_round() -> int:
        with counted() as steps:
            room.say(ma, "uno")
            room.push(ma)
            room.tell(ma, "dos")
        return steps[0]

    for _ in range(3):
        steps_of_a_round()
    before = steps_of_a_round()
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "WITH RECURSIVE n(size) AS (SELECT -1 UNION ALL SELECT size - 1 FROM n WHERE size > -5000) "
            "INSERT INTO journal_witnessed (peer, epoch, size, root, head, witness) "
            "SELECT w.peer, w.epoch, n.size, w.root, w.head, w.witness FROM n, (SELECT * FROM journal_witnessed "
            "WHERE witness IS NOT NULL ORDER BY size DESC LIMIT 1) w"
        )
    assert steps_of_a_round() < before * 1.5
