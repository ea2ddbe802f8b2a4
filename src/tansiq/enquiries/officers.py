"""The officer at work, as this room needs one, and the officer's signature inside what arrives.

Invariant: a statement of this room is believed only with the act of an officer whom the sender's directory certifies,
in a post of which the officer is a member and from which the statement comes. A revoked key is not believed from the
moment of its revocation on.
"""

from __future__ import annotations

from typing import Protocol

from tansiq.directory.queries import current_directory, officer_key
from tansiq.errors import NotFound, NotProven, Refused
from tansiq.exchange.drafts import OfficerAct
from tansiq.exchange.kinds import Arrived
from tansiq.protocol.acts import Act
from tansiq.protocol.directory import Directory
from tansiq.protocol.keys import PublicSigningKey, SealingKey

__all__ = ["ActingOfficer", "verified_act"]


class ActingOfficer(Protocol):
    """An officer for the length of one act: the service number, the posts, and the signature on demand."""

    @property
    def number(self) -> str:
        """The service number."""

    @property
    def posts(self) -> tuple[str, ...]:
        """The posts of which the officer is a member."""

    @property
    def reading(self) -> tuple[SealingKey, ...]:
        """The keys that are the officer's own eyes, while they are open; most officers have none."""

    def acting(self, act: str, *, post: str) -> OfficerAct:
        """The signature for an act in ``post``. Raises Refused when the officer is not a member of it."""


def verified_act(arrived: Arrived, *, directories: dict[str, Directory]) -> Act:
    """The officer's act in ``arrived``, verified. ``directories`` remembers the senders' documents for a batch.

    Raises Refused ('enquiries.no-act', 'enquiries.officer-not-in-post'), NotProven and BadInput.
    """
    found = arrived.act()
    if found is None:
        raise Refused("enquiries.no-act")
    act, commitments = found
    agency = arrived.statement.agency
    directory = directories.get(agency)
    if directory is None:
        directory = directories[agency] = current_directory(agency)
    posts = next((officer.posts for officer in directory.officers if officer.number == act.officer), ())
    if act.post != arrived.docket.sender or act.post not in posts:
        raise Refused("enquiries.officer-not-in-post", officer=act.officer, post=act.post)
    certified = officer_key(directory, act.signature.signer)
    if certified is None or certified.owner != act.officer:
        raise NotFound("enquiries.unknown-officer-key", officer=act.officer, agency=agency)
    if doubt := certified.doubt_at(arrived.statement.time_ms):
        raise NotProven("enquiries.officer-key-not-believed", officer=act.officer, doubt=doubt)
    key = certified.key
    if not isinstance(key, PublicSigningKey) or act.act != arrived.docket.kind:
        raise NotProven("enquiries.other-act", act=act.act)
    act.verify(key, statement_id=arrived.statement.id, docket=arrived.statement.docket_commitment, parts=commitments)
    return act
