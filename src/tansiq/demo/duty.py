"""The duty roster of a demonstration's node: on every desk somebody is on duty now, and round the clock for a week.

Invariant: only for the invented people of the cast. A desk with several members changes at eight in the morning and in the
evening on its own clock; one with a single member is on call for the week.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from django.db import transaction

from tansiq.accounts.opened import Opened
from tansiq.accounts.posts import members_of
from tansiq.accounts.roster import set_turn
from tansiq.protocol.directory import Directory

__all__ = ["fill_roster"]

_HOURS: Final = (8, 20)
_TURNS: Final = 14
_DAY: Final = dt.timedelta(days=1)


def _changes(now_ms: int, zone: str) -> Iterator[int]:
    """The moments at which a turn ends and the next begins: the last one before now, and all that follow."""
    today = dt.datetime.fromtimestamp(now_ms / 1000, ZoneInfo(zone)).date()
    moments = (
        int(dt.datetime.combine(today + days * _DAY, dt.time(hour), ZoneInfo(zone)).timestamp() * 1000)
        for days in itertools.count(-1)
        for hour in _HOURS
    )
    for at_ms, following_ms in itertools.pairwise(moments):
        if following_ms > now_ms:
            yield at_ms


def fill_roster(*, directory: Directory, zone: str, by: str, node: Opened) -> None:
    """Puts the members of every post of ``directory`` on duty in turn, in the name of ``by``."""
    changes = list(itertools.islice(_changes(node.clock(), zone), _TURNS + 1))
    week = [(changes[0], changes[-1])]
    with transaction.atomic():
        for post in directory.posts:
            members = members_of(post.id, directory)
            times = list(itertools.pairwise(changes)) if len(members) > 1 else week
            for number, (from_ms, until_ms) in zip(itertools.cycle(members), times, strict=False):
                set_turn(post.id, number, from_ms=from_ms, until_ms=until_ms, by=by, directory=directory, node=node)
