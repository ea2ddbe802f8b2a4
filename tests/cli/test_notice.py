"""``tansiq notice`` on real nodes: a hub, two bureaux, from the draft to the answer; files of the public service, broken ones too."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Terminal
from support.bureaux import HUB, Board, board_of, with_hub
from support.node import Nodes
from support.noticed import a_notice, an_answer
from tansiq.channels.approvals import open_approvals
from tansiq.cli.notice_hub import with_settings
from tansiq.policy.notice import Notice
from tansiq.registers.queries import entries, open_entry

pytestmark = pytest.mark.storage
CHECKS = ("--article-2", "--not-political", "--not-military", "--not-religious", "--not-racial")


@pytest.fixture
def board(node: Nodes, terminal: Terminal) -> Iterator[Board]:
    """The hub and two bureaux whose configuration names it, by the command."""
    made = board_of(node)
    undo = with_hub()
    for bureau in (made.es, made.ma):
        assert terminal("notice", "through", "--hub", HUB, home=bureau) == 0, terminal.err
    yield made
    undo()


def carried(board: Board) -> None:
    """Everything goes to and fro; the last command opened one home, and with it that node's word on its hub."""
    with_hub()
    board.carry()


def draft_of(notice: Notice, file: Path) -> Path:
    """A notice as a file of an officer."""
    file.write_text(json.dumps(notice.to_plain(), ensure_ascii=False), encoding="utf-8")
    return file


def sent(board: Board, terminal: Terminal, tmp_path: Path, *more: str) -> str:
    """A notice that Madrid's bureau wrote, checked and sent; its reference."""
    file = draft_of(a_notice(), tmp_path / "notice.json")
    (draft,) = terminal.json("notice", "draft", file, home=board.es, officer="ES-5001")
    assert draft["state"] == "draft"
    checked = terminal.json(
        "notice", "check", draft["id"], "--purpose", "rpd.wanted", *CHECKS, home=board.es, officer="ES-5001"
    )
    assert (checked["state"], checked["checked_by"]) == ("checked", "ES-5001")
    made = terminal.json("notice", "send", draft["id"], *more, home=board.es, officer="ES-5001")
    carried(board)
    return str(made["id"])


def test_from_the_draft_to_the_end(board: Board, terminal: Terminal, tmp_path: Path) -> None:
    notice = sent(board, terminal, tmp_path)
    (waits,) = terminal.json("notice", "list", "--waiting", home=board.hub, officer="IX-0001")["notices"]
    assert (waits["id"], waits["state"], waits["pending"]) == (notice, "requested", True)
    assert terminal("notice", "publish", notice, home=board.hub, officer="IX-0001") == 2, (
        "nobody said that it is lawful"
    )
    assert terminal.code == "cli.missing-argument"
    assert terminal("notice", "publish", notice, "--lawful", home=board.hub, officer="IX-0002") == 3, "the relay desk"
    published = terminal.json("notice", "publish", notice, "--lawful", home=board.hub, officer="IX-0001")
    carried(board)

    for home, officer in ((board.es, "ES-5001"), (board.ma, "MA-5001")):
        (listed,) = terminal.json("notice", "list", "--colour", "red", home=home, officer=officer)["notices"]
        assert (listed["id"], listed["state"], listed["number"]) == (notice, "published", published["number"])
        assert terminal("notice", "list", home=home, officer=officer) == 0
        assert published["number"] in terminal.out
        assert terminal("notice", "show", notice, "--justification", "file 7", home=home, officer=officer) == 0
        assert "Puede ir armado." in terminal.out
    assert terminal.json("notice", "list", "--colour", "blue", home=board.ma, officer="MA-5001")["notices"] == []

    file = tmp_path / "answer.json"
    file.write_text(json.dumps(an_answer().to_plain(), ensure_ascii=False), encoding="utf-8")
    terminal.json("notice", "answer", notice, "--file", file, home=board.ma, officer="MA-5001")
    carried(board)
    shown = terminal.json("notice", "show", notice, home=board.es, officer="ES-5001")
    assert [word["code"] for word in shown["words"] if word["kind"] == "notice.answer"] == ["result.arrested"]
    terminal.json("notice", "cancel", notice, "--reason", "cancel.executed", home=board.es, officer="ES-5001")
    carried(board)
    assert terminal.json("notice", "list", home=board.ma, officer="MA-5001")["notices"] == []
    (ended,) = terminal.json("notice", "list", "--scope", "ended", home=board.ma, officer="MA-5001")["notices"]
    assert (ended["state"], ended["reason"]) == ("cancelled", "cancel.executed")


def test_a_refusal_a_denial_and_a_diffusion(board: Board, terminal: Terminal, tmp_path: Path) -> None:
    notice = sent(board, terminal, tmp_path, "--denied", "ma.ncb")
    words = ("--ground", "hub.judicial-basis", "--words", "The invented order is not signed.", "--in", "en")
    assert terminal("notice", "refuse", notice, *words, home=board.hub, officer="IX-0001") == 0, terminal.err
    carried(board)
    (asked,) = terminal.json("notice", "list", "--scope", "asked", "--own", home=board.es, officer="ES-5001")["notices"]
    assert asked["state"] == "refused"

    file = draft_of(a_notice(), tmp_path / "diffusion.json")
    (draft,) = terminal.json("notice", "draft", file, "--diffusion", home=board.es, officer="ES-5001")
    command = ("notice", "send", draft["id"], "--to", "ma.ncb")
    assert terminal(*command, home=board.es, officer="ES-5001") == 5, "nobody has checked it"
    assert terminal.code == "notices.not-checked"
    unanswered = ("notice", "check", draft["id"], "--purpose", "rpd.wanted", *CHECKS[:-1])
    assert terminal(*unanswered, home=board.es, officer="ES-5001") == 2
    assert terminal.code == "cli.missing-argument"
    terminal.json(*unanswered, CHECKS[-1], home=board.es, officer="ES-5001")
    terminal.json(*command, home=board.es, officer="ES-5001")
    carried(board)
    (told,) = terminal.json("notice", "list", "--kind", "diffusion", home=board.ma, officer="MA-5001")["notices"]
    assert told["source"] == "es.ncb"

    (other,) = terminal.json("notice", "draft", file, home=board.es, officer="ES-5001")
    terminal.json("notice", "draft", "--drop", other["id"], home=board.es, officer="ES-5001")
    assert terminal.json("notice", "draft", home=board.es, officer="ES-5001") == []


def test_the_hub_admits_and_dismisses(board: Board, terminal: Terminal, node: Nodes) -> None:
    members = terminal.json("notice", "members", home=board.ma)
    assert [one["agency"] for one in members] == ["es.ncb"], "a bureau is told of the others"
    assert terminal("notice", "admit", "xx.ncb", home=board.hub, officer="IX-0002") == 4
    assert terminal.code == "directory.unknown-agency"
    assert terminal("notice", "admit", "es.ncb", home=board.es, officer="ES-5001") == 3, "only the hub"
    assert terminal("notice", "introduce", "xx.svc", home=board.es, officer="ES-5001") == 4
    assert terminal("notice", "introduce", "int.hub", home=board.es, officer="ES-5001") == 3
    assert terminal.code == "notices.not-a-service"
    assert terminal("notice", "dismiss", "ma.ncb", home=board.hub, officer="IX-0002") == 0
    carried(board)
    assert terminal.json("notice", "members", home=board.es) == []
    assert [one["agency"] for one in terminal.json("notice", "members", "--ended", home=board.es)] == ["ma.ncb"]
    (again,) = terminal.json("notice", "admit", "ma.ncb", home=board.hub, officer="IX-0002")
    assert again["post"] == "ma.ncb/bureau"
    carried(board)
    assert [one["agency"] for one in terminal.json("notice", "members", home=board.es)] == ["ma.ncb"]


def test_whom_a_node_believes_stands_in_its_own_configuration(board: Board, terminal: Terminal) -> None:
    shown = terminal.json("notice", "through", home=board.es)
    assert shown == {"hub": HUB, "bureau": ""}
    assert terminal("notice", "through", "--hub", "not a desk", home=board.es) == 2
    assert terminal("notice", "through", "--hub", "int.hub/centre", home=board.hub) == 2
    assert terminal.code == "notices.own-hub"
    before = tomllib.loads((board.es.home.path / "node.toml").read_text(encoding="utf-8"))
    both = terminal.json("notice", "through", "--bureau", "es.ncb/bureau", home=board.es)
    assert both == {"hub": HUB, "bureau": "es.ncb/bureau"}
    assert terminal.json("notice", "through", "--bureau", "none", home=board.es) == shown
    assert tomllib.loads((board.es.home.path / "node.toml").read_text(encoding="utf-8")) == before


def test_a_setting_keeps_the_rest_of_the_file() -> None:
    text = '# ours\nagency = "es.ncb"\nhub = "int.old/centre"   # once\noffices = { ma = "es.cgi/office" }\n'
    made = with_settings(text, {"hub": "int.hub/centre", "bureau": "es.ncb/bureau"})
    assert made.startswith("# ours\n")
    assert tomllib.loads(made) == {
        "agency": "es.ncb", "hub": "int.hub/centre", "bureau": "es.ncb/bureau", "offices": {"ma": "es.cgi/office"},
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------- public files

SHOWN: dict[str, Any] = {
    "entity_id": "2026/1042", "name": "EL INVENTADO", "forename": "YOUSSEF", "date_of_birth": "1984/03/00", "sex_id": "M",
    "nationalities": ["MA", None], "height": 1.78, "weight": None, "eyes_colors_id": ["BRO"], "languages_spoken_ids": None,
    "arrest_warrants": [{"issuing_country_id": "ES", "charge": "inventado", "charge_translation": None}], "_links": {},
}  # fmt: skip


def written(file: Path, *found: Any) -> Path:
    file.write_text(json.dumps({"total": len(found), "_embedded": {"notices": list(found)}}), encoding="utf-8")
    return file


def test_a_public_file_is_taken_in_with_a_report(board: Board, terminal: Terminal, tmp_path: Path) -> None:
    file = written(
        tmp_path / "red.json",
        SHOWN,
        SHOWN | {"entity_id": "2026/7", "date_of_birth": "0000/99/99", "weight": "heavy", "height": 1e300, "sex_id": 7},
        SHOWN | {"entity_id": "2026/8", "name": None, "forename": None},
        SHOWN | {"entity_id": "2026/9", "name": "x" * 100_000, "nationalities": "MA"},
        SHOWN | {"entity_id": "2026/10", "forename": "A\ud800B"},
        SHOWN,
        {"name": "EL SIN NÚMERO"},
        "nonsense",
        None,
    )
    found = terminal.json("notice", "import", file, home=board.es, officer="ES-5001")
    assert (found["held"], found["taken"], found["ended"]) == (9, 4, 0)
    skipped = dict(found["skipped"])
    assert skipped == {"2026/8": "nameless", "2026/1042": "twice", "#7": "no-notice", "#8": "no-notice", "#9": "no-notice"}  # fmt: skip
    left = {tuple(one) for one in found["left_out"]}
    assert {
        ("2026/7", "weight"),
        ("2026/7", "height"),
        ("2026/7", "sex_id"),
        ("2026/9", "name"),
        ("2026/10", "forename"),
    } <= left
    board.es.use()
    listed = {one.reference: one for one in entries("public-notices") if one.listed}
    assert set(listed) == {"red.2026-1042", "red.2026-7", "red.2026-9", "red.2026-10"}
    entry = open_entry(listed["red.2026-1042"], board.es.context.keys)
    assert entry is not None
    assert "YOUSSEF EL INVENTADO" in {name.text for name in entry.names}

    smaller = written(tmp_path / "smaller.json", SHOWN)
    again = terminal.json("notice", "import", smaller, "--whole", home=board.es, officer="ES-5001")
    assert (again["taken"], again["ended"]) == (1, 3)
    assert terminal("notice", "import", file, home=board.es, officer="ES-5001") == 0
    assert "2026/8" in terminal.out
    drafts = terminal.json("notice", "import", smaller, "--drafts", home=board.es, officer="ES-5001")
    (draft,) = terminal.json("notice", "draft", home=board.es, officer="ES-5001")
    assert drafts["drafts"] == [draft["id"]]
    assert (draft["colour"], draft["state"]) == ("notice.red", "draft")


@pytest.mark.parametrize(
    ("content", "exit_code", "code"),
    [
        (b"", 2, "notices.public-file"),
        (b"{", 2, "notices.public-file"),
        (b"\xff\xfe", 2, "notices.public-file"),
        (b"[" * 200_000, 2, "notices.public-file"),
        (b'{"_embedded": {"notices": ' + b"9" * 6_000 + b"}}", 2, "notices.public-file"),
        (b'{"_embedded": {"notices": 3}}', 2, "policy.public-notice"),
        (b'{"_embedded": {"notices": [' + b"1," * 10_001 + b"1]}}", 2, "policy.public-notice"),
        (b"3", 2, "policy.public-notice"),
    ],
)
def test_what_is_no_file_of_the_service_changes_nothing(
    content: bytes, exit_code: int, code: str, board: Board, terminal: Terminal, tmp_path: Path
) -> None:
    file = tmp_path / "broken.json"
    file.write_bytes(content)
    assert terminal("notice", "import", file, home=board.es, officer="ES-5001") == exit_code
    assert terminal.code == code
    board.es.use()
    assert entries("public-notices") == []


def test_other_wrong_input(board: Board, terminal: Terminal, tmp_path: Path) -> None:
    large = tmp_path / "large.json"
    with large.open("wb") as stream:
        stream.truncate(64 * 2**20 + 1)
    assert terminal("notice", "import", large, home=board.es, officer="ES-5001") == 2
    assert terminal.code == "cli.file-too-large"
    file = written(tmp_path / "red.json", SHOWN)
    assert terminal("notice", "import", file, "--colour", "blue", home=board.es, officer="ES-5001") == 2
    assert terminal.code == "notices.public-colour"
    assert terminal("notice", "import", tmp_path / "none", home=board.es, officer="ES-5001") == 4
    assert terminal("notice", "import", file, home=board.es) == 2, "nobody signed in"
    assert terminal("notice", "show", "nonsense", home=board.es, officer="ES-5001") == 2
    assert terminal("notice", "show", "0" * 8 + "-0000-0000-0000-" + "0" * 12, home=board.es, officer="ES-5001") == 4
    assert terminal("notice", "list", "--scope", "all", home=board.es, officer="ES-5001") == 2
    assert terminal("notice", "list", "--after", "x", home=board.es, officer="ES-5001") == 2
    wrong = tmp_path / "wrong.toml"
    wrong.write_text('colour = "notice.red"\ncoulour = "red"\n', encoding="utf-8")
    assert terminal("notice", "draft", wrong, home=board.es, officer="ES-5001") == 2
    assert terminal.code == "node.unknown-field"


def test_what_leaves_is_public_and_allowed(board: Board, terminal: Terminal, tmp_path: Path) -> None:
    notice = sent(board, terminal, tmp_path)
    terminal.json("notice", "publish", notice, "--lawful", home=board.hub, officer="IX-0001")
    carried(board)
    secret = draft_of(replace(a_notice(), public=False), tmp_path / "secret.json")
    (draft,) = terminal.json("notice", "draft", secret, home=board.es, officer="ES-5001")
    terminal.json("notice", "check", draft["id"], "--purpose", "rpd.wanted", *CHECKS, home=board.es, officer="ES-5001")
    other = terminal.json("notice", "send", draft["id"], home=board.es, officer="ES-5001")["id"]
    carried(board)
    terminal.json("notice", "publish", other, "--lawful", home=board.hub, officer="IX-0001")
    carried(board)

    out = tmp_path / "out.json"
    told = terminal.json("notice", "export", "--out", out, home=board.es, officer="ES-5001")
    assert len(told["numbers"]) == 1
    assert [reasons for _, reasons in told["left_out"]] == [["not-public"]]
    assert out.stat().st_mode & 0o777 == 0o600
    made = json.loads(out.read_text(encoding="utf-8"))
    (shown,) = made["_embedded"]["notices"]
    assert (made["total"], shown["entity_id"], shown["height"]) == (1, told["numbers"][0], 1.78)
    assert shown["arrest_warrants"][0]["issuing_country_id"] == "ES"
    assert "Puede ir armado." not in out.read_text(encoding="utf-8"), "what the service has no field for stays"
    again = terminal.json("notice", "import", out, home=board.ma, officer="MA-5001")
    assert (again["held"], again["taken"], again["skipped"], again["left_out"]) == (1, 1, [], [])

    theirs = tmp_path / "theirs.json"
    kept = terminal.json("notice", "export", "--out", theirs, home=board.ma, officer="MA-5001")
    assert kept["numbers"] == []
    assert any(reason.startswith("policy.") for _, reasons in kept["left_out"] for reason in reasons), kept
    assert terminal("notice", "export", "--out", out, home=board.es, officer="ES-5001") == 5
    assert terminal.code == "cli.file-exists"


def test_the_head_s_approval_is_asked_for_from_the_command_line(
    board: Board, terminal: Terminal, tmp_path: Path
) -> None:
    blue = replace(a_notice(), colour="notice.blue", warrants=(), actions=("action.locate",), public=False)
    file = draft_of(blue, tmp_path / "blue.json")
    (draft,) = terminal.json("notice", "draft", file, home=board.es, officer="ES-5001")
    purpose = ("--purpose", "rpd.identify-interest")
    terminal.json("notice", "check", draft["id"], *purpose, *CHECKS, home=board.es, officer="ES-5001")
    assert terminal("notice", "send", draft["id"], home=board.es, officer="ES-5001") == 3
    assert terminal.code == "channels.approval-needed"
    assert terminal.json("notice", "send", draft["id"], "--ask-approval", home=board.es, officer="ES-5001") == {"id": draft["id"]}  # fmt: skip
    board.es.use()
    (row,) = open_approvals({"head"}, number="ES-1001", now_ms=board.clock())
    assert (row.role, row.officer, row.partner) == ("head", "ES-5001", "int.hub")
