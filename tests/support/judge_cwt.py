"""The judge itself: ``cwt`` in an environment of its own, asked line by line. Run by ``support.judge``, never imported.

Invariant: nothing of ``tansiq`` is in reach here, and not even a package is shared with it: ``cwt`` reads with its own
cbor2. A line holds one question in CBOR, as hexadecimal: a COSE message, a COSE key, the external data, the detached
payload or null. The answer is such a line too: ``[true, [protected, unprotected, payload]]``, or ``[false, why]``.
"""

from __future__ import annotations

import sys

import cbor2
from cwt import COSE, COSEKey

__all__ = ["answer"]


def answer(question: bytes) -> bytes:
    """What ``cwt`` makes of one question: what it proved and read, or why it refuses."""
    message, key, external, detached = cbor2.loads(question)
    try:
        read = COSE.new().decode_with_headers(
            message, COSEKey.new(key), external_aad=external, detached_payload=detached
        )
    except Exception as error:
        return cbor2.dumps([False, f"{type(error).__name__}: {error}"])
    return cbor2.dumps([True, list(read)])


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(answer(bytes.fromhex(line)).hex() + "\n")
        sys.stdout.flush()
