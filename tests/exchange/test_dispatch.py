"""What was received takes effect once, in causal order; what can't is set aside alone, and the machine's troubles are waited out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import DataError, IntegrityError, InterfaceError, OperationalError, connection

from peer import SimulatedPeer, seeded
from support.room import BAD, Room
from tansiq.errors import Conflict
from tansiq.exchange import dispatch as dispatching
from tansiq.exchange import kinds
from tansiq.exchange.context import Context
from tansiq.exchange.dispatch import dispatch_once, wake_waiting
from tansiq.exchange.kinds import Arrived
from tansiq.exchange.services import send
from tansiq.protocol.directory import Use
from tansiq.protocol.envelope import Lane
from tansiq.protocol.ids import new_id
from tansiq.protocol.keys import PublicSealingKey, SealingKey
from tansiq.protocol.wraps import seal_wrap

pytestmark = pytest.mark.storage


@pytest.fixture
def ma(room: Room) -> SimulatedPeer:
    return room.peer("ma.dgst")


def queued(room: Room) -> int:
    return len(room.rows("SELECT * FROM exchange_queue"))


# ---------------------------------------------------------------------------------------------------- causal order


def test_what_follows_waits_until_what_it_follows_is_in_effect(room: Room, ma: SimulatedPeer) -> None:
    first = room.said(ma, "first")
    second = room.said(ma, "second", follows=(first.statement.id,))
    third = room.said(ma, "third", follows=(second.statement.id, first.statement.id))
    room.hear(ma.parcel_with(third, lane=Lane.URGENT))
    room.work()
    room.hear(ma.parcel_with(second, lane=Lane.NORMAL))
    room.work()
    assert (room.words(), queued(room)) == ([], 2)
    room.hear(ma.parcel_with(first, lane=Lane.BULK))
    room.work()
    assert (room.words(), queued(room)) == (["first", "second", "third"], 0)


def test_one_batch_in_the_wrong_order_is_put_right(room: Room, ma: SimulatedPeer) -> None:
    made = [room.said(ma, "0")]
    for number in range(1, 20):
        made.append(room.said(ma, str(number), follows=(made[-1].statement.id,)))
    room.hear(ma.parcel_with(*made[::-1]))
    assert dispatch_once(context=room.context) == 20
    assert room.words() == [str(number) for number in range(20)]


def test_order_holds_across_partners(room: Room, ma: SimulatedPeer) -> None:
    fr = room.peer("fr.dgsi")
    theirs = room.said(fr, "of Paris")
    room.hear(ma.parcel_with(room.said(ma, "of Rabat, on what Paris said", follows=(theirs.statement.id,))))
    room.work()
    assert room.words() == []
    room.hear(fr.parcel_with(theirs))
    room.work()
    assert room.words() == ["of Paris", "of Rabat, on what Paris said"]


def test_an_answer_to_what_we_said_ourselves_runs_at_once(room: Room, ma: SimulatedPeer) -> None:
    ours = room.say(ma, "ours")
    room.hear(ma.parcel_with(room.said(ma, "answer", follows=(ours.id,))))
    room.work()
    assert room.words() == ["answer"]


def test_what_only_passes_here_waits_for_nothing(
    room: Room, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it follows may have gone by another way, which never comes here; the order is made where it is for."""
    passed: list[bytes] = []
    monkeypatch.setattr(kinds, "_passing", [lambda arrived, _: passed.extend(one.statement.id for one in arrived)])
    way = ("ma.dgst/desk", room.node.post(), "fr.dgsi/desk")
    made = room.said(ma, "for Paris", to=["fr.dgsi/desk"], route=way, follows=(new_id(room.context.clock()),))
    ours = room.context.directory.current(Use.POST_OPENS, room.node.post(), room.context.clock())[0]
    wrap = seal_wrap(
        made.keys.docket_only, reader=PublicSealingKey(ours.public), statement_digest=made.statement.digest
    )
    room.hear(ma.parcel_with(made, to=room.agency, wraps={made.statement.digest: [wrap]}))
    room.work()
    assert passed == [made.statement.id]
    assert queued(room) == 0


def test_what_follows_something_that_never_comes_waits_and_is_not_dropped(room: Room, ma: SimulatedPeer) -> None:
    ring = seeded("an identifier of nothing", 16)
    room.hear(ma.parcel_with(room.said(ma, "waits", follows=(ring,)), room.said(ma, "goes on")))
    room.work()
    assert (room.words(), queued(room), room.faults()) == (["goes on"], 1, [])
    assert wake_waiting() == 0


def test_the_sweep_wakes_what_was_left_waiting(room: Room, ma: SimulatedPeer) -> None:
    """Two processes may miss one another's commits; the clock finds what they left."""
    first = room.said(ma, "first")
    room.hear(ma.parcel_with(room.said(ma, "second", follows=(first.statement.id,))))
    room.work()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO exchange_handled (statement) VALUES (%s)", (first.statement.id,))
    assert room.work() == 0
    assert wake_waiting() == 1
    room.work()
    assert room.words() == ["second"]


# ---------------------------------------------------------------------------------------------------- only the bad one


def test_a_handler_that_refuses_one_sets_aside_only_that_one(room: Room, ma: SimulatedPeer) -> None:
    words = [f"word {number}" for number in range(10)]
    words[4] = BAD
    room.tell(ma, *words)
    room.work()
    assert room.words() == [word for word in words if word != BAD]
    assert room.faults() == ["exchange.handler-failed"]
    assert queued(room) == 0


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError("x"), RecursionError(), DataError("x"), IntegrityError("x")]
)
def test_whatever_a_handler_raises_of_the_content_sets_it_aside(
    room: Room, ma: SimulatedPeer, error: Exception
) -> None:
    def fails(arrived: Sequence[Arrived], context: Context) -> None:
        raise error

    kinds.register("test.fails", fails)
    room.hear(ma.parcel_with(room.said(ma, "uno", kind="test.fails"), room.said(ma, "dos")))
    room.work()
    assert room.words() == ["dos"]
    assert room.faults() == ["exchange.handler-failed"]


@pytest.mark.parametrize(
    "sql", ["INSERT INTO test_effect (word, statement) VALUES (NULL, 'x')", "SELECT * FROM no_such_column"]
)
def test_a_statement_whose_handler_breaks_the_transaction_does_not_block_the_others(
    room: Room, ma: SimulatedPeer, sql: str
) -> None:
    """On PostgreSQL a failed query makes every further one of its transaction fail."""

    def fails(arrived: Sequence[Arrived], context: Context) -> None:
        with connection.cursor() as cursor:
            try:
                cursor.execute(sql.replace("FROM no_such_column", ", no_such_column FROM test_effect"))
            except Exception:
                cursor.execute("SELECT 1")
        raise ValueError("in any case")

    kinds.register("test.fails", fails)
    room.hear(ma.parcel_with(room.said(ma, "uno", kind="test.fails"), room.said(ma, "dos")))
    room.work()
    assert room.words() == ["dos"]
    assert len(room.faults()) == 1


@pytest.mark.parametrize("error", [OperationalError("disk full"), InterfaceError("connection lost")])
def test_what_the_machine_refuses_stays_in_the_queue_and_is_tried_again(
    room: Room, ma: SimulatedPeer, error: Exception
) -> None:
    broken = [True]

    def fails(arrived: Sequence[Arrived], context: Context) -> None:
        if broken:
            raise error

    kinds.register("test.fails", fails)
    room.hear(ma.parcel_with(room.said(ma, "uno"), room.said(ma, "dos", kind="test.fails")))
    for _ in range(2):
        with pytest.raises(type(error)):
            dispatch_once(context=room.context)
    assert (room.words(), room.faults(), queued(room)) == ([], [], 2)
    broken.clear()
    room.work()
    assert (room.words(), room.faults(), queued(room)) == (["uno"], [], 0)


def test_a_kind_that_nobody_handles_is_set_aside(room: Room, ma: SimulatedPeer) -> None:
    room.hear(ma.parcel_with(room.said(ma, "uno"), room.said(ma, "dos", kind="test.of-tomorrow")))
    room.work()
    assert room.words() == ["uno"]
    assert room.faults() == ["exchange.unknown-kind"]


def test_what_follows_something_set_aside_waits_for_it(room: Room, ma: SimulatedPeer) -> None:
    bad = room.said(ma, BAD)
    room.hear(ma.parcel_with(bad, room.said(ma, "after", follows=(bad.statement.id,))))
    room.work()
    assert (room.words(), queued(room)) == ([], 1)


def test_a_kind_has_one_handler() -> None:
    handler: Callable[..., Any] = lambda arrived, context: None  # noqa: E731 (a handler)
    before = dict(kinds._handlers)
    try:
        kinds.register("test.taken", handler)
        kinds.register("test.taken", handler)
        with pytest.raises(Conflict, match="kind-taken"):
            kinds.register("test.taken", lambda arrived, context: None)
        assert "test.taken" in kinds.kinds()
    finally:
        kinds._handlers.clear()
        kinds._handlers.update(before)


# ---------------------------------------------------------------------------------------------------- who can read


def own_keys(room: Room, made: Any, peer: SimulatedPeer, key: PublicSealingKey) -> dict[bytes, Any]:
    return {made.statement.digest: peer.wraps(made, room.agency, [key])}


def test_what_no_key_here_opens_is_set_aside_and_its_wraps_are_kept(room: Room, ma: SimulatedPeer) -> None:
    made = room.said(ma, "for an officer's eyes only")
    officer = SealingKey(seeded("an officer's own key", 96))
    room.hear(ma.parcel_with(made, wraps=own_keys(room, made, ma, officer.public)))
    room.work()
    assert room.faults() == ["exchange.unopened"]
    assert made.statement.id in room.context.keys.wraps([made.statement.id], "ma.dgst")


def test_a_statement_that_is_addressed_to_somebody_else_is_refused_by_its_reader(room: Room, ma: SimulatedPeer) -> None:
    """Passed off as addressed to us: the wrap is ours, the docket is not."""
    made = ma.say(docket=ma.docket(to=["fr.dgsi/desk"]))
    ours = room.context.directory.current(Use.POST_OPENS, room.node.post(), room.context.clock())[0]
    room.hear(ma.parcel_with(made, wraps=own_keys(room, made, ma, PublicSealingKey(ours.public))))
    room.work()
    assert room.faults() == ["exchange.not-addressed"]


def test_a_docket_that_names_another_agency_as_its_sender_is_refused(room: Room, ma: SimulatedPeer) -> None:
    room.hear(ma.parcel_with(room.said(ma, "uno", sender="fr.dgsi/desk")))
    room.work()
    assert room.faults() == ["exchange.other-sender"]


def test_a_reader_of_the_docket_alone_has_the_docket_alone(room: Room, ma: SimulatedPeer) -> None:
    seen: list[tuple[bool, int, str]] = []

    def notes(arrived: Sequence[Arrived], context: Context) -> None:
        seen.extend((one.body_open, len(one.parts), one.docket.channel) for one in arrived)

    kinds.register("test.docket", notes)
    made = room.said(ma, "closed", kind="test.docket")
    post = room.context.directory.current(Use.POST_OPENS, room.node.post(), room.context.clock())[0]
    wrap = seal_wrap(
        made.keys.docket_only, reader=PublicSealingKey(post.public), statement_digest=made.statement.digest
    )
    room.hear(ma.parcel_with(made, wraps={made.statement.digest: [wrap]}))
    room.work()
    assert seen == [(False, 0, "embassy")]
    assert len(room.context.keys.contents(made.statement.id)) == 1


def test_what_a_handler_says_is_said_with_its_effect_or_not_at_all(room: Room, ma: SimulatedPeer) -> None:
    def answers(arrived: Sequence[Arrived], context: Context) -> None:
        for one in arrived:
            send(room.draft(ma, f"re: {one.parts[0].content[0]}", follows=(one.statement.id,)), context=context)
            if one.parts[0].content[0] == BAD:
                raise ValueError(BAD)

    kinds.register("test.ask", answers)
    room.hear(ma.parcel_with(*(room.said(ma, word, kind="test.ask") for word in ("uno", BAD, "dos"))))
    room.work()
    room.push(ma)
    assert [one.parts[0].content[0] for one in ma.received if one.parts[0]] == ["re: uno", "re: dos"]


def test_ready_work_is_done_in_the_order_of_lanes(room: Room, ma: SimulatedPeer) -> None:
    for lane in (Lane.BULK, Lane.NORMAL, Lane.URGENT):
        room.tell(ma, f"{lane.name} 1", f"{lane.name} 2", lane=lane)
    assert dispatch_once(context=room.context, limit=3) == 3
    assert room.words() == ["URGENT 1", "URGENT 2", "NORMAL 1"]


def test_what_is_opened_at_once_is_bounded_by_its_size_too(
    room: Room, ma: SimulatedPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    room.hear(ma.parcel_with(*(room.said(ma, f"{number} " + "x" * 3_000) for number in range(5))))
    monkeypatch.setattr(dispatching, "_BATCH_BYTES", 9_000)
    taken = []
    while count := dispatch_once(context=room.context):
        taken.append(count)
    assert taken == [2, 2, 1]
    monkeypatch.setattr(dispatching, "_BATCH_BYTES", 1)
    room.hear(ma.parcel_with(*(room.said(ma, f"again {number}") for number in range(2))))
    assert [dispatch_once(context=room.context) for _ in range(3)] == [1, 1, 0]
    assert len(room.words()) == 7
