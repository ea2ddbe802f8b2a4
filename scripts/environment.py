"""Does this environment hold exactly the pinned packages? Exit 0: yes; exit 1: no, the differences are printed.

Arguments: the pinned files (``requirements/*.txt``). Only what they name is compared; further packages do not matter.
Run with the environment's own Python; needs nothing outside the standard library.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata
from pathlib import Path

__all__ = ["differences", "main"]

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def differences(files: list[Path]) -> list[str]:
    """One line for each pinned package that is absent or of another version."""
    pins = {pin["name"]: pin["version"] for file in files for pin in _PIN.finditer(file.read_text(encoding="utf-8"))}
    told = []
    for name, wanted in pins.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "not installed"
        if found != wanted:
            told.append(f"{name}: {wanted} wanted, {found}")
    return told


def main() -> int:
    """Print what differs; 0 when nothing does."""
    told = differences([Path(argument) for argument in sys.argv[1:]])
    shown = 5
    for line in told[:shown]:
        print(line)
    if len(told) > shown:
        print(f"and {len(told) - shown} more")
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
