"""The few shapes of SQL that rooms with hot tables share: markers for values, and inserting rows by columns.

Invariant: only names of this house's own tables and columns are put into SQL; every value travels as a parameter.

>>> insert("t", ("a", "b"))
'INSERT INTO t (a, b) VALUES (%s, %s)'
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from django.db import connection

__all__ = ["CHUNK", "chunks", "for_update", "insert", "marks"]

CHUNK = 500
"""Values in one list of SQL, safely below every database's limit."""
T = TypeVar("T")


def marks(values: Sequence[object]) -> str:
    """As many markers as there are values, for an ``IN (…)``."""
    return ", ".join(["%s"] * len(values))


def insert(table: str, columns: Sequence[str], then: str = "") -> str:
    """The statement that inserts one row; ``then`` follows it (``ON CONFLICT …``)."""
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks(columns)}) {then}".rstrip()


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """``values`` in pieces of at most CHUNK."""
    waiting = iter(values)
    while piece := list(islice(waiting, CHUNK)):
        yield piece


def for_update() -> str:
    """What ends a SELECT that holds its rows until the transaction ends; SQLite holds the whole database anyway."""
    return " FOR UPDATE" if connection.vendor == "postgresql" else ""
