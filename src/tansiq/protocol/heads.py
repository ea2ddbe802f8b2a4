"""Heads: the signed root of a journal, whose inclusion proofs are receipts (RFC 9942 over RFC 9162).

Invariant: one signature over the root serves every leaf under it. The protected header states the tree's kind
(``vds``), who signs, which journal, when, and the journal's epoch and size; the root itself is the detached payload. A
*receipt* is the same signature with one leaf's inclusion proof in the unprotected header, so any RFC 9942 verifier
reads it. ``sub`` (RFC 9943) names the journal, not the statement: a subject per statement would cost a signature per
statement (ADR 0005). A *witness* is the peer's signature over the same root, after checking that the journal only grew.

A leaf of an exchange journal is ``[direction, time, entry hash]``; entries name a statement by its digest, which covers
salted commitments, and can't be guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import Plain, bstr, decode, encode, is_moment
from tansiq.protocol.cose import Sign1, parse_sign1, sign1
from tansiq.protocol.keys import PublicSigningKey, Signer
from tansiq.protocol.limits import MAX_EPOCH, MAX_INTEGER
from tansiq.protocol.merkle import leaf_hash, verify_inclusion

__all__ = [
    "KIND", "Direction", "Head", "exchange_leaf", "journal_name", "make_head", "parse_head", "parse_receipt", "receipt",
    "verify_receipt",
]  # fmt: skip

KIND: Final = "journal-head"
_VDS, _VDP, _CLAIMS, _POSITION = 395, 396, 15, -70001
_RFC9162_SHA256: Final = 1
_ISSUER, _SUBJECT, _ISSUED_AT = 1, 2, 6
_INCLUSION: Final = -1
_RECEIPT_LABELS: Final = frozenset((_VDP,))
_MOST_NAME: Final = 256


class Direction(IntEnum):
    """Whether the journal's owner sent or received the envelope."""

    SENT = 1
    RECEIVED = 2


def journal_name(owner: str, peer: str) -> str:
    """The name of the exchange journal that ``owner`` keeps of its relation with ``peer``."""
    return f"{owner}:exchange:{peer}"


def exchange_leaf(direction: Direction, time_ms: int, entry_digest: bytes) -> bytes:
    """The bytes of a leaf of an exchange journal: ``[direction, time, entry hash]``."""
    return encode([int(direction), time_ms, entry_digest])


@dataclass(frozen=True, slots=True)
class Head:
    """A signed head as it came: its ``root`` travels beside it and is proven by `verify`."""

    signer: str
    journal: str
    time_ms: int
    epoch: int
    size: int
    encoded: bytes = field(repr=False)
    signature: Sign1 = field(repr=False)

    def verify(self, key: PublicSigningKey, root: bytes) -> None:
        """Raises NotProven unless ``key`` signed ``root`` at this size of this journal."""
        self.signature.verify(key, detached=root)


def make_head(
    *, signer_agency: str, journal: str, time_ms: int, epoch: int, size: int, root: bytes, signer: Signer
) -> bytes:
    """Signs ``root`` as the head of ``journal``; by its owner, or by the peer as its witness."""
    protected = {
        _VDS: _RFC9162_SHA256,
        _CLAIMS: {_ISSUER: signer_agency, _SUBJECT: journal, _ISSUED_AT: time_ms // 1000},
        _POSITION: [epoch, size, time_ms],
    }
    return sign1(root, kind=KIND, signer=signer, detached=True, more_protected=protected)


def _counts(value: Plain, count: int) -> bool:
    """Whether ``value`` is an array of ``count`` numbers that fit a journal."""
    sound = type(value) is list and len(value) == count
    return sound and all(type(number) is int and 0 <= number <= MAX_INTEGER for number in value)


def _name(claims: Plain, claim: int) -> str:
    value = claims.get(claim) if type(claims) is dict else None
    if type(value) is not str or len(value) > _MOST_NAME:
        raise BadInput("protocol.wrong-head")
    return value


def parse_head(encoded: bytes) -> Head:
    """A head from its bytes, in which nothing stands that is not signed; nothing is verified here. Raises BadInput."""
    return _parse(encoded, frozenset())


def parse_receipt(encoded: bytes) -> Head:
    """The head that a receipt shows; its proof, which no signature covers, is judged by `verify_receipt`. Raises BadInput."""
    return _parse(encoded, _RECEIPT_LABELS)


def _parse(encoded: bytes, unprotected: frozenset[int]) -> Head:
    signature = parse_sign1(encoded, kind=KIND, unprotected=unprotected)
    protected = signature.protected
    structure: Plain = protected.get(_VDS)
    position: Plain = protected.get(_POSITION)
    claims: Plain = protected.get(_CLAIMS)
    if signature.payload is not None or type(structure) is not int or structure != _RFC9162_SHA256:
        raise BadInput("protocol.wrong-head")
    if not _counts(position, 3):
        raise BadInput("protocol.wrong-head")
    epoch, size, time_ms = position
    if epoch > MAX_EPOCH or not is_moment(time_ms):
        raise BadInput("protocol.wrong-head")
    return Head(_name(claims, _ISSUER), _name(claims, _SUBJECT), time_ms, epoch, size, encoded, signature)


def receipt(head: Head, *, index: int, path: Sequence[bytes]) -> bytes:
    """The COSE receipt (RFC 9942) of the leaf at ``index``: the head's signature with this inclusion proof."""
    proof = encode([head.size, index, list(path)])
    unprotected = encode({_VDP: {_INCLUSION: [proof]}})
    signature = head.signature
    return b"\xd2\x84" + bstr(signature.protected_bytes) + unprotected + b"\xf6" + bstr(signature.signature)


def verify_receipt(encoded: bytes, *, leaf: bytes, root: bytes, key: PublicSigningKey) -> Head:
    """The head under which ``leaf`` (its bytes, not its hash) is proven. Raises NotProven or BadInput."""
    head = parse_receipt(encoded)
    proofs = head.signature.unprotected.get(_VDP)
    inclusion = proofs.get(_INCLUSION) if type(proofs) is dict else None
    if type(inclusion) is not list or [type(proof) for proof in inclusion] != [bytes]:
        raise BadInput("protocol.wrong-receipt")
    proof = decode(inclusion[0])
    if type(proof) is not list or len(proof) != 3 or not _counts(proof[:2], 2) or type(proof[2]) is not list:
        raise BadInput("protocol.wrong-receipt")
    size, index, path = proof
    if size != head.size:
        raise NotProven("protocol.wrong-receipt-size")
    verify_inclusion(leaf=leaf_hash(leaf), index=index, size=size, path=path, root=root)
    head.verify(key, root)
    return head
