"""How long a node keeps what belongs to an enquiry, and when it calls to one, as its agency set it.

Invariant: set once, when the node is opened; no length is longer than the law's. The enquiry's own data are erased after
a no-hit, and at once when the asker withdraws; docket, log and counting record remain. First review at most six months
after an exchange closes (Directive (EU) 2023/977, Article 16(3)).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tansiq.cases.items import DAY_MS
from tansiq.errors import BadInput
from tansiq.policy.reminding import Steps

__all__ = ["CLOSED_REVIEW_MS", "Terms", "set_terms", "terms"]

CLOSED_REVIEW_MS = 182 * DAY_MS
_LONGEST_NO_HIT_DAYS = 365


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """``no_hit_days``: when what a partner asked about ends here, of which we have nothing. ``steps``: how long before and after a
    deadline officers are called; enquiries that are here already keep the moment of their next call.
    """

    no_hit_days: int = 30
    steps: Steps = field(default_factory=Steps)

    @property
    def no_hit_ms(self) -> int:
        """The same in milliseconds."""
        return self.no_hit_days * DAY_MS


_set = [Terms()]


def terms() -> Terms:
    """Those of this node."""
    return _set[0]


def set_terms(new: Terms) -> None:
    """Takes the node's own terms. Raises BadInput('enquiries.wrong-term')."""
    if not 0 <= new.no_hit_days <= _LONGEST_NO_HIT_DAYS:
        raise BadInput("enquiries.wrong-term", most=_LONGEST_NO_HIT_DAYS)
    _set[0] = new
