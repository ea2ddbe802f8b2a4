"""Two nodes exchange statements both ways while each is killed at every point between two commits, and at random.

After each death the node is started again and dies at the next point, until it has died at all of them. Then: none lost, none doubled in
effect, causal order kept, all receipted, journals witnessed, nothing waiting.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.crash import EXCHANGE_POINTS, check_pair, said
from support.pair import Pair, RealNode, make_pair, until
from tansiq import faults

pytestmark = [pytest.mark.crash, pytest.mark.storage]

LEAST = 500
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    made = make_pair(tmp_path)
    try:
        yield made
    finally:
        made.close()


class Mortal:
    """A node that is started again whenever it has died, each time to die at the next point of its list."""

    def __init__(self, node: RealNode, points: list[str], seed: int, speak: Path) -> None:
        self._node = node
        self._left = points
        self._random = random.Random(seed)
        self._speak = speak
        self._aim = ""
        self._since = 0.0

    @property
    def done(self) -> bool:
        """Whether it has died at all its points and lives again."""
        return not self._left and not self._aim and self._node.running

    def tend(self) -> None:
        """Starts the node when it is dead; tells when a point is not reached."""
        if self._node.running:
            waited = time.monotonic() - self._since
            assert not self._aim or waited < 60, f"{self._node.agency} never reached {self._aim}\n{self._node.tail()}"
            return
        self._aim = self._left.pop(0) if self._left else ""
        kill = {"TEST_KILL": f"{self._aim}:{self._random.randint(1, 3)}"} if self._aim else {}
        self._since = time.monotonic()
        self._node.start(TEST_SPEAK=str(self._speak), **kill)

def end_and_check(pair: Pair, *, least: int) -> None:
    """Lets both say at least ``least``, falls silent, waits until all is quiet, ends both and checks everything."""
    until(lambda: min(map(said, pair.nodes)) >= least, seconds=120, what=f"{least} statements each way")
    (pair.folder / "speak").unlink()
    pair.wait_quiet()
    assert [node.stop() for node in pair.nodes] == [0, 0]
    check_pair(pair, least=least)


def test_the_list_of_points_is_whole() -> None:
    elsewhere = {point for point in faults.POINTS if point.split(".")[0] in {"backup", "restore", "mirror"}}
    assert set(EXCHANGE_POINTS) == faults.POINTS - elsewhere


def test_killed_at_every_point(pair: Pair) -> None:
    speak = pair.folder / "speak"
    speak.touch()
    half = len(EXCHANGE_POINTS) // 2
    mortals = [
        Mortal(pair.es, list(EXCHANGE_POINTS), 1, speak),
        Mortal(pair.ma, [*EXCHANGE_POINTS[half:], *EXCHANGE_POINTS[:half]], 2, speak),
    ]
    until(
        lambda: [mortal.tend() for mortal in mortals] and all(mortal.done for mortal in mortals),
        seconds=300,
        what="every point reached",
    )
    for node in pair.nodes:
        node.wait_ready()
        assert sorted(node.killed_at()) == sorted(EXCHANGE_POINTS)
        assert node.visited() >= set(EXCHANGE_POINTS)
    end_and_check(pair, least=LEAST)


def killed_at_random(pair: Pair, *, kills: int, seed: int, seconds: float) -> None:
    """Kills either node, or both at once, at moments that no program chose."""
    chance = random.Random(seed)
    end = time.monotonic() + seconds
    for _ in range(kills):
        if time.monotonic() > end:
            break
        time.sleep(chance.uniform(0.2, 2.0))
        dying = chance.choice(((pair.es,), (pair.ma,), pair.nodes))
        for node in dying:
            node.kill()
        time.sleep(chance.choice((0.0, 0.0, 1.0)))
        for node in dying:
            node.start(TEST_SPEAK=str(pair.folder / "speak"))
        for node in dying:
            node.wait_ready()


def test_killed_at_random(pair: Pair) -> None:
    (pair.folder / "speak").touch()
    pair.start(TEST_SPEAK=str(pair.folder / "speak"))
    killed_at_random(pair, kills=6, seed=3, seconds=60)
    end_and_check(pair, least=LEAST)


@pytest.mark.soak
def test_killed_at_random_for_long(pair: Pair) -> None:
    (pair.folder / "speak").touch()
    pair.start(TEST_SPEAK=str(pair.folder / "speak"))
    killed_at_random(pair, kills=10_000, seed=int(time.time()), seconds=SOAK_SECONDS)
    end_and_check(pair, least=5_000)
