"""Whether a liaison officer's accreditation carries an enquiry: when it leaves, and when its sender said it.

Invariant: whoever sends one is judged by what that side knew: its own words on the accreditation, and those of ours that it had received
by its own signed receipt. So what was asked in good faith is taken, and what was asked knowingly after the end is not. Council Decision
2003/170/JHA, Articles 2 to 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tansiq.cases.contents import open_statements
from tansiq.channels.accreditations import (
    AccreditationRow,
    Direction,
    WordRow,
    accreditation_rows,
    against,
    grants_of,
    standing_of,
    words_of,
)
from tansiq.enquiries.routes import received_at
from tansiq.errors import Refused
from tansiq.exchange.context import Context
from tansiq.exchange.kinds import Arrived
from tansiq.policy.accreditation import Accreditation, Carried, limits
from tansiq.policy.accreditation_course import Move, State
from tansiq.policy.accreditation_words import Word
from tansiq.policy.channel_matter import Channel

__all__ = ["known_words", "require_accredited", "require_carried"]

_NONE: Final = ("limit.none",)
_BEGIN: Final = (Move.PROPOSE, Move.ACCEPT)
_AGAINST: Final = {
    State.PROPOSED: "limit.not-accepted",
    State.REFUSED: "limit.not-accepted",
    State.SUSPENDED: "limit.suspended",
    State.WITHDRAWN: "limit.withdrawn",
}


def _on(route: Sequence[str], partner: str) -> list[AccreditationRow]:
    """The accreditations of the officers whose desks stand on a route."""
    return [row for row in accreditation_rows("partner = %s", (partner,)) if row.post in route]


def _nearest(found: Iterator[tuple[str, ...]]) -> tuple[str, ...]:
    """What stands against the accreditation that comes nearest; nothing where one carries it."""
    return min(found, key=len, default=_NONE)


def require_accredited(
    channel: str, route: Sequence[str], *, partner: str, field: str, case: bytes, context: Context
) -> None:
    """Raises Refused ('channels.not-carried') unless what leaves now on a liaison officer's channel is carried by the accreditation of
    an officer whose desk stands on its route, whatever the rules of the channels say besides.
    """
    if channel != Channel.LIAISON:
        return
    rows = _on(route, partner)
    grants = grants_of([row.id for row in rows])
    at_ms = context.clock()
    nearest = _nearest(
        against(row, grants[row.id], Carried(host=row.host, field=field, case=case.hex(), at_ms=at_ms)) for row in rows
    )
    if nearest:
        raise Refused("channels.not-carried", agency=partner, reasons=", ".join(nearest))


def known_words(words: Sequence[WordRow], *, side: int, said_ms: int, partner: str) -> list[WordRow]:
    """The words on an accreditation that ``partner``, the side ``side`` (1 or 2), knew at ``said_ms`` of its clock.

    The first proposal and the first acceptance it knew in any case, for without them there is nothing to speak by; of two things in
    the same millisecond what is judged was said first.
    """
    beginning = set()
    for move in _BEGIN:
        first = min((word for word in words if word.kind == move), key=lambda word: word.number, default=None)
        beginning |= {first.statement} if first is not None else set()
    received = received_at([word.statement for word in words if word.side != side], partner)
    return [
        word
        for word in words
        if word.statement in beginning
        or (word.said_ms if word.side == side else received.get(word.statement, said_ms)) < said_ms
    ]


def _as_accepted(row: AccreditationRow, words: Sequence[WordRow], number: int, context: Context) -> Accreditation:
    """The proposal of this number; where its words were erased, or never came here, what the row says."""
    said = next((word for word in words if word.kind == Move.PROPOSE and word.number == number), None)
    stored = open_statements([said.statement], keys=context.keys).get(said.statement) if said is not None else None
    part = stored.part(Move.PROPOSE) if stored is not None else None
    proposal = Word.from_plain(part.content).proposal if part is not None else None
    return proposal or Accreditation(
        host=row.host, fields=row.fields, grants=grants_of([row.id])[row.id], from_ms=row.from_ms, until_ms=row.until_ms
    )


def _against(row: AccreditationRow, one: Arrived, context: Context) -> tuple[str, ...]:
    """Why the sender knew that this accreditation does not carry what it says; nothing when it did not."""
    docket, said_ms = one.docket, one.statement.time_ms
    words = words_of(row.id)
    theirs = 2 if row.direction == Direction.OURS else 1
    standing = standing_of(known_words(words, side=theirs, said_ms=said_ms, partner=row.partner))
    carried = Carried(host=row.host, field=docket.field, case=docket.case.hex(), at_ms=said_ms)
    stands = (_AGAINST[standing.state],) if standing.state in _AGAINST else ()
    return (*stands, *limits(_as_accepted(row, words, standing.accepted, context), carried))


def require_carried(one: Arrived, context: Context) -> None:
    """Raises Refused ('enquiries.not-carried') for what came on a liaison officer's channel and whose sender knew, when saying it, that no
    accreditation of an officer on its route carries it.
    """
    if one.docket.channel != Channel.LIAISON:
        return
    partner = one.statement.agency
    nearest = _nearest(_against(row, one, context) for row in _on(one.docket.route, partner))
    if nearest:
        raise Refused("enquiries.not-carried", agency=partner, reasons=", ".join(nearest))
