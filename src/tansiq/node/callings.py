"""Whom the clock calls: the enquiries ask, the room of the accounts knows (members, substitutes, the duty roster).

Invariant: the wiring alone stands here; neither room imports the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.accounts.posts import members_of, substitutes
from tansiq.accounts.roster import escalation
from tansiq.directory.queries import own_directory
from tansiq.enquiries.notices import use_roster

__all__ = ["DutyRoster", "register_roster"]


class DutyRoster:
    """`enquiries.notices.Roster`, from the accounts of this node."""

    def members(self, post: str) -> Sequence[str]:
        """The members of the desk."""
        return members_of(post, own_directory())

    def substitutes(self, post: str, at_ms: int) -> Sequence[str]:
        """Who stands in there at this moment."""
        return substitutes(post, at_ms=at_ms)

    def escalation(self, post: str, at_ms: int) -> Sequence[str]:
        """Everybody to be called, one after another."""
        return escalation(post, at_ms)


def register_roster() -> None:
    """Lets the enquiries ask the accounts; again does nothing new."""
    use_roster(DutyRoster())
