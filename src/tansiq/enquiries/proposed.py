"""Which entries of registers are proposed for the persons of an enquiry, as its page shows them.

Invariant: reads only; what names a person that the officer may not view is not asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import connection

from tansiq.cases.sql import marks
from tansiq.enquiries.summaries import Json, as_time
from tansiq.exchange.context import Context
from tansiq.names import compare
from tansiq.policy.subjects import Subject
from tansiq.protocol.ids import id_text
from tansiq.registers.listed import Entry
from tansiq.registers.matching import names_of
from tansiq.registers.queries import readable_entry, stored_entries

__all__ = ["proposed_for"]


def _best_name(entry: Entry | None, asked: Sequence[str]) -> str:
    """Of an entry's names the one that fits best the longest name that was asked: a nickname tells little to who decides."""
    if entry is None:
        return ""
    most = max((len(one.split()) for one in asked), default=0)
    longest = [one for one in asked if len(one.split()) == most]
    held = entry.searchable
    return max(held, key=lambda name: max((compare(one, name).score for one in longest), default=0.0), default="")


def proposed_for(named: Mapping[bytes, Sequence[Subject]], context: Context) -> list[Json]:
    """The proposals for the persons named in statements, the best first."""
    if not named:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request, entry, subject, score, reasons, decision, decided_by, decided_ms FROM enquiries_match "
            f"WHERE request IN ({marks(list(named))}) ORDER BY score DESC, entry",
            list(named),
        )
        rows = [(bytes(row[0]), bytes(row[1]), *row[2:]) for row in cursor.fetchall()]
    stored = stored_entries([row[1] for row in rows])
    out = []
    for statement, entry_id, subject, score, reasons, decision, decided_by, decided_ms in rows:
        known = stored.get(entry_id)
        entry = readable_entry(known, context.keys) if known is not None else None
        subjects = named[statement]
        asked = names_of(subjects[subject]) if subject < len(subjects) else []
        out.append(
            {
                "entry": id_text(entry_id),
                "statement": id_text(statement),
                "register": known.register if known else "",
                "reference": known.reference if known else "",
                "listed": known.listed if known else False,
                "name": _best_name(entry, asked),
                "names": list(entry.searchable) if entry is not None else [],
                "subject": subject,
                "score": score,
                "reasons": reasons.split(),
                "decision": decision,
                "decided_by": decided_by,
                "decided_at": as_time(decided_ms),
            }
        )
    return out
