"""Sends the key store's tables to the database ``keys`` and everything else to ``default``.

Invariant: no other table is ever made in the key store's database, and none of its tables elsewhere.
"""

from __future__ import annotations

from typing import Any

__all__ = ["ALIAS", "KeyStoreRouter"]

ALIAS = "keys"


class KeyStoreRouter:
    """Django database router for the two databases of a node."""

    def db_for_read(self, model: Any, **hints: Any) -> str:
        """Where rows of ``model`` are read."""
        return ALIAS if model._meta.app_label == "keystore" else "default"

    def db_for_write(self, model: Any, **hints: Any) -> str:
        """Where rows of ``model`` are written."""
        return self.db_for_read(model, **hints)

    def allow_relation(self, first: Any, second: Any, **hints: Any) -> bool:
        """Only within one database."""
        return self.db_for_read(first) == self.db_for_read(second)

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:
        """Each table in its own database."""
        return (app_label == "keystore") == (db == ALIAS)
