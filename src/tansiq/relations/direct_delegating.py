"""A head lets a deputy read and answer: by an explicit word, with its first and its last day, signed, logged, told to the partners.

Invariant: only the head delegates and only the head ends it; a partner learns it from a signed word, and from then on seals to the
deputy too, as long as it holds.
"""

from __future__ import annotations

from django.db import transaction

from tansiq.channels.available import head_of
from tansiq.channels.officers import ActingOfficer
from tansiq.directory.queries import partners
from tansiq.errors import NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.exchange.readers import post_reader
from tansiq.exchange.service import SERVICE_CHANNEL
from tansiq.exchange.services import send_many
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.direct import Delegation, delegation_faults
from tansiq.policy.faults import refuse
from tansiq.protocol.cbor import Plain
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import IdMaker, id_text
from tansiq.protocol.parts import Part
from tansiq.relations.direct import (
    DELEGATION,
    DELEGATION_ENDED,
    DelegationRow,
    add_delegation,
    end_delegation,
    require_delegations_left,
)
from tansiq.relations.direct_persons import able_at, require_head
from tansiq.relations.direct_saying import head_desk

__all__ = ["delegate", "end"]

_maker = IdMaker()


def _told(now_ms: int) -> list[tuple[str, Reader]]:
    """The partners' heads' desks that can be sealed to."""
    found = []
    for partner in partners():
        if partner.is_self or not partner.confirmed_ms or not (desk := head_of(partner.agency)):
            continue
        try:
            found.append((desk, post_reader(desk, peer=partner.agency, now_ms=now_ms)))
        except NotFound:
            continue
    return found


def _say(
    kind: str, content: dict[str, Plain], matter: bytes, *, own: str, officer: ActingOfficer, context: Context
) -> None:
    """Says it to each partner apart, so that none learns of another; it passes whatever the channels say."""
    drafts = [
        Draft(
            docket=Docket(
                kind=kind,
                channel=SERVICE_CHANNEL,
                matter=matter,
                sender=own,
                route=(own, desk),
                addressees=(desk,),
            ),
            parts=[Part(kind, dict(content))],
            readers=[reader],
            lane=Lane.URGENT,
            act=officer.acting(kind, post=own),
        )
        for desk, reader in _told(context.clock())
    ]
    if drafts:
        send_many(drafts, context=context)


def _log(matter: bytes, officer: ActingOfficer, kind: str, context: Context) -> None:
    access = Access(
        operation=Operation.ALTERATION,
        officer=officer.number,
        thing=matter,
        purpose="",
        justification=kind,
        time_ms=context.clock(),
    )
    log_access([access], keys=context.keys)


def delegate(delegation: Delegation, *, context: Context, officer: ActingOfficer) -> bytes:
    """Lets a deputy stand in; returns its id. Raises Refused (not the head, the deputy has no seat or no key at the
    head's desk, what is lacking, too many stand in).
    """
    now_ms = context.clock()
    own = head_desk(officer.posts)
    require_head(own, officer.number)
    refuse(delegation_faults(delegation))
    deputy, from_ms, until_ms = delegation.deputy or "", delegation.from_ms or 0, delegation.until_ms or 0
    require_delegations_left(context.agency, now_ms=now_ms)
    if deputy == officer.number or deputy not in able_at(own, now_ms):
        raise Refused("relations.no-deputy", officer=deputy)
    with transaction.atomic():
        matter = _maker.make(now_ms)
        _say(DELEGATION, delegation.to_plain(), matter, own=own, officer=officer, context=context)
        add_delegation(
            DelegationRow(
                matter=matter,
                agency=context.agency,
                post=own,
                head=officer.number,
                deputy=deputy,
                from_ms=from_ms,
                until_ms=until_ms,
                said_ms=now_ms,
            )
        )
        _log(matter, officer, DELEGATION, context)
    return matter


def end(matter: bytes, *, context: Context, officer: ActingOfficer) -> None:
    """Ends a delegation before its last day. Raises Refused (not the head) and NotFound (no such delegation, or it has ended)."""
    now_ms = context.clock()
    own = head_desk(officer.posts)
    require_head(own, officer.number)
    with transaction.atomic():
        if not end_delegation(matter, agency=context.agency, ended_ms=now_ms):
            raise NotFound("relations.unknown-delegation", matter=id_text(matter))
        _say(DELEGATION_ENDED, {}, matter, own=own, officer=officer, context=context)
        _log(matter, officer, DELEGATION_ENDED, context)
