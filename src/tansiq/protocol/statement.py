"""The statement: an agency's signed word, without a destination.

Invariant: it is signed once, by a node key that the agency's directory certifies, and its bytes never change; whoever
relays it passes it on as it is. It signs, for the docket and for every part, the ciphertext's hash and the salted
commitment (`concealment`), the parts as the root of a tree (RFC 9162), so that one part can be shown, proven or erased
alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tansiq.errors import BadInput, NotProven, TooMuch
from tansiq.protocol.cbor import Fields, decode, encode
from tansiq.protocol.concealment import DOCKET_PLACE, Concealed, conceal
from tansiq.protocol.cose import Sign1, parse_sign1, sign1_parsed
from tansiq.protocol.docket import check_agency
from tansiq.protocol.keys import Signer
from tansiq.protocol.limits import MAX_DOCKET_BYTES, MAX_PART_BYTES, MAX_PARTS, MAX_STATEMENT_BYTES
from tansiq.protocol.merkle import leaf_hash, root_of
from tansiq.protocol.wraps import ContentKeys

__all__ = [
    "KIND", "VERSION", "Made", "PartProof", "Statement", "check_contents", "make_statement", "parse_part_proofs",
    "parse_statement", "part_proof", "sign_concealed",
]  # fmt: skip

KIND: Final = "statement"
VERSION: Final = 1
_VERSION, _ID, _AGENCY, _TIME, _DOCKET_DIGEST, _DOCKET_COMMITMENT, _PARTS_ROOT, _PARTS_COUNT = range(8)
_KNOWN: Final = frozenset(range(8))


@dataclass(frozen=True, slots=True)
class PartProof:
    """What the tree of parts holds of one part: the hash and length of its ciphertext and its commitment."""

    digest: bytes
    commitment: bytes
    length: int

    @property
    def leaf(self) -> bytes:
        """The leaf hash of this part in the tree that the statement signs."""
        return leaf_hash(encode([self.digest, self.commitment, self.length]))

    def to_plain(self) -> list[bytes | int]:
        """The proof as it travels; `parse_part_proofs` reads a list of them."""
        return [self.digest, self.commitment, self.length]


@dataclass(frozen=True, slots=True)
class Statement:
    """A parsed statement: ``encoded`` are its bytes as they came, ``digest`` their SHA-256, ``time_ms`` UTC."""

    version: int
    id: bytes
    agency: str
    time_ms: int
    docket_digest: bytes
    docket_commitment: bytes
    parts_root: bytes
    parts_count: int
    encoded: bytes = field(repr=False)
    digest: bytes
    signature: Sign1 = field(repr=False)

    @property
    def signer(self) -> bytes:
        """The identifier of the key that claims to have signed; `verify` with the directory's key decides."""
        return self.signature.signer


@dataclass(frozen=True, slots=True)
class Made:
    """A statement just made, with its contents as they travel and their keys."""

    statement: Statement
    docket: bytes = field(repr=False)
    parts: tuple[bytes, ...] = field(repr=False)
    proofs: tuple[PartProof, ...]
    keys: ContentKeys = field(repr=False)


def part_proof(concealed: Concealed) -> PartProof:
    """What the tree of parts holds of ``concealed``."""
    return PartProof(concealed.digest, concealed.commitment, len(concealed.ciphertext))


def make_statement(
    *, agency: str, statement_id: bytes, time_ms: int, docket: bytes, parts: Sequence[bytes], signer: Signer
) -> Made:
    """Conceals ``docket`` and ``parts`` (their plain bytes) and signs them as the word of ``agency``.

    Raises TooMuch when there are too many parts or one is too large.
    """
    concealed = [conceal(part, statement_id=statement_id, place=place) for place, part in enumerate(parts)]
    return sign_concealed(
        agency=agency,
        statement_id=statement_id,
        time_ms=time_ms,
        docket=conceal(docket, statement_id=statement_id, place=DOCKET_PLACE),
        parts=concealed,
        signer=signer,
    )


def sign_concealed(
    *, agency: str, statement_id: bytes, time_ms: int, docket: Concealed, parts: Sequence[Concealed], signer: Signer
) -> Made:
    """Signs contents that are concealed already (an officer's act among the parts names the others' commitments).

    Raises TooMuch when there are too many parts or one is too large.
    """
    if len(parts) > MAX_PARTS:
        raise TooMuch("protocol.too-many-parts", limit=MAX_PARTS)
    if len(docket.ciphertext) > MAX_DOCKET_BYTES:
        raise TooMuch("protocol.docket-too-large", limit=MAX_DOCKET_BYTES)
    if any(len(part.ciphertext) > MAX_PART_BYTES for part in parts):
        raise TooMuch("protocol.part-too-large", limit=MAX_PART_BYTES)
    proofs = tuple(part_proof(part) for part in parts)
    root = root_of([proof.leaf for proof in proofs])
    payload = encode(
        {
            _VERSION: VERSION,
            _ID: statement_id,
            _AGENCY: agency,
            _TIME: time_ms,
            _DOCKET_DIGEST: docket.digest,
            _DOCKET_COMMITMENT: docket.commitment,
            _PARTS_ROOT: root,
            _PARTS_COUNT: len(proofs),
        }
    )
    encoded, signature = sign1_parsed(payload, kind=KIND, signer=signer)
    statement = Statement(
        version=VERSION,
        id=statement_id,
        agency=check_agency(agency),
        time_ms=time_ms,
        docket_digest=docket.digest,
        docket_commitment=docket.commitment,
        parts_root=root,
        parts_count=len(proofs),
        encoded=encoded,
        digest=hashlib.sha256(encoded).digest(),
        signature=signature,
    )
    return Made(
        statement=statement,
        docket=docket.ciphertext,
        parts=tuple(part.ciphertext for part in parts),
        proofs=proofs,
        keys=ContentKeys(docket.key, tuple(part.key for part in parts)),
    )


def parse_statement(encoded: bytes) -> Statement:
    """A statement from its bytes; the signature is *not* verified here. Raises BadInput or TooMuch."""
    if len(encoded) > MAX_STATEMENT_BYTES:
        raise TooMuch("protocol.statement-too-large", limit=MAX_STATEMENT_BYTES)
    signature = parse_sign1(encoded, kind=KIND)
    if signature.payload is None:
        raise BadInput("protocol.not-sign1")
    fields = Fields(decode(signature.payload), what=KIND, known=_KNOWN)
    return Statement(
        version=fields.integer(_VERSION, least=1, most=255),
        id=fields.octets(_ID, size=16),
        agency=check_agency(fields.text(_AGENCY, most=64)),
        time_ms=fields.moment(_TIME),
        docket_digest=fields.octets(_DOCKET_DIGEST, size=32),
        docket_commitment=fields.octets(_DOCKET_COMMITMENT, size=32),
        parts_root=fields.octets(_PARTS_ROOT, size=32),
        parts_count=fields.integer(_PARTS_COUNT, most=MAX_PARTS),
        encoded=encoded,
        digest=hashlib.sha256(encoded).digest(),
        signature=signature,
    )


def parse_part_proofs(values: object) -> tuple[PartProof, ...]:
    """Part proofs from what travelled. Raises BadInput."""
    if type(values) is not list or len(values) > MAX_PARTS:
        raise BadInput("protocol.wrong-part-proof")
    proofs = []
    for value in values:
        if type(value) is not list or [type(field) for field in value] != [bytes, bytes, int]:
            raise BadInput("protocol.wrong-part-proof")
        digest, commitment, length = value
        if len(digest) != 32 or len(commitment) != 32 or not 0 <= length <= MAX_PART_BYTES:
            raise BadInput("protocol.wrong-part-proof")
        proofs.append(PartProof(digest, commitment, length))
    return tuple(proofs)


def check_contents(
    statement: Statement, *, docket: bytes, proofs: Sequence[PartProof], parts: Sequence[bytes | None]
) -> None:
    """Raises NotProven unless these ciphertexts are what the statement signs.

    A part that is None was erased or is not passed on; its place is proven, its content is not.
    """
    if hashlib.sha256(docket).digest() != statement.docket_digest:
        raise NotProven("protocol.other-docket")
    if len(proofs) != statement.parts_count or len(parts) != len(proofs):
        raise NotProven("protocol.other-parts")
    if root_of([proof.leaf for proof in proofs]) != statement.parts_root:
        raise NotProven("protocol.other-parts")
    for proof, part in zip(proofs, parts, strict=True):
        if part is not None and (len(part) != proof.length or hashlib.sha256(part).digest() != proof.digest):
            raise NotProven("protocol.other-parts")
