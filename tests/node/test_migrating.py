"""An upgrade that is killed at the worst moment of any of its steps is begun again and comes out the same."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from support.node import Nodes
from tansiq.node.loading import unapplied
from tansiq.node.migrating import bring_up_to_date

pytestmark = pytest.mark.storage


class Killed(Exception):
    """The process ends where it stands."""


def schema() -> list[tuple[str, list[str]]]:
    with connection.cursor() as cursor:
        names = sorted(connection.introspection.table_names(cursor))
        return [(name, sorted(connection.introspection.get_constraints(cursor, name))) for name in names]


@pytest.mark.parametrize("room", ["accounts", "cases", "enquiries", "exchange", "mfa"])
def test_a_step_that_was_killed_before_it_was_written_down_left_nothing(
    node: Nodes, monkeypatch: pytest.MonkeyPatch, room: str
) -> None:
    node("es.cgi").use()
    before = schema()
    call_command("migrate", room, "zero" if room in {"accounts", "mfa"} else "0001", database="default", verbosity=0)
    older, lacking = schema(), unapplied("default")
    assert lacking

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(MigrationExecutor, "record_migration", die)
        with pytest.raises(Killed):
            bring_up_to_date("default")
    assert (schema(), unapplied("default")) == (older, lacking)
    bring_up_to_date("default")
    assert unapplied("default") == []
    assert schema() == before
