"""Pages of what a reader may see: looked through from a place on, filtered, until a page is full.

Invariant: nothing that the reader may see is left out: a page ends where the next one begins. How much is looked at for one page is bounded, so
a page costs the same however much there is; one that is not full then goes on at an older one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

__all__ = ["MOST", "Page", "Place", "page_of", "place_from"]

MOST: Final = 1_000
"""Rows that are looked at for one page."""
_ID: Final = 16
_Row = TypeVar("_Row")
_Shown = TypeVar("_Shown")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a page ended: the moment (UTC milliseconds) and the identifier of its last row."""

    ms: int
    id: bytes

    def __str__(self) -> str:
        return f"{self.ms}-{self.id.hex()}"


@dataclass(frozen=True, slots=True)
class Page(Generic[_Shown]):
    """What one page shows, and where the next, older one begins (None: there is none)."""

    rows: tuple[_Shown, ...]
    older: Place | None


def place_from(said: str) -> Place | None:
    """The place in an address; None for what is none.

    >>> place_from(str(Place(5, bytes(16)))) == Place(5, bytes(16)), place_from("5-xx"), place_from("")
    (True, None, None)
    """
    ms, _, named = said.partition("-")
    try:
        place = Place(int(ms), bytes.fromhex(named))
    except ValueError:
        return None
    return place if len(place.id) == _ID and 0 <= place.ms < 1 << 62 else None


def page_of(
    read: Callable[[Place | None, int], Sequence[_Row]],
    place_of: Callable[[_Row], Place],
    seen: Callable[[Sequence[_Row]], Sequence[tuple[_Row, _Shown]]],
    *,
    before: Place | None,
    limit: int,
    most: int = 0,
) -> Page[_Shown]:
    """One page of up to ``limit`` rows, from ``before`` on.

    ``read`` gives up to so many rows behind a place, in order; ``seen`` those of them that the reader may see, each with what is shown of it.
    """
    shown: list[_Shown] = []
    looked = 0
    while True:
        rows = read(before, limit + 1)
        for row, one in seen(rows):
            if len(shown) == limit:
                return Page(tuple(shown), before)
            shown.append(one)
            before = place_of(row)
        if len(rows) <= limit:
            return Page(tuple(shown), None)
        before, looked = place_of(rows[-1]), looked + len(rows)
        if looked >= (most or MOST):
            return Page(tuple(shown), before)
