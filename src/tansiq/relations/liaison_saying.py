"""Saying something on a liaison officer's channel, and handing on what passes the officer.

Invariant: the law and the accreditation are asked first, and nothing is stored when they say no; what is said, its row, its items
and its leaf in the access journal are one commit. What the officer says leaves sealed to the officer's own key, the recovery readers
and the addressee: this node keeps its docket's key alone. What a desk says to the host waits until the officer hands it on, who signs
for it by the handover. Directive (EU) 2016/680, Articles 8, 25 and 35.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction

from tansiq.cases.items import NewItem, Whence, plain_item
from tansiq.cases.services import add_items
from tansiq.channels.accreditations import accreditation_row, words_of
from tansiq.channels.agreed import check_agreed
from tansiq.channels.queries import taken_back
from tansiq.channels.ways import Way, find
from tansiq.directory.queries import own_directory, sealing_key_of
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.drafts import languages_of
from tansiq.enquiries.notices import ring
from tansiq.enquiries.wording import languages_read
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, OfficerAct
from tansiq.exchange.services import send
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.accreditation_course import Move
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import Faults, refuse
from tansiq.policy.languages import language_faults
from tansiq.policy.liaison import LiaisonMessage, message_faults
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.envelope import Lane
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.parts import Part
from tansiq.relations.liaison import (
    CHANNEL,
    MESSAGE,
    ChannelRow,
    LiaisonRow,
    Seat,
    add_words,
    channel_row,
    words_on,
)
from tansiq.relations.liaison_basis import basis_of
from tansiq.relations.liaison_limits import require_carried
from tansiq.relations.officers import KeyOfficer

__all__ = [
    "Prepared",
    "faults_of",
    "languages_of_seat",
    "message_items",
    "prepare",
    "purpose_of",
    "route_between",
    "say",
    "way_out",
]

_STRAIGHT: Final = 2
"""Posts on a route with nobody between."""


def route_between(channel: ChannelRow, seat: Seat, to: Seat) -> tuple[str, ...]:
    """The posts that a message passes from one seat to another. Raises BadInput for a way that the channel has not."""
    if seat is to or not (channel.ours or Seat.COUNTERPART in {seat, to}):
        raise BadInput("relations.wrong-way")
    between = () if Seat.OFFICER in {seat, to} else (channel.liaison_post,)
    return (channel.post_of(seat), *between, channel.post_of(to))


def languages_of_seat(channel: ChannelRow, to: Seat) -> tuple[str, ...]:
    """The languages that whoever it is for reads: the officer's own, or those of the desk."""
    if to is Seat.OFFICER:
        return accreditation_row(channel.accreditation).languages
    return languages_read(channel.post_of(to))


def faults_of(
    message: LiaisonMessage, channel: ChannelRow, to: Seat, *, standing: LawBasis | None, now_ms: int
) -> Faults:
    """All that a message lacks in law and in language, for whoever it is for."""
    today = dt.datetime.fromtimestamp(now_ms / 1000, dt.UTC).date()
    return Faults(
        (
            *message_faults(message, field=channel.field, standing=standing, today=today),
            *language_faults(
                message,
                languages=languages_of_seat(channel, to),
                translated={},
                urgent=message.urgency_ground is not None,
                exception=message.language_exception,
            ),
        )
    )


def _follows(channel: ChannelRow) -> tuple[bytes, ...]:
    """What the other side must have before this: the acceptance, and the last that crossed either way.

    What desk and officer say among themselves never crosses, what waits for the officer has not yet, and what was taken back
    never does.
    """
    accepted = [word.statement for word in words_of(channel.accreditation) if word.kind == Move.ACCEPT]
    last: dict[str, bytes] = {}
    words = words_on([channel.matter])
    gone = taken_back([one.statement for one in words])
    for one in words:
        if one.statement in gone:
            continue
        if agency_of(one.sender) != agency_of(one.addressee) and not (one.waits and channel.ours):
            last[agency_of(one.sender)] = one.statement
    return tuple(dict.fromkeys((*accepted[-1:], *last.values())))


def _docket(message: LiaisonMessage, channel: ChannelRow, way: Way) -> Docket:
    conditions = message.conditions or Conditions()
    return Docket(
        kind=MESSAGE,
        channel=CHANNEL,
        field=channel.field,
        matter=channel.matter,
        case=channel.case_ref,
        follows=_follows(channel),
        classification=conditions.classification or "",
        handling=conditions.codes,
        languages=languages_of(message.to_plain()),
        sender=way.sender,
        route=way.route,
        addressees=(way.addressee,),
        copies=way.copies,
    )


def way_out(channel: ChannelRow, route: tuple[str, ...], *, context: Context) -> Way:
    """The way of what leaves for the partner along ``route``, with its readers.

    What passes the officer to the desk behind is sealed to the officer alone, who hands it on: the desk gets the docket.
    """
    now_ms = context.clock()
    way = find(
        CHANNEL,
        route[0],
        route[-1],
        context=context,
        now_ms=now_ms,
        via=channel.liaison_post if len(route) > _STRAIGHT else "",
        persons={channel.liaison_post: channel.officer},
    )
    if channel.ours or route[-1] != channel.desk:
        return way
    desk = sealing_key_of(channel.desk, now_ms)[1].identifier
    return replace(
        way,
        readers=tuple(replace(one, docket_only=True) if one.key.identifier == desk else one for one in way.readers),
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message before it is said: its channel, its way, its docket and parts, what its law is; ``waits`` until the officer
    hands it on.
    """

    channel: ChannelRow
    way: Way
    docket: Docket
    parts: tuple[Part, ...]
    law: LawBasis | None
    waits: bool

    def draft(self, act: OfficerAct | None, *, urgent: bool) -> Draft:
        """What the post room is given; what waits is sealed to the host only when it is handed on."""
        return Draft(
            docket=self.docket,
            parts=self.parts,
            readers=() if self.waits else self.way.readers,
            own=() if self.waits else self.way.own,
            lane=Lane.URGENT if urgent else Lane.NORMAL,
            act=act,
            case=self.channel.case_ref,
        )


def prepare(
    matter: bytes,
    message: LiaisonMessage,
    *,
    to: Seat,
    context: Context,
    number: str,
    posts: Sequence[str],
    reading: Sequence[SealingKey] = (),
) -> Prepared:
    """A message that may be said now by the officer ``number`` in one of ``posts``; nothing is stored. Raises as `say`."""
    now_ms = context.clock()
    channel, seat = channel_row(matter, number=number, posts=posts)
    route = route_between(channel, seat, to)
    require_carried(channel, at_ms=now_ms)
    standing = basis_of(message.law_of, channel, agency=context.agency, reading=reading, context=context)
    refuse(faults_of(message, channel, to, standing=standing, now_ms=now_ms))
    check_agreed((message.law or standing,), channel.partner, at_ms=now_ms)
    check_attested(message.law, message.subjects, own_directory())
    leaves = agency_of(route[-1]) != context.agency
    way = way_out(channel, route, context=context) if leaves else Way(channel=CHANNEL, route=route)
    return Prepared(
        channel,
        way,
        _docket(message, channel, way),
        (Part(MESSAGE, dict(message.to_plain())),),
        message.law or standing,
        waits=leaves and seat is Seat.DESK,
    )


def say(matter: bytes, message: LiaisonMessage, *, to: Seat, context: Context, officer: KeyOfficer) -> bytes:
    """Says something on the channel ``matter`` to the officer, the desk or the counterpart; returns the statement's id.

    From a desk to the counterpart it waits here until the officer hands it on (`liaison_handing.hand_on`). Raises NotFound (no
    such channel of this officer), Refused (law, language, accreditation), BadInput.
    """
    urgent = message.urgency_ground is not None
    with transaction.atomic():
        channel_row(matter, number=officer.number, posts=officer.posts, lock=True)
        ready = prepare(
            matter, message, to=to, context=context, number=officer.number, posts=officer.posts, reading=officer.reading
        )
        way = ready.way
        statement = send(ready.draft(officer.acting(MESSAGE, post=way.sender), urgent=urgent), context=context)
        row = LiaisonRow(
            statement=statement.id,
            matter=matter,
            sender=way.sender,
            addressee=way.addressee,
            officer=officer.number,
            urgent=urgent,
            closed=way.closed and not ready.waits,
            waits=ready.waits,
            said_ms=statement.time_ms,
            at_ms=statement.time_ms,
        )
        add_words([row])
        purpose = (ready.law.purpose or "") if ready.law is not None else ""
        if not row.closed:
            items = message_items(message, row, ready.channel, sender=context.agency, purpose=purpose)
            add_items(items, context=context)
        access = Access(
            operation=Operation.DISCLOSURE,
            officer=officer.number,
            thing=matter,
            purpose=purpose,
            justification=MESSAGE,
            recipients=way.route[1:],
            time_ms=statement.time_ms,
        )
        log_access([access], keys=context.keys)
        _ring_at_home(ready, urgent=urgent)
    return statement.id


def _ring_at_home(ready: Prepared, *, urgent: bool) -> None:
    """Tells who has it before it crosses the border, or without: the officer of what the desk says, the desk of what the officer does."""
    way = ready.way
    if ready.waits:
        ring([(ready.channel.liaison_post, urgent)])
    elif agency_of(way.addressee) == agency_of(way.sender):
        ring([(way.addressee, urgent)])


def purpose_of(message: LiaisonMessage, standing: LawBasis | None) -> str:
    """The purpose for which a message is given: that of its basis; '' where it holds no personal data and needs none."""
    law = message.law or standing
    return (law.purpose or "") if law is not None else ""


def message_items(
    message: LiaisonMessage, row: LiaisonRow, channel: ChannelRow, *, sender: str, purpose: str
) -> list[NewItem]:
    """The item of the case that a message with personal data is; none for one without."""
    if not message.personal:
        return []
    whence = Whence(
        case=channel.case_ref, statement=row.statement, sender=sender, received_ms=row.at_ms, purpose=purpose
    )
    return [plain_item(whence, MESSAGE, subjects=message.subjects, conditions=message.conditions)]
