"""HPKE as we use it is the one of RFC 9180 and of the drafts for its hybrid KEM.

Three judges that share no code with `cryptography`: the RFC's and the working group's published vectors, `pyhpke`,
and the frozen vectors of a JavaScript implementation (tests/vectors/hpke_hybrid.json; it opened ours as well when they
were made).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.bindings._rust import openssl
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from pyhpke import AEADId, CipherSuite, KDFId, KEMId
from pyhpke.exceptions import OpenError

from peer import seeded
from tansiq.errors import NotProven
from tansiq.protocol import wraps
from tansiq.protocol.cbor import encode
from tansiq.protocol.keys import SealingKey
from tansiq.protocol.wraps import ContentKeys, open_wrap, parse_wrap

VECTORS = Path(__file__).parent.parent / "vectors"
IETF = json.loads((VECTORS / "hpke_ietf.json").read_text(encoding="utf-8"))
HYBRID = json.loads((VECTORS / "hpke_hybrid.json").read_text(encoding="utf-8"))["vectors"]
RFC9180: dict[str, Any] = IETF["rfc9180"]


def octets(vector: dict[str, Any], *names: str) -> bytes:
    return b"".join(bytes.fromhex(vector[name]) for name in names)


def hybrid_key(seed: str) -> SealingKey:
    """The private key that a seed of 32 bytes means in the draft."""
    return SealingKey(hashlib.shake_256(bytes.fromhex(seed)).digest(96))


def test_the_vector_of_rfc_9180() -> None:
    """The library's own interface has no room for additional data, which this vector has; we never use any."""
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)
    private = X25519PrivateKey.from_private_bytes(octets(RFC9180, "skRm"))
    opened = openssl.hpke._decrypt_with_aad(
        suite, octets(RFC9180, "enc", "ct"), private, octets(RFC9180, "info"), octets(RFC9180, "aad")
    )
    assert opened == octets(RFC9180, "pt")


def test_the_vector_of_rfc_9180_with_pyhpke() -> None:
    suite = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.AES128_GCM)
    private = suite.kem.deserialize_private_key(octets(RFC9180, "skRm"))
    context = suite.create_recipient_context(octets(RFC9180, "enc"), private, info=octets(RFC9180, "info"))
    assert context.open(octets(RFC9180, "ct"), aad=octets(RFC9180, "aad")) == octets(RFC9180, "pt")


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(AEADId.AES128_GCM, hpke.AEAD.AES_128_GCM), (AEADId.AES256_GCM, hpke.AEAD.AES_256_GCM)],
    ids=["AES-128-GCM", "AES-256-GCM"],
)
def test_pyhpke_opens_what_cryptography_seals_and_the_other_way_round(theirs: AEADId, ours: hpke.AEAD) -> None:
    foreign = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, theirs)
    native = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, ours)
    raw = seeded("x25519")
    private = X25519PrivateKey.from_private_bytes(raw)
    foreign_private = foreign.kem.deserialize_private_key(raw)
    foreign_public = foreign.kem.deserialize_public_key(private.public_key().public_bytes_raw())

    sealed = native.encrypt(b"content", private.public_key(), info=b"info")
    assert foreign.create_recipient_context(sealed[:32], foreign_private, info=b"info").open(sealed[32:]) == b"content"
    with pytest.raises(OpenError):
        foreign.create_recipient_context(sealed[:32], foreign_private, info=b"other").open(sealed[32:])

    enc, sender = foreign.create_sender_context(foreign_public, info=b"info")
    assert native.decrypt(enc + sender.seal(b"content"), private, info=b"info") == b"content"


def test_the_hybrid_vector_of_the_working_group() -> None:
    vector = IETF["hpke_pq"]
    key = hybrid_key(vector["skRm"])
    assert key.public.public == octets(vector, "pkRm")
    suite = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.CHACHA20_POLY1305)
    opened = openssl.hpke._decrypt_with_aad(
        suite, octets(vector, "enc", "ct"), key.raw, octets(vector, "info"), octets(vector, "aad")
    )
    assert opened == octets(vector, "pt")


@pytest.mark.parametrize("vector", HYBRID, ids=[vector["about"] for vector in HYBRID])
def test_what_a_foreign_implementation_sealed_opens_with_our_suite(vector: dict[str, Any]) -> None:
    key = hybrid_key(vector["seed"])
    assert key.public.public == octets(vector, "public")
    sealed = octets(vector, "enc", "ciphertext")
    assert wraps.HPKE.decrypt(sealed, key.raw, info=octets(vector, "info")) == octets(vector, "plaintext")


def foreign_wrap(vector: dict[str, Any]) -> bytes:
    return encode([1, hybrid_key(vector["seed"]).identifier, octets(vector, "enc", "ciphertext")])


def test_a_wrap_that_a_foreign_implementation_made_opens_as_ours_do() -> None:
    digest = seeded("hybrid vector statement digest")
    docket_only, full = HYBRID[2], HYBRID[3]
    assert octets(full, "info") == wraps._info(digest)
    key = ContentKeys(seeded("docket key"))
    opened = open_wrap(
        parse_wrap(foreign_wrap(docket_only)), reader=hybrid_key(docket_only["seed"]), statement_digest=digest
    )
    assert opened == key
    opened = open_wrap(parse_wrap(foreign_wrap(full)), reader=hybrid_key(full["seed"]), statement_digest=digest)
    assert opened == ContentKeys(key.docket, (seeded("part key 0"), seeded("part key 1")))
    with pytest.raises(NotProven):
        open_wrap(parse_wrap(foreign_wrap(full)), reader=hybrid_key(full["seed"]), statement_digest=seeded("another"))


@pytest.mark.parametrize("part", ["enc", "ciphertext", "info", "seed"])
def test_a_vector_with_one_bit_changed_does_not_open(part: str) -> None:
    vector = dict(HYBRID[3])
    changed = bytearray(octets(vector, part))
    changed[len(changed) // 2] ^= 1
    vector[part] = changed.hex()
    with pytest.raises(InvalidTag):
        wraps.HPKE.decrypt(
            octets(vector, "enc", "ciphertext"), hybrid_key(vector["seed"]).raw, info=octets(vector, "info")
        )
