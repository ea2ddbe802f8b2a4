"""The copy of the key store that is kept elsewhere: replaced in place, so that it follows every erasure within a day.

Invariant: there is one copy, always whole: the new one is written beside it and renamed over it, and the old one is written over; nothing
but an older copy of the same agency's is ever replaced. It is made of rows, not of pages, so no page that was freed comes along with an
erased key. What opens it is not in it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.keystore.router import ALIAS
from tansiq.node.dump import Writer, check_replaceable, dump_tables, replace_file
from tansiq.node.home import Home
from tansiq.node.marks import MIRROR, Mark, read_mark, write_mark
from tansiq.node.snapshot import Progress, quiet, snapshot
from tansiq.node.tables import tables

__all__ = ["EVERY_MS", "WHAT", "Mirrored", "mirror_if_due", "mirror_keys"]

WHAT = "keys"
EVERY_MS = 20 * 3_600_000
"""Copied this often when the home names a place: within 24 hours even if one attempt fails."""
_LEFT_OUT = frozenset({"keystore_session"})
"""A session ends with its node: a copy would only keep what may hold an opened key."""


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A copy that was made: its file, time (UTC milliseconds) and size in bytes."""

    file: Path
    time_ms: int
    size: int


def mirror_keys(home: Home, to: Path, *, context: Context, progress: Progress = quiet) -> Mirrored:
    """Copies the key store to ``to``: a file, or a folder, where it is named after the agency.

    Raises Refused (it would lie inside the home), Conflict (there is something that is no copy of this agency's key store) and
    Unavailable (the disk does not take it).
    """
    target = to / f"{home.agency}.keys" if to.is_dir() else to
    place = Path(os.path.realpath(target))
    if place.is_relative_to(home.path.resolve()):
        raise Refused("node.mirror-inside-home", file=str(target))
    check_replaceable(place, what=WHAT, agency=context.agency)
    time_ms = context.clock()
    with (
        snapshot(ALIAS) as view,
        replace_file(place, before="mirror.before-rename", after="mirror.after-rename", overwrite_old=True) as stream,
    ):
        applied = [list(row) for row in view.rows("SELECT app, name FROM django_migrations ORDER BY app, name")]
        writer = Writer(stream, {"what": WHAT, "agency": context.agency, "time_ms": time_ms, "migrations": applied})
        kept = [table for table in tables(ALIAS) if table.name not in _LEFT_OUT]
        dump_tables(writer, view, kept, stage="mirror", progress=progress)
        writer.end(context.own)
    size = target.stat().st_size
    write_mark(home, MIRROR, Mark(time_ms, str(target.resolve()), size))
    return Mirrored(target, time_ms, size)


def mirror_if_due(home: Home, *, context: Context) -> Mirrored | None:
    """Copies the key store to where the home says when the last copy is older than `EVERY_MS`; for the worker's clock."""
    if not home.mirror:
        return None
    last = read_mark(home, MIRROR)
    if last is not None and 0 <= context.clock() - last.time_ms < EVERY_MS:
        return None
    return mirror_keys(home, Path(home.mirror), context=context)
