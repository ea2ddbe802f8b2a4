"""What makes a passphrase: long enough to resist guessing by whoever steals a sealed key, easy enough to be typed.

Invariant: length counts, not odd signs (NIST SP 800-63B, section 5.1.1.2). What is advised is told before it is typed, in words.
"""

from __future__ import annotations

from typing import Final

from tansiq.errors import Refused
from tansiq.keystore.officers import MIN_PASSPHRASE

__all__ = ["LONGEST", "check_passphrase"]

LONGEST: Final = 256
_DIFFERENT: Final = 6


def check_passphrase(passphrase: str, *, number: str) -> None:
    """Raises Refused: too short, too long, too few different signs, or it holds the service number."""
    if len(passphrase) < MIN_PASSPHRASE:
        raise Refused("keystore.short-passphrase", least=MIN_PASSPHRASE)
    if len(passphrase) > LONGEST:
        raise Refused("accounts.long-passphrase", most=LONGEST)
    plain = passphrase.casefold()
    if len(set(plain)) < _DIFFERENT or number.casefold() in plain:
        raise Refused("accounts.weak-passphrase")
