"""Rules found by what they ask for: one number whose bits are rules for every value of every condition.

Invariant: a rule is in `Index.matching` exactly when each of its conditions holds or is not asked; the cost does not grow
with the rules that do not match but by a machine word for every 64 of them.

>>> Family.of("notice.red")
'notice.*'
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tansiq.policy.channel_matter import CHANNELS, Channel, State
from tansiq.policy.channel_values import Effect, Reason
from tansiq.policy.codes import code_list

if TYPE_CHECKING:
    from tansiq.policy.channel_rules import Rule

__all__ = ["Asked", "Family", "Index", "index_of"]

_BY_LEVEL: Final = frozenset({"classification_from", "classification_to", "state_from"})
_STATES: Final = tuple(State)


class Family:
    """Names that begin alike: ``notice.*`` takes in every notice, ``ma.*`` every agency of a country."""

    @staticmethod
    def of(name: str) -> str:
        """The family of a name."""
        return f"{name.partition('.')[0]}.*"


@dataclass(frozen=True, slots=True)
class Asked:
    """One condition: the rules that don't ask for it, and for every value those that take it."""

    name: str
    free: int
    takes: Mapping[str, int]

    def holds(self, value: str) -> int:
        """The rules for which ``value`` is right, or all the same."""
        takes = self.takes
        found = self.free | takes.get(value, 0)
        return found | takes.get(Family.of(value), 0) if "." in value else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """All rules of a set. ``by_class`` and ``by_state`` are the rules that hold at each rank of them, ``ranks`` those of
    each rank of preference, from the strongest.
    """

    everything: int
    asked: tuple[Asked, ...]
    of_channel: Mapping[Channel, int]
    of_effect: Mapping[Effect, int]
    by_class: tuple[int, ...]
    by_state: Mapping[State, int]
    ranks: tuple[tuple[int, int], ...]
    reasons: tuple[Reason, ...]
    approvers: tuple[str, ...]

    def matching(self, facts: Mapping[str, str]) -> int:
        """The rules of which all that ``facts`` speaks of holds; what it does not speak of is left to the caller."""
        found = self.everything
        for one in self.asked:
            if one.name in facts:
                found &= one.holds(facts[one.name])
        return found

    def rank(self, rules: int) -> int:
        """The strongest preference among ``rules``; 0 when none of them prefers."""
        return next((rank for rank, bits in self.ranks if bits & rules), 0)

    def reasons_of(self, rules: int) -> Iterator[Reason]:
        """The reasons of ``rules``: the strongest preference first, else in the order of the file."""
        for _, bits in self.ranks:
            yield from (self.reasons[place] for place in _places(rules & bits))
            rules &= ~bits
        yield from (self.reasons[place] for place in _places(rules))

    def approvers_of(self, rules: int) -> tuple[str, ...]:
        """Whose approval ``rules`` want, each once."""
        return tuple(dict.fromkeys(self.approvers[place] for place in _places(rules)))


def _places(rules: int) -> Iterator[int]:
    while rules:
        lowest = rules & -rules
        yield lowest.bit_length() - 1
        rules ^= lowest


def _bits(places: Iterator[int]) -> int:
    found = 0
    for place in places:
        found |= 1 << place
    return found


def _asked(name: str, rules: Sequence[Rule]) -> Asked:
    takes: dict[str, int] = {}
    for place, rule in enumerate(rules):
        for value in rule.when.get(name, ()):
            takes[value] = takes.get(value, 0) | 1 << place
    return Asked(name, _bits(place for place, rule in enumerate(rules) if name not in rule.when), takes)


def _holds_at(rule: Rule, rank: int) -> bool:
    """Whether the rule holds at this rank of the classification."""
    ladder = code_list("classification")
    least = rule.when.get("classification_from")
    most = rule.when.get("classification_to")
    return (least is None or rank >= ladder.rank(least[0])) and (most is None or rank <= ladder.rank(most[0]))


def _holds_in(rule: Rule, state: State) -> bool:
    """Whether the rule holds in this state of its channel, or a better one."""
    least = rule.when.get("state_from")
    return least is None or _STATES.index(state) >= _STATES.index(State(least[0]))


def index_of(rules: Sequence[Rule]) -> Index:
    """The index of ``rules``."""
    numbered = list(enumerate(rules))
    names = sorted({name for rule in rules for name in rule.when} - _BY_LEVEL)
    ranks = sorted({rule.rank for rule in rules if rule.rank})
    return Index(
        everything=(1 << len(rules)) - 1,
        asked=tuple(_asked(name, rules) for name in names),
        of_channel={
            channel: _bits(place for place, rule in numbered if channel in rule.channels) for channel in CHANNELS
        },
        of_effect={effect: _bits(place for place, rule in numbered if rule.effect is effect) for effect in Effect},
        by_class=tuple(
            _bits(place for place, rule in numbered if _holds_at(rule, rank))
            for rank in range(len(code_list("classification")))
        ),
        by_state={state: _bits(place for place, rule in numbered if _holds_in(rule, state)) for state in State},
        ranks=tuple((rank, _bits(place for place, rule in numbered if rule.rank == rank)) for rank in ranks),
        reasons=tuple(rule.as_reason for rule in rules),
        approvers=tuple(rule.approver for rule in rules),
    )
