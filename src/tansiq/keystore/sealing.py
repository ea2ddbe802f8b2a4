"""How the key store seals: a secret from outside or a passphrase (Argon2id, RFC 9106), AES-256-GCM, AES key wrap (RFC 3394).

Invariant: every sealed value is bound to what it is (associated data), so a row moved to another place does not open.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from tansiq.errors import Refused

__all__ = ["OFFICER_COST", "ROOT_COST", "Cost", "derive", "seal", "unseal"]


@dataclass(frozen=True, slots=True)
class Cost:
    """What deriving a key costs: passes, threads, memory in KiB (RFC 9106 section 4)."""

    passes: int
    lanes: int
    memory_kib: int

    def __str__(self) -> str:
        return f"{self.passes},{self.lanes},{self.memory_kib}"

    @classmethod
    def parse(cls, text: str) -> Cost:
        """The cost that `str` wrote."""
        passes, lanes, memory_kib = (int(part) for part in text.split(","))
        return cls(passes, lanes, memory_kib)


ROOT_COST = Cost(2, 1, 19_456)
OFFICER_COST = Cost(3, 1, 65_536)


def derive(secret: bytes, *, salt: bytes, cost: Cost) -> bytes:
    """A key of 32 bytes from ``secret`` (a key file's content or a passphrase)."""
    kdf = Argon2id(salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return kdf.derive(secret)


def seal(plain: bytes, *, key: bytes, bound_to: bytes) -> bytes:
    """Nonce and ciphertext of ``plain``, bound to ``bound_to``."""
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def unseal(sealed: bytes, *, key: bytes, bound_to: bytes, code: str) -> bytes:
    """The plain bytes. Raises Refused(``code``) when the key is another or the value was altered or moved."""
    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise Refused(code) from error
