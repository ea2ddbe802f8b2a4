"""The agency's identity key: kept offline, in one file under its own passphrase.

Invariant: the running node never needs it; it signs directory documents and nothing else.
"""

from __future__ import annotations

import os
from pathlib import Path

from tansiq.errors import BadInput, Conflict, NotFound
from tansiq.keystore.sealing import OFFICER_COST, Cost, derive, seal, unseal
from tansiq.protocol.cbor import decode, encode
from tansiq.protocol.keys import SigningKey

__all__ = ["load_identity", "write_identity"]

_BOUND = b"tansiq identity"


def write_identity(path: Path, key: SigningKey, passphrase: str) -> None:
    """Writes the identity key to a new file (mode 0600). Raises Conflict when the file is there."""
    salt = os.urandom(16)
    sealed = seal(key.private, key=derive(passphrase.encode(), salt=salt, cost=OFFICER_COST), bound_to=_BOUND)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise Conflict("node.identity-exists", file=str(path)) from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(encode({"tansiq": "identity", "salt": salt, "cost": str(OFFICER_COST), "sealed": sealed}))


def load_identity(path: Path, passphrase: str) -> SigningKey:
    """The identity key in ``path``. Raises NotFound, BadInput (not such a file), Refused (another passphrase)."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise NotFound("node.no-identity", file=str(path)) from error
    values = decode(data)
    if type(values) is not dict or values.get("tansiq") != "identity":
        raise BadInput("node.not-identity", file=str(path))
    key = derive(passphrase.encode(), salt=values["salt"], cost=Cost.parse(values["cost"]))
    return SigningKey(unseal(values["sealed"], key=key, bound_to=_BOUND, code="keystore.wrong-passphrase"))
