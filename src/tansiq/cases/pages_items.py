"""The page of one item: its handling over it, what it says, of whom, how good it is, where it came from."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.cases.exits import take_out
from tansiq.cases.files_reading import files_of
from tansiq.cases.pages_common import AT_A_DESK, node_of, reading, thing_of
from tansiq.cases.queries import items_of
from tansiq.errors import Error
from tansiq.policy.answer import Item
from tansiq.policy.handling import Use
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["item"]


def _item(part: Part) -> Item | None:
    """The piece of information that a part is; None for any other kind, and for one of a newer version."""
    try:
        return Item.from_plain(part.content) if part.kind == "item" else None
    except Error:
        return None


@page(*AT_A_DESK)
def item(request: Request, named: str) -> HttpResponse:
    """One item; logged as consulted."""
    [weighed] = take_out([thing_of(named)], Use.VIEW, reading(request), context=node_of(request))
    row = weighed.row
    read = _item(weighed.part) if weighed.part is not None else None
    conditions = read.conditions if read is not None else None
    files = [
        one for one in files_of(items_of(row.case), reading(request), context=node_of(request)) if one.parent == row.id
    ]
    context: dict[str, Any] = {
        "row": row,
        "named": named,
        "item": read,
        "condition": conditions.words if conditions is not None else None,
        "reasons": weighed.decision.sentences(request.language),
        "files": [(id_text(one.item.id), one) for one in files],
        "case": id_text(row.case),
    }
    return render(request, "cases/item.html", context)
