"""The demonstration as somebody types it: it ends well, prints its proof as promised, and clears away."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tansiq.node.evidence import parse_pins, verify_evidence

Demo = Callable[..., subprocess.CompletedProcess[str]]
Played = tuple[subprocess.CompletedProcess[str], Path]

TANSIQ = [sys.executable, "-m", "tansiq.cli"]
WAIT_SECONDS = 400  # for the first log; others may be working here
AGENCIES = {"es.cgi", "ma.dgst", "es.ncb", "ma.ncb", "mt.ncb", "sn.ncb", "int.hub", "es.rabat"}


def moment(iso: str) -> dt.datetime:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", iso), iso
    return dt.datetime.fromisoformat(iso)


def test_it_says_that_nothing_is_missing(told: dict[str, Any]) -> None:
    assert told["ok"] is True
    assert set(told) == {"ok", "nodes", "enquiries", "evidence", "channels", "scenes"}


def test_every_node_is_clean_and_holds_a_receipt_for_all_that_it_sent(told: dict[str, Any]) -> None:
    assert set(told["nodes"]) == AGENCIES
    for node in told["nodes"].values():
        assert set(node) == {"sent", "received", "receipts_held", "journal", "fsck"}
        assert node["sent"] == node["receipts_held"] >= 1
        assert node["fsck"] == "clean"


def test_what_all_sent_all_received(told: dict[str, Any]) -> None:
    nodes = told["nodes"].values()
    assert sum(one["sent"] for one in nodes) == sum(one["received"] for one in nodes)


def test_all_journals_are_cosigned_and_hold_every_envelope(told: dict[str, Any]) -> None:
    for agency, shown in told["nodes"].items():
        for peer, journal in shown["journal"].items():
            assert set(journal) == {"size", "root", "cosigned"}
            assert journal["cosigned"] is True
            assert journal["size"] == told["nodes"][peer]["journal"][agency]["size"] >= 1
            assert re.fullmatch(r"[0-9a-f]{64}", journal["root"])
        assert sum(one["size"] for one in shown["journal"].values()) == shown["sent"] + shown["received"]


def test_the_deadline_runs_from_the_receipt(told: dict[str, Any]) -> None:
    assert all(one["state"] == "answered" and all(one.values()) for one in told["enquiries"])
    one = min(told["enquiries"], key=lambda one: str(one["sent_at"]))  # the urgent one is asked first
    assert set(one) == {"id", "state", "sent_at", "received_at", "deadline", "answered_at"}
    assert one["state"] == "answered"
    sent, received, deadline, answered = (
        moment(one[name]) for name in ("sent_at", "received_at", "deadline", "answered_at")
    )
    assert sent <= received <= answered < deadline
    assert deadline - received == dt.timedelta(hours=8)


def test_the_evidence_convinces_whoever_has_the_file_and_two_documents(told: dict[str, Any], played: Played) -> None:
    _, folder = played
    assert told["evidence"]["verified"] is True
    file = Path(told["evidence"]["file"])
    assert file.stat().st_mode & 0o777 == 0o600
    pins = parse_pins([str(folder / f"{agency}.directory") for agency in ("es.cgi", "ma.dgst")])
    report = verify_evidence(file, pinned=pins)
    assert {finding.what for finding in report.findings} >= {
        "statement",
        "envelope",
        "receipt",
        "witness",
        "part",
        "act",
    }
    assert not report.missing


def open_below(folder: Path) -> list[str]:
    """The processes that hold something open in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            held = [str(one.readlink()) for one in (process / "fd").iterdir()]
        except OSError:
            continue
        found += [process.name for one in held if one.startswith(str(folder))]
    return found


def test_nothing_runs_on_when_it_has_ended(played: Played) -> None:
    _, folder = played
    assert not open_below(folder)


def test_a_folder_that_holds_something_is_not_touched(played: Played, demo: Demo) -> None:
    _, folder = played
    before = sorted(folder.rglob("*"))
    again = demo("--once", "--home", str(folder))
    assert again.returncode == 5
    assert "[demo.home-not-empty]" in again.stderr
    assert sorted(folder.rglob("*")) == before


def test_a_list_that_is_not_there_is_told_before_anything_is_made(tmp_path: Path, demo: Demo) -> None:
    ended = demo("--once", "--json", "--un-list", str(tmp_path / "none.xml"), TMPDIR=str(tmp_path))
    assert ended.returncode == 4
    told = json.loads(ended.stdout)
    assert (told["ok"], told["nodes"], told["error"]["code"]) == (False, {}, "demo.no-list")
    assert "[demo.no-list]" in ended.stderr
    assert not list(tmp_path.iterdir())


def test_one_that_fails_leaves_its_logs_alone_and_can_be_played_again(tmp_path: Path, demo: Demo) -> None:
    folder, empty = tmp_path / "home", tmp_path / "empty.xml"
    empty.write_bytes(b"")
    words = ("--once", "--home", str(folder), "--un-list")
    failed = demo(*words, str(empty))
    assert failed.returncode == 2
    assert "[unlist.empty]" in failed.stderr
    assert {one.name for one in folder.iterdir()} == {f"{agency}.log" for agency in AGENCIES}
    assert not open_below(folder)
    again = demo(*words, str(tmp_path / "none.xml"))
    assert again.returncode == 4
    assert "[demo.no-list]" in again.stderr
    assert not folder.exists(), "nothing was made, so nothing is left"


def test_what_somebody_else_put_into_the_folder_is_not_taken_for_a_log(tmp_path: Path, demo: Demo) -> None:
    (tmp_path / "es.cgi.log").write_text("a log of a play that failed")
    (tmp_path / "notes.log").write_text("mine")
    assert demo("--once", "--home", str(tmp_path)).returncode == 5
    assert sorted(one.name for one in tmp_path.iterdir()) == ["es.cgi.log", "notes.log"]


def test_interrupted_in_the_middle_it_stops_its_nodes_and_removes_its_folder(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    place = tmp_path_factory.mktemp("i")  # a socket's path is short
    process = subprocess.Popen(
        [*TANSIQ, "demo", "--language", "fr"],
        env=os.environ | {"TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        until = time.monotonic() + WAIT_SECONDS
        while process.poll() is None and not list(place.glob("*/*.log")) and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(WAIT_SECONDS) == 130
    assert not list(place.iterdir())
    assert not open_below(place)
