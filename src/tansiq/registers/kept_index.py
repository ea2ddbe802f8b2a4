"""The index of names as one encrypted file, so that a node with a large register starts in seconds.

Invariant: no name stands on the disk in any form: the file is sealed with a key of its own that lies in the key store, and each
writing has a new key; when the old one is dropped, what was removed from a register is gone from every copy of the file. The
file is only a short cut: whatever is wrong with it, the index is made from the stored entries. It is replaced in one step, so a
process killed while writing leaves the older one.

It is sealed array by array, each bound to its place, so that reading and writing need little more memory than the index itself. It
says by which code and tables it was made: another version of them makes the index anew, for keys and weights may differ.
"""

from __future__ import annotations

import functools
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from tansiq.errors import Error
from tansiq.keystore.sealing import seal, unseal
from tansiq.keystore.store import KeyStore
from tansiq.names import Segment
from tansiq.protocol.cbor import decode, encode

__all__ = ["Kept", "forget_index", "keep_index", "kept_index", "made_by"]

_USE: Final = "names"
_FORMAT: Final = b"tansiq names 2"
_LENGTH: Final = 8
_MADE_OF: Final = (
    "compounds.py", "distance.py", "facts.py", "fold.py", "parts.py", "rarity.json", "rarity.py", "rarity.toml", "segment.py",
    "signs.py", "skeleton.py",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kept:
    """The persons of each register, as it was in its version."""

    segments: Mapping[str, Segment]
    versions: Mapping[str, int]


@functools.cache
def made_by() -> bytes:
    """A digest of the code and the tables of which an index is made; of what only searches it, none."""
    digest = hashlib.sha256()
    for name in _MADE_OF:
        digest.update(hashlib.sha256(resources.files("tansiq.names").joinpath(name).read_bytes()).digest())
    return digest.digest()


def _blocks(kept: Kept) -> Iterator[bytes]:
    """The head, then every array."""
    arrays = {register: segment.arrays() for register, segment in kept.segments.items()}
    fields = [
        [register, name, array.dtype.str, list(array.shape)]
        for register, held in arrays.items()
        for name, array in held.items()
    ]
    yield encode({"made_by": made_by(), "versions": dict(kept.versions), "fields": fields})
    for held in arrays.values():
        yield from (array.tobytes() for array in held.values())


def _write(out: BinaryIO, blocks: Iterable[bytes], *, key: bytes, identifier: bytes) -> None:
    out.write(identifier)
    for place, block in enumerate(blocks):
        sealed = seal(block, key=key, bound_to=_bound(identifier, place))
        out.write(len(sealed).to_bytes(_LENGTH, "big") + sealed)
    out.flush()
    os.fsync(out.fileno())


def _bound(identifier: bytes, place: int) -> bytes:
    return _FORMAT + identifier + place.to_bytes(_LENGTH, "big")


def keep_index(file: Path, kept: Kept, *, keys: KeyStore) -> None:
    """Writes ``kept``. Raises OSError."""
    key, identifier = secrets.token_bytes(32), secrets.token_bytes(16)
    before = [known for known, _, _ in keys.secrets(_USE)]
    keys.put_secret(identifier=identifier, use=_USE, owner="names", private=key)
    fresh = file.with_name(f".{file.name}.{identifier.hex()[:8]}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            _write(out, _blocks(kept), key=key, identifier=identifier)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    for stale in file.parent.glob(f".{file.name}.*"):  # a process that was killed while writing left it
        stale.unlink(missing_ok=True)
    for known in before:
        keys.drop_secret(known)


def kept_index(file: Path, *, keys: KeyStore) -> Kept | None:
    """What was kept; None where there is nothing that can be used."""
    try:
        with file.open("rb") as source:
            return _read(source, {identifier: key for identifier, _, key in keys.secrets(_USE)})
    except (OSError, KeyError, TypeError, ValueError, Error):
        return None


def _read(source: BinaryIO, known: Mapping[bytes, bytes]) -> Kept:
    """Raises KeyError, TypeError, ValueError or Error for anything but what `_write` wrote."""
    identifier = source.read(16)
    key = known[identifier]

    def block(place: int) -> bytes:
        length = int.from_bytes(source.read(_LENGTH), "big")
        if length > os.fstat(source.fileno()).st_size:
            raise ValueError(length)
        return unseal(source.read(length), key=key, bound_to=_bound(identifier, place), code="keystore.damaged")

    head = decode(block(0))
    if head["made_by"] != made_by():
        raise ValueError(head["made_by"])
    arrays: dict[str, dict[str, Any]] = {}
    for place, (register, name, kind, shape) in enumerate(head["fields"], 1):
        held = np.frombuffer(block(place), np.dtype(kind))
        arrays.setdefault(str(register), {})[str(name)] = held.reshape(shape)
    segments = {register: Segment(held) for register, held in arrays.items()}
    return Kept(segments, {str(name): int(version) for name, version in head["versions"].items()})


def forget_index(file: Path, *, keys: KeyStore) -> None:
    """Removes the file and its key."""
    file.unlink(missing_ok=True)
    for identifier, _, _ in keys.secrets(_USE):
        keys.drop_secret(identifier)
