"""Opening: the wraps of a statement, this node's keys, and what can be read with them.

Invariant: a reader that the docket does not cover refuses it, so a statement can't be passed off as addressed to
somebody else. Eyes-only wraps are left alone: their owner's key is not here.
"""

from __future__ import annotations

from dataclasses import dataclass

from tansiq.errors import NotFound, NotProven
from tansiq.exchange.context import Context
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.docket import Docket, agency_of, parse_docket
from tansiq.protocol.statement import Statement
from tansiq.protocol.wraps import SUITE_HYBRID, ContentKeys, Wrap, open_own, open_wrap, parse_wrap

__all__ = ["Opened", "open_docket", "open_keys", "open_statement"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the node's keys open of a statement: its docket, the keys, and the owner of the key that did."""

    docket: Docket
    keys: ContentKeys
    reader: str


def _own(wrap: Wrap, statement: Statement, context: Context) -> ContentKeys | None:
    if statement.agency == context.agency and wrap.reader in context.owns:
        return open_own(wrap, secrets_by_id=context.owns, statement_digest=statement.digest)
    return None


def open_keys(statement: Statement, *, wraps: list[bytes], context: Context) -> tuple[ContentKeys, str]:
    """The keys that this node may have, and whose key opened them; of several wraps, that which opens the body is preferred.

    Raises NotFound ('exchange.unopened': no wrap is for a key that is here) and NotProven (altered).
    """
    best: tuple[ContentKeys, str] | None = None
    for encoded in wraps:
        wrap = parse_wrap(encoded)
        if (keys := _own(wrap, statement, context)) is not None:
            best = (keys, context.agency)
            continue
        opening = context.opening.get(wrap.reader)
        if opening is None or wrap.suite != SUITE_HYBRID:
            continue
        opened = open_wrap(wrap, reader=opening.key, statement_digest=statement.digest)
        if isinstance(opened, ContentKeys) and (best is None or (opened.parts and not best[0].parts)):
            best = (opened, opening.owner)
            if opened.parts:
                break
    if best is None:
        raise NotFound("exchange.unopened")
    return best


def open_docket(statement: Statement, *, docket: bytes, keys: ContentKeys, reader: str, context: Context) -> Opened:
    """Opens the docket. Raises NotProven (altered, or not addressed to ``reader``) and BadInput."""
    content, _ = reveal(
        docket, key=keys.docket, statement_id=statement.id, place=DOCKET_PLACE, commitment=statement.docket_commitment
    )
    read = parse_docket(content)
    if agency_of(read.sender) != statement.agency:
        raise NotProven("exchange.other-sender")
    covered = read.covers(reader) if "/" in reader else read.covers_agency(reader)
    if not covered and reader != context.agency:
        raise NotProven("exchange.not-addressed", post=reader)
    return Opened(read, keys, reader)


def open_statement(statement: Statement, *, docket: bytes, wraps: list[bytes], context: Context) -> Opened:
    """Opens what this node may read: see `open_keys` and `open_docket`."""
    keys, reader = open_keys(statement, wraps=wraps, context=context)
    return open_docket(statement, docket=docket, keys=keys, reader=reader, context=context)
