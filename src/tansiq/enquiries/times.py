"""Where time goes in enquiries: at the desks on their ways, and at the desk that answers.

Invariant: the answering desk's time runs from its agency's receipt to its answer, as both sides know it; of the latest that
ended. Codes and times alone, no matter is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

from django.db import connection

from tansiq.channels.statistics import DeskTime, desk_times, summed
from tansiq.enquiries.rows import Direction

__all__ = ["ANSWERING", "times_of"]

ANSWERING: Final = "answering"
"""Stands in ``to`` of the time that a desk took to answer."""
_MOST: Final = 2_000
_ENDED: Final = ("answered", "closed", "refused")


def _answering(posts: Sequence[str], *, channel: str, since_ms: int) -> list[DeskTime]:
    """How long desks took to answer: the partners' of what ``posts`` asked, and ``posts`` themselves."""
    spans: dict[tuple[str, str], list[int]] = {}
    with connection.cursor() as cursor:
        for own, direction, state in product(dict.fromkeys(posts), Direction, _ENDED):
            # By the index of a desk, the latest first: flat however many enquiries the node holds.
            cursor.execute(
                "SELECT channel, their_post, received_ms, answered_ms FROM enquiries_enquiry "
                "WHERE own_post = %s AND direction = %s AND state = %s ORDER BY order_ms DESC, matter DESC LIMIT %s",
                (own, int(direction), state, _MOST),
            )
            for of, theirs, received_ms, answered_ms in cursor.fetchall():
                known = received_ms is not None and answered_ms is not None and received_ms >= since_ms
                if known and channel in {"", of}:
                    post = theirs if direction == Direction.OUT else own
                    spans.setdefault((of, post), []).append(answered_ms - received_ms)
    return [summed(of, post, ANSWERING, some) for (of, post), some in spans.items()]


def times_of(posts: Sequence[str], *, channel: str = "", since_ms: int = 0) -> list[DeskTime]:
    """The times at every desk since ``since_ms``, by channel, the slowest first: on the ways, and (``to`` is `ANSWERING`) of
    those that answer or were asked by the desks ``posts``.
    """
    found = desk_times(channel=channel, since_ms=since_ms)
    if posts:
        found += _answering(posts, channel=channel, since_ms=since_ms)
    return sorted(found, key=lambda one: (one.channel, -one.median_ms, one.post, one.to))
