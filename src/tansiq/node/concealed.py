"""Things besides statements that open with a key of the key store: which tables have them, and under which identifier.

Invariant: a row with ``concealed`` is readable or has a tombstone. A model with the columns ``commitment`` and ``concealed`` is such a
table; its thing stands in the column ``thing``, or is the row's own identifier.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.apps import apps

from tansiq.node.snapshot import Snapshot

__all__ = ["CHUNK", "ThingTable", "chunks", "thing_tables"]

CHUNK = 500


@dataclass(frozen=True, slots=True)
class ThingTable:
    """A table of concealed things and the column of their identifiers."""

    name: str
    column: str

    def things(self, view: Snapshot) -> Iterator[bytes]:
        """Everything there that is still concealed."""
        for row in view.rows(f'SELECT "{self.column}" FROM "{self.name}" WHERE "concealed" IS NOT NULL'):
            yield bytes(row[0])


def thing_tables() -> list[ThingTable]:
    """All such tables of this node."""
    found = []
    for model in apps.get_models():
        columns = {str(field.column) for field in model._meta.local_concrete_fields}
        if {"commitment", "concealed"} <= columns:
            key = "thing" if "thing" in columns else str(model._meta.pk.column)
            found.append(ThingTable(model._meta.db_table, key))
    return sorted(found, key=lambda table: table.name)


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
