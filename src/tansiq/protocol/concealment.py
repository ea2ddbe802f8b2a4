"""One piece of content (a docket, a part of a body): salted, committed to, padded, encrypted under a key of its own.

Invariant: the commitment is the SHA-256 of the *opening*, CBOR ``[salt, content]``, and the ciphertext holds that
opening and nothing else. So whoever opens the content can prove it to a third party by showing the opening, without any
key; two readers with different keys can't read different things (AES-GCM alone allows it: it doesn't commit to its
key); and content whose key is erased can't be guessed from what stays.
The place of a content (its statement and its number) is bound to the ciphertext as external data.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass, field
from typing import Final

from tansiq.errors import BadInput, NotProven
from tansiq.protocol.cbor import bstr, encode, only_bstr
from tansiq.protocol.cose import decrypt0, encrypt0
from tansiq.protocol.padding import pad, unpad

__all__ = ["DOCKET_PLACE", "KEY_SIZE", "Concealed", "conceal", "reveal", "verify_opening"]

DOCKET_PLACE: Final = -1
"""The place of the docket; the parts count from 0."""
KEY_SIZE: Final = 32
_SALT_SIZE: Final = 32
_PLACES: Final = tuple(encode(place) for place in range(DOCKET_PLACE, 24))
_OPENING_HEAD: Final = b"\x82\x58\x20"
"""An array of two, and the head of its first, a byte string as long as the salt."""


@dataclass(frozen=True, slots=True)
class Concealed:
    """A content as it travels (``ciphertext``), what the statement signs of it, and its ``key``."""

    ciphertext: bytes = field(repr=False)
    key: bytes = field(repr=False)
    digest: bytes
    commitment: bytes


def _external(statement_id: bytes, place: int) -> bytes:
    return b"\x82" + bstr(statement_id) + (_PLACES[place + 1] if place + 1 < len(_PLACES) else encode(place))


def conceal(content: bytes, *, statement_id: bytes, place: int) -> Concealed:
    """Encrypts ``content`` for ``place`` of a statement under a fresh key and salt (drawn from ``secrets``)."""
    fresh = secrets.token_bytes(KEY_SIZE + _SALT_SIZE)
    key, salt = fresh[:KEY_SIZE], fresh[KEY_SIZE:]
    opening = _OPENING_HEAD + salt + bstr(content)
    ciphertext = encrypt0(pad(opening), key=key, external=_external(statement_id, place))
    return Concealed(
        ciphertext=ciphertext,
        key=key,
        digest=hashlib.sha256(ciphertext).digest(),
        commitment=hashlib.sha256(opening).digest(),
    )


def verify_opening(opening: bytes, *, commitment: bytes) -> bytes:
    """The content of an ``opening`` that somebody shows.

    Raises NotProven unless it is the one committed to, BadInput when what was committed to is no opening.
    """
    if hashlib.sha256(opening).digest() != commitment:
        raise NotProven("protocol.other-commitment")
    if not opening.startswith(_OPENING_HEAD):
        raise BadInput("protocol.wrong-opening")
    content = only_bstr(opening, len(_OPENING_HEAD) + _SALT_SIZE)
    if content is None:
        raise BadInput("protocol.wrong-opening")
    return content


def reveal(ciphertext: bytes, *, key: bytes, statement_id: bytes, place: int, commitment: bytes) -> tuple[bytes, bytes]:
    """Opens a content: ``(content, opening)``.

    Raises NotProven when the key is another one, the content stood elsewhere, or it is not what was committed to.
    """
    opening = unpad(decrypt0(ciphertext, key=key, external=_external(statement_id, place)))
    return verify_opening(opening, commitment=commitment), opening
