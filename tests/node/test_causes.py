"""What the machine says is named with its cure: a full disk, one that can only be read, a right that lacks, a server that is away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.db import DatabaseError, connection, connections

from support.node import Node, Nodes
from tansiq.node import acts
from tansiq.node.causes import cause_of

pytestmark = pytest.mark.storage


@pytest.fixture
def madrid(node: Nodes) -> Node:
    """A node, bound."""
    return node("es.cgi")


def told(*statements: str) -> str:
    """The code of what is told of the last of these statements, which the database refuses."""
    *before, last = statements
    with connection.cursor() as cursor:
        for statement in before:
            cursor.execute(statement)
        with pytest.raises(DatabaseError) as refused:
            cursor.execute(last)
    cause = cause_of(refused.value)
    return cause.code if cause else ""


def test_a_database_that_says_no_is_named(madrid: Node) -> None:
    if madrid.home.on_postgresql:
        assert told("SET default_transaction_read_only = on", "CREATE TABLE more (a int)") == "node.read-only"
    else:
        assert told("PRAGMA query_only = ON", "CREATE TABLE more (a)") == "node.read-only"
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = OFF")
            cursor.execute("CREATE TABLE more (a)")
            cursor.execute("PRAGMA max_page_count = 1")
        assert told("INSERT INTO more VALUES (zeroblob(10000000))") == "node.disk-full"
    assert told("SELECT nothing FROM nowhere") == ""


def test_a_database_that_is_not_there_is_named(madrid: Node, tmp_path: Path) -> None:
    connections.close_all()
    settings = connections["default"].settings_dict
    before = dict(settings)
    away = (
        {"HOST": "127.0.0.1", "PORT": "1"}
        if madrid.home.on_postgresql
        else {"NAME": str(tmp_path / "none" / "x.sqlite")}
    )
    settings.update(away)
    try:
        with pytest.raises(DatabaseError) as refused:
            connection.cursor()
    finally:
        settings.clear()
        settings.update(before)
    cause = cause_of(refused.value)
    assert cause is not None
    assert cause.code == ("node.database-away" if madrid.home.on_postgresql else "node.database-unopened")


def test_who_asks_the_node_is_told_so_too(madrid: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_asked: acts.Asked) -> None:
        raise OSError(28, "No space left on device", "/srv/tansiq/data/names.index")

    monkeypatch.setitem(acts._acts, "fill", full)
    answer = acts.perform(json.dumps({"act": "fill"}).encode(), madrid.context, lambda _: None)
    assert answer == {"error": {"code": "node.machine-full", "kind": "Unavailable", "values": {}}}
