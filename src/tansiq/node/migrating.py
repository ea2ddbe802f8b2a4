"""Bringing a database to the newest schema, one commit for each step.

Invariant: a migration, its indices and the line that says it was made are one commit, so a kill at any instruction leaves a database that
can be upgraded again. Django itself makes deferred indices and that line after the commit.
"""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor

__all__ = ["bring_up_to_date"]


class _InOneCommit(MigrationExecutor):
    def apply_migration(self, *arguments: Any, **named: Any) -> Any:
        # SQLite lets a schema be changed only while its checks of references are off, which can't be switched in a transaction.
        with self.connection.constraint_checks_disabled(), transaction.atomic(using=self.connection.alias):
            return super().apply_migration(*arguments, **named)


def bring_up_to_date(alias: str) -> None:
    """Applies to the database ``alias`` every migration that it lacks, in order; one that was killed is begun again."""
    executor = _InOneCommit(connections[alias])
    executor.migrate(executor.loader.graph.leaf_nodes())
