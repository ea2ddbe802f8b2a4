"""What arrives must have come by the way that its docket names.

Invariant: the docket's route is one that its channel has, and the node that brought it is the one before ours on it. So
nobody passes a desk over that the way names, and the times at the desks are those of desks that had it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.errors import NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived
from tansiq.policy.ways import seats
from tansiq.protocol.docket import Docket, agency_of

__all__ = ["agency_before", "came_by_their_way", "hops_of", "reading_between"]


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


def came_by_their_way(arrived: Sequence[Arrived], context: Context) -> None:
    """Raises NotProven ('channels.other-hop') for what a node brought that the docket does not name before ours, and BadInput
    ('policy.wrong-route') for a route that its channel has not.
    """
    for one in arrived:
        docket = one.docket
        seats(docket.channel, docket.route, docket.copies)
        if one.peer != agency_before(docket, context.agency):
            raise NotProven("channels.other-hop", agency=one.peer)


def reading_between(docket: Docket, agency: str) -> str:
    """The desk between sender and addressee that reads the body: the embassy's office or the liaison officer's, of either
    side; '' when there is none.
    """
    found = seats(docket.channel, docket.route, docket.copies)
    return next((seat.post for seat in found if seat.step in {"office", "liaison"}), "")
