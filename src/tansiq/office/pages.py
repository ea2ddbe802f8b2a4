"""The addresses of this room's pages, and what it shows in the frame: the register to those at an office, reminders to the desks that have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django.urls import URLPattern, path, reverse

from tansiq.channels.matters import about
from tansiq.enquiries.pages_common import Named
from tansiq.enquiries.pages_said import reader_here
from tansiq.enquiries.reading import parse_matter
from tansiq.errors import NotFound
from tansiq.office import pages_matter, pages_members, pages_register
from tansiq.office.compartments import compartment_of, office_for
from tansiq.office.pages_common import AT_A_DESK, at_an_office
from tansiq.office.queries import FlowView, flow_page
from tansiq.office.reminding import Reminded, reminders_at, reminders_of
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.moments import moment
from tansiq.web.registry import ALERTS, NAVIGATION, NOTICES, Alert, Entry, Notice
from tansiq.web.visitor import Request

__all__ = ["register_frame", "urlpatterns"]

_LATELY_MS: Final = 7 * 86_400_000
_MOST: Final = 20

urlpatterns: list[URLPattern] = [
    path("office/", pages_register.register, name="office"),
    path("office/members/", pages_members.members, name="office-members"),
    path("office/members/<str:number>/", pages_members.compartment, name="office-compartment"),
    path("office/<uuid:named>/", pages_matter.matter, name="office-matter"),
    path("office/<uuid:named>/<slug:what>/", pages_matter.direct, name="office-direct"),
    path("office/<uuid:named>/<slug:what>/<uuid:other>/", pages_matter.link, name="office-link"),
]


def _count(request: Request) -> int:
    """How many open matters are the reader's own, up to twenty."""
    try:
        office = office_for(request.visitor.posts)
    except NotFound:
        return 0
    who = compartment_of(office, request.visitor.number)
    return len(flow_page(FlowView(mine=True), who, now_ms=request.now_ms, limit=_MOST).rows)


def _words(one: Reminded, request: Request) -> str:
    since = moment(one.since_ms, reader_here(request)).short
    return text(
        "office.page.reminder-said", request.language, office=Named(request.language).place(one.office), since=since
    )


def _alerts(request: Request, place: str, thing: Any) -> Iterable[Alert]:
    """A reminder over the enquiry that it is of."""
    if (
        place != "enquiry"
        or not isinstance(thing, Mapping)
        or thing.get("state") not in {"received", "clarification", "partial"}
    ):
        return
    for one in reminders_of(parse_matter(str(thing["id"])), request.visitor.posts):
        url = reverse("enquiry-timeline", kwargs={"matter": thing["id"]})
        yield Alert(words=_words(one, request), url=url, action="office.page.reminders", tone="due")


def _notices(request: Request) -> Iterable[Notice]:
    """Reminders that came lately for the reader's desks."""
    found = reminders_at(request.visitor.posts, since_ms=request.now_ms - _LATELY_MS)
    known = about([one.matter for one in found])
    for one in found:
        url = (
            known[one.matter].url()
            if one.matter in known
            else reverse("enquiry", kwargs={"matter": id_text(one.matter)})
        )
        yield Notice(words=_words(one, request), url=url, at_ms=one.told_ms, tone="due")


def register_frame() -> None:
    """Registers all of it; again does nothing new."""
    entry = Entry(label="office.page.entry", url="office", roles=frozenset(AT_A_DESK), count=_count, shown=at_an_office)
    NAVIGATION.register("office", entry, order=35)
    ALERTS.register("office", _alerts, order=40)
    NOTICES.register("office", _notices, order=25)
