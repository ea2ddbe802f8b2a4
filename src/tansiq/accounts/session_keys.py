"""An officer's opened keys, for the length of a session: they lie in it, encrypted like the rest of it, and nowhere else.

Invariant: the passphrase opens them at the first step of signing in; nothing asks for them before the second step is done. They end with
the session.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Final

from django.contrib.sessions.backends.base import SessionBase

from tansiq.keystore.officers import OfficerKey
from tansiq.protocol.directory import Use
from tansiq.protocol.keys import SealingKey, SigningKey

__all__ = ["keep_keys", "keys_of"]

_ENTRY: Final = "keys"


def keep_keys(session: SessionBase, keys: Iterable[OfficerKey]) -> None:
    """Puts opened keys into the session, in the place of what was there."""
    session[_ENTRY] = [[key.use, b64encode(key.private).decode()] for key in keys]


def keys_of(session: SessionBase) -> tuple[OfficerKey, ...]:
    """The opened keys of the session; none when there are none."""
    found = []
    for use, encoded in session.get(_ENTRY, []):
        private = b64decode(encoded)
        key = SigningKey(private) if use == Use.OFFICER_SIGNS else SealingKey(private)
        found.append(OfficerKey(key.identifier, use, private))
    return tuple(found)
