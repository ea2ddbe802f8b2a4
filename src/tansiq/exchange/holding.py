"""What must wait because its channel is suspended: the room of channels registers, this room asks once per sending.

Invariant: what is held stands in the outbox without a number, so its partner sees no gap; it is judged in the transaction that
puts it there. No room registered: nothing is held. Service statements are of no channel that anybody suspends.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from tansiq.protocol.docket import ALL_MEMBERS, Docket, agency_of

__all__ = ["Going", "Holder", "anything_closed", "hold", "note_carried", "partners_of", "set_holder"]


@dataclass(frozen=True, slots=True)
class Going:
    """A statement that is put into the outbox for ``peer``."""

    statement: bytes
    peer: str
    partners: str
    channel: str
    matter: bytes
    kind: str
    since_ms: int


class Holder(Protocol):
    """Whoever knows which channels are suspended."""

    def closed(self) -> bool:
        """Whether any channel is suspended now, as the caller's transaction sees it."""

    def hold(self, going: Sequence[Going]) -> list[bool]:
        """Which of them wait; noted, in the caller's transaction. Asked only where some channel is suspended."""

    def carried(self, peer: str, statements: Sequence[bytes], now_ms: int) -> None:
        """Notes that held statements leave by courier, in the caller's transaction."""


_holders: list[Holder] = []


def set_holder(holder: Holder) -> None:
    """Registers who knows; another one takes its place."""
    _holders[:] = [holder]


def anything_closed() -> bool:
    """Whether anything is suspended now; asked once for all that is said together."""
    return bool(_holders) and _holders[0].closed()


def hold(going: Sequence[Going]) -> list[bool]:
    """Which of them wait for their channel."""
    return _holders[0].hold(going)


def note_carried(peer: str, statements: Sequence[bytes], now_ms: int) -> None:
    """Tells who registered what leaves by courier."""
    if statements and _holders:
        _holders[0].carried(peer, statements, now_ms)


def partners_of(docket: Docket, agency: str) -> str:
    """The agencies to whom a docket is addressed, ``agency`` (ours) left out, as a column of the outbox keeps them."""
    return _partners(docket.addressees, agency)


@lru_cache(maxsize=1024)
def _partners(addressees: tuple[str, ...], agency: str) -> str:
    found = dict.fromkeys(agency_of(post) for post in addressees if post != ALL_MEMBERS)
    return " ".join(one for one in found if one != agency)
