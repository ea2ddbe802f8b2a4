"""A quarrel on the command line: a channel suspended, what waits moved, carried by hand and reported on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.node import Node, Nodes
from support.notes_said import HEADS, Notes
from tansiq.exchange import kinds
from tansiq.exchange.dispatch import dispatch_once
from tansiq.exchange.queries import counts
from tansiq.protocol.courier import HEADER_SIZE

pytestmark = pytest.mark.storage


@pytest.fixture
def notes(node: Nodes, monkeypatch: pytest.MonkeyPatch) -> Notes:
    monkeypatch.setattr(kinds, "_handlers", dict(kinds._handlers))
    return Notes(node("es.cgi"), node("ma.dgst"))


def suspend(terminal: Any, node: Node, *more: str, state: str = "suspended") -> Any:
    partner = "ma.dgst" if node.agency == "es.cgi" else "es.cgi"
    reason = "state.settled" if state == "open" else "state.political"
    asked = ("channel", "set", "embassy", state, "--with", partner, "--reason", reason, *more)
    return terminal.json(*asked, home=node, officer=HEADS[node.agency])


def test_a_state_is_set_announced_and_shown_on_both_sides(notes: Notes, terminal: Any) -> None:
    notes.say("uno")
    made = suspend(terminal, notes.es, "--announce", "--words", "Hasta nueva orden.", "--in", "es")
    assert (made["in_force"], made["held"]) == (True, 1)
    notes.es.context.clock.advance(minutes=5)  # type: ignore[attr-defined]  # the command went by the machine's clock
    notes.carry()
    shown = terminal.json("channel", "list", home=notes.ma, officer="MA-2210")
    embassy = next(one for one in shown["partners"][0]["channels"] if one["channel"] == "embassy")
    assert (embassy["state"], embassy["own"], embassy["announced"]) == ("suspended", "open", "suspended")
    assert (embassy["theirs"]["officer"], embassy["theirs"]["words"]) == ("ES-1001", "Hasta nueva orden.")
    without = terminal.json("channel", "list", home=notes.ma)
    assert not any(one["theirs"] and one["theirs"]["words"] for one in without["partners"][0]["channels"])
    assert terminal("channel", "list", home=notes.es) == 0
    assert "ES-1001" in terminal.out


def test_who_may_not_decide_is_told_so(notes: Notes, terminal: Any) -> None:
    asked = ("channel", "set", "embassy", "suspended", "--with", "ma.dgst", "--reason", "state.political")
    assert terminal(*asked, home=notes.es, officer="ES-4017") == 3
    assert terminal.code == "channels.not-a-decider"


def test_what_waits_is_carried_by_hand_and_its_receipt_comes_back(notes: Notes, terminal: Any, tmp_path: Path) -> None:
    suspend(terminal, notes.es)
    notes.say("uno", matter="a")
    notes.say("dos", matter="b")
    first, second = (one["matter"] for one in terminal.json("channel", "waiting", home=notes.es, officer="ES-4017"))
    assert terminal("channel", "waiting", home=notes.es, officer="ES-4017") == 0
    assert first in terminal.out
    out, back = tmp_path / "rabat.courier", tmp_path / "madrid.courier"
    made = terminal.json(
        "courier", "export", "--to", "ma.dgst", "--out", out, "--matter", first, home=notes.es, officer="ES-4017"
    )
    assert (made["statements"], out.stat().st_mode & 0o777) == (1, 0o600)
    took = terminal.json("courier", "import", out, home=notes.ma)
    assert (took["sender"], took["new"]) == ("es.cgi", 1)
    context = notes.ma.use()
    while dispatch_once(context=context):  # as the running node does
        continue
    assert notes.heard() == ["uno"]
    assert terminal("courier", "export", "--to", "es.cgi", "--out", back, home=notes.ma) == 0
    assert terminal.json("courier", "import", back, home=notes.es)["receipts"] == 1
    notes.es.use()
    assert counts("ma.dgst").pending == 0
    assert [one["direction"] for one in terminal.json("courier", "list", home=notes.es)] == ["taken", "made"]
    assert terminal("channel", "take-back", second, home=notes.es, officer="ES-4017") == 0
    suspend(terminal, notes.es, state="open")
    [report] = terminal.json("channel", "report", "--with", "ma.dgst", home=notes.es)
    assert (report["waited"], report["ended"]) == (2, {"courier": 1, "withdrawn": 1})
    assert terminal("channel", "report", "--with", "ma.dgst", home=notes.es) == 0
    assert first in terminal.out


def test_a_file_is_never_replaced_and_a_broken_one_says_so(notes: Notes, terminal: Any, tmp_path: Path) -> None:
    notes.say("uno")
    out = tmp_path / "rabat.courier"
    export = ("courier", "export", "--to", "ma.dgst", "--out", out)
    assert terminal(*export, home=notes.es) == 0
    assert terminal(*export, home=notes.es) == 5
    content = out.read_bytes()
    cut = tmp_path / "cut"
    cut.write_bytes(content[:-3])
    assert terminal("courier", "import", cut, home=notes.ma) == 2
    assert terminal.code == "courier.cut-off"
    cut.write_bytes(content[: HEADER_SIZE + 100])
    assert terminal("courier", "import", cut, home=notes.ma) == 2
    cut.write_bytes(b"nothing of the kind")
    assert terminal("courier", "import", cut, home=notes.ma) == 2
    assert terminal.code == "courier.no-courier-file"
    assert terminal("courier", "import", out, home=notes.es) == 4
    assert terminal.code == "courier.other-node"
    assert terminal("courier", "export", "--to", "fr.dgsi", "--out", tmp_path / "new", home=notes.es) == 4
    assert not (tmp_path / "new").exists()


def test_an_emergency_wants_the_partners_word_and_a_review(notes: Notes, terminal: Any) -> None:
    suspend(terminal, notes.es)
    notes.say("uno", matter="a")
    [one] = terminal.json("channel", "waiting", home=notes.es, officer="ES-4017")
    asked = ("channel", "emergency", one["matter"], "--words", "Atentado inminente.", "--in", "es")
    assert terminal(*asked, home=notes.es, officer="ES-4017") == 3
    assert terminal("channel", "accept-emergency", "--with", "es.cgi", home=notes.ma, officer="MA-1001") == 0
    notes.carry()
    made = terminal.json(*asked, home=notes.es, officer="ES-4017")
    notes.carry()
    assert notes.heard() == ["uno"]
    review = ("channel", "review", made["emergency"], "emergency.justified")
    assert terminal(*review, home=notes.es, officer="ES-4017") == 3
    assert terminal(*review, home=notes.es, officer="ES-1001") == 0
    assert terminal(*review, home=notes.es, officer="ES-1001") == 5


def test_two_persons_on_the_command_line(notes: Notes, terminal: Any) -> None:
    configuration = notes.es.home.path / "node.toml"
    plain = configuration.read_text(encoding="utf-8")
    configuration.write_text(
        plain + 'channel_two_persons = true\nchannel_deciders = ["head", "office"]\n', encoding="utf-8"
    )
    try:
        made = suspend(terminal, notes.es)
        assert not made["in_force"]
        assert terminal("channel", "list", home=notes.es) == 0
        assert made["id"] in terminal.out
        assert terminal("channel", "agree", made["id"], home=notes.es, officer="ES-1001") == 3
        assert terminal.json("channel", "agree", made["id"], home=notes.es, officer="ES-3300")["in_force"]
        again = suspend(terminal, notes.es, state="open")
        assert terminal("channel", "decline", again["id"], home=notes.es, officer="ES-3300") == 0
    finally:
        configuration.write_text(plain, encoding="utf-8")
