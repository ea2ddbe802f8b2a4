"""``tansiq direct``: heads of service on the command line, between two nodes; nobody else is let in."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from cli.conftest import Terminal
from support.heads import FIELD, heads_in
from support.node import Nodes
from tansiq.cli.template import template
from tansiq.enquiries.reading import record_from
from tansiq.node.written import written
from tansiq.policy.direct import DirectMessage
from tansiq.policy.liaison import message_faults
from tansiq.protocol.ids import id_text
from tansiq.texts import LANGUAGES

pytestmark = pytest.mark.storage

ES, MA, DEPUTY, DESK = "ES-1001", "MA-1001", "MA-1002", "ES-4017"
ITEM = """
language = "es"
words = "Vigilad el paso de Ceuta esta noche."
source = "B"
information = "2"
basis = "basis.fact"
obtained = "obtained.no-sign"
[conditions]
codes = ["H2"]
classification = "class.restricted"
"""


def message(folder: Path, words: str = "El objetivo cruza esta noche.") -> Path:
    """A file that somebody made of the template."""
    made = folder / "message.toml"
    made.write_text(template("direct", "es").replace("…", words), encoding="utf-8")
    return made


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_written_after_the_template_is_lawful(language: str) -> None:
    draft = tomllib.loads(template("direct", language).replace("…", "Texto inventado"))
    assert draft.pop("to") == "ma.dgst"
    field = draft.pop("field")
    plain = written(draft, DirectMessage)
    plain["law"] = {"offence": field, **plain["law"]}
    made = record_from(DirectMessage, plain, officer=ES, now_ms=1_782_043_200_000)
    assert not message_faults(made, field=field)


def test_two_heads_write_read_and_answer(node: Nodes, terminal: Terminal, tmp_path: Path) -> None:
    heads = heads_in(node)
    file = message(tmp_path)
    made = terminal.json("direct", "write", "--file", file, home=heads.es, officer=ES)
    assert terminal("direct", "read", made["id"], home=heads.es, officer=ES) == 0
    assert "El objetivo cruza esta noche." in terminal.out
    heads.carry()
    listed = terminal.json("direct", "list", home=heads.ma, officer=MA)
    (one,) = listed["exchanges"]
    assert (one["id"], one["unread"], one["field"], one["direction"]) == (made["id"], True, FIELD, "in")
    assert "words" not in one
    assert terminal("direct", "list", home=heads.ma, officer=MA) == 0
    assert "cruza" not in terminal.out
    shown = terminal.json("direct", "read", made["id"], home=heads.ma, officer=MA)["messages"]
    assert shown[0]["content"]["words"]["value"].strip() == "El objetivo cruza esta noche."
    heads.clock.advance(minutes=1)
    answer = message(tmp_path, "Lo esperamos en Ceuta.")
    terminal.json("direct", "answer", made["id"], "--file", answer, home=heads.ma, officer=MA)
    heads.carry()
    (one,) = terminal.json("direct", "list", home=heads.es, officer=ES)["exchanges"]
    assert (one["unread"], one["direction"]) == (True, "in")
    first, second = terminal.json("direct", "read", made["id"], home=heads.es, officer=ES)["messages"]
    assert (first["read_by"], second["officer"]) == (MA, MA)


def test_nobody_else_is_let_in_and_every_refusal_is_clear(node: Nodes, terminal: Terminal, tmp_path: Path) -> None:
    heads = heads_in(node)
    matter, statement = heads.say(MA)
    heads.carry()
    file = message(tmp_path)
    for number, code in ((DESK, "relations.head-only"), ("ES-1002", "relations.not-delegated")):
        for words in (
            ("list",),
            ("read", id_text(matter)),
            ("write", "--file", file),
            ("answer", id_text(matter), "--file", file),
        ):
            assert terminal("direct", *words, home=heads.es, officer=number) != 0
            assert terminal.code == code, words
    assert terminal("direct", "list", home=heads.es) == 2
    assert terminal("direct", "write", home=heads.es, officer=ES) == 2
    assert terminal.code == "cli.no-draft"
    bare = tmp_path / "bare.toml"
    bare.write_text(f'language = "es"\nwords = "Sin más."\nfield = "{FIELD}"\n', encoding="utf-8")
    assert terminal("direct", "write", "--file", bare, home=heads.es, officer=ES) != 0
    assert terminal.code == "policy.law"
    assert terminal("direct", "hand-down", id_text(statement), "--file", bare, home=heads.es, officer=DESK) != 0


def test_a_deputy_is_named_and_withdrawn(node: Nodes, terminal: Terminal) -> None:
    heads = heads_in(node)
    assert terminal("direct", "delegate", DEPUTY, "--until", "soon", home=heads.ma, officer=MA) == 2
    assert terminal.code == "cli.wrong-argument"
    assert terminal("direct", "delegate", DEPUTY, "--until", "2000-01-01", home=heads.ma, officer=MA) != 0
    assert terminal.code == "policy.law"
    last = heads.clock() + 5 * 86_400_000
    day = dt.datetime.fromtimestamp(last / 1000, dt.UTC).date().isoformat()
    made = terminal.json("direct", "delegate", DEPUTY, "--until", day, home=heads.ma, officer=MA)
    heads.carry()
    for home, officer in ((heads.ma, MA), (heads.ma, DEPUTY), (heads.es, ES)):
        (one,) = terminal.json("direct", "list", home=home, officer=officer)["delegations"]
        assert (one["id"], one["deputy"], one["holds"]) == (made["id"], DEPUTY, True)
    assert terminal("direct", "withdraw", made["id"], home=heads.ma, officer=DEPUTY) != 0
    assert terminal("direct", "withdraw", made["id"], home=heads.ma, officer=MA) == 0
    assert made["id"] in terminal.out
    assert terminal("direct", "list", home=heads.ma, officer=DEPUTY) != 0


def test_something_is_handed_down_to_a_desk(node: Nodes, terminal: Terminal, tmp_path: Path) -> None:
    heads = heads_in(node)
    _, statement = heads.say(MA, "Cruza esta noche.")
    heads.carry()
    item = tmp_path / "item.toml"
    item.write_text(ITEM, encoding="utf-8")
    words = ("direct", "hand-down", id_text(statement), "--file", item, "--desk", "counter-terrorism")
    assert terminal(*words, home=heads.es, officer=ES) == 2
    unasked = tmp_path / "unasked.toml"
    unasked.write_text(ITEM.replace('obtained = "obtained.no-sign"\n', ""), encoding="utf-8")
    silent = (*words[:4], unasked, *words[5:], "--title", "Paso de Ceuta")
    assert terminal(*silent, home=heads.es, officer=ES) != 0
    assert terminal.code == "policy.use"
    made = terminal.json(*words, "--title", "Paso de Ceuta", home=heads.es, officer=ES)
    assert len(made["case"]) == 36
