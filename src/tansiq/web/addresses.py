"""A whole number in an address, as the databases take it.

Invariant: an address with a longer number is none of ours and answers as any other that there is not; Django's own ``int`` has no bound.
"""

from __future__ import annotations

from typing import Final

from django.urls import register_converter

from tansiq.web.numbers import MOST_DIGITS

__all__ = ["WHOLE"]

WHOLE: Final = "whole"
"""What an address says for such a number: ``path(f"roster/<{WHOLE}:identifier>/drop/", …)``."""


class _Whole:
    """How Django finds, reads and writes it."""

    regex = f"[0-9]{{1,{MOST_DIGITS}}}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)

    def to_url(self, value: int) -> str:
        """How the address writes it."""
        return str(value)


register_converter(_Whole, WHOLE)
