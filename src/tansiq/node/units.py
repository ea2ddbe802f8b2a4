"""The units of systemd for a node: made for the program, the account and the folder that they are to use.

Invariant: every ``{name}`` of a unit is filled; systemd's own ``%`` signs stay. Nothing is installed by itself.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Final

from tansiq.errors import BadInput

__all__ = ["ACCOUNT", "KEEP_DAYS", "STATE", "UNITS", "units"]

UNITS: Final = ("tansiq@.service", "tansiq-backup@.service", "tansiq-backup@.timer")
ACCOUNT: Final = "tansiq"
STATE: Final = Path("/var/lib/tansiq")
KEEP_DAYS: Final = 30
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-")


def units(program: Path, *, account: str = ACCOUNT, keep_days: int = KEEP_DAYS) -> dict[str, str]:
    """The text of every unit by its name, for the command ``program``.

    Raises BadInput for a path or an account that would have to be quoted in a unit.
    """
    for name, value in (("program", str(program)), ("account", account)):
        if not value or not _PLAIN.issuperset(value):
            raise BadInput("node.wrong-argument", name=name)
    values = {
        "program": str(program),
        "account": account,
        "state": str(STATE),
        "keep": str(keep_days),
        # A program below /home or /root could not be read otherwise.
        "protect_home": "read-only" if program.parts[1:2] in {("home",), ("root",)} else "yes",
    }
    folder = resources.files("tansiq.node").joinpath("units")
    found = {}
    for unit in UNITS:
        text = folder.joinpath(unit).read_text(encoding="utf-8")
        for name, value in values.items():
            text = text.replace(f"{{{name}}}", value)
        found[unit] = text
    return found
