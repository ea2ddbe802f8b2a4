"""The agencies that a statement passes, as its docket names them, and which of those who brought it is believed to have.

Invariant: several desks of one agency are one hop. Whoever holds a statement can bring it, and before those whose business it is: so who
came first decides nothing where the agency that the way names brought it too.
"""

from __future__ import annotations

from django.db import connection

from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.statement import Statement

__all__ = ["agency_before", "bringer_of", "hops_of"]


def hops_of(docket: Docket) -> list[str]:
    """The agencies that a statement passes, in order; several desks of one agency are one hop."""
    out: list[str] = []
    for post in docket.route:
        if not out or out[-1] != agency_of(post):
            out.append(agency_of(post))
    return out


def agency_before(docket: Docket, agency: str) -> str:
    """The agency from whose node ``agency`` gets it; '' where it does not stand on the route, or begins it."""
    hops = hops_of(docket)
    return hops[hops.index(agency) - 1] if agency in hops[1:] else ""


def bringer_of(statement: Statement, docket: Docket, *, agency: str, first: str) -> str:
    """Who brought it to ``agency``: whom its way names before it, else who says it, if that one did; otherwise ``first``."""
    named = agency_before(docket, agency) or statement.agency
    if named in {first, agency}:
        return first
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM exchange_received WHERE statement = %s AND peer = %s LIMIT 1", (statement.id, named)
        )
        return named if cursor.fetchone() is not None else first
