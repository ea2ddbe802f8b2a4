"""The act on where time goes: what the page of times shows, for the command line and for programs.

Invariant: figures of desks, never of persons; whoever may open the page may ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tansiq.channels.approvals import roles_held
from tansiq.enquiries.times import ANSWERING, times_of
from tansiq.errors import Refused
from tansiq.node.acts import Act, Asked
from tansiq.node.arguments import number_of, text_of
from tansiq.policy.codes import code_list

__all__ = ["TIMES"]

_DAY_MS: Final = 86_400_000
_MOST_DAYS: Final = 3_660
_WHO: Final = frozenset({"supervisor", "head", "bureau"})


def times(asked: Asked) -> list[dict[str, Any]]:
    """The times of the last ``days`` at every desk, by ``channel`` (all), the slowest first. ``stage`` says of what: ``desk``
    (it stood there), ``between`` (on its way ``to`` the next), ``answer`` (until the desk answered). Raises Refused, BadInput.
    """
    officer = asked.require_officer()
    if not _WHO & roles_held(officer.number):
        raise Refused("channels.times-for-supervisors")
    channel = text_of(asked, "channel", default="")
    if channel:
        code_list("channels").require(channel)
    days = number_of(asked, "days", default=90, most=_MOST_DAYS)
    found = times_of(officer.posts, channel=channel, since_ms=asked.context.clock() - days * _DAY_MS)
    return [
        {
            "channel": one.channel,
            "stage": "answer" if one.to == ANSWERING else "between" if one.to else "desk",
            "desk": one.post,
            "to": "" if one.to == ANSWERING else one.to,
            "count": one.count,
            "median_ms": one.median_ms,
            "most_ms": one.most_ms,
            "longest_ms": one.longest_ms,
        }
        for one in found
    ]


TIMES: Final[Mapping[str, Act]] = {"channel.times": times}
"""The acts of this module, by name."""
