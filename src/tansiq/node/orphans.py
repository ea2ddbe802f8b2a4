"""Orphans: keys of things that the database names nowhere, because a commit did not follow or a restored backup is older.

Invariant: a key is written before what it opens, so a young orphan may belong to a commit that is under way, and after a restore an old one
may belong to what a peer has not yet returned; only what is older than 35 days, in a database that is whole, is swept. What any
column of identifiers still names is no orphan, whatever the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tansiq.keystore.router import ALIAS
from tansiq.node.concealed import chunks, identifier_columns
from tansiq.node.snapshot import Snapshot, snapshot
from tansiq.protocol.ids import id_time

__all__ = ["orphans"]

_FIRST = [("exchange_statement", "id")]


def orphans(view: Snapshot, *, before_ms: int) -> Iterator[bytes]:
    """Things with keys, older than ``before_ms`` (UTC ms), that ``view`` names nowhere."""
    columns = _FIRST + [one for one in identifier_columns() if one not in _FIRST]
    with snapshot(ALIAS) as keys:
        things = (bytes(row[0]) for row in keys.rows("SELECT thing FROM keystore_content_keys"))
        for batch in chunks(thing for thing in things if id_time(thing) < before_ms):
            left = set(batch)
            for table, column in columns:
                if not left:
                    break
                left -= _named(view, table, column, sorted(left))
            yield from sorted(left)


def _named(view: Snapshot, table: str, column: str, things: Sequence[bytes]) -> set[bytes]:
    marks = ", ".join(["%s"] * len(things))
    return {
        bytes(row[0]) for row in view.rows(f'SELECT "{column}" FROM "{table}" WHERE "{column}" IN ({marks})', things)
    }
