"""What may be done with a matter that waits: the other channels as the rules see them now, and the choice that is made.

Invariant: the same judgement as when something is sent (`choosing`), on what was judged then; what was never judged (an answer, what
only passes) is judged by its docket. A channel that is suspended itself is no way out.
"""

from __future__ import annotations

from dataclasses import dataclass

from tansiq.channels.approvals import Approvals
from tansiq.channels.available import Ends, available, ends_of
from tansiq.channels.choices import ChoiceRow, add_choices, choice_of
from tansiq.channels.choosing import Chosen, advise_here, choose
from tansiq.channels.officers import ActingOfficer
from tansiq.channels.seen import digest_of, matter_from
from tansiq.channels.stored import Stored
from tansiq.channels.world import world_for
from tansiq.exchange.context import Context
from tansiq.policy.channel_matter import Channel, Matter
from tansiq.policy.channel_values import Advice, Verdict
from tansiq.protocol.docket import ALL_MEMBERS, agency_of

__all__ = ["Settlement", "is_danger", "offers", "settle_choice"]


def _judged(one: Stored) -> Matter:
    """What the rules saw when the matter first left us, or what its docket says."""
    row = choice_of(one.docket.matter)
    if row is not None and row.statement == one.id:
        return matter_from(row.judged)
    docket = one.docket
    return Matter(
        sensitive=True,
        kind=docket.kind,
        field=docket.field,
        classification=docket.classification or "class.none",
        case=docket.case,
    )


def is_danger(one: Stored) -> bool | None:
    """Whether the matter itself says that somebody's life is in imminent danger; None where it says nothing of urgency."""
    row = choice_of(one.docket.matter)
    return matter_from(row.judged).danger_to_life if row is not None else None


def _ends(one: Stored, channel: Channel, *, via: str, officer: ActingOfficer, context: Context) -> Ends:
    addressee = next((post for post in one.docket.addressees if agency_of(post) != context.agency), "")
    return ends_of(
        channel, sender=one.docket.sender, addressee=addressee, posts=officer.posts, via=via, field=one.docket.field,
        case=one.docket.case, context=context,
    )  # fmt: skip


def offers(one: Stored, *, officer: ActingOfficer, context: Context) -> tuple[Advice, ...]:
    """The channels other than its own by which the matter may go now, the best first."""
    partner = next((agency_of(post) for post in one.docket.addressees if agency_of(post) != context.agency), "")
    if not partner or partner == ALL_MEMBERS:
        return ()
    matter = _judged(one)
    world = world_for(matter, partner, sender=one.docket.sender, at_ms=context.clock())

    def closed(channel: Channel) -> str:
        ends = _ends(one, channel, via="", officer=officer, context=context)
        return available(channel, ends, officer=officer.number, context=context)

    order = list(Verdict)
    found = [
        advice
        for advice in advise_here(matter, world, closed)
        if advice.channel != one.docket.channel and advice.verdict is not Verdict.REFUSED
    ]
    return tuple(sorted(found, key=lambda advice: order.index(advice.verdict)))


@dataclass(frozen=True, slots=True)
class Settlement:
    """A choice that was made for a matter that waited: the desks, and what is written down once it was said again."""

    ends: Ends
    chosen: Chosen
    judged: Matter
    approvals: Approvals

    def keep(self, statement: bytes, *, matter: bytes, partner: str, officer: str, now_ms: int) -> None:
        """Writes down the choice with the statement that left by it, in the caller's transaction."""
        row = ChoiceRow.of(
            self.chosen, self.judged, statement=statement, matter=matter, partner=partner, officer=officer, at_ms=now_ms
        )
        add_choices([row])
        self.approvals.used(statement)


def settle_choice(
    one: Stored, channel: Channel, *, via: str, deviation: str, officer: ActingOfficer, context: Context
) -> Settlement:
    """The choice of ``channel`` for what waits. Raises as `choosing.choose`."""
    partner = next(agency_of(post) for post in one.docket.addressees if agency_of(post) != context.agency)
    matter, now_ms = _judged(one), context.clock()
    ends = _ends(one, channel, via=via, officer=officer, context=context)
    approvals = Approvals(digest_of(matter, channel, partner), officer.number, now_ms)

    def closed(other: Channel) -> str:
        reached = ends if other is channel else _ends(one, other, via="", officer=officer, context=context)
        return available(other, reached, officer=officer.number, context=context)

    chosen = choose(
        channel,
        matter,
        world_for(matter, partner, sender=one.docket.sender, at_ms=now_ms),
        deviation=deviation,
        closed=closed,
        approver=approvals.by,
    )
    return Settlement(ends, chosen, matter, approvals)
