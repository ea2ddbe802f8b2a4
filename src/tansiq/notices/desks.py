"""The desks of this room: our bureau's, the hub's relay and legal desks, and who vouches for whom.

Invariant: the hub is the one that the node's own configuration names (`channels.houserules`); a partner that calls itself a hub is
none. What is for the members is said by a bureau's desk, what is decided by the hub is said by its legal desk, and the
roles are those of the signed directories.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tansiq.channels.houserules import house_rules
from tansiq.channels.officers import ActingOfficer
from tansiq.directory.queries import current_directory, own_directory, partners
from tansiq.errors import NotFound, Refused
from tansiq.policy.ways import state_of
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import agency_of

__all__ = [
    "BUREAU", "LEGAL", "RELAY", "bureaux_of", "carriers", "desk_of", "hub_agency", "hub_posts", "is_hub", "legal_posts", "own_desk",
    "own_services", "require_post",
]  # fmt: skip

BUREAU: Final = "bureau"
"""The role of the desk of a national central bureau."""
LEGAL: Final = "legal"
"""The role of the hub's desk that judges what is to be published."""
RELAY: Final = "hub"
"""The role of the hub's desk by which everything passes."""
_DESK: Final = "desk"


def _with_role(directory: Directory, role: str) -> list[str]:
    return [post.id for post in directory.posts if post.role == role]


def is_hub() -> bool:
    """Whether this node is the hub: it has a legal desk and a relay desk of its own."""
    own = own_directory()
    return bool(_with_role(own, LEGAL) and _with_role(own, RELAY))


def hub_agency() -> str:
    """The agency of the hub. Raises NotFound when the configuration names none."""
    if is_hub():
        return own_directory().agency
    if not house_rules().hub:
        raise NotFound("notices.no-hub")
    return agency_of(house_rules().hub)


def hub_posts() -> tuple[str, str]:
    """The hub's relay desk and its legal desk. Raises NotFound."""
    directory = current_directory(hub_agency())
    relay, legal = _with_role(directory, RELAY), _with_role(directory, LEGAL)
    if not relay or not legal:
        raise NotFound("notices.no-hub")
    return relay[0], legal[0]


def legal_posts(agency: str) -> Sequence[str]:
    """The legal desks of an agency."""
    return _with_role(current_directory(agency), LEGAL)


def bureaux_of(directory: Directory) -> list[str]:
    """The desks of a bureau in a directory."""
    return _with_role(directory, BUREAU)


def own_desk() -> str:
    """Our own desk for notices: the bureau's, or the hub's legal desk; '' for a service that only reads them."""
    own = own_directory()
    return next(iter(_with_role(own, BUREAU) or _with_role(own, LEGAL)), "")


def desk_of(directory: Directory) -> str:
    """The desk of an agency to which a notice goes; '' when it has none."""
    return next(iter(_with_role(directory, BUREAU) or _with_role(directory, _DESK)), "")


def own_services() -> dict[str, list[str]]:
    """To whom a bureau passes what binds: the services of its own state that it has met, with their desks."""
    own = own_directory()
    if not _with_role(own, BUREAU):
        return {}
    found: dict[str, list[str]] = {}
    for partner in partners():
        if partner.is_self or not partner.confirmed_ms or state_of(partner.agency) != state_of(own.agency):
            continue
        directory = current_directory(partner.agency)
        desks = [] if _with_role(directory, BUREAU) else _with_role(directory, _DESK)
        if desks:
            found[partner.agency] = desks
    return found


def carriers() -> frozenset[str]:
    """Whose hands bring us notices and introduce others: the hub, and for a service its own bureau."""
    rules = house_rules()
    return frozenset(agency_of(post) for post in (rules.hub, rules.bureau) if post)


def require_post(officer: ActingOfficer, role: str) -> str:
    """The officer's desk with this role. Raises Refused when the officer is at none."""
    own = [post for post in _with_role(own_directory(), role) if post in officer.posts]
    if not own:
        raise Refused("notices.not-your-desk", role=role)
    return own[0]
