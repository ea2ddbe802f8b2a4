"""Sessions: what one holds opens with the browser's cookie and with nothing that lies on the node.

Invariant: the cookie carries 32 random bytes and the node keeps none of them: the row is found by their hash, and its content is encrypted
(AES-256-GCM) under a key derived from them (HKDF, RFC 5869), bound to the row. So whoever has disk, database or backups reads no session
and can't make one up. A session ends when it rests too long, when its time is over, by signing out, and with its account.

Django's session engine, named in the settings; Django makes the objects.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.base import CreateError, SessionBase, UpdateError

from tansiq.accounts.opened import opened
from tansiq.errors import Refused
from tansiq.keystore.sealing import seal, unseal
from tansiq.keystore.sessions import (
    SessionRow,
    add_session,
    change_session,
    drop_sessions,
    read_session,
    sweep_sessions,
    touch_session,
)

__all__ = ["AGENT", "FAMILY", "PENDING_MS", "SessionStore", "family_hash", "row_identifier"]

FAMILY: Final = "family"
"""The entry that names the account's family of sessions, in hexadecimal."""
AGENT: Final = "agent"
"""The entry that names the sort of browser (a code)."""
PENDING_MS: Final = 15 * 60_000
"""How long a session lives in which nobody has signed in yet."""
_ENDS: Final = "ends_ms"
_TOUCH_MS: Final = 60_000
_INFO: Final = b"tansiq/1 session"


def row_identifier(token: str) -> bytes:
    """Under which identifier the session of a cookie lies."""
    return hashlib.sha256(_INFO + b" row " + token.encode()).digest()


def family_hash(family: bytes) -> bytes:
    """What the sessions of an account share: a hash, so that the row alone does not say whose it is."""
    return hashlib.sha256(_INFO + b" family " + family).digest()


def _key(token: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_INFO).derive(token.encode())


class SessionStore(SessionBase):
    """A session; see the module. What it holds is plain values fit for JSON."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._created_ms = 0

    def _get_new_session_key(self) -> str:
        return secrets.token_urlsafe(32)

    def exists(self, session_key: str) -> bool:
        """Whether there is a session for this cookie."""
        return read_session(row_identifier(session_key)) is not None

    def load(self) -> dict[str, Any]:
        """What the session holds; nothing, and no cookie, when it ended or never was."""
        token = str(self.session_key or "")
        row = read_session(row_identifier(token)) if token else None
        if row is None:
            self._session_key = None
            return {}
        node = opened()
        now_ms = node.clock()
        if now_ms >= row.ends_ms or now_ms - row.seen_ms >= node.idle_ms:
            drop_sessions([row.identifier])
            self._session_key = None
            return {}
        try:
            plain = unseal(row.sealed, key=_key(token), bound_to=_bound(row), code="accounts.session-damaged")
        except Refused:
            self._session_key = None
            return {}
        if now_ms - row.seen_ms >= _TOUCH_MS:
            touch_session(row.identifier, seen_ms=now_ms)
        self._created_ms = row.created_ms
        found: dict[str, Any] = json.loads(plain)
        return found

    def create(self) -> None:
        """Begins a session with a new cookie."""
        self._session_key = self._get_new_session_key()
        self._created_ms = 0
        self.save(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 (Django's signature)
        """Keeps the session. Raises CreateError (there is one already) or UpdateError (it has ended meanwhile)."""
        if self.session_key is None:
            self.create()
            return
        # What was put in before there was a cookie; nothing is loaded for a new one.
        content: dict[str, Any] = dict(getattr(self, "_session_cache", {}) if must_create else self.items())
        node = opened()
        now_ms = node.clock()
        self._created_ms = self._created_ms or now_ms
        if SESSION_KEY in content:
            ends_ms = content.setdefault(_ENDS, now_ms + node.most_ms)
        else:
            content.pop(_ENDS, None)
            ends_ms = self._created_ms + PENDING_MS
        token = str(self.session_key)
        row = SessionRow(
            identifier=row_identifier(token),
            family=bytes.fromhex(str(content.get(FAMILY, ""))),
            agent=str(content.get(AGENT, "")),
            created_ms=self._created_ms,
            seen_ms=now_ms,
            ends_ms=int(ends_ms),
        )
        sealed = _sealed(content, row, token)
        if must_create:
            if not add_session(sealed):
                raise CreateError
        elif not change_session(sealed):
            raise UpdateError

    def delete(self, session_key: str | None = None) -> None:
        """Ends the session, or another one."""
        token = session_key or self.session_key
        if token:
            drop_sessions([row_identifier(str(token))])

    @classmethod
    def clear_expired(cls) -> None:
        """Deletes what has ended."""
        node = opened()
        sweep_sessions(now_ms=node.clock(), idle_ms=node.idle_ms)


def _bound(row: SessionRow) -> bytes:
    """What a session's ciphertext is bound to: its row, its family and its beginning."""
    return row.identifier + row.family + row.created_ms.to_bytes(8, "big")


def _sealed(content: Mapping[str, Any], row: SessionRow, token: str) -> SessionRow:
    plain = json.dumps(content, separators=(",", ":")).encode()
    return SessionRow(
        row.identifier,
        row.family,
        row.agent,
        row.created_ms,
        row.seen_ms,
        row.ends_ms,
        seal(plain, key=_key(token), bound_to=_bound(row)),
    )
