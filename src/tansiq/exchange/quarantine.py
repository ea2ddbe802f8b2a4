"""Trying again what was set aside: after an upgrade brought its handler, or a key that was missing came.

Invariant: a statement is never in the queue and set aside at once; what fails again is set aside again with its newest reason. What could
not even be verified when it arrived (it is kept raw) stays where it is: no upgrade makes a signature hold.
"""

from __future__ import annotations

from django.db import connection, transaction


__all__ = ["retry"]


def retry(digest: bytes | None = None) -> int:
    """Queues again the statement with this digest, or everything that can be tried (None); returns how many."""
    narrowed, values = (" AND q.statement = %s", [digest]) if digest is not None else ("", [])
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT q.statement, s.id, q.peer, q.at_ms, (SELECT MIN(r.lane) FROM exchange_received r WHERE r.statement = s.id AND r.peer = q.peer) "
            f"FROM exchange_quarantine q JOIN exchange_statement s ON s.digest = q.statement WHERE q.raw IS NULL{narrowed}",
            values,
        )
        rows = [(bytes(row[0]), bytes(row[1]), row[2], row[3], row[4]) for row in cursor.fetchall()]
        found = [row for row in rows if row[4] is not None]
        cursor.executemany(
            "INSERT INTO exchange_queue (statement, peer, lane, at_ms, waits_for) VALUES (%s, %s, %s, %s, NULL) ON CONFLICT DO NOTHING",
            [(statement, peer, lane, at_ms) for _, statement, peer, at_ms, lane in found],
        )
        cursor.executemany("DELETE FROM exchange_quarantine WHERE statement = %s", [(row[0],) for row in found])
    return len(found)
