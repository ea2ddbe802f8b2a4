"""The process tree of a running node: it ends as a whole, whoever ends first, and says so with its exit code."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.pair import PATIENCE, Pair, RealNode, make_pair, until

pytestmark = pytest.mark.crash

END_SECONDS = 20 * PATIENCE


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = make_pair(tmp_path_factory.mktemp("pair"))
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def node(pair: Pair) -> Iterator[RealNode]:
    """A running node; whatever is left of it afterwards is killed."""
    pair.es.start()
    pair.es.wait_ready()
    until(lambda: len(children(pair.es)) == 2, seconds=20, what="both processes")  # the door may be the first to listen
    yield pair.es
    pair.es.kill()


def children(node: RealNode) -> list[int]:
    assert node.process is not None
    return sorted(pid for pid, parent in node.processes().items() if parent == node.process.pid)


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_when_it_is_told_to(node: RealNode, signal_number: signal.Signals) -> None:
    assert node.process is not None
    node.process.send_signal(signal_number)
    assert node.process.wait(END_SECONDS) == 0
    assert not node.processes()


TOLD_AT_ONCE = """
import os, signal, sys, time
from tansiq.node import processes
from tansiq.node.home import load_home

def door(home, context):
    os.kill(os.getppid(), int(sys.argv[2]))
    time.sleep(600)

processes.run_web, processes.run_worker = door, lambda home, context: time.sleep(600)
sys.exit(processes.run_node(load_home(sys.argv[1])))
"""


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_as_well_when_it_is_told_to_before_all_of_it_has_started(
    pair: Pair, signal_number: signal.Signals
) -> None:
    words = [sys.executable, "-c", TOLD_AT_ONCE, str(pair.es.home.path), str(int(signal_number))]
    environment = os.environ | {"TANSIQ_UNLOCK_FILE": str(pair.es.secret)}
    assert subprocess.run(words, env=environment, check=False, timeout=END_SECONDS).returncode == 0


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGTERM])
def test_when_one_process_dies_all_end_and_the_exit_code_says_so(
    node: RealNode, which: int, signal_number: signal.Signals
) -> None:
    assert node.process is not None
    os.kill(children(node)[which], signal_number)
    assert node.process.wait(END_SECONDS) == 1
    until(lambda: not node.processes(), seconds=20, what="all processes end")


def test_when_the_first_process_is_killed_no_orphan_goes_on(node: RealNode) -> None:
    """An orphan would hold the door's port and deliver beside the node that a supervisor starts again."""
    assert node.process is not None
    node.process.kill()
    node.process.wait(END_SECONDS)
    until(lambda: not node.processes(), seconds=20, what="the orphans end")
    node.process = None
    node.start()
    node.wait_ready()
