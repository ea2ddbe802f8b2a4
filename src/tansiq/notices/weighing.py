"""Whether a notice may go by the channel that carries notices, by this node's rules (`channels.choosing`).

Invariant: judged when it is sent, for the hub or for every member that a diffusion names, with the state of that channel as it is; what
the law wants was asked before. What follows a notice goes its way: an end is kept from nobody. Directive (EU) 2023/977, Article 13(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tansiq.channels.approvals import Approvals, ask_approval
from tansiq.channels.choices import ChoiceRow, add_choices
from tansiq.channels.choosing import Chosen, choose, judge
from tansiq.channels.seen import digest_of
from tansiq.channels.world import world_for
from tansiq.enquiries.weighing import SUSPECTS
from tansiq.exchange.context import Context
from tansiq.notices.desks import hub_agency
from tansiq.policy.channel_matter import Channel, Matter
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.notice import Notice
from tansiq.policy.notice_course import Kind
from tansiq.policy.ways import state_of

__all__ = ["Judged", "ask_approvals", "keep_choices", "matter_of", "may_go"]

_MISSING: Final = "notice.yellow"


def _closed(channel: Channel) -> str:
    return "" if channel is Channel.INTERPOL else "reason.not-carried"


def matter_of(notice: Notice, to: Sequence[str] = ()) -> Matter:
    """What the rules see of a notice that goes to the members ``to`` (none: to all)."""
    return Matter(
        kind=notice.colour or "",
        field=(notice.law or LawBasis()).offence or "",
        classification=(notice.conditions.classification if notice.conditions is not None else None) or "",
        warrant=bool(notice.warrants),
        missing=notice.colour == _MISSING,
        suspect=any(subject.category in SUSPECTS for subject in notice.subjects),
        countries=tuple(dict.fromkeys(state_of(agency).upper() for agency in to)),
        personal_data=any(subject.is_person for subject in notice.subjects),
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """A choice that was made for one partner, with the approvals that it uses."""

    partner: str
    matter: Matter
    chosen: Chosen
    approvals: Approvals


def keep_choices(judged: Sequence[Judged], statement: bytes, *, matter: bytes, officer: str, now_ms: int) -> None:
    """Writes the choice down with what left by it, in the caller's transaction: one row, for one partner or for the hub."""
    first = judged[0]
    partner = first.partner if len(judged) == 1 else hub_agency()
    add_choices(
        [
            ChoiceRow.of(
                first.chosen,
                first.matter,
                statement=statement,
                matter=matter,
                partner=partner,
                officer=officer,
                at_ms=now_ms,
            )
        ]
    )
    for one in judged:
        one.approvals.used(statement)


def _partners(kind: Kind, to: Sequence[str]) -> Sequence[str]:
    return [hub_agency()] if kind is Kind.NOTICE else list(dict.fromkeys(to))


def may_go(
    notice: Notice, *, kind: Kind, sender: str, officer: str, context: Context, to: Sequence[str] = ()
) -> list[Judged]:
    """The choices under which it goes now. Raises Refused as `channels.choosing.decide`."""
    now_ms = context.clock()
    matter = matter_of(notice, to)
    judged = []
    for partner in _partners(kind, to):
        approvals = Approvals(digest_of(matter, Channel.INTERPOL, partner), officer, now_ms)
        world = world_for(matter, partner, sender=sender, at_ms=now_ms)
        chosen = choose(Channel.INTERPOL, matter, world, closed=_closed, approver=approvals.by)
        judged.append(Judged(partner, matter, chosen, approvals))
    return judged


def ask_approvals(
    notice: Notice, *, kind: Kind, sender: str, officer: str, context: Context, to: Sequence[str] = ()
) -> None:
    """Asks whoever must approve that it goes now, where anybody must."""
    now_ms = context.clock()
    matter = matter_of(notice, to)
    for partner in _partners(kind, to):
        approvals = Approvals(digest_of(matter, Channel.INTERPOL, partner), officer, now_ms)
        world = world_for(matter, partner, sender=sender, at_ms=now_ms)
        found = judge(Channel.INTERPOL, matter, world, _closed)
        mine = next(one for one in found if one.channel is Channel.INTERPOL)
        roles = [role for role in mine.approvers if not approvals.by(role)]
        if roles:
            ask_approval(matter, Channel.INTERPOL, partner, roles=roles, officer=officer, post=sender, now_ms=now_ms)
