"""What arrives for this room: words on accreditations, and messages on liaison officers' channels.

Invariant: a message that no accreditation carries, that passed the officer by, is sealed to others than the table's readers or, where this
node opens it, is not signed, not lawful or not what its docket says, is refused as a whole: the post room quarantines it with
the reason. What only the officer's key opens waits unopened and is judged when the officer opens it (`liaison_judging`).
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.cases.services import add_items
from tansiq.channels.arriving import came_by_their_way
from tansiq.enquiries.notices import ring
from tansiq.enquiries.routes import handovers_of
from tansiq.errors import NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.own_again import register_recovered
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.liaison import LiaisonMessage
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.relations.accreditation_handlers import register_accreditations
from tansiq.relations.direct_handlers import register_direct
from tansiq.relations.liaison import MESSAGE, ChannelRow, LiaisonRow, add_words, channels_where
from tansiq.relations.liaison_basis import basis_of
from tansiq.relations.liaison_judging import check_docket, judged
from tansiq.relations.liaison_limits import require_known
from tansiq.relations.liaison_saying import message_items, purpose_of
from tansiq.relations.papers_handlers import register_papers
from tansiq.relations.reports_handlers import register_reports

__all__ = ["register_kinds"]

NODE = "node"


def _channel(one: Arrived) -> ChannelRow:
    """The channel on which it is said, with the agency that says it. Raises NotFound, Refused."""
    for channel in channels_where("matter = %s", (one.docket.matter,), lock=True):
        if channel.partner != one.statement.agency:
            raise Refused("relations.other-agency", agency=one.statement.agency)
        return channel
    raise NotFound("relations.unknown-channel", matter=id_text(one.docket.matter))


def _check_way(one: Arrived, channel: ChannelRow) -> None:
    """Raises Refused unless it comes from who may speak there and passed the officer where it had to."""
    docket = one.docket
    theirs = {channel.counterpart} if channel.ours else {channel.liaison_post, channel.desk}
    if docket.sender not in theirs or agency_of(docket.addressees[0]) == one.statement.agency:
        raise Refused("relations.not-theirs-to-say", kind=docket.kind)
    if docket.sender == channel.desk:
        passed = handovers_of([one.statement.id]).get(one.statement.id, ())
        if channel.liaison_post not in docket.route or channel.liaison_post not in {hop.post for hop in passed}:
            raise Refused("relations.passed-by", post=channel.liaison_post)
    if docket.addressees == (channel.desk,) and channel.liaison_post not in docket.route:
        raise Refused("relations.passed-by", post=channel.liaison_post)


def _take_one(one: Arrived, context: Context) -> tuple[str, bool]:
    """Stores a message; whom to tell that something has come, and whether it is urgent."""
    channel = _channel(one)
    check_docket(one.docket, channel)
    _check_way(one, channel)
    late = require_known(
        channel, case=one.docket.case, field=one.docket.field, said_ms=one.statement.time_ms, context=context
    )
    row = LiaisonRow(
        statement=one.statement.id,
        matter=channel.matter,
        sender=one.docket.sender,
        addressee=one.docket.addressees[0],
        closed=not one.body_open,
        waits=one.docket.addressees == (channel.desk,),
        late=late,
        said_ms=one.statement.time_ms,
        at_ms=one.at_ms,
    )
    if channel.ours:
        if one.body_open:
            raise Refused("relations.not-sealed", officer=channel.officer)
        add_words([row])
        return channel.liaison_post, False
    if not one.body_open:
        raise NotFound("relations.body-closed")
    message, officer = judged(one, channel, context=context)
    signed = _signed(row, message, officer)
    add_words([signed])
    standing = basis_of(message.law_of, channel, agency=one.statement.agency, reading=(), context=context)
    purpose = purpose_of(message, standing)
    add_items(message_items(message, row, channel, sender=one.statement.agency, purpose=purpose), context=context)
    return channel.counterpart, signed.urgent


def _signed(row: LiaisonRow, message: LiaisonMessage, officer: str) -> LiaisonRow:
    return LiaisonRow(
        statement=row.statement,
        matter=row.matter,
        sender=row.sender,
        addressee=row.addressee,
        officer=officer,
        urgent=message.urgency_ground is not None,
        late=row.late,
        said_ms=row.said_ms,
        at_ms=row.at_ms,
    )


def _take(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    ring([_take_one(one, context) for one in arrived])
    accesses = [
        Access(
            operation=Operation.COLLECTION,
            officer=NODE,
            thing=one.docket.matter,
            purpose="",
            justification=MESSAGE,
            time_ms=context.clock(),
        )
        for one in arrived
    ]
    log_access(accesses, keys=context.keys)


def _again(one: Arrived, context: Context) -> None:
    """Our own message, after a restore: its row is made again."""
    docket = one.docket
    for channel in channels_where("matter = %s", (docket.matter,)):
        found = one.act() if one.body_open else None
        row = LiaisonRow(
            statement=one.statement.id,
            matter=channel.matter,
            sender=docket.sender,
            addressee=docket.addressees[0],
            officer=found[0].officer if found is not None else channel.officer,
            closed=not one.body_open,
            said_ms=one.statement.time_ms,
            at_ms=one.at_ms,
        )
        add_words([row])
        part = one.part(MESSAGE) if one.body_open else None
        if part is not None:
            message = LiaisonMessage.from_plain(part.content)
            items = message_items(message, row, channel, sender=context.agency, purpose=purpose_of(message, None))
            add_items(items, context=context)


def register_kinds() -> None:
    """Registers the kinds of this room."""
    register_accreditations()
    register_direct()
    register_reports()
    register_papers()
    register(MESSAGE, _take)
    register_recovered(MESSAGE, _again)
