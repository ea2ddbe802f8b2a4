"""``tansiq report``: written after the template, listed and read at both ends."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from cli.conftest import Terminal
from support.liaison import between
from support.node import Nodes, carry
from tansiq.cli.template import template
from tansiq.texts import LANGUAGES

pytestmark = pytest.mark.storage


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_template_is_a_draft_in_every_language(language: str) -> None:
    assert tomllib.loads(template("report", language))["personal"] is False


def test_a_report_goes_from_the_office_to_the_host_and_is_read(node: Nodes, terminal: Terminal, tmp_path: Path) -> None:
    es, ma = between(node)
    file = tmp_path / "report.toml"
    file.write_text(template("report", "es").replace("…", "Texto inventado."), encoding="utf-8")
    made = terminal.json("report", "write", "--file", file, home=es, officer="ES-3300")
    (one,) = terminal.json("report", "list", home=es, officer="ES-3300")
    assert (one["id"], one["state"], one["title"]) == (made["id"], "sent", "Texto inventado.")
    carry(es, ma)
    assert terminal("report", "list", home=ma, officer="MA-1001") == 0
    assert made["id"] in terminal.out
    shown = terminal.json("report", "show", made["id"], home=ma, officer="MA-1001")
    assert (shown["state"], shown["officer"]) == ("read", "ES-3300")
    assert shown["content"]["summary"]["value"] == "Texto inventado."
    assert terminal("report", "show", made["id"], home=ma, officer="MA-1001") == 0
    assert "Texto inventado." in terminal.out
    carry(es, ma)
    assert terminal.json("report", "list", home=es, officer="ES-3300")[0]["read_by"] == "MA-1001"
    assert terminal("report", "show", made["id"], home=ma, officer="MA-2210") != 0
    assert terminal.code == "relations.unknown-report"
    assert terminal("report", "write", home=es, officer="ES-3300") == 2
    assert terminal.code == "cli.no-draft"


def test_what_the_rules_refuse_is_told(node: Nodes, terminal: Terminal, tmp_path: Path) -> None:
    es, _ = between(node)
    file = tmp_path / "report.toml"
    file.write_text(template("report", "es").replace("…", "Texto inventado."), encoding="utf-8")
    wrong = ("--file", file, "--from", "es.cgi/head", "--to", "es.cgi/counter-terrorism")
    assert terminal("report", "write", *wrong, home=es, officer="ES-1001") != 0
    assert terminal.code == "relations.no-office"
