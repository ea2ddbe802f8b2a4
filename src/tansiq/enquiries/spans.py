"""How long our enquiries took, for what is expected of a channel.

Invariant: by index, the latest that ended first, and of a rare partner only as far back as `_FAR`; what was withdrawn says nothing of a channel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection

from tansiq.channels.history import MOST
from tansiq.enquiries.rows import Direction

__all__ = ["spans_of"]

_ENDED: Final = ("answered", "closed", "refused")
_FAR: Final = 500
_ONE: Final = (
    "SELECT partner, sent_ms, answered_ms FROM enquiries_enquiry WHERE own_post = %s AND channel = %s AND direction = %s "
    "AND state = %s ORDER BY order_ms DESC, matter DESC LIMIT %s"
)


def _ended(post: str, channel: str) -> Iterator[tuple[str, int, int]]:
    with connection.cursor() as cursor:
        for state in _ENDED:
            cursor.execute(_ONE, (post, channel, int(Direction.OUT), state, _FAR))
            yield from ((row[0], row[1], row[2]) for row in cursor.fetchall() if row[2] is not None)


def spans_of(posts: Sequence[str], partner: str, channel: str) -> list[int]:
    """From sending to answer, in milliseconds, of the latest enquiries of these desks to ``partner`` by ``channel``."""
    found = [(answered, sent) for post in posts for one, sent, answered in _ended(post, channel) if one == partner]
    return [max(answered - sent, 0) for answered, sent in sorted(found, reverse=True)[:MOST]]
