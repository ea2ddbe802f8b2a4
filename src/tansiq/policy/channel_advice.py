"""The judgement: what may be done with a matter by each of the four channels, and why.

Invariant: rules decide what a channel carries, and four things that no rule changes decide after them.

1. What the law still wants closes every channel.
2. A channel that is suspended, by us or by the partner, is closed. Danger to life passes a suspension of *ours* alone,
   where the partner has declared that it takes it, and a supervisor reviews it; that opens nothing the rules refuse.
3. A channel by which there is no way is closed.
4. What no rule carries is refused. Of several rules the strictest decides: refuse, then approve, then carry.

One channel at most is recommended: the one for which the strongest preference speaks, among those that are open. Where a
higher classification takes a channel away, none with more readers takes its place (`READERS`): so who may read never
becomes more as the classification rises.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from tansiq.policy.channel_facts import channel_facts, facts_of
from tansiq.policy.channel_index import Index
from tansiq.policy.channel_matter import CHANNELS, Channel, Matter, State, World
from tansiq.policy.channel_rules import Rules
from tansiq.policy.channel_values import Advice, Effect, Reason, Verdict
from tansiq.policy.codes import code_list

__all__ = ["READERS", "advise", "passes_suspension"]

READERS: Final[Mapping[Channel, int]] = MappingProxyType(
    {Channel.DIRECT: 0, Channel.LIAISON: 1, Channel.EMBASSY: 2, Channel.INTERPOL: 3}
)
"""From the channel that the fewest read to the one that the most may read."""

_UNMET: Final = "reason.unmet-law"


@dataclass(frozen=True, slots=True)
class _Judged:
    """What the rules say of one channel: those that match, and what closes it whatever they say."""

    channel: Channel
    rules: int
    verdict: Verdict
    closed: tuple[Reason, ...]
    emergency: bool

    @property
    def suspended(self) -> bool:
        """Whether a suspension alone closes it."""
        return bool(self.closed) and all(one.code in _SUSPENDED for one in self.closed)


_SUSPENDED: Final = frozenset({"reason.suspended-here", "reason.suspended-there"})


def _rank_of(classification: str) -> int:
    """The rank of a classification: the lowest when none is said, the highest when it is not known here."""
    ladder = code_list("classification")
    if not classification:
        return 0
    return ladder.rank(classification) if classification in ladder else len(ladder) - 1


def passes_suspension(channel: Channel, matter: Matter, world: World, rules: Rules) -> bool:
    """Whether the emergency rule lets this matter pass our own suspension of the channel."""
    standing = world.standing(channel)
    return (
        rules.emergency.allowed
        and matter.danger_to_life
        and standing.own is State.SUSPENDED
        and standing.announced is not State.SUSPENDED
        and world.accepts_emergency
    )


def _by_rules(index: Index, matching: int) -> Verdict:
    """The verdict of the rules that match."""
    if matching & index.of_effect[Effect.REFUSE]:
        return Verdict.REFUSED
    if not matching & (index.of_effect[Effect.CARRY] | index.of_effect[Effect.PREFER]):
        return Verdict.REFUSED
    return Verdict.APPROVAL if matching & index.of_effect[Effect.APPROVE] else Verdict.PERMITTED


def _closed(channel: Channel, matter: Matter, world: World, *, emergency: bool) -> list[Reason]:
    """What closes the channel whatever the rules say."""
    found = []
    if matter.unmet:
        found.append(Reason(code=_UNMET, effect=Effect.REFUSE, values={"faults": matter.unmet}))
    if no_way := world.no_way.get(channel):
        found.append(Reason(code=no_way, effect=Effect.REFUSE))
    standing = world.standing(channel)
    if standing.announced is State.SUSPENDED:
        found.append(Reason(code="reason.suspended-there", effect=Effect.REFUSE))
    if standing.own is State.SUSPENDED and not emergency:
        found.append(Reason(code="reason.suspended-here", effect=Effect.REFUSE))
    return found


def _recommended(judged: Mapping[Channel, int], index: Index, rank: int) -> Channel | None:
    """The channel that is recommended at the classification of this rank; ``judged`` are the rules that match, of the
    channels that nothing closes.
    """
    most, found = len(READERS), None
    for level in range(rank + 1):
        best: tuple[int, int, Channel] | None = None
        for channel, matching in judged.items():
            held = matching & index.by_class[level]
            preferred = index.rank(held)
            if preferred and READERS[channel] <= most and _by_rules(index, held) is Verdict.PERMITTED:
                one = (preferred, READERS[channel], channel)
                best = one if best is None else min(best, one)
        if best is None:
            return None
        found, most = best[2], best[1]
    return found


def _reasons(one: _Judged, index: Index, *, recommended: bool) -> tuple[Reason, ...]:
    """All reasons, those that decide first."""
    first = Effect.PREFER if recommended else Effect.CARRY
    order = [Effect.REFUSE, Effect.APPROVE, first, *({Effect.PREFER, Effect.CARRY} - {first})]
    found = [reason for effect in order for reason in index.reasons_of(one.rules & index.of_effect[effect])]
    if not any(reason.effect in {Effect.CARRY, Effect.PREFER, Effect.REFUSE} for reason in found):
        found.insert(0, Reason(code="reason.not-carried", effect=Effect.REFUSE))
    return (*one.closed, *found)


def _advice(one: _Judged, rules: Rules, *, recommended: bool) -> Advice:
    index = rules.index
    reasons = _reasons(one, index, recommended=recommended)
    if one.closed or one.verdict is Verdict.REFUSED:
        waits = one.suspended and one.verdict is not Verdict.REFUSED
        return Advice(channel=one.channel, verdict=Verdict.REFUSED, reasons=reasons, waits=waits)
    hours = rules.emergency.review_hours if one.emergency else 0
    if one.emergency:
        reasons = (Reason(code="reason.emergency", effect=Effect.CARRY, values={"hours": hours}), *reasons)
    approvers: tuple[str, ...] = ()
    if one.verdict is Verdict.APPROVAL:
        approvers = index.approvers_of(one.rules & index.of_effect[Effect.APPROVE])
    return Advice(
        channel=one.channel,
        verdict=Verdict.RECOMMENDED if recommended else one.verdict,
        reasons=reasons,
        approvers=approvers,
        review_hours=hours,
    )


def advise(matter: Matter, world: World, rules: Rules) -> tuple[Advice, ...]:
    """What may be done with ``matter`` by each of the four channels, in their order, each with all its reasons.

    Nothing is raised: a code that is not known here matches no rule that asks for codes, and an unknown classification
    counts as the highest.
    """
    index, rank = rules.index, _rank_of(matter.classification)
    everywhere = index.matching(facts_of(matter, world))
    judged, open_ = [], {}
    for channel in CHANNELS:
        matching = everywhere & index.of_channel[channel] & index.matching(channel_facts(channel, world))
        matching &= index.by_state[world.standing(channel).worst]
        emergency = passes_suspension(channel, matter, world, rules)
        closed = tuple(_closed(channel, matter, world, emergency=emergency))
        held = matching & index.by_class[rank]
        judged.append(_Judged(channel, held, _by_rules(index, held), closed, emergency))
        if not closed:
            open_[channel] = matching
    best = _recommended(open_, index, rank)
    return tuple(_advice(one, rules, recommended=one.channel is best) for one in judged)
