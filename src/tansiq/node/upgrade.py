"""Upgrade: a backup first, then the newest schema on both databases, then a check that everything still agrees.

Invariant: without a whole backup nothing is changed, and the node does not run meanwhile. Given again, it
does what is left to do, and nothing when nothing is.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from django.db import connections

from tansiq.errors import NotFound
from tansiq.exchange.context import system_clock
from tansiq.keystore.router import ALIAS
from tansiq.keystore.store import open_key_store
from tansiq.node.backup import write_backup
from tansiq.node.creation import migrate
from tansiq.node.findings import Report
from tansiq.node.fsck import fsck
from tansiq.node.home import Home, find_unlock_secret
from tansiq.node.loading import unapplied
from tansiq.node.opening import bind, open_node
from tansiq.node.running import held
from tansiq.node.snapshot import Progress, quiet
from tansiq.protocol.wraps import OwnSecret

__all__ = ["Upgraded", "upgrade"]


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What was done: migrations, the backup of before, and what the check found; nothing of it when nothing was to do."""

    migrated: tuple[str, ...]
    backup: Path | None
    report: Report | None


def upgrade(
    home: Home, *, secret: bytes | None = None, backup_to: Path | None = None, progress: Progress = quiet
) -> Upgraded:
    """Upgrades both databases of ``home``; the backup goes to ``backup_to``, or beside the home under today's date.

    Raises Conflict (the node runs, or somebody works in the home), Unavailable (no room for the backup), and what opening the node raises.
    """
    with held(home, alone=True):
        return _upgrade(home, secret=secret, backup_to=backup_to, progress=progress)


def _upgrade(home: Home, *, secret: bytes | None, backup_to: Path | None, progress: Progress) -> Upgraded:
    bind(home)
    lacking = [*unapplied("default"), *(name for name in unapplied(ALIAS) if name.startswith("keystore."))]
    if not lacking:
        return Upgraded((), None, None)
    unlock = find_unlock_secret(home) if secret is None else secret
    day = dt.datetime.fromtimestamp(system_clock() / 1000, dt.UTC).strftime("%Y-%m-%d-%H%M%S")
    out = backup_to or home.path.parent / f"{home.path.name}-before-upgrade-{day}.backup"
    own = open_key_store(unlock).secrets("own")
    if not own:
        raise NotFound("exchange.no-node-key", agency=home.agency)
    write_backup(home, out, secret=OwnSecret(own[0][2]), time_ms=system_clock(), progress=progress)
    migrate()
    report = fsck(open_node(home, secret=unlock), progress=progress)
    connections.close_all()
    return Upgraded(tuple(lacking), out, report)
