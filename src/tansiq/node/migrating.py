"""Bringing a database to the newest schema: an empty one at once, any other one commit for each step.

Invariant: a migration, its indices and the line that says it was made are one commit, so a kill at any instruction leaves a database that
can be upgraded again. Django itself makes deferred indices and that line after the commit. What an empty database is given at once is what
all migrations together would have made of it (``tests/node/test_migrating.py`` compares the two); it takes a tenth of the time.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db import connections, router, transaction
from django.db.migrations.executor import MigrationExecutor

__all__ = ["bring_up_to_date", "step_by_step"]


class _InOneCommit(MigrationExecutor):
    def apply_migration(self, *arguments: Any, **named: Any) -> Any:
        # SQLite lets a schema be changed only while its checks of references are off, which can't be switched in a transaction.
        with self.connection.constraint_checks_disabled(), transaction.atomic(using=self.connection.alias):
            return super().apply_migration(*arguments, **named)

    def make_at_once(self) -> None:
        """Makes the tables of the models as they are today, and says of every migration that it was made, in one commit."""
        alias = self.connection.alias
        with self.connection.constraint_checks_disabled(), transaction.atomic(using=alias):
            with self.connection.schema_editor(atomic=False) as editor:
                for model in apps.get_models():
                    options = model._meta
                    if options.managed and not options.proxy and router.allow_migrate_model(alias, model):
                        editor.create_model(model)
            self.recorder.ensure_schema()
            plan = self.migration_plan(self.loader.graph.leaf_nodes())
            lines = [self.recorder.Migration(app=one.app_label, name=one.name) for one, _ in plan]
            self.recorder.migration_qs.bulk_create(lines)


def bring_up_to_date(alias: str) -> None:
    """Applies to the database ``alias`` every migration that it lacks, in order; one that was killed is begun again."""
    if connections[alias].introspection.table_names():
        step_by_step(alias)
    else:
        _InOneCommit(connections[alias]).make_at_once()


def step_by_step(alias: str) -> None:
    """As `bring_up_to_date`, an empty database too."""
    executor = _InOneCommit(connections[alias])
    newest = executor.loader.graph.leaf_nodes()
    if executor.migration_plan(newest):
        executor.migrate(newest)
