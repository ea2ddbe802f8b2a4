"""Handing on: what passes the officer goes on by the officer's act, to the host or to the desk at home.

Invariant: only the officer whose accreditation carries the case hands on, and signs for it by the handover: when the desk's word was
taken, when it was handed on. What was sealed to the officer's own key becomes the desk's only by this act; its originator's
conditions go with it.
"""

from __future__ import annotations

from collections import defaultdict

from django.db import transaction

from tansiq.cases.services import add_items
from tansiq.enquiries.notices import ring
from tansiq.errors import Conflict, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Reader
from tansiq.exchange.eyes_only import open_with
from tansiq.exchange.services import relay
from tansiq.journal.access import Access, Operation, log_access
from tansiq.protocol.docket import agency_of
from tansiq.protocol.envelope import Handover
from tansiq.protocol.ids import id_text
from tansiq.relations.liaison import (
    MESSAGE,
    ChannelRow,
    LiaisonRow,
    Seat,
    channels_for,
    line_of,
    note_handed,
    seat_of,
    word_of,
)
from tansiq.relations.liaison_basis import basis_of
from tansiq.relations.liaison_judging import judged
from tansiq.relations.liaison_limits import require_carried
from tansiq.relations.liaison_saying import message_items, purpose_of, route_between, way_out
from tansiq.relations.officers import KeyOfficer

__all__ = ["hand_on"]


def hand_on(statement: bytes, *, context: Context, officer: KeyOfficer) -> None:
    """Hands a message on: the desk's to the host, the host's (or the officer's own) to the desk.

    Raises NotFound (no such message of this officer's), Refused (the accreditation does not carry it now; the message is not
    proven or not lawful) and Conflict (it was handed on already, or is for the officer and the desk in any case).
    """
    with transaction.atomic():
        row = word_of(statement, lock=True)
        sitting, channel = _channels(row, officer)
        require_carried(sitting, at_ms=context.clock())
        if row.waits and row.sender == channel.desk:
            _to_host(row, channel, context)
        elif row.closed:
            _to_desk(row, channel, officer, context)
        else:
            raise Conflict("relations.handed-already", statement=id_text(statement))
        note_handed(statement, by=officer.number, now_ms=context.clock(), opened=row.closed)
        access = Access(
            operation=Operation.DISCLOSURE,
            officer=officer.number,
            thing=channel.matter,
            purpose="",
            justification=MESSAGE,
            recipients=(channel.counterpart if row.sender == channel.desk else channel.desk,),
            time_ms=context.clock(),
        )
        log_access([access], keys=context.keys)


def _channels(row: LiaisonRow, officer: KeyOfficer) -> tuple[ChannelRow, ChannelRow]:
    """The officer's own channel, and the one on which it was said: the same, or a predecessor's. Raises NotFound."""
    for one in channels_for(number=officer.number, posts=officer.posts):
        if seat_of(one, number=officer.number, posts=officer.posts) is Seat.OFFICER:
            for said_on in line_of(one):
                if said_on.matter == row.matter:
                    return one, said_on
    raise NotFound("relations.unknown-word", statement=id_text(row.statement))


def _to_host(row: LiaisonRow, channel: ChannelRow, context: Context) -> None:
    """The desk's word, sealed to the host now, with the officer's handover."""
    now_ms = context.clock()
    way = way_out(channel, route_between(channel, Seat.DESK, Seat.COUNTERPART), context=context)
    by_peer: dict[str, list[Reader]] = defaultdict(list)
    for reader in way.readers:
        by_peer[reader.peer].append(reader)
    for peer, readers in by_peer.items():
        relay(
            row.statement,
            to=peer,
            readers=readers,
            handovers=[Handover(channel.liaison_post, row.said_ms, now_ms)],
            context=context,
        )


def _to_desk(row: LiaisonRow, channel: ChannelRow, officer: KeyOfficer, context: Context) -> None:
    """What only the officer's key opened, opened to this node: it becomes an item of the case like any other."""
    if not officer.reading:
        raise Refused("relations.key-closed")
    arrived = open_with(row.statement, officer.reading, context=context)
    message, _ = judged(arrived, channel, reading=officer.reading, context=context)
    standing = basis_of(
        message.law_of, channel, agency=arrived.statement.agency, reading=officer.reading, context=context
    )
    context.keys.add_parts(row.statement, arrived.part_keys)
    items = message_items(message, row, channel, sender=agency_of(row.sender), purpose=purpose_of(message, standing))
    add_items(items, context=context)
    ring([(channel.desk, message.urgency_ground is not None)])
