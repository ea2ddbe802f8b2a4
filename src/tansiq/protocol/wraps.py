"""Wraps: the keys of a statement's contents, sealed to one reader.

Invariant: a wrap opens for one reader and one statement only (the statement's digest is HPKE's ``info``), and it
carries just the keys that this reader may have: the docket's, or the docket's and those of all parts.

Suites, as they stand on the wire:
  1  HPKE base mode (RFC 9180), KEM ML-KEM-768 + X25519, HKDF-SHA256, AES-256-GCM
  2  AES key wrap (RFC 3394) under a key derived (HKDF, RFC 5869) from the sender's own secret: the sender's copy
A *nested* wrap seals a wrap to a second custodian inside a wrap to the first: both are needed to open it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from tansiq.errors import BadInput, NotFound, NotProven
from tansiq.protocol.cbor import Fields, bstr, decode, encode, only_bstr
from tansiq.protocol.keys import PublicSealingKey, SealingKey
from tansiq.protocol.limits import MAX_PARTS

__all__ = [
    "HPKE", "SUITE_HYBRID", "SUITE_OWN", "ContentKeys", "OwnSecret", "Wrap", "open_own", "open_wrap", "parse_wrap",
    "seal_nested", "seal_own", "seal_wrap",
]  # fmt: skip

SUITE_HYBRID: Final = 1
SUITE_OWN: Final = 2
HPKE: Final = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_PLAIN_HEADS: Final = tuple(b"\x83" + encode(suite) + b"\x58\x20" for suite in (SUITE_HYBRID, SUITE_OWN))
_PLAIN_START: Final = 36
"""How a wrap of a known suite begins: an array of three, the suite, a reader of 32 bytes; and where what is sealed begins."""
_DOCKET, _PARTS, _INNER = 0, 1, 2
_KNOWN: Final = frozenset((_DOCKET, _PARTS, _INNER))


@dataclass(frozen=True, slots=True)
class ContentKeys:
    """The keys that a reader gets: the docket's, and those of the parts (empty: docket only)."""

    docket: bytes = field(repr=False)
    parts: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def docket_only(self) -> ContentKeys:
        """What a reader gets who may read the docket alone."""
        return ContentKeys(self.docket)


@dataclass(frozen=True, slots=True)
class Wrap:
    """A wrap as it travels; ``encoded`` are its bytes, ``digest`` what the envelope signs of it."""

    suite: int
    reader: bytes
    sealed: bytes = field(repr=False)
    encoded: bytes = field(repr=False)

    @property
    def digest(self) -> bytes:
        """The SHA-256 of the wrap's bytes."""
        return hashlib.sha256(self.encoded).digest()


@dataclass(frozen=True, slots=True)
class OwnSecret:
    """The secret under which a sender keeps its own copies: 32 bytes, with an identifier of its own."""

    secret: bytes = field(repr=False)
    identifier: bytes = field(init=False)
    """What a wrap names as its reader: computed from the secret, which it doesn't tell."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "identifier", hashlib.sha256(b"tansiq/1 own secret" + self.secret).digest())

    def key_for(self, statement_digest: bytes) -> bytes:
        """The key (32 bytes) that wraps the keys of one statement: HKDF-Expand (RFC 5869) for one block of SHA-256."""
        return hmac.digest(self.secret, _info(statement_digest) + b"\x01", "sha256")


def _info(statement_digest: bytes) -> bytes:
    return b"tansiq/1 wrap" + statement_digest


def _wrap(suite: int, reader: bytes, sealed: bytes) -> Wrap:
    return Wrap(suite, reader, sealed, b"".join((b"\x83", encode(suite), bstr(reader), bstr(sealed))))


def parse_wrap(encoded: bytes) -> Wrap:
    """A wrap from its bytes. Raises BadInput; an unknown suite is let through, for another reader may know it."""
    if encoded.startswith(_PLAIN_HEADS) and (sealed := only_bstr(encoded, _PLAIN_START)) is not None:
        return Wrap(encoded[1], encoded[4:_PLAIN_START], sealed, encoded)
    value = decode(encoded)
    if type(value) is not list or len(value) != 3:
        raise BadInput("protocol.wrong-wrap")
    suite, reader, sealed = value
    if type(suite) is not int or type(reader) is not bytes or len(reader) != 32 or type(sealed) is not bytes:
        raise BadInput("protocol.wrong-wrap")
    return Wrap(suite, reader, sealed, encoded)


def _keys_to_bytes(keys: ContentKeys) -> bytes:
    return encode({_DOCKET: keys.docket, _PARTS: list(keys.parts)} if keys.parts else {_DOCKET: keys.docket})


def _keys_from(fields: Fields) -> ContentKeys:
    parts = fields.octet_strings(_PARTS, most=MAX_PARTS, size=32) if fields.has(_PARTS) else ()
    return ContentKeys(fields.octets(_DOCKET, size=32), parts)


def seal_wrap(keys: ContentKeys, *, reader: PublicSealingKey, statement_digest: bytes) -> Wrap:
    """Seals ``keys`` to ``reader`` for the statement with this digest."""
    sealed = HPKE.encrypt(_keys_to_bytes(keys), reader.raw, info=_info(statement_digest))
    return _wrap(SUITE_HYBRID, reader.identifier, sealed)


def seal_nested(keys: ContentKeys, *, custodians: Sequence[PublicSealingKey], statement_digest: bytes) -> Wrap:
    """Seals ``keys`` so that all ``custodians`` (outermost first, at least one) must open it, one after the other."""
    *outer, last = custodians
    wrap = seal_wrap(keys, reader=last, statement_digest=statement_digest)
    for custodian in reversed(outer):
        sealed = HPKE.encrypt(encode({_INNER: wrap.encoded}), custodian.raw, info=_info(statement_digest))
        wrap = _wrap(SUITE_HYBRID, custodian.identifier, sealed)
    return wrap


def open_wrap(wrap: Wrap, *, reader: SealingKey, statement_digest: bytes) -> ContentKeys | Wrap:
    """The keys inside, or the inner wrap of a nested one.

    Raises NotFound (the wrap is another reader's), NotProven (altered, or made for another statement), BadInput.
    """
    if wrap.suite != SUITE_HYBRID:
        raise BadInput("protocol.unknown-suite", suite=wrap.suite)
    if wrap.reader != reader.identifier:
        raise NotFound("protocol.other-reader")
    try:
        plaintext = HPKE.decrypt(wrap.sealed, reader.raw, info=_info(statement_digest))
    except (InvalidTag, ValueError) as error:
        raise NotProven("protocol.not-opened") from error
    fields = Fields(decode(plaintext), what="wrap", known=_KNOWN)
    if fields.has(_INNER):
        return parse_wrap(fields.octets(_INNER))
    return _keys_from(fields)


def seal_own(keys: ContentKeys, *, secret: OwnSecret, statement_digest: bytes) -> Wrap:
    """The sender's own copy of all ``keys``."""
    plain = keys.docket + b"".join(keys.parts)
    return _wrap(SUITE_OWN, secret.identifier, aes_key_wrap(secret.key_for(statement_digest), plain))


def open_own(wrap: Wrap, *, secrets_by_id: Mapping[bytes, OwnSecret], statement_digest: bytes) -> ContentKeys:
    """Opens the sender's own copy. Raises NotFound (not ours), NotProven (altered or of another statement)."""
    secret = secrets_by_id.get(wrap.reader)
    if wrap.suite != SUITE_OWN or secret is None:
        raise NotFound("protocol.other-reader")
    try:
        plain = aes_key_unwrap(secret.key_for(statement_digest), wrap.sealed)
    except (InvalidUnwrap, ValueError) as error:
        raise NotProven("protocol.not-opened") from error
    keys = [plain[at : at + 32] for at in range(0, len(plain), 32)]
    if any(len(key) != 32 for key in keys):
        raise BadInput("protocol.wrong-wrap")
    return ContentKeys(keys[0], tuple(keys[1:]))
