"""What a suspension holds and lets go, and what may be done with what waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection, transaction

from support.node import Clock
from support.notes_said import Notes, matter_of, rows
from tansiq.channels import emergencies
from tansiq.channels.emergencies import pass_emergency, review
from tansiq.channels.holding import CLOSED
from tansiq.channels.offers import offers
from tansiq.channels.passing import by_hand, reroute, take_back
from tansiq.channels.queries import waiting, waiting_counts
from tansiq.channels.states import accept_emergency, decide
from tansiq.channels.stored import Stored, stored
from tansiq.errors import BadInput, Conflict, Refused
from tansiq.exchange.queries import counts
from tansiq.exchange.release import next_batch
from tansiq.exchange.services import send, send_many
from tansiq.policy.channel_matter import Channel
from tansiq.policy.channel_word import StateWord
from tansiq.policy.values import Text
from tansiq.protocol.envelope import Lane

pytestmark = pytest.mark.storage
DANGER = Text("es", "Atentado inminente.")


def ends() -> list[str]:
    return [row[0] for row in rows("SELECT how FROM channels_wait ORDER BY held_ms, statement")]


def test_what_was_released_is_delivered_and_what_was_not_waits(notes: Notes) -> None:
    notes.say("released")
    assert next_batch("ma.dgst", tuple(Lane), context=notes.es.context) is not None
    notes.say("unreleased")
    notes.set_state("suspended")
    notes.say("said after")
    notes.say("by another way", channel="direct")
    notes.carry()
    assert notes.heard() == ["released", "by another way"]
    notes.es.use()
    assert [row.kind for row in waiting()] == ["note", "note"]
    assert waiting_counts() == {("ma.dgst", "embassy"): 2}
    assert counts("ma.dgst").pending == 0


def test_the_partner_sees_no_gap_and_gets_it_in_the_order_in_which_it_was_said(notes: Notes) -> None:
    notes.say("1", matter="a")
    notes.carry()
    notes.set_state("suspended")
    for word in ("2", "3"):
        notes.say(word, matter="a")
    notes.say("between", channel="direct")
    notes.carry()
    numbers = [
        row[0] for row in rows("SELECT number FROM exchange_sent WHERE peer = 'ma.dgst' AND lane = 1 ORDER BY number")
    ]
    assert numbers == list(range(1, len(numbers) + 1))
    notes.set_state("open")
    notes.say("4", matter="a")
    notes.carry()
    assert notes.heard() == ["1", "between", "2", "3", "4"]
    notes.es.use()
    assert waiting() == []
    assert ends() == ["released", "released"]


def test_a_matter_waits_whole_whatever_channel_the_next_word_takes(notes: Notes) -> None:
    notes.say("0", matter="b", channel="direct")
    notes.say("1", matter="a", channel="liaison")
    notes.say("2", matter="a", channel="direct")
    notes.set_state("suspended", channel="liaison")
    notes.say("3", matter="a", channel="direct")
    notes.carry()
    assert notes.heard() == ["0"]
    notes.es.use()
    assert [row.channel for row in waiting()] == ["liaison"] * 3
    notes.set_state("suspended", channel="direct")
    notes.set_state("open", channel="liaison")
    notes.carry()
    assert notes.heard() == ["0", "1"]
    notes.set_state("open", channel="direct")
    notes.carry()
    assert notes.heard() == ["0", "1", "2", "3"]


def test_a_suspension_of_one_channel_and_partner_holds_no_other(notes: Notes) -> None:
    notes.set_state("suspended", channel="liaison")
    notes.set_state("suspended", node=notes.ma, channel="direct")
    notes.say("embassy")
    notes.say("direct", channel="direct")
    notes.say("liaison", channel="liaison")
    notes.carry()
    assert notes.heard() == ["embassy", "direct"]


def test_a_sending_looks_once_whatever_it_says(notes: Notes) -> None:
    context = notes.es.use()
    drafts = [notes.draft(str(number)) for number in range(20)]
    asked: list[str] = []

    def note(execute: Any, sql: str, *rest: Any) -> Any:
        asked.append(sql)
        return execute(sql, *rest)

    with transaction.atomic():
        CLOSED.closed()  # the first ever of a home makes the row
    with connection.execute_wrapper(note):
        send_many(drafts, context=context)
    assert sum("channels_" in sql for sql in asked) == 1
    assert sum("channels_version" in sql for sql in asked) == 1


def test_what_is_undone_is_not_remembered(notes: Notes) -> None:
    """A suspension whose commit fails leaves nobody thinking that the channel is closed."""
    context = notes.es.use()
    word = StateWord(channel="embassy", state="suspended", reason="state.political", from_ms=context.clock())
    with pytest.raises(KeyError), transaction.atomic():  # noqa: PT012 (what is undone is the point)
        decide("ma.dgst", word, announce=True, officer=notes.es.officer("ES-1001"), context=context)
        send(notes.draft("inside"), context=context)
        assert [row.kind for row in waiting()] == ["note"]
        raise KeyError
    notes.say("after")
    notes.carry()
    assert notes.heard() == ["after"]


# ---------------------------------------------------------------------------------------------------- taken back, by hand


def test_what_is_taken_back_is_never_seen(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    notes.say("dos", matter="a")
    notes.say("tres", matter="b")
    assert len(take_back(matter_of("a"), officer=notes.es.officer("ES-4017"), context=notes.es.context)) == 2
    with pytest.raises(Conflict):
        take_back(matter_of("a"), officer=notes.es.officer("ES-4017"), context=notes.es.context)
    notes.set_state("open")
    notes.carry()
    assert notes.heard() == ["tres"]
    notes.es.use()
    assert sorted(ends()) == ["released", "withdrawn", "withdrawn"]
    assert not notes.es.context.keys.wraps(
        [row[0] for row in rows("SELECT statement FROM channels_wait WHERE how = 'withdrawn'")], "ma.dgst"
    )


def test_only_its_desk_or_a_decider_disposes_of_it(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    with pytest.raises(Refused, match="not-yours"):
        by_hand(matter_of("a"), officer=notes.es.officer("ES-3300"), context=notes.es.context)
    assert by_hand(matter_of("a"), officer=notes.es.officer("ES-1001"), context=notes.es.context) == 1
    assert [row.by_hand for row in waiting()] == [True]
    assert by_hand(matter_of("a"), chosen=False, officer=notes.es.officer("ES-4017"), context=notes.es.context) == 1
    assert [row.by_hand for row in waiting()] == [False]


def test_the_network_does_not_take_what_a_courier_is_to_carry(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("uno", matter="a")
    by_hand(matter_of("a"), officer=notes.es.officer("ES-4017"), context=notes.es.context)
    notes.carry()
    assert notes.heard() == []
    notes.set_state("open")
    notes.carry()
    assert notes.heard() == ["uno"]


# ---------------------------------------------------------------------------------------------------- another channel


def test_a_matter_takes_another_channel_whole_and_in_order(notes: Notes) -> None:
    notes.set_state("suspended", channel="liaison")
    first = notes.say("1", matter="a", channel="liaison")
    notes.say("2", matter="a", channel="liaison")
    moved = reroute(matter_of("a"), Channel.EMBASSY, officer=notes.es.officer("ES-4017"), context=notes.es.context)
    assert first.id in moved
    notes.carry()
    assert notes.heard() == ["1", "2"]
    notes.set_state("open", channel="liaison")
    notes.carry()
    assert notes.heard() == ["1", "2"]
    notes.es.use()
    assert ends() == ["rerouted", "rerouted"]
    assert {bytes(row[0]) for row in rows("SELECT instead FROM channels_wait")} == set(moved.values())


def test_the_same_channel_is_no_other(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("1", matter="a")
    with pytest.raises(BadInput, match="reroute-same"):
        reroute(matter_of("a"), Channel.EMBASSY, officer=notes.es.officer("ES-4017"), context=notes.es.context)
    assert len(waiting()) == 1


def test_what_the_rules_refuse_is_no_way_out(operational: Notes) -> None:
    operational.set_state("suspended")
    operational.say("1", matter="a")
    officer, context = operational.es.officer("ES-4017"), operational.es.context
    [row] = waiting()
    assert offers(stored(row.statement, context=context), officer=officer, context=context) == ()
    with pytest.raises(Refused, match="sensitive-by-interpol"):
        reroute(matter_of("a"), Channel.INTERPOL, officer=officer, context=context)
    assert len(waiting()) == 1


def test_what_is_offered_is_what_the_rules_permit_and_another_than_it_waits_on(notes: Notes) -> None:
    notes.set_state("suspended", channel="liaison")
    notes.say("1", matter="a", channel="liaison")
    officer, context = notes.es.officer("ES-4017"), notes.es.context
    one = stored(waiting()[0].statement, context=context)
    assert [advice.channel for advice in offers(one, officer=officer, context=context)] == [Channel.EMBASSY]
    notes.set_state("suspended")
    assert offers(one, officer=officer, context=context) == ()


# ---------------------------------------------------------------------------------------------------- danger to life


def test_danger_to_life_passes_our_own_suspension_where_the_partner_takes_it(notes: Notes, clock: Clock) -> None:
    notes.ma.use()
    accept_emergency("es.cgi", accepts=True, officer=notes.ma.officer("MA-1001"), context=notes.ma.context)
    notes.carry()
    notes.set_state("suspended")
    notes.say("1", matter="a")
    notes.say("2", matter="a")
    notes.say("other", matter="b")
    identifier = pass_emergency(matter_of("a"), DANGER, officer=notes.es.officer("ES-4017"), context=notes.es.context)
    notes.carry()
    assert notes.heard() == ["1", "2"]
    notes.es.use()
    [(due_ms,)] = rows("SELECT due_ms FROM channels_emergency WHERE reviewed_ms IS NULL")
    assert due_ms == clock.now_ms + 24 * 3_600_000
    officer, head, context = notes.es.officer("ES-4017"), notes.es.officer("ES-1001"), notes.es.context
    with pytest.raises(Refused, match="not-reviewer"):
        review(identifier, "emergency.justified", None, officer=officer, context=context)
    with pytest.raises(BadInput, match="words-needed"):
        review(identifier, "emergency.unjustified", None, officer=head, context=context)
    review(identifier, "emergency.justified", None, officer=head, context=context)
    with pytest.raises(Conflict):
        review(identifier, "emergency.justified", None, officer=head, context=context)
    assert [row.matter for row in waiting()] == [matter_of("b")]


def test_what_only_passes_here_is_let_through_by_its_originator_alone(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relay's head may dispose of what waits there, but lets no other agency's statement pass a suspension."""
    notes.ma.use()
    accept_emergency("es.cgi", accepts=True, officer=notes.ma.officer("MA-1001"), context=notes.ma.context)
    notes.carry()
    notes.set_state("suspended")
    notes.say("1", matter="a")
    held = emergencies.held_for

    def of_another(*args: Any, **named: Any) -> list[tuple[Stored, str]]:
        return [(replace(one, agency="es.embassy"), peer) for one, peer in held(*args, **named)]

    monkeypatch.setattr(emergencies, "held_for", of_another)
    with pytest.raises(Refused, match="not-yours"):
        pass_emergency(matter_of("a"), DANGER, officer=notes.es.officer("ES-1001"), context=notes.es.context)
    assert len(waiting()) == 1
    assert rows("SELECT * FROM channels_emergency") == []


def test_no_emergency_without_the_partners_word(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("1", matter="a")
    with pytest.raises(Refused, match="emergency-not-accepted"):
        pass_emergency(matter_of("a"), DANGER, officer=notes.es.officer("ES-4017"), context=notes.es.context)
    assert len(waiting()) == 1
    assert rows("SELECT * FROM channels_emergency") == []


@pytest.mark.parametrize("ours", [True, False])
def test_no_emergency_passes_what_the_partner_suspended(notes: Notes, ours: bool) -> None:
    notes.ma.use()
    accept_emergency("es.cgi", accepts=True, officer=notes.ma.officer("MA-1001"), context=notes.ma.context)
    notes.set_state("suspended", node=notes.ma, announce=True)
    notes.carry()
    if ours:
        notes.set_state("suspended")
    notes.say("1", matter="a")
    with pytest.raises(Refused, match="emergency-not-ours"):
        pass_emergency(matter_of("a"), DANGER, officer=notes.es.officer("ES-4017"), context=notes.es.context)
    notes.carry()
    assert notes.heard() == []


def test_a_partner_takes_its_word_back(notes: Notes) -> None:
    for accepts in (True, False):
        notes.ma.use()
        accept_emergency("es.cgi", accepts=accepts, officer=notes.ma.officer("MA-1001"), context=notes.ma.context)
        notes.es.context.clock.advance(seconds=1)  # type: ignore[attr-defined]
    notes.carry()
    notes.set_state("suspended")
    notes.say("1", matter="a")
    with pytest.raises(Refused, match="emergency-not-accepted"):
        pass_emergency(matter_of("a"), DANGER, officer=notes.es.officer("ES-4017"), context=notes.es.context)
