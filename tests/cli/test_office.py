"""``tansiq office``: the register on the command line, directing, compartments, making it again."""

from __future__ import annotations

import pytest

from cli.conftest import Terminal
from support.node import Nodes
from support.ways import World
from tansiq.protocol.ids import id_text

pytestmark = pytest.mark.storage

HEAD = "ES-3300"


def test_the_register_is_read_and_directed(node: Nodes, terminal: Terminal) -> None:
    world = World.of(node)
    first, second = (id_text(world.ask(channel, case=b"one-case-of-both")) for channel in ("embassy", "interpol"))
    world.carry()
    office = world["es.rabat"]
    found = terminal.json("office", "register", home=office, officer=HEAD)
    assert {one["id"] for one in found["rows"]} == {first, second}
    assert terminal("office", "register", "--channel", "embassy", home=office, officer=HEAD) == 0
    assert first in terminal.out
    assert second not in terminal.out
    for words in (
        ("assign", first, "ES-3301"),
        ("prioritise", first, "first"),
        ("comment", first, "To be settled by Friday.", "--language", "en"),
        ("remind", first),
        ("flag", first, second),
        ("join", first, second),
        ("part", first),
    ):
        assert terminal("office", *words, home=office, officer=HEAD) == 0, terminal.err
    shown = terminal.json("office", "show", first, home=office, officer=HEAD)
    assert (shown["assigned"], shown["priority"], shown["flagged"]) == ("ES-3301", "first", True)
    assert [one["what"] for one in shown["directs"]] == [
        "assign",
        "prioritise",
        "comment",
        "remind",
        "flag",
        "join",
        "part",
    ]
    assert shown["directs"][2]["words"] == "To be settled by Friday."
    assert terminal("office", "show", first, home=office, officer=HEAD) == 0
    assert "To be settled by Friday." in terminal.out
    assert terminal("office", "remind", first, home=office, officer=HEAD) == 5
    assert terminal.code == "office.reminded-lately"
    assert [
        row["id"] for row in terminal.json("office", "register", "--mine", home=office, officer="ES-3301")["rows"]
    ] == [first]


def test_compartments_hold_on_the_command_line_too(node: Nodes, terminal: Terminal) -> None:
    world = World.of(node)
    matter = id_text(world.ask("embassy"))
    world.carry()
    office = world["es.rabat"]
    given = ("office", "compartment", "ES-3301", "--service", "es.cgi", "--field", "offence.terrorism")
    assert terminal(*given, home=office, officer="ES-3302") == 3
    assert terminal(*given, home=office, officer=HEAD) == 0, terminal.err
    assert terminal("office", "members", home=office, officer=HEAD) == 0
    assert terminal.json("office", "members", home=office, officer=HEAD)[1]["service"] == "es.cgi"
    assert terminal("office", "show", matter, home=office, officer="ES-3301") == 0
    assert terminal("office", "show", matter, home=office, officer="ES-3302") == 4
    assert terminal.code == "office.unknown"
    assert terminal.json("office", "register", home=office, officer="ES-3302")["rows"] == []
    assert terminal("office", "register", home=world["es.cgi"], officer="ES-4017") == 4
    assert terminal.code == "office.no-office"


def test_it_is_made_again(node: Nodes, terminal: Terminal) -> None:
    world = World.of(node)
    world.ask("embassy")
    world.carry()
    office = world["es.rabat"]
    assert terminal.json("office", "rebuild", home=office) == {"matters": 1, "wrong_counts": 0, "wrong_rows": 0}
    assert terminal("office", "rebuild", "--check", home=office) == 0
