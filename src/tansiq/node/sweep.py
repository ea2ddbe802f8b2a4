"""The sweeps of a node's upkeep: orphaned keys and chunks, wraps past their time, erasures left half-done by a crash.

Invariant: nothing is swept while a restored backup is not whole again, for what looks orphaned may still come back.
"""

from __future__ import annotations

from dataclasses import dataclass

from tansiq.exchange.context import Context
from tansiq.exchange.erasure import finish_erasures
from tansiq.exchange.files_store import drop_passed, sweep_chunks
from tansiq.exchange.kept import KEPT_DAYS, drop_old_wraps
from tansiq.exchange.restoring import restoring_peers
from tansiq.node.orphans import orphans
from tansiq.node.snapshot import snapshot

__all__ = ["Swept", "sweep"]

_DAY_MS = 86_400_000
_PASSED_DAYS = 7
"""How long chunks are kept of files that only passed here."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What was swept: orphaned keys, kept wraps, half-done erasures."""

    orphans: int
    wraps: int
    erasures: int


def sweep(*, context: Context) -> Swept:
    """Sweeps once; for the worker's clock. Does nothing while peers have not yet returned what a restore lost."""
    if restoring_peers():
        return Swept(0, 0, 0)
    before_ms = context.clock() - KEPT_DAYS * _DAY_MS
    with snapshot() as view:
        orphaned = list(orphans(view, before_ms=before_ms))
    for thing in orphaned:
        context.keys.erase(thing)
    erasures = finish_erasures(context=context, since_ms=before_ms)
    drop_passed(before_ms=context.clock() - _PASSED_DAYS * _DAY_MS)
    while sweep_chunks(before_ms=context.clock() - _DAY_MS):
        continue
    return Swept(len(orphaned), drop_old_wraps(context=context), erasures)
