"""The limits that every node keeps on what comes from outside, in one place.

Invariant: a limit is judged before the memory or the time that it protects is spent.
"""

from typing import Final

__all__ = [
    "MAX_BATCH", "MAX_CBOR_DEPTH", "MAX_CBOR_ITEMS", "MAX_DIRECTORY_BYTES", "MAX_DOCKET_BYTES", "MAX_FOLLOWS",
    "MAX_HANDOVERS", "MAX_INTEGER", "MAX_LEAVES", "MAX_PARCEL_BYTES", "MAX_PARTS", "MAX_PART_BYTES", "MAX_ROUTE",
    "MAX_STATEMENT_BYTES", "MAX_WRAPS",
]  # fmt: skip

MAX_INTEGER: Final = (1 << 63) - 1
"""Every number and time fits a signed 64-bit column."""
MAX_CBOR_DEPTH: Final = 16
MAX_CBOR_ITEMS: Final = 500_000
MAX_STATEMENT_BYTES: Final = 4_096
MAX_DOCKET_BYTES: Final = 16_384
MAX_PART_BYTES: Final = 4 * 1024 * 1024
"""Larger things travel as files: a manifest of chunks."""
MAX_PARTS: Final = 256
MAX_ROUTE: Final = 16
MAX_FOLLOWS: Final = 64
MAX_HANDOVERS: Final = 16
MAX_WRAPS: Final = 1_024
MAX_BATCH: Final = 512
MAX_PARCEL_BYTES: Final = 16 * 1024 * 1024
MAX_LEAVES: Final = 65_536
MAX_DIRECTORY_BYTES: Final = 4 * 1024 * 1024
