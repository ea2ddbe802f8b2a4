"""An officer at work with keys of one's own, as this room needs one.

Invariant: the keys are open for one act or one page and are kept nowhere.
"""

from __future__ import annotations

from typing import Protocol

from tansiq.channels.officers import ActingOfficer
from tansiq.protocol.keys import SealingKey

__all__ = ["KeyOfficer"]


class KeyOfficer(ActingOfficer, Protocol):
    """An officer who signs, and may read with keys of one's own or as a custodian."""

    @property
    def reading(self) -> tuple[SealingKey, ...]:
        """The eyes-only keys; none for most."""

    @property
    def recovery(self) -> tuple[SealingKey, ...]:
        """The keys of a custodian; none for most."""
