"""Two nodes under load both ways for long, one of which stands still for a while in the middle as if its machine hung.

Nothing lost, nothing doubled, all of it proven; and the last statement costs what an early one did, in CPU, memory and open files.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from support.crash import end_and_check
from support.load import DEARER, MORE_BYTES, MORE_FILES, MORE_MEMORY, Look, check_flat, look, told
from support.pair import Pair, RealNode

STATEMENTS = int(os.environ.get("LOAD_STATEMENTS", "20000"))
LARGE = 60_000
EVERY_SECONDS = 1.0


@contextmanager
def standing_still(node: RealNode) -> Iterator[None]:
    """The node does nothing meanwhile, and whoever calls it hears nothing."""
    assert node.process is not None
    os.killpg(node.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(node.process.pid, signal.SIGCONT)


def said(node: RealNode) -> int:
    """How many steps the node has said, however many these are."""
    return int(str(node.rows("SELECT COALESCE(MAX(number), 0) FROM test_said")[0][0]))


@pytest.mark.crash
@pytest.mark.soak
def test_load_both_ways_for_long_costs_no_more_at_the_end(pair: Pair, capsys: pytest.CaptureFixture[str]) -> None:
    speak = pair.folder / "speak"
    speak.touch()
    pair.start(TEST_SPEAK=str(speak), TEST_PAUSE="0.03", TEST_LARGE=str(LARGE))
    looks: dict[str, list[Look]] = {node.agency: [] for node in pair.nodes}

    def until_said(count: int, *nodes: RealNode) -> None:
        """Looks at both from time to time, as long as one of ``nodes`` says something new, until each has said ``count``."""
        before, since = 0, time.monotonic()
        while min(now := [said(node) for node in nodes]) < count:
            if sum(now) > before:
                before, since = sum(now), time.monotonic()
            assert time.monotonic() - since < 120, f"nothing new is said\n{pair.es.tail()}\n---\n{pair.ma.tail()}"
            for node in pair.nodes:
                looks[node.agency].append(look(node))
            time.sleep(EVERY_SECONDS)

    until_said(STATEMENTS // 2, *pair.nodes)
    with standing_still(pair.ma):
        until_said(said(pair.es) + STATEMENTS // 20, pair.es)
    until_said(STATEMENTS, *pair.nodes)
    with capsys.disabled():
        for agency, seen in looks.items():
            sys.stdout.write(f"\n{agency}\n{told(seen)}\n")
    end_and_check(pair, least=STATEMENTS)
    for agency, seen in looks.items():
        check_flat(seen, who=agency)


STEADY = [Look(leaves=100 * at, cpu=0.5 * at, memory=100 * 2**20, files=40) for at in range(101)]
"""A run in which nothing grows."""


def grown(change: Callable[[Look], Look]) -> list[Look]:
    """`STEADY` as it is in its first half, and otherwise in its last."""
    return [one if one.leaves <= 5_000 else change(one) for one in STEADY]


def test_a_steady_run_is_flat() -> None:
    check_flat(STEADY, who="es.cgi")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda one: replace(one, cpu=one.cpu + (one.leaves - 5_000) / 200 * (DEARER - 0.99)), "costs more"),
        (lambda one: replace(one, memory=int(one.memory * MORE_MEMORY) + MORE_BYTES + 1), "the memory grows"),
        (lambda one: replace(one, files=one.files + MORE_FILES + 1), "more files are open"),
    ],
)
def test_a_run_in_which_something_grows_is_not_flat(change: Callable[[Look], Look], why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        check_flat(grown(change), who="es.cgi")


def test_a_run_that_is_too_short_is_not_judged() -> None:
    with pytest.raises(AssertionError, match="too short"):
        check_flat(STEADY[::20], who="es.cgi")
