"""The choice of a channel on the pages: the four side by side for what is written so far, and the judgement on the one that is chosen.

Invariant: what the page says and what sending does are one judgement (`weighing.Choosing`). A draft that lacks much is judged by the codes that
stand in it already.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from django.urls import reverse

from tansiq.channels.approvals import ask_approval, standing_of
from tansiq.channels.available import Ends, ends_of
from tansiq.channels.history import expected_by_channel
from tansiq.channels.otherwise import otherwise_by
from tansiq.channels.pages_shared import TONES
from tansiq.channels.queries import standings
from tansiq.channels.seen import digest_of
from tansiq.channels.showing import Card, cards, pending
from tansiq.enquiries.forms import Data, count_of
from tansiq.enquiries.forms_channel import case_in, channel_in, weighing_in
from tansiq.enquiries.forms_enquiry import Way
from tansiq.enquiries.pages_common import node_of
from tansiq.enquiries.weighing import Choosing, matter_of
from tansiq.errors import BadInput
from tansiq.policy.channel_matter import Channel, Matter, State
from tansiq.policy.channel_values import Advice
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import Enquiry, LawBasis
from tansiq.policy.subjects import Subject
from tansiq.protocol.docket import agency_of
from tansiq.web.visitor import Request

__all__ = ["Going", "ask_for", "choosing_of", "four_of", "going_of", "judged_matter"]


@dataclass(frozen=True, slots=True)
class Going:
    """By which channel it goes, and between which desks."""

    channel: Channel
    ends: Ends


def choosing_of(request: Request, way: Way) -> Choosing:
    """The choice for what this visitor writes."""
    sender = way.sender or next(iter(request.visitor.posts), "")
    return Choosing(
        context=node_of(request), officer=request.visitor.number, posts=tuple(request.visitor.posts), sender=sender,
        addressee=way.addressee, via=way.office,
    )  # fmt: skip


def going_of(data: Data, request: Request, way: Way, enquiry: Enquiry) -> Going | None:
    """The channel that is chosen, with its desks; None while none is chosen, or nobody is asked yet."""
    channel = channel_in(data)
    if channel is None or not way.addressee or not way.sender:
        return None
    ends = ends_of(
        channel, sender=way.sender, addressee=way.addressee, posts=tuple(request.visitor.posts), via=way.office,
        field=(enquiry.law.offence or "") if enquiry.law else "", case=case_in(data), context=node_of(request),
    )  # fmt: skip
    return Going(channel, ends)


def _sketch(data: Data) -> Enquiry:
    """The codes that stand in a draft already; a code of no shape is left out."""

    def said(name: str) -> str | None:
        return str(data.get(name) or "") or None

    subjects = []
    for place in range(count_of(data, "subjects", least=0)):
        kind = said(f"subjects.{place}.kind")
        if kind:
            subjects.append(Subject(kind=kind, category=said(f"subjects.{place}.category")))
    return Enquiry(
        subjects=tuple(subjects),
        urgency_ground=said("urgency_ground"),
        law=LawBasis(purpose=said("law.purpose"), offence=said("law.offence")),
        conditions=Conditions(classification=said("conditions.classification")),
    )


def judged_matter(data: Data, way: Way, enquiry: Enquiry | None = None) -> Matter:
    """What the rules see of what is written; ``enquiry`` when all of it can be read."""
    if enquiry is None:
        try:
            enquiry = _sketch(data)
        except BadInput:
            enquiry = Enquiry()
    return matter_of(enquiry, weighing_in(data), partner=agency_of(way.addressee), case=case_in(data))


def _approvals(found: tuple[Advice, ...], matter: Matter, request: Request, partner: str) -> tuple[Any, Any]:
    """By whom each channel that needs it was approved, and where that was asked and nobody has answered."""
    approved: dict[Channel, str] = {}
    asked = set()
    for one in found:
        if not one.approvers:
            continue
        digest = digest_of(matter, one.channel, partner)
        rows = standing_of(digest, officer=request.visitor.number, now_ms=request.now_ms)
        given = {row.role: row.approver for row in rows if row.approved}
        if set(given) >= set(one.approvers):
            approved[one.channel] = ", ".join(dict.fromkeys(given.values()))
        elif any(row.decided_ms is None for row in rows):
            asked.add(one.channel)
    return approved, frozenset(asked)


def four_of(data: Data, request: Request, way: Way, enquiry: Enquiry | None = None) -> list[Card]:
    """The four channels side by side; with nothing said of them while it is not said who is asked."""
    if not way.addressee:
        return pending(request.language)
    matter, choosing = judged_matter(data, way, enquiry), choosing_of(request, way)
    found = choosing.advice(matter)
    approved, asked = _approvals(found, matter, request, choosing.partner)
    four = cards(
        found, expected=expected_by_channel(choosing.posts, choosing.partner), chosen=str(data.get("channel") or ""),
        language=request.language, approved=approved, asked=asked,
    )  # fmt: skip
    standing = standings(choosing.partner)
    return [_standing(one, standing[Channel(one.code)].worst, request, choosing.partner) for one in four]


def _standing(card: Card, state: State, request: Request, partner: str) -> Card:
    """The card with how its channel stands, where it is not plainly open, and where else something is written for it."""
    otherwise = otherwise_by(Channel(card.code), request, partner) if card.open else ""
    if state is State.OPEN:
        return replace(card, otherwise=otherwise)
    return replace(
        card, state=code_list("channel_states").label(state, request.language), state_tone=TONES[state],
        url=reverse("channel-with", args=(partner, card.code)), otherwise=otherwise,
    )  # fmt: skip


def ask_for(data: Data, request: Request, way: Way, enquiry: Enquiry | None, channel: Channel) -> None:
    """Asks for the approval that ``channel`` needs for what is written; nothing where it needs none."""
    choosing, matter = choosing_of(request, way), judged_matter(data, way, enquiry)
    for one in choosing.advice(matter):
        if one.channel is channel and one.approvers:
            ask_approval(
                matter, channel, choosing.partner, roles=one.approvers, officer=request.visitor.number,
                post=choosing.sender, now_ms=request.now_ms,
            )  # fmt: skip
