"""Reading what was said on a liaison officer's channel: opened with the officer's own key, or by the desk that it is for.

Invariant: what was sealed to the officer's own key is opened for that officer's page and kept nowhere, and judged before its words are
shown (`liaison_judging`). The originator's conditions decide who may view it (`policy.handling`); what a reader may not view is not
there for that reader. Every look is logged before anything is shown (Directive (EU) 2016/680, Article 25).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from tansiq.cases.contents import StoredStatement, open_statements
from tansiq.cases.exits import reader_of
from tansiq.errors import Error, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.eyes_only import open_with
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.conditions import Conditions
from tansiq.policy.handling import Held, Use, decide
from tansiq.policy.liaison import LiaisonMessage
from tansiq.protocol.acts import PART_KIND as ACT
from tansiq.protocol.acts import act_of
from tansiq.protocol.docket import agency_of
from tansiq.relations.liaison import (
    MESSAGE,
    ChannelRow,
    LiaisonRow,
    Seat,
    channel_row,
    line_of,
    note_read,
    words_on,
)
from tansiq.relations.liaison_judging import judged
from tansiq.relations.liaison_limits import limits_now
from tansiq.relations.officers import KeyOfficer

__all__ = ["ENDED", "Read", "Thread", "is_ended", "read_channel"]

ENDED = frozenset({"limit.expired", "limit.withdrawn", "limit.not-accepted", "limit.other-case", "limit.other-host"})
"""Limits at which the officer's own access has ended; while an accreditation is suspended, what is there can still be read."""
_PURPOSE = "purpose.investigation"
"""For what is said without personal data, and so without a purpose of its own."""
_UNOPENED = "relations.unopened"


@dataclass(frozen=True, slots=True)
class Read:
    """One message as somebody may see it. ``message`` is None where it does not open (``fault``: the code of why); ``by`` is who
    signed it, ``former`` the officer on whose channel it was said where that was a predecessor's.
    """

    row: LiaisonRow
    message: LiaisonMessage | None = field(repr=False)
    by: str = ""
    fault: str = ""
    former: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """A channel, where the reader sits at it, what stands against it now (codes), and what was said on it."""

    channel: ChannelRow
    seat: Seat
    limits: tuple[str, ...]
    words: tuple[Read, ...]


def is_ended(limits: Sequence[str]) -> bool:
    """Whether the officer's access has ended, by these limits."""
    return not ENDED.isdisjoint(limits)


def _opened(row: LiaisonRow, stored: StoredStatement | None) -> Read:
    """A message that this node opens; it was judged when it came, or is our own."""
    part = stored.part(MESSAGE) if stored is not None else None
    if stored is None or part is None:
        return Read(row, None, row.officer, "relations.erased")
    act = stored.part(ACT)
    return Read(row, LiaisonMessage.from_plain(part.content), act_of(act).officer if act is not None else row.officer)


def _with_key(row: LiaisonRow, channel: ChannelRow, officer: KeyOfficer, context: Context) -> Read:
    """A message that opens for the officer's own key alone."""
    if not officer.reading:
        return Read(row, None, row.officer, _UNOPENED)
    try:
        arrived = open_with(row.statement, officer.reading, context=context)
        message, by = judged(arrived, channel, reading=officer.reading, context=context)
    except Error as error:
        return Read(row, None, row.officer, error.code)
    return Read(row, message, by)


def _may_view(read: Read, channel: ChannelRow, officer: KeyOfficer, context: Context, *, heir: str) -> bool:
    """Whether the originator's conditions let the reader view it; what does not open is there, closed. ``heir`` is the liaison
    post to which the channel was handed over, or its own.
    """
    if read.message is None:
        return True
    purpose = read.message.law.purpose if read.message.law is not None else None
    row = read.row
    held = Held(
        originator=agency_of(row.sender),
        origin_posts=frozenset((row.sender,)),
        addressees=frozenset((row.addressee, channel.liaison_post, heir, *((channel.desk,) if row.handed_ms else ()))),
        purpose=purpose or _PURPOSE,
        conditions=read.message.conditions or Conditions(),
    )
    reader = reader_of(officer, context=context, purpose=purpose or _PURPOSE)
    return decide(Use.VIEW, held, reader, at_ms=context.clock()).allowed


def _is_for(row: LiaisonRow, channel: ChannelRow, seat: Seat) -> bool:
    """Whether a message is there for a seat: all for the officer and the counterpart, for the desk its own and what was handed on."""
    if seat is not Seat.DESK:
        return True
    return channel.desk in {row.sender, row.addressee} or row.handed_ms is not None


def read_channel(matter: bytes, *, context: Context, officer: KeyOfficer, log: bool = True) -> Thread:
    """A channel with all that was said on it, also on those of the predecessors, opened as far as this reader opens it.

    Raises NotFound (no such channel of this reader) and Refused (the officer whose accreditation has ended).
    """
    now_ms = context.clock()
    channel, seat = channel_row(matter, number=officer.number, posts=officer.posts)
    limits = limits_now(channel, at_ms=now_ms)
    if seat is Seat.OFFICER and is_ended(limits):
        raise Refused("relations.ended")
    line = {one.matter: one for one in line_of(channel)}
    rows = [row for row in words_on(list(line)) if _is_for(row, line[row.matter], seat)]
    stored = open_statements([row.statement for row in rows if not row.closed], keys=context.keys)
    found = []
    for row in rows:
        where = line[row.matter]
        if not row.closed:
            read = _opened(row, stored.get(row.statement))
        elif seat is Seat.OFFICER:
            read = _with_key(row, where, officer, context)
        else:
            read = Read(row, None, row.officer, _UNOPENED)
        if _may_view(read, where, officer, context, heir=channel.liaison_post):
            former = where.officer if where.officer != channel.officer else ""
            found.append(Read(row, read.message, read.by, read.fault, former))
    if log:
        _log(channel, seat, found, officer, context)
    return Thread(channel, seat, limits, tuple(found))


def _log(channel: ChannelRow, seat: Seat, found: Sequence[Read], officer: KeyOfficer, context: Context) -> None:
    """The look, and which messages their addressee has now read for the first time."""
    access = Access(
        operation=Operation.CONSULTATION,
        officer=officer.number,
        thing=channel.matter,
        purpose=_PURPOSE,
        justification=MESSAGE,
        time_ms=context.clock(),
    )
    mine = channel.post_of(seat)
    with transaction.atomic():
        log_access([access], keys=context.keys)
        for one in found:
            if one.message is not None and one.row.read_ms is None and one.row.addressee == mine:
                note_read(one.row.statement, officer=one.by, now_ms=context.clock())
