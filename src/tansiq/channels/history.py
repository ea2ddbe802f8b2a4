"""How long each channel took in our own past: from what other rooms keep of what they sent and what was answered.

Invariant: counted from the latest that ended, at most `MOST` by channel, of one partner; where there are fewer than `FEWEST` nothing is
foretold. The figures are those of the addressee's answer, not of a promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from tansiq.policy.channel_matter import CHANNELS, Channel

__all__ = ["FEWEST", "MOST", "Expected", "Spans", "expected", "expected_by_channel", "register_spans"]

MOST: Final = 50
FEWEST: Final = 3

Spans: TypeAlias = Callable[[Sequence[str], str, str], Iterable[int]]
"""Desks of ours, partner, channel → how long the latest took from sending to answer (ms), at most `MOST`."""

_sources: list[Spans] = []


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Of ``count`` that ended lately half were answered within ``median_ms`` and nine of ten within ``most_ms``."""

    count: int
    median_ms: int
    most_ms: int


def register_spans(source: Spans) -> None:
    """Adds a room that knows how long its things took; the same twice is there once."""
    if source not in _sources:
        _sources.append(source)


def expected(spans: Iterable[int]) -> Expected | None:
    """What the spans say; None when they are too few.

    >>> expected([3, 1, 2, 10])
    Expected(count=4, median_ms=2, most_ms=10)
    """
    found = sorted(spans)
    if len(found) < FEWEST:
        return None
    count = len(found)
    return Expected(count=count, median_ms=found[(count - 1) // 2], most_ms=found[-(-9 * count // 10) - 1])


def expected_by_channel(posts: Sequence[str], partner: str) -> Mapping[Channel, Expected]:
    """What is to be expected of each channel between desks of ours and a partner; a channel without history is left out."""
    out = {}
    for channel in CHANNELS:
        spans = [span for source in _sources for span in source(posts, partner, str(channel))]
        if (found := expected(spans)) is not None:
            out[channel] = found
    return out
