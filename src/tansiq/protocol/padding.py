"""Padmé: hides how long a content is, for at most 12 % more bytes.

Invariant: ``unpad(pad(data)) == data``, and every padded length is one that Padmé gives; anything else is refused.
Source: Nikitin, Barman, Lueks, Underwood, Hubaux, Ford, *Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs*, PoPETs 2019, algorithm 1. Lengths are rounded up so that about log log n bits of n show.
The filling is ISO/IEC 7816-4: one byte 0x80, then zeros.

>>> [padded_length(n) for n in (8, 9, 100, 1000)]
[8, 10, 104, 1024]
"""

from tansiq.errors import BadInput

__all__ = ["pad", "padded_length", "unpad"]

_MARK = b"\x80"


def padded_length(n: int) -> int:
    """The Padmé length in bytes for ``n`` ≥ 0 bytes: the smallest allowed one that is not below ``n``.

    Never above 1.12 × ``n``; ``n`` itself up to 8. Raises BadInput when ``n`` is negative.
    """
    if n < 2:
        if n < 0:
            raise BadInput("padding.wrong")
        return n
    exponent = n.bit_length() - 1
    # A length keeps as many bits after its first as are needed to write its exponent; the rest become zeros.
    mask = (1 << (exponent - exponent.bit_length())) - 1
    return (n + mask) & ~mask


def pad(data: bytes) -> bytes:
    """``data``, the mark, and zeros up to the Padmé length of ``len(data) + 1``."""
    length = len(data) + 1
    return b"".join((data, _MARK, bytes(padded_length(length) - length)))


def unpad(data: bytes) -> bytes:
    """What ``pad`` was given. Raises BadInput("padding.wrong") when ``data`` cannot have come from ``pad``.

    Not in constant time: call it on what has already been authenticated.
    """
    end = data.rfind(_MARK)
    if end < 0 or len(data) != padded_length(end + 1) or data.count(0, end + 1) != len(data) - end - 1:
        raise BadInput("padding.wrong")
    return data[:end]
