"""The desk, and the list of all enquiries with its filters.

Invariant: what is due first stands first; a page is a few ranges of an index (`desk`). An address holds codes and
references, never a name. Each role sees its own posts; who sees no content starts elsewhere.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.accounts.drafts import list_drafts
from tansiq.directory.queries import partners
from tansiq.enquiries.desk import MOST_COUNTED, DeskView, counts_of, desk_page
from tansiq.enquiries.pages_common import AT_A_DESK, Named, day_ends_ms, desks_of, node_of
from tansiq.enquiries.pages_matter import brief_of
from tansiq.enquiries.pages_rows import question_of, rows_of
from tansiq.errors import BadInput, NotFound
from tansiq.policy.codes import code_list
from tansiq.policy.course import STATES
from tansiq.texts import catalogue, text
from tansiq.web.access import SIGNED_IN, page
from tansiq.web.forms import Field
from tansiq.web.frame import alerts_over
from tansiq.web.plurals import plural_key
from tansiq.web.registry import NAVIGATION
from tansiq.web.visitor import Request

__all__ = ["desk", "enquiries", "view_of"]

_ON_A_DESK: Final = 12
_IN_A_LIST: Final = 30
_UNASKED: Final = 10
"""How many answered enquiries whose use is not told yet stand under the desk."""


def view_of(request: Request, **narrowed: Any) -> DeskView:
    """The reader's desks."""
    return DeskView(posts=desks_of(request), day_ends_ms=day_ends_ms(request), **narrowed)


def _counted(key: str, count: int, language: str) -> str:
    """A sentence about so many, the number in words up to ten."""
    named = f"enquiries.number.{count}"
    words = text(named, language) if named in catalogue() else str(count)
    told = text(plural_key(key, count, language), language, count=words)
    return told[:1].upper() + told[1:]


def _lead(request: Request, counts: dict[str, Any]) -> dict[str, str]:
    """The sentence over the desk: how much waits, how much of it is late, how much is due today."""
    language = request.language
    waits, late, today = (counts[name] for name in ("open", "overdue", "today"))
    if waits.more:
        first = text("enquiries.desk.very-many", language, most=MOST_COUNTED)
    else:
        first = _counted("enquiries.desk.waits", waits.number, language)
    return {
        "waits": first if waits.number else "",
        "late": _counted("enquiries.desk.late", late.number, language) if late.number else "",
        "today": _counted("enquiries.desk.today", today.number, language) if today.number else "",
    }


def _drafts(request: Request) -> list[dict[str, Any]]:
    """What the reader has begun to write."""
    language = request.language
    found = []
    for kept in list_drafts(request.visitor.number):
        if kept.form == "enquiry":
            title = question_of(tuple(kept.content.get("data", {}).get("sought") or ()), language)
            address = reverse("enquiry-compose", kwargs={"draft": kept.about})
        elif kept.form.startswith("enquiry."):
            title = code_list("message_kinds").label(kept.form, language)
            address = reverse("enquiry-word", kwargs={"matter": kept.about, "word": kept.form.removeprefix("enquiry.")})
        else:
            continue
        found.append({"title": title, "url": address, "saved_ms": kept.saved_ms})
    return found


@page(SIGNED_IN)
def desk(request: Request) -> HttpResponse:
    """What waits for the reader, due first; where there is no desk, what the reader may do here."""
    roles = request.visitor.roles
    if not roles.intersection(AT_A_DESK):
        return _without_desk(request)
    language, context = request.language, node_of(request)
    after, opened = request.GET.get("after", ""), request.GET.get("open", "")
    found = desk_page(view_of(request), context=context, after=after, limit=_ON_A_DESK)
    named = Named(language)
    answered = []
    if not after:
        waiting = view_of(request, section="closed", direction="out", states=("answered",))
        answered = desk_page(waiting, context=context, limit=_UNASKED).rows
    return render(
        request,
        "enquiries/desk.html",
        {
            "alerts": alerts_over(request, "desk"),
            "lead": _lead(request, counts_of(view_of(request), context=context, sections=("open", "overdue", "today"))),
            "rows": rows_of(found.rows, language=language, named=named, current=opened),
            "answered": rows_of(answered, language=language, named=named, current=opened),
            "drafts": _drafts(request) if not after else [],
            "older_url": f"/?{urlencode({'after': found.following})}" if found.following else "",
            "newer_url": "/" if after else "",
            "beside": _beside(request, opened, named),
        },
    )


def _beside(request: Request, opened: str, named: Named) -> dict[str, Any] | None:
    """The matter that is open beside the list."""
    if not opened:
        return None
    try:
        return brief_of(request, opened, named)
    except (BadInput, NotFound):
        return None


def _without_desk(request: Request) -> HttpResponse:
    """Those who work at no desk begin at the first page that their roles have."""
    roles = request.visitor.roles
    begins = next((one.url for one in NAVIGATION if one.roles & roles and one.url != "desk"), "account")
    return HttpResponseRedirect(reverse(begins))


_FILTERS: Final = ("direction", "state", "section", "channel", "partner")


def _filters(request: Request, asked: dict[str, str]) -> list[Field]:
    language = request.language
    named = Named(language)
    agencies = tuple((one.agency, named.agency(one.agency)) for one in partners() if not one.is_self)
    return [
        Field(
            name="section", label="enquiries.filter.section", kind="select", value=asked["section"],
            choices=tuple((one, text(f"enquiries.filter.section-{one}", language)) for one in ("open", "overdue", "today", "closed")),
        ),
        Field(
            name="direction", label="enquiries.filter.direction", kind="select", value=asked["direction"],
            choices=(("in", text("enquiries.filter.in", language)), ("out", text("enquiries.filter.out", language))),
        ),
        Field(
            name="state", label="enquiries.filter.state", kind="select", value=asked["state"],
            choices=tuple((one, text(f"enquiries.page.state.{one}", language)) for one in STATES),
        ),
        Field(
            name="channel", label="enquiries.filter.channel", kind="select", value=asked["channel"],
            choices=code_list("channels").choices(language),
        ),
        Field(name="partner", label="enquiries.filter.partner", kind="select", value=asked["partner"], choices=agencies),
    ]  # fmt: skip


def _states(asked: str) -> tuple[str, ...]:
    """What is written down as a state: one of ours whose receipt came since the last sweep still stands there as sent."""
    return ("received", "sent") if asked == "received" else (asked,) if asked else ()


@page(*AT_A_DESK)
def enquiries(request: Request) -> HttpResponse:
    """All enquiries of the reader's desks, narrowed by codes."""
    asked = {name: str(request.GET.get(name, ""))[:64] for name in _FILTERS}
    after = str(request.GET.get("after", ""))[:80]
    closed = asked["state"] in {"answered", "refused", "withdrawn", "closed"}
    view = view_of(
        request,
        direction=asked["direction"],
        states=_states(asked["state"]),
        partner=asked["partner"],
        channel=asked["channel"],
        section=asked["section"] or ("closed" if closed else "open"),
    )
    found = desk_page(view, context=node_of(request), after=after, limit=_IN_A_LIST)
    shown = [one for one in found.rows if not asked["state"] or one["state"] == asked["state"]]
    kept = {name: value for name, value in asked.items() if value}
    here = reverse("enquiries")
    return render(
        request,
        "enquiries/list.html",
        {
            "filters": _filters(request, asked),
            "narrowed": bool(kept),
            "rows": rows_of(shown, language=request.language, named=Named(request.language)),
            "older_url": f"{here}?{urlencode({**kept, 'after': found.following})}" if found.following else "",
            "newer_url": (f"{here}?{urlencode(kept)}" if kept else here) if after else "",
        },
    )
