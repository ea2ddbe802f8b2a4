"""What is said between asking and answering, typed: each word by its side, shown on both, with the errors that it makes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from support.matters import an_enquiry
from support.node import Clock, Nodes
from support.two import Two
from tansiq.exchange.context import system_clock
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage


@pytest.fixture
def two(node: Nodes, clock: Clock) -> Two:
    """Madrid has asked, Rabat has it; the commands use the machine's clock, so the test's stands where that is."""
    es, ma = node("es.cgi"), node("ma.dgst")
    clock.now_ms = system_clock()
    return Two(es, ma, clock)


def test_the_correspondence_word_by_word(two: Two, terminal: Any) -> None:
    enquiry = id_text(two.arrived(an_enquiry(urgent=True)))
    es, ma = {"home": two.es, "officer": "ES-4017"}, {"home": two.ma, "officer": "MA-2210"}

    def say(*words: str, **who: Any) -> None:
        two.clock.now_ms = system_clock()
        assert terminal("enquiry", *words, **who) == 0, terminal.err
        assert enquiry in terminal.err + terminal.out
        two.clock.now_ms = system_clock()
        two.carry()

    say("clarify", enquiry, "--point", "clarify.identity", "--question", "Lequel des deux ?", "--in", "fr", **ma)
    assert terminal.json("enquiry", "show", enquiry, **es)["clock"] == "paused"
    assert terminal("enquiry", "list", "--state", "clarification", **es) == 0
    assert enquiry in terminal.out
    say("reply", enquiry, "--words", "El mayor, nacido en 1984.", "--in", "es", **es)
    say("remind", enquiry, "--code", "reminder.rest", **es)
    assert terminal("enquiry", "remind", enquiry, **es) == 5
    assert terminal.code == "enquiries.reminded-before"
    assert terminal("enquiry", "show", enquiry, **ma) == 0
    assert "El mayor, nacido en 1984." in terminal.out
    statement = terminal.json("enquiry", "show", enquiry, **ma)["request"]["statement"]
    translated = ("translate", enquiry, statement, "--field", "facts", "--in", "ar", "--words", "نص مخترع")
    assert terminal("enquiry", *translated, **ma) == 0, terminal.err
    assert terminal("enquiry", "show", enquiry, **ma) == 0
    assert "نص مخترع" in terminal.out
    say("withdraw", enquiry, "--reason", "withdrawal.found", **es)
    assert terminal.json("enquiry", "show", enquiry, **ma)["state"] == "withdrawn"
    assert terminal("enquiry", "show", enquiry, **es) == 0


def test_a_delay_and_what_became_of_the_answer(two: Two, terminal: Any, tmp_path: Path) -> None:
    enquiry = id_text(two.arrived(an_enquiry(urgent=True)))
    ma, es = {"home": two.ma, "officer": "MA-2210"}, {"home": two.es, "officer": "ES-4017"}
    because = ("--reason", "L'autorisation du juge est attendue.", "--in", "fr")
    for wrong in ("demain", "2099-01-01T10:00"):
        assert terminal("enquiry", "delay", enquiry, "--until", wrong, *because, **ma) == 2
    soon = two.clock.now_ms // 1000 + 86_400
    until = dt.datetime.fromtimestamp(soon, dt.UTC).isoformat()
    assert terminal("enquiry", "delay", enquiry, "--until", until, **ma) == 3, "without a reason"
    assert terminal("enquiry", "delay", enquiry, "--until", until, *because, **ma) == 0, terminal.err
    answer = tmp_path / "answer.toml"
    answer.write_text('[answer]\noutcome = "answer.no-hit"\n', encoding="utf-8")
    assert terminal("enquiry", "answer", enquiry, "--file", answer, **ma) == 0, terminal.err
    two.carry()
    assert terminal("enquiry", "feedback", enquiry, "--use", "feedback.not-used", **es) == 0, terminal.err
    shown = terminal.json("enquiry", "show", enquiry, **es)
    assert (shown["state"], shown["delays"]) == ("closed", 1)
    assert terminal("enquiry", "clarify", enquiry, "--point", "clarify.facts", "--question", "?a", **ma) == 5
    assert terminal.code == "enquiries.closed"
