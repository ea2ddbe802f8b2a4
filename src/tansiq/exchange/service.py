"""Service statements: what nodes tell one another about themselves, on the urgent lane, whatever the channels say.

Invariant: they carry no matter of any case, are sealed to the peer's node and always pass.

    service.directory   our newer directory document
    service.epoch       we restored a backup and go on under this epoch; why; what can no longer come
    service.backup      up to where our backup covers what you sent, so that you may drop its wraps
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence

from django.db import connection, transaction

from tansiq.directory.queries import current_directory, partners
from tansiq.directory.services import take_directory
from tansiq.errors import BadInput, Error, NotFound, NotProven
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.kept import drop_covered, parse_coverage
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.lanes import advance_mark
from tansiq.exchange.peers import peer_state
from tansiq.exchange.services import send_many
from tansiq.protocol.directory import Use, parse_directory
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.keys import PublicSealingKey
from tansiq.protocol.limits import MAX_EPOCH, MAX_INTEGER
from tansiq.protocol.parts import Part

__all__ = ["SERVICE_CHANNEL", "announce", "node_key", "register_kinds", "tell_directory"]

SERVICE_CHANNEL = "service"
_log = logging.getLogger("tansiq.exchange")


def node_key(peer: str, *, now_ms: int) -> PublicSealingKey:
    """The key to which something for the node of ``peer`` is sealed now. Raises NotFound."""
    usable = [key for key in current_directory(peer).keys if (key.use, key.owner) == (Use.NODE_OPENS, peer)]
    usable = [key for key in usable if key.doubt_at(now_ms) in {"", "early"}]  # early: its clock and ours differ
    if not usable:
        raise NotFound("exchange.no-node-key", agency=peer)
    return PublicSealingKey(max(usable, key=lambda key: (not key.doubt_at(now_ms), key.from_ms)).public)


def _draft(peer: str, part: Part, context: Context) -> Draft:
    key = node_key(peer, now_ms=context.clock())
    docket = Docket(
        kind=part.kind,
        channel=SERVICE_CHANNEL,
        matter=secrets.token_bytes(16),
        sender=f"{context.agency}/node",
        route=(f"{context.agency}/node", f"{peer}/node"),
        addressees=(f"{peer}/node",),
    )
    return Draft(docket=docket, parts=[part], readers=[Reader(peer, key)], lane=Lane.URGENT)


def announce(peer: str, part: Part, *, context: Context) -> None:
    """Sends one service statement to ``peer``. Raises NotFound when nothing can be sealed to its node."""
    send_many([_draft(peer, part, context)], context=context)


def tell_directory(*, context: Context) -> int:
    """Sends our directory document to every confirmed partner that has not got it yet; returns to how many."""
    own = context.directory
    told = 0
    for partner in partners():
        if partner.is_self or not partner.confirmed_ms or peer_state(partner.agency).directory_sent >= own.number:
            continue
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                announce(partner.agency, Part("service.directory", {0: own.encoded}), context=context)
                cursor.execute(
                    "UPDATE exchange_peer SET directory_sent = %s WHERE peer = %s", (own.number, partner.agency)
                )
        except Error as error:
            _log.warning("%s is not told our directory: %s", partner.agency, error)
        else:
            told += 1
    return told


def _take_directories(arrived: Sequence[Arrived], context: Context) -> None:
    for one in arrived:
        part = one.part("service.directory")
        encoded = part.content.get(0) if part else None
        if type(encoded) is not bytes:
            raise BadInput("protocol.wrong-field", what="service.directory", field=0)
        if parse_directory(encoded).agency != one.statement.agency:
            raise NotProven("protocol.other-identity", agency=one.statement.agency)
        take_directory(encoded, now_ms=context.clock())


def _own_word(one: Arrived) -> None:
    """Raises NotProven when a peer passes on what another agency says of its own relation with us."""
    if one.statement.agency != one.peer:
        raise NotProven("protocol.other-identity", agency=one.statement.agency)


def _take_backups(arrived: Sequence[Arrived], context: Context) -> None:
    """A peer's backup covers what it says: wraps kept for its restore may go."""
    for one in arrived:
        _own_word(one)
        part = one.part("service.backup")
        if part is None:
            raise BadInput("protocol.wrong-field", what="service.backup", field=0)
        drop_covered(one.peer, parse_coverage(part.content), context=context)


def _lost_ranges(part: Part | None) -> list[tuple[int, int, list[tuple[int, int]]]]:
    """``(epoch, lane, ranges)`` of the numbers that can no longer come. Raises BadInput."""
    out = []
    for value in (part.content.get(3) if part else None) or []:
        if type(value) is not list or len(value) != 4 or type(value[3]) is not list:
            raise BadInput("protocol.wrong-field", what="service.epoch", field=3)
        epoch, lane, upto, ranges = value
        numbers = [epoch, lane, upto]
        for pair in ranges:
            if type(pair) is not list or len(pair) != 2:
                raise BadInput("protocol.wrong-field", what="service.epoch", field=3)
            numbers += pair
        if any(type(number) is not int or not 0 <= number <= MAX_INTEGER for number in numbers):
            raise BadInput("protocol.wrong-field", what="service.epoch", field=3)
        if not 1 <= epoch <= MAX_EPOCH or lane not in tuple(Lane):
            raise BadInput("protocol.wrong-field", what="service.epoch", field=3)
        out.append((epoch, lane, [(first, last) for first, last in ranges]))
    return out


def _take_epochs(arrived: Sequence[Arrived], context: Context) -> None:
    """A peer restored a backup: what it lost for good is waited for no longer."""
    for one in arrived:
        _own_word(one)
        for epoch, lane, ranges in _lost_ranges(one.part("service.epoch")):
            advance_mark(one.peer, epoch, lane, lost=ranges)


def register_kinds() -> None:
    """Registers the kinds of this room."""
    register("service.directory", _take_directories)
    register("service.backup", _take_backups)
    register("service.epoch", _take_epochs)
