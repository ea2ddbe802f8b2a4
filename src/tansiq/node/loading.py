"""Loading a dump into an empty database: the schema of its day, its rows, then the newest schema.

Invariant: nothing that the file says becomes a name in a statement: tables and columns are those that the schema has. Who calls holds
the transaction (PostgreSQL) or the file that takes its place afterwards (SQLite).
"""

from __future__ import annotations

from typing import Any

from django.db import connections, transaction
from django.db.migrations.executor import MigrationExecutor

from tansiq.errors import BadInput
from tansiq.node.dump import Reader
from tansiq.node.migrating import bring_up_to_date
from tansiq.node.snapshot import Progress
from tansiq.node.tables import Table, table_from, to_database

__all__ = ["applied_migrations", "empty_database", "load_dump", "unapplied"]


def applied_migrations(reader: Reader) -> set[tuple[str, str]]:
    """The migrations that the dumped database had. Raises BadInput."""
    try:
        return {(str(app), str(name)) for app, name in reader.header["migrations"]}
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput("node.dump-cut-off") from error


def unapplied(alias: str) -> list[str]:
    """The migrations that the database ``alias`` lacks, as ``room.name``."""
    executor = MigrationExecutor(connections[alias])
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def empty_database(alias: str) -> None:
    """Drops everything in a PostgreSQL database, in the caller's transaction."""
    with connections[alias].cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")


def _migrate_to(alias: str, applied: set[tuple[str, str]]) -> None:
    executor = MigrationExecutor(connections[alias])
    known = set(executor.loader.graph.nodes)
    if applied - known:
        raise BadInput("node.newer-dump", format=min(f"{app}.{name}" for app, name in applied - known))
    if applied == known:
        bring_up_to_date(alias)
        return
    parents = {parent for node in applied for parent in executor.loader.graph.node_map[node].parents}
    executor.migrate(
        [node for node in applied if node not in {(one[0], one[1]) for one in parents if one[0] == node[0]}]
    )


def load_dump(reader: Reader, alias: str, *, stage: str, progress: Progress) -> dict[str, int]:
    """Makes the schema in the empty database ``alias``, loads all rows, and brings the schema up to date.

    Returns how many rows each table got. Raises BadInput (no dump of ours, or of a newer version).
    """
    _migrate_to(alias, applied_migrations(reader))
    counts: dict[str, int] = {}
    with transaction.atomic(using=alias):
        table: Table | None = None
        for sort, value in reader.items():
            if sort == "table":
                table = _checked(alias, value)
                continue
            if table is None:
                raise BadInput("node.dump-cut-off")
            _insert(alias, table, value)
            counts[table.name] = counts.get(table.name, 0) + len(value)
            progress(stage, sum(counts.values()), 0)
    bring_up_to_date(alias)
    _count_on(alias)
    return counts


def _checked(alias: str, value: Any) -> Table:
    """The table that the dump describes, if the schema has exactly such columns."""
    try:
        table = table_from(value)
    except (TypeError, ValueError) as error:
        raise BadInput("node.dump-cut-off") from error
    connection = connections[alias]
    with connection.cursor() as cursor:
        if table.name not in connection.introspection.table_names(cursor):
            raise BadInput("node.dump-unknown-table", table=table.name[:64])
        columns = {one.name for one in connection.introspection.get_table_description(cursor, table.name)}
    if columns != {column.name for column in table.columns}:
        raise BadInput("node.dump-unknown-table", table=table.name)
    return table


def _insert(alias: str, table: Table, rows: Any) -> None:
    if type(rows) is not list:
        raise BadInput("node.dump-cut-off")
    check = to_database(table)
    try:
        ready = [check(row) for row in rows]
    except ValueError as error:
        raise BadInput("node.dump-cut-off") from error
    with connections[alias].cursor() as cursor:
        cursor.executemany(table.insert, ready)


def _count_on(alias: str) -> None:
    """Lets PostgreSQL count on where the loaded rows end; SQLite does so by itself."""
    connection = connections[alias]
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for name in connection.introspection.table_names(cursor):
            for sequence in connection.introspection.get_sequences(cursor, name):
                quoted, column = connection.ops.quote_name(name), connection.ops.quote_name(sequence["column"])
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence(%s, %s), COALESCE(MAX({column}), 1), MAX({column}) IS NOT NULL) FROM {quoted}",
                    (quoted, sequence["column"]),
                )
