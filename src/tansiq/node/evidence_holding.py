"""What a content in an evidence file is to this node, from the items that the cases keep of it, for `policy.handling`.

Invariant: the part's own conditions where it has any, else the strictest that the statement's docket tells; the purpose
for which it was given; the officer's answer to whether it may have been obtained by ill-treatment (Convention against
Torture, Article 15). What this node does not know narrows: no item, no purpose; no consent recorded, no permission.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

from tansiq.cases.exits import incoming_of
from tansiq.cases.queries import ItemRow, items_of_statements
from tansiq.errors import Error
from tansiq.exchange.context import Context
from tansiq.exchange.evidence_disclosure import Disclosing, Hold, Shown, held_by_docket
from tansiq.policy.answer import Item
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import Enquiry
from tansiq.policy.handling import Held, Reader, Use
from tansiq.protocol.parts import Part

__all__ = ["Discloser", "disclosing", "hold_by_items"]


class Discloser(Protocol):
    """The officer who discloses; shaped like `node.officers.SignedIn`."""

    @property
    def number(self) -> str:
        """The service number."""

    @property
    def posts(self) -> tuple[str, ...]:
        """The posts, ``agency/name``."""


def _of_enquiry(part: Part) -> Conditions | None:
    return Enquiry.from_plain(part.content).conditions


def _of_item(part: Part) -> Conditions | None:
    return Item.from_plain(part.content).conditions


_CONDITIONS: Final[Mapping[str, Callable[[Part], Conditions | None]]] = {
    "enquiry.request": _of_enquiry,
    "item": _of_item,
}
"""The kinds of parts that carry conditions of their own."""


def _conditions(shown: Shown, row: ItemRow | None, strictest: Conditions) -> Conditions:
    """Those of the part; a place without any (docket, cover, act) has the strictest of the statement."""
    part = shown.parts[shown.place] if shown.place >= 0 else None
    read = _CONDITIONS.get(part.kind) if part is not None else None
    try:
        own = read(part) if read is not None and part is not None else None
    except Error:  # a newer version's conditions are not understood: the strictest then
        own = None
    return own or replace(strictest, expires_at_ms=row.expires_ms if row is not None else None)


def hold_by_items(context: Context) -> Hold:
    """How this node holds a content, from its cases; a docket or an act is held as the first part of its statement."""

    def hold(shown: Shown) -> Held:
        held = held_by_docket(shown)
        rows = {row.place: row for row in items_of_statements([shown.statement.id])[shown.statement.id]}
        row = rows.get(shown.place) or rows.get(0)
        return replace(
            held,
            originator=row.originator if row is not None else held.originator,
            purpose=row.purpose if row is not None else "",
            conditions=_conditions(shown, row, held.conditions),
            incoming=incoming_of(row.id, context=context) if row is not None else None,
        )

    return hold


def disclosing(
    officer: Discloser,
    *,
    context: Context,
    purpose: str,
    clearance: str,
    use: Use = Use.COURT,
    justification: str = "",
    ordered_by: str = "",
    recipients: tuple[str, ...] = (),
) -> Disclosing:
    """How ``officer`` discloses for ``purpose`` (a code), cleared up to ``clearance`` (a code too)."""
    reader = Reader(
        agency=context.agency,
        officer=officer.number,
        posts=frozenset(officer.posts),
        clearance=clearance,
        purpose=purpose,
    )
    return Disclosing(
        reader=reader,
        hold=hold_by_items(context),
        use=use,
        justification=justification,
        ordered_by=ordered_by,
        recipients=recipients,
    )
