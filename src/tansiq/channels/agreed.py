"""The agreements in force as a check of law on what leaves: who relies on one that has ended, or does not cover it, is told.

Invariant: asked with the law at the moment of leaving, on every channel that carries a basis; what nobody has entered says nothing
(`policy.agreed`). Directive (EU) 2016/680, Articles 35(1) and 37(1)(a).
"""

from __future__ import annotations

from collections.abc import Iterable

from tansiq.channels.sources import agreements_with
from tansiq.policy.agreed import agreement_faults
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import Faults, refuse

__all__ = ["agreed_faults", "check_agreed"]


def agreed_faults(law: LawBasis | None, partner: str, *, at_ms: int) -> Faults:
    """What the agreements with the partner's state say against a basis at a moment (UTC milliseconds)."""
    if law is None or law.legal_basis is None:
        return Faults()
    return Faults(agreement_faults(law, agreements_with(partner), at_ms=at_ms))


def check_agreed(laws: Iterable[LawBasis | None], partner: str, *, at_ms: int) -> None:
    """Raises Refused('policy.law') where an agreement that both sides keep says something against one of these bases."""
    stated = [law for law in laws if law is not None and law.legal_basis is not None]
    if stated:
        known = agreements_with(partner)
        refuse(Faults(fault for law in stated for fault in agreement_faults(law, known, at_ms=at_ms)))
