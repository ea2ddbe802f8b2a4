"""A process that dies at a fault point, as by kill -9: forked from the test, ended without a word at the point.

Invariant: the test's own process goes on untouched; what the child left behind is what a dead process leaves behind.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from django.db import connections

from support.switch import forget
from tansiq import faults

__all__ = ["DIED", "dies_at"]

DIED = 137


def dies_at(point: str, work: Callable[[], object]) -> bool:
    """Does ``work`` in a child that dies at its first visit of ``point``; returns whether it came there."""
    forget()
    connections.close_all()
    child = os.fork()
    if child == 0:
        faults.install(lambda reached: os._exit(DIED) if reached == point else None)
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == DIED
