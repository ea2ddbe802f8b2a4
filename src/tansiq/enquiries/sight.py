"""Who will see what: for each part of something before it is said, everybody who will be able to open it, and who will
see only its envelope.

Invariant: it is read off the draft that is sealed, reader by reader (`exchange.drafts.compose` makes one wrap for each of
``Draft.readers``, and one to ourselves), so what is shown is who can open. A node's operator stands here too: whoever has
root on a running node can open what that node's own keys open; what is sealed to an officer's own eyes, not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from tansiq.directory.queries import current_directory, own_directory
from tansiq.enquiries.drafts import REQUEST, Way
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import enquiry_rows
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.protocol.acts import PART_KIND as ACT
from tansiq.protocol.directory import Certified, Directory, Use
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.protocol.keys import PublicSealingKey

__all__ = ["DOCKET", "PartSight", "Seer", "readers_in", "readers_of", "readers_of_request"]

DOCKET: Final = "docket"
_OFFICE: Final = "office"
_NODE_HELD: Final = frozenset({Use.POST_OPENS, Use.NODE_OPENS})
"""Keys that lie in the key store of a node; officers' own keys do not."""


@dataclass(frozen=True, slots=True, order=True)
class Seer:
    """Somebody who will have it. ``kind``: post, office, officer, recovery, node (the agency's own key) or operator;
    ``who``: the post, the service number or the agency; ``opens``: the content, else the envelope alone.
    """

    agency: str
    kind: str
    who: str
    opens: bool


@dataclass(frozen=True, slots=True)
class PartSight:
    """One part of what will be said (``place`` -1: the docket) and all who will have it."""

    place: int
    kind: str
    seers: tuple[Seer, ...]


def _certified(directory: Directory, key: PublicSealingKey) -> Certified | None:
    """The directory's entry for a sealing key."""
    found = (one for one in directory.keys if one.public == key.public)
    return next(found, None)


_KINDS: Final = {
    Use.POST_OPENS: "post",
    Use.NODE_OPENS: "node",
    Use.OFFICER_OPENS: "officer",
    Use.RECOVERY_OPENS: "recovery",
}


def _holders(reader: Reader) -> list[tuple[str, str, bool]]:
    """Who holds the keys of a reader: kind, who, and whether the node itself holds it."""
    directory = current_directory(reader.peer)
    out = []
    for key in reader.custodians or (reader.key,):
        one = _certified(directory, key)
        kind = _KINDS.get(one.use, "unknown") if one is not None else "unknown"
        owner = one.owner if one is not None else ""
        role = next((post.role for post in directory.posts if post.id == owner), "")
        named = _OFFICE if kind == "post" and role == _OFFICE else kind
        out.append((named, owner or reader.peer, one is not None and one.use in _NODE_HELD))
    return out


def _ours(route: Iterable[str], agency: str) -> list[Seer]:
    """At our own node, which keeps what it says: the desks of ours on the way, and whoever operates it."""
    roles = {post.id: post.role for post in own_directory().posts}
    own = [
        Seer(agency, _OFFICE if roles.get(post) == _OFFICE else "post", post, opens=True)
        for post in route
        if agency_of(post) == agency
    ]
    return [*own, Seer(agency, "operator", agency, opens=True)]


def _seers(readers: Sequence[Reader], route: Sequence[str], agency: str, *, docket: bool) -> tuple[Seer, ...]:
    found = set(_ours(route, agency))
    by_machine: dict[str, bool] = {}
    for reader in readers:
        opens = docket or not reader.docket_only
        by_machine.setdefault(reader.peer, False)
        for kind, who, node_held in _holders(reader):
            found.add(Seer(reader.peer, kind, who, opens))
            by_machine[reader.peer] |= opens and node_held
    found |= {Seer(peer, "operator", peer, opens) for peer, opens in by_machine.items()}
    # Who has several keys, or stands here twice, is shown by the one that opens.
    opening = {(one.agency, one.kind, one.who) for one in found if one.opens}
    return tuple(sorted(one for one in found if one.opens or (one.agency, one.kind, one.who) not in opening))


def _sight(readers: Sequence[Reader], route: Sequence[str], kinds: Sequence[str], agency: str) -> list[PartSight]:
    body = _seers(readers, route, agency, docket=False)
    docket = PartSight(-1, DOCKET, _seers(readers, route, agency, docket=True))
    return [docket, *(PartSight(place, kind, body) for place, kind in enumerate(kinds))]


def readers_of(draft: Draft, *, context: Context) -> list[PartSight]:
    """For the docket and each part of ``draft`` (a file is a part of its own, the officer's signature another) who will
    have it. Nothing is stored or sent.
    """
    kinds = [part.kind for part in draft.parts] + ([ACT] if draft.act is not None else [])
    return _sight(draft.readers, draft.docket.route, kinds, context.agency)


def readers_of_request(
    *,
    context: Context,
    from_post: str,
    to_post: str,
    via_office_post: str,
    kinds: Sequence[str] = (REQUEST,),
) -> list[PartSight]:
    """The same for a request that is still being written: ``kinds`` are its parts. Raises NotFound, BadInput (no way)."""
    way = Way.find(from_post, via_office_post, to_post, context=context, now_ms=context.clock())
    return _sight(way.readers, way.route, [*kinds, ACT], context.agency)


def readers_in(matter: bytes, *, context: Context, officer: ActingOfficer, kinds: Sequence[str]) -> list[PartSight]:
    """The same for an answer, or any other word, that is still being written in an enquiry of the officer's desk.

    Raises NotFound.
    """
    rows = enquiry_rows("matter = %s", (matter,))
    if not rows or rows[0].own_post not in officer.posts:
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    row = rows[0]
    way = Way.find(row.own_post, row.office_post, row.their_post, context=context, now_ms=context.clock())
    return _sight(way.readers, way.route, [*kinds, ACT], context.agency)
