"""Many rows in one statement on PostgreSQL: what is stored, refused and counted is what row after row would give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from support import postgres
from support.node import Nodes
from tansiq.node.postgresql import base

pytestmark = [
    pytest.mark.storage,
    pytest.mark.skipif(not postgres.wanted(), reason="how many rows a statement carries is PostgreSQL's alone"),
]
_KEEP = "INSERT INTO tried (number, words, octets, sure) VALUES (%s, %s, %s, %s)"


@pytest.fixture
def statements(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is sent to the server from here on, of which a table ``tried`` is part."""
    node("es.cgi")
    sent: list[str] = []
    execute = base.psycopg.ClientCursor.execute

    def noted(self: Any, query: Any, *rest: Any, **options: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *rest, **options)

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE tried (number bigint PRIMARY KEY, words text, octets bytea, sure boolean, more integer DEFAULT 7)"
        )
    monkeypatch.setattr(base.psycopg.ClientCursor, "execute", noted)
    yield sent
    monkeypatch.undo()
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS tried")


def rows(count: int) -> list[tuple[int, str | None, bytes, bool]]:
    """Rows with what a driver may mistake: absent values, quotes, marks of its own, zero bytes, numbers of every width."""
    return [
        (at << at % 40, None if at % 5 == 0 else f"l'été %s {at} \\ مرحبا", bytes([at % 256, 0, 39]), at % 2 == 0)
        for at in range(count)
    ]


def stored() -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT number, words, octets, sure FROM tried")
        return list(cursor.fetchall())


@pytest.mark.parametrize(("count", "sent"), [(2, 1), (256, 1), (257, 2), (600, 3)])
def test_rows_go_many_at_a_time(statements: list[str], count: int, sent: int) -> None:
    wanted = [(at, *row[1:]) for at, row in enumerate(rows(count))]
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, wanted)
        assert cursor.rowcount == count
    assert len([one for one in statements if one.startswith("INSERT")]) == sent
    assert sorted(stored()) == wanted


@pytest.mark.parametrize("count", [0, 1])
def test_none_or_one_goes_as_before(statements: list[str], count: int) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, rows(count))
    assert stored() == rows(count)


def test_values_of_every_kind_are_stored_as_they_are(statements: list[str]) -> None:
    wanted = list({row[0]: row for row in rows(200)}.values())
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, iter(wanted))
    assert sorted(stored()) == sorted(wanted)


def test_what_is_large_goes_in_several_statements(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, [(at, "", bytes(600_000), True) for at in range(3)])
        assert cursor.rowcount == 3
    assert len([one for one in statements if one.startswith("INSERT")]) == 3
    assert len(stored()) == 3


def test_who_is_there_already_stays_and_is_not_counted(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(_KEEP, [(at, "first", b"", True) for at in range(3)])
        for conflict in ("ON CONFLICT DO NOTHING", "ON CONFLICT (number) DO NOTHING"):
            cursor.executemany(f"{_KEEP} {conflict}", [(at, "second", b"", True) for at in (1, 2)])
            assert cursor.rowcount == 0
        cursor.executemany(f"{_KEEP} ON CONFLICT DO NOTHING", [(5, "one", b"", True), (5, "other", b"", True)])
        assert cursor.rowcount == 1
        cursor.execute("SELECT number FROM tried")
        assert cursor.rowcount == 4
    assert {words for _, words, _, _ in stored()} == {"first", "one"}


def test_a_row_may_be_changed_by_a_later_one_of_the_same_call(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            f"{_KEEP} ON CONFLICT (number) DO UPDATE SET words = excluded.words",
            [(1, "one", b"", True), (1, "other", b"", True)],
        )
    assert [words for _, words, _, _ in stored()] == ["other"]


def test_literals_among_the_values_and_other_statements_do_as_before(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO tried (number, words, sure) VALUES (%s, '', NULL)", [(1,), (2,)])
        cursor.executemany("INSERT INTO tried (number, words) VALUES (%s, UPPER(%s))", [(3, "a"), (4, "b")])
        cursor.executemany("UPDATE tried SET words = %s WHERE number = %s", [("x", 1), ("y", 2)])
        assert cursor.rowcount == 2
        cursor.executemany("DELETE FROM tried WHERE number = %s", [(3,), (9,)])
        assert cursor.rowcount == 1
    assert sorted((number, words) for number, words, _, _ in stored()) == [(1, "x"), (2, "y"), (4, "B")]


def test_one_bad_row_refuses_all_of_its_transaction(statements: list[str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(_KEEP, [(1, "", b"", True), (2, "", b"", True), (1, "", b"", True)])
    assert stored() == []
