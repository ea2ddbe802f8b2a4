"""A matter on paper: what its originators let be printed, logged as printed before the page is given.

Invariant: each content that stands on the page has passed `cases.exits.take_out` for printing; what has not is left out,
and the page says how much. A word is printed as its docket lets it be, and one whose docket names nothing as the request is. What is
for an officer's own eyes is never printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.cases.contents import open_statements
from tansiq.cases.exits import reader_of, take_out, weigh
from tansiq.cases.items import ITEM
from tansiq.cases.queries import items_of_statements
from tansiq.enquiries.pages_common import AT_A_DESK, Named, looking, ms_of, node_of
from tansiq.enquiries.pages_matter import head_of, shown_matter
from tansiq.enquiries.pages_said import request_of, word_of
from tansiq.enquiries.reading import parse_matter
from tansiq.exchange.context import Context
from tansiq.policy.handling import Reader, Use
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["printed"]


_ASK: Final = "policy.use.ask-originator"
_CLEARED: Final = "policy.use.not-cleared"
_UNANSWERED: Final = "policy.law.incoming-unanswered"


def _covers(
    words: Sequence[Mapping[str, Any]], reader: Reader, *, asked: bool, context: Context
) -> dict[str, bytes | None]:
    """Of each word that may be printed its item, whose printing is to be logged: b'' where only the request's decision lets it be printed,
    None where nothing does. ``asked``: the request may be printed.

    Whether what came may have been obtained by ill-treatment is asked of a word with information in it, and for all of that word.
    """
    statements = {parse_matter(word["statement"]): word for word in words}
    stored = open_statements(list(statements), keys=context.keys)
    found: dict[str, bytes | None] = {}
    for statement, rows in items_of_statements(list(statements)).items():
        word = statements[statement]
        cover = [row for row in rows if row.kind == word["kind"] and not row.erased]
        docket = stored[statement].docket if statement in stored else None
        passed_over = set() if any(row.kind == ITEM for row in rows) else {_UNANSWERED}
        if asked and docket is not None:
            passed_over |= ({_ASK} if not docket.handling else set()) | (
                {_CLEARED} if not docket.classification else set()
            )
        for one in weigh(cover, Use.PRINT, reader, context=context):
            otherwise = b"" if set(one.decision.reasons) <= passed_over else None
            found[word["statement"]] = one.row.id if one.decision.allowed else otherwise
    return found


@page(*AT_A_DESK)
def printed(request: Request, matter: UUID) -> HttpResponse:
    """The matter for the printer."""
    named, officer = Named(request.language), looking(request)
    shown = shown_matter(request, matter)
    asked = request_of(shown, request, named)
    printable = asked.printable and not shown["request"]["own_eyes"]
    items = [shown["request"]["item"]] if printable else []
    left_out = 0 if printable or shown["request"]["content"] is None else 1
    said = [word for word in shown["words"] if not word["own_eyes"]]
    left_out += len(shown["words"]) - len(said)
    reader = reader_of(officer, context=node_of(request))
    covers = _covers(said, reader, asked=printable, context=node_of(request))
    for word in said:
        if word["content"] is not None and covers.get(word["statement"]) is None:
            left_out += 1
            word.update(content=None, withheld=["enquiries.page.not-printed"], translations=[])
        kept = [item for item in word["items"] if item["uses"].get("print", {}).get("allowed")]
        left_out += len(word["items"]) - len(kept)
        items += [item["id"] for item in kept]
        word["items"] = kept
    take_out(
        [*(parse_matter(one) for one in items if one), *filter(None, covers.values())], Use.PRINT, reader, context=node_of(request),
        justification="enquiry.print",
    )  # fmt: skip
    return render(
        request,
        "enquiries/print.html",
        {
            "matter": head_of(request, shown, named),
            "demand": asked if printable else None,
            "words": [word_of(word, shown, request, named) for word in said],
            "left_out": left_out,
            "by": officer.number,
            "answered_ms": ms_of(shown["answered_at"]),
        },
    )
