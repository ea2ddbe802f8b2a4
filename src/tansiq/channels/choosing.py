"""Choosing a channel for a matter: what may not go by it is refused, and who goes another way than recommended says why.

Invariant: judged by the same function that the page shows (`policy.channel_advice`), with the rules and the state of the world at the
moment of sending. What the law wants was asked before, and nothing here passes over it. Directive (EU) 2023/977, Article 13(2).

A channel that nothing closes but a suspension may be chosen: what is said on it waits (`holding`), visibly, or is carried by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tansiq.channels.profile import channel_rules
from tansiq.errors import BadInput, Refused
from tansiq.policy.channel_advice import advise
from tansiq.policy.channel_matter import Channel, Matter, World
from tansiq.policy.channel_values import Advice, Effect, Verdict
from tansiq.policy.codes import code_list

__all__ = ["Chosen", "advise_here", "choose", "decide", "judge", "may_choose"]

Closed = Callable[[Channel], str]
"""Why there is no way by a channel ('' there is one): a code of ``channel_reasons``."""
Approver = Callable[[str], str]
"""Who has approved in a role (a service number; '' nobody)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is kept of a choice: the advice on the channel that was taken, the one that was recommended (None: none was), the
    reason for another ('' there was no need), who approved.
    """

    advice: Advice
    recommended: Channel | None
    deviation: str = ""
    approvers: tuple[str, ...] = ()


def may_choose(advice: Advice) -> bool:
    """Whether a person may take this channel, with an approval where one is wanted."""
    return advice.verdict is not Verdict.REFUSED or advice.waits


def _recommended(found: tuple[Advice, ...]) -> Channel | None:
    return next((one.channel for one in found if one.verdict is Verdict.RECOMMENDED), None)


def advise_here(matter: Matter, world: World, closed: Closed) -> tuple[Advice, ...]:
    """The advice on all four channels by this node's rules, with the ways that there are."""
    known = {channel: reason for channel in Channel if (reason := closed(channel))}
    return advise(matter, replace(world, no_way=known), channel_rules())


def judge(channel: Channel, matter: Matter, world: World, closed: Closed) -> tuple[Advice, ...]:
    """The same as far as it matters for ``channel``: a way is looked for only where it could be recommended instead."""
    no_way: dict[Channel, str] = {}
    while True:
        found = advise(matter, replace(world, no_way=no_way), channel_rules())
        best = _recommended(found)
        reason = "" if best is None or best is channel else closed(best)
        if best is None or not reason:
            return found
        no_way[best] = reason


def choose(
    channel: Channel, matter: Matter, world: World, *, deviation: str = "", closed: Closed, approver: Approver
) -> Chosen:
    """What is kept when ``matter`` goes by ``channel``; raises as `decide`."""
    return decide(channel, judge(channel, matter, world, closed), deviation=deviation, approver=approver)


def decide(channel: Channel, found: tuple[Advice, ...], *, deviation: str = "", approver: Approver) -> Chosen:
    """What is kept when something goes by ``channel`` of which ``found`` was judged.

    Raises Refused ('channels.refused' with every reason against it; 'channels.approval-needed' naming the roles) and BadInput
    ('channels.deviation-needed' where another channel is recommended and no reason is given; an unknown reason).
    """
    best = _recommended(found)
    mine = next(one for one in found if one.channel is channel)
    if not may_choose(mine):
        against = [reason.code for reason in mine.reasons if reason.effect is Effect.REFUSE]
        raise Refused("channels.refused", channel=str(channel), reasons=", ".join(against))
    approvers = {role: approver(role) for role in mine.approvers}
    if lacking := [role for role, who in approvers.items() if not who]:
        raise Refused("channels.approval-needed", channel=str(channel), roles=", ".join(lacking))
    if best is None or best is channel:
        deviation = ""
    elif not deviation:
        raise BadInput("channels.deviation-needed", channel=str(channel), recommended=str(best))
    else:
        code_list("deviation_reasons").require(deviation)
    return Chosen(advice=mine, recommended=best, deviation=deviation, approvers=tuple(approvers.values()))
