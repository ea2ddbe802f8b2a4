"""The pages of strategic reports: those of one's desks, one to read, one to write.

Invariant: what a reader may not view is not there; handling stands over what is read. Nothing is sent that was not shown, with who will see
what. Reading is logged, and the desk that sent it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import HEAD, check_attested
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.forms_files import files_chosen, files_in_words
from tansiq.enquiries.pages_common import told, tongues
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.sight import readers_of
from tansiq.enquiries.wording import languages_read
from tansiq.errors import Error, NotFound
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.report import StrategicReport
from tansiq.protocol.ids import id_text
from tansiq.relations.forms_reports import ends_in, report_from, report_sections, senders
from tansiq.relations.pages_common import AT_A_DESK, Named, acting, looker, node_of, reader_here
from tansiq.relations.paging import place_from
from tansiq.relations.reports_reading import ReadReport, list_reports, read_report, unread_reports
from tansiq.relations.reports_saying import faults_of, prepare_report, send_report
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.moments import Reader, day, local, moment
from tansiq.web.registry import Row
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "new", "preview", "report", "reports"]

_EDITING: Final = ("GET", "POST")
_PAGE: Final = 50
_TONES: Final = {"sent": "due", "received": "accent", "read": "proof", "withdrawn": "late"}


def period_in_words(report: StrategicReport | None, from_ms: int, until_ms: int, eye: Reader) -> str:
    """From which day to which: days of the calendar, the same for both sides."""
    first = report.from_ms if report is not None and report.from_ms is not None else from_ms
    last = report.until_ms if report is not None and report.until_ms is not None else until_ms
    days = (day(local(ms, "UTC").date(), eye) for ms in (first, last - 1))
    return text("institutional.page.period", eye.language, **dict(zip(("first", "last"), days, strict=True)))


def _row(one: ReadReport, request: Request, named: Named) -> Row:
    title = one.report.title if one.report is not None else None
    ours = one.row.direction == 1
    way = "institutional.page.way-out" if ours else "institutional.page.way-in"
    unread = one.row.read_ms is None and one.row.addressee in request.visitor.posts
    return Row(
        title=title.value if title is not None else text("institutional.page.erased", request.language),
        title_language=title.language if title is not None else "",
        url=reverse("report", kwargs={"statement": id_text(one.row.statement)}),
        facts=(
            text(way, request.language, sender=named.place(one.row.sender), addressee=named.place(one.row.addressee)),
            *(code_list("offences").label(code, request.language) for code in one.row.field_codes[:3]),
            period_in_words(one.report, one.row.from_ms, one.row.until_ms, reader_here(request)),
        ),
        term=code_list("report_states").label(one.state, request.language),
        clock="none",
        unread=unread,
    )


@page(*AT_A_DESK)
def reports(request: Request) -> HttpResponse:
    """The reports of one's desks: those nobody has read yet first."""
    context, person, named = node_of(request), looker(request), Named(request.language)
    before = place_from(request.GET.get("before", ""))
    found = list_reports(context=context, officer=person, before=before, limit=_PAGE)
    unread = unread_reports(context=context, officer=person) if before is None else ()
    above = {one.row.statement for one in unread}
    shown = {
        "to_read": [_row(one, request, named) for one in unread],
        "rows": [_row(one, request, named) for one in found.rows if one.row.statement not in above],
        "may_write": bool(senders(tuple(request.visitor.posts), named)),
        "older_url": f"?before={found.older}" if found.older is not None else "",
        "newer_url": reverse("reports") if before is not None else "",
    }
    return render(request, "relations/reports.html", shown)


def _stops(one: ReadReport, named: Named, request: Request) -> list[tuple[str, str]]:
    """What happened to it, in order: sent, received, read."""
    eye = reader_here(request)
    found = [("institutional.page.sent-at", one.row.said_ms, f"{named.place(one.row.sender)} · {one.by}")]
    if one.received_ms is not None:
        found.append(("institutional.page.received-at", one.received_ms, named.agency(one.row.partner)))
    if one.row.read_ms is not None:
        found.append(
            ("institutional.page.read-at", one.row.read_ms, f"{named.place(one.row.addressee)} · {one.row.read_by}")
        )
    return [(text(key, request.language), f"{moment(ms, eye).short} · {who}") for key, ms, who in found]


@page(*AT_A_DESK)
def report(request: Request, statement: UUID) -> HttpResponse:
    """One report, as its handling lets this reader see it."""
    person = request.officer if request.officer is not None else looker(request)
    try:
        one = read_report(statement.bytes, context=node_of(request), officer=person)
    except NotFound as error:
        raise Http404 from error
    named, said = Named(request.language), one.report or StrategicReport()
    showing = Showing(reader_here(request))
    context = {
        "one": one,
        "said": said,
        "conditions": said.conditions or Conditions(),
        "period": period_in_words(one.report, one.row.from_ms, one.row.until_ms, reader_here(request)),
        "way": [named.place(post) for post in (one.row.sender, one.row.office, one.row.addressee) if post],
        "state": code_list("report_states").label(one.state, request.language),
        "tone": _TONES[one.state],
        "subjects": showing.subjects(said.to_plain()),
        "law": list(showing.facts(dict(said.law.to_plain()), LawBasis, path="law.")) if said.law is not None else [],
        "stops": _stops(one, named, request),
        "files": [(id_text(file.item.id), file) for file in one.files],
    }
    return render(request, "relations/report.html", context)


# ------------------------------------------------------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class _Ready:
    """A report that may be sent: what it says, and between which desks."""

    report: StrategicReport
    sender: str
    to: str
    via: str
    files: tuple[tuple[bytes, int | None], ...]


def _is_head(request: Request) -> bool:
    heads = {post.id for post in own_directory().posts if post.role == HEAD}
    return not heads.isdisjoint(request.visitor.posts)


def _writing(request: Request) -> Writing:
    named = Named(request.language)
    if not senders(tuple(request.visitor.posts), named):
        raise Http404
    head = _is_head(request)
    return Writing(
        kind="report",
        about="",
        here=reverse("report-new"),
        sections=lambda data: report_sections(data, request=request, named=named, head=head),
        initial={},
    )


def _judge(request: Request, data: Data) -> Judged:
    named, head, language = Named(request.language), _is_head(request), request.language
    made, unread = report_from(data, request=request, named=named, head=head)
    if made is None:
        return Judged(faults=unread)
    form = form_of(report_sections(data, request=request, named=named, head=head))
    sender, to, via = ends_in(data, tuple(request.visitor.posts), named)
    missing = {
        name: (text("web.form.missing", language, field=text(f"institutional.field.{name}", language)),)
        for name, chosen in (("sender", sender), ("to", to))
        if not chosen
    }
    if missing:
        return Judged(faults=missing)
    found = faults_of(made, sender=sender, to=to, now_ms=request.now_ms)
    if found:
        return Judged(faults=by_field(found, form=form, language=language))
    try:
        check_attested(made.law, made.subjects, own_directory())
        prepare_report(
            made, sender=sender, to=to, via=via, context=node_of(request), number=request.visitor.number,
            posts=tuple(request.visitor.posts),
        )  # fmt: skip
    except Error as error:
        return Judged(messages=(told(error, language),))
    return Judged(made=_Ready(made, sender, to, via, files_chosen(data, request, of=0)))


@page(*AT_A_DESK, methods=_EDITING)
def new(request: Request) -> HttpResponse:
    """The form of a report."""
    context = {
        "title": text("institutional.act.write-report", request.language),
        "lead": text("institutional.page.reports", request.language),
        "back": reverse("reports"),
        "forget": reverse("report-forget"),
        "submit": "enquiries.form.preview",
        "attach": True,
    }
    return page_of(
        request,
        _writing(request),
        lambda data: _judge(request, data),
        template="enquiries/word.html",
        context=context,
    )


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _writing(request))


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request) -> HttpResponse:
    """Throws the draft away, after asking."""
    writing = _writing(request)
    if request.method == "POST":
        drop(request, writing)
        return HttpResponseRedirect(reverse("reports"))
    return render(request, "enquiries/forget.html", {"back": writing.here, "url": request.path})


def _as_read(request: Request, ready: _Ready) -> Mapping[str, Any]:
    """The report as it will be read, and who will see what."""
    context, named = node_of(request), Named(request.language)
    said = ready.report
    prepared = prepare_report(
        said, sender=ready.sender, to=ready.to, via=ready.via, context=context, number=request.visitor.number,
        posts=tuple(request.visitor.posts),
    )  # fmt: skip
    showing = Showing(reader_here(request))
    return {
        "said": said,
        "conditions": said.conditions or Conditions(),
        "period": period_in_words(said, 0, 0, reader_here(request)),
        "way": [named.place(post) for post in prepared.way.route],
        "subjects": showing.subjects(said.to_plain()),
        "law": list(showing.facts(dict(said.law.to_plain()), LawBasis, path="law.")) if said.law is not None else [],
        "attached": files_in_words(ready.files, request),
        "readers": readers_in_words(readers_of(prepared.draft(None), context=context), named, request.language),
        "desk_reads": tongues(languages_read(ready.to), request.language),
        "grave": False,
    }


@page(*AT_A_DESK, methods=_EDITING)
def preview(request: Request) -> HttpResponse:
    """How it will be read, and who will see what; by POST it is signed and sent."""

    def send(ready: _Ready) -> str:
        _, statement = send_report(
            ready.report, sender=ready.sender, to=ready.to, via=ready.via, files=ready.files, context=node_of(request),
            officer=acting(request),
        )  # fmt: skip
        return reverse("report", kwargs={"statement": id_text(statement)})

    return preview_of(
        request,
        _writing(request),
        lambda data: _judge(request, data),
        template="relations/report_preview.html",
        context=lambda ready: _as_read(request, ready),
        send=send,
    )
