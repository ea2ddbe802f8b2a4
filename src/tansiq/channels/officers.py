"""The officer at work, as this room needs one, and the officer's signature inside what arrives.

Invariant: a word of an agency on a channel is believed only with the act of an officer whom its directory certifies, in a post
of which the officer is a member and from which the statement comes. A revoked key is not believed from its revocation on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from tansiq.directory.queries import current_directory
from tansiq.errors import NotProven, Refused
from tansiq.exchange.drafts import OfficerAct
from tansiq.exchange.kinds import Arrived
from tansiq.protocol.acts import Act
from tansiq.protocol.directory import Directory, Use
from tansiq.protocol.keys import PublicSigningKey

__all__ = ["ActingOfficer", "post_in_role", "verified_act"]


class ActingOfficer(Protocol):
    """An officer for the length of one act: the service number, the posts, and the signature on demand."""

    @property
    def number(self) -> str:
        """The service number."""

    @property
    def posts(self) -> tuple[str, ...]:
        """The posts of which the officer is a member."""

    def acting(self, act: str, *, post: str) -> OfficerAct:
        """The signature for an act in ``post``. Raises Refused when the officer is not a member of it."""


def post_in_role(posts: Iterable[str], roles: Iterable[str], directory: Directory) -> str:
    """The first of ``posts`` whose role in ``directory`` is one of ``roles``; '' when none is."""
    wanted, mine = frozenset(roles), frozenset(posts)
    return next((post.id for post in directory.posts if post.id in mine and post.role in wanted), "")


def verified_act(arrived: Arrived) -> Act:
    """The officer's act in ``arrived``, verified; its code is the docket's kind.

    Raises Refused ('channels.no-act', 'channels.officer-not-in-post'), NotProven and BadInput.
    """
    found = arrived.act()
    if found is None:
        raise Refused("channels.no-act", agency=arrived.statement.agency)
    act, commitments = found
    directory = current_directory(arrived.statement.agency)
    posts = next((officer.posts for officer in directory.officers if officer.number == act.officer), ())
    if act.post != arrived.docket.sender or act.post not in posts:
        raise Refused("channels.officer-not-in-post", officer=act.officer, post=act.post)
    keys = (key for key in directory.keys if (key.use, key.owner) == (Use.OFFICER_SIGNS, act.officer))
    certified = next((key for key in keys if key.key.identifier == act.signature.signer), None)
    if certified is None or certified.doubt_at(arrived.statement.time_ms) or act.act != arrived.docket.kind:
        raise NotProven("channels.act-not-believed", officer=act.officer, agency=arrived.statement.agency)
    key = certified.key
    assert isinstance(key, PublicSigningKey)  # noqa: S101 (what its use wants, see `Certified`)
    act.verify(key, statement_id=arrived.statement.id, docket=arrived.statement.docket_commitment, parts=commitments)
    return act
