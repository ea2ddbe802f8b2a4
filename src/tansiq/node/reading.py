"""Reading a file that somebody named: a regular one, and never more of it than is wanted.

Invariant: a device or a pipe in its place ends at once, so that nothing waits or fills the memory; what a shell hands over as a descriptor
(``/dev/fd/63``, ``/dev/stdin``) was meant, and is read up to the same limit.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from tansiq.errors import BadInput

__all__ = ["read_at_most"]

_HANDED: Final = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")


def read_at_most(path: Path, most: int) -> bytes:
    """The first ``most`` bytes of the file ``path``. Raises OSError, and BadInput when it is no regular file."""
    handed = str(path).startswith(_HANDED)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | (0 if handed else os.O_NONBLOCK))
    with os.fdopen(descriptor, "rb") as stream:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, "a folder", str(path))
        if not handed and not stat.S_ISREG(mode):
            raise BadInput("node.not-a-file", file=str(path))
        return stream.read(most)
