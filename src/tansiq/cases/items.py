"""An item before it is stored: which codes of a record stand in its row.

Invariant: only codes, numbers and flags are taken from a record; its words stay in the ciphertext.
Retention: review within three years (Regulation (EU) 2016/794, Article 31(2)), the provider's longest retention obeyed
(Regulation (EU) 2024/982, Article 51(4)(b)).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tansiq.policy.answer import Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.subjects import Subject

__all__ = ["DAY_MS", "ITEM", "REVIEW_MS", "NewItem", "Whence", "evaluated_item", "plain_item"]

ITEM = "item"
"""The kind of a part, and of an item, that is one evaluated piece of information."""
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Whence:
    """Where an item stands and how it came: its case, statement and part, the agency that said it, when it was received
    (or said, by us), and the purpose for which it was given (a code).
    """

    case: bytes
    statement: bytes = b""
    place: int = 0
    sender: str
    received_ms: int
    purpose: str


def _new_item(
    whence: Whence,
    *,
    kind: str,
    originator: str,
    subjects: Sequence[Subject],
    special: bool,
    conditions: Conditions | None,
) -> NewItem:
    bounds = conditions or Conditions()
    return NewItem(
        case=whence.case,
        statement=whence.statement,
        place=whence.place,
        kind=kind,
        originator=originator,
        received_ms=whence.received_ms,
        handling=_codes(bounds.codes, 128),
        classification=bounds.classification or "",
        category=_codes([one.category for one in subjects if one.category], 256),
        purpose=whence.purpose,
        special=special or any(one.special for one in subjects),
        protected=any(one.protected for one in subjects),
        expires_ms=bounds.expires_at_ms,
        erase_ms=bounds.erase_by_ms,
    )


def plain_item(
    whence: Whence, kind: str, *, subjects: Sequence[Subject] = (), conditions: Conditions | None = None
) -> NewItem:
    """The item that a record is which carries no evaluation: a request, the cover of an answer, a refusal."""
    return _new_item(
        whence, kind=kind, originator=whence.sender, subjects=subjects, special=False, conditions=conditions
    )


def evaluated_item(item: Item, whence: Whence) -> NewItem:
    """The item that ``item`` is; unassessed it counts as X4 (Regulation (EU) 2016/794, Article 29(6))."""
    assessed = item.assessed()
    new = _new_item(
        whence,
        kind=ITEM,
        originator=item.originator or whence.sender,
        subjects=item.subjects,
        special=bool(item.special),
        conditions=item.conditions,
    )
    return replace(new, source=assessed.source or "", information=assessed.information or "", basis=item.basis or "")
