"""How long the other side of a connection may keep us waiting while a body comes or an answer leaves.

Invariant: it may take `SECONDS` at first and earns more only by moving bytes, `LEAST_PER_SECOND` for a second, so nothing takes longer
than its size at that rate and `SECONDS` more; what we take ourselves is not counted. What is saved up is never more than `SAVED_SECONDS`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from typing import TypeVar

__all__ = ["LEAST_PER_SECOND", "SAVED_SECONDS", "SECONDS", "Patience"]

SECONDS = 15.0
SAVED_SECONDS = 30.0
LEAST_PER_SECOND = 8_192
"""Bytes: a line of 64 kbit/s is fast enough."""
_T = TypeVar("_T")


class Patience:
    """With one client, for one body or one answer."""

    def __init__(self) -> None:
        self._left = SECONDS

    async def wait(self, awaited: Awaitable[_T]) -> _T:
        """What ``awaited`` gives. Raises TimeoutError when no patience is left."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                return await awaited
        finally:
            self._left -= time.monotonic() - began

    def earn(self, size: int) -> None:
        """``size`` bytes moved."""
        self._left = min(SAVED_SECONDS, self._left + size / LEAST_PER_SECOND)
