"""Messages to officers by a command of the machine: for a pager, a telephone exchange, a chat of the agency's own.

Invariant: the command is a list of words, run without a shell, with an empty environment and no open files of ours. It reads one JSON
object with codes alone (no name, no address, no words) and has `SECONDS` to end; then it is ended with everything that it started.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tansiq.errors import BadInput, Unavailable
from tansiq.node.home import Home
from tansiq.node.notify_mail import Message

__all__ = ["SECONDS", "Command", "command_of"]

SECONDS: Final = 20.0
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Command:
    """A command and its arguments, for a node of ``agency``."""

    words: tuple[str, ...]
    agency: str
    seconds: float = SECONDS
    needs_address: bool = False

    def send(self, message: Message) -> None:
        """Runs it. Raises Unavailable when it can't be run, ends with another code than 0, or does not end."""
        told = {
            "version": 1,
            "event": "matter-waits",
            "agency": self.agency,
            "officer": message.officer,
            "post": message.post,
            "code": message.code,
            "language": message.language,
        }
        try:
            process = subprocess.Popen(  # noqa: S603 - the machine's administrator named the command
                self.words,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": _PATH, "LC_ALL": "C.UTF-8"},
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable("node.notice-failed", reason=type(error).__name__) from error
        try:
            process.communicate(json.dumps(told).encode() + b"\n", timeout=self.seconds)
        except subprocess.TimeoutExpired as error:
            os.killpg(process.pid, signal.SIGKILL)  # not yet waited for, so its number is still its own
            process.communicate()
            raise Unavailable("node.notice-failed", reason="timeout") from error
        if process.returncode:
            raise Unavailable("node.notice-failed", reason=f"exit {process.returncode}")


def command_of(home: Home) -> Command:
    """The command that the home names. Raises BadInput when it is no absolute path with its arguments."""
    words = home.notify_command
    if not words or not Path(words[0]).is_absolute() or any("\0" in word for word in words):
        raise BadInput("node.mail-settings", name="notify_command")
    return Command(tuple(words), home.agency)
