"""Whole numbers that arrive in a form, in a query or in a path within a record.

Invariant: what is no number of a size that the databases and Python's own conversion take is None, never a fault: `str.isdigit` alone takes
'²' and five thousand digits for a number, and `int` takes neither.
"""

from __future__ import annotations

from typing import Final

__all__ = ["MOST_DIGITS", "whole"]

MOST_DIGITS: Final = 18
"""So many digits always fit into 64 bits."""


def whole(said: object, most: int = MOST_DIGITS) -> int | None:
    """The number that ``said`` writes with at most ``most`` digits of ASCII; None for anything else.

    >>> whole("17"), whole("²"), whole("-1"), whole(""), whole("9" * 19), whole(None)
    (17, None, None, None, None, None)
    """
    plain = said if isinstance(said, str) else ""
    return int(plain) if 0 < len(plain) <= most and plain.isascii() and plain.isdigit() else None
