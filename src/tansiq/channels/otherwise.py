"""Where something may be written that travels by one channel alone, on pages of its own: told beside the choice of a channel.

Invariant: the room whose pages they are says for whom they open; here nothing is judged. A channel has one such room at most.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from tansiq.policy.channel_matter import Channel
from tansiq.web.visitor import Request

__all__ = ["Otherwise", "otherwise_by", "register_otherwise"]

Otherwise: TypeAlias = Callable[[Request, str], str]
"""Who writes, the partner agency → the address of the page ('' none for this visitor)."""
_rooms: dict[Channel, Otherwise] = {}


def register_otherwise(channel: Channel, room: Otherwise) -> None:
    """Lets a room offer its own pages beside ``channel``; registering again takes the place."""
    _rooms[channel] = room


def otherwise_by(channel: Channel, request: Request, partner: str) -> str:
    """The page on which something of its own is written for ``channel`` to ``partner``; '' none."""
    room = _rooms.get(channel)
    return room(request, partner) if room is not None else ""
