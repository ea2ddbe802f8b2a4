"""The node that this process serves, as far as signing in needs it: its key store, its clock, its secret for cookies and keyed hashes.

Invariant: one node per process at a time; it is set when a node is opened (`open_accounts`), for Django's session engine and the second
factor's adapter are made by Django and get nothing passed in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db import IntegrityError, transaction

from tansiq.errors import Unavailable
from tansiq.keystore.router import ALIAS
from tansiq.keystore.store import KeyStore

__all__ = ["Opened", "open_accounts", "opened", "secret_of"]

_USE = "pages"
_IDENTIFIER = hashlib.sha256(b"tansiq/1 pages").digest()
_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What the pages need of their node. ``idle_ms`` and ``most_ms`` end a session, ``draft_ms`` and ``event_ms`` are retentions."""

    agency: str
    keys: KeyStore = field(repr=False)
    secret: bytes = field(repr=False)
    clock: Callable[[], int]
    idle_ms: int = 30 * _MINUTE_MS
    most_ms: int = 600 * _MINUTE_MS
    draft_ms: int = 90 * 1440 * _MINUTE_MS
    event_ms: int = 3 * 365 * 1440 * _MINUTE_MS

    def derived(self, purpose: str) -> bytes:
        """A secret of its own for one purpose (32 bytes)."""
        return hmac.digest(self.secret, f"tansiq/1 {purpose}".encode(), "sha256")

    def keyed(self, purpose: str, value: str) -> bytes:
        """A keyed hash of ``value`` (32 bytes): without the key store nobody can try values."""
        return hmac.digest(self.derived(purpose), value.encode(), "sha256")


_opened: Opened | None = None


def open_accounts(node: Opened) -> None:
    """Makes this the node that the process serves."""
    global _opened  # noqa: PLW0603 (one node per process is the point)
    _opened = node


def opened() -> Opened:
    """The node that this process serves. Raises Unavailable before one is opened."""
    if _opened is None:
        raise Unavailable("accounts.not-opened")
    return _opened


def secret_of(keys: KeyStore, *, agency: str) -> bytes:
    """The secret of this node's pages, kept in the key store and made the first time."""
    found = keys.secrets(_USE)
    if found:
        return found[0][2]
    fresh = secrets.token_bytes(32)
    try:
        with transaction.atomic(using=ALIAS):
            keys.put_secret(identifier=_IDENTIFIER, use=_USE, owner=agency, private=fresh)
    except IntegrityError:  # another process of this node was faster
        return keys.secrets(_USE)[0][2]
    return fresh
