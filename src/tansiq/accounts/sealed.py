"""Small things of one person, sealed under a key of their own in the key store: a draft, a contact address.

Invariant: the key is written before the row and erased after it, so a crash leaves at most an orphan, which is swept. A thing may be
sealed anew under its key as often as its owner writes; erasing the key erases every version, in backups too.
"""

from __future__ import annotations

import secrets
from typing import Any

from tansiq.errors import Error, NotFound
from tansiq.keystore.sealing import seal, unseal
from tansiq.keystore.store import Contents, KeyStore
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.ids import new_id

__all__ = ["new_thing", "open_value", "seal_value"]

_CASE = b"accounts: things"


def new_thing(*, keys: KeyStore, now_ms: int) -> bytes:
    """Makes a key and returns the identifier under which it lies."""
    thing = new_id(now_ms)
    keys.put_contents([Contents(thing, _CASE, (secrets.token_bytes(32),))])
    return thing


def seal_value(value: Any, thing: bytes, *, keys: KeyStore) -> bytes:
    """A plain value, sealed. Raises NotFound when the key is gone."""
    key = keys.contents(thing)[0]
    if key is None:
        raise NotFound("keystore.no-contents")
    return seal(encode(value), key=key, bound_to=thing)


def open_value(sealed: bytes, thing: bytes, *, keys: KeyStore) -> Any:
    """The value; None when its key was erased (a restored backup may hold such a row) or the row was altered."""
    try:
        key = keys.contents(thing)[0]
        return None if key is None else decode(unseal(sealed, key=key, bound_to=thing, code="keystore.damaged"))
    except Error:
        return None
