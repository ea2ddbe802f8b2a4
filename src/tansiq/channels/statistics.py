"""Where time goes on the ways: how long things stood at each desk, and how long from one desk to the next.

Invariant: counted from what the desks' own agencies signed (`stops`), proven or not, of the latest that passed; what no desk has
signed for is not guessed. A statement that is still on its way counts for the desks that it has left. Clocks of two agencies
differ, so a leg is never less than nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from django.db import connection

__all__ = ["MOST", "DeskTime", "desk_times", "summed"]

MOST: Final = 20_000
"""Of how many of the latest stops the figures are made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskTime:
    """How long things of a channel stood at ``post``, or, with ``to``, were on their way from it to the next desk.

    Half took ``median_ms`` at most, nine of ten ``most_ms``; ``longest_ms`` the slowest of ``count``.
    """

    channel: str
    post: str
    to: str = ""
    count: int
    median_ms: int
    most_ms: int
    longest_ms: int


def summed(channel: str, post: str, to: str, spans: Sequence[int]) -> DeskTime:
    """The figures of spans of time (ms), of which there is at least one.

    >>> summed("interpol", "int.hub/centre", "", [4, 1, 2]).median_ms
    2
    """
    found = sorted(max(0, span) for span in spans)
    count = len(found)
    return DeskTime(
        channel=channel,
        post=post,
        to=to,
        count=count,
        median_ms=found[(count - 1) // 2],
        most_ms=found[-(-9 * count // 10) - 1],
        longest_ms=found[-1],
    )


def _latest(channel: str, since_ms: int) -> Iterator[tuple[bytes, str, int, str, int, int | None]]:
    """Statement, channel, place, desk, taken and handed of the latest stops, in the order of the ways."""
    narrowed, values = (" AND channel = %s", [channel]) if channel else ("", [])
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT statement, channel, place, post, taken_ms, handed_ms FROM channels_stop "
            f"WHERE taken_ms >= %s{narrowed} ORDER BY taken_ms DESC LIMIT %s",
            [since_ms, *values, MOST],
        )
        rows = [(bytes(row[0]), *row[1:]) for row in cursor.fetchall()]
    yield from sorted(rows, key=lambda row: (row[0], row[2]))


def desk_times(*, channel: str = "", since_ms: int = 0) -> list[DeskTime]:
    """The times at every desk and between desks that follow one another, since ``since_ms``, by channel; the slowest first."""
    spans: dict[tuple[str, str, str], list[int]] = {}
    rows = list(_latest(channel, since_ms))
    for _, of, _, post, taken_ms, handed_ms in rows:
        if handed_ms is not None:
            spans.setdefault((of, post, ""), []).append(handed_ms - taken_ms)
    for one, following in pairwise(rows):
        same_way = one[0] == following[0] and one[2] + 1 == following[2]
        if same_way and one[5] is not None:
            spans.setdefault((one[1], one[3], following[3]), []).append(following[4] - one[5])
    found = [summed(*of, some) for of, some in spans.items()]
    return sorted(found, key=lambda one: (one.channel, -one.median_ms, one.post, one.to))
