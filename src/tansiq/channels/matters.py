"""What rooms above know of a matter that waits: what it is called, where it is shown, until when it must be answered.

Invariant: this room asks, and imports none of them. What nobody knows is shown by its kind alone. A room answers from its rows;
nothing of a body is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["About", "Knower", "about", "know_matters"]


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What is known of a matter: ``title`` in a language, ``url`` the address of its page ('' none; asked when it is shown),
    the deadline that runs (UTC ms; None).
    """

    title: Callable[[str], str]
    url: Callable[[], str] = str
    deadline_ms: int | None = None


Knower = Callable[[Sequence[bytes]], Mapping[bytes, About]]
"""Matters → what is known of those that the room knows."""
_knowers: list[Knower] = []


def know_matters(knower: Knower) -> None:
    """Registers a room; again changes nothing."""
    if knower not in _knowers:
        _knowers.append(knower)


def about(matters: Sequence[bytes]) -> dict[bytes, About]:
    """What is known of ``matters``; one that nobody knows is not among them."""
    found: dict[bytes, About] = {}
    left = list(dict.fromkeys(matters))
    for knower in _knowers:
        if left:
            found |= knower(left)
            left = [matter for matter in left if matter not in found]
    return found
