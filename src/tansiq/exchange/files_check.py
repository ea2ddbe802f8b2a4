"""Checking files: every chunk is what its name says, and a file that is whole lacks none.

Invariant: reads only, through the caller's view; memory flat with size. A chunk of which no file is made is swept, and no fault.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

__all__ = ["file_faults"]


class View(Protocol):
    """A consistent view of the database; shaped like `node.snapshot.Snapshot`."""

    def rows(self, sql: str, values: Sequence[Any] = (), *, fetch: int = 256) -> Iterator[tuple[Any, ...]]:
        """The rows of a query."""


def file_faults(view: View) -> Iterator[tuple[str, dict[str, object]]]:
    """What is wrong: a code and where. ``chunk``: altered; ``chunk-missing``: named by a file that is whole here."""
    for digest, size, data in view.rows("SELECT hash, size, data FROM exchange_chunk", fetch=4):
        if hashlib.sha256(bytes(data)).digest() != bytes(digest) or len(bytes(data)) != size:
            yield "chunk", {"chunk": bytes(digest).hex()}
    for thing, number in view.rows(
        "SELECT f.thing, f.number FROM exchange_file_chunk f LEFT JOIN exchange_chunk c ON c.hash = f.hash "
        "LEFT JOIN exchange_file_coming g ON g.thing = f.thing AND g.place = f.place "
        "WHERE c.hash IS NULL AND f.place >= 0 AND (g.state IS NULL OR g.state = 1)"
    ):
        yield "chunk-missing", {"thing": bytes(thing).hex(), "number": number}
