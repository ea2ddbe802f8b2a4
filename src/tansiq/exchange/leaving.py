"""What is still leaving: a statement that waits to be released to a peer, or was released and has no receipt yet.

Invariant: what is still leaving is not erased, for its peer would get another thing than was signed. A query that looks for what is to
be erased leaves it out by itself (`not_leaving`): what waits for a partner that does not answer costs a look into two indexes each, and
keeps nothing behind it from its end.
"""

from __future__ import annotations

from django.db import connection

__all__ = ["is_leaving", "not_leaving"]


def not_leaving(column: str) -> str:
    """The condition, in SQL, that the statement named by ``column`` is not leaving; it holds where there is none."""
    return (
        f"NOT EXISTS (SELECT 1 FROM exchange_outbox o WHERE o.statement = {column}) AND NOT EXISTS "
        f"(SELECT 1 FROM exchange_sent s JOIN exchange_pending p ON p.batch = s.batch WHERE s.statement = {column})"
    )


def is_leaving(statement: bytes) -> bool:
    """Whether some peer has not yet given a receipt for ``statement``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM exchange_outbox WHERE statement = %s UNION ALL "
            "SELECT 1 FROM exchange_sent s JOIN exchange_pending p ON p.batch = s.batch WHERE s.statement = %s LIMIT 1",
            (statement, statement),
        )
        return cursor.fetchone() is not None
