"""A process that dies at a fault point, as by kill -9: forked from the test, ended without a word at the point.

Invariant: the test's own process goes on untouched; what the child left behind is what a dead process leaves behind. It ends by a signal:
what watches which lines are reached puts work of its own before `os._exit`, which may fail and lets the child live on as a second run.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable

from django.db import connections

from support.switch import forget
from tansiq import faults

__all__ = ["dies_at"]


def _end(by: signal.Signals) -> None:
    os.kill(os.getpid(), by)


def dies_at(point: str, work: Callable[[], object]) -> bool:
    """Does ``work`` in a child that dies at its first visit of ``point``; returns whether it came there, and shows why it did not."""
    forget()
    connections.close_all()
    child = os.fork()
    if child == 0:
        faults.install(lambda reached: _end(signal.SIGKILL) if reached == point else None)
        try:
            work()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            _end(signal.SIGUSR1)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == -signal.SIGKILL
