"""Who is meant at the desk of a head of service: the head, and whoever stands in by the head's own word.

Invariant: the head is the officer whom the agency's directory, signed by its identity, lists first at that desk; whoever else sits
there reads and writes only while a delegation of the head holds. So both sides know it from what is signed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tansiq.directory.queries import current_directory
from tansiq.errors import NotFound, Refused
from tansiq.exchange.drafts import Reader
from tansiq.exchange.readers import officer_readers
from tansiq.protocol.directory import Use
from tansiq.protocol.docket import agency_of
from tansiq.relations.direct import delegations_at

__all__ = ["able_at", "deputies_of", "head_of", "readers_of", "require_head", "require_may_act"]


def _members(post: str) -> list[str]:
    return [one.number for one in current_directory(agency_of(post)).officers if post in one.posts]


def head_of(post: str) -> str:
    """The head at a desk (a service number). Raises NotFound where nobody sits there."""
    members = _members(post)
    if not members:
        raise NotFound("exchange.no-reading-key", officer=post)
    return members[0]


def able_at(post: str, now_ms: int) -> list[str]:
    """The members of a desk who have a reading key of their own."""
    directory = current_directory(agency_of(post))
    return [one for one in _members(post) if directory.current(Use.OFFICER_OPENS, one, now_ms)]


def deputies_of(post: str, now_ms: int) -> list[str]:
    """Those who stand in for the head at this moment, and can read."""
    able = set(able_at(post, now_ms))
    return list(dict.fromkeys(one.deputy for one in delegations_at(post, now_ms) if one.deputy in able))


def readers_of(post: str, *, but: Sequence[str], peer: str, now_ms: int) -> list[Reader]:
    """The keys of the head of a desk and of the deputies of this moment, without those of ``but``."""
    agency = agency_of(post)
    numbers = dict.fromkeys((head_of(post), *deputies_of(post, now_ms)))
    return [
        replace(reader, agency=agency)
        for number in numbers
        if number not in but
        for reader in officer_readers(agency, number, peer=peer, now_ms=now_ms)
    ]


def require_may_act(post: str, number: str, now_ms: int) -> None:
    """Raises Refused unless ``number`` is the head at the desk, or stands in at this moment."""
    if number != head_of(post) and number not in deputies_of(post, now_ms):
        raise Refused("relations.not-delegated", officer=number)


def require_head(post: str, number: str) -> None:
    """Raises Refused unless ``number`` is the head at the desk: what a head does is not for a deputy."""
    if number != head_of(post):
        raise Refused("relations.head-only", officer=number)
