"""What arrives of direct relations: messages, that one was read, who stands in for a partner's head.

Invariant: a message whose docket does not lead from head to head, that this node could open, or that goes on in somebody else's matter is
refused as a whole: the post room quarantines it with the reason. A word on reading or on a deputy is believed only with the act of a
member of that head's desk; of deputies an agency has so many at once.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import connection

from tansiq.channels.arriving import came_by_their_way
from tansiq.channels.officers import verified_act
from tansiq.enquiries.notices import ring
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived, register
from tansiq.exchange.own_again import register_recovered
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.direct import Delegation, ReadReceipt, delegation_faults
from tansiq.policy.faults import refuse
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.relations.direct import (
    DELEGATION,
    DELEGATION_ENDED,
    IN,
    MESSAGE,
    OUT,
    READ,
    DelegationRow,
    DirectRow,
    add_delegation,
    add_direct,
    drop_old_delegations,
    note_ended,
    note_read_by_partner,
    require_delegations_left,
)
from tansiq.relations.direct_ending import end_ms
from tansiq.relations.direct_judging import check_docket
from tansiq.relations.direct_persons import require_head
from tansiq.relations.interrupted import register_interrupted

__all__ = ["register_direct"]

NODE = "node"


def _partner_of(matter: bytes) -> str:
    """With whom a matter is; '' for one that is not known."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partner FROM relations_direct_word WHERE matter = %s LIMIT 1", (matter,))
        row = cursor.fetchone()
    return "" if row is None else str(row[0])


def _row(one: Arrived, direction: int) -> DirectRow:
    docket = one.docket
    own, their = docket.sender, docket.addressees[0]
    if direction == IN:
        own, their = their, own
    return DirectRow(
        statement=one.statement.id,
        matter=docket.matter,
        direction=direction,
        partner=agency_of(their),
        own_post=own,
        their_post=their,
        field=docket.field,
        answers=docket.answers or None,
        said_ms=one.statement.time_ms,
        at_ms=one.at_ms,
        erase_ms=end_ms(one.at_ms if direction == IN else one.statement.time_ms),  # whoever dates it does not choose
    )


def _take_messages(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    for one in arrived:
        check_docket(one.docket)
        if one.body_open:
            raise Refused("relations.not-sealed", officer=one.docket.addressees[0])
        if _partner_of(one.docket.matter) not in {"", one.statement.agency}:
            raise Refused("relations.other-agency", agency=one.statement.agency)
        row = _row(one, IN)
        add_direct([row])
        ring([(row.own_post, False)])  # how urgent it is stands in what only the head opens
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


def _take_reads(arrived: Sequence[Arrived], context: Context) -> None:
    came_by_their_way(arrived, context)
    for one in arrived:
        check_docket(one.docket)
        act, part = verified_act(one), one.part(READ)
        if part is None:
            raise BadInput("relations.part-missing", kind=READ)
        read_ms = ReadReceipt.from_plain(part.content).read_ms
        if not note_read_by_partner(
            one.docket.answers, partner=one.statement.agency, read_by=act.officer, read_ms=read_ms
        ):
            raise NotFound("relations.unknown-word", statement=id_text(one.docket.answers))


def _require_head(one: Arrived) -> str:
    """Who signed a word on deputies, where that is the partner's head. Raises Refused, NotProven."""
    act, own = verified_act(one), one.docket.sender
    if agency_of(own) != one.statement.agency:
        raise Refused("relations.other-agency", agency=one.statement.agency)
    require_head(own, act.officer)
    return act.officer


def _delegation_row(one: Arrived, head: str) -> DelegationRow:
    part = one.part(DELEGATION)
    if part is None:
        raise BadInput("relations.part-missing", kind=DELEGATION)
    delegation = Delegation.from_plain(part.content)
    refuse(delegation_faults(delegation))
    return DelegationRow(
        matter=one.docket.matter,
        agency=one.statement.agency,
        post=one.docket.sender,
        head=head,
        deputy=delegation.deputy or "",
        from_ms=delegation.from_ms or 0,
        until_ms=delegation.until_ms or 0,
        said_ms=one.statement.time_ms,
    )


def _take_delegations(arrived: Sequence[Arrived], context: Context) -> None:
    for one in arrived:
        agency, now_ms = one.statement.agency, context.clock()
        row = _delegation_row(one, _require_head(one))
        require_delegations_left(agency, now_ms=now_ms)
        add_delegation(row)
        drop_old_delegations(agency, now_ms=now_ms)


def _note_ended(one: Arrived, head: str) -> None:
    note_ended(
        one.docket.matter,
        agency=one.statement.agency,
        post=one.docket.sender,
        head=head,
        ended_ms=one.statement.time_ms,
    )


def _take_ends(arrived: Sequence[Arrived], context: Context) -> None:
    for one in arrived:
        _note_ended(one, _require_head(one))
        drop_old_delegations(one.statement.agency, now_ms=context.clock())


def _again(one: Arrived, _context: Context) -> None:
    """Our own message, after a restore: its row is made again; who signed it shows when it is opened."""
    add_direct([_row(one, OUT)])


def _delegated_again(one: Arrived, _context: Context) -> None:
    act = one.act()
    if act is not None:
        add_delegation(_delegation_row(one, act[0].officer))


def _ended_again(one: Arrived, _context: Context) -> None:
    act = one.act()
    _note_ended(one, act[0].officer if act is not None else "")


def register_direct() -> None:
    """Registers the kinds of direct relations, and what becomes of what waits for a suspended channel of persons."""
    register_interrupted()
    register(MESSAGE, _take_messages)
    register(READ, _take_reads)
    register(DELEGATION, _take_delegations)
    register(DELEGATION_ENDED, _take_ends)
    register_recovered(MESSAGE, _again)
    register_recovered(DELEGATION, _delegated_again)
    register_recovered(DELEGATION_ENDED, _ended_again)
