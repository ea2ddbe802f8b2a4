"""Pages of cases: the list, a new one, one case in its tabs, and what may be done with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.cases import casework
from tansiq.cases.cases import CaseRow, Place
from tansiq.cases.casework import NewCase, open_case
from tansiq.cases.forms import case_form, codes_posted, post_form, post_name, title_form, title_of
from tansiq.cases.pages_common import AT_A_DESK, form_page, node_of, person_of, reading, thing_of, told
from tansiq.cases.registry import rows_of
from tansiq.cases.showing import CaseView, list_cases, show_case, timeline
from tansiq.directory.names import AgencyNames
from tansiq.errors import BadInput, Error, NotFound
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.markup import reference
from tansiq.web.moments import Reader as Eye
from tansiq.web.moments import moment
from tansiq.web.registry import TABS, Row, Tab
from tansiq.web.visitor import Request

__all__ = ["act", "case", "case_context", "cases", "new_case", "own_tabs", "part", "rename"]

_FILTERS = {"open": True, "closed": False, "all": None}


def _at(request: Request, ms: int) -> str:
    visitor = request.visitor
    eye = Eye(language=request.language, now_ms=request.now_ms, zone=visitor.zone, calendar=visitor.calendar)
    return moment(ms, eye).short


def _row(request: Request, row: CaseRow, title: Text | None, names: AgencyNames) -> Row:
    fields = [code_list("offences").label(code, request.language) for code in row.fields]
    return Row(
        title=title.value if title is not None else row.reference,
        title_language=title.language if title is not None else "",
        url=reverse("case", kwargs={"named": id_text(row.id)}),
        facts=(reference(row.reference, whole=True), *fields, *(names.of(agency) for agency in row.agencies)),
        term=_at(request, row.opened_ms),
        clock="none",
    )


def _place(said: str) -> Place | None:
    """Where a page of the list begins, from its address; the beginning for anything else."""
    ms, _, case = said.partition("-")
    try:
        return (int(ms), thing_of(case)) if ms.isascii() and ms.isdigit() and len(ms) < 16 else None
    except NotFound:
        return None


@page(*AT_A_DESK)
def cases(request: Request) -> HttpResponse:
    """The cases of the reader's desks, the latest first."""
    wanted = request.GET.get("state", "open")
    state = wanted if wanted in _FILTERS else "open"
    after = _place(request.GET.get("after", ""))
    found = list_cases(reading(request), context=node_of(request), is_open=_FILTERS[state], after=after)
    older = f"?state={state}&after={found.next[0]}-{found.next[1].hex()}" if found.next is not None else ""
    names = AgencyNames(request.language)
    context = {
        "rows": [_row(request, row, found.titles.get(row.id), names) for row in found.rows],
        "tabs": [Tab(label=f"cases.list.{name}", url=f"?state={name}", name=name) for name in _FILTERS],
        "state": state,
        "older_url": older,
        "newer_url": f"?state={state}" if after is not None else "",
    }
    return render(request, "cases/cases.html", context)


@page(*AT_A_DESK, methods=("GET", "POST"))
def new_case(request: Request) -> HttpResponse:
    """A case to open."""
    person = person_of(request)
    form, error = case_form(request.language, person.posts), None
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if not form.faulty:
            try:
                new = NewCase(
                    title=title_of(form),
                    posts=codes_posted(form, "posts"),
                    reference=str(form["reference"].value),
                    fields=codes_posted(form, "fields"),
                    agencies=codes_posted(form, "agencies"),
                    framework=codes_posted(form, "framework"),
                )
                made = open_case(new, context=node_of(request), officer=person)
                return HttpResponseRedirect(reverse("case", kwargs={"named": id_text(made)}))
            except Error as raised:
                error = raised
    return form_page(request, "cases/new.html", form, error)


def own_tabs(request: Request, place: str, thing: Any) -> Sequence[Tab]:
    """The tabs of this room at a case."""
    if place != "case" or not isinstance(thing, CaseView):
        return ()
    named = id_text(thing.row.id)
    counts = {"items": len(thing.items), "files": len(thing.files), "enquiries": len(rows_of(request, thing.asked))}
    return [
        Tab(label="cases.tab.summary", url=reverse("case", kwargs={"named": named}), name="summary"),
        *(
            Tab(
                label=f"cases.tab.{name}",
                url=reverse("case-part", kwargs={"named": named, "part": name}),
                name=name,
                count=counts.get(name, 0),
            )
            for name in ("enquiries", "items", "files", "timeline")
        ),
    ]


def _tabs(request: Request, view: CaseView) -> list[Tab]:
    return [tab for provider in TABS for tab in provider(request, "case", view)]


def case_context(request: Request, view: CaseView, here: str) -> dict[str, Any]:
    """What every tab of a case shows around its own."""
    return {
        "view": view,
        "named": id_text(view.row.id),
        "tabs": _tabs(request, view),
        "here": here,
        "posts": [(post, post_name(post, request.language)) for post in view.posts],
        "codes": [code for item in view.items for code in item.handling],
    }


@page(*AT_A_DESK)
def case(request: Request, named: str) -> HttpResponse:
    """One case: what it is, and what may be done with it."""
    view = show_case(thing_of(named), reading(request), context=node_of(request))
    extra = {"post_form": post_form(request.language, view.posts)}
    return render(request, "cases/case.html", case_context(request, view, "summary") | extra)


def _moments(request: Request, view: CaseView) -> Mapping[str, Any]:
    return {
        "events": [
            {"words": text(one.text, request.language, **one.values), "at_ms": one.at_ms, "url": one.address}
            for one in timeline(view)
        ]
    }


def _items(request: Request, view: CaseView) -> Mapping[str, Any]:
    return {"items": [(id_text(item.id), item) for item in view.items]}


def _files(request: Request, view: CaseView) -> Mapping[str, Any]:
    return {"files": [(id_text(file.item.id), file) for file in view.files]}


def _enquiries(request: Request, view: CaseView) -> Mapping[str, Any]:
    return {"rows": rows_of(request, view.asked)}


_PARTS = {"items": _items, "files": _files, "timeline": _moments, "enquiries": _enquiries}


@page(*AT_A_DESK)
def part(request: Request, named: str, part: str) -> HttpResponse:
    """A tab of a case. It was logged as consulted when its first page was opened."""
    shows = _PARTS.get(part)
    if shows is None:
        raise NotFound("cases.unknown-case")
    view = show_case(thing_of(named), reading(request), context=node_of(request))
    return render(request, f"cases/case_{part}.html", case_context(request, view, part) | dict(shows(request, view)))


@page(*AT_A_DESK, methods=("GET", "POST"))
def rename(request: Request, named: str) -> HttpResponse:
    """Another title for a case."""
    view = show_case(thing_of(named), reading(request), context=node_of(request), log=False)
    form, error = title_form(request.language, view.title), None
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if not form.faulty:
            try:
                casework.rename_case(view.row.id, title_of(form), context=node_of(request), officer=person_of(request))
                return HttpResponseRedirect(reverse("case", kwargs={"named": named}))
            except Error as raised:
                error = raised
    return form_page(request, "cases/rename.html", form, error, {"named": named, "view": view})


def _act(request: Request, case_id: bytes, deed: str) -> None:
    context, person = node_of(request), person_of(request)
    if deed == "close":
        casework.close_case(case_id, context=context, officer=person)
    elif deed == "reopen":
        casework.reopen_case(case_id, context=context, officer=person)
    elif deed == "add-post":
        casework.add_post(case_id, str(request.POST.get("post", "")), context=context, officer=person)
    elif deed == "remove-post":
        casework.remove_post(case_id, str(request.POST.get("post", "")), context=context, officer=person)
    elif deed == "unlink":
        casework.unlink_matter(case_id, thing_of(str(request.POST.get("matter", ""))), context=context, officer=person)
    elif deed == "link":
        casework.link_matter(case_id, thing_of(str(request.POST.get("matter", ""))), context=context, officer=person)
    else:
        raise BadInput("cases.unknown-act")


@page(*AT_A_DESK, methods=("POST",))
def act(request: Request, named: str, deed: str) -> HttpResponse:
    """Closes a case, opens it again, lets a post know of it or no longer, puts a matter into it or takes it out."""
    case_id = thing_of(named)
    try:
        _act(request, case_id, deed)
    except Error as error:
        view = show_case(case_id, reading(request), context=node_of(request), log=False)
        extra = {"wrong": told(error, request.language), "post_form": post_form(request.language, view.posts)}
        context = case_context(request, view, "summary") | extra
        return render(request, "cases/case.html", context, status=error.http_status)
    try:  # whoever took the own post out knows of the case no longer
        show_case(case_id, reading(request), context=node_of(request), log=False)
    except NotFound:
        return HttpResponseRedirect(reverse("cases"))
    return HttpResponseRedirect(reverse("case", kwargs={"named": named}))
