"""The tables of a database as a dump has them: names, columns, and how a value of each type travels.

Invariant: a value means the same on SQLite and on PostgreSQL. A table that is not of this list (Django's own record of
migrations) is never dumped; a column of a type that is not known here stops a backup before it begins, and a test
says so first.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, connections
from django.db.migrations.loader import MigrationLoader
from django.db.models import Model

from tansiq.errors import Conflict
from tansiq.keystore.router import KeyStoreRouter

__all__ = ["Column", "Table", "from_database", "table_from", "tables", "to_database"]

_SORTS = {
    "AutoField": "int", "BigAutoField": "int", "SmallAutoField": "int", "IntegerField": "int", "BigIntegerField": "int", "SmallIntegerField": "int",
    "PositiveIntegerField": "int", "PositiveSmallIntegerField": "int", "BooleanField": "bool", "CharField": "text", "TextField": "text",
    "BinaryField": "bytes", "FloatField": "float", "JSONField": "json", "DateTimeField": "time",
}  # fmt: skip
_TYPES: dict[str, type] = {
    "int": int,
    "bool": bool,
    "text": str,
    "bytes": bytes,
    "float": bytes,
    "json": str,
    "time": str,
}
"""How each sort travels; a float as its eight bytes (IEEE 754), for the one encoding knows no floats; JSON and a moment as text."""
_MADE_ANEW = frozenset({"account", "auth", "contenttypes"})
"""Tables of the sign-in library that stay empty here or that a migration fills."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the sort of its values (int, bool, text, bytes, float, json, time), whether the database counts it up
    itself.
    """

    name: str
    sort: str
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, in order."""

    name: str
    columns: tuple[Column, ...]

    def to_plain(self) -> list[Any]:
        """The table's description as a dump has it."""
        return [self.name, [[column.name, column.sort, column.counted] for column in self.columns]]

    @property
    def select(self) -> str:
        """Reads all of it."""
        return f"SELECT {', '.join(_quoted(column.name) for column in self.columns)} FROM {_quoted(self.name)}"

    @property
    def insert(self) -> str:
        """Writes one row of it."""
        names = ", ".join(_quoted(column.name) for column in self.columns)
        return f"INSERT INTO {_quoted(self.name)} ({names}) VALUES ({', '.join(['%s'] * len(self.columns))})"


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


def tables(alias: str = "default") -> list[Table]:
    """Every table of a database that holds something of the node's, as its schema has it now, however old that is.

    Raises Conflict for a column of a type that no dump knows.
    """
    router = KeyStoreRouter()
    found = []
    for model in _models(alias):
        if model._meta.proxy or not model._meta.managed or not router.allow_migrate(alias, model._meta.app_label):
            continue
        if model._meta.app_label in _MADE_ANEW:
            continue
        columns = []
        for field in model._meta.local_concrete_fields:
            # A reference to another row has the type of that row's key, and is never counted up.
            target = getattr(field, "target_field", field)
            sort = _SORTS.get(target.get_internal_type())
            if sort is None:
                raise Conflict("node.unknown-column", table=model._meta.db_table, column=str(field.column))
            columns.append(Column(str(field.column), sort, "AutoField" in field.get_internal_type()))
        found.append(Table(model._meta.db_table, tuple(columns)))
    return sorted(found, key=lambda table: table.name)


def _models(alias: str) -> list[type[Model]]:
    """The models of this version, or those of the version whose schema the database has."""
    loader = MigrationLoader(connections[alias])
    applied = [node for node in loader.applied_migrations if node in loader.graph.nodes]
    if set(applied) == set(loader.graph.nodes):
        return apps.get_models(include_auto_created=True)
    return loader.project_state(applied).apps.get_models(include_auto_created=True)


def table_from(value: Any) -> Table:
    """A table as a dump describes it. Raises ValueError for what is none."""
    name, columns = value
    made = tuple(Column(column, sort, counted) for column, sort, counted in columns)
    if type(name) is not str or any(type(one.name) is not str or one.sort not in _TYPES for one in made):
        raise ValueError(name)
    return Table(name, made)


def _bytes(value: Any) -> bytes:
    return bytes(value)


def _float(value: Any) -> bytes:
    return struct.pack(">d", value)


def _time(value: Any) -> str:
    """A moment (UTC) as both databases take it from a text."""
    return str(value.astimezone(dt.UTC).replace(tzinfo=None) if value.tzinfo else value)


_READ: dict[str, Callable[[Any], Any]] = {
    "int": int, "bool": bool, "text": str, "bytes": _bytes, "float": _float, "json": str, "time": _time,
}  # fmt: skip


def from_database(table: Table) -> Callable[[Sequence[Any]], list[Any]]:
    """A function that makes a row ready to travel."""
    readers = [_READ[column.sort] for column in table.columns]
    return lambda row: [None if value is None else read(value) for read, value in zip(readers, row, strict=True)]


def to_database(table: Table) -> Callable[[list[Any]], list[Any]]:
    """A function that makes a row that travelled ready to be stored. It raises ValueError for a value of another type."""
    types = [_TYPES[column.sort] for column in table.columns]
    floats = [place for place, column in enumerate(table.columns) if column.sort == "float"]

    def check(row: list[Any]) -> list[Any]:
        if type(row) is not list or len(row) != len(types):
            raise ValueError(table.name)
        if any(value is not None and type(value) is not wanted for value, wanted in zip(row, types, strict=True)):
            raise ValueError(table.name)
        for place in floats:
            if row[place] is not None:
                if len(row[place]) != 8:
                    raise ValueError(table.name)
                row[place] = struct.unpack(">d", row[place])[0]
        return row

    return check
