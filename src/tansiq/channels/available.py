"""Whether there is a way to a partner by a channel at all, and between which desks it would lead.

Invariant: what sending would need is looked for as sending looks for it (`ways.find`), so a channel that is said to be there can be
used, and one that can't be used says why in a code. Where several desks fit and somebody has to say which, there is a way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tansiq.channels.accreditations import permitting
from tansiq.channels.desks import roles_of
from tansiq.channels.officers import post_in_role
from tansiq.channels.ways import find
from tansiq.directory.queries import current_directory, own_directory
from tansiq.errors import BadInput, Error, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.policy.channel_matter import Channel
from tansiq.protocol.docket import agency_of

__all__ = ["Ends", "available", "ends_of", "head_of"]

_HEAD: Final = "head"
_LACKING: Final = {
    Channel.INTERPOL: "reason.no-bureau",
    Channel.EMBASSY: "reason.no-office",
    Channel.LIAISON: "reason.no-way-yet",
    Channel.DIRECT: "reason.no-head",
}
_SAY_WHICH: Final = frozenset({"channels.which-desk", "channels.which-office", "channels.which-person"})


@dataclass(frozen=True, slots=True)
class Ends:
    """Between which desks it would go: ours, the partner's, and the office or the liaison officer's desk between ('' none, or
    what the directories say).
    """

    sender: str
    addressee: str
    via: str = ""


def head_of(agency: str) -> str:
    """The desk of an agency's head of service; '' when it has published none."""
    try:
        posts = current_directory(agency).posts
    except NotFound:
        return ""
    return next((post.id for post in posts if post.role == _HEAD), "")


def _liaison_desk(partner: str, *, own: str, field: str, case: bytes, at_ms: int) -> str:
    """The desk of the officer who is accredited for the case; '' when nobody is."""
    try:
        return permitting(partner, own=own, field=field, case=case, at_ms=at_ms).post
    except Refused:
        return ""


def ends_of(
    channel: Channel,
    *,
    sender: str,
    addressee: str,
    posts: Sequence[str],
    via: str = "",
    field: str = "",
    case: bytes = b"",
    context: Context,
) -> Ends:
    """Between which desks something from ``sender`` to ``addressee`` would go by ``channel``, said by who works in ``posts``.

    By the direct one it goes from our head to the partner's; by a liaison officer over that officer's desk.
    """
    partner = agency_of(addressee)
    if channel is Channel.DIRECT:
        return Ends(post_in_role(posts, (_HEAD,), own_directory()), head_of(partner))
    if channel is Channel.LIAISON:
        at_ms = context.clock()
        desk = _liaison_desk(partner, own=context.agency, field=field, case=case, at_ms=at_ms)
        return Ends(sender, addressee, desk if desk not in {sender, addressee} else "")
    return Ends(sender, addressee, via if channel is Channel.EMBASSY else "")


def available(channel: Channel, ends: Ends, *, officer: str, context: Context) -> str:
    """Why there is no way by ``channel`` between these desks for the officer of this service number; '' when there is one.

    The answer is a code of ``channel_reasons``.
    """
    if channel is Channel.DIRECT and not ends.sender:
        return "reason.not-a-head"
    if channel is Channel.DIRECT and not ends.addressee:
        return "reason.no-head"
    if (
        channel is Channel.LIAISON
        and not ends.via
        and "liaison" not in roles_of((ends.sender, ends.addressee)).values()
    ):
        return ""  # nobody is accredited for it, which the rules say better
    try:
        find(
            channel, ends.sender, ends.addressee, via=ends.via, context=context, now_ms=context.clock(),
            persons={ends.sender: officer},
        )  # fmt: skip
    except BadInput as error:
        return "" if error.code in _SAY_WHICH else _LACKING[channel]
    except Error:
        return _LACKING[channel]
    return ""
