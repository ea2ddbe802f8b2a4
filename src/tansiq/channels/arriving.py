"""What arrives must have come by the way that its docket names.

Invariant: the docket's route is one that its channel has, and the node that brought it is the one before ours on it. So
nobody passes a desk over that the way names, and the times at the desks are those of desks that had it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.channels.desks import roles_of
from tansiq.channels.ways import require_own_keys
from tansiq.errors import NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.hops import agency_before
from tansiq.exchange.kinds import Arrived
from tansiq.policy.ways import seats, way_rule
from tansiq.protocol.docket import Docket

__all__ = ["between_their_persons", "came_by_their_way", "reading_between"]


def came_by_their_way(arrived: Sequence[Arrived], context: Context) -> None:
    """Raises NotProven ('channels.other-hop') for what a node brought that the docket does not name before ours, and BadInput
    ('policy.wrong-route') for a route that its channel has not.
    """
    for one in arrived:
        docket = one.docket
        seats(docket.channel, docket.route, docket.copies)
        if one.peer != agency_before(docket, context.agency):
            raise NotProven("channels.other-hop", agency=one.peer)


def between_their_persons(arrived: Sequence[Arrived]) -> None:
    """Raises Refused ('channels.not-their-channel') for what came on a channel of persons between desks: what may not leave so is not taken
    so. The roles are those that the desks' directories list.
    """
    for one in arrived:
        docket = one.docket
        if way_rule(docket.channel).own_key:
            found = seats(docket.channel, docket.route, docket.copies, roles=roles_of(docket.route))
            require_own_keys(docket.channel, found)


def reading_between(docket: Docket, agency: str) -> str:
    """The desk between sender and addressee that reads the body: the embassy's office or the liaison officer's, of either
    side; '' when there is none.
    """
    found = seats(docket.channel, docket.route, docket.copies)
    return next((seat.post for seat in found if seat.step in {"office", "liaison"}), "")
