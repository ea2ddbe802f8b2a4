"""Who stands in for a head of service: both sides' words, naming a deputy with a first and a last day, ending it.

Invariant: only the head names a deputy and ends it; each is a signed word that every partner gets at once. The deputies of our own and of
the partners' heads are shown alike, with from when until when; what has ended stays to be seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.enquiries.pages_common import told
from tansiq.errors import Error
from tansiq.policy.direct import Delegation
from tansiq.protocol.ids import id_text
from tansiq.relations.direct import DelegationRow, delegations
from tansiq.relations.direct_delegating import delegate
from tansiq.relations.direct_delegating import end as end_delegation
from tansiq.relations.direct_persons import able_at
from tansiq.relations.forms_direct import deputy_form
from tansiq.relations.pages_common import AT_A_DESK, Named, acting, node_of, reader_here
from tansiq.relations.pages_direct_common import Sitting, partners_here, sitting
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Form
from tansiq.web.moments import day, local, zone_of
from tansiq.web.visitor import Request

__all__ = ["deputies", "end", "name"]

_EDITING: Final = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class Deputy:
    """A delegation on the page."""

    head: str
    deputy: str
    place: str
    time: str
    state: str
    tone: str
    said_ms: int
    ended_ms: int | None
    end_url: str


def _shown(row: DelegationRow, request: Request, named: Named, *, may_end: bool) -> Deputy:
    eye, now_ms = reader_here(request), request.now_ms
    first, last = (day(local(ms, eye.zone).date(), eye) for ms in (row.from_ms, row.until_ms - 1))
    state, tone = "over", ""
    if row.ended_ms is not None:
        state, tone = "ended", "late"
    elif row.holds_at(now_ms):
        state, tone = "holds", "proof"
    elif now_ms < row.from_ms:
        state, tone = "coming", "accent"
    runs = state in {"holds", "coming"}
    return Deputy(
        head=row.head,
        deputy=row.deputy,
        place=named.place(row.post),
        time=text("relations.page.from-until", request.language, first=first, last=last),
        state=text(f"relations.direct.deputy-{state}", request.language),
        tone=tone,
        said_ms=row.said_ms,
        ended_ms=row.ended_ms,
        end_url=reverse("direct-deputy-end", kwargs={"identifier": id_text(row.matter)}) if may_end and runs else "",
    )


@page(*AT_A_DESK)
def deputies(request: Request) -> HttpResponse:
    """Who stands in, on our side and on the partners'."""
    here, named = sitting(request), Named(request.language)
    theirs = [one.post for one in partners_here(named, request.now_ms)]
    context = {
        "ours": [_shown(one, request, named, may_end=here.head) for one in delegations([here.post])],
        "theirs": [_shown(one, request, named, may_end=False) for one in delegations(theirs)],
        "may_name": here.head,
    }
    return render(request, "relations/direct_deputies.html", context)


def _head(request: Request) -> Sitting:
    here = sitting(request)
    if not here.head:
        raise Http404
    return here


def _begins(said: str, zone: str, *, days: int = 0) -> int | None:
    """Where a day begins for its writer, some ``days`` later; None for what is no day."""
    try:
        on = date.fromisoformat(said) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return int(datetime(on.year, on.month, on.day, tzinfo=zone_of(zone)).timestamp() * 1000)


def _written(form: Form, request: Request) -> Delegation:
    """The delegation that is written: from the first moment of the first day (or now, when that is today) to the end of the last."""
    zone = request.visitor.zone
    from_ms = _begins(str(form["from_ms"].value), zone)
    today_ms = _begins(local(request.now_ms, zone).date().isoformat(), zone)
    return Delegation(
        deputy=str(form["deputy"].value) or None,
        from_ms=request.now_ms if from_ms is not None and from_ms == today_ms else from_ms,
        until_ms=_begins(str(form["until_ms"].value), zone, days=1),
    )


@page(*AT_A_DESK, methods=_EDITING)
def name(request: Request) -> HttpResponse:
    """Names a deputy: who, from which day to which; the partners are told by a signed word."""
    here, named = _head(request), Named(request.language)
    able = [one for one in able_at(here.post, request.now_ms) if one != here.person.number]
    form, status = deputy_form(able, request.language), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        status = 422
        if not form.faulty:
            try:
                delegate(_written(form, request), context=node_of(request), officer=acting(request))
                return HttpResponseRedirect(reverse("direct-deputies"))
            except Error as error:
                form, status = form.faulted({}, [told(error, request.language)]), error.http_status
    told_to = [one.name for one in partners_here(named, request.now_ms)]
    return render(request, "relations/direct_deputy.html", _asked(request, form, bool(able), told_to), status=status)


def _asked(request: Request, form: Form, able: bool, told_to: list[str]) -> dict[str, Any]:  # noqa: FBT001
    return {
        "form": form,
        "able": able,
        "told_to": told_to,
        "url": request.path,
        "back": reverse("direct-deputies"),
        "key_closed": request.officer is None,
    }


@page(*AT_A_DESK, methods=_EDITING)
def end(request: Request, identifier: UUID) -> HttpResponse:
    """Asks whether a delegation is to end now, and ends it on both sides."""
    here = _head(request)
    row = next((one for one in delegations([here.post]) if one.matter == identifier.bytes), None)
    if row is None or row.ended_ms is not None:
        raise Http404
    back, wrong, status = reverse("direct-deputies"), "", 200
    if request.method == "POST":
        try:
            end_delegation(row.matter, context=node_of(request), officer=acting(request))
            return HttpResponseRedirect(back)
        except Error as error:
            wrong, status = told(error, request.language), error.http_status
    context = {
        "question": text("relations.direct.end-words", request.language, officer=row.deputy),
        "action": "relations.direct.end",
        "url": request.path,
        "back": back,
        "wrong": wrong,
        "grave": False,
    }
    return render(request, "relations/hand.html", context, status=status)
