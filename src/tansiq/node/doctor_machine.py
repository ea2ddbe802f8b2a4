"""Checks of the machine: the home and who may enter it, the unlock secret, the disk, the clock, whether the node runs.

Invariant: as in `doctor`. What opens the key store must not lie where the key store lies.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from django.db import connection

from tansiq.errors import Error
from tansiq.exchange.peers import peer_states
from tansiq.node.causes import symbol
from tansiq.node.checks import Check, Patient
from tansiq.node.home import CONFIGURATION
from tansiq.node.running import is_running

__all__ = ["check_clock", "check_disk", "check_home", "check_running", "check_unlock"]

_LEAST_FREE, _LOW_FREE = 256 * 1024 * 1024, 2 * 1024 * 1024 * 1024
_SKEW_WARN_MS = 60_000
_BACK_MS = 60_000


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def check_home(patient: Patient) -> Iterator[Check]:
    """The home's folders and files belong to the node's account alone."""
    home = patient.home
    bad = False
    for path in (home.path, home.data, home.run, home.path / CONFIGURATION):
        if not path.exists():
            continue
        others = 0o077 if path.is_dir() else 0o022
        if _mode(path) & others or path.stat().st_uid not in {os.geteuid(), 0}:
            bad = True
            yield Check("home", "fail", "home-open", {"path": str(path), "mode": f"{_mode(path):04o}"})
    for path in (home.main_database, home.key_database):
        if path.exists() and not home.on_postgresql and _mode(path.parent) & 0o077:
            bad = True
            yield Check("home", "fail", "home-open", {"path": str(path.parent), "mode": f"{_mode(path.parent):04o}"})
    if not bad:
        yield Check("home", "ok", "home-ok", {"home": str(home.path)})


def check_unlock(patient: Patient) -> Iterator[Check]:
    """The unlock secret is at hand for a start, outside the home, and readable by nobody else."""
    home = patient.home
    if os.environ.get("TANSIQ_UNLOCK_FD"):
        yield Check("unlock", "ok", "unlock-ok")
        return
    named = os.environ.get("TANSIQ_UNLOCK_FILE") or home.unlock_file
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(credentials) / "tansiq-unlock" if credentials and not named else Path(named) if named else None
    if path is None or not path.is_file():
        yield Check("unlock", "warn", "unlock-none", {"file": str(path or "-")})
    elif path.resolve().is_relative_to(home.path.resolve()):
        yield Check("unlock", "fail", "unlock-inside", {"file": str(path)})
    elif _mode(path) & 0o077:
        yield Check("unlock", "fail", "unlock-open", {"file": str(path), "mode": f"{_mode(path):04o}"})
    else:
        yield Check("unlock", "ok", "unlock-ok")


def check_disk(patient: Patient) -> Iterator[Check]:
    """There is room, and the disk takes what is written."""
    folder = patient.home.data
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"\0" * 4096)
            os.fsync(probe.fileno())
    except OSError as error:
        yield Check("disk", "fail", "disk-refuses", {"folder": str(folder), "reason": symbol(error)})
        return
    free = shutil.disk_usage(folder).free
    values = {"megabytes": free // (1024 * 1024)}
    if free < _LEAST_FREE:
        yield Check("disk", "fail", "disk-full", values)
    elif free < _LOW_FREE:
        yield Check("disk", "warn", "disk-low", values)
    else:
        yield Check("disk", "ok", "disk-ok", values)


def check_running(patient: Patient) -> Iterator[Check]:
    """Somebody answers at the node's socket."""
    if is_running(patient.home):
        yield Check("running", "ok", "running")
    else:
        yield Check("running", "warn", "not-running", {"home": str(patient.home.path)})


def check_clock(patient: Patient) -> Iterator[Check]:
    """The clock did not go back behind what was stored, and agrees with the peers'."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT MAX(stored_ms) FROM exchange_statement")
        newest = cursor.fetchone()[0] or 0
    with contextlib.suppress(Error):  # whether the key store opens is another check's matter
        newest = max(newest, patient.context.directory.time_ms)
    states = peer_states()
    newest = max([newest, *(state.heard_ms for state in states)])
    if newest > patient.now_ms + _BACK_MS:
        yield Check("clock", "fail", "clock-back", {"seconds": (newest - patient.now_ms) // 1000})
        return
    skewed = [state for state in states if state.heard_ms and abs(state.skew_ms) > _SKEW_WARN_MS]
    for state in skewed:
        yield Check("clock", "warn", "clock-skew", {"peer": state.peer, "seconds": state.skew_ms // 1000})
    if not skewed:
        yield Check("clock", "ok", "clock-ok")
