"""A matter on paper: what its originators let be printed, logged as printed before the page is given.

Invariant: each content that stands on the page has passed `cases.exits.take_out` for printing; what has not is left out,
and the page says how much. What is for an officer's own eyes is never printed.
"""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.cases.exits import reader_of, take_out
from tansiq.enquiries.pages_common import AT_A_DESK, Named, looking, ms_of, node_of
from tansiq.enquiries.pages_matter import head_of, shown_matter
from tansiq.enquiries.pages_said import request_of, word_of
from tansiq.enquiries.reading import parse_matter
from tansiq.policy.handling import Use
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["printed"]


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
    for word in said:
        kept = [item for item in word["items"] if item["uses"].get("print", {}).get("allowed")]
        left_out += len(word["items"]) - len(kept)
        items += [item["id"] for item in kept]
        word["items"] = kept
    reader = reader_of(officer, context=node_of(request))
    take_out(
        [parse_matter(one) for one in items if one], Use.PRINT, reader, context=node_of(request),
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
