"""``tansiq liaison``: the registry on the command line, and its export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Terminal
from support.liaison import posted_in
from support.node import Nodes

pytestmark = pytest.mark.storage


def test_the_registry_is_shown_and_exported(node: Nodes, terminal: Terminal, tmp_path: Path) -> None:
    es = posted_in(node).es
    (one,) = terminal.json("liaison", "registry", home=es, officer="ES-1001")
    assert (one["officer"], one["host"], one["state"]) == ("ES-6100", "ma.dgst", "in-force")
    assert terminal("liaison", "registry", home=es, officer="ES-1001") == 0
    assert "ES-6100" in terminal.out
    year = int(one["proposed"][:4])
    for name in ("registry.csv", "registry.json"):
        out = tmp_path / name
        told = terminal.json("liaison", "export", year, "--out", out, home=es, officer="ES-1001")
        assert told == {"file": str(out), "postings": 1}
        assert "ES-6100" in out.read_text(encoding="utf-8")
    assert json.loads((tmp_path / "registry.json").read_text(encoding="utf-8"))[0]["officer"] == "ES-6100"
    again = tmp_path / "registry.csv"
    assert terminal("liaison", "export", year, "--out", again, home=es, officer="ES-1001") == 5
    assert terminal.code == "cli.file-exists"
    assert terminal("liaison", "registry", home=es) == 2
