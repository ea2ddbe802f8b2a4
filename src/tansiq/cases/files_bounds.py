"""How much of one officer's uploads may be unfinished at once.

Invariant: whoever begins files and finishes none fills no disk: so many uploads, and together twice the bytes of a largest file.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

from tansiq.errors import TooMuch
from tansiq.exchange.context import Context

__all__ = ["MOST_UPLOADS", "holds_too_much", "is_full", "too_many"]

MOST_UPLOADS: Final = 8
"""How many uploads of one officer may be unfinished at once."""


def _unfinished(officer: str) -> tuple[int, int]:
    """How many uploads of the officer are unfinished, and how many bytes of them are here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), COALESCE(SUM(received), 0) FROM cases_upload WHERE officer = %s", (officer,))
        count, received = cursor.fetchone()
    return int(count), int(received)


def is_full(officer: str, context: Context) -> bool:
    """Whether the officer may begin no other upload."""
    count, received = _unfinished(officer)
    return count >= MOST_UPLOADS or received >= 2 * context.largest_file


def holds_too_much(officer: str, context: Context) -> bool:
    """Whether the officer's unfinished uploads hold more than they may."""
    return _unfinished(officer)[1] > 2 * context.largest_file


def too_many(context: Context) -> TooMuch:
    """What is said then."""
    return TooMuch("cases.file-too-many-unfinished", most=MOST_UPLOADS, limit=2 * context.largest_file)
