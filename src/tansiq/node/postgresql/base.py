"""Many rows go to PostgreSQL in one statement, where Django sends as many statements as rows: the server reads, plans and answers each.

Invariant: what is stored, what is refused and how many rows were touched is the same. An ``INSERT`` that says what becomes of a conflict by
changing a row goes row by row as before, for there a row may meet another of its own statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, Self

import psycopg
from django.db.backends.postgresql import base

__all__ = ["Cursor", "DatabaseWrapper"]

_AT_ONCE: Final = 256
_BYTES: Final = 1 << 20
"""Of values in one statement, unless one row has more: it stands in memory twice over, as digits."""
_MANY: Final = re.compile(
    r"(?P<head>\s*INSERT INTO [^()%]+ \([^()%]+\) VALUES )(?P<row>\([^()]+\))(?P<tail>(?: ON CONFLICT(?: \([^()%]+\))? DO NOTHING)?\s*)"
)


def _pieces(rows: Iterable[Sequence[Any]]) -> Iterator[list[Sequence[Any]]]:
    """The rows in pieces that one statement may carry."""
    piece: list[Sequence[Any]] = []
    size = 0
    for row in rows:
        more = sum(len(value) for value in row if isinstance(value, bytes | str))
        if piece and (len(piece) == _AT_ONCE or size + more > _BYTES):
            yield piece
            piece, size = [], 0
        piece.append(row)
        size += more
    if piece:
        yield piece


class Cursor(psycopg.ClientCursor[Any]):
    """psycopg's cursor as Django uses it; ``rowcount`` after `executemany` is of all its rows."""

    _written: int | None = None

    @property
    def rowcount(self) -> int:
        """The rows that the last statement touched, or all of the last `executemany`."""
        return super().rowcount if self._written is None else self._written

    def execute(self, query: Any, params: Any = None, **options: Any) -> Self:
        """As psycopg's."""
        self._written = None
        return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        """As psycopg's; rows that are inserted go many at a time."""
        self._written = None
        rows = list(params_seq)
        found = _MANY.fullmatch(query) if isinstance(query, str) and len(rows) > 1 else None
        if found is None or options:
            super().executemany(query, rows, **options)
            return
        written = 0
        for piece in _pieces(rows):
            self.execute(
                f"{found['head']}{', '.join([found['row']] * len(piece))}{found['tail']}",
                tuple(chain.from_iterable(piece)),
            )
            written += super().rowcount
        self._written = written


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's connection to PostgreSQL, whose cursors are `Cursor`."""

    def get_connection_params(self) -> dict[str, Any]:
        """See the base class."""
        return {**super().get_connection_params(), "cursor_factory": Cursor}
