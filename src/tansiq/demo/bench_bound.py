"""The bare bound: what a proven message costs in cryptography alone, the yardstick of every measurement.

Invariant: the same algorithms, on the same bytes, by the same library as the exchange uses, and nothing else: one Ed25519 signature, one
hybrid HPKE seal, one verification, one opening; then the receipt's signature and its verification. CPU time of this process, in
microseconds. It is measured between the rounds of what is compared with it, never copied from another run or machine.
"""

from __future__ import annotations

import secrets
import time

from cryptography.hazmat.primitives import hpke

from tansiq.protocol.keys import SealingKey, SigningKey

__all__ = ["bound_us"]

_SUITE = hpke.Suite(hpke.KEM.MLKEM768_X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
_INFO = b"tansiq bench"


def bound_us(*, size: int, times: int = 200) -> float:
    """The CPU microseconds of one bare message of ``size`` bytes, as the mean of ``times``."""
    signer, reader, body = SigningKey.generate(), SealingKey.generate(), secrets.token_bytes(size)
    start = time.process_time_ns()
    for _ in range(times):
        signature = signer.sign(body)
        sealed = _SUITE.encrypt(body, reader.public.raw, info=_INFO)
        signer.public.verify(signature, body)
        _SUITE.decrypt(sealed, reader.raw, info=_INFO)
        receipt = signer.sign(body)
        signer.public.verify(receipt, body)
    return (time.process_time_ns() - start) / times / 1000
