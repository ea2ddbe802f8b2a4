"""One matter of the register: where it is, its dockets, the way of the last one, what was directed; and the pages on which one directs.

Invariant: the page shows dockets and what the office itself did; no body. What the reader may not see is answered like what never was. A GET changes
nothing; each direct is asked for on a page of its own, which says who will know of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.matters import about
from tansiq.channels.passages import docket_here
from tansiq.enquiries.pages_said import reader_here
from tansiq.enquiries.routes import handovers_of, received_at
from tansiq.enquiries.routes import stops as way_stops
from tansiq.errors import BadInput, Error
from tansiq.exchange.context import Context
from tansiq.office import directing
from tansiq.office.compartments import Compartment, members_here
from tansiq.office.directing import DirectRow, directs_of, links_of
from tansiq.office.forms import direct_form
from tansiq.office.pages_common import (
    AT_A_DESK,
    Named,
    acting,
    clock_of,
    field_label,
    looking_at,
    node_of,
    row_of,
    rows_of,
    told,
    way_of,
)
from tansiq.office.proposing import proposals_for
from tansiq.office.queries import flows_of, one_flow, together_with
from tansiq.office.reminding import lies_since, remind
from tansiq.office.rows import DocketRow, FlowRow, dockets_of
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.protocol.docket import agency_of
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Form
from tansiq.web.moments import moment
from tansiq.web.visitor import Request

__all__ = ["direct", "link", "matter"]

_ASKED: Final = ("assign", "prioritise", "comment", "remind", "join", "part")
_LINKS: Final = {"join": directing.join, "flag": directing.flag, "apart": directing.apart}
_TONES: Final = {"remind": "due", "flag": "due"}


def _dockets(found: Sequence[DocketRow], named: Named) -> list[dict[str, Any]]:
    kinds = code_list("message_kinds")
    return [
        {
            "kind": kinds.label(one.kind, named.language),
            "channel": one.channel,
            "sender": named.place(one.sender),
            "addressee": named.place(one.addressee) if one.addressee else "",
            "said_ms": one.said_ms,
            "taken_ms": one.taken_ms,
            "counts": one.counts,
        }
        for one in found
    ]


def _with_receipts(found: Sequence[DocketRow], context: Context) -> list[DocketRow]:
    """The dockets, of those that we said with when the partner's receipt says that it took them."""
    ours = [one for one in found if one.taken_ms is None and agency_of(one.sender) == context.agency and one.addressee]
    taken: dict[bytes, int] = {}
    for partner in dict.fromkeys(agency_of(one.addressee) for one in ours):
        taken |= received_at([one.statement for one in ours if agency_of(one.addressee) == partner], partner)
    return [replace(one, taken_ms=taken.get(one.statement, one.taken_ms)) for one in found]


def _route(found: Sequence[DocketRow], named: Named, context: Context) -> list[dict[str, Any]]:
    """The way of the last docket that counts, with the time at each desk, as far as the desks' own agencies signed it."""
    last = next((one for one in reversed(found) if one.counts), None)
    docket = docket_here(last.statement, context=context) if last is not None else None
    if last is None or docket is None:
        return []
    passed = handovers_of([last.statement]).get(last.statement, ())
    out = []
    for stop in way_stops(docket, passed, said_ms=last.said_ms, received_ms=last.taken_ms):
        known = stop.taken_ms is not None or stop.handed_ms is not None
        state = "passed" if stop.handed_ms is not None else "here" if known else "ahead"
        both = stop.handed_ms is not None and stop.taken_ms is not None
        spent = max(0, (stop.handed_ms or 0) - (stop.taken_ms or 0)) if both else None
        out.append({"name": named.post(stop.post), "state": state, "spent_ms": spent})
    return out


def _value(one: DirectRow, named: Named) -> str:
    """What was directed, behind its name."""
    if one.what == "prioritise":
        return code_list("flow_priorities").label(one.value, named.language)
    if one.what == "assign":
        return one.value or text("office.page.nobody", named.language)
    if one.what == "remind":
        return named.place(one.value)
    return id_text(one.other)[:8] if one.other is not None else ""


def _events(found: Sequence[DirectRow], named: Named) -> list[dict[str, Any]]:
    label = code_list("flow_directs").label
    return [
        {
            "words": label(one.what, named.language) + (f": {value}" if (value := _value(one, named)) else ""),
            "at_ms": one.at_ms,
            "by": one.officer,
            "tone": _TONES.get(one.what, ""),
            "said": one.words.value if one.words is not None else "",
            "said_language": one.words.language if one.words is not None else "",
        }
        for one in reversed(found)
    ]


def _acts(row: FlowRow, who: Compartment) -> list[str]:
    """What the reader may direct here, in the order of its use."""
    may_assign = who.directs or row.assigned in {"", who.number}
    may_remind = bool(row.lies_at) and row.kind.startswith("enquiry.")
    wanted = {"assign": may_assign, "remind": may_remind, "part": row.together is not None}
    return [what for what in _ASKED if wanted.get(what, True)]


def _proposed(row: FlowRow, who: Compartment, named: Named) -> list[dict[str, Any]]:
    return [
        {
            "row": row_of(one.row, named),
            "id": id_text(one.row.matter),
            "why": [text(f"office.page.why-{why}", named.language) for why in one.why],
            "other_channel": one.other_channel,
        }
        for one in proposals_for(row, who)
    ]


@page(*AT_A_DESK)
def matter(request: Request, named: UUID) -> HttpResponse:
    """The matter as the register has it."""
    who, names, context = looking_at(request), Named(request.language), node_of(request)
    row = one_flow(named.bytes, who)
    dockets = _with_receipts(dockets_of([row.matter], row.office).get(row.matter, []), context)
    flagged = [other for other, one in links_of(row).items() if one.verdict == "flagged"]
    known = about([row.matter]).get(row.matter) if {row.own_post, row.office} & set(request.visitor.posts) else None
    return render(
        request,
        "office/matter.html",
        {
            "row": row,
            "named": id_text(row.matter),
            "way": way_of(row, names),
            "title": f"{code_list('message_kinds').label(row.kind, request.language)} · {field_label(row.field, request.language)}",
            "service": names.agency(row.service),
            "partner": names.agency(row.partner),
            "own": names.place(row.own_post),
            "their": names.place(row.their_post),
            "lies_at": names.place(row.lies_at) if row.lies_at else "",
            "clock": clock_of(row),
            "case": id_text(row.case) if row.case is not None else "",
            "dockets": _dockets(dockets, names),
            "stops": _route(dockets, names, context),
            "events": _events(directs_of(row, context=context), names),
            "acts": [(what, f"office.act.{what}") for what in _acts(row, who)],
            "proposals": _proposed(row, who, names),
            "joined": rows_of(together_with(row, who), names),
            "same": rows_of(flows_of(flagged, who), names),
            "url": known.url() if known is not None else "",
        },
    )


def _question(what: str, row: FlowRow, request: Request) -> str:
    names = Named(request.language)
    if what != "remind":
        return text(f"office.ask.{what}", request.language)
    since = moment(lies_since(row), reader_here(request)).short
    return text("office.ask.remind", request.language, desk=names.place(row.lies_at), since=since)


def _other(said: str) -> bytes:
    try:
        found = UUID(said.strip()).bytes
    except ValueError:
        raise BadInput("office.wrong-view", name="other") from None
    return found


def _perform(what: str, row: FlowRow, form: Form, who: Compartment, request: Request) -> None:
    context = node_of(request)
    if what == "assign":
        directing.assign(row.matter, str(form["assigned"].value), who=who, context=context)
    elif what == "prioritise":
        directing.prioritise(row.matter, str(form["priority"].value), who=who, context=context)
    elif what == "comment":
        words = form["words"]
        directing.comment(row.matter, Text(words.language, str(words.value).strip()), who=who, context=context)
    elif what == "join":
        directing.join(row.matter, _other(str(form["other"].value)), who=who, context=context)
    elif what == "part":
        directing.part(row.matter, who=who, context=context)
    else:
        remind(row.matter, who=who, officer=acting(request), context=context)


@page(*AT_A_DESK, methods=("GET", "POST"))
def direct(request: Request, named: UUID, what: str) -> HttpResponse:
    """Asks for what a direct needs, and does it."""
    who = looking_at(request)
    row = one_flow(named.bytes, who)
    if what not in _acts(row, who):
        raise Http404
    members = members_here(row.office) if who.directs else (who.number,)
    value = {"assign": row.assigned, "prioritise": row.priority}.get(what, "")
    form, status = direct_form(what, request.language, members=members, value=value), 200
    back = reverse("office-matter", kwargs={"named": named})
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if form.faulty:
            status = 422
        else:
            try:
                _perform(what, row, form, who, request)
                return HttpResponseRedirect(back)
            except Error as error:
                form, status = form.faulted({}, [told(error, request.language)]), error.http_status
    context = {
        "title": text(f"office.act.{what}", request.language), "question": _question(what, row, request), "form": form,
        "url": request.path, "action": f"office.act.{what}", "grave": False, "back": back,
    }  # fmt: skip
    return render(request, "relations/say.html", context, status=status)


@page(*AT_A_DESK, methods=("POST",))
def link(request: Request, named: UUID, what: str, other: UUID) -> HttpResponse:
    """A person's word on two matters that were proposed to belong together."""
    if what not in _LINKS:
        raise Http404
    _LINKS[what](named.bytes, other.bytes, who=looking_at(request), context=node_of(request))
    return HttpResponseRedirect(reverse("office-matter", kwargs={"named": named}))
