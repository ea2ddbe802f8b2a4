"""An item before it is stored: which codes of a record stand in its row.

Invariant: only codes, numbers and flags are taken from a record; its words stay in the ciphertext.
Retention: review within three years (Regulation (EU) 2016/794, Article 31(2)), the provider's longest retention obeyed
(Regulation (EU) 2024/982, Article 51(4)(b)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tansiq.policy.answer import Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.subjects import SpecialData, Subject

__all__ = ["REVIEW_MS", "NewItem", "evaluated_item", "plain_item"]

DAY_MS = 86_400_000
REVIEW_MS = 3 * 365 * DAY_MS
"""An item is reviewed three years after it was received, unless a rule says earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An item to store; fields as in `models.Item`. ``statement`` and ``place``: the part in which its content came."""

    case: bytes
    statement: bytes
    place: int
    kind: str
    originator: str
    received_ms: int
    source: str = ""
    information: str = ""
    basis: str = ""
    handling: str = ""
    classification: str = ""
    category: str = ""
    purpose: str = ""
    special: bool = False
    protected: bool = False
    expires_ms: int | None = None
    erase_ms: int | None = None


def _codes(codes: Sequence[str], most: int) -> str:
    """Codes for one column, in their order, each once, as many as fit: the record itself stays whole."""
    joined = ""
    for code in dict.fromkeys(codes):
        longer = f"{joined} {code}".strip()
        if len(longer) > most:
            break
        joined = longer
    return joined


def plain_item(
    *,
    case: bytes,
    statement: bytes,
    place: int,
    kind: str,
    originator: str,
    received_ms: int,
    subjects: Sequence[Subject] = (),
    special: Sequence[SpecialData] = (),
    conditions: Conditions | None = None,
    purpose: str = "",
) -> NewItem:
    """The item that a record is which carries no evaluation: a request, an answer's cover, a refusal."""
    bounds = conditions or Conditions()
    return NewItem(
        case=case,
        statement=statement,
        place=place,
        kind=kind,
        originator=originator,
        received_ms=received_ms,
        handling=_codes(bounds.codes, 128),
        classification=bounds.classification or "",
        category=_codes([one.category for one in subjects if one.category], 256),
        purpose=purpose,
        special=bool(special) or any(one.special for one in subjects),
        protected=any(one.protected for one in subjects),
        expires_ms=bounds.expires_at_ms,
        erase_ms=bounds.erase_by_ms,
    )


def evaluated_item(
    item: Item, *, case: bytes, statement: bytes, place: int, received_ms: int, purpose: str, sender: str
) -> NewItem:
    """The item that ``item`` is; unassessed it counts as X4 (Regulation (EU) 2016/794, Article 29(6))."""
    bounds, assessed = item.conditions or Conditions(), item.assessed()
    return NewItem(
        case=case,
        statement=statement,
        place=place,
        kind="item",
        originator=item.originator or sender,
        received_ms=received_ms,
        source=assessed.source or "",
        information=assessed.information or "",
        basis=item.basis or "",
        handling=_codes(bounds.codes, 128),
        classification=bounds.classification or "",
        category=_codes([one.category for one in item.subjects if one.category], 256),
        purpose=purpose,
        special=bool(item.special) or any(one.special for one in item.subjects),
        protected=any(one.protected for one in item.subjects),
        expires_ms=bounds.expires_at_ms,
        erase_ms=bounds.erase_by_ms,
    )
