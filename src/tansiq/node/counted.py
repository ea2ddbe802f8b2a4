"""Counts and times the answers of an ASGI application.

Invariant: what it counts is the status and the duration; it reads nothing of a request and changes nothing of an answer.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tansiq.node.counting import Counts, node_counts

__all__ = ["Counted"]

Message = MutableMapping[str, Any]


class Counted:
    """``application``, whose answers are counted under ``name`` (see `counting.COUNTED` and `counting.TIMED`)."""

    def __init__(
        self, application: Callable[[Any, Any, Any], Awaitable[None]], name: str, *, counts: Counts = node_counts
    ) -> None:
        self._application = application
        self._name = name
        self._counts = counts

    async def __call__(self, scope: Message, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """One request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        started, status = time.monotonic(), "other"

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self._application(scope, receive, watched)
        finally:
            self._counts.add(self._name, status)
            self._counts.took(self._name, time.monotonic() - started)
