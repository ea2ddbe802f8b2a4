"""What this room shows in the pages of cases (the enquiries of a case, moments of its timeline), and the files of a matter.

Invariant: only matters of the reader's own desks, and at an office only those that the reader's compartment reaches; what stands in a case
for others is told there without a link.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse

from tansiq.cases.exits import reader_of
from tansiq.cases.files_reading import FileRow, files_of
from tansiq.cases.queries import items_of_statements
from tansiq.cases.registry import Asked, Moment, register_matters, register_moments, register_rows
from tansiq.cases.sql import marks
from tansiq.enquiries.pages_common import AT_A_DESK, Looking, Named, looking, node_of
from tansiq.enquiries.pages_matter import tab_page
from tansiq.enquiries.pages_rows import rows_of
from tansiq.enquiries.reading import parse_matter
from tansiq.enquiries.rows import Direction, EnquiryRow, enquiry_rows, replies_of
from tansiq.enquiries.seen import stands_at
from tansiq.enquiries.summaries import summaries_of
from tansiq.exchange.context import Context
from tansiq.policy.handling import Reader
from tansiq.protocol.ids import id_text
from tansiq.web.access import page
from tansiq.web.registry import TABS, Row, Tab
from tansiq.web.visitor import Request

__all__ = ["files", "register_cases"]


def _reading(request: Request) -> Reader:
    """Who looks, as an exit wants it."""
    return reader_of(looking(request), context=node_of(request))


def _mine(row: EnquiryRow, reader: Reader) -> bool:
    return stands_at(row, Looking(reader.officer, tuple(reader.posts)))


def _enquiries(asked: Asked) -> list[EnquiryRow]:
    """The enquiries of a case that stand on the reader's desks, the latest first."""
    where, values = "case_ref = %s", [asked.case.id, *asked.matters]
    if asked.matters:
        where += f" OR matter IN ({marks(asked.matters)})"
    return [row for row in enquiry_rows(f"{where} ORDER BY sent_ms DESC", values) if _mine(row, asked.reader)]


def _rows(request: Request, asked: Asked) -> Iterable[Row]:
    found = summaries_of(_enquiries(asked), request.now_ms)
    return rows_of(found, language=request.language, named=Named(request.language))


def _moments(asked: Asked) -> Iterable[Moment]:
    for row in _enquiries(asked):
        address = reverse("enquiry", kwargs={"matter": id_text(row.matter)})
        way = "cases.moment.asked" if row.direction == Direction.OUT else "cases.moment.was-asked"
        yield Moment(at_ms=row.sent_ms, text=way, values={"agency": row.partner}, address=address)
        for reply in replies_of([row.matter]):
            yield Moment(at_ms=reply.at_ms, text="cases.moment.word", values={"post": reply.post}, address=address)


def _may_join(matter: bytes, reader: Reader, context: Context) -> bool:
    return any(_mine(row, reader) for row in enquiry_rows("matter = %s", (matter,)))


def _files(request: Request, matter: bytes) -> list[FileRow]:
    """The files in all that was said in a matter, as its reader may know of them."""
    rows = [row for row in enquiry_rows("matter = %s", (matter,)) if _mine(row, _reading(request))]
    statements = [one for row in rows for one in (row.request, *(reply.statement for reply in replies_of([matter])))]
    items = [item for group in items_of_statements(statements).values() for item in group]
    return files_of(items, _reading(request), context=node_of(request))


def _tab(request: Request, place: str, thing: Any) -> Iterable[Tab]:
    if place != "enquiry":
        return ()
    count = len(_files(request, parse_matter(thing["id"])))
    address = reverse("enquiry-files", kwargs={"matter": thing["id"]})
    return [Tab(label="cases.tab.files", url=address, name="enquiry-files", count=count)] if count else ()


@page(*AT_A_DESK)
def files(request: Request, matter: UUID) -> HttpResponse:
    """The files of a matter, how far each has come, and how far each of ours has gone."""

    def more(shown: Mapping[str, Any], named: Named) -> dict[str, Any]:
        found = _files(request, parse_matter(shown["id"]))
        return {"files": [(id_text(one.item.id), one) for one in found]}

    return tab_page(request, matter, "enquiry-files", "enquiries/matter_files.html", more)


def register_cases() -> None:
    """Registers all of it with the room of cases and the tabs of an enquiry; again does nothing new."""
    register_rows(_rows)
    register_moments(_moments)
    register_matters(_may_join)
    TABS.register("enquiry-files", _tab, order=50)
