"""Backup: the main database in one file, from one consistent view, while the node works.

Invariant: the key store is never in it, so it opens nothing and what is erased later stays erased in every backup (design of storage, keys
apart). It is written beside its place, synced and renamed: there is a whole backup or none, and nothing
but an earlier backup of the same agency's is replaced. Afterwards every peer is told
what the backup covers, so that it need not keep the wraps for us any longer.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from tansiq.directory.queries import partners
from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kept import Coverage, coverage_of
from tansiq.exchange.restoring import restoring_peers
from tansiq.exchange.service import announce
from tansiq.node.dump import Writer, check_replaceable, dump_tables, replace_file
from tansiq.node.home import Home
from tansiq.node.marks import BACKUP, MIRROR, Mark, read_mark, write_mark
from tansiq.node.snapshot import Progress, Snapshot, quiet, snapshot
from tansiq.node.tables import tables
from tansiq.protocol.limits import MAX_INTEGER
from tansiq.protocol.parts import Part
from tansiq.protocol.wraps import OwnSecret

__all__ = ["WHAT", "BackedUp", "backup", "write_backup"]

WHAT = "backup"


@dataclass(frozen=True, slots=True)
class BackedUp:
    """A backup that was made: its file, time (UTC ms), rows, bytes, SHA-256 of its items, and how many peers were told."""

    file: Path
    time_ms: int
    rows: int
    size: int
    digest: bytes
    announced: int


def backup(home: Home, out: Path, *, context: Context, progress: Progress = quiet) -> BackedUp:
    """Writes a backup of ``home`` to ``out``: a file, replacing one of its earlier backups that is there, or a folder, where it is named
    after the agency.

    Works beside the running node. Raises Unavailable (the disk does not take it), Refused (it would lie inside the home) and Conflict
    (there is something that is no backup of this agency's, or a table has a column that no backup knows).
    """
    time_ms = context.clock()
    # Read before the view is taken: numbers only grow, so the backup covers at least this.
    mirrored = read_mark(home, MIRROR)
    coverage = _coverage(time_ms=time_ms, before_ms=mirrored.time_ms if mirrored else MAX_INTEGER)
    done = write_backup(home, out, secret=context.own, time_ms=time_ms, progress=progress)
    for peer, covered in coverage.items():
        announce(peer, Part("service.backup", covered.to_content()), context=context)
    return replace(done, announced=len(coverage))


def write_backup(home: Home, out: Path, *, secret: OwnSecret, time_ms: int, progress: Progress = quiet) -> BackedUp:
    """Writes the file and tells nobody; ``secret`` is the node's own, which proves later that it wrote it."""
    target = Path(os.path.realpath(out / f"{home.agency}.backup" if out.is_dir() else out))
    if target.is_relative_to(home.path.resolve()):
        raise Refused("node.backup-inside-home", file=str(target))
    check_replaceable(target, what=WHAT, agency=home.agency)
    known = tables()
    with snapshot() as view, replace_file(target, before="backup.before-rename", after="backup.after-rename") as stream:
        writer = Writer(stream, {"what": WHAT, "agency": home.agency, "time_ms": time_ms, **_describe(home, view)})
        dump_tables(writer, view, known, stage=WHAT, progress=progress)
        rows, digest = writer.end(secret)
    size = target.stat().st_size
    write_mark(home, BACKUP, Mark(time_ms, str(target), size))
    return BackedUp(target, time_ms, rows, size, digest, 0)


def _coverage(*, time_ms: int, before_ms: int) -> dict[str, Coverage]:
    """What a backup made now covers, for every peer with whom anything was exchanged."""
    waiting = restoring_peers()
    peers = [one.agency for one in partners() if not one.is_self and one.confirmed_ms and one.agency not in waiting]
    found = {peer: coverage_of(peer, time_ms=time_ms, before_ms=before_ms) for peer in peers}
    return {peer: covered for peer, covered in found.items() if covered.received or covered.sent}


def _describe(home: Home, view: Snapshot) -> dict[str, object]:
    """What the restore must know before the first row: schema, epochs, and the configuration without secrets and places."""
    applied = view.rows("SELECT app, name FROM django_migrations ORDER BY app, name")
    epochs = view.rows("SELECT peer, epoch FROM journal_journal ORDER BY peer")
    return {
        "migrations": [[app, name] for app, name in applied],
        "epochs": dict(epochs),
        "configuration": {"listen": home.listen, "language": home.language, "pull_ms": int(1000 * home.pull_seconds)},
    }
