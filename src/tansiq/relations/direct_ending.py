"""The end of what heads said to one another: after a time of the agency's choice, or earlier where the originator's conditions want it, the
words are gone; that they were said, and what became of it, stays.

Invariant: the order is the mark on the row with its leaf in the access journal, then what opens the body (the wraps of every hop; an empty slot in
the key store, which outlives a restored backup), then the ciphertext: killed between, it is still due and is finished. What has not reached its
addressee yet waits. What was handed down is an item and ends by its own rule. Directive (EU) 2016/680, Articles 5 and 25; Regulation (EU)
2024/982, Article 51(4)(b) (the provider's longest retention).
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Final

from django.db import connection, transaction

from tansiq.cases.erasure import NODE, Ground
from tansiq.cases.items import DAY_MS
from tansiq.errors import BadInput, Conflict
from tansiq.exchange.context import Context
from tansiq.exchange.copies import empty_copies, wrap_names
from tansiq.exchange.leaving import not_leaving
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.conditions import Conditions
from tansiq.protocol.cbor import decode, encode

__all__ = ["LONGEST_DAYS", "bring_forward", "end_ms", "erase_direct_due", "set_direct_days"]

LONGEST_DAYS: Final = 3 * 365
"""No message is kept for longer than after which an item must be reviewed."""
_days: Final = [365]
_DUE: Final = (
    f"SELECT w.statement FROM relations_direct_word w WHERE w.erase_ms <= %s AND {not_leaving('w.statement')} "
    "ORDER BY w.erase_ms, w.statement LIMIT %s"
)


def set_direct_days(days: int) -> None:
    """Takes how many days after it was said, or came, a message ends here. Raises BadInput ('relations.wrong-term')."""
    if not 1 <= days <= LONGEST_DAYS:
        raise BadInput("relations.wrong-term", most=LONGEST_DAYS)
    _days[0] = days


def end_ms(since_ms: int, conditions: Conditions | None = None) -> int:
    """When a message ends here (UTC milliseconds) that we said, or that came, at ``since_ms``: by our rule, or by its conditions where
    they are known.
    """
    ours = since_ms + _days[0] * DAY_MS
    theirs = conditions.erase_by_ms if conditions is not None else None
    return ours if theirs is None else min(ours, theirs)


def bring_forward(statement: bytes, conditions: Conditions | None) -> None:
    """Lets a message end when its conditions say, now that its reader has opened them; an earlier end stays. In the caller's transaction."""
    if conditions is not None and conditions.erase_by_ms is not None:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE relations_direct_word SET erase_ms = %s WHERE statement = %s AND erase_ms > %s",
                (conditions.erase_by_ms, statement, conditions.erase_by_ms),
            )


def erase_direct_due(*, context: Context, limit: int = 100) -> int:
    """Erases the bodies of up to ``limit`` messages whose end has come, and finishes what a crash left; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_DUE, (context.clock(), limit))
        due = [bytes(row[0]) for row in cursor.fetchall()]
    if due:
        _mark(due, context)
    for statement in due:
        _empty(statement, context)
    return len(due)


def _mark(statements: Sequence[bytes], context: Context) -> None:
    """Says on the row and in the access journal that it ended; a mark that stands is not made again."""
    now_ms = context.clock()
    with transaction.atomic(), connection.cursor() as cursor:
        fresh = []
        for statement in statements:
            cursor.execute(
                "UPDATE relations_direct_word SET erased_ms = %s WHERE statement = %s AND erased_ms IS NULL",
                (now_ms, statement),
            )
            if cursor.rowcount:
                fresh.append(statement)
        log_access(
            [
                Access(
                    operation=Operation.ERASURE,
                    officer=NODE,
                    ordered_by=NODE,
                    thing=statement,
                    purpose="",
                    justification=str(Ground.RETENTION),
                    time_ms=now_ms,
                )
                for statement in fresh
            ],
            keys=context.keys,
        )


def _empty(statement: bytes, context: Context) -> None:
    """What opens a body, then the body; its docket stays. Again, it changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT parts FROM exchange_statement WHERE id = %s", (statement,))
        row = cursor.fetchone()
    places = 0 if row is None else len(decode(bytes(row[0])))
    context.keys.drop_wraps(wrap_names([statement]))
    for place in range(places, 0, -1):
        with contextlib.suppress(Conflict):  # no keys at all: nothing here opens it
            context.keys.erase(statement, place=place, closed=True)
    with transaction.atomic(), connection.cursor() as cursor:
        empty_copies([statement])
        cursor.execute("UPDATE exchange_statement SET parts = %s WHERE id = %s", (encode([None] * places), statement))
        cursor.execute("UPDATE relations_direct_word SET erase_ms = NULL WHERE statement = %s", (statement,))
