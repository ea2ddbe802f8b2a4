"""The log of a node: one line an event, made of our own words, codes, numbers and references.

Invariant: nothing of any content gets into it. An exception is told by its kind and its place, never by its message, for that may quote
what was being read; what foreign libraries log is told by logger and kind alone. ``TANSIQ_LOG=debug`` adds whole tracebacks: it is for
a machine with invented data, and the line that begins the log says so.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import traceback
from pathlib import Path
from typing import Final

from tansiq.errors import Unavailable

__all__ = ["LineFormatter", "debugging", "set_up"]

_OURS: Final = "tansiq"


def debugging() -> bool:
    """Whether the environment asks for whole tracebacks."""
    return os.environ.get("TANSIQ_LOG", "").lower() == "debug"


def _places(error: BaseException) -> str:
    """Where an exception came from, the innermost last."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " < ".join(f"{Path(frame.filename).stem}:{frame.lineno}" for frame in reversed(frames))


class LineFormatter(logging.Formatter):
    """One line an event: moment (UTC), level, logger, what happened."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of an event."""
        at = dt.datetime.fromtimestamp(record.created, dt.UTC)
        ours = record.name.split(".")[0] == _OURS
        said = record.getMessage() if ours else f"({Path(record.pathname).stem}:{record.lineno})"
        line = f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z {record.levelname.lower()} {record.name} {' '.join(said.split())}"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            code = getattr(error, "code", "")
            line += f" [{type(error).__name__}{f' {code}' if isinstance(code, str) and code else ''} {_places(error)}]"
            if debugging():
                line += "\n" + "".join(traceback.format_exception(error)).rstrip()
        return line


def set_up(file: Path | None = None) -> None:
    """Sends the log of this process to the standard error, and to ``file`` (mode 0600, added to). Raises Unavailable."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if file is not None:
        try:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
            handlers.append(logging.FileHandler(file, encoding="utf-8"))
        except OSError as error:
            raise Unavailable("cli.no-log-file", file=str(file)) from error
    for handler in handlers:
        handler.setFormatter(LineFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=handlers, force=True)
    logging.getLogger(_OURS).setLevel(logging.DEBUG if debugging() else logging.INFO)
