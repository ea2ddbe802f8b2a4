"""A way: the desks that something passes on its channel, who of them reads it, and the keys to which it is sealed.

Invariant: the readers are those of the table (`policy.ways`) and no others. The body is sealed to whoever reads it, from the
first hop on; the docket to every desk whose key is known here, and each relay seals it to the next one that lacks it. Where
a desk reads with its officer's own key, the desk itself gets the docket alone, and so does our own node of what such an
officer says. Our own desks on the way need no wrap: what the node sends it keeps, and they read there.

    way = find("interpol", sender, addressee, context=context, now_ms=now)    # the route out of the directories
    way = along("interpol", route, context=context, now_ms=now)               # a route that is known, as of an answer
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from tansiq.channels.desks import OFFICE, bureau_of, hub, office_between, office_of, role_of, roles_of
from tansiq.channels.houserules import house_rules
from tansiq.directory.queries import current_directory, own_directory, partners, sealing_key_of
from tansiq.errors import BadInput, NotFound, Refused
from tansiq.exchange.context import Context
from tansiq.exchange.drafts import Reader
from tansiq.exchange.readers import officer_readers
from tansiq.policy.ways import Seat, seats, state_of, way_rule
from tansiq.protocol.directory import Use
from tansiq.protocol.docket import agency_of
from tansiq.protocol.envelope import Handover

__all__ = ["Way", "along", "copies_of", "find", "is_plain", "require_own_keys", "route_of"]

_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
_BETWEEN: Final[Mapping[str, str]] = MappingProxyType({"embassy": OFFICE, "liaison": "liaison"})
"""The role of the desk that ``via`` names, by channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The way of one thing that is said. ``route`` begins with its sender's desk and ends with its addressee's; ``copies``
    get the docket. ``readers`` are sealed to on the first hop; ``own`` are the readers of our copy where it is for an
    officer's own eyes (none: the node keeps it). ``handovers`` are the desks of ours that hand on at once.
    """

    channel: str
    route: tuple[str, ...]
    copies: tuple[str, ...] = ()
    seats: tuple[Seat, ...] = ()
    readers: tuple[Reader, ...] = ()
    own: tuple[Reader, ...] = ()
    handovers: tuple[Handover, ...] = ()

    @property
    def sender(self) -> str:
        """The desk that says it."""
        return self.route[0]

    @property
    def addressee(self) -> str:
        """The desk that it is for."""
        return self.route[-1]

    @property
    def office(self) -> str:
        """The embassy's office, or the liaison officer's desk, between the two; '' when there is none."""
        return next((seat.post for seat in self.seats if seat.step in {"office", "liaison"}), "")

    @property
    def closed(self) -> bool:
        """Whether our copy is for an officer's own eyes alone."""
        return bool(self.own)

    @property
    def between_persons(self) -> bool:
        """Whether one of the two at its ends reads with a key of one's own, so that one node knows the docket alone."""
        return any(seat.own_key for seat in self.seats if seat.post in {self.sender, self.addressee})


def is_plain(channel: str, route: Sequence[str], copies: Sequence[str]) -> bool:
    """Whether a way is told by its two desks and the office between them, so that it need not be kept besides."""
    return channel == "embassy" and len(route) <= 3 and not copies


def _next_agency(route: Sequence[str], agency: str) -> str:
    """The first agency behind ours. Raises BadInput: the route does not lead from us to a partner, or comes back to us."""
    agencies = [agency_of(post) for post in route]
    behind = [one for one in agencies if one != agency]
    if agencies[0] != agency or not behind or agencies[-1] == agency:
        raise BadInput("enquiries.wrong-way", sender=route[0], addressee=route[-1])
    if agencies[len(agencies) - len(behind) :] != behind:
        raise BadInput("enquiries.wrong-way", sender=route[0], addressee=route[-1])
    return behind[0]


def _require_own(posts: Sequence[str], agency: str) -> None:
    """Raises NotFound for a desk of ours that is none."""
    own = {post.id for post in own_directory().posts}
    for post in posts:
        if agency_of(post) == agency and post not in own:
            raise NotFound("directory.unknown-post", post=post)


def _believed(on_route: set[str]) -> set[str]:
    """The agencies to whose keys we may seal: their words were compared, or one that stands on the route vouches for them."""
    return {one.agency for one in partners() if one.confirmed_ms or one.introduced_by in on_route}


def _person(post: str, said: str, now_ms: int) -> str:
    """Who reads at a desk with a key of one's own: the one who is said, else the only one. Raises NotFound, BadInput."""
    directory = current_directory(agency_of(post))
    members = [one.number for one in directory.officers if post in one.posts]
    found = [one for one in members if directory.current(Use.OFFICER_OPENS, one, now_ms)]
    if said:
        found = [one for one in found if one == said]
    if not found:
        raise NotFound("exchange.no-reading-key", officer=said or post)
    if len(found) > 1:
        raise BadInput("channels.which-person", post=post, officers=", ".join(found))
    return found[0]


def _own_eyes(post: str, said: str, *, peer: str, now_ms: int) -> list[Reader]:
    agency = agency_of(post)
    found = officer_readers(agency, _person(post, said, now_ms), peer=peer, now_ms=now_ms)
    return [replace(one, agency=agency) for one in found]


def _desk_reader(post: str, *, peer: str, now_ms: int, docket_only: bool) -> Reader:
    return Reader(peer, sealing_key_of(post, now_ms)[1], docket_only, agency=agency_of(post))


def _readers(found: Sequence[Seat], *, peer: str, agency: str, persons: Mapping[str, str], now_ms: int) -> list[Reader]:
    """To whom it is sealed on the hop to ``peer``, and on the way of a copy of ours to a node of our state."""
    out: list[Reader] = []
    others = {agency_of(seat.post) for seat in found} - {agency}
    known = others if others == {peer} else _believed(others)  # of the peer itself the post room asks
    for seat in found:
        theirs = agency_of(seat.post)
        if theirs == agency:
            continue
        if seat.step == "copy":
            # A copy is brought by the side of its own state; the partner's side brings its own.
            if state_of(theirs) == state_of(agency) and theirs in known:
                out.append(_desk_reader(seat.post, peer=theirs, now_ms=now_ms, docket_only=True))
        elif theirs not in known:
            if seat.reads_body:
                raise Refused("directory.unconfirmed", agency=theirs)
        elif seat.own_key:
            out += _own_eyes(seat.post, persons.get(seat.post, ""), peer=peer, now_ms=now_ms)
            out.append(_desk_reader(seat.post, peer=peer, now_ms=now_ms, docket_only=True))
        else:
            out.append(_desk_reader(seat.post, peer=peer, now_ms=now_ms, docket_only=not seat.reads_body))
    return out


def require_own_keys(channel: str, found: Sequence[Seat]) -> None:
    """Raises Refused where a channel of persons is used between desks: direct is head to head, and a liaison officer's is
    that officer's.
    """
    rule = way_rule(channel)
    ours = [seat for seat in found if seat.own_key]
    if rule.own_key and (not ours or (len(rule.route) == 2 and len(ours) < 2)):
        raise Refused("channels.not-their-channel", channel=channel, roles=", ".join(sorted(rule.own_key)))


def along(
    channel: str,
    route: Sequence[str],
    *,
    context: Context,
    now_ms: int,
    copies: Sequence[str] = (),
    persons: Mapping[str, str] = _NOBODY,
) -> Way:
    """The way along ``route``, with its readers and the desks of ours that hand on at once.

    ``persons`` names, by desk, the officer (a service number) who reads there with a key of one's own; where a desk has one
    only, none need be named. Raises NotFound (a desk that is none, nobody with a key of one's own), BadInput (a route that
    the channel has not, or that does not lead from us to a partner; several who might be meant) and Refused (a partner
    whose words were not compared).
    """
    route = tuple(route)
    peer = _next_agency(route, context.agency)
    _require_own((*route, *copies), context.agency)
    roles = roles_of(route) if way_rule(channel).own_key else {}
    found = seats(channel, route, copies, roles=roles)
    require_own_keys(channel, found)
    sender = found[0]
    own = _own_eyes(sender.post, persons.get(sender.post, ""), peer=peer, now_ms=now_ms) if sender.own_key else []
    between = [post for post in route[1:] if agency_of(post) == context.agency]
    return Way(
        channel=channel,
        route=route,
        copies=tuple(seat.post for seat in found if seat.step == "copy"),
        seats=found,
        readers=tuple(_readers(found, peer=peer, agency=context.agency, persons=persons, now_ms=now_ms)),
        own=tuple(own),
        handovers=tuple(Handover(post, now_ms, now_ms) for post in between),
    )


def _through(step: str, sender: str, addressee: str, via: str) -> str:
    """The desk at a step of the table; '' when one of the two desks stands there itself. Raises NotFound, BadInput."""
    match step:
        case "sender.bureau":
            return bureau_of(sender, ours=True)
        case "hub":
            return hub()
        case "addressee.bureau":
            return bureau_of(addressee, ours=False)
        case "office":
            office = via or office_between(sender, addressee)
            if state_of(office) not in {state_of(sender), state_of(addressee)}:
                raise BadInput("enquiries.foreign-office", post=office)
            return office
        case _:  # a liaison officer stands on the way where somebody says so, or is one of the two
            return via


def route_of(channel: str, sender: str, addressee: str, *, via: str = "") -> tuple[str, ...]:
    """The desks from ``sender`` to ``addressee``, out of what the directories say; ``via`` names the office or the liaison
    officer's desk. Raises NotFound and BadInput.
    """
    between = [_through(step, sender, addressee, via) for step in way_rule(channel).route[1:-1]]
    return tuple(dict.fromkeys(post for post in (sender, *between, addressee) if post))


def copies_of(channel: str, route: Sequence[str]) -> list[str]:
    """The desks that get the docket of what we say along ``route``, besides those on it."""
    sender, addressee = route[0], route[-1]
    out: list[str] = []
    for rule in way_rule(channel).copies:
        if rule == "sender.office":
            out.append(office_of(sender, abroad=state_of(addressee)))
        elif rule == "liaison.office":
            officer = next((post for post, role in roles_of(route).items() if role == "liaison"), "")
            other = addressee if state_of(officer) == state_of(sender) else sender
            out.append(office_of(officer, abroad=state_of(other)) if officer else "")
        elif rule == "ruled":
            out += house_rules().direct_copies
    return [post for post in out if post and post not in route]


def _check_between(channel: str, via: str) -> None:
    wanted = _BETWEEN.get(channel, "")
    if not via or not wanted or role_of(via) == wanted:
        return
    if wanted != OFFICE or via not in house_rules().offices.values():
        raise BadInput("channels.not-between", post=via)


def find(
    channel: str,
    sender: str,
    addressee: str,
    *,
    context: Context,
    now_ms: int,
    via: str = "",
    copies: Sequence[str] = (),
    persons: Mapping[str, str] = _NOBODY,
) -> Way:
    """The way from a desk of ours to a partner's on ``channel``; ``copies`` are desks that get the docket besides those of
    the table. Raises as `along` and `route_of`, and BadInput where ``via`` is there for something else.
    """
    route = route_of(channel, sender, addressee, via=via)
    every = dict.fromkeys((*copies, *copies_of(channel, route)))
    way = along(channel, route, context=context, now_ms=now_ms, copies=list(every), persons=persons)
    _check_between(channel, via)
    return way
