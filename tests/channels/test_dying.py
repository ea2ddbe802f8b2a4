"""A process that dies in the middle of a decision, of a choice or of a courier file leaves nothing half-done."""

from __future__ import annotations

import pytest

from support.dying import dies_at
from support.hand import made, taken
from support.node import Clock
from support.notes_said import Notes, matter_of, rows
from tansiq.channels.passing import by_hand, take_back
from tansiq.channels.queries import standings, waiting
from tansiq.channels.settling import settle_due
from tansiq.exchange.queries import counts
from tansiq.node.fsck import fsck
from tansiq.policy.channel_matter import Channel, State

pytestmark = [pytest.mark.crash, pytest.mark.storage]


@pytest.mark.parametrize("point", ["channels.settle.before-commit", "send.before-commit"])
def test_a_suspension_holds_and_is_in_force_in_one(notes: Notes, point: str) -> None:
    notes.say("uno")
    assert dies_at(point, lambda: notes.set_state("suspended", announce=True))
    notes.es.use()
    assert standings("ma.dgst")[Channel.EMBASSY].worst == State.OPEN
    assert waiting() == []
    assert rows("SELECT * FROM channels_decision") == []
    notes.set_state("suspended", announce=True)
    assert len(waiting()) == 1
    notes.set_state("open", announce=True)
    notes.carry()
    assert notes.heard() == ["uno"]


def test_a_moment_that_came_is_settled_whole_or_not_at_all(notes: Notes, clock: Clock) -> None:
    notes.set_state("suspended", until_ms=clock.now_ms + 1000)
    notes.say("uno")
    clock.advance(seconds=2)
    context = notes.es.context
    for point, left in (("channels.settle.before-commit", 1), ("channels.settle.after-commit", 0)):
        assert dies_at(point, lambda: [notes.es.use(), settle_due(context=context)])
        notes.es.use()
        assert len(waiting()) == left
    notes.carry()
    assert notes.heard() == ["uno"]


@pytest.mark.parametrize(("point", "left"), [("channels.pass.before-commit", 1), ("channels.pass.after-commit", 0)])
def test_what_is_taken_back_is_gone_or_waits(notes: Notes, point: str, left: int) -> None:
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    officer = notes.es.officer()

    def work() -> None:
        context = notes.es.use()
        take_back(matter_of("a"), officer=officer, context=context)

    assert dies_at(point, work)
    context = notes.es.use()
    assert len(waiting()) == left
    assert fsck(context).findings == ()
    notes.set_state("open")
    notes.carry()
    assert notes.heard() == ["uno"] * left


@pytest.mark.parametrize("point", ["courier.made", "release.before-commit", "release.after-commit"])
def test_a_file_that_was_begun_is_made_anew(notes: Notes, point: str) -> None:
    notes.set_state("suspended")
    notes.say("held", matter="a")
    notes.say("free", channel="direct")
    context = notes.es.context
    by_hand(matter_of("a"), officer=notes.es.officer(), context=context)
    assert dies_at(point, lambda: made(notes.es, "ma.dgst"))
    taken(notes.ma, made(notes.es, "ma.dgst"))
    assert sorted(notes.heard()) == ["free", "held"]
    taken(notes.es, made(notes.ma, "es.cgi"))
    assert (counts("ma.dgst").pending, counts("ma.dgst").waiting) == (0, 0)
    assert fsck(context).findings == ()


@pytest.mark.parametrize(
    "point", ["courier.taken", "door.before-commit", "door.after-commit", "door.wraps-kept", "receipts.before-commit"]
)
def test_a_file_that_was_half_taken_is_taken_again(notes: Notes, point: str) -> None:
    notes.say("uno", matter="a")
    notes.say("back", node=notes.ma, matter="b")
    taken(notes.ma, made(notes.es, "ma.dgst"))
    back = made(notes.ma, "es.cgi")
    assert dies_at(point, lambda: taken(notes.es, back))
    taken(notes.es, back)
    assert notes.heard(notes.es) == ["back"]
    assert (counts("ma.dgst").pending, counts("ma.dgst").received) == (0, 1)
    taken(notes.ma, made(notes.es, "ma.dgst"))
    assert counts("es.cgi").pending == 0
    for node in (notes.es, notes.ma):
        assert fsck(node.use()).findings == ()
