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
from tansiq.exchange.copies import wraps_beside
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.quarantine import Outcome, retry, retry_all
from tansiq.exchange.queries import quarantined
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made

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


def of_paris(room: Room, *relays: SimulatedPeer) -> tuple[SimulatedPeer, Made]:
    """An agency that nobody here knows yet, and a word of it that ``relays`` may pass on."""
    fr = SimulatedPeer("fr.dgsi", clock=relays[0].clock)
    fr.know(room.context.directory)
    for relay in relays:
        relay.know(room.context.directory)
    return fr, room.said(fr, "of Paris")


def kept(room: Room) -> set[tuple[str, int]]:
    """By peer, how many wraps are kept of what is set aside of it."""
    rows = room.rows(
        "SELECT peer, statement FROM exchange_quarantine UNION ALL SELECT peer, statement FROM exchange_copy"
    )
    return {(peer, len(wraps_beside(digest, peer, room.context.keys))) for peer, digest in rows}


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_what_each_relay_brought_is_kept_and_tried(room: Room, ma: SimulatedPeer, order: tuple[int, int]) -> None:
    pt = room.peer("pt.sis")
    fr, made = of_paris(room, ma, pt)
    sealed = fr.wraps(made, room.agency)
    brought = [(ma, [sealed[-1]]), (pt, sealed)]  # Rabat's copy opens for Paris alone
    for relay, wraps in (brought[at] for at in order):
        for _ in range(2):
            answer = room.hear(relay.parcel_with(made, wraps={made.statement.digest: wraps}))
            assert [fault.code for fault in answer.faults] == ["directory.unknown-agency"]
    assert kept(room) == {("ma.dgst", 1), ("pt.sis", 2)}
    assert len(quarantined()) == 1
    room.befriend(fr)
    assert [one.outcome for one in retry_all(context=room.context)] == [Outcome.HANDLED]
    assert room.words() == ["of Paris"]
    assert (room.faults(), kept(room)) == ([], set())
    assert {statement for (statement,) in room.rows("SELECT statement FROM exchange_received")} == {made.statement.id}


def test_a_damaged_copy_of_one_relay_does_not_hide_the_others(room: Room, ma: SimulatedPeer) -> None:
    pt = room.peer("pt.sis")
    fr, made = of_paris(room, ma, pt)
    wraps = {made.statement.digest: fr.wraps(made, room.agency)}
    ma.lies.other_contents = True
    assert [one.code for one in room.hear(ma.parcel_with(made, wraps=wraps)).faults] == ["protocol.other-docket"]
    room.hear(pt.parcel_with(made, wraps=wraps))
    room.befriend(fr)
    assert [one.outcome for one in retry_all(context=room.context)] == [Outcome.HANDLED]
    assert room.words() == ["of Paris"]
    assert [(one.peer, one.code) for one in quarantined()] == [("ma.dgst", "protocol.other-docket")]
    retry_all(context=room.context)
    assert room.words() == ["of Paris"]
    assert kept(room) == {("ma.dgst", 2)}
