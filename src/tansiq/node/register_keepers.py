"""Who may import into a register by an act: what others read is not any officer's to replace.

Invariant: an officer makes a new register and imports into one that the own desks alone read. One that further desks read is the machine's
operator's, who imports without signing in, or an administrator's; that of public notices is the bureau's too. Whoever imports gives a
register to no desk but the own ones, or to all.
"""

from __future__ import annotations

from collections.abc import Sequence

from tansiq.channels.approvals import roles_held
from tansiq.errors import Refused
from tansiq.node.officers import SignedIn
from tansiq.notices.desks import own_desk
from tansiq.registers.queries import register_posts
from tansiq.web.access import Role

__all__ = ["require_importing", "require_keeping_public"]


def _administers(officer: SignedIn) -> bool:
    return str(Role.ADMINISTRATOR) in roles_held(officer.number)


def require_importing(officer: SignedIn | None, register: str, posts: Sequence[str] | None) -> None:
    """Raises Refused('registers.not-yours') unless the officer may import into ``register``, for ``posts`` (None: as it is). Nobody is the
    machine's operator.
    """
    if officer is None or _administers(officer):
        return
    own, readers = frozenset(officer.posts), register_posts().get(register)
    if (readers is not None and not (readers and readers <= own)) or not own.issuperset(posts or ()):
        raise Refused("registers.not-yours", register=register)


def require_keeping_public(officer: SignedIn, register: str) -> None:
    """Raises Refused('registers.not-yours') unless the officer is at our desk for notices, or administers the node."""
    if own_desk() not in officer.posts and not _administers(officer):
        raise Refused("registers.not-yours", register=register)
