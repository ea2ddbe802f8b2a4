"""Two sides' rules beside each other: which rules differ, and where the two would judge a matter differently.

Invariant: the order of rules and their lines say nothing, so they make no difference; a difference in words alone (source,
labels) is none either. Where judgements differ, the plainest situation is given as the example.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tansiq.policy.channel_advice import advise
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_rules import Rule, Rules
from tansiq.policy.channel_situations import situations
from tansiq.policy.channel_values import Verdict

__all__ = ["Comparison", "Difference", "Divergence", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A rule that one side has and the other has not ('' on the side that lacks it), or a key of it that differs.

    ``rule`` is its id, '' for what stands outside the rules (``emergency.allowed``); ``key`` '' when the whole rule is there on one
    side alone.
    """

    rule: str
    key: str
    ours: str
    theirs: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """A channel on which the two judge differently: how, in how many of the situations, and in which as the plainest."""

    channel: Channel
    ours: Verdict
    theirs: Verdict
    count: int
    example: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences, and where they matter; ``situations`` is how many were judged."""

    differences: tuple[Difference, ...]
    divergences: tuple[Divergence, ...]
    situations: int

    @property
    def same(self) -> bool:
        """Whether the two sides' rules say the same."""
        return not self.differences and not self.divergences


def _parts(rule: Rule) -> dict[str, str]:
    """What a rule says, key by key, in an order of its own."""
    found = {
        "effect": str(rule.effect),
        "channels": " ".join(sorted(rule.channels)),
        "reason": rule.reason,
        "approver": rule.approver,
        "rank": str(rule.rank or ""),
    }
    return found | {f"when.{name}": " ".join(sorted(values)) for name, values in sorted(rule.when.items())}


def _summary(rule: Rule) -> str:
    return " ".join(value for key, value in _parts(rule).items() if value and key in {"effect", "channels"})


def _differences(ours: Rules, theirs: Rules) -> Iterator[Difference]:
    for key, one, other in (
        ("emergency.allowed", ours.emergency.allowed, theirs.emergency.allowed),
        ("emergency.review_hours", ours.emergency.review_hours, theirs.emergency.review_hours),
    ):
        if one != other:
            yield Difference(rule="", key=key, ours=str(one).lower(), theirs=str(other).lower())
    here, there = {rule.id: rule for rule in ours.rules}, {rule.id: rule for rule in theirs.rules}
    for identifier in sorted(here.keys() | there.keys()):
        mine, other_rule = here.get(identifier), there.get(identifier)
        if mine is None or other_rule is None:
            yield Difference(
                rule=identifier,
                key="",
                ours=_summary(mine) if mine is not None else "",
                theirs=_summary(other_rule) if other_rule is not None else "",
            )
            continue
        first, second = _parts(mine), _parts(other_rule)
        for key in dict.fromkeys((*first, *second)):
            if first.get(key, "") != second.get(key, ""):
                yield Difference(rule=identifier, key=key, ours=first.get(key, ""), theirs=second.get(key, ""))


def _divergences(ours: Rules, theirs: Rules) -> tuple[list[Divergence], int]:
    found: dict[tuple[Channel, Verdict, Verdict], tuple[int, Mapping[str, str]]] = {}
    judged = list(situations(ours, theirs))
    for one in judged:
        pairs = zip(advise(one.matter, one.world, ours), advise(one.matter, one.world, theirs), strict=True)
        for mine, other in pairs:
            if mine.verdict is not other.verdict:
                key = (mine.channel, mine.verdict, other.verdict)
                count, example = found.get(key, (0, one.features))
                found[key] = (count + 1, example)
    return [
        Divergence(channel=channel, ours=mine, theirs=other, count=count, example=example)
        for (channel, mine, other), (count, example) in found.items()
    ], len(judged)


def compare(ours: Rules, theirs: Rules) -> Comparison:
    """How two sides' rules differ."""
    divergences, number = _divergences(ours, theirs)
    return Comparison(tuple(_differences(ours, theirs)), tuple(divergences), number)
