"""What the clock does for accounts: ends what has ended, forgets what is old.

Invariant: nothing here is needed for safety: an ended session opens for nobody, whether its row is swept or not.
"""

from __future__ import annotations

from tansiq.accounts.attempts import sweep_attempts
from tansiq.accounts.drafts import sweep_drafts
from tansiq.accounts.events import sweep_events
from tansiq.accounts.opened import Opened, opened
from tansiq.keystore.sessions import sweep_sessions

__all__ = ["sweep_accounts"]


def sweep_accounts(node: Opened | None = None) -> int:
    """Sweeps sessions, counted failures, drafts and events past their time; returns how many rows went."""
    at = node or opened()
    now_ms = at.clock()
    swept = sweep_sessions(now_ms=now_ms, idle_ms=at.idle_ms)
    swept += sweep_attempts(now_ms=now_ms)
    swept += sweep_drafts(node=at)
    return swept + sweep_events(before_ms=now_ms - at.event_ms)
