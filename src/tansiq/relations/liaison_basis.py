"""The basis in law that stands in a case, on a liaison officer's channel: stated once by a service, referred to afterwards.

Invariant: a basis is that of a statement of the same service on the same channel, or on a predecessor's; whoever refers to it
can open it, so it is judged again with each message that rests on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tansiq.cases.contents import open_statements
from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.exchange.eyes_only import open_with
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.liaison import LiaisonMessage
from tansiq.protocol.docket import agency_of
from tansiq.protocol.keys import SealingKey
from tansiq.relations.liaison import MESSAGE, ChannelRow, LiaisonRow, line_of, words_on

__all__ = ["Basis", "basis_of", "standing_bases"]


@dataclass(frozen=True, slots=True)
class Basis:
    """A basis and the statement in which it stands."""

    statement: bytes
    law: LawBasis
    said_ms: int


def _law_in(row: LiaisonRow, *, reading: Sequence[SealingKey], context: Context) -> LawBasis | None:
    """The basis that a message states itself; None when it states none, or does not open here."""
    try:
        if row.closed:
            part = open_with(row.statement, reading, context=context).part(MESSAGE)
        else:
            stored = open_statements([row.statement], keys=context.keys).get(row.statement)
            part = stored.part(MESSAGE) if stored is not None else None
        return LiaisonMessage.from_plain(part.content).law if part is not None else None
    except Error:
        return None


def _said_by(channel: ChannelRow, agency: str) -> list[LiaisonRow]:
    matters = [one.matter for one in line_of(channel)]
    return [row for row in words_on(matters) if agency_of(row.sender) == agency]


def basis_of(
    statement: str | None, channel: ChannelRow, *, agency: str, reading: Sequence[SealingKey], context: Context
) -> LawBasis | None:
    """The basis that ``agency`` stated in the statement of this hexadecimal id on this channel; None when it did not.

    ``reading`` are the eyes-only keys of whoever asks.
    """
    if statement is None:
        return None
    for row in _said_by(channel, agency):
        if row.statement.hex() == statement:
            return _law_in(row, reading=reading, context=context)
    return None


def standing_bases(channel: ChannelRow, *, agency: str, reading: Sequence[SealingKey], context: Context) -> list[Basis]:
    """The bases that ``agency`` has stated on this channel and that open here, the latest first."""
    found = []
    for row in reversed(_said_by(channel, agency)):
        law = _law_in(row, reading=reading, context=context)
        if law is not None:
            found.append(Basis(row.statement, law, row.said_ms))
    return found
