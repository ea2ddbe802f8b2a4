"""What the pages of this room share: at which office somebody looks, and matters in words.

Invariant: who stands in no office of ours reads that these pages do not exist. A row in words is made of codes and times alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.urls import reverse

from tansiq.enquiries.pages_common import AT_A_DESK, Named, acting, node_of, told, with_names
from tansiq.office.compartments import Compartment, compartment_of, office_for
from tansiq.office.feeding import offices_here
from tansiq.office.folding import fold_came
from tansiq.office.rows import Direction, FlowRow
from tansiq.policy.codes import code_list
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.markup import reference
from tansiq.web.registry import Row
from tansiq.web.visitor import Request

__all__ = ["AT_A_DESK", "Named", "acting", "at_an_office", "clock_of", "field_label", "looking_at", "node_of", "row_of", "rows_of",
           "told", "way_of"]  # fmt: skip

_STRONG: Final = ("raised", "first")


def at_an_office(request: Request) -> bool:
    """Whether the visitor stands in an office of ours."""
    return bool(set(request.visitor.posts) & set(offices_here()))


def looking_at(request: Request) -> Compartment:
    """What the visitor sees, at the office that the address names, else at the visitor's first; what came until now is in the register.

    Raises NotFound.
    """
    office = office_for(request.visitor.posts, str(request.GET.get("office", ""))[:96])
    fold_came(context=node_of(request))
    return compartment_of(office, request.visitor.number)


def field_label(field: str, language: str) -> str:
    """A field of crime in words."""
    return code_list("offences").label(field, language) if field else text("office.page.no-field", language)


def way_of(row: FlowRow, named: Named) -> str:
    """From which agency to which a matter goes."""
    one, other = named.agency(row.service), named.agency(row.partner)
    if row.direction == Direction.IN:
        one, other = other, one
    return with_names("office.page.from-to", named.language, own=one, their=other)


def clock_of(row: FlowRow) -> str:
    """Where the clock of a matter stands, for a row or a chip."""
    return "running" if row.is_open else "over"


def row_of(row: FlowRow, named: Named) -> Row:
    """A matter as a list shows it."""
    language = named.language
    facts: list[str] = [way_of(row, named), code_list("flow_states").label(row.state, language)]
    if row.priority in _STRONG:
        facts.append(code_list("flow_priorities").label(row.priority, language))
    if row.assigned:
        facts.append(with_names("office.page.with", language, officer=row.assigned))
    if row.flagged:
        facts.append(text("office.page.flagged", language))
    if row.together is not None:
        facts.append(text("office.page.together", language))
    kind = code_list("message_kinds").label(row.kind, language)
    return Row(
        title=f"{kind} · {field_label(row.field, language)}",
        url=reverse("office-matter", kwargs={"named": id_text(row.matter)}),
        facts=(*facts, reference(id_text(row.matter))),
        sign=row.channel,
        due_ms=row.deadline_ms,
        start_ms=row.opened_ms,
        clock=clock_of(row),
        term=text("office.page.urgent", language) if row.urgent and row.is_open else "",
    )


def rows_of(rows: Sequence[FlowRow], named: Named) -> list[Row]:
    """Matters as a list shows them."""
    return [row_of(row, named) for row in rows]
