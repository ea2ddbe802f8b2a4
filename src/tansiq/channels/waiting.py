"""What waits, matter by matter, for whoever may dispose of it: an officer of the desk that said it, or a decider.

Invariant: what another desk said is not shown to this one. From the docket and the rows alone; no body is opened.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from tansiq.channels.matters import About, about
from tansiq.channels.queries import Waiting, waiting
from tansiq.channels.stored import Stored, stored
from tansiq.exchange.context import Context

__all__ = ["MatterWaiting", "matters_waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterWaiting:
    """A matter of which something waits: its first statement opened as far as this node may, and how many there are.

    ``by_hand``: a courier may take it; ``about`` what the room of the matter knows of it, if any does.
    """

    matter: bytes
    first: Stored
    count: int
    partner: str
    channel: str
    kind: str
    since_ms: int
    held_ms: int
    by_hand: bool
    about: About | None

    @property
    def sender(self) -> str:
        """The desk that said it."""
        return self.first.docket.sender


def matters_waiting(
    posts: Collection[str],
    *,
    every: bool = False,
    partner: str = "",
    channel: str = "",
    matter: bytes = b"",
    context: Context,
) -> list[MatterWaiting]:
    """The matters that wait, of desks in ``posts`` or of ``every`` desk, in the order in which they were said."""
    grouped: dict[bytes, list[Waiting]] = {}
    for row in waiting(partner=partner, channel=channel, matter=matter):
        grouped.setdefault(row.matter, []).append(row)
    known = about(list(grouped))
    found = []
    for reference, rows in grouped.items():
        first = stored(rows[0].statement, context=context)
        if not every and first.docket.sender not in posts:
            continue
        found.append(
            MatterWaiting(
                matter=reference,
                first=first,
                count=len({row.statement for row in rows}),
                partner=rows[0].partner,
                channel=rows[0].channel,
                kind=rows[0].kind,
                since_ms=rows[0].since_ms,
                held_ms=rows[0].held_ms,
                by_hand=all(row.by_hand for row in rows),
                about=known.get(reference),
            )
        )
    return found
