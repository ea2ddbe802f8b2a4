"""Stops: an agency's signed word on when a statement was taken at a desk of its own, and when and whither it was handed on.

Invariant: an agency speaks of its own desks alone, and names the statement by its identifier and its digest, so a stop can't
be moved to another one. It says nothing of numbers, journals or other traffic: whoever is shown the way of a statement learns
nothing of the relations between the nodes that it passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from tansiq.errors import BadInput
from tansiq.protocol.cbor import Fields, decode, encode
from tansiq.protocol.cose import Sign1, parse_sign1, sign1
from tansiq.protocol.docket import agency_of, check_agency, check_post
from tansiq.protocol.keys import Signer

__all__ = ["KIND", "Stop", "make_stop", "parse_stop"]

KIND: Final = "stop"
VERSION: Final = 1
_VERSION, _STATEMENT, _DIGEST, _POST, _TAKEN, _HANDED, _TO = range(7)
_KNOWN: Final = frozenset(range(7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A desk on the way of a statement; times are UTC milliseconds. ``handed_ms`` is None and ``to`` '' at the desk that
    it is for. ``encoded`` and ``signature`` are those of a stop that was parsed.
    """

    statement: bytes
    digest: bytes
    post: str
    taken_ms: int
    handed_ms: int | None = None
    to: str = ""
    encoded: bytes = field(default=b"", repr=False)
    signature: Sign1 | None = field(default=None, repr=False)

    @property
    def agency(self) -> str:
        """Whose desk it is, and who must have signed."""
        return agency_of(self.post)


def make_stop(stop: Stop, *, signer: Signer) -> Stop:
    """The stop, signed by the node of its desk's agency."""
    values = {
        _VERSION: VERSION,
        _STATEMENT: stop.statement,
        _DIGEST: stop.digest,
        _POST: stop.post,
        _TAKEN: stop.taken_ms,
        _HANDED: stop.handed_ms or 0,
        _TO: stop.to,
    }
    return parse_stop(sign1(encode(values), kind=KIND, signer=signer))


def parse_stop(encoded: bytes) -> Stop:
    """A stop from its bytes; ``signature`` is verified by whoever has the key of its agency. Raises BadInput."""
    signature = parse_sign1(encoded, kind=KIND)
    if signature.payload is None:
        raise BadInput("protocol.not-sign1")
    fields = Fields(decode(signature.payload), what=KIND, known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    to = fields.text(_TO, most=64)
    handed = fields.moment(_HANDED)
    if bool(to) != bool(handed):
        raise BadInput("protocol.wrong-field", what=KIND, field=_HANDED)
    return Stop(
        statement=fields.octets(_STATEMENT, size=16),
        digest=fields.octets(_DIGEST, size=32),
        post=check_post(fields.text(_POST, most=96)),
        taken_ms=fields.moment(_TAKEN),
        handed_ms=handed or None,
        to=check_agency(to) if to else "",
        encoded=encoded,
        signature=signature,
    )
