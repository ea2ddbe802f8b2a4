"""Whether a liaison officer's channel carries something now, and whether it did when somebody said it.

Invariant: who says something is judged by what that side knew: its own words, and those of ours that it had received by its own signed
receipt. So nothing that was said in good faith is lost, and nothing that was said knowingly after the end is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from tansiq.channels.accreditations import (
    AccreditationRow,
    accreditation_row,
    against,
    grants_of,
    standing_of,
    words_of,
)
from tansiq.enquiries.accredited import known_words
from tansiq.errors import Error, Refused
from tansiq.exchange.context import Context
from tansiq.policy.accreditation import Accreditation, Carried, limits
from tansiq.policy.accreditation_course import Move, State
from tansiq.relations.accreditation_state import proposal_of
from tansiq.relations.liaison import ChannelRow

__all__ = ["limits_now", "require_carried", "require_known"]

_REFUSALS: Final[Mapping[str, Callable[[], Error]]] = {
    "limit.not-accepted": lambda: Refused("relations.not-accepted"),
    "limit.withdrawn": lambda: Refused("relations.withdrawn"),
    "limit.suspended": lambda: Refused("relations.suspended"),
    "limit.expired": lambda: Refused("relations.expired"),
    "limit.too-early": lambda: Refused("relations.too-early"),
    "limit.other-host": lambda: Refused("relations.not-with-this-host"),
    "limit.other-case": lambda: Refused("relations.other-case"),
    "limit.other-field": lambda: Refused("relations.other-field"),
}
"""By the limit, the first that stands being told first."""
_STATES: Final = {
    State.PROPOSED: "limit.not-accepted",
    State.REFUSED: "limit.not-accepted",
    State.SUSPENDED: "limit.suspended",
    State.WITHDRAWN: "limit.withdrawn",
}


def _refuse(found: Sequence[str]) -> None:
    for code, refusal in _REFUSALS.items():
        if code in found:
            raise refusal()


def _carried(row: AccreditationRow, *, case: bytes, field: str, at_ms: int) -> Carried:
    return Carried(host=row.host, field=field, case=case.hex(), at_ms=at_ms)


def limits_now(channel: ChannelRow, *, at_ms: int) -> tuple[str, ...]:
    """Why the channel carries nothing at this moment, as codes of ``accreditation_limits``; nothing when it does."""
    row = accreditation_row(channel.accreditation)
    carried = _carried(row, case=channel.case_ref, field=channel.field, at_ms=at_ms)
    return against(row, grants_of([row.id])[row.id], carried)


def require_carried(channel: ChannelRow, *, at_ms: int) -> None:
    """Raises Refused, for the reason that weighs most, unless the channel carries its case at this moment."""
    _refuse(limits_now(channel, at_ms=at_ms))


def require_known(channel: ChannelRow, *, case: bytes, field: str, said_ms: int, context: Context) -> bool:
    """Raises Refused when the partner knew, at ``said_ms`` of its clock, that the channel does not carry this; returns whether it
    has ceased to carry it since.
    """
    row, words = accreditation_row(channel.accreditation), words_of(channel.accreditation)
    theirs = 2 if channel.ours else 1
    standing = standing_of(known_words(words, side=theirs, said_ms=said_ms, partner=channel.partner))
    if standing.state in _STATES:
        _refuse([_STATES[standing.state]])
    accepted = next((word for word in words if word.kind == Move.PROPOSE and word.number == standing.accepted), None)
    proposal = proposal_of(accepted.statement, context=context) if accepted is not None else None
    if proposal is None:  # its words were erased: what the row says holds
        proposal = Accreditation(
            host=row.host,
            fields=row.fields,
            grants=grants_of([row.id])[row.id],
            from_ms=row.from_ms,
            until_ms=row.until_ms,
        )
    _refuse(limits(proposal, _carried(row, case=case, field=field, at_ms=said_ms)))
    return bool(limits_now(channel, at_ms=context.clock()))
