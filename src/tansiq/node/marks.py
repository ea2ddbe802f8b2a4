"""What a home remembers of its upkeep: when it was last backed up and when its key store was last copied.

Invariant: a mark is written after the work is done and is only a hint for people (`doctor`) and for the clock; it holds no secret.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from tansiq.node.home import Home

__all__ = ["BACKUP", "MIRROR", "Mark", "read_mark", "write_mark"]

BACKUP, MIRROR = "last-backup.json", "last-mirror.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """A work that was done: when (UTC milliseconds), into which file, of how many bytes."""

    time_ms: int
    file: str
    size: int


def write_mark(home: Home, name: str, mark: Mark) -> None:
    """Remembers ``mark`` under ``name``."""
    home.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = home.data / (name + ".part")
    part.write_text(json.dumps(asdict(mark)), encoding="utf-8")
    part.replace(home.data / name)


def read_mark(home: Home, name: str) -> Mark | None:
    """The mark under ``name``; None when there is none that can be read."""
    try:
        values = json.loads((home.data / name).read_text(encoding="utf-8"))
        return Mark(int(values["time_ms"]), str(values["file"]), int(values["size"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
