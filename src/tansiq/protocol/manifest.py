"""The manifest of a file: its encrypted chunks by their hashes; it streams, resumes and is proven chunk by chunk.

Invariant: every chunk has the same plain size but the last, is padded and encrypted under a key of its own (derived
from the file's key and the chunk's number), and is named by the SHA-256 of its ciphertext; the manifest travels as a
part, so a file is committed to and erased like any other content: erase the file's key. Memory is flat with size: one
chunk at a time. A file's key encrypts one file only. Its ``name`` is its sender's word and no path; ``of`` says to
which other part of the statement the file belongs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from tansiq.errors import BadInput, NotProven, TooMuch
from tansiq.protocol.cbor import Fields, Plain, encode
from tansiq.protocol.cose import decrypt0, encrypt0
from tansiq.protocol.limits import MAX_PARTS
from tansiq.protocol.padding import pad, unpad
from tansiq.protocol.parts import Part

__all__ = [
    "CHUNK_SIZE", "MAX_CHUNKS", "PART_KIND", "Manifest", "conceal_chunk", "conceal_file", "parse_manifest",
    "reveal_chunk",
]  # fmt: skip

PART_KIND: Final = "file"
CHUNK_SIZE: Final = 1 << 20
MAX_CHUNKS: Final = 65_536
_KEY, _SIZE, _CHUNK_SIZE, _CHUNKS, _MEDIA, _DIGEST, _NAME, _OF = range(8)
_KNOWN: Final = frozenset(range(8))
_MOST_NAME: Final = 160


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file: its ``key`` (32 bytes), plain ``size`` in bytes, chunks by ciphertext hash, media type, plain SHA-256.

    ``name`` is '' when it has none; ``of`` the place of the part that it belongs to (None: of none).
    """

    key: bytes = field(repr=False)
    size: int
    chunk_size: int
    chunks: tuple[bytes, ...]
    media_type: str
    digest: bytes
    name: str = field(default="", repr=False)
    of: int | None = None

    def to_part(self) -> Part:
        """The part in which the manifest travels."""
        content: dict[Plain, Plain] = {
            _KEY: self.key,
            _SIZE: self.size,
            _CHUNK_SIZE: self.chunk_size,
            _CHUNKS: list(self.chunks),
            _MEDIA: self.media_type,
            _DIGEST: self.digest,
        }
        if self.name:
            content[_NAME] = self.name
        if self.of is not None:
            content[_OF] = self.of
        return Part(PART_KIND, content)

    def plain_size(self, index: int) -> int:
        """How many plain bytes chunk ``index`` holds."""
        return min(self.chunk_size, self.size - index * self.chunk_size)


def _chunk_key(key: bytes, index: int) -> bytes:
    return HKDFExpand(algorithm=SHA256(), length=32, info=b"tansiq/1 chunk" + index.to_bytes(8, "big")).derive(key)


def conceal_chunk(plain: bytes, *, key: bytes, index: int) -> bytes:
    """The ciphertext of chunk ``index`` of the file with ``key``."""
    return encrypt0(pad(plain), key=_chunk_key(key, index), external=encode(index))


def reveal_chunk(manifest: Manifest, ciphertext: bytes, *, index: int) -> bytes:
    """The plain bytes of a chunk.

    Raises NotProven unless it is the one that the manifest names and as long as it says; BadInput when it is none.
    """
    if not 0 <= index < len(manifest.chunks) or hashlib.sha256(ciphertext).digest() != manifest.chunks[index]:
        raise NotProven("protocol.other-chunk", index=index)
    plain = unpad(decrypt0(ciphertext, key=_chunk_key(manifest.key, index), external=encode(index)))
    if len(plain) != manifest.plain_size(index):
        raise NotProven("protocol.other-chunk", index=index)
    return plain


def conceal_file(
    source: BinaryIO, *, key: bytes, media_type: str, chunk_size: int = CHUNK_SIZE
) -> Iterator[tuple[int, bytes] | Manifest]:
    """Yields ``(index, ciphertext)`` for each chunk of ``source`` and, last, the manifest. Raises TooMuch."""
    whole = hashlib.sha256()
    size = 0
    chunks: list[bytes] = []
    while plain := source.read(chunk_size):
        if len(chunks) >= MAX_CHUNKS:
            raise TooMuch("protocol.file-too-large", limit=MAX_CHUNKS * chunk_size)
        whole.update(plain)
        size += len(plain)
        ciphertext = conceal_chunk(plain, key=key, index=len(chunks))
        chunks.append(hashlib.sha256(ciphertext).digest())
        yield len(chunks) - 1, ciphertext
    yield Manifest(key, size, chunk_size, tuple(chunks), media_type, whole.digest())


def parse_manifest(part: Part) -> Manifest:
    """The manifest in a part of kind ``file``. Raises BadInput."""
    if part.kind != PART_KIND:
        raise BadInput("protocol.wrong-field", what="manifest", field="kind")
    fields = Fields(part.content, what="manifest", known=_KNOWN)
    manifest = Manifest(
        key=fields.octets(_KEY, size=32),
        size=fields.integer(_SIZE),
        chunk_size=fields.integer(_CHUNK_SIZE, least=1, most=1 << 26),
        chunks=fields.octet_strings(_CHUNKS, most=MAX_CHUNKS, size=32),
        media_type=fields.text(_MEDIA, most=128),
        digest=fields.octets(_DIGEST, size=32),
        name=fields.text(_NAME, most=_MOST_NAME) if fields.has(_NAME) else "",
        of=fields.integer(_OF, most=MAX_PARTS - 1) if fields.has(_OF) else None,
    )
    if len(manifest.chunks) != -(-manifest.size // manifest.chunk_size):
        raise BadInput("protocol.wrong-field", what="manifest", field=_CHUNKS)
    return manifest
