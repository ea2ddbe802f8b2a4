"""What was set aside is tried again from the beginning, and what fails again stays, with its newest reason."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.db import OperationalError, connection

from peer import SimulatedPeer, seeded
from support.room import BAD, Room
from tansiq.errors import NotFound
from tansiq.exchange import kinds
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.quarantine import Outcome, retry, retry_all
from tansiq.exchange.queries import quarantined
from tansiq.protocol.parts import Part

pytestmark = pytest.mark.storage

TOMORROW = "test.of-tomorrow"


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def upgrade() -> None:
    """Brings the handler that was missing."""

    def handler(arrived: Sequence[Arrived], context: Context) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO test_effect (word, statement) VALUES (%s, '')",
                [(one.parts[0].content[0],) for one in arrived],
            )

    kinds.register(TOMORROW, handler)


def test_an_unknown_kind_is_handled_after_the_upgrade_that_brings_its_handler(room: Room, ma: SimulatedPeer) -> None:
    room.hear(ma.parcel_with(*(room.said(ma, word, kind=TOMORROW) for word in ("uno", "dos"))))
    room.work()
    received_ms = room.context.clock()
    room.node.context.clock.advance(days=3)  # type: ignore[attr-defined]
    assert [one.code for one in retry_all(context=room.context)] == ["exchange.unknown-kind"] * 2
    assert [(one.tries, one.since_ms) for one in quarantined()] == [(2, received_ms)] * 2
    upgrade()
    assert [one.outcome for one in retry_all(context=room.context)] == [Outcome.HANDLED] * 2
    assert room.words() == ["uno", "dos"]
    assert room.faults() == []
    assert room.work() == 0
    assert retry_all(context=room.context) == []


def test_a_deadline_still_runs_from_the_day_of_receipt(room: Room, ma: SimulatedPeer) -> None:
    seen: list[int] = []
    room.hear(ma.parcel_with(room.said(ma, "uno", kind=TOMORROW)))
    received_ms = room.context.clock()
    room.work()
    room.node.context.clock.advance(days=3)  # type: ignore[attr-defined]
    kinds.register(TOMORROW, lambda arrived, context: seen.extend(one.at_ms for one in arrived))
    retry_all(context=room.context)
    assert seen == [received_ms]


def test_a_third_agencys_word_is_set_aside_until_its_directory_is_here_and_its_words_were_compared(
    room: Room, ma: SimulatedPeer
) -> None:
    fr = SimulatedPeer("fr.dgsi", clock=ma.clock)
    fr.know(room.context.directory)
    made = room.said(fr, "of Paris, passed on by Rabat")
    ma.know(room.context.directory)
    wraps = {made.statement.digest: fr.wraps(made, room.agency)}
    answer = room.hear(ma.parcel_with(made, wraps=wraps))
    assert [fault.code for fault in answer.faults] == ["directory.unknown-agency"]
    [tried] = retry_all(context=room.context)
    assert (tried.outcome, tried.code) == (Outcome.SET_ASIDE, "directory.unknown-agency")
    room.learn(fr.directory)
    [tried] = retry_all(context=room.context)
    assert (tried.outcome, tried.code) == (Outcome.SET_ASIDE, "directory.unconfirmed")
    room.befriend(fr)
    [tried] = retry_all(context=room.context)
    assert tried.outcome == Outcome.HANDLED
    assert room.words() == ["of Paris, passed on by Rabat"]
    assert room.faults() == []
    [(statement,)] = room.rows("SELECT statement FROM exchange_received")
    assert statement == made.statement.id
    room.hear(ma.parcel_with(made, wraps=wraps))
    room.work()
    assert room.words() == ["of Paris, passed on by Rabat"]


def test_a_forged_statement_is_never_accepted(room: Room, ma: SimulatedPeer) -> None:
    ma.lies.other_contents = True
    room.tell(ma, "uno")
    for _ in range(2):
        assert [one.code for one in retry_all(context=room.context)] == ["protocol.other-docket"]
    assert [one.tries for one in quarantined()] == [3]
    assert room.words() == []
    assert room.rows("SELECT * FROM exchange_statement") == []


def test_an_identifier_used_twice_stays_set_aside(room: Room, ma: SimulatedPeer) -> None:
    first = room.said(ma, "uno")
    second = ma.say(
        docket=ma.docket(to=[room.node.post()]), parts=[Part("note", {0: "dos"})], statement_id=first.statement.id
    )
    room.hear(ma.parcel_with(first, second))
    room.work()
    assert [one.code for one in retry_all(context=room.context)] == ["exchange.id-used-twice"]
    assert room.words() == ["uno"]


def test_what_follows_runs_after_the_retry_in_order(room: Room, ma: SimulatedPeer) -> None:
    first = room.said(ma, "first", kind=TOMORROW)
    room.hear(ma.parcel_with(first, room.said(ma, "second", follows=(first.statement.id,))))
    room.work()
    upgrade()
    retry(first.statement.digest, context=room.context)
    room.work()
    assert room.words() == ["first", "second"]


def test_what_is_tried_again_too_early_waits_for_what_it_follows(room: Room, ma: SimulatedPeer) -> None:
    first = room.said(ma, "first", kind=TOMORROW)
    second = room.said(ma, "second", kind=TOMORROW)
    third = room.said(ma, "third", kind=TOMORROW, follows=(second.statement.id,))
    room.hear(ma.parcel_with(first, second, third))
    room.work()
    upgrade()
    assert len(room.faults()) == 2, "the third waits in the queue, for it was never ready"
    retry(first.statement.digest, context=room.context)
    assert room.words() == ["first"]
    retry(second.statement.digest, context=room.context)
    room.work()
    assert room.words() == ["first", "second", "third"]


def test_a_retry_that_fails_leaves_no_effect(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, BAD)
    room.work()
    [tried] = retry_all(context=room.context)
    assert (tried.outcome, tried.code) == (Outcome.SET_ASIDE, "exchange.handler-failed")
    assert room.words() == []
    assert room.rows("SELECT * FROM exchange_queue") == []


def test_the_machines_trouble_during_a_retry_changes_nothing(room: Room, ma: SimulatedPeer) -> None:
    room.hear(ma.parcel_with(room.said(ma, "uno", kind=TOMORROW)))
    room.work()
    before = room.state()

    def fails(arrived: Sequence[Arrived], context: Context) -> None:
        raise OperationalError("disk full")

    kinds.register(TOMORROW, fails)
    with pytest.raises(OperationalError):
        retry_all(context=room.context)
    assert room.state() == before


def test_nothing_is_tried_that_is_not_set_aside(room: Room, ma: SimulatedPeer) -> None:
    room.tell(ma, "uno")
    with pytest.raises(NotFound, match="not-set-aside"):
        retry(seeded("nothing"), context=room.context)


def test_a_damaged_copy_stays_set_aside_although_a_whole_one_came(room: Room, ma: SimulatedPeer) -> None:
    made = room.said(ma, "uno")
    ma.lies.drop_wraps = True
    room.hear(ma.parcel_with(made))
    ma.lies.drop_wraps = False
    room.hear(ma.parcel_with(made))
    room.work()
    assert room.words() == ["uno"]
    assert room.faults() == ["protocol.other-wraps"]
