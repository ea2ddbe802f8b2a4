"""Two nodes exchange statements both ways while each is killed at every point between two commits, and at random.

After each death the node is started again and dies at the next point, until it has died at all of them. Then: none lost, none doubled in
effect, causal order kept, all receipted, journals witnessed, nothing waiting.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from support import postgres
from support.crash import EXCHANGE_POINTS, end_and_check
from support.pair import PATIENCE, Pair, RealNode, until
from tansiq import faults

pytestmark = [pytest.mark.crash, pytest.mark.storage]

LEAST = 500
ELSEWHERE = {"backup", "channels", "courier", "files", "mirror", "office", "restore"}
"""What has tests of its own."""
SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "1800"))


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
            assert not self._aim or waited < 60 * PATIENCE, (
                f"{self._node.agency} never reached {self._aim}\n{self._node.tail()}"
            )
            return
        self._aim = self._left.pop(0) if self._left else ""
        kill = {"TEST_KILL": f"{self._aim}:{self._random.randint(1, 3)}"} if self._aim else {}
        self._since = time.monotonic()
        self._node.start(TEST_SPEAK=str(self._speak), **kill)


def test_the_list_of_points_is_whole() -> None:
    elsewhere = {point for point in faults.POINTS if point.split(".")[0] in ELSEWHERE}
    assert set(EXCHANGE_POINTS) == faults.POINTS - elsewhere


def test_killed_at_every_point(pair: Pair) -> None:
    """On SQLite both die at every point; on PostgreSQL, to save minutes, each at every second one, together at all."""
    speak = pair.folder / "speak"
    speak.touch()
    half = len(EXCHANGE_POINTS) // 2
    turned = (*EXCHANGE_POINTS[half:], *EXCHANGE_POINTS[:half])
    points = (EXCHANGE_POINTS[::2], turned[1::2]) if postgres.wanted() else (EXCHANGE_POINTS, turned)
    mortals = [
        Mortal(node, list(mine), seed, speak) for seed, (node, mine) in enumerate(zip(pair.nodes, points, strict=True))
    ]
    until(
        lambda: [mortal.tend() for mortal in mortals] and all(mortal.done for mortal in mortals),
        seconds=300,
        what="every point reached",
    )
    for node, mine in zip(pair.nodes, points, strict=True):
        node.wait_ready()
        assert node.killed_at() == list(mine)
    assert {point for node in pair.nodes for point in node.killed_at()} == set(EXCHANGE_POINTS)
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
    killed_at_random(pair, kills=2 if postgres.wanted() else 5, seed=3, seconds=60)
    end_and_check(pair, least=LEAST // 2 if postgres.wanted() else LEAST)


@pytest.mark.soak
def test_killed_at_random_for_long(pair: Pair) -> None:
    (pair.folder / "speak").touch()
    pair.start(TEST_SPEAK=str(pair.folder / "speak"))
    killed_at_random(pair, kills=10_000, seed=int(time.time()), seconds=SOAK_SECONDS)
    end_and_check(pair, least=2_000)
