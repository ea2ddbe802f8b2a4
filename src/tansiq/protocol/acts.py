"""Acts: an officer's own signature inside a body, where a person's word matters.

Invariant: an act names the statement, what was done, in which post, and the commitments of the docket and of all other
parts; so it can't be moved to another statement and nobody can change what the officer saw. Only the service number
appears, never a name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import Fields, decode, encode
from tansiq.protocol.cose import Sign1, parse_sign1, sign1
from tansiq.protocol.docket import check_code, check_post
from tansiq.protocol.keys import PublicSigningKey, Signer
from tansiq.protocol.limits import MAX_PARTS
from tansiq.protocol.parts import Part

__all__ = ["PART_KIND", "Act", "act_of", "make_act", "parse_act"]

KIND: Final = "act"
PART_KIND: Final = "act"
VERSION: Final = 1
_VERSION, _STATEMENT, _OFFICER, _POST, _ACT, _TIME, _DOCKET, _PARTS = range(8)
_KNOWN: Final = frozenset(range(8))


@dataclass(frozen=True, slots=True)
class Act:
    """An officer's signed act; ``officer`` is a service number, ``act`` a code, ``time_ms`` UTC."""

    statement_id: bytes
    officer: str
    post: str
    act: str
    time_ms: int
    docket_commitment: bytes
    part_commitments: tuple[bytes, ...]
    encoded: bytes = field(repr=False)
    signature: Sign1 = field(repr=False)

    def verify(self, key: PublicSigningKey, *, statement_id: bytes, docket: bytes, parts: Sequence[bytes]) -> None:
        """Raises NotProven unless ``key`` signed this act over these commitments of this statement."""
        self.signature.verify(key)
        signed = (self.statement_id, self.docket_commitment, self.part_commitments)
        if signed != (statement_id, docket, tuple(parts)):
            raise NotProven("protocol.act-of-another")


def make_act(
    *,
    statement_id: bytes,
    officer: str,
    post: str,
    act: str,
    time_ms: int,
    docket_commitment: bytes,
    part_commitments: Sequence[bytes],
    signer: Signer,
) -> Part:
    """The part that carries the officer's signature over the docket and the other parts."""
    payload = encode(
        {
            _VERSION: VERSION,
            _STATEMENT: statement_id,
            _OFFICER: officer,
            _POST: post,
            _ACT: act,
            _TIME: time_ms,
            _DOCKET: docket_commitment,
            _PARTS: list(part_commitments),
        }
    )
    return Part(PART_KIND, {0: sign1(payload, kind=KIND, signer=signer)})


def parse_act(encoded: bytes) -> Act:
    """An act from its COSE_Sign1; the signature is verified by `Act.verify`. Raises BadInput."""
    signature = parse_sign1(encoded, kind=KIND)
    if signature.payload is None:
        raise BadInput("protocol.not-sign1")
    fields = Fields(decode(signature.payload), what=KIND, known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    return Act(
        statement_id=fields.octets(_STATEMENT, size=16),
        officer=check_code(fields.text(_OFFICER, most=64)),
        post=check_post(fields.text(_POST, most=96)),
        act=check_code(fields.text(_ACT, most=64)),
        time_ms=fields.moment(_TIME),
        docket_commitment=fields.octets(_DOCKET, size=32),
        part_commitments=fields.octet_strings(_PARTS, most=MAX_PARTS, size=32),
        encoded=encoded,
        signature=signature,
    )


def act_of(part: Part) -> Act:
    """The act that a part of kind ``act`` carries. Raises BadInput."""
    encoded = part.content.get(0)
    if part.kind != PART_KIND or type(encoded) is not bytes:
        raise BadInput("protocol.wrong-field", what=KIND, field=0)
    return parse_act(encoded)
