"""Writing a result to a file.

Invariant: a file is new and readable by its owner alone; one that is there is never replaced, and half a file never stays.
"""

from __future__ import annotations

import os
from pathlib import Path

from tansiq.errors import Conflict, Unavailable

__all__ = ["write_new"]


def write_new(path: Path, content: bytes) -> None:
    """Writes ``content`` to a new file (mode 0600). Raises Conflict when it is there, Unavailable when it can't be written."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict("cli.file-exists", file=str(path)) from error
    except OSError as error:
        raise Unavailable("cli.not-written", file=str(path)) from error
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise Unavailable("cli.not-written", file=str(path)) from error
