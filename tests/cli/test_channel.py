"""Channels on the command line: advice before anything is sent, rules checked, shown and compared, a reason for another channel."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from support.node import Nodes
from tansiq.texts import LANGUAGES

RULES = resources.files("tansiq.policy").joinpath("channels.toml").read_text("utf-8")
DRAFT = resources.files("tansiq.demo").joinpath("enquiry.toml").read_text("utf-8")
TO = ("--to", "ma.dgst/counter-terrorism")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rules.toml"


def verdicts(found: Any) -> dict[str, str]:
    return {one["channel"]: one["verdict"] for one in found["channels"]}


@pytest.mark.storage
def test_advice_on_a_matter_told_by_its_codes(node: Nodes, terminal: Any) -> None:
    es, _ = node("es.cgi"), node("ma.dgst")
    asked = ("channel", "advise", *TO, "--field", "offence.terrorism", "--suspect")
    found = terminal.json(*asked, home=es, officer="ES-4017")
    assert verdicts(found) == {
        "interpol": "refused",
        "embassy": "recommended",
        "liaison": "refused",
        "direct": "refused",
    }
    direct = next(one for one in found["channels"] if one["channel"] == "direct")
    assert direct["reasons"][0]["code"] == "reason.not-a-head"
    assert direct["reasons"][0]["rule"] == "", "no rule opens what is not there"
    assert set(direct["reasons"][0]["words"]) == set(LANGUAGES)
    assert all(one["expected"] is None for one in found["channels"]), "nothing was asked of them before"
    assert found["profile"] == "four-mechanisms"

    plain = terminal.json(*asked, "--not-sensitive", home=es, officer="ES-4017")
    assert verdicts(plain)["embassy"] == "refused"
    assert terminal(*asked, home=es, officer="ES-4017") == 0
    assert "embassy.sensitive" in terminal.out, "the rule that it came from is named"


@pytest.mark.storage
def test_advice_on_a_draft_is_the_one_that_sending_follows(node: Nodes, terminal: Any, tmp_path: Path) -> None:
    es, _ = node("es.cgi"), node("ma.dgst")
    draft = tmp_path / "enquiry.toml"
    draft.write_text(DRAFT, encoding="utf-8")
    asked = ("--file", draft, *TO, "--not-sensitive")
    found = terminal.json("channel", "advise", *asked, home=es, officer="ES-4017")
    assert verdicts(found)["embassy"] == "refused"
    assert found["unmet"] == []
    assert terminal("enquiry", "send", *asked, home=es, officer="ES-4017") == 3
    assert terminal.code == "channels.refused"
    assert terminal.json("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017")["id"]


@pytest.mark.storage
def test_a_node_with_rules_of_its_own_follows_them_and_does_not_open_with_broken_ones(
    node: Nodes, terminal: Any, tmp_path: Path
) -> None:
    es, _ = node("es.cgi"), node("ma.dgst")
    draft = tmp_path / "enquiry.toml"
    draft.write_text(DRAFT, encoding="utf-8")
    own = es.home.path / "channels.toml"
    own.write_text(
        RULES.replace('profile = "four-mechanisms"', 'profile = "ours"')
        + '\n[[rule]]\nid = "ours"\nchannels = ["embassy"]\neffect = "refuse"\nwhen.partner = ["ma.*"]\n'
        'reason = "reason.no-agreement"\nsource = "A treaty of ours"\n',
        encoding="utf-8",
    )
    found = terminal.json("channel", "advise", *TO, home=es, officer="ES-4017")
    assert (found["profile"], verdicts(found)["embassy"]) == ("ours", "refused")
    assert terminal("enquiry", "send", "--file", draft, *TO, home=es, officer="ES-4017") == 3
    assert terminal.code == "channels.refused"
    own.write_text(RULES.replace('effect = "carry"', 'effect = "cary"', 1), encoding="utf-8")
    assert terminal("channel", "advise", *TO, home=es, officer="ES-4017") == 2
    assert terminal.code == "policy.channel-rules"
    line = 1 + RULES[: RULES.index('effect = "carry"')].count("\n")
    assert str(line) in terminal.err


def test_rules_are_checked_line_by_line(terminal: Any, file: Path) -> None:
    file.write_text(RULES, encoding="utf-8")
    whole = terminal.json("channel", "rules", "check", file)
    assert whole["whole"]
    assert whole["rules"] == RULES.count("[[rule]]")
    assert terminal("channel", "rules", "check", file) == 0
    file.write_text(RULES.replace("rank = 6", "rank = 60"), encoding="utf-8")
    assert terminal("channel", "rules", "check", file) == 2
    line = 1 + RULES[: RULES.index("rank = 6")].count("\n")
    assert str(line) in terminal.out
    assert terminal("channel", "rules", "check", file.with_name("none.toml")) == 4


def test_rules_are_shown_in_words_and_handed_on_as_they_are(terminal: Any, file: Path) -> None:
    assert terminal("channel", "rules", "show") == 0
    assert "embassy.sensitive" in terminal.out
    shown = terminal.json("channel", "rules", "show")
    assert {rule["effect"] for rule in shown["rules"]} == {"prefer", "carry", "refuse", "approve"}
    assert terminal("channel", "rules", "show", "--toml") == 0
    file.write_text(terminal.out, encoding="utf-8")
    assert terminal.json("channel", "rules", "compare", file)["same"]


def test_two_sides_rules_are_compared(terminal: Any, file: Path) -> None:
    file.write_text(RULES.replace("class.confidential", "class.secret"), encoding="utf-8")
    assert terminal("channel", "rules", "compare", file, "--json") == 1
    assert terminal("channel", "rules", "compare", file) == 1
    assert "interpol.classified" in terminal.out
    assert terminal("channel", "rules", "compare", file, "--with", file) == 0
