"""What the choice of a channel sees of an enquiry, and the choice itself, for one or many that leave together.

Invariant: what follows from the enquiry is read off it and not asked again; what nobody has said not to be sensitive is sensitive. Of an enquiry
that is for an officer's own eyes nothing that stands in its body is kept with the choice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from tansiq.channels.approvals import Approvals
from tansiq.channels.available import available, ends_of
from tansiq.channels.choices import ChoiceRow, add_choices
from tansiq.channels.choosing import Chosen, advise_here, decide, judge
from tansiq.channels.emergencies import pass_emergency
from tansiq.channels.seen import digest_of
from tansiq.channels.world import world_for
from tansiq.enquiries.drafts import REQUEST
from tansiq.enquiries.officers import ActingOfficer
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.policy.channel_matter import Channel, Matter, Nature, World
from tansiq.policy.channel_values import Advice
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import agency_of

__all__ = ["SUSPECTS", "Choosing", "Sent", "Weighed", "Weighing", "matter_of"]

SUSPECTS: Final = frozenset(
    {"category.suspect", "category.will-commit", "category.convicted", "category.wanted", "category.possible-threat"}
)
_STATE: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_MISSING: Final = frozenset({"category.missing"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighing:
    """What the sender says of a matter beside the enquiry: its nature, whether it is sensitive, whether a warrant is to be
    executed, the joint operation within which it is sent (b'' none), and the states it concerns besides the partner's;
    ``deviation`` is the reason (a code) for another channel than the recommended one.

    Raises BadInput for a state that is none and for an unknown reason, whether one is needed or not.
    """

    nature: Nature = Nature.OPERATIONAL
    sensitive: bool = True
    warrant: bool = False
    joint_operation: bytes = b""
    countries: tuple[str, ...] = ()
    deviation: str = ""

    def __post_init__(self) -> None:
        states = tuple(one.upper() for one in self.countries)
        if not all(_STATE.fullmatch(one) for one in states):
            raise BadInput("enquiries.wrong-country")
        object.__setattr__(self, "countries", states)
        if self.deviation:
            code_list("deviation_reasons").require(self.deviation)


def matter_of(
    request: Enquiry, weighing: Weighing, *, partner: str, case: bytes = b"", unmet: Sequence[str] = ()
) -> Matter:
    """The enquiry as the rules see it; ``unmet`` are the codes of what the law still wants."""
    law, conditions = request.law, request.conditions
    categories = {subject.category for subject in request.subjects}
    known = conditions.classification if conditions is not None else None
    return Matter(
        kind=REQUEST,
        field=law.offence or "" if law is not None else "",
        nature=weighing.nature,
        sensitive=weighing.sensitive,
        classification=known or "",
        urgency_ground=request.urgency_ground or "",
        warrant=weighing.warrant,
        missing=(law is not None and law.purpose == "purpose.missing-person") or bool(categories & _MISSING),
        suspect=bool(categories & SUSPECTS),
        countries=tuple(dict.fromkeys((state_of(partner).upper(), *weighing.countries))),
        case=case,
        joint_operation=weighing.joint_operation,
        personal_data=any(subject.is_person for subject in request.subjects),
        unmet=tuple(unmet),
    )


@dataclass(frozen=True, slots=True)
class Weighed:
    """A choice that was made, with what it was made for and the approvals that it needs."""

    chosen: Chosen
    matter: Matter
    approvals: Approvals


@dataclass(frozen=True, slots=True)
class Sent:
    """What left by a choice: the enquiry's matter and its statement; ``closed``: for an officer's own eyes."""

    matter: bytes
    statement: bytes
    closed: bool = False


@dataclass(slots=True, kw_only=True)
class Choosing:
    """The choices of what leaves together from one desk to another; the state of the world is looked at once for all that
    need the same of it, and what the rules see as the same matter is judged once.
    """

    context: Context
    officer: str
    posts: Sequence[str]
    sender: str
    addressee: str
    via: str = ""
    _worlds: dict[tuple[bool, bytes, bytes], World] = field(default_factory=dict)
    _judged: dict[tuple[Channel, Matter], tuple[Advice, ...]] = field(default_factory=dict)

    @property
    def partner(self) -> str:
        """The agency that is asked."""
        return agency_of(self.addressee)

    def world(self, matter: Matter) -> World:
        """The state of the world for a matter."""
        key = (matter.urgent, matter.case, matter.joint_operation)
        if key not in self._worlds:
            self._worlds[key] = world_for(matter, self.partner, sender=self.sender, at_ms=self.context.clock())
        return self._worlds[key]

    def closed(self, matter: Matter, channel: Channel) -> str:
        """Why there is no way by a channel; '' when there is one."""
        ends = ends_of(
            channel, sender=self.sender, addressee=self.addressee, posts=self.posts, via=self.via, field=matter.field,
            case=matter.case, context=self.context,
        )  # fmt: skip
        return available(channel, ends, officer=self.officer, context=self.context)

    def advice(self, matter: Matter) -> tuple[Advice, ...]:
        """What may be done by each of the four channels."""
        return advise_here(matter, self.world(matter), lambda channel: self.closed(matter, channel))

    def choose(self, channel: Channel, matter: Matter, *, deviation: str = "") -> Weighed:
        """The choice of ``channel``. Raises as `channels.choosing.choose`."""
        found = self._judged.get((channel, matter))
        if found is None:
            found = judge(channel, matter, self.world(matter), lambda other: self.closed(matter, other))
            self._judged[channel, matter] = found
        approvals = Approvals(digest_of(matter, channel, self.partner), self.officer, self.context.clock())
        return Weighed(decide(channel, found, deviation=deviation, approver=approvals.by), matter, approvals)

    def keep(
        self, made: Sequence[tuple[Weighed, Sent]], requests: Sequence[Enquiry], *, officer: ActingOfficer
    ) -> None:
        """Writes the choices down, and lets pass what passes a suspension for danger to life; in the caller's transaction."""
        now_ms = self.context.clock()
        rows = []
        for weighed, sent in made:
            matter = weighed.matter
            if sent.closed:
                matter = replace(matter, warrant=False, missing=False, suspect=False, urgency_ground="")
            rows.append(
                ChoiceRow.of(
                    weighed.chosen, matter, statement=sent.statement, matter=sent.matter, partner=self.partner,
                    officer=self.officer, at_ms=now_ms,
                )
            )  # fmt: skip
            weighed.approvals.used(sent.statement)
        add_choices(rows)
        for (weighed, sent), request in zip(made, requests, strict=True):
            if weighed.chosen.advice.review_hours and request.urgency_reason is not None:
                pass_emergency(sent.matter, request.urgency_reason, officer=officer, context=self.context)
