"""The desks between two services, as the directories of those whom we know name them: bureau, hub, office.

Invariant: only an agency is asked whose words were compared, or for which another vouches. A node of its own goes before a desk of one of the two
services, and what the agency rules for itself before both; where several fit, a person says which.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tansiq.channels.houserules import house_rules
from tansiq.directory.queries import current_directory, partners
from tansiq.errors import BadInput, NotFound
from tansiq.policy.ways import state_of
from tansiq.protocol.directory import Directory
from tansiq.protocol.docket import agency_of

__all__ = ["bureau_of", "hub", "office_between", "office_of", "role_of", "roles_of"]

BUREAU, HUB, OFFICE = "bureau", "hub", "office"


def _known() -> Iterator[Directory]:
    """The documents of ourselves and of all whose words were compared, or for whom another vouches."""
    for partner in partners():
        if partner.is_self or partner.confirmed_ms or partner.introduced_by:
            yield current_directory(partner.agency)


def _with_role(role: str, documents: Iterable[Directory]) -> list[str]:
    return [post.id for document in documents for post in document.posts if post.role == role]


def _one(found: list[str], role: str) -> str:
    """The only one. Raises NotFound, and BadInput where there are several."""
    if not found:
        raise NotFound("channels.no-desk", role=role)
    if len(found) > 1:
        raise BadInput("channels.which-desk", role=role, desks=", ".join(found))
    return found[0]


def _of_state(role: str, state: str, own: tuple[str, ...]) -> list[str]:
    """The desks with ``role`` of a state: of nodes of their own; else of the agencies ``own``, in their order."""
    documents = [one for one in _known() if state_of(one.agency) == state]
    apart = _with_role(role, (one for one in documents if one.agency not in own))
    if apart:
        return apart
    for agency in own:
        if found := _with_role(role, (one for one in documents if one.agency == agency)):
            return found
    return []


def bureau_of(post: str, *, ours: bool) -> str:
    """The national central bureau for a desk. Raises NotFound, BadInput."""
    if ours and house_rules().bureau:
        return house_rules().bureau
    return _one(_of_state(BUREAU, state_of(post), (agency_of(post),)), BUREAU)


def hub() -> str:
    """The desk of the organisation between the bureaux. Raises NotFound, BadInput."""
    return house_rules().hub or _one(_with_role(HUB, _known()), HUB)


def office_of(post: str, *, abroad: str) -> str:
    """The office that the state of ``post`` has in the state ``abroad``; '' when it is not known to have one, or which."""
    own = house_rules().offices.get(abroad, "")
    if own and state_of(own) == state_of(post):
        return own
    found = _of_state(OFFICE, state_of(post), (agency_of(post),))
    return found[0] if len(found) == 1 else ""


def office_between(sender: str, addressee: str) -> str:
    """The office by which it goes between two desks: ours, else the partner's. Raises BadInput('channels.which-office')."""
    for post, other in ((sender, addressee), (addressee, sender)):
        if found := office_of(post, abroad=state_of(other)):
            return found
    raise BadInput("channels.which-office")


def role_of(post: str) -> str:
    """The role of a desk as its agency's directory lists it; '' for one that is not known."""
    try:
        posts = current_directory(agency_of(post)).posts
    except NotFound:
        return ""
    return next((one.role for one in posts if one.id == post), "")


def roles_of(posts: Iterable[str]) -> dict[str, str]:
    """The roles of several desks."""
    return {post: role_of(post) for post in posts}
