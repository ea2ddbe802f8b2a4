"""Whether the agreement on which something leaves is in force, covers the offence and gives the ground for the transfer.

Invariant: only an agreement that both sides keep is judged: one that nobody has entered is for the officer who names it to know. Of several
entries of one code one that holds is enough. Directive (EU) 2016/680, Articles 35(1) and 37(1)(a).

>>> from tansiq.policy.channel_matter import Agreement
>>> ended = Agreement(code="law.es-ma-2019", until_ms=5)
>>> [one.code for one in agreement_faults(LawBasis(legal_basis="law.es-ma-2019"), [ended], at_ms=6)]
['policy.law.agreement-not-in-force']
>>> list(agreement_faults(LawBasis(legal_basis="law.es-ma-2019"), [ended], at_ms=4))
[]
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tansiq.policy.channel_matter import Agreement
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.faults import Fault

__all__ = ["agreement_faults", "holds"]

_TRANSFER: Final = "Directive (EU) 2016/680, Article 37(1)(a)"
_BINDING: Final = "transfer.safeguards-instrument"


def holds(agreement: Agreement, *, field: str, at_ms: int) -> bool:
    """Whether an agreement is in force at a moment and covers a field of crime (''; none is asked)."""
    begun = agreement.from_ms <= at_ms and (not agreement.until_ms or at_ms < agreement.until_ms)
    return begun and (not agreement.fields or not field or field in agreement.fields)


def agreement_faults(
    law: LawBasis | None, agreements: Iterable[Agreement], *, at_ms: int, path: str = "law."
) -> Iterator[Fault]:
    """What the agreements with the other state say against a basis, at ``at_ms`` (UTC milliseconds)."""
    if law is None or law.legal_basis is None:
        return
    named = [one for one in agreements if one.code == law.legal_basis]
    good = [one for one in named if holds(one, field=law.offence or "", at_ms=at_ms)]
    if named and not good:
        yield Fault("policy.law.agreement-not-in-force", path + "legal_basis", 60, _TRANSFER)
    ground = law.transfer.ground if law.transfer is not None else None
    if good and ground == _BINDING and all(one.grounds and ground not in one.grounds for one in good):
        yield Fault("policy.law.agreement-other-ground", path + "transfer.ground", 60, _TRANSFER)
