r"""A courier file: what a node gives a messenger to carry by hand to another node, frame by frame.

Invariant: whoever finds the file learns its length and to which key it is sealed, nothing else. Each frame is sealed whole to the
receiving node (HPKE, the suite of the wraps), bound to the file and to its place in it, and signed by the sending node inside; so
a frame that was altered, left out, moved, or taken from another file is refused, and one that is opened can be used at once:
memory is flat with the file's length. A frame is padded (Padmé). The last one says that it is the last.

    "TANSIQ COURIER 1\n"  suite (1 byte)  file (16 bytes)  key of the receiving node (32 bytes)
    then for each frame: its length (4 bytes, big-endian), its sealed bytes

What is inside: heading (the sender's directory document, the files that it has had of the receiver), parcels (the very bytes that
the network carries), messages about files, and the end (how much there was).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from cryptography.exceptions import InvalidTag

from tansiq.errors import BadInput, NotFound, NotProven, TooMuch
from tansiq.protocol.cbor import Fields, decode, encode
from tansiq.protocol.cose import Sign1, parse_sign1, sign1
from tansiq.protocol.docket import check_agency
from tansiq.protocol.keys import PublicSealingKey, PublicSigningKey, SealingKey, Signer
from tansiq.protocol.limits import MAX_DIRECTORY_BYTES, MAX_PARCEL_BYTES, MAX_SMALL_INTEGER
from tansiq.protocol.padding import pad, unpad
from tansiq.protocol.wraps import HPKE, SUITE_HYBRID

__all__ = [
    "HEADER_SIZE", "MAX_FRAME_BYTES", "MOST_HEARD", "End", "Frame", "Header", "Heading", "Sort", "make_header", "open_frame",
    "parse_header", "seal_frame",
]  # fmt: skip

_MAGIC: Final = b"TANSIQ COURIER 1\n"
_FILE, _KEY = 16, 32
HEADER_SIZE: Final = len(_MAGIC) + 1 + _FILE + _KEY
MAX_FRAME_BYTES: Final = MAX_PARCEL_BYTES * 9 // 8 + 65_536
"""A parcel as large as any, its signature, its padding and what sealing adds."""
MOST_HEARD: Final = 256
VERSION: Final = 1
KIND: Final = "courier"
_VERSION, _SENDER, _RECEIVER, _FILE_ID, _NUMBER, _MADE, _SORT, _CONTENT, _LAST = range(9)
_KNOWN: Final = frozenset(range(9))


class Sort(StrEnum):
    """What a frame holds."""

    HEADING = "heading"
    PARCEL = "parcel"
    FILES = "files"
    END = "end"


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the frames: the file's identifier, and the receiving node's key to which they are sealed."""

    file: bytes
    reader: bytes

    def to_bytes(self) -> bytes:
        """The header's bytes."""
        return _MAGIC + bytes([SUITE_HYBRID]) + self.file + self.reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame; ``made_ms`` (UTC) is when the file was begun. Its signature is not verified before `verify`."""

    sender: str
    receiver: str
    file: bytes
    number: int
    made_ms: int
    sort: Sort
    content: bytes = field(repr=False)
    last: bool = False
    signature: Sign1 | None = field(default=None, repr=False, compare=False)

    def verify(self, key: PublicSigningKey) -> None:
        """Raises NotProven unless ``key`` signed this frame."""
        if self.signature is None:
            raise NotProven("protocol.wrong-signature")
        self.signature.verify(key)


@dataclass(frozen=True, slots=True)
class Heading:
    """The first frame: the sender's directory document, and the latest files that it had of the receiver."""

    directory: bytes
    heard: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """The heading's bytes."""
        return encode({0: self.directory, 1: list(self.heard)})

    @classmethod
    def parse(cls, data: bytes) -> Heading:
        """A heading from its bytes. Raises BadInput."""
        fields = Fields(decode(data), what="heading", known=frozenset((0, 1)))
        return cls(fields.octets(0, most=MAX_DIRECTORY_BYTES), fields.octet_strings(1, most=MOST_HEARD, size=_FILE))


@dataclass(frozen=True, slots=True)
class End:
    """The last frame: how many statements, receipts and chunks of files the file holds."""

    statements: int
    receipts: int
    chunks: int

    def to_bytes(self) -> bytes:
        """The end's bytes."""
        return encode({0: self.statements, 1: self.receipts, 2: self.chunks})

    @classmethod
    def parse(cls, data: bytes) -> End:
        """An end from its bytes. Raises BadInput."""
        fields = Fields(decode(data), what="end", known=frozenset(range(3)))
        return cls(*(fields.integer(key, most=MAX_SMALL_INTEGER) for key in range(3)))


def make_header(file: bytes, reader: PublicSealingKey) -> Header:
    """The header of a new file for the node whose key ``reader`` is."""
    return Header(file, reader.identifier)


def parse_header(data: bytes) -> Header:
    """A header from the first `HEADER_SIZE` bytes of a file. Raises BadInput: no courier file, or of a newer suite."""
    if len(data) < HEADER_SIZE or not data.startswith(_MAGIC):
        raise BadInput("courier.no-courier-file")
    at = len(_MAGIC)
    if data[at] != SUITE_HYBRID:
        raise BadInput("protocol.unknown-suite", suite=data[at])
    return Header(data[at + 1 : at + 1 + _FILE], data[at + 1 + _FILE : HEADER_SIZE])


def _info(file: bytes, number: int) -> bytes:
    return b"tansiq/1 courier" + file + number.to_bytes(8, "big")


def seal_frame(frame: Frame, *, reader: PublicSealingKey, signer: Signer) -> bytes:
    """The sealed frame, its length before it. Raises TooMuch."""
    payload = encode(
        {
            _VERSION: VERSION,
            _SENDER: frame.sender,
            _RECEIVER: frame.receiver,
            _FILE_ID: frame.file,
            _NUMBER: frame.number,
            _MADE: frame.made_ms,
            _SORT: str(frame.sort),
            _CONTENT: frame.content,
            _LAST: frame.last,
        }
    )
    signed = sign1(payload, kind=KIND, signer=signer)
    sealed = HPKE.encrypt(pad(signed), reader.raw, info=_info(frame.file, frame.number))
    if len(sealed) > MAX_FRAME_BYTES:
        raise TooMuch("courier.frame-too-large", limit=MAX_FRAME_BYTES)
    return len(sealed).to_bytes(4, "big") + sealed


def open_frame(sealed: bytes, *, header: Header, number: int, key: SealingKey) -> Frame:
    """The frame at place ``number`` of a file, opened, its signature not yet verified.

    Raises NotFound (sealed to another key), NotProven (altered, of another file or another place), BadInput and TooMuch.
    """
    if len(sealed) > MAX_FRAME_BYTES:
        raise TooMuch("courier.frame-too-large", limit=MAX_FRAME_BYTES)
    if header.reader != key.identifier:
        raise NotFound("protocol.other-reader")
    try:
        plain = HPKE.decrypt(sealed, key.raw, info=_info(header.file, number))
    except (InvalidTag, ValueError) as error:
        raise NotProven("courier.not-opened", number=number) from error
    signature = parse_sign1(unpad(plain), kind=KIND)
    if signature.payload is None:
        raise BadInput("protocol.not-sign1")
    fields = Fields(decode(signature.payload), what=KIND, known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    sort = fields.text(_SORT, most=16)
    if sort not in tuple(Sort):
        raise BadInput("protocol.wrong-field", what=KIND, field=_SORT)
    frame = Frame(
        sender=check_agency(fields.text(_SENDER, most=64)),
        receiver=check_agency(fields.text(_RECEIVER, most=64)),
        file=fields.octets(_FILE_ID, size=_FILE),
        number=fields.integer(_NUMBER),
        made_ms=fields.moment(_MADE),
        sort=Sort(sort),
        content=fields.octets(_CONTENT),
        last=fields.true(_LAST),
        signature=signature,
    )
    if (frame.file, frame.number) != (header.file, number):
        raise NotProven("courier.not-opened", number=number)
    return frame
