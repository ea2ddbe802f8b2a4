"""The limits that every node keeps on what comes from outside, in one place.

Invariant: a limit is judged before the memory or the time that it protects is spent.
"""

from typing import Final

__all__ = [
    "MAX_BATCH", "MAX_CBOR_DEPTH", "MAX_CBOR_ITEMS", "MAX_DIRECTORY_BYTES", "MAX_DIRECTORY_ITEMS", "MAX_DOCKET_BYTES",
    "MAX_EPOCH", "MAX_FOLLOWS", "MAX_HANDOVERS", "MAX_HEADER_BYTES", "MAX_INTEGER", "MAX_LEAVES", "MAX_PARCEL_BYTES",
    "MAX_PARTS", "MAX_PART_BYTES", "MAX_ROUTE", "MAX_SMALL_INTEGER", "MAX_STATEMENT_BYTES", "MAX_TIME_MS",
    "MAX_WRAPS",
]  # fmt: skip

MAX_INTEGER: Final = (1 << 63) - 1
"""Every number fits a signed 64-bit column."""
MAX_SMALL_INTEGER: Final = (1 << 31) - 1
"""The most that a column of 32 bits holds: epochs, counts."""
MAX_EPOCH: Final = MAX_SMALL_INTEGER
MAX_TIME_MS: Final = 253_000_000_000_000
"""The last moment that is taken from outside, in the year 9987: what is added to it, a zone or a deadline, still stands in a
calendar, which ends with the year 9999. ``policy`` keeps the same limit for the moments in bodies."""
MAX_CBOR_DEPTH: Final = 16
MAX_CBOR_ITEMS: Final = 500_000
MAX_HEADER_BYTES: Final = 1_024
"""What a signature states of itself: a head, which states most (two agencies, their journal), takes less than 350 bytes."""
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
MAX_DIRECTORY_BYTES: Final = 1024 * 1024
"""500 posts with names in four languages and a key each, custodians named, and 500 officers with a key each take some 860 KB."""
MAX_DIRECTORY_ITEMS: Final = 100_000
"""Of what a document holds, each value costs memory, however short it is; the same 500 of each hold 25,000."""
