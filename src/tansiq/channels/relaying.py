"""Passing on: what stands on the way of a statement that is for somebody else hands it to the next hop, and signs for it.

Invariant: a statement goes on as it came, byte for byte, whatever its kind; our entry names our desk with the time at which we
took it and that at which we hand it on. Who reads the docket alone here gives the docket alone: only the next desk's wrap is
added, and only where none came for it. What does not stand on the way, or came by another one, is set aside with its reason.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from tansiq.channels.arriving import came_by_their_way
from tansiq.channels.copies import copy_here, follow_copies, keep_passages
from tansiq.channels.stops import KIND as STOPS
from tansiq.channels.stops import sign_stop, take_stops
from tansiq.directory.queries import documents_of
from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Reader
from tansiq.exchange.hops import hops_of
from tansiq.exchange.kinds import Arrived, follow_handled, register, register_passing
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import relay
from tansiq.policy.ways import Seat, seats
from tansiq.protocol.cbor import decode
from tansiq.protocol.docket import agency_of
from tansiq.protocol.envelope import Handover
from tansiq.protocol.wraps import parse_wrap

__all__ = ["pass_on", "register_ways"]


def _went(statement: bytes, to: str) -> bool:
    """Whether it went to ``to`` already, or waits for it: after a restore what is handled again is not said again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM exchange_outbox WHERE statement = %s AND peer = %s UNION ALL "
            "SELECT 1 FROM exchange_sent WHERE statement = %s AND peer = %s LIMIT 1",
            (statement, to, statement, to),
        )
        return cursor.fetchone() is not None


def _lacking(one: Arrived, post: str, to: str, context: Context) -> list[Reader]:
    """The docket's wrap for the next desk, where none came for a key of its agency."""
    theirs = {key.key.identifier for document in documents_of(to) for key in document.keys}
    kept = context.keys.wraps([one.statement.id], one.peer).get(one.statement.id, b"\x80")
    if any(parse_wrap(wrap).reader in theirs for wrap in decode(kept)):
        return []
    return [post_reader(post, peer=to, now_ms=context.clock(), docket_only=True)]


def _ours(one: Arrived, context: Context) -> list[Seat]:
    docket = one.docket
    found = seats(docket.channel, docket.route, docket.copies)
    return [seat for seat in found if agency_of(seat.post) == context.agency]


def _hand_on(one: Arrived, ours: Sequence[Seat], context: Context) -> None:
    """Hands a statement to the next hop and writes down that it was here."""
    docket, now_ms = one.docket, context.clock()
    hops = hops_of(docket)
    to = hops[hops.index(context.agency) + 1]
    following = next(post for post in docket.route if agency_of(post) == to)
    if not _went(one.statement.id, to):
        relay(
            one.statement.id,
            to=to,
            readers=_lacking(one, following, to, context),
            handovers=[Handover(seat.post, one.at_ms, now_ms) for seat in ours],
            onward=True,
            context=context,
        )
    for seat in ours:
        sign_stop(one.statement, docket, seat.post, taken_ms=one.at_ms, handed_ms=now_ms, to=to, context=context)
    keep_passages(one, ours, onward=to, handed_ms=now_ms)


def pass_on(arrived: Sequence[Arrived], context: Context) -> None:
    """Handles what only passes here. In the dispatch's transaction.

    Raises NotProven (it came by another way), Refused ('channels.not-for-us': nobody is behind us), and as `relay` does.
    """
    for one in arrived:
        on_route = [seat for seat in _ours(one, context) if seat.step != "copy"]
        if not on_route:
            copy_here(one, context)
            continue
        came_by_their_way([one], context)
        if hops_of(one.docket)[-1] == context.agency:
            raise Refused("channels.not-for-us")
        _hand_on(one, on_route, context)


def register_ways() -> None:
    """Registers what this node does with what passes it, and with what it is told of the ways of its own statements."""
    register(STOPS, take_stops)
    register_passing(pass_on)
    follow_handled(follow_copies)
