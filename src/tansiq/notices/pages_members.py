"""The members, as the hub keeps them: who was admitted by whom, who waits to be admitted, who was dismissed.

Invariant: only a bureau whose words the hub has compared by another way can be admitted; both admitting and dismissing are asked first,
for a member reads every notice that binds.
"""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.directory.queries import current_directory, partners
from tansiq.errors import Error
from tansiq.notices.desks import BUREAU, bureaux_of
from tansiq.notices.members import admit, dismiss, members
from tansiq.notices.pages_common import AT_A_DESK, EDITING, Named, acting, ask_page, at_the_hub, has_role, node_of, told
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Form
from tansiq.web.visitor import Request

__all__ = ["decide", "members_page"]

_DEEDS = frozenset({"admit", "dismiss"})


def _may_see(request: Request) -> bool:
    return at_the_hub(request) or has_role(request, BUREAU)


def _row(agency: str, named: Named, **more: Any) -> dict[str, Any]:
    return {"agency": agency, "name": named.agency(agency), "country": named.country(agency), **more}


def _waiting(named: Named) -> list[dict[str, Any]]:
    """Bureaux that were met and may be admitted."""
    known = {one.agency for one in members()}
    return [
        _row(partner.agency, named, met_ms=partner.confirmed_ms)
        for partner in partners()
        if not partner.is_self
        and partner.confirmed_ms
        and partner.agency not in known
        and bureaux_of(current_directory(partner.agency))
    ]


@page(*AT_A_DESK)
def members_page(request: Request) -> HttpResponse:
    """The members; at the hub with what may be done."""
    if not _may_see(request):
        raise Http404
    named, hub = Named(request.language), at_the_hub(request)
    rows = [
        _row(one.agency, named, post=named.post(one.post), admitted_ms=one.admitted_ms, officer=one.officer, ended_ms=one.ended_ms)
        for one in members(ended=hub)
    ]  # fmt: skip
    context = {
        "rows": [row for row in rows if row["ended_ms"] is None],
        "gone": [row for row in rows if row["ended_ms"] is not None],
        "waiting": _waiting(named) if hub else [],
        "hub": hub,
    }
    return render(request, "notices/members.html", context)


@page(*AT_A_DESK, methods=EDITING)
def decide(request: Request, agency: str, deed: str) -> HttpResponse:
    """Admits or dismisses a bureau, after asking."""
    known = {one.agency for one in members()}
    if not at_the_hub(request) or deed not in _DEEDS or (deed == "dismiss") != (agency in known):
        raise Http404
    back, form, status = reverse("notices-members"), Form(()), 200
    if request.method == "POST":
        try:
            if deed == "admit":
                admit(agency, officer=acting(request), context=node_of(request))
            else:
                dismiss(agency, officer=acting(request), context=node_of(request))
        except Error as error:
            form, status = form.faulted({}, [told(error, request.language)]), error.http_status
        else:
            return HttpResponseRedirect(back)
    named = Named(request.language)
    return ask_page(
        request, title=f"notices.act.{deed}",
        question=text(f"notices.question.{deed}", request.language, agency=named.agency(agency), named=agency), form=form,
        action=f"notices.act.{deed}", back=back, grave=deed == "dismiss", status=status,
    )  # fmt: skip
