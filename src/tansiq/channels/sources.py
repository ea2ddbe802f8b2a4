"""What rooms above know of the world between two services: agreements in force, operations agreed, cases that both know.

Invariant: this room asks, and imports none of them; where nobody has registered, nothing is in force. A source answers for one partner
(an agency), from its tables alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from tansiq.policy.channel_matter import Agreement

__all__ = ["agreements_with", "is_shared", "operations_with", "register", "sources"]

Agreements: TypeAlias = Callable[[str], Iterable[Agreement]]
"""Partner → agreements with its state."""
Operations: TypeAlias = Callable[[str], Iterable[bytes]]
"""Partner → references of 16 bytes."""
Shared: TypeAlias = Callable[[str, bytes], bool]
"""Partner and case → whether both know it."""


@dataclass(slots=True)
class _Sources:
    agreements: list[Agreements] = field(default_factory=list)
    operations: list[Operations] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)


sources = _Sources()
"""Those of this process."""


def register(
    *, agreements: Agreements | None = None, operations: Operations | None = None, shared: Shared | None = None
) -> None:
    """Adds what a room knows; the same twice is there once."""
    if agreements is not None and agreements not in sources.agreements:
        sources.agreements.append(agreements)
    if operations is not None and operations not in sources.operations:
        sources.operations.append(operations)
    if shared is not None and shared not in sources.shared:
        sources.shared.append(shared)


def agreements_with(partner: str) -> tuple[Agreement, ...]:
    """The agreements with the partner's state, ended ones too."""
    return tuple(one for source in sources.agreements for one in source(partner))


def operations_with(partner: str) -> frozenset[bytes]:
    """The joint operations that are agreed with the partner and have not ended."""
    return frozenset(one for source in sources.operations for one in source(partner))


def is_shared(partner: str, case: bytes) -> bool:
    """Whether both know the case by this reference."""
    return bool(case) and any(source(partner, case) for source in sources.shared)
