"""Things besides statements that open with a key of the key store: which tables have them, and under which identifier.

Invariant: a row whose content is there opens, or has a tombstone. A model with the columns ``commitment`` and ``concealed`` (or, of a
register, ``report``) is such a table; its thing stands in the column ``thing``, or is the row's own identifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps
from django.db import models

from tansiq.keystore.router import KeyStoreRouter
from tansiq.node.snapshot import FEW_ROWS, Snapshot

__all__ = ["CHUNK", "Thing", "ThingTable", "chunks", "identifier_columns", "thing_tables"]

CHUNK = 500
_CONTENTS = ("concealed", "report")


@dataclass(frozen=True, slots=True)
class Thing:
    """One concealed thing: its identifier, commitment and ciphertext."""

    identifier: bytes
    commitment: bytes
    ciphertext: bytes


@dataclass(frozen=True, slots=True)
class ThingTable:
    """A table of concealed things: the columns of their identifiers and of their contents."""

    name: str
    column: str
    content: str

    def identifiers(self, view: Snapshot) -> Iterator[bytes]:
        """Everything there that is still concealed."""
        for row in view.rows(f'SELECT "{self.column}" FROM "{self.name}" WHERE "{self.content}" IS NOT NULL'):
            yield bytes(row[0])

    def things(self, view: Snapshot) -> Iterator[Thing]:
        """The same with commitments and ciphertexts."""
        sql = f'SELECT "{self.column}", "commitment", "{self.content}" FROM "{self.name}" WHERE "{self.content}" IS NOT NULL'
        for row in view.rows(sql, fetch=FEW_ROWS):
            yield Thing(*(bytes(value or b"") for value in row))


def _main_models() -> list[type[models.Model]]:
    router = KeyStoreRouter()
    return [model for model in apps.get_models() if router.allow_migrate("default", model._meta.app_label)]


def thing_tables() -> list[ThingTable]:
    """All such tables of this node."""
    found = []
    for model in _main_models():
        columns = {str(field.column) for field in model._meta.local_concrete_fields}
        content = next((name for name in _CONTENTS if name in columns), "")
        if content and "commitment" in columns:
            key = "thing" if "thing" in columns else str(model._meta.pk.column)
            found.append(ThingTable(model._meta.db_table, key, content))
    return sorted(found, key=lambda table: table.name)


def identifier_columns() -> list[tuple[str, str]]:
    """Every table and column of 16 bytes: wherever something may still be named, the rows' own identifiers first."""
    found = [
        (not field.primary_key, model._meta.db_table, str(field.column))
        for model in _main_models()
        for field in model._meta.local_concrete_fields
        if isinstance(field, models.BinaryField) and field.max_length == 16
    ]
    return [(table, column) for _, table, column in sorted(found)]


def chunks(things: Iterator[bytes], size: int = CHUNK) -> Iterator[list[bytes]]:
    """``things`` in lists of at most ``size``."""
    batch: list[bytes] = []
    for thing in things:
        batch.append(thing)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
