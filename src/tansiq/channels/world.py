"""The state of the world between us and one partner, as the choice of a channel looks at it.

Invariant: reads only, and only what the matter may need: the partner's word on emergencies when a channel of ours is suspended, duty when
it is urgent.
"""

from __future__ import annotations

from tansiq.channels.accreditations import in_world
from tansiq.channels.duty import off_duty
from tansiq.channels.queries import accepts_emergency, standings
from tansiq.channels.sources import agreements_with, is_shared, operations_with
from tansiq.policy.channel_matter import Matter, State, World

__all__ = ["world_for"]


def world_for(matter: Matter, partner: str, *, sender: str, at_ms: int) -> World:
    """How things stand with ``partner`` at ``at_ms`` (UTC ms) for a matter that ``sender``, a desk of ours, would send."""
    found = standings(partner)
    suspended = any(one.own is State.SUSPENDED for one in found.values())
    return World(
        partner=partner,
        now_ms=at_ms,
        standings=found,
        accreditations=in_world(partner),
        shared_cases=frozenset({matter.case}) if is_shared(partner, matter.case) else frozenset(),
        joint_operations=operations_with(partner) if matter.joint_operation else frozenset(),
        agreements=agreements_with(partner),
        off_duty=off_duty(partner, sender=sender, at_ms=at_ms) if matter.urgent else frozenset(),
        accepts_emergency=suspended and accepts_emergency(partner),
    )
