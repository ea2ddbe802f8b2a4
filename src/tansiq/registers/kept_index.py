"""The index of names as one encrypted file, so that a node with a large register starts in seconds.

Invariant: no name stands on the disk in any form: the file is sealed with a key of its own that lies in the key store, and each
writing has a new key; when the old one is dropped, what was removed from a register is gone from every copy of the file. The
file is only a short cut: whatever is wrong with it, the index is made from the stored entries. It is replaced in one step, so a
process killed while writing leaves the older one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from tansiq.errors import Error
from tansiq.keystore.sealing import seal, unseal
from tansiq.keystore.store import KeyStore
from tansiq.names import Segment
from tansiq.protocol.cbor import decode, encode

__all__ = ["forget_index", "keep_index", "kept_index"]

_USE: Final = "names"
_FORMAT: Final = b"tansiq names 1"
_LENGTH: Final = 8


def _head(segment: Segment, versions: Mapping[str, int]) -> bytes:
    fields = [[name, array.dtype.str, list(array.shape)] for name, array in segment.arrays().items()]
    return encode({"versions": dict(versions), "fields": fields})


def keep_index(file: Path, segment: Segment, versions: Mapping[str, int], *, keys: KeyStore) -> None:
    """Writes ``segment``, which shows the registers in these versions. Raises OSError."""
    head = _head(segment, versions)
    plain = b"".join(
        [len(head).to_bytes(_LENGTH, "big"), head, *(array.tobytes() for array in segment.arrays().values())]
    )
    key, identifier = secrets.token_bytes(32), secrets.token_bytes(16)
    before = [known for known, _, _ in keys.secrets(_USE)]
    keys.put_secret(identifier=identifier, use=_USE, owner="names", private=key)
    fresh = file.with_name(f".{file.name}.{identifier.hex()[:8]}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            out.write(identifier + seal(plain, key=key, bound_to=_FORMAT + identifier))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    for stale in file.parent.glob(f".{file.name}.*"):  # a process that was killed while writing left it
        stale.unlink(missing_ok=True)
    for known in before:
        keys.drop_secret(known)


def kept_index(file: Path, *, keys: KeyStore) -> tuple[Segment, dict[str, int]] | None:
    """The segment that was kept and the versions of the registers that it shows; None where there is none that can be used."""
    try:
        sealed = file.read_bytes()
        known = {identifier: key for identifier, _, key in keys.secrets(_USE)}
        identifier = sealed[:16]
        plain = memoryview(
            unseal(sealed[16:], key=known[identifier], bound_to=_FORMAT + identifier, code="keystore.damaged")
        )
        at = _LENGTH + int.from_bytes(plain[:_LENGTH], "big")
        head = decode(bytes(plain[_LENGTH:at]))
        arrays: dict[str, Any] = {}
        for name, kind, shape in head["fields"]:
            count = int(np.prod(shape))
            arrays[name] = np.frombuffer(plain, np.dtype(kind), count, at).reshape(shape)
            at += arrays[name].nbytes
        return Segment(arrays), {str(name): int(version) for name, version in head["versions"].items()}
    except (OSError, KeyError, TypeError, ValueError, Error):
        return None


def forget_index(file: Path, *, keys: KeyStore) -> None:
    """Removes the file and its key."""
    file.unlink(missing_ok=True)
    for identifier, _, _ in keys.secrets(_USE):
        keys.drop_secret(identifier)
