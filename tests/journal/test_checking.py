"""Verifying the access journal: piece by piece, with a record; what was taken away or changed is found."""

from __future__ import annotations

import pytest
from django.db import connection

from support.node import Node, Nodes
from tansiq.journal import checking
from tansiq.journal.access import Access, Operation, access_log, log_access
from tansiq.journal.checking import EVERY_MS, begin_check, check_due_ms, first_act_ms, go_on, last_checks

pytestmark = pytest.mark.storage

START = 1_782_043_200_000
OF_ANOTHER = "SELECT other.commitment FROM journal_access_event other WHERE other.number = 8"


@pytest.fixture
def madrid(node: Nodes) -> Node:
    return node("es.cgi")


def log(node: Node, count: int, *, first: int = 0) -> None:
    log_access(
        [
            Access(
                operation=Operation.CONSULTATION, officer="ES-4017", thing=bytes(16), purpose="", time_ms=START + number
            )
            for number in range(first, first + count)
        ],
        keys=node.context.keys,
    )


def test_a_whole_journal_is_found_whole_and_the_check_is_recorded(madrid: Node) -> None:
    log(madrid, 37)
    begin_check("ES-9100", now_ms=START + 1_000)
    (check,) = last_checks()
    assert (check.officer, check.begun_ms, check.ended_ms) == ("ES-9100", START + 1_000, START + 1_000)
    assert (check.size, check.done, check.outcome, check.whole, check.fault) == (37, 37, "whole", True, None)
    assert check.root == access_log().root


def test_an_empty_journal_is_whole(madrid: Node) -> None:
    begin_check("ES-9100", now_ms=START)
    assert last_checks()[0].whole
    assert first_act_ms() is None


def test_a_long_check_goes_on_where_it_was_and_looks_at_what_was_there_when_it_began(
    madrid: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_AT_ONCE", 10)
    log(madrid, 25)
    root = access_log().root
    begin_check("ES-9100", now_ms=START)
    log(madrid, 5, first=25)
    assert (last_checks()[0].done, last_checks()[0].ended_ms) == (10, None)
    begin_check("ES-9001", now_ms=START + 1)
    assert len(last_checks()) == 1, "one check at a time; it goes on"
    assert last_checks()[0].done == 20
    assert go_on(now_ms=START + 2) is False
    assert (last_checks()[0].outcome, last_checks()[0].size, last_checks()[0].root) == ("whole", 25, root)
    assert go_on(now_ms=START + 3) is False, "nothing is left"


SPOILT = {
    "an act taken away": ("DELETE FROM journal_access_event WHERE number = 6", "missing", 6),
    "the last act taken away": ("DELETE FROM journal_access_event WHERE number = 11", "missing", 11),
    "a time changed": ("UPDATE journal_access_event SET time_ms = 5 WHERE number = 4", "altered", 4),
    "another commitment": ("UPDATE journal_access_event SET commitment = node WHERE number = 0", "altered", 0),
    "one act in the place of another": (
        f"UPDATE journal_access_event SET commitment = ({OF_ANOTHER}) WHERE number = 7",
        "altered",
        7,
    ),
}


@pytest.mark.parametrize("name", sorted(SPOILT))
def test_what_was_done_to_the_journal_is_found(madrid: Node, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(checking, "_AT_ONCE", 5)
    log(madrid, 12)
    sql, outcome, fault = SPOILT[name]
    with connection.cursor() as cursor:
        cursor.execute(sql)
    begin_check("ES-9100", now_ms=START)
    while go_on(now_ms=START):
        continue
    (check,) = last_checks()
    assert (check.outcome, check.fault, check.whole) == (outcome, fault, False)
    assert check_due_ms(first_ms=START) == START + EVERY_MS, "a check that found a fault is none that is due"


def test_a_right_edge_that_does_not_come_from_the_acts_is_found(madrid: Node) -> None:
    log(madrid, 3)
    with connection.cursor() as cursor:
        cursor.execute("SELECT frontier FROM journal_access")
        before = cursor.fetchone()[0]
    log(madrid, 1, first=3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE journal_access SET size = 3, frontier = %s", (before,))
        cursor.execute("DELETE FROM journal_access_event WHERE number = 3")
        cursor.execute(
            "UPDATE journal_access SET frontier = %s", (bytes(before)[:8] + bytes(reversed(bytes(before)[8:])),)
        )
    begin_check("ES-9100", now_ms=START)
    assert last_checks()[0].outcome == "other-root"


def test_the_next_check_is_due_six_months_after_the_last_whole_one(madrid: Node) -> None:
    log(madrid, 2)
    assert check_due_ms(first_ms=first_act_ms() or 0) == START + EVERY_MS
    begin_check("ES-9100", now_ms=START + 77)
    assert check_due_ms(first_ms=START) == START + 77 + EVERY_MS
