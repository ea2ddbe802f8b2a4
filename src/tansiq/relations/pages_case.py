"""The tab of a case: the liaison officers' channels in it at which the reader sits."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from tansiq.cases.pages_cases import case_context
from tansiq.cases.pages_common import node_of, reading, thing_of
from tansiq.cases.showing import show_case
from tansiq.relations.liaison import channels_for
from tansiq.relations.pages_common import AT_A_DESK, Named, looker
from tansiq.relations.pages_liaison import row_of, waiting_for
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["of_case"]


@page(*AT_A_DESK)
def of_case(request: Request, named: str) -> HttpResponse:
    """The channels in a case."""
    view = show_case(thing_of(named), reading(request), context=node_of(request))
    person, names = looker(request), Named(request.language)
    unread = waiting_for(person)
    found = [one for one in channels_for(number=person.number, posts=person.posts) if one.case_ref == view.row.id]
    rows = [row_of(one, request, names, unread) for one in found]
    return render(request, "relations/case.html", case_context(request, view, "liaison") | {"rows": rows})
