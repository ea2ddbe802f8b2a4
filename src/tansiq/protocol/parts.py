"""Parts: what the readers of a statement's body may read, one item each.

Invariant: a part says its kind, and every free text inside it has its language (`policy` judges the content; here only
the frame). Service parts and the parts of the capabilities have the same frame, so a newer kind can be kept, shown as
unknown and handled after an upgrade.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tansiq.errors import TooMuch
from tansiq.protocol.cbor import Fields, Plain, decode, encode
from tansiq.protocol.docket import check_code
from tansiq.protocol.limits import MAX_PART_BYTES

__all__ = ["Part", "parse_part"]

VERSION: Final = 1
_VERSION, _KIND, _CONTENT = range(3)
_KNOWN: Final = frozenset(range(3))


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its ``kind`` (a code) and its ``content`` (a map of plain values, read by the kind's capability)."""

    kind: str
    content: dict[Plain, Plain]

    def to_bytes(self) -> bytes:
        """The part's bytes."""
        return encode({_VERSION: VERSION, _KIND: self.kind, _CONTENT: self.content})


def parse_part(data: bytes) -> Part:
    """A part from its bytes. Raises BadInput or TooMuch."""
    if len(data) > MAX_PART_BYTES:
        raise TooMuch("protocol.part-too-large", limit=MAX_PART_BYTES)
    fields = Fields(decode(data), what="part", known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    return Part(check_code(fields.text(_KIND, most=64)), fields.mapping(_CONTENT))
