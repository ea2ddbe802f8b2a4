"""What a machine does to a node short of killing it: no room on the disk, no right to write, a clock that is wrong.

Nothing is lost and nothing half-done: what can't be committed is refused, sent again, and taken once there is room.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.crash import end_and_check, said
from support.pair import Pair, RealNode, make_pair, until

pytestmark = pytest.mark.crash

LEAST = 120


def limit_files(node: RealNode, size: int) -> None:
    """No process of the node can write beyond ``size`` bytes of any file: what a full disk does, at once."""
    for pid in node.processes():
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def held(node: RealNode) -> list[int]:
    """How much the node has received, handled and said."""
    tables = ("exchange_received", "exchange_handled", "test_effect", "test_said")
    return [int(str(node.rows(f"SELECT COUNT(*) FROM {table}")[0][0])) for table in tables]


def speak(pair: Pair) -> dict[str, str]:
    file = pair.folder / "speak"
    file.touch()
    return {"TEST_SPEAK": str(file)}


def test_a_full_disk_loses_nothing_and_room_is_enough_to_recover(pair: Pair) -> None:
    pair.start(**speak(pair))
    for node, other in (pair.nodes, pair.nodes[::-1]):
        until(lambda other=other: said(other) > 20, seconds=30, what="traffic")  # type: ignore[misc]
        assert len(node.processes()) == 3
        limit_files(node, 4096)
        time.sleep(0.5)
        before, there = held(node), said(other)
        time.sleep(2)
        assert held(node) == before, "committed on a full disk"
        until(lambda other=other, there=there: said(other) > there, seconds=20, what="the other node stopped as well")  # type: ignore[misc]
        limit_files(node, resource.RLIM_INFINITY)
        until(
            lambda node=node, before=before: min(map(int.__sub__, held(node), before)) > 0, seconds=30, what="recovery"
        )  # type: ignore[misc]
        assert node.running
        assert "disk" in node.log.read_text(encoding="utf-8"), "the node did not say why"
    end_and_check(pair, least=LEAST)


def test_a_database_that_can_only_be_read_refuses_and_loses_nothing(pair: Pair) -> None:
    variables = speak(pair)
    pair.start(**variables)
    until(lambda: min(map(said, pair.nodes)) > 20, seconds=30, what="traffic")
    assert pair.ma.stop() == 0
    before = held(pair.ma)
    pair.ma.start(**variables, TEST_READ_ONLY="1")
    pair.ma.wait_ready()
    there = said(pair.es)
    time.sleep(2)
    assert pair.ma.running, pair.ma.tail()
    assert held(pair.ma) == before
    until(lambda: said(pair.es) > there, seconds=20, what="the other node goes on")
    assert "readonly database" in pair.ma.log.read_text(encoding="utf-8")
    pair.ma.stop()
    pair.ma.start(**variables)
    end_and_check(pair, least=LEAST)


def test_clocks_that_are_ten_minutes_apart_delay_nothing(pair: Pair) -> None:
    """Madrid's clock is five minutes slow, so that even its own keys seem not to have begun; Rabat's is five minutes fast."""
    variables = speak(pair)
    for node, minutes in zip(pair.nodes, (-5, 5), strict=True):
        node.start(**variables, TEST_CLOCK_MS=str(minutes * 60_000))
    for node in pair.nodes:
        node.wait_ready()
    end_and_check(pair, least=60)
    for node, expected in zip(pair.nodes, (600_000, -600_000), strict=True):
        [(skew,)] = node.rows("SELECT skew_ms FROM exchange_peer")
        assert abs(int(str(skew)) - expected) < 60_000, "the skew is not shown"


@pytest.fixture
def half_pulling(tmp_path: Path) -> Iterator[Pair]:
    made = make_pair(tmp_path, pulling={"es.cgi": True})
    try:
        yield made
    finally:
        made.close()


def test_a_node_that_can_not_be_called_has_everything_once_although_both_die(half_pulling: Pair) -> None:
    pair = half_pulling
    variables = speak(pair)
    pair.es.start(**variables, TEST_KILL="delivery.after-answer:9")
    pair.ma.start(**variables, TEST_KILL="door.after-commit:15")
    for node in pair.nodes:
        until(lambda node=node: not node.running, seconds=30, what=f"{node.agency} dies")  # type: ignore[misc]
        node.start(**variables)
        node.wait_ready()
    end_and_check(pair, least=LEAST)
