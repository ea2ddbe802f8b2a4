"""Nothing outside host, field, case and time of what the host accepted is permitted, whatever both sides said in whatever order."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tansiq.errors import Refused
from tansiq.policy.accreditation import (
    LONGEST_MS,
    Accreditation,
    Carried,
    Grant,
    accreditation_faults,
    check_accreditation,
    limits,
)
from tansiq.policy.accreditation_course import BY_SIDE, Move, Said, Side, Standing, State, may_say, stand
from tansiq.policy.accreditation_words import AWAY, Word, check_word, word_faults
from tansiq.policy.values import Text

FROM_MS, UNTIL_MS = 1_782_043_200_000, 1_813_579_200_000
TERRORISM, SMUGGLING, DRUGS = "offence.terrorism", "offence.migrant-smuggling", "offence.drugs"
CASES = tuple(f"{number:032x}" for number in range(1, 5))


def grant(case: str, field: str = TERRORISM) -> Grant:
    return Grant(
        case=case,
        field=field,
        desk="es.cgi/counter-terrorism",
        counterpart="ma.dgst/counter-terrorism",
        title=Text("es", "Célula inventada"),
    )


SENT = Accreditation(
    officer="ES-6100",
    post="es.cgi/liaison-tangier",
    host="ma.dgst",
    fields=(TERRORISM, SMUGGLING),
    languages=("ar", "fr"),
    tasks=("task.case",),
    grants=(grant(CASES[0]), grant(CASES[1], SMUGGLING)),
    from_ms=FROM_MS,
    until_ms=UNTIL_MS,
    reach="reach.always",
)


def test_a_whole_proposal_lacks_nothing_and_comes_back_as_it_was() -> None:
    assert accreditation_faults(SENT) == ()
    assert Accreditation.from_plain(SENT.to_plain()) == SENT
    assert accreditation_faults(replace(SENT, grants=())) == (), "cases may be added later"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        (replace(SENT, officer=None), "liaison-officer-missing"),
        (replace(SENT, post=None), "liaison-post-missing"),
        (replace(SENT, host="es.cgi"), "liaison-host-own"),
        (replace(SENT, host=None), "liaison-host-missing"),
        (replace(SENT, languages=()), "liaison-languages-missing"),
        (replace(SENT, tasks=()), "liaison-tasks-missing"),
        (replace(SENT, reach=None), "liaison-reach-missing"),
        (replace(SENT, from_ms=None), "liaison-from-missing"),
        (replace(SENT, until_ms=None), "liaison-until-missing"),
        (replace(SENT, until_ms=FROM_MS), "liaison-time-wrong"),
        (replace(SENT, until_ms=FROM_MS + LONGEST_MS + 1), "liaison-time-wrong"),
        (replace(SENT, fields=()), "liaison-fields-missing"),
        (replace(SENT, fields=(TERRORISM,)), "liaison-case-field-outside"),
        (replace(SENT, grants=(grant(CASES[0]), grant(CASES[0]))), "liaison-cases-twice"),
        (replace(SENT, grants=(replace(grant(CASES[0]), case=None),)), "liaison-case-missing"),
        (replace(SENT, grants=(replace(grant(CASES[0]), field=None),)), "liaison-case-field-missing"),
        (replace(SENT, grants=(replace(grant(CASES[0]), desk="ma.dgst/desk"),)), "liaison-desk-missing"),
        (replace(SENT, grants=(replace(grant(CASES[0]), counterpart="es.cgi/desk"),)), "liaison-counterpart-missing"),
        (replace(SENT, grants=(replace(grant(CASES[0]), title=None),)), "liaison-title-missing"),
        (replace(SENT, tasks=("task.arrest",)), "code-unknown"),
    ],
)
def test_what_lacks_is_said(changed: Accreditation, code: str) -> None:
    assert f"policy.law.{code}" in {fault.code for fault in accreditation_faults(changed)}
    with pytest.raises(Refused, match=r"policy\.law"):
        check_accreditation(changed)


@given(
    host=st.sampled_from(["ma.dgst", "ma.dgsn", "es.cgi", ""]),
    field=st.sampled_from([TERRORISM, SMUGGLING, DRUGS, ""]),
    case=st.sampled_from([*CASES, ""]),
    at_ms=st.one_of(
        st.integers(FROM_MS - 3, FROM_MS + 3), st.integers(UNTIL_MS - 3, UNTIL_MS + 3), st.integers(0, 2 * UNTIL_MS)
    ),
)
def test_nothing_but_the_two_cases_in_their_fields_with_the_host_in_time_is_permitted(
    host: str, field: str, case: str, at_ms: int
) -> None:
    within = {("ma.dgst", TERRORISM, CASES[0]), ("ma.dgst", SMUGGLING, CASES[1])}
    may = (host, field, case) in within and FROM_MS <= at_ms < UNTIL_MS
    against = limits(SENT, Carried(host=host, field=field, case=case, at_ms=at_ms))
    assert (not against) is may
    assert (host != "ma.dgst") is ("limit.other-host" in against)
    assert (at_ms >= UNTIL_MS) is ("limit.expired" in against)
    assert (at_ms < FROM_MS) is ("limit.too-early" in against)
    assert (case not in CASES[:2]) is ("limit.other-case" in against)


def test_a_proposal_that_was_never_filled_in_permits_nothing() -> None:
    assert limits(Accreditation(), Carried(host="", field="", case="", at_ms=0))


# ---------------------------------------------------------------------------------------------------- how it stands


def spoken(side: Side, *moves: tuple[Move, int]) -> list[Said]:
    return [Said(move, side, place, number) for place, (move, number) in enumerate(moves, 1)]


P, A, R = Move.PROPOSE, Move.ACCEPT, Move.REFUSE


@pytest.mark.parametrize(
    ("sender", "host", "state"),
    [
        ([(P, 1)], [], State.PROPOSED),
        ([(P, 1)], [(R, 1)], State.REFUSED),
        ([(P, 1)], [(A, 1)], State.IN_FORCE),
        ([(P, 1), (P, 2)], [(A, 1)], State.IN_FORCE),
        ([(P, 1), (P, 2)], [(A, 1), (R, 2)], State.IN_FORCE),
        ([(P, 1), (P, 2)], [(R, 1)], State.PROPOSED),
        ([(P, 1)], [(A, 1), (Move.SUSPEND, 1)], State.SUSPENDED),
        ([(P, 1), (Move.SUSPEND, 1), (Move.RESUME, 1)], [(A, 1)], State.IN_FORCE),
        ([(P, 1), (Move.RESUME, 1)], [(A, 1), (Move.SUSPEND, 1)], State.SUSPENDED),
        ([(P, 1), (Move.WITHDRAW, 1)], [(A, 1)], State.WITHDRAWN),
        ([(P, 1)], [(A, 1), (Move.WITHDRAW, 1)], State.WITHDRAWN),
    ],
)
def test_the_states(sender: list[tuple[Move, int]], host: list[tuple[Move, int]], state: State) -> None:
    said = spoken(Side.SENDER, *sender) + spoken(Side.HOST, *host)
    assert stand(said).state is state
    assert stand(reversed(said)).state is state


def test_an_answer_to_what_was_never_proposed_accepts_nothing() -> None:
    assert stand(spoken(Side.SENDER, (P, 1)) + spoken(Side.HOST, (A, 7))).state is State.PROPOSED
    assert stand([Said(A, Side.SENDER, 1, 1), *spoken(Side.SENDER, (P, 1))]).accepted == 0, (
        "nobody accepts for the host"
    )


Words = list[tuple[Move, int]]
WORDS = st.lists(st.tuples(st.sampled_from(Move), st.integers(1, 4)), max_size=8)


@given(sender=WORDS, host=WORDS, chance=st.randoms(use_true_random=False))
def test_both_sides_come_to_the_same_however_their_words_crossed(
    sender: Words, host: Words, chance: random.Random
) -> None:
    said = spoken(Side.SENDER, *sender) + spoken(Side.HOST, *host)
    other = list(said)
    chance.shuffle(other)
    one = stand(said)
    assert stand(other) == one
    assert one.accepted <= one.proposed, "nothing is accepted that was not proposed"
    if any(move is Move.WITHDRAW for move, _ in (*sender, *host)):
        assert one.state is State.WITHDRAWN
        assert one.pending == 0


@given(sender=WORDS, host=WORDS, more=st.tuples(st.sampled_from(Move), st.integers(1, 4)))
def test_no_word_of_one_side_lifts_what_the_other_imposed(sender: Words, host: Words, more: tuple[Move, int]) -> None:
    before = stand(spoken(Side.SENDER, *sender) + spoken(Side.HOST, *host))
    after = stand(spoken(Side.SENDER, *sender, more) + spoken(Side.HOST, *host))
    assert (Side.HOST in before.suspended) is (Side.HOST in after.suspended)
    assert before.withdrawn <= after.withdrawn


def of(*said: Said) -> Standing:
    return stand(said)


def test_who_may_say_what_when() -> None:
    proposed = spoken(Side.SENDER, (P, 1))
    accepted = [*proposed, *spoken(Side.HOST, (A, 1))]
    assert may_say(P, Side.SENDER, of())
    assert not may_say(P, Side.HOST, of())
    assert not may_say(P, Side.SENDER, of(*proposed)), "one proposal at a time"
    assert may_say(A, Side.HOST, of(*proposed))
    assert not may_say(A, Side.HOST, of(*accepted))
    assert may_say(P, Side.SENDER, of(*accepted))
    for side in Side:
        assert may_say(Move.SUSPEND, side, of(*accepted))
        assert not may_say(Move.RESUME, side, of(*accepted))
    suspended = [*accepted, Said(Move.SUSPEND, Side.HOST, 2, 1)]
    assert may_say(Move.RESUME, Side.HOST, of(*suspended))
    assert not may_say(Move.RESUME, Side.SENDER, of(*suspended))
    withdrawn = [*accepted, Said(Move.WITHDRAW, Side.HOST, 2, 1)]
    for move in Move:
        for side in Side:
            assert not may_say(move, side, of(*withdrawn))
    assert {side for move in (A, R) for side in BY_SIDE[move]} == {Side.HOST}


# ---------------------------------------------------------------------------------------------------- the words


@pytest.mark.parametrize(
    ("move", "word", "codes"),
    [
        (P, Word(place=1, number=1, proposal=SENT), set()),
        (P, Word(place=1, number=1, proposal=replace(SENT, reach=None)), {"liaison-reach-missing"}),
        (A, Word(place=1, number=1), set()),
        (R, Word(place=1, number=1), {"liaison-reason-missing"}),
        (Move.SUSPEND, Word(place=1, number=1, reason="accreditation.host-decision"), set()),
        (Move.WITHDRAW, Word(place=1, number=1, reason="accreditation.other"), {"liaison-words-missing"}),
        (Move.RESUME, Word(place=1, number=1), set()),
        (Move.REACH, Word(place=1, number=1), {"liaison-reach-missing"}),
        (Move.REACH, Word(place=1, number=1, reach=AWAY), {"liaison-away-until-missing"}),
        (Move.REACH, Word(place=1, number=1, reach=AWAY, until_ms=UNTIL_MS), set()),
    ],
)
def test_what_a_word_wants(move: Move, word: Word, codes: set[str]) -> None:
    found = {fault.code.removeprefix("policy.law.") for fault in word_faults(word, move)}
    assert found == codes
    assert Word.from_plain(word.to_plain()) == word
    if codes:
        with pytest.raises(Refused, match=r"policy\.law"):
            check_word(word, move)


def test_a_proposal_without_its_proposal_lacks_everything() -> None:
    assert len(word_faults(Word(place=1, number=1), P)) >= 8
