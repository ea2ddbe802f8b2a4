"""The direct channel: the list of what heads of service said to one another, and one exchange. Made for a telephone first.

Invariant: these pages are there for the head and for who stands in now (`pages_direct_common`). A list says with whom and when, never
what. A message opens with the reader's own key alone, is shown under its conditions, and its sender is told that it was read.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import SafeString

from tansiq.channels.queries import taken_back, waiting
from tansiq.enquiries.pages_showing import Block, Showing
from tansiq.policy.codes import code_list
from tansiq.policy.conditions import Conditions
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text
from tansiq.relations.direct import IN, OUT, DirectRow, threads, unread_direct, unread_matters
from tansiq.relations.direct_persons import deputies_of, head_of
from tansiq.relations.direct_reading import ReadMessage, peek_thread, read_thread
from tansiq.relations.pages_common import AT_A_DESK, Named, node_of, reader_here
from tansiq.relations.pages_direct_common import Sitting, partners_here, reader_of, sitting
from tansiq.texts import advice, text
from tansiq.web.access import page
from tansiq.web.moments import moment
from tansiq.web.numbers import whole
from tansiq.web.registry import Row
from tansiq.web.visitor import Request

__all__ = ["Shown", "direct", "exchange", "shown_of"]

_PAGE = 50
_CLOSED = frozenset({"relations.unopened", "exchange.not-your-eyes"})


def _state(row: DirectRow, request: Request) -> str:
    """How the last message of an exchange stands."""
    eye = reader_here(request)
    if row.direction == IN:
        return text("relations.direct.they-wrote", request.language, when=moment(row.at_ms, eye).short)
    if taken_back([row.statement]):
        return text("relations.direct.taken-back", request.language)
    if row.read_ms is None:
        return text("relations.direct.you-wrote", request.language, when=moment(row.at_ms, eye).short)
    return text("relations.direct.read-at", request.language, when=moment(row.read_ms, eye).short)


def _row(row: DirectRow, request: Request, named: Named, *, unread: bool) -> Row:
    return Row(
        title=named.place(row.their_post),
        url=reverse("direct-exchange", kwargs={"matter": id_text(row.matter)}),
        facts=(code_list("offences").label(row.field, request.language),),
        sign="direct",
        term=_state(row, request),
        clock="none",
        unread=unread,
    )


def _before(request: Request) -> int | None:
    return whole(request.GET.get("before"), 15)


@page(*AT_A_DESK)
def direct(request: Request) -> HttpResponse:
    """The exchanges: first those in which something is unread, the longest waiting first, then the last used."""
    here, named = sitting(request), Named(request.language)
    before = _before(request)
    unread = unread_matters([here.post])
    latest = threads([here.post], before_ms=before, limit=_PAGE)
    waits = {one.matter for one in unread}
    rows = [] if before is not None else [_row(one, request, named, unread=True) for one in unread]
    rows += [_row(one, request, named, unread=False) for one in latest if one.matter not in waits]
    older = f"{reverse('direct')}?before={latest[-1].at_ms}" if len(latest) == _PAGE else ""
    context = {
        "rows": rows,
        "unread": unread_direct([here.post]),
        "partners": partners_here(named, request.now_ms),
        "head": here.head,
        "older_url": older,
        "newer_url": reverse("direct") if before is not None else "",
    }
    return render(request, "relations/direct.html", context)


# ------------------------------------------------------------------------------------------------------------ one exchange


@dataclass(frozen=True, slots=True)
class Shown:
    """One message on the page."""

    id: str
    sender: str
    by: str
    mine: bool
    at_ms: int
    read_ms: int | None
    read_by: str
    urgent: str
    waits_url: str
    taken_back: bool
    handed_to: str
    words: Text | None
    conditions: Conditions
    subjects: Sequence[Block]
    law: Sequence[tuple[str, SafeString]]
    fault: str
    closed: bool
    down_url: str


class _Unsaid(dict[str, object]):
    """Values of an advice of which only the code was kept."""

    def __missing__(self, key: str) -> str:
        return "–"


def shown_of(
    read: ReadMessage, request: Request, named: Named, *, waits: Collection[bytes] = (), gone: Collection[bytes] = ()
) -> Shown:
    """A message as its reader sees it; ``waits`` are those that a suspended channel holds, ``gone`` those that were taken back."""
    row, message, language = read.row, read.message, request.language
    showing = Showing(reader_here(request))
    ground = message.urgency_ground if message is not None else None
    law = message.law if message is not None else None
    closed = read.fault in _CLOSED
    down = row.direction == IN and message is not None
    return Shown(
        id=id_text(row.statement),
        sender=named.place(row.own_post if row.direction == OUT else row.their_post),
        by=read.by,
        mine=row.direction == OUT,
        at_ms=row.at_ms,
        read_ms=row.read_ms,
        read_by=row.read_by,
        urgent=code_list("urgency_grounds").label(ground, language) if ground else "",
        waits_url=reverse("channel-waiting", args=(row.matter.hex(),)) if row.statement in waits else "",
        taken_back=row.statement in gone,
        handed_to=named.post(row.handed_to) if row.handed_to else "",
        words=message.words if message is not None else None,
        conditions=(message.conditions if message is not None else None) or Conditions(),
        subjects=showing.subjects(message.to_plain()) if message is not None else [],
        law=list(showing.facts(dict(law.to_plain()), LawBasis, path="law.")) if law is not None else [],
        fault="" if closed or not read.fault else advice(read.fault, language, _Unsaid()).what,
        closed=closed,
        down_url=reverse(
            "direct-down", kwargs={"matter": id_text(row.matter), "statement": id_text(row.statement)}
        )
        if down
        else "",
    )  # fmt: skip


def _sides(here: Sitting, their: str, request: Request, named: Named) -> dict[str, Any]:
    """Who is on either side now, by service number."""
    at_ms = request.now_ms
    return {
        "own": named.place(here.post),
        "their": named.place(their),
        "own_head": head_of(here.post),
        "their_head": head_of(their),
        "own_deputies": deputies_of(here.post, at_ms),
        "their_deputies": deputies_of(their, at_ms),
    }


@page(*AT_A_DESK)
def exchange(request: Request, matter: UUID) -> HttpResponse:
    """One exchange, the latest message first; logged as consulted, and its sender is told what was read."""
    here, named = sitting(request), Named(request.language)
    context, officer = node_of(request), reader_of(request, here)
    opens = read_thread if request.method == "GET" else peek_thread
    words = opens(matter.bytes, context=context, officer=officer)
    held = {one.statement for one in waiting(matter=matter.bytes)}
    gone = taken_back([one.row.statement for one in words])
    last = words[-1].row
    shown = {
        **_sides(here, last.their_post, request, named),
        "field": last.field,
        "words": [shown_of(one, request, named, waits=held, gone=gone) for one in reversed(words)],
        "answer_url": reverse("direct-answer", kwargs={"matter": matter}),
        "key_closed": request.officer is None,
        "handed": request.GET.get("done") == "handed",
    }
    return render(request, "relations/direct_exchange.html", shown)
