"""COSE (RFC 9052): Sign1 for every signature, Encrypt0 for every content.

Invariant: a signature is always over the protected header that states the algorithm, the key and the type of thing
(RFC 9596), so that nothing signed as one thing can be shown as another. The unprotected header, which nobody signs, is
empty (but for a receipt's proof), so one signed thing has one encoding and one digest. Written on cbor2 and
cryptography; the tests verify what it makes with implementations that are not ours.

>>> from tansiq.protocol.keys import SigningKey
>>> key = SigningKey.generate()
>>> message = sign1(b"word", kind="statement", signer=key)
>>> parse_sign1(message, kind="statement").verify(key.public)
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import Plain, bstr, decode, encode, only_bstr
from tansiq.protocol.keys import PublicSigningKey, Signer
from tansiq.protocol.limits import MAX_HEADER_BYTES

__all__ = ["ALGORITHM", "Sign1", "decrypt0", "encrypt0", "media_type", "parse_sign1", "sign1", "sign1_parsed"]

ALGORITHM: Final = -8
"""EdDSA (RFC 9053), which every COSE library knows; ADR 0003 says why not -19 yet."""
_ALG, _CRIT, _KID, _TYP = 1, 2, 4, 16
"""Labels of RFC 9052 section 3.1 and RFC 9596."""
_SIGN1_TAG: Final = b"\xd2"
_SIGN1_TYPES: Final = ([bytes, dict, bytes, bytes], [bytes, dict, type(None), bytes])
_SIGNATURE_SIZE: Final = 64
_BEFORE_SIGNATURE: Final = -_SIGNATURE_SIZE - 2
_ENCRYPT0_TAG: Final = b"\xd0"
_A256GCM: Final = encode({1: 3})
_ONE_USE_NONCE: Final = bytes(12)
"""Each content has a key of its own that encrypts once, so the nonce may be fixed (RFC 5116 section 3.1)."""
_ENCRYPT0_HEAD: Final = _ENCRYPT0_TAG + b"\x83" + bstr(_A256GCM) + b"\xa1\x05" + bstr(_ONE_USE_NONCE)


def media_type(kind: str) -> str:
    """The type that the protected header states for ``kind``."""
    return f"application/tansiq-{kind}+cbor"


def _to_be_signed(protected: bytes, payload: bytes) -> bytes:
    """Sig_structure of RFC 9052 section 4.4 without external data."""
    return b"\x84\x6aSignature1" + bstr(protected) + b"\x40" + bstr(payload)


@functools.lru_cache(maxsize=256)
def _protected(kind: str, identifier: bytes) -> bytes:
    return encode({_ALG: ALGORITHM, _KID: identifier, _TYP: media_type(kind)})


@dataclass(frozen=True, slots=True)
class Sign1:
    """A parsed COSE_Sign1: nothing is verified before ``verify``.

    ``payload`` is None when it travels apart (detached); ``protected`` are the signed headers, decoded.
    """

    payload: bytes | None
    protected: Mapping[Plain, Plain]
    protected_bytes: bytes
    unprotected: Mapping[Plain, Plain]
    signature: bytes

    @property
    def signer(self) -> bytes:
        """The identifier of the key that claims to have signed."""
        identifier: bytes = self.protected[_KID]
        return identifier

    def verify(self, key: PublicSigningKey, *, detached: bytes | None = None) -> None:
        """Raises NotProven unless ``key`` signed these headers and this payload (or ``detached``)."""
        payload = self.payload if detached is None else detached
        if payload is None or (detached is not None and self.payload is not None):
            raise NotProven("protocol.wrong-signature")
        if key.identifier != self.signer:
            raise NotProven("protocol.other-key")
        key.verify(self.signature, _to_be_signed(self.protected_bytes, payload))


@functools.lru_cache(maxsize=256)
def _headers(protected: bytes) -> Mapping[Plain, Plain] | None:
    """The signed headers (of at most `MAX_HEADER_BYTES`, for they are kept), decoded once for all that one key signs of one type;
    None when they are no map.
    """
    headers = decode(protected)
    return MappingProxyType(headers) if type(headers) is dict else None


def sign1_parsed(payload: bytes, *, kind: str, signer: Signer) -> tuple[bytes, Sign1]:
    """What `sign1` makes of ``payload``, and that as `parse_sign1` reads it: its maker need not parse its own word."""
    encoded = sign1(payload, kind=kind, signer=signer)
    protected = _protected(kind, signer.identifier)
    return encoded, Sign1(payload, _headers(protected) or {}, protected, {}, encoded[-_SIGNATURE_SIZE:])


def sign1(
    payload: bytes,
    *,
    kind: str,
    signer: Signer,
    detached: bool = False,
    more_protected: Mapping[Plain, Plain] | None = None,
) -> bytes:
    """A tagged COSE_Sign1 of ``payload`` by ``signer``, typed as ``kind``; ``detached`` leaves the payload out."""
    protected = _protected(kind, signer.identifier)
    if more_protected:
        protected = encode({**decode(protected), **more_protected})
    signature = signer.sign(_to_be_signed(protected, payload))
    body = b"\xf6" if detached else bstr(payload)
    return _SIGN1_TAG + b"\x84" + bstr(protected) + b"\xa0" + body + bstr(signature)


def _plain(data: bytes) -> tuple[bytes, dict[Plain, Plain], bytes, bytes] | None:
    """The four of a COSE_Sign1 as `sign1` writes it, cut out by their places; None when it may be written otherwise."""
    end = 4 + data[3] if data[1:3] == b"\x84\x58" and len(data) > 3 and data[3] > 23 else len(data)
    if data[end : end + 1] != b"\xa0" or data[_BEFORE_SIGNATURE:-_SIGNATURE_SIZE] != b"\x58\x40":
        return None
    payload = only_bstr(data[end + 1 : _BEFORE_SIGNATURE], 0)
    return None if payload is None else (data[4:end], {}, payload, data[-_SIGNATURE_SIZE:])


def _four(data: bytes) -> tuple[bytes, dict[Plain, Plain], bytes | None, bytes]:
    """The four of any COSE_Sign1. Raises BadInput."""
    array = decode(data[1:])
    if (
        type(array) is not list
        or [type(part) for part in array] not in _SIGN1_TYPES
        or len(array[3]) != _SIGNATURE_SIZE
    ):
        raise BadInput("protocol.not-sign1")
    return array[0], array[1], array[2], array[3]


def parse_sign1(data: bytes, *, kind: str | None, unprotected: frozenset[int] = frozenset()) -> Sign1:
    """The parts of a COSE_Sign1 of type ``kind`` (None: any).

    ``unprotected`` are the labels that may stand where no signature covers them. Raises BadInput when it is no
    COSE_Sign1 with signed headers of at most `MAX_HEADER_BYTES`, of another type, or marks a header as critical, as a newer
    version might ('protocol.newer-version').
    """
    if data[:1] != _SIGN1_TAG:
        raise BadInput("protocol.not-sign1")
    protected_bytes, shown, payload, signature = _plain(data) or _four(data)
    if len(protected_bytes) > MAX_HEADER_BYTES:
        raise BadInput("protocol.not-sign1")
    protected = _headers(protected_bytes)
    if protected is None or protected.get(_ALG) != ALGORITHM or not unprotected.issuperset(shown):
        raise BadInput("protocol.not-sign1")
    if _CRIT in protected:
        raise BadInput("protocol.newer-version", what=kind or "COSE_Sign1", field=_CRIT)
    identifier = protected.get(_KID)
    if type(identifier) is not bytes or len(identifier) != 32:
        raise BadInput("protocol.not-sign1")
    if kind is not None and protected.get(_TYP) != media_type(kind):
        raise BadInput("protocol.other-type", expected=kind)
    return Sign1(payload, protected, protected_bytes, shown, signature)


def _additional_data(external: bytes) -> bytes:
    """Enc_structure of RFC 9052 section 5.3."""
    return b"\x83\x68Encrypt0" + bstr(_A256GCM) + bstr(external)


def encrypt0(plaintext: bytes, *, key: bytes, external: bytes) -> bytes:
    """A tagged COSE_Encrypt0 (A256GCM) under a ``key`` of 32 bytes that must never encrypt anything else."""
    ciphertext = AESGCM(key).encrypt(_ONE_USE_NONCE, plaintext, _additional_data(external))
    return _ENCRYPT0_HEAD + bstr(ciphertext)


def decrypt0(data: bytes, *, key: bytes, external: bytes) -> bytes:
    """The plaintext of a COSE_Encrypt0. Raises BadInput (not one) or NotProven (another key, or altered)."""
    if not data.startswith(_ENCRYPT0_HEAD):
        raise BadInput("protocol.not-encrypt0")
    ciphertext = only_bstr(data, len(_ENCRYPT0_HEAD))
    if ciphertext is None:
        raise BadInput("protocol.not-encrypt0")
    try:
        return AESGCM(key).decrypt(_ONE_USE_NONCE, ciphertext, _additional_data(external))
    except (InvalidTag, ValueError) as error:
        raise NotProven("protocol.not-opened") from error
