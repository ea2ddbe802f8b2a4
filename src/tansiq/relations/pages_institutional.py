"""The addresses of the pages of institutional relations and strategic reports, and what they show in the frame."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern, path, reverse

from tansiq.policy.paper_course import AGREEMENT, MEETING
from tansiq.protocol.ids import id_text
from tansiq.relations import pages_papers, pages_papers_write, pages_reports
from tansiq.relations.pages_accreditations import answers_for
from tansiq.relations.pages_common import AT_A_DESK, looker, node_of
from tansiq.relations.papers import THEIRS, PaperRow, waiting_papers
from tansiq.relations.reports_reading import ReadReport, unread_reports
from tansiq.texts import text
from tansiq.web.addresses import WHOLE
from tansiq.web.registry import NAVIGATION, NOTICES, Entry, Notice
from tansiq.web.visitor import Request

__all__ = ["register_frame", "urlpatterns"]

_ONE = "between/<slug:kind>/<uuid:identifier>/"
_WRITE = "between/write/<slug:writing>/"
_CHANGE = f"{_WRITE}<uuid:identifier>/"

urlpatterns: list[URLPattern] = [
    path("reports/", pages_reports.reports, name="reports"),
    path("reports/new/", pages_reports.new, name="report-new"),
    path("reports/new/draft/", pages_reports.draft, name="report-draft"),
    path("reports/new/preview/", pages_reports.preview, name="report-preview"),
    path("reports/new/forget/", pages_reports.forget, name="report-forget"),
    path("reports/<uuid:statement>/", pages_reports.report, name="report"),
    path("between/agreements/", pages_papers.list_papers, {"kind": AGREEMENT}, name="agreements"),
    path("between/meetings/", pages_papers.list_papers, {"kind": MEETING}, name="meetings"),
    path("between/contact-points/", pages_papers.contact_points, name="contact-points"),
    path(_WRITE, pages_papers_write.write, name="paper-write"),
    path(f"{_WRITE}draft/", pages_papers_write.draft, name="paper-write-draft"),
    path(f"{_WRITE}preview/", pages_papers_write.preview, name="paper-write-preview"),
    path(f"{_WRITE}forget/", pages_papers_write.forget, name="paper-write-forget"),
    path(_CHANGE, pages_papers_write.write, name="paper-change"),
    path(f"{_CHANGE}draft/", pages_papers_write.draft, name="paper-change-draft"),
    path(f"{_CHANGE}preview/", pages_papers_write.preview, name="paper-change-preview"),
    path(f"{_CHANGE}forget/", pages_papers_write.forget, name="paper-change-forget"),
    path(_ONE, pages_papers.paper, name="paper"),
    path(f"{_ONE}say/<slug:word>/", pages_papers.say, name="paper-say"),
    path(f"between/meeting/<uuid:identifier>/done/<{WHOLE}:number>/", pages_papers.done, name="paper-done"),
]


def _unread(request: Request) -> tuple[ReadReport, ...]:
    """The reports that nobody has read, as far as the reader may view them; asked once a page."""
    found: tuple[ReadReport, ...] | None = getattr(request, "unread_reports", None)
    if found is None:
        found = unread_reports(context=node_of(request), officer=looker(request))
        setattr(request, "unread_reports", found)  # noqa: B010 (a request has no such attribute declared)
    return found


def _to_answer(request: Request) -> list[PaperRow]:
    """The agreements and meetings that wait for our side's word."""
    if not answers_for(looker(request)):
        return []
    return [row for kind in (AGREEMENT, MEETING) for row in waiting_papers(kind) if row.direction == THEIRS]


def _notices(request: Request) -> Iterable[Notice]:
    """Reports nobody has read, agreements and meetings that wait for a word."""
    language = request.language
    for unread in _unread(request):
        yield Notice(
            words=text("institutional.notice.report", language, sender=unread.row.sender),
            url=reverse("report", kwargs={"statement": id_text(unread.row.statement)}),
            at_ms=unread.row.at_ms,
            tone="due",
        )
    for one in _to_answer(request):
        yield Notice(
            words=text(f"institutional.notice.{one.kind}", language, agency=one.partner),
            url=reverse("paper", kwargs={"kind": one.kind, "identifier": id_text(one.id)}),
            at_ms=one.changed_ms,
            tone="due",
        )


def register_frame() -> None:
    """Registers all of it; again does nothing new."""
    roles = frozenset(AT_A_DESK)
    reports = Entry(
        label="institutional.page.reports",
        url="reports",
        roles=roles,
        count=lambda request: len(_unread(request)),
    )
    NAVIGATION.register("reports", reports, order=43)
    between = Entry(
        label="institutional.page.between",
        url="agreements",
        roles=roles,
        count=lambda request: len(_to_answer(request)),
    )
    NAVIGATION.register("between", between, order=44)
    NOTICES.register("between", _notices, order=25)
