"""The tab of an enquiry: who asked about had been declared held, found or dead, and what was told to whom.

Invariant: the matter is read through its own page, which logs who looks; whoever opens the tab has seen its flags.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from tansiq.enquiries.pages_common import AT_A_DESK, Named, looking
from tansiq.enquiries.pages_matter import tab_page
from tansiq.enquiries.reading import parse_matter
from tansiq.notices.flagging import FlagRow, Told, flag_rows, mark_seen
from tansiq.notices.pages_warned import flag_in_words
from tansiq.protocol.ids import id_text
from tansiq.registers.reasons import in_codes, likelihood
from tansiq.web.access import page
from tansiq.web.registry import Tab
from tansiq.web.visitor import Request

__all__ = ["flag_tabs", "flags", "flags_of"]

_NAME = "enquiry-flags"


def flags_of(matter: bytes, request: Request) -> list[FlagRow]:
    """The flags of a matter that are for the reader's desks."""
    posts = looking(request).posts
    return [flag for flag in flag_rows("matter = %s ORDER BY at_ms", (matter,)) if flag.post in posts]


def flag_tabs(request: Request, place: str, thing: Any) -> Sequence[Tab]:
    """The tab, where there are any."""
    if place != "enquiry" or not isinstance(thing, Mapping):
        return ()
    found = flags_of(parse_matter(str(thing["id"])), request)
    if not found:
        return ()
    url = reverse(_NAME, kwargs={"matter": thing["id"]})
    return (Tab(label="notices.flag.tab", url=url, name=_NAME, count=len(found)),)


@page(*AT_A_DESK)
def flags(request: Request, matter: UUID) -> HttpResponse:
    """The flags of an enquiry."""

    def more(_: dict[str, Any], named: Named) -> dict[str, Any]:
        found = flags_of(matter.bytes, request)
        mark_seen(matter.bytes, posts=looking(request).posts, officer=request.visitor.number, now_ms=request.now_ms)
        return {
            "flags": [
                {
                    "words": flag_in_words(flag, request, named),
                    "url": reverse("notices-declared-one", kwargs={"statement": UUID(id_text(flag.declaration))}),
                    "reasons": in_codes(flag.reasons, request.language),
                    "likelihood": likelihood(flag.score, request.language) if flag.direction is not Told.IN else "",
                    "at_ms": flag.at_ms,
                }
                for flag in found
            ]
        }

    return tab_page(request, matter, _NAME, "notices/flags.html", more)
