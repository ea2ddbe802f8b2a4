"""Settling: the state in force is made of both sides' words, in one commit with what it holds or lets go.

Invariant: nothing else changes a `Standing`. A moment that was named (from, until) takes effect when the clock comes by, at the
latest half a minute later; until then what was in force is, for what is said too, so nothing overtakes what waits.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from tansiq.channels import holding
from tansiq.channels.queries import OURS, THEIRS, said_by, standing_rows
from tansiq.exchange.context import Context
from tansiq.faults import reach
from tansiq.policy.channel_matter import Channel, Standing, State
from tansiq.policy.channel_word import in_force, last_in_force, next_change

__all__ = ["Settled", "settle", "settle_due"]


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of it: the states in force, and how many statements were held or let go."""

    standing: Standing
    held: int = 0
    let_go: int = 0


def settle(partner: str, channel: Channel, *, context: Context) -> Settled:
    """Puts into force what the words of both sides say now, in one commit or the caller's transaction."""
    now_ms = context.clock()
    with transaction.atomic():
        holding.lock()
        before = standing_rows(partner)[channel]
        ours, theirs = said_by(OURS, partner, channel), said_by(THEIRS, partner, channel)
        after = Standing(own=in_force(ours, now_ms), announced=in_force(theirs, now_ms))
        changes = [moment for moment in (next_change(ours, now_ms), next_change(theirs, now_ms)) if moment is not None]
        behind = [last_in_force(said, now_ms) for said in (ours, theirs)]
        since_ms = now_ms if after != before.standing or not before.since_ms else before.since_ms
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO channels_standing (partner, channel, own, announced, ours, theirs, since_ms, next_ms) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (partner, channel) DO UPDATE SET own = excluded.own, "
                "announced = excluded.announced, ours = excluded.ours, theirs = excluded.theirs, since_ms = excluded.since_ms, "
                "next_ms = excluded.next_ms",
                (
                    partner, str(channel), str(after.own), str(after.announced), *(one.id if one else None for one in behind),
                    since_ms, min(changes, default=None),
                ),
            )  # fmt: skip
        held = let_go = 0
        if after.worst == State.SUSPENDED and before.standing.worst != State.SUSPENDED:
            held = holding.begin(partner, channel, now_ms=now_ms)
        elif before.standing.worst == State.SUSPENDED and after.worst != State.SUSPENDED:
            let_go = holding.end(partner, channel, now_ms=now_ms)
        holding.lock()  # again: who looked in this transaction, before the row above, must look once more
        reach("channels.settle.before-commit")
    reach("channels.settle.after-commit")
    return Settled(after, held, let_go)


def settle_due(*, context: Context) -> int:
    """Settles every channel of which a named moment has come; for the clock. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT partner, channel FROM channels_standing WHERE next_ms <= %s", (context.clock(),))
        due = cursor.fetchall()
    for partner, channel in due:
        settle(partner, Channel(channel), context=context)
    return len(due)
