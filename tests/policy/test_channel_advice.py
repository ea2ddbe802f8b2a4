"""The default profile, cell by cell: what each channel carries and refuses, and the four things that no rule changes."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tansiq.policy.channel_advice import advise
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
from tansiq.policy.channel_rules import Emergency
from tansiq.policy.channel_situations import situation
from tansiq.policy.channel_values import Advice, Verdict

R, P, A, X = Verdict.RECOMMENDED, Verdict.PERMITTED, Verdict.APPROVAL, Verdict.REFUSED
CASE, OPERATION = b"c" * 16, b"o" * 16
PLAIN = Matter(kind="enquiry.request", field="offence.drugs", countries=("MA",))
WORLD = World(partner="ma.dgst", now_ms=1_000)


def judged(matter: Matter = PLAIN, world: World = WORLD) -> dict[Channel, Advice]:
    return {one.channel: one for one in advise(matter, world, default_rules())}


Cell = tuple[Verdict, str]
NONE: Cell = (X, "no-accreditation")
ELSEWHERE: Cell = (X, "notice-elsewhere")
OFFICE_NOT: Cell = (X, "purely-operational")
TABLE: list[tuple[str, dict[str, str], Cell, Cell, Cell, Cell]] = [
    # what, its features, and for INTERPOL, embassy office, liaison officer, direct: the verdict and the reason that decides
    *(
        (f"notice.{kind}", {"kind": f"notice.{kind}"}, (R, "notice"), ELSEWHERE, ELSEWHERE, ELSEWHERE)
        for kind in ("red", "blue", "green", "yellow", "black", "orange", "purple", "silver", "unsc", "diffusion")
    ),
    *(
        (f"notice.{kind}, terrorism", {"kind": f"notice.{kind}", "field": "offence.terrorism"}, cell,
         ELSEWHERE, ELSEWHERE, ELSEWHERE)
        for cell, kinds in (
            ((A, "terrorism-notice"), ("red", "blue", "green", "purple", "silver", "diffusion")),
            ((R, "notice"), ("yellow", "black", "orange", "un")),
        )
        for kind in kinds
    ),
    ("a wanted terrorist's notice", {"kind": "notice.red", "field": "offence.terrorism", "warrant": "yes"},
     (R, "notice"), ELSEWHERE, ELSEWHERE, ELSEWHERE),
    ("wanted", {"warrant": "yes"}, (R, "wanted"), OFFICE_NOT, NONE, (P, "operational")),
    ("wanted terrorist", {"warrant": "yes", "field": "offence.terrorism"},
     (R, "wanted"), OFFICE_NOT, NONE, (P, "operational")),
    ("missing", {"missing": "yes"}, (R, "missing"), OFFICE_NOT, NONE, (P, "operational")),
    ("suspect", {"suspect": "yes"}, (R, "suspect"), OFFICE_NOT, NONE, (P, "operational")),
    ("suspect in several countries", {"suspect": "yes", "several_countries": "yes"},
     (R, "several-countries"), OFFICE_NOT, NONE, (X, "several-direct")),
    ("nothing that INTERPOL carries", {}, (X, "not-carried"), OFFICE_NOT, NONE, (R, "operational")),
    ("sensitive", {"sensitive": "yes", "suspect": "yes"},
     (X, "sensitive-by-interpol"), (R, "sensitive-by-office"), NONE, (P, "sensitive-direct")),
    ("sensitive, an agreement in force", {"sensitive": "yes", "agreement": "yes"},
     (X, "sensitive-by-interpol"), (R, "sensitive-by-office"), NONE, (P, "sensitive-direct")),
    *(
        (f"sensitive, {field}", {"sensitive": "yes", "field": field},
         (X, "sensitive-by-interpol"), (R, "sensitive-by-office"), NONE, (P, "sensitive-direct"))
        for field in ("offence.terrorism", "offence.migrant-smuggling", "offence.organised-crime")
    ),
    ("classified", {"suspect": "yes", "classification": "class.confidential"},
     (X, "classified"), OFFICE_NOT, NONE, (R, "operational")),
    ("restricted is not too high", {"suspect": "yes", "classification": "class.restricted"},
     (R, "suspect"), OFFICE_NOT, NONE, (P, "operational")),
    ("terrorism", {"suspect": "yes", "field": "offence.terrorism"},
     (X, "terrorism-by-interpol"), OFFICE_NOT, NONE, (R, "operational")),
    ("missing, terrorism", {"missing": "yes", "field": "offence.terrorism"},
     (X, "terrorism-by-interpol"), OFFICE_NOT, NONE, (R, "operational")),
    ("strategic", {"nature": "strategic"}, (X, "not-carried"), (R, "strategic"), NONE, (X, "strategic-direct")),
    ("strategic and sensitive", {"nature": "strategic", "sensitive": "yes"},
     (X, "sensitive-by-interpol"), (R, "strategic"), NONE, (X, "strategic-direct")),
    ("strategic and urgent", {"nature": "strategic", "urgency": "urgency.life"},
     (X, "not-carried"), (R, "strategic"), NONE, (X, "strategic-direct")),
    ("institutional", {"nature": "institutional"}, (X, "not-carried"), (R, "institutional"), NONE, (X, "not-carried")),
    ("institutional and sensitive", {"nature": "institutional", "sensitive": "yes"},
     (X, "sensitive-by-interpol"), (R, "institutional"), NONE, (P, "sensitive-direct")),
    ("joint operation", {"joint_operation": "yes"},
     (X, "not-carried"), (R, "joint-operation"), NONE, (P, "operational")),
    ("urgent in a joint operation", {"joint_operation": "yes", "urgency": "urgency.liberty"},
     (X, "not-carried"), (P, "joint-operation"), NONE, (R, "urgent")),
    ("its case", {"accreditation": "in-force"}, (X, "not-carried"), OFFICE_NOT, (R, "accredited"), (P, "operational")),
    ("its case, sensitive", {"accreditation": "in-force", "sensitive": "yes"},
     (X, "sensitive-by-interpol"), (P, "sensitive-by-office"), (R, "accredited"), (P, "sensitive-direct")),
    ("its case, urgent, nobody on duty",
     {"accreditation": "in-force", "urgency": "urgency.perishable", "on_duty": "no"},
     (X, "not-carried"), OFFICE_NOT, (P, "accredited"), (R, "urgent")),
    ("a strategic paper about its case", {"accreditation": "in-force", "nature": "strategic"},
     (X, "not-carried"), (R, "strategic"), (X, "not-carried"), (X, "strategic-direct")),
    *(
        (f"accreditation {standing}", {"accreditation": standing}, (X, "not-carried"), OFFICE_NOT, (X, reason),
         (R, "operational"))
        for standing, reason in (
            ("other-case", "other-case"), ("other-field", "other-field"), ("expired", "accreditation-expired"),
            ("not-begun", "accreditation-not-begun"), ("suspended", "accreditation-suspended"),
            ("withdrawn", "accreditation-withdrawn"),
        )
    ),
    ("operational", {}, (X, "not-carried"), OFFICE_NOT, NONE, (R, "operational")),
    ("urgent", {"urgency": "urgency.perishable", "sensitive": "yes"},
     (X, "sensitive-by-interpol"), (P, "sensitive-by-office"), NONE, (R, "urgent")),
    ("danger to life", {"urgency": "urgency.life", "warrant": "yes"},
     (P, "wanted"), OFFICE_NOT, NONE, (R, "danger-to-life")),
    ("several countries", {"several_countries": "yes"}, (X, "not-carried"), OFFICE_NOT, NONE, (X, "several-direct")),
    ("strained", {"sensitive": "yes", "state": "strained"},
     (X, "sensitive-by-interpol"), (A, "strained"), NONE, (A, "strained")),
    ("strained, danger to life", {"sensitive": "yes", "state": "strained", "urgency": "urgency.life"},
     (X, "sensitive-by-interpol"), (P, "sensitive-by-office"), NONE, (R, "danger-to-life")),
]  # fmt: skip


@pytest.mark.parametrize(("features", "cells"), [(row[1], row[2:]) for row in TABLE], ids=[row[0] for row in TABLE])
def test_every_cell_of_the_default_profile(features: dict[str, str], cells: tuple[Cell, ...]) -> None:
    one = situation(features)
    found = advise(one.matter, one.world, default_rules())
    assert [advice.channel for advice in found] == list(CHANNELS)
    told = [(advice.verdict, advice.reasons[0].code.removeprefix("reason.")) for advice in found]
    assert told == list(cells)
    approver = "head" if cells[0] == (A, "terrorism-notice") else "supervisor"
    assert all((advice.approvers == (approver,)) == (advice.verdict is A) for advice in found)


def test_every_rule_of_the_default_profile_decides_in_some_cell() -> None:
    """Else a rule could be taken out and no test would notice."""
    used = set()
    for _, features, *_ in TABLE:
        one = situation(features)
        used |= {reason.rule for advice in advise(one.matter, one.world, default_rules()) for reason in advice.reasons}
    assert used >= {rule.id for rule in default_rules().rules}


def test_all_reasons_are_told_not_the_first_alone() -> None:
    matter = replace(PLAIN, field="offence.terrorism", sensitive=True, classification="class.secret", suspect=True)
    codes = [reason.code for reason in judged(matter)[Channel.INTERPOL].reasons]
    against = {"reason.sensitive-by-interpol", "reason.classified", "reason.terrorism-by-interpol"}
    assert set(codes[:3]) == against
    assert codes[3:] == ["reason.suspect"], "what speaks for it is told behind what stands against it"


def test_the_accreditation_that_stands_best_to_the_matter_decides() -> None:
    field = "offence.drugs"
    ended = Accredited(
        officer="ES-1", fields=frozenset({field}), grants=frozenset({(CASE, field)}), from_ms=0, until_ms=1
    )
    other = replace(ended, officer="ES-2", until_ms=0, grants=frozenset({(OPERATION, field)}))
    now = replace(ended, officer="ES-3", until_ms=1_001)
    matter = replace(PLAIN, case=CASE)

    def told(*accreditations: Accredited) -> Cell:
        advice = judged(matter, replace(WORLD, accreditations=accreditations))[Channel.LIAISON]
        return advice.verdict, advice.reasons[0].code

    assert told(ended) == (X, "reason.accreditation-expired")
    assert told(ended, other) == (X, "reason.other-case")
    assert told(ended, other, now) == (R, "reason.accredited")
    assert told(replace(now, validity=Validity.SUSPENDED)) == (X, "reason.accreditation-suspended")
    assert told(replace(now, until_ms=1_000)) == (X, "reason.accreditation-expired"), "the end is no longer within"
    assert told(replace(now, from_ms=1_000)) == (R, "reason.accredited"), "the beginning is"


def test_a_case_is_carried_in_its_own_field_alone() -> None:
    both = frozenset({"offence.drugs", "offence.terrorism"})
    grants = frozenset({(CASE, "offence.terrorism"), (OPERATION, "offence.drugs")})
    world = replace(WORLD, accreditations=(Accredited(officer="ES-1", fields=both, grants=grants, from_ms=0),))
    advice = judged(replace(PLAIN, case=CASE), world)[Channel.LIAISON]
    assert advice.reasons[0].code == "reason.other-field"
    assert judged(replace(PLAIN, case=CASE, field="offence.terrorism"), world)[Channel.LIAISON].verdict is R


def test_an_operation_or_a_case_that_is_not_known_is_none() -> None:
    matter = replace(PLAIN, joint_operation=OPERATION)
    assert judged(matter)[Channel.EMBASSY].verdict is X
    assert judged(matter, replace(WORLD, joint_operations=frozenset({OPERATION})))[Channel.EMBASSY].verdict is R


def test_what_the_law_still_wants_closes_every_channel() -> None:
    matter = replace(PLAIN, warrant=True, urgency_ground="urgency.life", unmet=("policy.law.necessity-missing",))
    world = replace(WORLD, standings={Channel.DIRECT: Standing(own=State.SUSPENDED)}, accepts_emergency=True)
    for advice in judged(matter, world).values():
        assert advice.verdict is X
        assert advice.reasons[0].code == "reason.unmet-law"
        assert not advice.waits
        assert not advice.review_hours


@pytest.mark.parametrize("side", ["own", "announced"])
def test_a_suspended_channel_waits_where_nothing_else_stands_against_it(side: str) -> None:
    suspended = Standing(**{side: State.SUSPENDED})
    world = replace(WORLD, standings=dict.fromkeys(CHANNELS, suspended))
    found = judged(replace(PLAIN, sensitive=True), world)
    assert {channel: (one.verdict, one.waits) for channel, one in found.items()} == {
        Channel.INTERPOL: (X, False),  # sensitive
        Channel.EMBASSY: (X, True),
        Channel.LIAISON: (X, False),  # nobody is accredited
        Channel.DIRECT: (X, True),
    }
    told = found[Channel.EMBASSY].reasons[0].code
    assert told == ("reason.suspended-here" if side == "own" else "reason.suspended-there")


def test_another_channel_is_recommended_while_one_is_suspended() -> None:
    world = replace(WORLD, standings={Channel.EMBASSY: Standing(announced=State.SUSPENDED)})
    assert judged(replace(PLAIN, sensitive=True), world)[Channel.DIRECT].verdict is R


@pytest.mark.parametrize(
    ("own", "announced", "life", "accepts", "allowed", "unmet"),
    list(product((State.OPEN, State.SUSPENDED), (State.OPEN, State.SUSPENDED), *[(False, True)] * 4)),
)
def test_the_emergency_rule_does_exactly_what_it_says(
    own: State, announced: State, *, life: bool, accepts: bool, allowed: bool, unmet: bool
) -> None:
    """Imminent danger to life, a suspension of ours alone, the partner's word, never a check of law; then a review."""
    rules = replace(default_rules(), emergency=Emergency(allowed=allowed, review_hours=12))
    matter = replace(
        PLAIN,
        urgency_ground="urgency.life" if life else "urgency.perishable",
        unmet=("policy.law.necessity-missing",) if unmet else (),
    )
    standing = Standing(own=own, announced=announced)
    world = replace(WORLD, standings=dict.fromkeys(CHANNELS, standing), accepts_emergency=accepts)
    found = {one.channel: one for one in advise(matter, world, rules)}
    passes = life and accepts and allowed and own is State.SUSPENDED and announced is State.OPEN and not unmet
    direct, embassy = found[Channel.DIRECT], found[Channel.EMBASSY]
    assert direct.review_hours == (12 if passes else 0)
    assert (direct.verdict is not X) == ((passes or standing.worst is State.OPEN) and not unmet)
    assert embassy.verdict is X, "it opens nothing that the rules refuse"
    assert embassy.review_hours == 0
    if passes:
        assert direct.reasons[0].code == "reason.emergency"
        assert direct.verdict is R, "and asks nobody first"


def test_a_channel_without_a_way_says_so_and_is_not_recommended() -> None:
    world = replace(WORLD, no_way={Channel.DIRECT: "reason.not-a-head"})
    found = judged(replace(PLAIN, sensitive=True, urgency_ground="urgency.life"), world)
    assert found[Channel.DIRECT].verdict is X
    assert found[Channel.DIRECT].reasons[0].code == "reason.not-a-head"
    assert found[Channel.EMBASSY].verdict is R


def test_a_higher_classification_takes_nobody_more_into_what_is_recommended() -> None:
    """INTERPOL gives way to the heads, who are fewer; a rule that closed them would not bring the office instead."""
    matter = replace(PLAIN, suspect=True)
    assert judged(matter)[Channel.INTERPOL].verdict is R
    found = judged(replace(matter, classification="class.secret"))
    assert found[Channel.DIRECT].verdict is R


def test_an_unknown_classification_is_the_highest_and_none_the_lowest() -> None:
    matter = replace(PLAIN, suspect=True)
    assert judged(replace(matter, classification="class.cosmic"))[Channel.INTERPOL].verdict is X
    assert judged(replace(matter, classification=""))[Channel.INTERPOL].verdict is R


def test_a_kind_or_a_field_that_is_not_known_here_is_judged_without_it() -> None:
    found = judged(replace(PLAIN, kind="later.kind", field="offence.later", nature=Nature.STRATEGIC))
    assert found[Channel.EMBASSY].verdict is R
