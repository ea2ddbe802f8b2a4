"""Drafts: what a capability wants said, and the statement made of it.

Invariant: a draft names its readers; nobody else can open what is made of it. A reader of the docket alone gets the docket's key alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tansiq.exchange.context import Context
from tansiq.protocol.acts import make_act
from tansiq.protocol.cbor import encode
from tansiq.protocol.concealment import DOCKET_PLACE, conceal
from tansiq.protocol.docket import Docket
from tansiq.protocol.envelope import Handover, Lane
from tansiq.protocol.ids import new_id
from tansiq.protocol.keys import PublicSealingKey, Signer
from tansiq.protocol.parts import Part
from tansiq.protocol.statement import Made, sign_concealed
from tansiq.protocol.wraps import Wrap, seal_nested, seal_own, seal_wrap

__all__ = ["Composed", "Draft", "OfficerAct", "Reader", "compose", "wraps_to_bytes"]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody to whom the keys are sealed, on the hop to ``peer``; ``custodians`` make it a nested (recovery) wrap."""

    peer: str
    key: PublicSealingKey
    docket_only: bool = False
    custodians: tuple[PublicSealingKey, ...] = ()


@dataclass(frozen=True, slots=True)
class OfficerAct:
    """The officer whose signature goes inside: service number, post, what is done (a code), the opened key."""

    officer: str
    post: str
    act: str
    signer: Signer


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be said. ``handovers`` are the desks that it passed in this house before it leaves."""

    docket: Docket
    parts: Sequence[Part]
    readers: Sequence[Reader]
    lane: Lane = Lane.NORMAL
    act: OfficerAct | None = None
    handovers: tuple[Handover, ...] = ()
    case: bytes = b""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Composed:
    """A statement made of a draft, with its wraps per peer."""

    draft: Draft
    made: Made
    wraps: dict[str, list[Wrap]] = field(repr=False)


def wraps_to_bytes(wraps: Sequence[Wrap]) -> bytes:
    """Wraps as the key store keeps them."""
    return encode([wrap.encoded for wrap in wraps])


def compose(draft: Draft, *, context: Context, now_ms: int, make_id: Callable[[int], bytes] = new_id) -> Composed:
    """Conceals, lets the officer sign, signs, and seals the keys to every reader."""
    statement_id = make_id(now_ms)
    docket = conceal(draft.docket.to_bytes(), statement_id=statement_id, place=DOCKET_PLACE)
    parts = [conceal(part.to_bytes(), statement_id=statement_id, place=place) for place, part in enumerate(draft.parts)]
    if draft.act is not None:
        act = make_act(
            statement_id=statement_id,
            officer=draft.act.officer,
            post=draft.act.post,
            act=draft.act.act,
            time_ms=now_ms,
            docket_commitment=docket.commitment,
            part_commitments=[part.commitment for part in parts],
            signer=draft.act.signer,
        )
        parts.append(conceal(act.to_bytes(), statement_id=statement_id, place=len(parts)))
    made = sign_concealed(
        agency=context.agency,
        statement_id=statement_id,
        time_ms=now_ms,
        docket=docket,
        parts=parts,
        signer=context.signer,
    )
    digest = made.statement.digest
    wraps: dict[str, list[Wrap]] = {}
    for reader in draft.readers:
        keys = made.keys.docket_only if reader.docket_only else made.keys
        wrap = (
            seal_nested(keys, custodians=reader.custodians, statement_digest=digest)
            if reader.custodians
            else seal_wrap(keys, reader=reader.key, statement_digest=digest)
        )
        wraps.setdefault(reader.peer, []).append(wrap)
    own = seal_own(made.keys, secret=context.own, statement_digest=digest)
    for hop in wraps.values():
        hop.append(own)
    return Composed(draft, made, wraps)
