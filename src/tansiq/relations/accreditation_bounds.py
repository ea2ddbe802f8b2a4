"""What one side can say alone of accreditations is bounded: proposals without an answer, words on one of them, when its officer is reached.

Invariant: what one side says takes nothing from what the other may say, and a withdrawal can always be said. Of when the officer is reached
the latest words are kept, for each takes the place of the one before; nothing else is ever dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.db import connection

from tansiq.channels.accreditations import WordRow
from tansiq.errors import Refused
from tansiq.policy.accreditation_course import Move, Side

__all__ = ["MAX_OPEN", "MAX_REACH", "MAX_WORDS", "drop_superseded", "require_open_left", "require_room"]

MAX_OPEN: Final = 64
"""Officers whom one side may have proposed to the other without an answer, those among them whom it withdrew within a year."""
MAX_WORDS: Final = 512
"""Words on one accreditation, half of them each side's own. One more is for its withdrawal."""
MAX_REACH: Final = 64
"""Words on when the officer is reached that are kept of one accreditation."""
_YEAR_MS: Final = 365 * 86_400_000


def require_open_left(partner: str, direction: int, *, now_ms: int) -> None:
    """Raises Refused ('relations.too-many-accreditations') where one side has proposed as many officers as may wait for an answer."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM channels_accreditation WHERE partner = %s AND direction = %s AND accepted = 0 "
            "AND (state = 'proposed' OR (state = 'withdrawn' AND changed_ms > %s))",
            (partner, direction, now_ms - _YEAR_MS),
        )
        if cursor.fetchone()[0] >= MAX_OPEN:
            raise Refused("relations.too-many-accreditations", most=MAX_OPEN, agency=partner)


def require_room(words: Sequence[WordRow], side: Side, move: Move) -> None:
    """Raises Refused ('relations.accreditation-full') where a side has said all that one accreditation holds of it."""
    said, most = [one.kind for one in words if one.said.side is side and one.kind != Move.REACH], MAX_WORDS // 2
    ends = move is Move.WITHDRAW and Move.WITHDRAW not in said
    if move is not Move.REACH and len(said) >= most + ends:
        raise Refused("relations.accreditation-full", most=most)


def drop_superseded(words: Sequence[WordRow]) -> list[WordRow]:
    """The words that are kept of ``words``, all of one accreditation; the others are dropped, in the caller's transaction."""
    told = sorted((one for one in words if one.kind == Move.REACH), key=lambda one: one.place)
    gone = {one.statement for one in told[:-MAX_REACH]}
    with connection.cursor() as cursor:
        cursor.executemany("DELETE FROM channels_accreditation_word WHERE statement = %s", [(one,) for one in gone])
    return [one for one in words if one.statement not in gone]
