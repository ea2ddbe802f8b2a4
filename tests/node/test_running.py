"""Who may work in a home at a time: one door, one worker, and nobody else while its databases are replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tansiq.errors import Conflict
from tansiq.node import running
from tansiq.node.home import Home
from tansiq.node.running import DOOR, WORKER, held, is_worked


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home in which nobody works."""
    monkeypatch.setattr(running, "_PATIENCE_SECONDS", 0.2)
    return Home(path=tmp_path, agency="es.cgi")


def test_a_home_has_one_door_and_one_worker_beside_one_another(home: Home) -> None:
    with held(home, DOOR):
        assert is_worked(home, DOOR)
        assert not is_worked(home, WORKER)
        with held(home, WORKER):
            for role in (DOOR, WORKER):
                with pytest.raises(Conflict, match=r"node\.running"), held(home, role):
                    pytest.fail("two of one role")
            with held(home):  # an act in the home itself takes nobody's place
                assert is_worked(home)
        assert not is_worked(home, WORKER)
    assert not is_worked(home)


def test_databases_are_replaced_while_nobody_works_there(home: Home) -> None:
    for roles, code in (((DOOR,), r"node\.running"), ((WORKER,), r"node\.running"), ((), r"node\.in-use")):
        with held(home, *roles), pytest.raises(Conflict, match=code), held(home, alone=True):
            pytest.fail("replaced under somebody's hands")
    with held(home, alone=True):
        for roles in ((DOOR,), (WORKER,), ()):
            with pytest.raises(Conflict), held(home, *roles):
                pytest.fail("worked while it was replaced")


@contextmanager
def tree(home: Home) -> Iterator[tuple[int, int]]:
    """A process that has the worker's role and one that it forked, as a node has; both are killed at the end."""
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from tansiq.node.home import Home\n"
        "from tansiq.node.running import WORKER, held\n"
        f"with held(Home(path=Path({str(home.path)!r}), agency='es.cgi'), WORKER):\n"
        "    child = os.fork()\n"
        "    if child:\n"
        "        print(child, flush=True)\n"
        "    signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        child = int(first.stdout.readline())
        try:
            yield first.pid, child
        finally:
            for pid in (first.pid, child):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue


def test_a_killed_node_holds_its_home_until_its_last_process_is_gone(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tree(home) as (first, child):
        os.kill(first, signal.SIGKILL)
        os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
        with pytest.raises(Conflict, match=r"node\.running"), held(home, WORKER):
            pytest.fail("a process of the node still works")
        os.kill(child, signal.SIGKILL)
        monkeypatch.setattr(running, "_PATIENCE_SECONDS", 60.0)
        with held(home, WORKER):
            assert is_worked(home, WORKER)


def test_what_a_node_starts_does_not_hold_its_home(home: Home) -> None:
    with held(home, WORKER):
        started = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        with held(home, alone=True):
            assert started.poll() is None
    finally:
        started.kill()
        started.wait()
