"""What two nodes say to one another about files: chunks that are wanted, chunks that are given, files that are done.

Invariant: every message is understood alone, so talking can end at any moment and begin again, and a message can travel
by courier. A request and its answer have the same form, so a node that can't be called both fetches and gives with the
requests that it makes. Nothing here is believed: a chunk is what its hash says.

    {0: version, 1: sender, 2: receiver, 3: wants [[thing, [hash, …]], …], 4: gives [ciphertext, …],
     5: lacks [[hash, code], …], 6: done [[thing, place, code], …], 7: heard [[thing, place], …]}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from tansiq.errors import BadInput, TooMuch
from tansiq.protocol.cbor import Fields, Plain, decode, encode
from tansiq.protocol.docket import check_agency, check_code
from tansiq.protocol.limits import MAX_PARTS

__all__ = [
    "GIVE_BYTES", "MAX_CHUNK_BYTES", "MAX_MESSAGE_BYTES", "MOST_WANTED", "FilesMessage", "Want", "parse_files_message",
]  # fmt: skip

VERSION: Final = 1
MAX_CHUNK_BYTES: Final = 2 << 20
"""A chunk's ciphertext; a file of larger chunks is not fetched."""
GIVE_BYTES: Final = 1 << 20
"""A message gives one chunk, and more while they are together no larger than this: nothing urgent waits long behind it."""
MAX_MESSAGE_BYTES: Final = 4 << 20
MOST_WANTED: Final = 64
_MOST_DONE: Final = 256
_VERSION, _SENDER, _RECEIVER, _WANTS, _GIVES, _LACKS, _DONE, _HEARD = range(8)
_KNOWN: Final = frozenset(range(8))


@dataclass(frozen=True, slots=True)
class Want:
    """Chunks that are wanted of the files of one thing (a statement), by hash."""

    thing: bytes
    hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesMessage:
    """One message, request or answer; ``done`` says of a file that it is whole ('') or why it is not fetched;
    ``heard`` repeats what the other side's last message had said to be done.
    """

    sender: str
    receiver: str
    wants: tuple[Want, ...] = ()
    gives: tuple[bytes, ...] = field(default=(), repr=False)
    lacks: tuple[tuple[bytes, str], ...] = ()
    done: tuple[tuple[bytes, int, str], ...] = ()
    heard: tuple[tuple[bytes, int], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether it says nothing at all."""
        return not (self.wants or self.gives or self.lacks or self.done or self.heard)

    def to_bytes(self) -> bytes:
        """The message's bytes."""
        return encode(
            {
                _VERSION: VERSION,
                _SENDER: self.sender,
                _RECEIVER: self.receiver,
                _WANTS: [[want.thing, list(want.hashes)] for want in self.wants],
                _GIVES: list(self.gives),
                _LACKS: [list(lack) for lack in self.lacks],
                _DONE: [list(one) for one in self.done],
                _HEARD: [list(one) for one in self.heard],
            }
        )


def _wrong(key: int) -> BadInput:
    return BadInput("protocol.wrong-field", what="files", field=key)


def _row(value: Plain, types: Sequence[type], key: int) -> list[Plain]:
    if type(value) is not list or [type(part) for part in value] != list(types):
        raise _wrong(key)
    return value


def _wants(values: list[Plain]) -> tuple[Want, ...]:
    out, count = [], 0
    for value in values:
        thing, hashes = _row(value, (bytes, list), _WANTS)
        count += len(hashes)
        if len(thing) != 16 or count > MOST_WANTED or any(type(one) is not bytes or len(one) != 32 for one in hashes):
            raise _wrong(_WANTS)
        out.append(Want(thing, tuple(hashes)))
    return tuple(out)


def _code(code: str) -> str:
    return check_code(code) if code else ""


def parse_files_message(data: bytes) -> FilesMessage:
    """A message from its bytes. Raises BadInput or TooMuch."""
    if len(data) > MAX_MESSAGE_BYTES:
        raise TooMuch("exchange.files-message-too-large", limit=MAX_MESSAGE_BYTES)
    fields = Fields(decode(data), what="files", known=_KNOWN)
    fields.integer(_VERSION, least=1, most=255)
    gives = fields.octet_strings(_GIVES, most=MOST_WANTED)
    if any(len(chunk) > MAX_CHUNK_BYTES for chunk in gives):
        raise TooMuch("exchange.chunk-too-large", limit=MAX_CHUNK_BYTES)
    lacks = [_row(value, (bytes, str), _LACKS) for value in fields.items(_LACKS, most=MOST_WANTED)]
    done = [_row(value, (bytes, int, str), _DONE) for value in fields.items(_DONE, most=_MOST_DONE)]
    heard = [_row(value, (bytes, int), _HEARD) for value in fields.items(_HEARD, most=_MOST_DONE)]
    if any(len(chunk) != 32 for chunk, _ in lacks):
        raise _wrong(_LACKS)
    if any(len(thing) != 16 or not 0 <= place < MAX_PARTS for thing, place, *_ in (*done, *heard)):
        raise _wrong(_DONE)
    return FilesMessage(
        sender=check_agency(fields.text(_SENDER, most=64)),
        receiver=check_agency(fields.text(_RECEIVER, most=64)),
        wants=_wants(fields.items(_WANTS, most=MOST_WANTED)),
        gives=gives,
        lacks=tuple((chunk, _code(code)) for chunk, code in lacks),
        done=tuple((thing, place, _code(code)) for thing, place, code in done),
        heard=tuple((thing, place) for thing, place in heard),
    )
