"""What a content in an evidence file is to this node, from the items that the cases keep of it, for `policy.handling`.

Invariant: the part's own conditions where it has any, else the strictest that the statement's docket tells; the purpose
for which it was given; the officer's answer to whether it may have been obtained by ill-treatment (Convention against
Torture, Article 15). What this node does not know narrows: no item, no purpose; no consent recorded, no permission.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from tansiq.cases.exits import conditions_in, incoming_of, withheld_at
from tansiq.cases.queries import ItemRow, items_of_statements
from tansiq.errors import BadInput
from tansiq.exchange.context import Context
from tansiq.exchange.evidence_disclosure import Disclosing, Hold, Shown, held_by_docket
from tansiq.policy.conditions import Conditions
from tansiq.policy.handling import Held, Reader, Use

__all__ = ["DISCLOSES", "Discloser", "disclosing", "hold_by_items"]

DISCLOSES: Final = frozenset({Use.EXPORT, Use.COURT})
"""What an evidence file is for: it leaves the node, so nothing that stays here (reading, copying, printing) allows it."""


class Discloser(Protocol):
    """The officer who discloses; shaped like `node.officers.SignedIn`."""

    @property
    def number(self) -> str:
        """The service number."""

    @property
    def posts(self) -> tuple[str, ...]:
        """The posts, ``agency/name``."""


def _conditions(shown: Shown, row: ItemRow | None, strictest: Conditions) -> Conditions:
    """Those of the part; a place without any (docket, cover, act) has the strictest of the statement."""
    own = conditions_in(shown.parts, shown.place)
    return own or replace(strictest, expires_at_ms=row.expires_ms if row is not None else None)


def hold_by_items(context: Context, reader: Reader) -> Hold:
    """How this node holds a content for ``reader``, from its cases; a docket or an act is held as the first part of its statement. Desks at
    which the reader's compartment does not reach the statement count for nothing.
    """

    def hold(shown: Shown) -> Held:
        held = held_by_docket(shown)
        withheld = withheld_at(shown.docket, shown.parts, reader, asked={})
        rows = {row.place: row for row in items_of_statements([shown.statement.id])[shown.statement.id]}
        row = rows.get(shown.place) or rows.get(0)
        return replace(
            held,
            origin_posts=held.origin_posts - withheld,
            addressees=held.addressees - withheld,
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
    """How ``officer`` discloses for ``purpose`` (a code), cleared up to ``clearance`` (a code too).

    Raises BadInput for a use that no evidence file is for (`DISCLOSES`).
    """
    if use not in DISCLOSES:
        raise BadInput("node.wrong-argument", name="use")
    reader = Reader(
        agency=context.agency,
        officer=officer.number,
        posts=frozenset(officer.posts),
        clearance=clearance,
        purpose=purpose,
    )
    return Disclosing(
        reader=reader,
        hold=hold_by_items(context, reader),
        use=use,
        justification=justification,
        ordered_by=ordered_by,
        recipients=recipients,
    )
