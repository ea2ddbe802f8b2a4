"""What holds for whatever rules an agency writes: a suspension, a classification, the law, the emergency, the index."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tansiq.policy.channel_advice import READERS, advise
from tansiq.policy.channel_facts import STANDINGS, channel_facts, facts_of
from tansiq.policy.channel_matter import (
    CHANNELS,
    Accredited,
    Channel,
    Matter,
    Nature,
    Standing,
    State,
    Validity,
    World,
)
from tansiq.policy.channel_reading import default_rules
from tansiq.policy.channel_rules import CONDITIONS, OPENING, Emergency, Rule, Rules
from tansiq.policy.channel_values import Advice, Effect, Verdict
from tansiq.policy.codes import code_list

CLASSES = tuple(code_list("classification"))
FIELDS = ("offence.terrorism", "offence.drugs", "")
GROUNDS = ("", "urgency.life", "urgency.perishable")
KINDS = ("enquiry.request", "notice.red", "notice.diffusion")
CASES = (b"", b"a" * 16, b"b" * 16)
VALUES = {
    "kind": ("enquiry.request", "notice.*", "notice.red"),
    "partner": ("ma.*", "ma.dgst", "es.cgi"),
    "field": ("offence.terrorism", "offence.drugs"),
    "urgency": ("urgency.life", "urgency.perishable"),
    "nature": tuple(str(nature) for nature in Nature),
    "accreditation": STANDINGS,
}


def conditions(effect: Effect) -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    """What a rule of this effect may ask for, two or three things at most."""
    known = {name: one for name, one in CONDITIONS.items() if effect in one.effects}

    def values(name: str) -> st.SearchStrategy[tuple[str, ...]]:
        one = known[name]
        if not one.listed:
            return st.sampled_from([("yes",), ("no",)])
        if one.single:
            return st.sampled_from([(code,) for code in code_list(one.listed)])
        return st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2, unique=True).map(tuple)

    names = st.lists(st.sampled_from(sorted(known)), max_size=3, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: values(name) for name in chosen}))


@st.composite
def rule(draw: st.DrawFn) -> Rule:
    effect = draw(st.sampled_from(list(Effect)))
    return Rule(
        id="r",
        channels=tuple(draw(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=4, unique=True))),
        effect=effect,
        reason="reason.operational",
        source="a test",
        when=draw(conditions(effect)),
        approver=draw(st.sampled_from(["head", "supervisor"])) if effect is Effect.APPROVE else "",
        rank=draw(st.integers(1, 9)) if effect is Effect.PREFER else 0,
    )


@st.composite
def any_rules(draw: st.DrawFn) -> Rules:
    """Rules of any agency, sometimes those of the package."""
    if draw(st.integers(0, 4)) == 0:
        return default_rules()
    made = draw(st.lists(rule(), max_size=14))
    return Rules(
        profile="any",
        titles={},
        rules=tuple(replace(one, id=f"r{place}") for place, one in enumerate(made)),
        emergency=Emergency(allowed=draw(st.booleans())),
        reasons=code_list("channel_reasons"),
        digest="",
    )


matters = st.builds(
    Matter,
    kind=st.sampled_from(KINDS),
    field=st.sampled_from(FIELDS),
    nature=st.sampled_from(Nature),
    sensitive=st.booleans(),
    classification=st.sampled_from(CLASSES),
    urgency_ground=st.sampled_from(GROUNDS),
    warrant=st.booleans(),
    missing=st.booleans(),
    suspect=st.booleans(),
    countries=st.sampled_from([("MA",), ("MA", "ES")]),
    case=st.sampled_from(CASES),
    joint_operation=st.sampled_from(CASES),
    personal_data=st.booleans(),
)
states = st.sampled_from(State)
accredited = st.builds(
    Accredited,
    officer=st.just("ES-1"),
    fields=st.frozensets(st.sampled_from(FIELDS[:2])),
    grants=st.frozensets(st.tuples(st.sampled_from(CASES[1:]), st.sampled_from(FIELDS[:2])), max_size=2),
    from_ms=st.integers(0, 2),
    until_ms=st.integers(0, 3),
    validity=st.sampled_from(Validity),
)
worlds = st.builds(
    World,
    partner=st.sampled_from(["ma.dgst", "es.cgi"]),
    now_ms=st.just(1),
    standings=st.dictionaries(st.sampled_from(CHANNELS), st.builds(Standing, own=states, announced=states)),
    accreditations=st.lists(accredited, max_size=2).map(tuple),
    shared_cases=st.frozensets(st.sampled_from(CASES[1:])),
    joint_operations=st.frozensets(st.sampled_from(CASES[1:])),
    off_duty=st.frozensets(st.sampled_from(CHANNELS)),
    accepts_emergency=st.booleans(),
    no_way=st.dictionaries(st.sampled_from(CHANNELS), st.just("reason.no-way-yet"), max_size=1),
)
WORST_LAST = (Verdict.PERMITTED, Verdict.APPROVAL, Verdict.REFUSED)


def severity(advice: Advice) -> int:
    """How much stands in the way: nothing, an approval, a refusal."""
    return 0 if advice.verdict.allows else WORST_LAST.index(advice.verdict)


@given(any_rules(), matters, worlds, st.sampled_from(CHANNELS), st.sampled_from(["own", "announced"]))
def test_a_suspension_opens_nothing(rules: Rules, matter: Matter, world: World, channel: Channel, side: str) -> None:
    """It never turns a refusal into a permission, on its channel or on another."""
    closed = replace(world.standing(channel), **{side: State.SUSPENDED})
    then = replace(world, standings={**world.standings, channel: closed})
    for before, after in zip(advise(matter, world, rules), advise(matter, then, rules), strict=True):
        assert severity(after) >= severity(before)
        if after.channel is channel and not after.review_hours:
            assert after.verdict is Verdict.REFUSED
        if after.waits:
            assert after.channel is channel or before.waits


@given(any_rules(), matters, worlds, st.sampled_from(CLASSES))
def test_a_higher_classification_widens_no_readers(rules: Rules, matter: Matter, world: World, higher: str) -> None:
    """No channel opens by it, and what is recommended is read by no more than what was recommended before."""
    ladder = code_list("classification")
    if ladder.rank(higher) < ladder.rank(matter.classification):
        matter, higher = replace(matter, classification=higher), matter.classification
    low, high = advise(matter, world, rules), advise(replace(matter, classification=higher), world, rules)
    for before, after in zip(low, high, strict=True):
        assert severity(after) >= severity(before)
    was, now = ([one.channel for one in found if one.verdict is Verdict.RECOMMENDED] for found in (low, high))
    assert not now or (was and READERS[now[0]] <= READERS[was[0]])


@given(any_rules(), matters, worlds)
def test_no_rule_overrides_a_check_of_law(rules: Rules, matter: Matter, world: World) -> None:
    for one in advise(replace(matter, unmet=("policy.law.purpose-missing",)), world, rules):
        assert one.verdict is Verdict.REFUSED
        assert one.reasons[0].code == "reason.unmet-law"
        assert not (one.waits or one.review_hours or one.approvers)


@given(any_rules(), matters, worlds)
def test_the_emergency_rule_passes_our_own_suspension_and_nothing_else(
    rules: Rules, matter: Matter, world: World
) -> None:
    for one in advise(matter, world, rules):
        standing = world.standing(one.channel)
        if one.review_hours:
            assert standing == replace(standing, own=State.SUSPENDED)
            assert standing.announced is not State.SUSPENDED
            assert matter.urgency_ground == "urgency.life"
            assert world.accepts_emergency
            assert rules.emergency.allowed
            assert one.review_hours <= 24
        if one.verdict is not Verdict.REFUSED and standing.worst is State.SUSPENDED:
            assert one.review_hours
            opened = replace(world, standings={})
            ordinary = {advice.channel: advice for advice in advise(matter, opened, rules)}[one.channel]
            assert ordinary.verdict is not Verdict.REFUSED, "what the rules refuse stays refused"


@given(any_rules(), matters, worlds)
def test_every_advice_is_whole(rules: Rules, matter: Matter, world: World) -> None:
    found = advise(matter, world, rules)
    assert [one.channel for one in found] == list(CHANNELS)
    assert sum(one.verdict is Verdict.RECOMMENDED for one in found) <= 1
    for one in found:
        assert one.reasons
        assert bool(one.approvers) == (one.verdict is Verdict.APPROVAL)
        assert all(reason.code in rules.reasons for reason in one.reasons)
        assert not (one.waits and one.verdict is not Verdict.REFUSED)


def holds(one: Rule, facts: dict[str, str], matter: Matter, state: State) -> bool:
    """Whether all that a rule asks for holds, read off one by one."""
    rank = code_list("classification").rank
    for name, values in one.when.items():
        if name == "classification_from":
            met = rank(matter.classification) >= rank(values[0])
        elif name == "classification_to":
            met = rank(matter.classification) <= rank(values[0])
        elif name == "state_from":
            met = list(State).index(state) >= list(State).index(State(values[0]))
        else:
            met = any(
                facts[name] == value or (value.endswith(".*") and facts[name].startswith(value[:-1]))
                for value in values
            )
        if not met:
            return False
    return True


@given(any_rules(), matters, worlds)
def test_the_index_finds_the_rules_that_hold_and_no_others(rules: Rules, matter: Matter, world: World) -> None:
    for one in advise(matter, world, rules):
        facts = facts_of(matter, world) | channel_facts(one.channel, world)
        state = world.standing(one.channel).worst
        expected = {
            rule.id for rule in rules.rules if one.channel in rule.channels and holds(rule, facts, matter, state)
        }
        assert {reason.rule for reason in one.reasons if reason.rule} == expected


def test_every_condition_can_be_asked_in_these_tests() -> None:
    """Else a new condition would be left out of every property."""
    listed = {name for name, one in CONDITIONS.items() if one.listed and not one.single}
    assert listed == set(VALUES)
    assert {Effect.CARRY, Effect.PREFER} == OPENING
