"""After a quarrel: what waited how long, what took another way, which deadlines passed, and that both sides are whole."""

from __future__ import annotations

import pytest

from support.hand import made, taken
from support.node import Clock
from support.notes_said import Notes, matter_of
from tansiq.channels import matters
from tansiq.channels.gap import gap_of, interruptions_with, lasting
from tansiq.channels.matters import About, know_matters
from tansiq.channels.passing import by_hand, reroute, take_back
from tansiq.exchange import services
from tansiq.policy.channel_matter import Channel
from tansiq.protocol.ids import IdMaker

pytestmark = pytest.mark.storage


def test_the_report_tells_every_fate_and_when_all_is_whole(
    notes: Notes, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(matters, "_knowers", [])
    monkeypatch.setattr(services, "_maker", IdMaker())  # identifiers never go back, also not to an earlier test's time
    began = clock.now_ms
    know_matters(
        lambda asked: {
            one: About(title=lambda _: "…", deadline_ms=began + 90 * 60_000)
            for one in asked
            if one == matter_of("waits")
        }
    )
    notes.set_state("suspended", channel="liaison", announce=True)
    notes.carry()
    for word in ("waits", "moves", "by hand", "back"):
        notes.say(word, matter=word, channel="liaison")
    notes.say("theirs", node=notes.ma, channel="liaison")
    officer, context = notes.es.officer("ES-4017"), notes.es.use()
    [one] = lasting()
    assert (one.partner, one.channel, one.began_ms, one.waited) == ("ma.dgst", "liaison", began, 4)
    clock.advance(hours=1)
    reroute(matter_of("moves"), Channel.EMBASSY, officer=officer, context=context)
    take_back(matter_of("back"), officer=officer, context=context)
    by_hand(matter_of("by hand"), officer=officer, context=context)
    taken(notes.ma, made(notes.es, "ma.dgst"))
    clock.advance(hours=1)
    notes.set_state("open", channel="liaison", announce=True)
    report = gap_of(one.id, context=context)
    assert report is not None
    assert not report.whole
    notes.carry()
    report = gap_of(one.id, context=context)
    assert report is not None
    by_word = {line.matter: line for line in report.lines}
    waits, moves, hand, back = (by_word[matter_of(word)] for word in ("waits", "moves", "by hand", "back"))
    assert (waits.how, waits.waited_ms(clock.now_ms), waits.passed, waits.receipted) == (
        "released",
        7_200_000,
        True,
        True,
    )
    assert (moves.how, moves.waited_ms(clock.now_ms), moves.passed, moves.receipted) == (
        "rerouted",
        3_600_000,
        False,
        True,
    )
    assert (hand.how, hand.officer, hand.receipted) == ("courier", "ES-4017", True)
    assert (back.how, back.officer) == ("withdrawn", "ES-4017")
    assert (report.passed, report.count("released"), report.pending, report.missing) == (1, 1, 0, 0)
    assert [(row.matter, row.received_ms) for row in report.theirs] == [(matter_of("theirs"), clock.now_ms)]
    assert report.whole
    assert sorted(notes.heard()) == ["by hand", "moves", "waits"]
    notes.es.use()
    assert [row.ended_ms for row in interruptions_with("ma.dgst")] == [clock.now_ms]


def test_while_it_lasts_it_is_not_over(notes: Notes) -> None:
    notes.set_state("suspended")
    notes.say("uno")
    [one] = lasting()
    report = gap_of(one.id, context=notes.es.context)
    assert report is not None
    assert (report.whole, report.count(""), report.theirs) == (False, 1, ())
    assert gap_of(one.id + 1, context=notes.es.context) is None
