"""Where the data protection officer and the supervisor from outside begin: the access journal's state, what is late, what is to
be reviewed or ends, and, for the supervisor from outside alone, the roots.

Invariant: counts, codes and times; no link leads into a matter. The roots are the supervisor's from outside: with them, kept
elsewhere, a later rewriting is found.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.enquiries.pages_common import Named, ms_of
from tansiq.errors import BadInput
from tansiq.journal.access import access_log
from tansiq.journal.checking import begin_check, check_due_ms, first_act_ms, last_checks
from tansiq.journal.queries import relation_states
from tansiq.oversight.pages_common import WATCHES, category_in_words, kind_in_words, node_of
from tansiq.oversight.queries import PARTS, kept_counts, kept_page, late
from tansiq.protocol.ids import id_text
from tansiq.web.access import Role, page
from tansiq.web.registry import Tab
from tansiq.web.visitor import Request

__all__ = ["overview", "retention", "verify"]

_SOON_MS: Final = 30 * 86_400_000
_ON_THE_OVERVIEW: Final = 10


def _checking(request: Request) -> dict[str, Any]:
    """The access journal: how large, when verified, when next."""
    checks, log, first_ms = last_checks(), access_log(), first_act_ms()
    due_ms = check_due_ms(first_ms=first_ms if first_ms is not None else request.now_ms)
    rest = due_ms - request.now_ms
    return {
        "size": log.size,
        "root": log.root.hex(),
        "checks": checks,
        "last": next((one for one in checks if one.ended_ms is not None), None),
        "running": next((one for one in checks if one.ended_ms is None), None),
        "due_ms": due_ms,
        "tone": "late" if rest < 0 else "due" if rest < _SOON_MS else "",
    }


def _late(request: Request) -> dict[str, Any]:
    """What is overdue now, in codes and times."""
    named = Named(request.language)
    counts, rows = late(context=node_of(request), limit=_ON_THE_OVERVIEW)
    shown = [
        {
            "id": one["id"],
            "incoming": one["direction"] == "in",
            "desk": named.post(one["own_post"]),
            "partner": named.agency(one["partner"]),
            "due_ms": ms_of(one["deadline"]),
            "received_ms": ms_of(one["received_at"]),
        }
        for one in rows
    ]
    return {"asked_of_us": counts["in"], "asked_by_us": counts["out"], "rows": shown}


@page(*WATCHES)
def overview(request: Request) -> HttpResponse:
    """How it stands."""
    outside = Role.AUDITOR in request.visitor.roles
    named = Named(request.language)
    relations = [(named.agency(one.peer), one) for one in relation_states()] if outside else []
    counts = kept_counts(now_ms=request.now_ms)
    return render(
        request,
        "oversight/overview.html",
        {
            "outside": outside,
            "journal": _checking(request),
            "late": _late(request),
            "kept": [(part, f"oversight.retention.{part}", counts[part]) for part in PARTS],
            "relations": relations,
        },
    )


@page(*WATCHES, methods=("POST",))
def verify(request: Request) -> HttpResponse:
    """Begins to verify the access journal; what the page does not look at, the node's clock goes on with."""
    begin_check(request.visitor.number, now_ms=request.now_ms)
    return HttpResponseRedirect(reverse("oversight"))


@page(*WATCHES)
def retention(request: Request) -> HttpResponse:
    """What is to be reviewed, and what ends; what is due first first."""
    language = request.language
    part = str(request.GET.get("part") or PARTS[0])[:16]
    after = str(request.GET.get("after", ""))[:80]
    if part not in PARTS:
        raise BadInput("enquiries.wrong-view", name="part")
    found = kept_page(part, now_ms=request.now_ms, after=after)
    counts = kept_counts(now_ms=request.now_ms)
    here = reverse("oversight-retention")
    named = Named(language)
    rows = [
        {
            "id": id_text(one.id),
            "kind": kind_in_words(one.kind, language),
            "originator": named.agency(one.originator),
            "category": category_in_words(one.category, language),
            "received_ms": one.received_ms,
            "review_ms": one.review_ms,
            "erase_ms": one.erase_ms,
        }
        for one in found.rows
    ]
    context = {
        "part": part,
        "tabs": [
            Tab(label=f"oversight.retention.{name}", url=f"{here}?part={name}", name=name, count=counts[name].number)
            for name in PARTS
        ],
        "rows": rows,
        "none": f"oversight.retention.none-{part}",
        "older_url": f"{here}?{urlencode({'part': part, 'after': found.following})}" if found.following else "",
        "newer_url": f"{here}?part={part}" if after else "",
    }
    return render(request, "oversight/retention.html", context)
