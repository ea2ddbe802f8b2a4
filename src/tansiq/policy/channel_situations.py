"""Situations by which two sets of rules are compared: plain ones, those that differ from them in up to three things, and
for every rule one in which all that it asks for holds.

Invariant: a situation is made of the words that rules use (`channel_rules.CONDITIONS`), so that what a rule asks for can be
met; no real matter stands here.

>>> situation({"nature": "strategic"}).matter.nature
<Nature.STRATEGIC: 'strategic'>
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Final

from tansiq.policy.channel_matter import (
    CHANNELS,
    Accredited,
    Agreement,
    Matter,
    Nature,
    Standing,
    State,
    Validity,
    World,
)
from tansiq.policy.channel_rules import Rule, Rules

__all__ = ["Situation", "situation", "situations"]

_NOW: Final = 2_000
_CASE, _OPERATION = b"case".ljust(16, b"\0"), b"operation".ljust(16, b"\0")
_FIELD: Final = "offence.drugs"
_VARIED: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("notice.red",),
    "field": ("offence.terrorism", "offence.migrant-smuggling"),
    "nature": ("strategic", "institutional"),
    "sensitive": ("yes",),
    "urgency": ("urgency.perishable", "urgency.life"),
    "warrant": ("yes",),
    "missing": ("yes",),
    "suspect": ("yes",),
    "several_countries": ("yes",),
    "shared_case": ("yes",),
    "joint_operation": ("yes",),
    "agreement": ("yes",),
    "accreditation": ("in-force", "other-case", "expired"),
    "on_duty": ("no",),
    "classification": ("class.confidential", "class.secret"),
    "state": ("strained",),
}
"""What is changed of the plain situation: an enquiry about drugs, operational, nothing else known."""
_MOST_CHANGED: Final = 3


@dataclass(frozen=True, slots=True)
class Situation:
    """A matter in a world. ``features`` are what sets it apart from the plain one, in the words of rules."""

    features: Mapping[str, str]
    matter: Matter
    world: World


def _one_of(name: str) -> str:
    """A name of a family: ``notice.*`` is met by a red notice."""
    return name.removesuffix("*") + ("red" if name.startswith("notice.") else "any") if name.endswith(".*") else name


def _accredited(standing: str, field: str) -> tuple[Accredited, ...]:
    """An officer whose accreditation stands so to a matter of the case in this field."""
    if standing == "none":
        return ()
    begins = _NOW + 1 if standing == "not-begun" else 0
    ends = _NOW if standing == "expired" else 0
    validity = {"suspended": Validity.SUSPENDED, "withdrawn": Validity.WITHDRAWN}.get(standing, Validity.IN_FORCE)
    fields = frozenset() if standing == "other-field" else frozenset({field})
    grants = frozenset({(_CASE, field)}) if standing != "other-case" else frozenset()
    one = Accredited(officer="X-1", fields=fields, grants=grants, from_ms=begins, until_ms=ends, validity=validity)
    return (one,)


def situation(features: Mapping[str, str]) -> Situation:
    """The situation in which these features hold and nothing else that a rule may ask for."""
    said = {"kind": "enquiry.request", "partner": "xx.any", "field": _FIELD, "nature": "operational", **features}

    def yes(name: str) -> bool:
        return said.get(name) == "yes"

    field = said["field"]
    accreditation = said.get("accreditation", "none")
    urgency = said.get("urgency", "urgency.perishable" if yes("urgent") else "")
    if yes("danger_to_life"):
        urgency = "urgency.life"
    state = State(said.get("state", "open"))
    in_case = yes("case") or yes("shared_case") or accreditation not in {"none", "other-case"}
    matter = Matter(
        kind=_one_of(said["kind"]),
        field=field,
        nature=Nature(said["nature"]),
        sensitive=yes("sensitive"),
        classification=said.get("classification", "class.none"),
        urgency_ground=urgency,
        warrant=yes("warrant"),
        missing=yes("missing"),
        suspect=yes("suspect"),
        countries=("XA", "XB") if yes("several_countries") else ("XA",),
        case=_CASE if in_case else b"",
        joint_operation=_OPERATION if yes("joint_operation") else b"",
        personal_data=said.get("personal_data") != "no",
    )
    world = World(
        partner=_one_of(said["partner"]),
        now_ms=_NOW,
        standings={channel: Standing(own=state) for channel in CHANNELS},
        accreditations=_accredited(accreditation, field),
        shared_cases=frozenset({_CASE}) if yes("shared_case") else frozenset(),
        joint_operations=frozenset({_OPERATION}) if yes("joint_operation") else frozenset(),
        agreements=(Agreement(code="agreement.any"),) if yes("agreement") else (),
        off_duty=frozenset(CHANNELS) if said.get("on_duty") == "no" else frozenset(),
    )
    return Situation(MappingProxyType(dict(features)), matter, world)


def _asked_by(rule: Rule) -> dict[str, str]:
    """The features by which a rule's conditions hold; a 'no' is what the plain situation has already."""
    renamed = {"classification_from": "classification", "classification_to": "classification", "state_from": "state"}
    return {
        renamed.get(name, name): values[0]
        for name, values in rule.when.items()
        if values[0] != "no" or name in {"on_duty", "personal_data"}
    }


def situations(*sets: Rules) -> Iterator[Situation]:
    """The situations, the plainest first, none twice."""
    seen: set[tuple[tuple[str, str], ...]] = set()
    changes = [(name, value) for name, values in _VARIED.items() for value in values]
    for count in range(_MOST_CHANGED + 1):
        for chosen in combinations(changes, count):
            if len({name for name, _ in chosen}) == count:
                seen.add(tuple(sorted(chosen)))
                yield situation(dict(chosen))
    for rule in (rule for rules in sets for rule in rules.rules):
        asked = _asked_by(rule)
        if (key := tuple(sorted(asked.items()))) not in seen:
            seen.add(key)
            yield situation(asked)
