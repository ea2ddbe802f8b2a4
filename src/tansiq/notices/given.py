"""To whom this node has passed a notice, and whom its source denies it.

Invariant: written in the commit that passes it; what ends for one of them is told to that one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.db import connection

from tansiq.cases.sql import insert

__all__ = ["given_to", "mark_given"]

_ADD: Final = insert(
    "notices_given",
    ("matter", "agency", "at_ms", "denied"),
    "ON CONFLICT (matter, agency) DO UPDATE SET denied = excluded.denied",
)


def given_to(matter: bytes, *, denied: bool = False) -> list[str]:
    """The agencies to which this node passed a notice, or, with ``denied``, to which it does not."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT agency FROM notices_given WHERE matter = %s AND denied = %s ORDER BY agency", (matter, denied)
        )
        return [row[0] for row in cursor.fetchall()]


def mark_given(matter: bytes, agencies: Iterable[str], *, now_ms: int, denied: bool = False) -> None:
    """Writes down that a notice was passed to ``agencies``, or is denied them, in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.executemany(_ADD, [(matter, agency, now_ms, denied) for agency in agencies])
