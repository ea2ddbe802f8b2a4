"""Which matters may belong together, as far as dockets share something: proposed to a person, who decides.

Invariant: two things are looked at and nothing else: the same reference of a case, and that a docket of one names a statement of the other.
Nothing of a person is compared, nothing is scored, and what somebody decided is not proposed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import connection

from tansiq.cases.sql import marks
from tansiq.office.compartments import Compartment
from tansiq.office.directing import links_of
from tansiq.office.rows import FlowRow, flow_rows

__all__ = ["Proposal", "proposals_for"]

_MOST: Final = 20
_NAMES: Final = (
    "SELECT DISTINCT t.matter FROM office_docket d JOIN office_docket t ON t.statement = d.answers AND t.office = d.office "
    "WHERE d.matter = %s AND d.office = %s AND t.matter <> d.matter LIMIT %s"
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A matter that may belong to the one that is looked at, and why: 'case' (the same reference of a case), 'named' (its statement is
    named). ``other_channel``: it goes by another channel, so it may be the same matter twice.
    """

    row: FlowRow
    why: tuple[str, ...]
    other_channel: bool


def proposals_for(row: FlowRow, who: Compartment) -> list[Proposal]:
    """What may belong to ``row``, of what ``who`` sees, the latest move first; nothing that was decided."""
    why: dict[bytes, list[str]] = {}
    if row.case is not None:
        for one in flow_rows(
            "office = %s AND case_ref = %s ORDER BY moved_ms DESC LIMIT %s", [row.office, row.case, 4 * _MOST]
        ):
            why.setdefault(one.matter, []).append("case")
    with connection.cursor() as cursor:
        cursor.execute(_NAMES, [row.matter, row.office, _MOST])
        for (matter,) in cursor.fetchall():
            why.setdefault(bytes(matter), []).append("named")
    decided = links_of(row)
    wanted = [matter for matter in why if matter != row.matter and matter not in decided]
    if not wanted:
        return []
    found = flow_rows(f"office = %s AND matter IN ({marks(wanted)}) ORDER BY moved_ms DESC", [row.office, *wanted])
    return [
        Proposal(one, tuple(why[one.matter]), other_channel=one.channel != row.channel)
        for one in found
        if who.sees(one.service, one.assigned) and (one.together is None or one.together != row.together)
    ][:_MOST]
