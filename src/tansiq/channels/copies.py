"""Dockets that stand here for a desk that is not the addressee: of what passed, and of what the desk gets a copy.

Invariant: a row says what the docket says, in codes; a desk that is only copied never reads the body by it. The copy of a
desk on another node is brought by the side of its own state: the sender's of what it says, the addressee's of what it gets. Who
has the docket of what heads say each service rules for itself. Of what its head is told that can only be a desk of its own node: a
docket travels to nobody whom its author did not name.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final

from django.db import connection

from tansiq.channels.ending import ends_at
from tansiq.channels.houserules import house_rules
from tansiq.channels.stops import sign_stop
from tansiq.errors import Error, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, passes
from tansiq.exchange.readers import post_reader
from tansiq.exchange.services import relay
from tansiq.policy.ways import Seat, seats, state_of
from tansiq.protocol.docket import ALL_MEMBERS, Docket, agency_of
from tansiq.protocol.statement import Statement

__all__ = ["copy_here", "follow_copies", "keep_passages", "note_said"]

_DIRECT: Final = "direct"
_FOUR: Final = frozenset({"interpol", "embassy", "liaison", _DIRECT})
_BESIDE: Final = frozenset({"sender.bureau", "hub", "addressee.bureau", "copy"})
_ADD: Final = (
    "INSERT INTO channels_passage (statement, post, step, reads_body, kind, channel, field, matter, sender, addressee, "
    "deadline_class, said_ms, peer, onward, taken_ms, handed_ms, ends_ms) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_log = logging.getLogger("tansiq.channels")


def _keep(
    statement: Statement,
    docket: Docket,
    found: Sequence[Seat],
    *,
    peer: str,
    taken_ms: int,
    onward: str = "",
    handed_ms: int | None = None,
    ends_ms: int | None = None,
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            _ADD,
            [
                (
                    statement.id, seat.post, seat.step, seat.reads_body, docket.kind, docket.channel, docket.field,
                    docket.matter, docket.sender, docket.addressees[0] if docket.addressees else "", docket.deadline_class,
                    statement.time_ms, peer, onward, taken_ms, handed_ms, ends_ms,
                )
                for seat in found
            ],
        )  # fmt: skip


def keep_passages(one: Arrived, found: Sequence[Seat], *, onward: str, handed_ms: int) -> None:
    """Keeps that a statement passed our desks ``found``, in the caller's transaction."""
    _keep(
        one.statement,
        one.docket,
        found,
        peer=one.peer,
        taken_ms=one.at_ms,
        onward=onward,
        handed_ms=handed_ms,
        ends_ms=ends_at(found, taken_ms=one.at_ms),
    )


def copy_here(one: Arrived, context: Context) -> None:
    """Keeps the docket of which a desk of ours gets a copy. Raises Refused ('channels.not-for-us': none does)."""
    ours = [post for post in one.docket.copies if agency_of(post) == context.agency]
    ends = {agency_of(one.docket.sender), *map(agency_of, one.docket.addressees)}
    if not ours or one.peer not in ends:
        raise Refused("channels.not-for-us")
    copied = [Seat(post, "copy", reads_body=False) for post in ours]
    ends_ms = ends_at(copied, taken_ms=one.at_ms)
    _keep(one.statement, one.docket, copied, peer=one.peer, taken_ms=one.at_ms, ends_ms=ends_ms)


def _ruled(docket: Docket) -> tuple[str, ...]:
    """The desks that our service lets have the docket of what heads say."""
    return house_rules().direct_copies if docket.channel == _DIRECT else ()


def _here(docket: Docket, agency: str) -> list[Seat]:
    """Our desks that have something of it and are neither of the two ends nor the office or officer between, who see the
    matter itself: bureaux of ours on the way, and desks that get a copy, those that the docket names and, of what heads say,
    those that we rule.
    """
    found = seats(docket.channel, docket.route, tuple(dict.fromkeys((*docket.copies, *_ruled(docket)))))
    return [seat for seat in found if agency_of(seat.post) == agency and seat.step in _BESIDE]


def note_said(said: Sequence[tuple[Statement, Docket]], *, context: Context) -> None:
    """Keeps, of what we said, the dockets for our own desks beside the matter, in the caller's transaction."""
    for statement, docket in said:
        if found := _here(docket, context.agency):
            _keep(statement, docket, found, peer="", taken_ms=statement.time_ms)


def follow_copies(arrived: Sequence[Arrived], context: Context) -> None:
    """Of what was handled for us: the dockets for our desks that get a copy, here and on other nodes of our state, and our
    word on when we took what came by a relay. In the dispatch's transaction.
    """
    for one in arrived:
        docket = one.docket
        if docket.channel not in _FOUR or ALL_MEMBERS in docket.addressees or passes(docket, context.agency):
            continue
        if found := _here(docket, context.agency):
            _keep(one.statement, docket, found, peer=one.peer, taken_ms=one.at_ms)
        if len(docket.route) > 1 and agency_of(docket.route[-1]) == context.agency:
            sign_stop(one.statement, docket, docket.route[-1], taken_ms=one.at_ms, context=context)
        for post in docket.copies:
            theirs = agency_of(post)
            if theirs != context.agency and state_of(theirs) == state_of(context.agency):
                _bring(one, post, theirs, context)


def _bring(one: Arrived, post: str, to: str, context: Context) -> None:
    """Passes the docket on to another node of our state; a node that we don't know gets none."""
    try:
        readers = [post_reader(post, peer=to, now_ms=context.clock(), docket_only=True)]
        relay(one.statement.id, to=to, readers=readers, context=context)
    except Error as error:
        _log.warning("%s gets no copy of a docket: %s", to, error.code)
