"""Fsck: whether journals, outbox, inbox, key store and contents agree, down to the last signature.

Invariant: reads only, one consistent view of the database, memory flat with size; works beside the running node. An orphan in the key
store is counted, not a fault (`sweep`). While peers still return what a restored backup lacked, missing numbers and keys are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tansiq.exchange.context import Context
from tansiq.exchange.files_check import file_faults
from tansiq.node.findings import Finding, Report
from tansiq.node.fsck_contents import Contents
from tansiq.node.fsck_entries import check_entries, check_waiting, restoring_in
from tansiq.node.fsck_journals import check_access, check_journals, check_mirrors
from tansiq.node.home import Home
from tansiq.node.keyring import KeyRing
from tansiq.node.opening import open_node
from tansiq.node.orphans import orphans
from tansiq.node.snapshot import Progress, quiet, snapshot

__all__ = ["fsck"]

_YOUNG_MS = 3_600_000
_COUNTS = ("leaves", "entries", "receipts", "statements", "things", "orphans")


def fsck(node: Home | Context, *, first_only: bool = False, progress: Progress = quiet) -> Report:
    """Checks a node: a home (opened here; its unlock secret must be at hand) or one that is open.

    ``first_only`` ends at the first fault. Raises what opening raises.
    """
    context = open_node(node) if isinstance(node, Home) else node
    counts: dict[str, int] = Counter(dict.fromkeys(_COUNTS, 0))
    found = []
    for finding in _faults(context, progress, counts):
        found.append(finding)
        if first_only:
            break
    return Report(tuple(found), dict(counts))


def _faults(context: Context, progress: Progress, counts: dict[str, int]) -> Iterator[Finding]:
    with snapshot() as view:
        ring = KeyRing(view)
        yield from check_journals(view, agency=context.agency, ring=ring, progress=progress, counts=counts)
        yield from check_mirrors(view, agency=context.agency, ring=ring)
        yield from check_access(view)
        yield from check_entries(view, agency=context.agency, ring=ring, progress=progress, counts=counts)
        yield from check_waiting(view)
        contents = Contents(view, context=context, ring=ring, counts=counts)
        yield from contents.statements(progress)
        yield from contents.things()
        yield from contents.wraps()
        for code, where in file_faults(view):
            yield Finding(code, where)
        counts["orphans"] = sum(1 for _ in orphans(view, before_ms=context.clock() - _YOUNG_MS))
        restoring = restoring_in(view)
    if not restoring:
        yield from contents.missing()
