"""Why the machine said no, where it is known: a full disk, one that can only be read, a right that lacks, a database server that is away.

Invariant: what is raised for an error of the system names the cure, and the place; the system's own English words reach nobody.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import Any, Final

from tansiq.errors import Error, Refused, Unavailable

__all__ = ["cause_of", "is_database_error", "symbol"]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN: Final = frozenset({errno.EACCES, errno.EPERM})
# The primary result codes of SQLite (sqlite.org/rescode.html), and what PostgreSQL says (appendix A of its manual).
_LITE_READONLY, _LITE_IOERR, _LITE_FULL, _LITE_CANTOPEN = 8, 10, 13, 14
_SERVER_FULL, _SERVER_READONLY = "53100", "25006"
_SERVER_AWAY: Final = ("08", "57P")


def symbol(error: OSError) -> str:
    """The symbol of the system's error (``ENOSPC``), the same in every language."""
    return errno.errorcode.get(error.errno or 0, type(error).__name__)


def is_database_error(error: BaseException) -> bool:
    """Whether Django's database said no; asked without importing Django, which most commands do without."""
    module = sys.modules.get("django.db.utils")
    return module is not None and isinstance(error, module.DatabaseError | module.InterfaceError)


def cause_of(error: BaseException, *, place: str | Path = "") -> Error | None:
    """What to tell somebody of ``error``, which befell ``place`` (what a system's error itself names may be private, so it is not told); None
    when the cause is not known.
    """
    if isinstance(error, OSError):
        return _of_number(error.errno, str(place))
    if not is_database_error(error):
        return None
    said: Any = error.__cause__ or error
    where = str(place or _database())
    code = getattr(said, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code & 0xFF, where)
    if type(said).__module__.partition(".")[0] == "psycopg":
        lost = any(kind.__name__ == "OperationalError" for kind in type(said).__mro__)
        return _of_server(getattr(said, "sqlstate", None), where, lost=lost)
    return None


def _of_number(number: int | None, place: str) -> Error | None:
    if number in _FULL:
        return Unavailable("node.disk-full", place=place) if place else Unavailable("node.machine-full")
    if number == errno.EROFS:
        return Unavailable("node.read-only", place=place) if place else Unavailable("node.machine-read-only")
    if number in _FORBIDDEN:
        return Refused("node.no-permission", place=place) if place else Refused("node.machine-forbids")
    return None


def _of_sqlite(code: int, place: str) -> Error | None:
    folder = os.path.dirname(place)  # noqa: PTH120 (a name that may be none)
    if code == _LITE_FULL:
        return Unavailable("node.disk-full", place=place)
    if code not in {_LITE_READONLY, _LITE_IOERR, _LITE_CANTOPEN}:
        return None
    try:
        disk = os.statvfs(folder)
    except OSError as error:
        return _of_number(error.errno, place) or Unavailable("node.database-unopened", place=place)
    if disk.f_flag & os.ST_RDONLY:
        return Unavailable("node.read-only", place=place)
    if not disk.f_bavail:
        return Unavailable("node.disk-full", place=place)
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK) or (
        os.path.exists(place) and not os.access(place, os.R_OK | os.W_OK)  # noqa: PTH110 (as above)
    ):
        return Refused("node.no-permission", place=place)
    if code == _LITE_READONLY:
        return Unavailable("node.read-only", place=place)
    return Unavailable("node.database-unopened", place=place)


def _of_server(state: str | None, place: str, *, lost: bool) -> Error | None:
    if state == _SERVER_FULL:
        return Unavailable("node.disk-full", place=place)
    if state == _SERVER_READONLY:
        return Unavailable("node.read-only", place=place)
    if (state is None and lost) or (state or "").startswith(_SERVER_AWAY):
        return Unavailable("node.database-away", place=place)
    return None


def _database() -> str:
    """The main database that this process is bound to; a dash when it is bound to none."""
    if not sys.modules["django.conf"].settings.configured:
        return "–"
    databases: dict[str, dict[str, Any]] = sys.modules["django.db"].connections.databases
    return str(databases.get("default", {}).get("NAME", "") or "–")
