"""Signing keys (Ed25519) and sealing keys (hybrid KEM), public and private, with their identifiers.

Invariant: a key's identifier is computed from its public bytes, so nothing can give a key another name; and a key has
one encoding. A public key of small order is refused: under it anybody could sign what anybody else denies, and what is
sealed to it could be opened by all.
Signing: COSE_Key OKP / Ed25519 (RFC 9053), identified by its COSE thumbprint (RFC 9679).
Sealing: ML-KEM-768 + X25519 as HPKE's hybrid KEM (an IRTF draft; ADR 0004): public bytes are ``ek || x25519``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import bstr

__all__ = [
    "SEALING_PRIVATE_SIZE", "SEALING_PUBLIC_SIZE", "PublicSealingKey", "PublicSigningKey", "SealingKey", "Signer",
    "SigningKey",
]  # fmt: skip

_MLKEM_PUBLIC: Final = 1184
_MLKEM_SEED: Final = 64
SEALING_PUBLIC_SIZE: Final = _MLKEM_PUBLIC + 32
SEALING_PRIVATE_SIZE: Final = _MLKEM_SEED + 32

_P: Final = 2**255 - 19
_SMALL_EDWARDS: Final = frozenset((
    0, 1, _P - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
))  # fmt: skip
"""The y of all eight points of Ed25519 whose order divides 8 (RFC 8032 section 5.1)."""
_SMALL_MONTGOMERY: Final = frozenset((
    0, 1, _P - 1,
    0x00B8495F16056286FDB1329CEB8D09DA6AC49FF1FAE35616AEB8413B7C7AEBE0,
    0x57119FD0DD4E22D8868E1C58C45C44045BEF839C55B1D0B1248C50A3BC959C5F,
))  # fmt: skip
"""The u of all points of Curve25519, or of its twist, whose order divides 8 (RFC 7748 section 7)."""


def _coordinate(public: bytes, small: frozenset[int]) -> None:
    """Raises ValueError unless the coordinate in ``public`` is written in its one way and none of ``small``."""
    value = int.from_bytes(public, "little") & ((1 << 255) - 1)
    if value >= _P or value in small:
        raise ValueError


def _thumbprint(public: bytes) -> bytes:
    """RFC 9679: SHA-256 of the COSE_Key {1: OKP, -1: Ed25519, -2: x} in deterministic encoding."""
    return hashlib.sha256(b"\xa3\x01\x01\x20\x06\x21" + bstr(public)).digest()


def _sealing_identifier(public: bytes) -> bytes:
    return hashlib.sha256(b"tansiq/1 sealing key" + public).digest()


class Signer(Protocol):
    """Whoever can sign: a key in memory, an officer's opened key, later a token."""

    @property
    def identifier(self) -> bytes:
        """The identifier of the public key that verifies."""

    def sign(self, data: bytes) -> bytes:
        """The signature (64 bytes, RFC 8032) over ``data``."""


@dataclass(frozen=True, slots=True)
class PublicSigningKey:
    """A public Ed25519 key; ``public`` are its 32 bytes. Raises BadInput when they are no key."""

    public: bytes
    identifier: bytes = field(init=False)
    _key: Ed25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            key = Ed25519PublicKey.from_public_bytes(self.public)
            _coordinate(self.public, _SMALL_EDWARDS)
        except (ValueError, TypeError) as error:
            raise BadInput("protocol.wrong-key") from error
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "identifier", _thumbprint(self.public))

    def verify(self, signature: bytes, data: bytes) -> None:
        """Raises NotProven unless ``signature`` is this key's over ``data`` (RFC 8032)."""
        try:
            self._key.verify(signature, data)
        except InvalidSignature as error:
            raise NotProven("protocol.wrong-signature") from error

    @property
    def raw(self) -> Ed25519PublicKey:
        """The key for libraries that want one."""
        return self._key


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private Ed25519 key; ``private`` are its 32 bytes. Raises BadInput when they are no key."""

    private: bytes = field(repr=False)
    public: PublicSigningKey = field(init=False)
    identifier: bytes = field(init=False)
    _key: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            key = Ed25519PrivateKey.from_private_bytes(self.private)
        except (ValueError, TypeError) as error:
            raise BadInput("protocol.wrong-key") from error
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "public", PublicSigningKey(key.public_key().public_bytes_raw()))
        object.__setattr__(self, "identifier", self.public.identifier)

    @classmethod
    def generate(cls) -> SigningKey:
        """A new key from the operating system's randomness."""
        return cls(Ed25519PrivateKey.generate().private_bytes_raw())

    def sign(self, data: bytes) -> bytes:
        """The signature (64 bytes, RFC 8032) over ``data``."""
        return self._key.sign(data)

    @property
    def raw(self) -> Ed25519PrivateKey:
        """The key for libraries that want one."""
        return self._key


@dataclass(frozen=True, slots=True)
class PublicSealingKey:
    """A public sealing key of 1216 bytes. Raises BadInput when they are no key."""

    public: bytes = field(repr=False)
    identifier: bytes = field(init=False)
    raw: hpke.MLKEM768X25519PublicKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            if len(self.public) != SEALING_PUBLIC_SIZE:
                raise ValueError
            _coordinate(self.public[_MLKEM_PUBLIC:], _SMALL_MONTGOMERY)
            key = hpke.MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.public[:_MLKEM_PUBLIC]),
                X25519PublicKey.from_public_bytes(self.public[_MLKEM_PUBLIC:]),
            )
        except (ValueError, TypeError) as error:
            raise BadInput("protocol.wrong-key") from error
        object.__setattr__(self, "raw", key)
        object.__setattr__(self, "identifier", _sealing_identifier(self.public))


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A private sealing key of 96 bytes: the ML-KEM seed and the X25519 scalar. Raises BadInput when it is none."""

    private: bytes = field(repr=False)
    public: PublicSealingKey = field(init=False)
    identifier: bytes = field(init=False)
    raw: hpke.MLKEM768X25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        try:
            if len(self.private) != SEALING_PRIVATE_SIZE:
                raise ValueError
            lattice = MLKEM768PrivateKey.from_seed_bytes(self.private[:_MLKEM_SEED])
            curve = X25519PrivateKey.from_private_bytes(self.private[_MLKEM_SEED:])
        except (ValueError, TypeError) as error:
            raise BadInput("protocol.wrong-key") from error
        public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
        object.__setattr__(self, "raw", hpke.MLKEM768X25519PrivateKey(lattice, curve))
        object.__setattr__(self, "public", PublicSealingKey(public))
        object.__setattr__(self, "identifier", self.public.identifier)

    @classmethod
    def generate(cls) -> SealingKey:
        """A new key from the operating system's randomness."""
        lattice, curve = MLKEM768PrivateKey.generate(), X25519PrivateKey.generate()
        return cls(lattice.private_bytes_raw() + curve.private_bytes_raw())
