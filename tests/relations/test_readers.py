"""The table of readers is true for liaison officers: of all that is said of a posting and in its case, every key of every node and of
every person is tried, and opens what the table gives its owner, and nothing else. The embassy's office is a node of its own here.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from support.keys import BODY, DOCKET, crossed, kept_by
from support.liaison import CASE, a_message, proposal_of
from support.node import Nodes
from support.ways import ES, HEADS, LIAISON, MA, OFFICE, World
from tansiq.cases.casework import NewCase, open_case
from tansiq.channels.accreditations import words_of
from tansiq.policy.accreditation_course import Move
from tansiq.policy.values import Text
from tansiq.relations.accreditation_state import channel_matter
from tansiq.relations.accrediting import decide, propose
from tansiq.relations.liaison import Seat
from tansiq.relations.liaison_handing import hand_on
from tansiq.relations.liaison_reading import read_channel
from tansiq.relations.liaison_saying import say

pytestmark = pytest.mark.storage

OFFICER, DESK, HOST = "ES-6100", "ES-4017", "MA-2210"
OFFICER_OWN = {OFFICER: BODY, "ES-4002+ES-4003": BODY}
OUT, BACK = ("es.cgi", "ma.dgst"), ("ma.dgst", "es.cgi")
TO_OFFICE = ("es.cgi", "es.rabat")


@dataclass(frozen=True, slots=True)
class There:
    """The world with the officer accredited."""

    world: World
    accreditation: bytes

    @property
    def matter(self) -> bytes:
        return channel_matter(self.accreditation, CASE)

    def say(self, by: str, to: Seat) -> bytes:
        """Somebody says something, and it goes as far as it goes."""
        node = self.world["es.cgi" if by.startswith("ES-") else "ma.dgst"]
        context = node.use()
        made = say(
            self.matter,
            a_message(by, language="ar" if by == HOST else "es"),
            to=to,
            context=context,
            officer=node.officer(by),
        )
        self.world.carry()
        return made

    def words(self, by: str) -> int:
        """How many messages somebody reads."""
        node = self.world["es.cgi" if by.startswith("ES-") else "ma.dgst"]
        thread = read_channel(self.matter, context=node.use(), officer=node.officer(by))
        return sum(one.message is not None for one in thread.words)


@pytest.fixture
def there(node: Nodes) -> There:
    world = World.of(node)
    es, ma = world["es.cgi"], world["ma.dgst"]
    context = es.use()
    new = NewCase(title=Text("es", "Célula"), fields=("offence.terrorism",), agencies=("ma.dgst",), shared=CASE)
    open_case(new, context=context, officer=es.officer(DESK))
    made = propose(
        proposal_of(es, ma, now_ms=context.clock()), to_post=HEADS[1], context=context, officer=es.officer("ES-1001")
    )
    world.carry()
    decide(made, Move.ACCEPT, context=ma.use(), officer=ma.officer("MA-1001"))
    world.carry()
    assert world.faults() == {}
    return There(world, made)


def test_the_proposal_passes_the_office_and_the_host_s_word_comes_back_through_it(there: There) -> None:
    there.world["es.cgi"].use()
    (proposed, accepted) = [word.statement for word in words_of(there.accreditation)]
    assert crossed(there.world, proposed) == {
        TO_OFFICE: {OFFICE: BODY, HEADS[1]: BODY, "copy of es.cgi": BODY},
        ("es.rabat", "ma.dgst"): {HEADS[1]: BODY},
    }
    assert crossed(there.world, accepted) == {
        ("ma.dgst", "es.rabat"): {OFFICE: BODY, HEADS[0]: BODY, "copy of ma.dgst": BODY},
        ("es.rabat", "es.cgi"): {HEADS[0]: BODY},
    }


def test_what_the_officer_says_is_read_by_the_officer_and_the_host(there: There) -> None:
    said = there.say(OFFICER, Seat.COUNTERPART)
    assert crossed(there.world, said) == {
        OUT: {MA: BODY, **OFFICER_OWN, "copy of es.cgi": DOCKET},
        TO_OFFICE: {OFFICE: DOCKET, **OFFICER_OWN, "copy of es.cgi": DOCKET},
    }
    assert kept_by(there.world, said) == {"es.cgi": DOCKET, "es.rabat": DOCKET, "ma.dgst": BODY}
    assert there.words(OFFICER) == there.words(HOST) == 1


@pytest.mark.parametrize("to", [Seat.OFFICER, Seat.DESK])
def test_what_the_host_says_is_read_by_the_officer_until_the_officer_hands_it_on(there: There, to: Seat) -> None:
    said = there.say(HOST, to)
    docket = {LIAISON: DOCKET} if to is Seat.OFFICER else {LIAISON: DOCKET, ES: DOCKET}
    assert crossed(there.world, said) == {
        BACK: {**docket, **OFFICER_OWN, "copy of ma.dgst": BODY},
        TO_OFFICE: {OFFICE: DOCKET},
    }
    assert kept_by(there.world, said) == {"es.cgi": DOCKET, "es.rabat": DOCKET, "ma.dgst": BODY}
    assert there.words(DESK) == 0
    es = there.world["es.cgi"]
    hand_on(said, context=es.use(), officer=es.officer(OFFICER))
    assert kept_by(there.world, said) == {"es.cgi": BODY, "es.rabat": DOCKET, "ma.dgst": BODY}
    assert there.words(DESK) == there.words(OFFICER) == 1


def test_what_the_desk_says_crosses_when_the_officer_hands_it_on(there: There) -> None:
    said = there.say(DESK, Seat.COUNTERPART)
    assert OUT not in crossed(there.world, said)
    es = there.world["es.cgi"]
    hand_on(said, context=es.use(), officer=es.officer(OFFICER))
    there.world.carry()
    assert crossed(there.world, said) == {
        OUT: {MA: BODY, "copy of es.cgi": BODY},
        TO_OFFICE: {OFFICE: DOCKET, "copy of es.cgi": BODY},
    }
    assert kept_by(there.world, said) == {"es.cgi": BODY, "es.rabat": DOCKET, "ma.dgst": BODY}
    assert there.words(HOST) == 1


def test_the_office_has_the_dockets_of_all_that_crossed_and_not_one_word(there: There) -> None:
    said = [
        there.say(OFFICER, Seat.COUNTERPART),
        there.say(HOST, Seat.OFFICER),
        there.say(HOST, Seat.DESK),
        there.say(DESK, Seat.COUNTERPART),
    ]
    es = there.world["es.cgi"]
    for statement in said[2:]:
        hand_on(statement, context=es.use(), officer=es.officer(OFFICER))
    there.world.carry()
    assert there.world.faults() == {}
    rows = there.world.rows(
        "es.rabat", "SELECT statement, step, reads_body FROM channels_passage WHERE kind = 'liaison.message'"
    )
    assert {row[0] for row in rows} == set(said)
    assert {row[1:] for row in rows} == {("copy", False)}
    for statement in said:
        assert kept_by(there.world, statement)["es.rabat"] == DOCKET
