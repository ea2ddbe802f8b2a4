"""Papers between two services: what each word needs, and how they stand whatever the order of words."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.matters import law_of
from support.papers import DAY_MS, a_meeting, a_treaty, contact_list, the_minutes
from tansiq.policy.agreed import agreement_faults
from tansiq.policy.channel_matter import Agreement
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, MEETING, PAPERS, Said, Step, may_say, stand, step_of
from tansiq.policy.papers import Contacts, PaperWord, paper_word_faults
from tansiq.policy.values import Text

TREATY = PaperWord(place=1, number=1, agreement=a_treaty())
MEET = PaperWord(place=1, number=1, meeting=a_meeting())
POINTS = PaperWord(place=1, number=1, contacts=contact_list("es.cgi"))
RECORD = PaperWord(place=2, number=1, minutes=the_minutes())
REFUSAL = PaperWord(place=1, number=1, reason="paper.not-competent")
END = PaperWord(place=1, number=1, reason="paper.denounced", until_ms=DAY_MS)
DONE = PaperWord(place=1, number=1, item=1)
WORDS: list[tuple[PaperWord, str, Step]] = [
    (TREATY, AGREEMENT, Step.PROPOSE),
    (PaperWord(place=1, number=1), AGREEMENT, Step.AGREE),
    (REFUSAL, AGREEMENT, Step.REFUSE),
    (END, AGREEMENT, Step.END),
    (MEET, MEETING, Step.PROPOSE),
    (RECORD, MEETING, Step.RECORD),
    (DONE, MEETING, Step.DONE),
    (REFUSAL, MEETING, Step.END),
    (POINTS, CONTACTS, Step.PROPOSE),
]


@pytest.mark.parametrize(("word", "paper", "step"), WORDS)
def test_a_whole_word_lacks_nothing_and_comes_back_as_it_was(word: PaperWord, paper: str, step: Step) -> None:
    assert not paper_word_faults(word, paper, step)
    assert PaperWord.from_plain(word.to_plain()) == word


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": None}, "agreement-title-missing"),
        ({"parties": ("ES",)}, "agreement-parties-missing"),
        ({"from_ms": None}, "agreement-from-missing"),
        ({"until_ms": 1}, "agreement-time-wrong"),
        ({"reference": None}, "agreement-reference-missing"),
        ({"fields": ("offence.of-tomorrow",)}, "code-unknown"),
    ],
)
def test_what_an_agreement_lacks_is_named(change: dict[str, Any], fault: str) -> None:
    lacking = replace(TREATY, agreement=replace(a_treaty(), **change))
    assert _named(lacking, AGREEMENT, Step.PROPOSE) == [fault]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"title": None}, "meeting-title-missing"),
        ({"at_ms": None}, "meeting-time-missing"),
        ({"place": None}, "meeting-place-missing"),
        ({"posts": ()}, "meeting-posts-missing"),
        ({"agenda": ()}, "meeting-agenda-missing"),
    ],
)
def test_what_a_meeting_lacks_is_named(change: dict[str, Any], fault: str) -> None:
    lacking = replace(MEET, meeting=replace(a_meeting(), **change))
    assert _named(lacking, MEETING, Step.PROPOSE) == [fault]


@pytest.mark.parametrize(
    ("change", "decision", "fault"),
    [
        ({"words": None}, {}, "minutes-missing"),
        ({"posts": ()}, {}, "minutes-posts-missing"),
        ({}, {"words": None}, "decision-words-missing"),
        ({}, {"post": None}, "decision-post-missing"),
        ({}, {"due_ms": None}, "decision-due-missing"),
    ],
)
def test_what_minutes_lack_is_named(change: dict[str, Any], decision: dict[str, Any], fault: str) -> None:
    minutes = the_minutes()
    made = replace(minutes, decisions=(replace(minutes.decisions[0], **decision),), **change)
    assert _named(replace(RECORD, minutes=made), MEETING, Step.RECORD) == [fault]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"post": None}, "contact-post-missing"),
        ({"function": None}, "contact-function-missing"),
        ({"languages": ()}, "contact-languages-missing"),
        ({"reach": None}, "contact-reach-missing"),
        ({"ways": ()}, "contact-ways-missing"),
    ],
)
def test_what_a_contact_point_lacks_is_named(change: dict[str, Any], fault: str) -> None:
    (first, *_) = contact_list("es.cgi").points
    lacking = replace(POINTS, contacts=Contacts(points=(replace(first, **change),)))
    assert _named(lacking, CONTACTS, Step.PROPOSE) == [fault]


@pytest.mark.parametrize(
    ("word", "paper", "step", "fault"),
    [
        (replace(REFUSAL, reason=None), AGREEMENT, Step.REFUSE, "paper-reason-missing"),
        (replace(REFUSAL, reason="paper.other"), MEETING, Step.REFUSE, "paper-words-missing"),
        (replace(END, until_ms=None), AGREEMENT, Step.END, "agreement-end-missing"),
        (replace(DONE, item=None), MEETING, Step.DONE, "decision-unnamed"),
        (replace(POINTS, contacts=None), CONTACTS, Step.PROPOSE, "contacts-missing"),
        (replace(REFUSAL, reason="paper.of-tomorrow"), MEETING, Step.REFUSE, "code-unknown"),
    ],
)
def test_what_a_word_lacks_is_named(word: PaperWord, paper: str, step: Step, fault: str) -> None:
    assert _named(word, paper, step) == [fault]


def test_words_in_a_reason_that_wants_them_are_enough() -> None:
    told = replace(REFUSAL, reason="paper.other", words=Text("es", "Se propone otra fórmula."))
    assert not paper_word_faults(told, AGREEMENT, Step.REFUSE)


def _named(word: PaperWord, paper: str, step: Step) -> list[str]:
    return [one.code.removeprefix("policy.law.") for one in paper_word_faults(word, paper, step)]


# ------------------------------------------------------------------------------------------------------------- course


COURSE: list[tuple[str, list[tuple[Step, int, int]], str]] = [
    (AGREEMENT, [(Step.PROPOSE, 1, 1)], "proposed"),
    (AGREEMENT, [(Step.PROPOSE, 1, 1), (Step.REFUSE, 2, 1)], "refused"),
    (AGREEMENT, [(Step.PROPOSE, 1, 1), (Step.AGREE, 2, 1)], "agreed"),
    (AGREEMENT, [(Step.PROPOSE, 1, 1), (Step.AGREE, 2, 1), (Step.PROPOSE, 1, 2)], "agreed"),
    (AGREEMENT, [(Step.PROPOSE, 1, 1), (Step.AGREE, 2, 1), (Step.END, 2, 1)], "ended"),
    (AGREEMENT, [(Step.AGREE, 2, 1)], "refused"),
    (MEETING, [(Step.PROPOSE, 1, 1), (Step.AGREE, 2, 1), (Step.RECORD, 1, 2)], "held"),
    (MEETING, [(Step.PROPOSE, 1, 1), (Step.END, 1, 1)], "ended"),
    (CONTACTS, [(Step.PROPOSE, 1, 1)], "agreed"),
]


@pytest.mark.parametrize(("paper", "moves", "state"), COURSE)
def test_whatever_the_order_of_arrival_a_paper_stands_the_same(
    paper: str, moves: list[tuple[Step, int, int]], state: str
) -> None:
    places = {1: 0, 2: 0}
    said = []
    for step, side, number in moves:
        places[side] += 1
        said.append(Said(step, side, places[side], number))
    assert {stand(paper, order).state for order in permutations(said)} == {state}


@given(
    st.lists(st.tuples(st.sampled_from(Step), st.sampled_from((1, 2)), st.integers(1, 3)), max_size=7),
    st.sampled_from(PAPERS),
)
def test_nobody_is_bound_by_what_was_not_proposed_or_by_the_other_side_alone(
    moves: list[tuple[Step, int, int]], paper: str
) -> None:
    said = [Said(step, side, place, number) for place, (step, side, number) in enumerate(moves, 1)]
    standing = stand(paper, said)
    assert standing.agreed <= standing.proposed
    if paper != CONTACTS and standing.agreed:
        assert {(1, Step.PROPOSE), (2, Step.AGREE)} <= {(one.side, one.step) for one in said}
    if paper == CONTACTS:
        assert standing.ended_ms is None
    for side in (1, 2):
        if may_say(Step.AGREE, side, standing):
            assert side == 2
            assert standing.pending
    if standing.ended_ms is not None:
        assert not any(may_say(step, side, standing) for step in Step for side in (1, 2))


def test_the_earlier_of_two_ends_holds() -> None:
    ends = [Said(Step.END, 1, 2, 1, until_ms=9), Said(Step.END, 2, 2, 1, until_ms=5)]
    assert {stand(AGREEMENT, order).ended_ms for order in permutations(ends)} == {5}


def test_a_kind_names_its_paper_and_step() -> None:
    assert step_of("agreement.end") == (AGREEMENT, Step.END)


# ------------------------------------------------------------------------------------------------- what holds in law


HELD = Agreement(
    code="law.es-ma-2019", fields=frozenset({"offence.terrorism"}), from_ms=10, until_ms=20,
    grounds=frozenset({"transfer.safeguards-instrument"}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("known", "at_ms", "fault"),
    [
        ([], 15, ""),
        ([HELD], 15, ""),
        ([HELD], 9, "agreement-not-in-force"),
        ([HELD], 20, "agreement-not-in-force"),
        ([replace(HELD, fields=frozenset({"offence.drugs"}))], 15, "agreement-not-in-force"),
        ([replace(HELD, fields=frozenset())], 15, ""),
        ([replace(HELD, code="law.es-ma-2010")], 30, ""),
        ([replace(HELD, until_ms=12), HELD], 15, ""),
        ([replace(HELD, grounds=frozenset({"transfer.adequacy"}))], 15, "agreement-other-ground"),
        ([replace(HELD, grounds=frozenset())], 15, ""),
    ],
)
def test_who_relies_on_an_agreement_relies_on_one_that_holds(known: list[Agreement], at_ms: int, fault: str) -> None:
    found = [one.code.removeprefix("policy.law.") for one in agreement_faults(law_of("ES-4017"), known, at_ms=at_ms)]
    assert found == ([fault] if fault else [])
