"""Every node key that this node ever learnt of, for verifying what is old.

Invariant: keys come from directory documents alone, whose identity's signature was checked when they were taken and
is checked again here; an expired or revoked key still verifies what was taken while it was believed.
"""

from __future__ import annotations

from tansiq.errors import NotProven
from tansiq.node.snapshot import Snapshot
from tansiq.protocol.directory import Use, parse_directory
from tansiq.protocol.keys import PublicSigningKey

__all__ = ["KeyRing"]


class KeyRing:
    """Node signing keys by agency and identifier."""

    def __init__(self, view: Snapshot) -> None:
        self._keys: dict[tuple[str, bytes], PublicSigningKey] = {}
        for agency, encoded in view.rows("SELECT agency, encoded FROM directory_document"):
            for certified in parse_directory(bytes(encoded)).keys:
                if certified.use == Use.NODE_SIGNS:
                    key = PublicSigningKey(certified.public)
                    self._keys[agency, key.identifier] = key

    def key(self, agency: str, identifier: bytes) -> PublicSigningKey:
        """The key of ``agency`` with this identifier. Raises NotProven."""
        found = self._keys.get((agency, identifier))
        if found is None:
            raise NotProven("exchange.unknown-key", agency=agency)
        return found
