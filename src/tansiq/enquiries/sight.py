"""Who will see what: for each part of something before it is said, everybody who will be able to open it, and who will
see only its envelope.

Invariant: it is read off the draft that is sealed, reader by reader (`exchange.drafts.compose` makes one wrap for each of
``Draft.readers``, and one to ourselves or to ``Draft.own``), so what is shown is who can open; desks on the way to whom a
relay seals the docket are shown with it. A node's operator stands here too: whoever has
root on a running node can open what that node's own keys open; what is sealed to an officer's own eyes, not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tansiq.channels.desks import role_of, roles_of
from tansiq.channels.ways import find
from tansiq.directory.queries import current_directory
from tansiq.enquiries.drafts import REQUEST
from tansiq.enquiries.going import way_in
from tansiq.enquiries.officers import ActingOfficer
from tansiq.enquiries.rows import enquiry_rows
from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Draft, Reader
from tansiq.policy.ways import Seat, seats
from tansiq.protocol.acts import PART_KIND as ACT
from tansiq.protocol.directory import Certified, Directory, Use
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.protocol.keys import PublicSealingKey

__all__ = ["DOCKET", "PartSight", "Seer", "readers_in", "readers_of", "readers_of_request"]

DOCKET: Final = "docket"
_OFFICE: Final = "office"
_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
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


@dataclass(frozen=True, slots=True)
class _Given:
    """To whom it is sealed, who reads our own copy with a key of one's own, and the desks on the way."""

    readers: Sequence[Reader]
    own: Sequence[Reader]
    seats: Sequence[Seat]


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


def _holders(reader: Reader) -> Iterator[tuple[str, str, str, bool]]:
    """Who holds the keys of a reader: agency, kind, who, and whether that agency's node holds it."""
    agency = reader.agency or reader.peer
    directory = current_directory(agency)
    for key in reader.custodians or (reader.key,):
        one = _certified(directory, key)
        kind = _KINDS.get(one.use, "unknown") if one is not None else "unknown"
        owner = one.owner if one is not None else ""
        role = next((post.role for post in directory.posts if post.id == owner), "")
        named = _OFFICE if kind == "post" and role == _OFFICE else kind
        yield agency, named, owner or agency, one is not None and one.use in _NODE_HELD


def _seated(found: Iterable[Seat], agency: str, *, closed: bool, docket: bool) -> Iterator[Seer]:
    """The desks on the way: ours read here what the node keeps; another agency's, to which we seal nothing, gets the docket
    by a relay.
    """
    for seat in found:
        theirs = agency_of(seat.post)
        opens = docket or (theirs == agency and seat.reads_body and not closed)
        yield Seer(theirs, _OFFICE if role_of(seat.post) == _OFFICE else "post", seat.post, opens)


def _seers(given: _Given, agency: str, *, docket: bool) -> tuple[Seer, ...]:
    found = set(_seated(given.seats, agency, closed=bool(given.own), docket=docket))
    by_machine = {one.agency: docket for one in found} | {agency: docket or not given.own}
    for reader in (*given.readers, *given.own):
        opens = docket or not reader.docket_only
        for theirs, kind, who, node_held in _holders(reader):
            found.add(Seer(theirs, kind, who, opens))
            by_machine[theirs] = by_machine.get(theirs, False) or (opens and node_held)
    found |= {Seer(one, "operator", one, opens) for one, opens in by_machine.items()}
    # Who has several keys, or stands here twice, is shown by the one that opens.
    opening = {(one.agency, one.kind, one.who) for one in found if one.opens}
    return tuple(sorted(one for one in found if one.opens or (one.agency, one.kind, one.who) not in opening))


def _sight(given: _Given, kinds: Sequence[str], agency: str) -> list[PartSight]:
    body = _seers(given, agency, docket=False)
    docket = PartSight(-1, DOCKET, _seers(given, agency, docket=True))
    return [docket, *(PartSight(place, kind, body) for place, kind in enumerate(kinds))]


def readers_of(draft: Draft, *, context: Context) -> list[PartSight]:
    """For the docket and each part of ``draft`` (a file is a part of its own, the officer's signature another) who will
    have it. Nothing is stored or sent.
    """
    kinds = [part.kind for part in draft.parts] + ([ACT] if draft.act is not None else [])
    docket = draft.docket
    found = seats(docket.channel, docket.route, docket.copies, roles=roles_of(docket.route))
    return _sight(_Given(draft.readers, draft.own, found), kinds, context.agency)


def readers_of_request(
    *,
    context: Context,
    from_post: str,
    to_post: str,
    via_office_post: str = "",
    channel: str = "embassy",
    persons: Mapping[str, str] = _NOBODY,
    kinds: Sequence[str] = (REQUEST,),
) -> list[PartSight]:
    """The same for a request that is still being written: ``kinds`` are its parts. Raises NotFound, BadInput (no way)."""
    now_ms = context.clock()
    way = find(channel, from_post, to_post, via=via_office_post, context=context, now_ms=now_ms, persons=persons)
    return _sight(_Given(way.readers, way.own, way.seats), [*kinds, ACT], context.agency)


def readers_in(matter: bytes, *, context: Context, officer: ActingOfficer, kinds: Sequence[str]) -> list[PartSight]:
    """The same for an answer, or any other word, that is still being written in an enquiry of the officer's desk.

    Raises NotFound.
    """
    rows = enquiry_rows("matter = %s", (matter,))
    if not rows or rows[0].own_post not in officer.posts:
        raise NotFound("enquiries.unknown", enquiry=id_text(matter))
    way = way_in(rows[0], context=context, officer=officer.number, now_ms=context.clock())
    return _sight(_Given(way.readers, way.own, way.seats), [*kinds, ACT], context.agency)
