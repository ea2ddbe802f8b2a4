"""Whom a register may know of the persons asked about: proposed as something arrives, decided by a person, forgotten with
the question.

Invariant: a proposal is an entry with reasons, under the statement in which the person was named; it says nothing by
itself (Directive (EU) 2016/680, Article 11). Directive (EU) 2023/977, Article 16(1)(d).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection

from tansiq.cases.queries import ItemRow
from tansiq.cases.sql import insert
from tansiq.enquiries.drafts import CLARIFICATION, REQUEST
from tansiq.exchange.context import Context
from tansiq.policy.subjects import Subject
from tansiq.registers.matching import index_of

__all__ = ["add_matches", "forget_matches", "matches_of"]

_MOST_MATCHES = 10
_ADD = insert(
    "enquiries_match",
    ("request", "entry", "subject", "score", "reasons", "decision", "decided_by", "matter"),
    "ON CONFLICT DO NOTHING",
)


def matches_of(
    matter: bytes,
    statement: bytes,
    subjects: Sequence[Subject],
    context: Context,
    *,
    posts: Collection[str] = (),
    fresh: bool = False,
) -> list[tuple[Any, ...]]:
    """What the registers propose for ``subjects``, each entry once, under the subject that it fits best, as rows to add.

    Only registers are asked that all who see the matter may read: everybody on its ``posts``. ``fresh``: the index was brought up
    to date just now.
    """
    index = index_of(context)
    if not fresh:
        index.refresh()
    registers = index.shared([post for post in posts if post])
    best: dict[bytes, tuple[float, int, str]] = {}
    for place, subject in enumerate(subjects):
        for match in index.match(subject, limit=_MOST_MATCHES, registers=registers):
            if match.entry not in best or match.score > best[match.entry][0]:
                best[match.entry] = (match.score, place, " ".join(match.reasons)[:1024])
    return [
        (statement, entry, place, score, reasons, "", "", matter) for entry, (score, place, reasons) in best.items()
    ]


def add_matches(rows: Sequence[tuple[Any, ...]]) -> None:
    """Adds proposals, in the caller's transaction."""
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(_ADD, rows)


def forget_matches(items: Sequence[ItemRow]) -> None:
    """When what named a person ends, so does what was found: the entries proposed would tell who it was."""
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM enquiries_match WHERE request = %s",
            [(item.statement,) for item in items if item.kind in {REQUEST, CLARIFICATION}],
        )
