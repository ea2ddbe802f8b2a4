"""From a notice or a word about it to what the post room makes a statement of: docket, parts, readers, lane.

Invariant: the docket says the same as the body, in codes alone. Readers are those whom the table of the channels names: a notice
is sealed to the hub's legal desk, which seals it to the members; a diffusion to the bureaux that it names, by their own bureau;
the hub's relay desk gets the docket of what passes it. What only the hub may know (whom a source denies it) stands in a
statement of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tansiq.directory.queries import sealing_key_of
from tansiq.enquiries.drafts import languages_of
from tansiq.exchange.drafts import Draft, OfficerAct, Reader
from tansiq.notices.desks import hub_agency, hub_posts
from tansiq.notices.kinds import CHANNEL
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.notice import Notice, NoticeAnswer, StatusDeclaration
from tansiq.policy.plain import Record
from tansiq.protocol.docket import ALL_MEMBERS, Docket, agency_of
from tansiq.protocol.envelope import Handover, Lane
from tansiq.protocol.limits import MAX_ROUTE
from tansiq.protocol.parts import Part

__all__ = ["answer_draft", "diffusion_draft", "docket_of", "from_hub_draft", "lane_of", "languages_of", "to_hub_draft"]

_AT_ONCE: Final = frozenset({"notice.orange"})
"""Colours that wait behind nothing."""


def lane_of(colour: str) -> Lane:
    """The lane on which a notice of this colour, and what is said about it, travels."""
    return Lane.URGENT if colour in _AT_ONCE else Lane.NORMAL


def _law_and_conditions(body: Record) -> tuple[LawBasis, Conditions]:
    law = body.law if isinstance(body, Notice | NoticeAnswer | StatusDeclaration) else None
    conditions = body.conditions if isinstance(body, Notice | NoticeAnswer | StatusDeclaration) else None
    return law or LawBasis(), conditions or Conditions()


def docket_of(
    kind: str, body: Record, *, matter: bytes, route: Sequence[str], addressees: Sequence[str], more: Mapping[str, Any]
) -> Docket:
    """The docket of a statement with this body: its codes, and no word of it."""
    law, conditions = _law_and_conditions(body)
    values: dict[str, Any] = {
        "field": law.offence or "",
        "classification": conditions.classification or "",
        "handling": conditions.codes,
        "languages": languages_of(body.to_plain()),
    }
    return Docket(
        kind=kind,
        channel=CHANNEL,
        matter=matter,
        sender=route[0],
        route=tuple(route),
        addressees=tuple(addressees),
        **values | dict(more),
    )


def _part(kind: str, body: Record) -> Part:
    return Part(kind, dict(body.to_plain()))


def to_hub_draft(
    kind: str, body: Record, *, matter: bytes, act: OfficerAct, lane: Lane, now_ms: int, to_all: bool, **more: Any
) -> Draft:
    """Something that a bureau says to the hub's legal desk; ``to_all``: the members shall have it too."""
    relay, legal = hub_posts()
    peer = hub_agency()
    docket = docket_of(
        kind,
        body,
        matter=matter,
        route=(act.post, relay, legal),
        addressees=(ALL_MEMBERS,) if to_all else (legal,),
        more=more,
    )
    readers = [
        Reader(peer, sealing_key_of(legal, now_ms)[1], agency=peer),
        Reader(peer, sealing_key_of(relay, now_ms)[1], docket_only=True, agency=peer),
    ]
    return Draft(docket=docket, parts=[_part(kind, body)], readers=readers, lane=lane, act=act)


def from_hub_draft(
    kind: str, body: Record, *, matter: bytes, act: OfficerAct, lane: Lane, posts: Sequence[str], now_ms: int, to_all: bool, **more: Any
) -> Draft:  # fmt: skip
    """Something that the hub's legal desk says to the desks ``posts``, each of which is a peer of its own."""
    relay, _ = hub_posts()
    docket = docket_of(
        kind,
        body,
        matter=matter,
        route=(act.post, relay),
        addressees=(ALL_MEMBERS,) if to_all else tuple(posts),
        more=more,
    )
    readers = [Reader(agency_of(post), sealing_key_of(post, now_ms)[1], agency=agency_of(post)) for post in posts]
    handovers = (Handover(relay, now_ms, now_ms),)
    return Draft(docket=docket, parts=[_part(kind, body)], readers=readers, lane=lane, act=act, handovers=handovers)


def diffusion_draft(
    kind: str, body: Record, *, matter: bytes, act: OfficerAct, lane: Lane, posts: Sequence[str], now_ms: int, **more: Any
) -> Draft:  # fmt: skip
    """A diffusion, or what is said about one, to the bureaux ``posts``; the hub passes it on and reads its docket.

    More of them than a docket names are all members to it: then those who got a wrap have it, and nobody else.
    """
    relay, _ = hub_posts()
    peer = hub_agency()
    named = (relay, *posts)
    docket = docket_of(
        kind,
        body,
        matter=matter,
        route=(act.post, relay),
        addressees=named if len(named) <= MAX_ROUTE else (ALL_MEMBERS,),
        more=more,
    )
    readers = [Reader(peer, sealing_key_of(relay, now_ms)[1], docket_only=True, agency=peer)]
    readers += [Reader(peer, sealing_key_of(post, now_ms)[1], agency=agency_of(post)) for post in posts]
    return Draft(docket=docket, parts=[_part(kind, body)], readers=readers, lane=lane, act=act)


def answer_draft(
    kind: str, body: Record, *, matter: bytes, act: OfficerAct | None, lane: Lane, to: str, now_ms: int, from_post: str = "", **more: Any
) -> Draft:  # fmt: skip
    """What a member says to the source of a notice; the hub passes it on and reads its docket. Without an officer's act it is
    the node's own word, from the desk ``from_post``.
    """
    relay, _ = hub_posts()
    peer = hub_agency()
    sender = act.post if act is not None else from_post
    docket = docket_of(kind, body, matter=matter, route=(sender, relay, to), addressees=(to,), more=more)
    readers = [
        Reader(peer, sealing_key_of(to, now_ms)[1], agency=agency_of(to)),
        Reader(peer, sealing_key_of(relay, now_ms)[1], docket_only=True, agency=peer),
    ]
    return Draft(docket=docket, parts=[_part(kind, body)], readers=readers, lane=lane, act=act)
