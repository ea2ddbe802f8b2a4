"""The tables of the main database as a dump has them: names, columns, and how a value of each type travels.

Invariant: a value means the same on SQLite and on PostgreSQL. A table that is not of this list (Django's own record of
migrations) is never dumped; a column of a type that is not known here stops a backup before it begins, and a test says so first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection

from tansiq.errors import Conflict
from tansiq.keystore.router import KeyStoreRouter

__all__ = ["Column", "Table", "from_database", "tables", "to_database"]

_SORTS = {
    "AutoField": "int", "BigAutoField": "int", "SmallAutoField": "int", "IntegerField": "int", "BigIntegerField": "int", "SmallIntegerField": "int",
    "PositiveIntegerField": "int", "PositiveSmallIntegerField": "int", "BooleanField": "bool", "CharField": "text", "TextField": "text",
    "BinaryField": "bytes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, how its values travel (int, bool, text, bytes), and whether the database counts it up itself."""

    name: str
    sort: str
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table and its columns, in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def select(self) -> str:
        """Reads all of it."""
        return f'SELECT {", ".join(_quoted(column.name) for column in self.columns)} FROM {_quoted(self.name)}'

    @property
    def insert(self) -> str:
        """Writes one row of it."""
        names = ", ".join(_quoted(column.name) for column in self.columns)
        return f'INSERT INTO {_quoted(self.name)} ({names}) VALUES ({", ".join(["%s"] * len(self.columns))})'


def _quoted(name: str) -> str:
    return str(connection.ops.quote_name(name))


def tables() -> list[Table]:
    """Every table of the main database that holds something of the node's. Raises Conflict for a type that no dump knows."""
    router = KeyStoreRouter()
    found = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed or not router.allow_migrate("default", model._meta.app_label):
            continue
        columns = []
        for field in model._meta.local_concrete_fields:
            sort = _SORTS.get(field.get_internal_type())
            if sort is None:
                raise Conflict("node.unknown-column", table=model._meta.db_table, column=str(field.column))
            columns.append(Column(str(field.column), sort, "AutoField" in field.get_internal_type()))
        found.append(Table(model._meta.db_table, tuple(columns)))
    return sorted(found, key=lambda table: table.name)


def _bytes(value: Any) -> bytes:
    return bytes(value)


_READ: dict[str, Callable[[Any], Any]] = {"int": int, "bool": bool, "text": str, "bytes": _bytes}


def from_database(table: Table) -> Callable[[tuple[Any, ...]], list[Any]]:
    """A function that makes a row ready to travel."""
    readers = [_READ[column.sort] for column in table.columns]
    return lambda row: [None if value is None else read(value) for read, value in zip(readers, row, strict=True)]


def to_database(table: Table) -> Callable[[list[Any]], list[Any]]:
    """A function that checks a row that travelled. It raises ValueError for a value of another type."""
    sorts = [{"int": int, "bool": bool, "text": str, "bytes": bytes}[column.sort] for column in table.columns]

    def check(row: list[Any]) -> list[Any]:
        if len(row) != len(sorts) or any(value is not None and type(value) is not sort for value, sort in zip(row, sorts, strict=True)):
            raise ValueError(table.name)
        return row

    return check
