"""Opening: the wraps of a statement, this node's keys, and what can be read with them.

Invariant: a reader that the docket does not cover refuses it, so a statement can't be passed off as addressed to
somebody else. Eyes-only wraps are left alone: their owner's key is not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tansiq.errors import Error, NotFound, NotProven
from tansiq.exchange.context import Context
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.docket import Docket, agency_of, parse_docket
from tansiq.protocol.statement import PartProof, Statement
from tansiq.protocol.wraps import SUITE_HYBRID, ContentKeys, Wrap, open_own, open_wrap, parse_wrap

__all__ = ["Opened", "keys_in", "open_docket", "open_statement", "prove_parts"]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the node's keys open of a statement: its docket, the keys, and the owner of the key that did."""

    docket: Docket
    keys: ContentKeys
    reader: str


def _opened(wrap: Wrap, statement: Statement, context: Context) -> tuple[ContentKeys, str] | None:
    """The keys in a wrap and whose key opened it; None when it is for nobody here. Raises NotProven."""
    if statement.agency == context.agency and wrap.reader in context.owns:
        return open_own(wrap, secrets_by_id=context.owns, statement_digest=statement.digest), context.agency
    opening = context.opening.get(wrap.reader)
    if opening is None or wrap.suite != SUITE_HYBRID:
        return None
    opened = open_wrap(wrap, reader=opening.key, statement_digest=statement.digest)
    return (opened, opening.owner) if isinstance(opened, ContentKeys) else None


def keys_in(statement: Statement, *, wraps: list[bytes], context: Context) -> Iterator[tuple[ContentKeys, str]]:
    """The keys that this node finds in ``wraps``, and whose key opened them; keys of the docket alone come last.

    Nothing proves them: whoever knows a statement can make a wrap of it. Raises NotFound ('exchange.unopened': none is for a key that
    is here) and NotProven (all that are were altered).
    """
    docket_alone: list[tuple[ContentKeys, str]] = []
    failed: Error = NotFound("exchange.unopened")
    found = False
    for wrap in map(parse_wrap, wraps):
        try:
            opened = _opened(wrap, statement, context)
        except Error as error:  # made for another statement, or altered: another wrap may hold
            failed = error
            continue
        if opened is None:
            continue
        found = True
        if opened[0].parts:
            yield opened
        else:
            docket_alone.append(opened)
    yield from docket_alone
    if not found:
        raise failed


def open_docket(statement: Statement, *, docket: bytes, keys: ContentKeys, reader: str, context: Context) -> Opened:
    """Opens the docket. Raises NotProven (altered, not addressed to ``reader``, or following itself) and BadInput."""
    content, _ = reveal(
        docket, key=keys.docket, statement_id=statement.id, place=DOCKET_PLACE, commitment=statement.docket_commitment
    )
    read = parse_docket(content)
    if agency_of(read.sender) != statement.agency:
        raise NotProven("exchange.other-sender")
    if statement.id in read.follows:
        raise NotProven("exchange.follows-itself")
    covered = read.covers(reader) if "/" in reader else read.covers_agency(reader)
    if not covered and reader != context.agency:
        raise NotProven("exchange.not-addressed", post=reader)
    return Opened(read, keys, reader)


def prove_parts(
    statement: Statement, keys: ContentKeys, *, parts: Sequence[bytes | None], proofs: Sequence[PartProof]
) -> None:
    """Raises NotProven unless ``keys`` open what is here of the body, as it was committed to."""
    for place, (part, key) in enumerate(zip(parts, keys.parts, strict=False)):
        if part is not None:
            reveal(part, key=key, statement_id=statement.id, place=place, commitment=proofs[place].commitment)


def open_statement(
    statement: Statement,
    *,
    docket: bytes,
    parts: Sequence[bytes | None],
    proofs: Sequence[PartProof],
    wraps: list[bytes],
    context: Context,
) -> Opened:
    """What this node may read by the first of ``wraps`` whose keys are proven. Raises as `keys_in`, `open_docket` and `prove_parts`."""
    failed: Error | None = None
    for keys, reader in keys_in(statement, wraps=wraps, context=context):
        try:
            opened = open_docket(statement, docket=docket, keys=keys, reader=reader, context=context)
            prove_parts(statement, keys, parts=parts, proofs=proofs)
        except Error as error:
            failed = failed or error
        else:
            return opened
    raise failed or NotFound("exchange.unopened")
