"""The members of an office: which service each belongs to and what each may read; the head and a deputy change it.

Invariant: nobody sets the own compartment, whatever the address says; the head stands where the signed directory puts the head.
"""

from __future__ import annotations

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.directory.queries import partners
from tansiq.errors import Error
from tansiq.office.compartments import Compartment, compartment_of, compartments, head_of, members_here, set_compartment
from tansiq.office.forms import compartment_form
from tansiq.office.pages_common import AT_A_DESK, Named, field_label, looking_at, node_of, told
from tansiq.office.queries import counts, services_of
from tansiq.policy.ways import state_of
from tansiq.protocol.docket import agency_of
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["compartment", "members"]


@page(*AT_A_DESK)
def members(request: Request) -> HttpResponse:
    """Everybody at the office."""
    who, named = looking_at(request), Named(request.language)
    head = head_of(who.office)
    rows = [
        {
            "number": one.number,
            "service": named.agency(one.service),
            "fields": [field_label(field, request.language) for field in one.fields],
            "head": one.number == head,
            "deputy": one.directs and one.number != head,
            "given_by": one.given_by,
            "may": who.directs and one.number != who.number,
        }
        for one in compartments(who.office)
    ]
    return render(request, "office/members.html", {"rows": rows, "office": named.place(who.office)})


def _services(who: Compartment, named: Named) -> list[tuple[str, str]]:
    """The agencies to which a member may belong: those of the office's own state."""
    state = state_of(who.office)
    known = [one.agency for one in partners() if state_of(one.agency) == state]
    found = dict.fromkeys((agency_of(who.office), *known, *services_of(who)))
    return [(one, named.agency(one)) for one in found]


@page(*AT_A_DESK, methods=("GET", "POST"))
def compartment(request: Request, number: str) -> HttpResponse:
    """Asks for a member's compartment, and gives it."""
    who, named = looking_at(request), Named(request.language)
    if not who.directs or number == who.number or number not in members_here(who.office):
        raise Http404
    fields = counts(who, now_ms=request.now_ms).fields()
    one = compartment_of(who.office, number)
    form = compartment_form(
        one, request.language, services=_services(who, named), fields=[field for field in fields if field]
    )
    back, status = reverse("office-members"), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        status = 422
        if not form.faulty:
            try:
                set_compartment(
                    who.office,
                    number,
                    service=str(form["service"].value),
                    fields=tuple(form["fields"].value or ()),
                    deputy=bool(form["deputy"].value),
                    by=who.number,
                    context=node_of(request),
                )
                return HttpResponseRedirect(back)
            except Error as error:
                form, status = form.faulted({}, [told(error, request.language)]), error.http_status
    context = {
        "title": text("office.act.compartment", request.language),
        "question": text("office.ask.compartment", request.language, officer=number),
        "form": form, "url": request.path, "action": "office.act.compartment", "grave": False, "back": back,
    }  # fmt: skip
    return render(request, "relations/say.html", context, status=status)
