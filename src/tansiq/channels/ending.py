"""How long what only passed stays here: the keys go, the register stays.

Invariant: a desk that handed on what it may not read keeps nothing of it beyond four weeks (Regulation (EU) 2023/969, Article 21); what
a desk on the way reads, and what it has a copy of, is kept until the review of what is closed (Directive (EU) 2023/977, Article
16(3)). Nothing ends before it was delivered; what else this node has of a statement, as one of its two ends, is not touched.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction

from tansiq.errors import Conflict, NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.erasure import erase
from tansiq.exchange.leaving import not_leaving
from tansiq.policy.ways import Seat
from tansiq.protocol.cbor import decode, encode

__all__ = ["ends_at", "sweep_passed"]

_DAY_MS: Final = 86_400_000
PASSED_MS: Final = 28 * _DAY_MS
READ_MS: Final = 182 * _DAY_MS
_REASON: Final = "passed"
_DUE: Final = f"""
SELECT DISTINCT due.statement FROM channels_passage AS due WHERE due.ends_ms <= %s
AND NOT EXISTS (SELECT 1 FROM channels_passage AS other WHERE other.statement = due.statement
                AND (other.ends_ms IS NULL OR other.ends_ms > %s))
AND {not_leaving("due.statement")}
LIMIT %s
"""


def ends_at(found: Sequence[Seat], *, taken_ms: int) -> int:
    """When what passed desks of ours ends here: the longest that one of them may keep it."""
    kept = any(seat.reads_body or seat.step == "copy" for seat in found)
    return taken_ms + (READ_MS if kept else PASSED_MS)


def _empty(statement: bytes) -> None:
    """Lets go of the ciphertexts, which nobody here could open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT parts FROM exchange_statement WHERE id = %s", (statement,))
        row = cursor.fetchone()
        if row is not None:
            parts = encode([None] * len(decode(bytes(row[0]))))
            cursor.execute("UPDATE exchange_statement SET parts = %s WHERE id = %s", (parts, statement))


def sweep_passed(*, context: Context, limit: int = 200) -> int:
    """Ends up to ``limit`` statements whose time here is over; returns how many. What is still leaving waits."""
    with connection.cursor() as cursor:
        now_ms = context.clock()
        cursor.execute(_DUE, (now_ms, now_ms, limit))
        due = [bytes(row[0]) for row in cursor.fetchall()]
    count = 0
    for statement in due:
        with contextlib.suppress(Conflict):
            with contextlib.suppress(NotFound):
                erase(statement, context=context, reason=_REASON)
            with transaction.atomic(), connection.cursor() as cursor:
                _empty(statement)
                cursor.execute("UPDATE channels_passage SET ends_ms = NULL WHERE statement = %s", (statement,))
            count += 1
    return count
