"""A statement of ours that still waits, opened again: its docket, its parts and the officer's act in it.

Invariant: only what this node may open opens here; of what is for an officer's own eyes, the docket. Nothing is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from tansiq.errors import NotFound
from tansiq.exchange.context import Context
from tansiq.protocol.acts import PART_KIND as ACT
from tansiq.protocol.acts import Act, act_of
from tansiq.protocol.cbor import decode
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.docket import Docket, parse_docket
from tansiq.protocol.envelope import Lane
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import parse_part_proofs, parse_statement

__all__ = ["Stored", "dockets", "stored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """``parts`` without the officer's ``act``; ``whole`` is False where this node can't open all of them; ``lane`` as it waits."""

    id: bytes
    agency: str
    docket: Docket
    parts: tuple[Part, ...]
    act: Act | None
    whole: bool
    lane: Lane = Lane.NORMAL


def stored(statement: bytes, *, context: Context, lane: int = Lane.NORMAL) -> Stored:
    """The statement with this id. Raises NotFound (none, or its docket was erased) and NotProven (altered)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT encoded, docket, proofs, parts FROM exchange_statement WHERE id = %s", (statement,))
        row = cursor.fetchone()
    if row is None:
        raise NotFound("exchange.unknown-statement", statement=statement.hex())
    signed, docket = parse_statement(bytes(row[0])), bytes(row[1])
    proofs, ciphertexts = parse_part_proofs(decode(bytes(row[2]))), decode(bytes(row[3]))
    first, *keys = context.keys.contents(statement)
    if first is None:
        raise NotFound("keystore.no-contents")
    content, _ = reveal(
        docket, key=first, statement_id=statement, place=DOCKET_PLACE, commitment=signed.docket_commitment
    )
    opened: list[Part] = []
    for place, (ciphertext, proof) in enumerate(zip(ciphertexts, proofs, strict=True)):
        key = keys[place] if place < len(keys) else None
        if key is not None and ciphertext is not None:
            part, _ = reveal(ciphertext, key=key, statement_id=statement, place=place, commitment=proof.commitment)
            opened.append(parse_part(part))
    acts = [act_of(part) for part in opened if part.kind == ACT]
    return Stored(
        id=statement,
        agency=signed.agency,
        docket=parse_docket(content),
        parts=tuple(part for part in opened if part.kind != ACT),
        act=acts[0] if acts else None,
        whole=len(opened) == len(proofs),
        lane=Lane(lane),
    )


def dockets(statements: Sequence[bytes], *, context: Context) -> dict[bytes, Docket]:
    """The dockets of those of ``statements`` that open."""
    found: dict[bytes, Docket] = {}
    for one in statements:
        try:
            found[one] = stored(one, context=context).docket
        except NotFound:
            continue
    return found
