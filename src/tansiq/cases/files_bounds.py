"""How much of one officer's files may be unfinished, or drafts, at once.

Invariant: whoever begins files and finishes none, or finishes them and uses none, fills no disk: so many uploads with twice the bytes of
a largest file, and so many drafts with eight times that. A draft is neither sent nor put into a case; what is being uploaded to be one
counts with the size that it was said to have. Both end by themselves after a week.
"""

from __future__ import annotations

from typing import Final

from django.db import connection

from tansiq.errors import TooMuch
from tansiq.exchange.context import Context

__all__ = ["DRAFT_DAYS", "MOST_DRAFTS", "MOST_UPLOADS", "holds_too_much", "refusal", "too_many"]

DRAFT_DAYS: Final = 7
"""How long an upload waits to go on, and a file that was neither sent nor put into a case."""
MOST_UPLOADS: Final = 8
"""How many uploads of one officer may be unfinished at once."""
MOST_DRAFTS: Final = 64
"""How many files of one officer may be drafts, those that are being uploaded among them."""
_LARGEST_OF_UPLOADS: Final = 2
_LARGEST_OF_DRAFTS: Final = 8


def _unfinished(officer: str) -> tuple[int, int]:
    """How many uploads of the officer are unfinished, and how many bytes of them are here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*), COALESCE(SUM(received), 0) FROM cases_upload WHERE officer = %s", (officer,))
        count, received = cursor.fetchone()
    return int(count), int(received)


def _drafts(officer: str) -> tuple[int, int]:
    """How many files of the officer are drafts or will be, and how many bytes they have together."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*), COALESCE(SUM(size), 0) FROM (SELECT size FROM cases_file WHERE officer = %s AND draft "
            "UNION ALL SELECT size FROM cases_upload WHERE officer = %s AND case_ref IS NULL) AS mine",
            (officer, officer),
        )
        count, size = cursor.fetchone()
    return int(count), int(size)


def refusal(officer: str, size: int, context: Context, *, draft: bool) -> TooMuch | None:
    """What is said to an officer who may not begin an upload of ``size`` bytes, as a ``draft`` or into a case; None who may."""
    count, received = _unfinished(officer)
    if count >= MOST_UPLOADS or received >= _LARGEST_OF_UPLOADS * context.largest_file:
        return too_many(context)
    most = _LARGEST_OF_DRAFTS * context.largest_file
    drafts, held = _drafts(officer) if draft else (0, 0)
    if drafts >= MOST_DRAFTS or (draft and held + size > most):
        return TooMuch("cases.file-too-many-drafts", most=MOST_DRAFTS, limit=most, days=DRAFT_DAYS)
    return None


def holds_too_much(officer: str, context: Context) -> bool:
    """Whether the officer's unfinished uploads hold more than they may."""
    return _unfinished(officer)[1] > _LARGEST_OF_UPLOADS * context.largest_file


def too_many(context: Context) -> TooMuch:
    """What is said then."""
    limit = _LARGEST_OF_UPLOADS * context.largest_file
    return TooMuch("cases.file-too-many-unfinished", most=MOST_UPLOADS, limit=limit)
