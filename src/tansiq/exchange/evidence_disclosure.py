"""Disclosing a content in an evidence file: who, on what conditions, and the log of it.

Invariant: a content leaves only after `policy.handling` allowed this use of it to this reader, and its disclosure is in
the access journal in the same commit (LED article 25; field.md rows 37 and 64). What a statement is to the law (its
purpose, its conditions, the question of ill-treatment) is known to the capability of its kind, which answers for it
(`Hold`); from the docket alone only the strictest reading is possible (`held_by_docket`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.journal.access import Access, Operation, log_access
from tansiq.policy.conditions import Conditions
from tansiq.policy.handling import Held, Reader, Use, check_use
from tansiq.protocol.concealment import DOCKET_PLACE, reveal
from tansiq.protocol.docket import Docket, parse_docket
from tansiq.protocol.evidence import place_name
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part, parse_part
from tansiq.protocol.statement import PartProof, Statement

__all__ = ["Disclosing", "Hold", "Shown", "disclose_places", "held_by_docket"]


@dataclass(frozen=True, slots=True)
class Shown:
    """A content that is to be shown (``place``, -1 the docket), with all that is readable here of its statement."""

    statement: Statement
    docket: Docket
    parts: Sequence[Part | None] = field(repr=False)
    place: int


Hold = Callable[[Shown], Held]
"""What the content is to this node: originator, readers, purpose, conditions."""


def held_by_docket(shown: Shown) -> Held:
    """A content as its docket alone tells it. Nobody but the originator's own post may use it: no purpose is known."""
    docket = shown.docket
    return Held(
        originator=shown.statement.agency,
        origin_posts=frozenset((docket.sender,)),
        addressees=frozenset((*docket.route, *docket.addressees)),
        purpose="",
        conditions=Conditions(codes=docket.handling, classification=docket.classification or None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosing:
    """Who discloses, to whom and why. ``use`` is that before a court, or the export to another; ``recipients`` are
    agencies, posts or courts as the log names them.
    """

    reader: Reader
    hold: Hold = held_by_docket
    use: Use = Use.COURT
    justification: str = ""
    ordered_by: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Opened:
    docket: Docket
    parts: tuple[Part | None, ...]
    openings: Mapping[int, bytes]


def _reveal(
    statement: Statement, ciphertext: bytes | None, key: bytes | None, place: int, commitment: bytes
) -> tuple[bytes, bytes] | None:
    """``(content, opening)``, or None when the content or its key is not here (any more)."""
    if ciphertext is None or key is None:
        return None
    return reveal(ciphertext, key=key, statement_id=statement.id, place=place, commitment=commitment)


def _readable(content: bytes) -> Part | None:
    try:
        return parse_part(content)
    except Error:
        return None


def _open(
    statement: Statement,
    docket: bytes,
    ciphertexts: Sequence[bytes | None],
    proofs: Sequence[PartProof],
    context: Context,
) -> _Opened:
    """Everything of a statement that this node's kept keys open. Raises NotFound when not even the docket is."""
    keys = context.keys.contents(statement.id)
    first = _reveal(statement, docket, keys[0], DOCKET_PLACE, statement.docket_commitment)
    if first is None:
        raise NotFound("evidence.not-openable", statement=id_text(statement.id), place=place_name(DOCKET_PLACE))
    openings = {DOCKET_PLACE: first[1]}
    parts: list[Part | None] = [None] * len(proofs)
    for place, (ciphertext, key, proof) in enumerate(zip(ciphertexts, keys[1:], proofs, strict=False)):
        if (opened := _reveal(statement, ciphertext, key, place, proof.commitment)) is not None:
            parts[place] = _readable(opened[0])
            openings[place] = opened[1]
    return _Opened(parse_docket(first[0]), tuple(parts), openings)


def disclose_places(
    statement: Statement,
    *,
    docket: bytes,
    ciphertexts: Sequence[bytes | None],
    proofs: Sequence[PartProof],
    places: Collection[int],
    disclosing: Disclosing,
    context: Context,
) -> dict[int, bytes]:
    """The openings of ``places``, each asked of the policy, and the log of it, in the caller's transaction.

    Raises NotFound (erased, or closed to this node) and Refused('policy.use').
    """
    opened = _open(statement, docket, ciphertexts, proofs, context)
    now_ms = context.clock()
    for place in places:
        if place not in opened.openings:
            raise NotFound("evidence.not-openable", statement=id_text(statement.id), place=place_name(place))
        held = disclosing.hold(Shown(statement, opened.docket, opened.parts, place))
        check_use(disclosing.use, held, disclosing.reader, at_ms=now_ms)
    log_access(
        [
            Access(
                operation=Operation.DISCLOSURE,
                officer=disclosing.reader.officer,
                thing=statement.id,
                purpose=disclosing.reader.purpose,
                justification=disclosing.justification,
                ordered_by=disclosing.ordered_by,
                recipients=disclosing.recipients,
                time_ms=now_ms,
            )
        ],
        keys=context.keys,
    )
    return {place: opened.openings[place] for place in sorted(places)}
