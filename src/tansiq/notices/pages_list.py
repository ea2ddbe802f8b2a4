"""The notices: what waits for the reader first (the legal desk's requests, drafts on the desk), then what binds, is asked for, has ended.

Invariant: a row is made of codes, numbers and times, nobody's name; who is at no bureau's desk sees what binds alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from tansiq.accounts.drafts import list_drafts
from tansiq.notices.desks import BUREAU, LEGAL, own_desk
from tansiq.notices.drafts import DraftRow, drafts_of
from tansiq.notices.pages_common import (
    AT_A_DESK,
    Named,
    at_the_hub,
    has_role,
    looking,
    ms_of,
    own_post,
    reader_here,
    state_words,
)
from tansiq.notices.queries import SCOPES, NoticeView, counts, notice_page, pending, unseen
from tansiq.policy.codes import code_list
from tansiq.protocol.ids import id_text
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.frame import alerts_over
from tansiq.web.moments import day, local
from tansiq.web.registry import Row, Tab
from tansiq.web.visitor import Request

__all__ = ["colour_words", "notices", "row_of"]

_KINDS: Final = ("notice", "diffusion")
_WRITTEN: Final = {
    "notice": "notices.page.new-notice", "diffusion": "notices.page.new-diffusion", "update": "notices.page.update",
    "draft": "notices.page.draft",
}  # fmt: skip
_DECLARED: Final = "person.status."


def colour_words(one: Mapping[str, Any], language: str) -> str:
    """What a notice is, by its colour; a diffusion that is closed to the reader has none."""
    if not one["colour"]:
        return text("notices.page.closed-diffusion", language)
    label = code_list("notice_colours").label(str(one["colour"]), language)
    return text("notices.page.diffusion-of", language, colour=label) if one["kind"] == "diffusion" else label


def _term(one: Mapping[str, Any], request: Request) -> str:
    """Until when it binds, or since when it has ended."""
    for name, key in (("ended_at", "notices.page.ended-on"), ("until", "notices.page.binds-until")):
        if moment_ms := ms_of(one[name]):
            eye = reader_here(request)
            return text(key, request.language, day=day(local(moment_ms, eye.zone).date(), eye))
    return ""


def row_of(one: Mapping[str, Any], request: Request, named: Named, *, unread: int = 0) -> Row:
    """A notice in a list."""
    language = request.language
    state, _ = state_words(str(one["state"]), language)
    facts = [named.agency(str(one["source"]))]
    if one["number"]:
        facts.append(str(one["number"]))
    if one["field"]:
        facts.append(code_list("offences").label(str(one["field"]), language))
    facts.append(
        text("notices.page.update-waits", language) if one["pending"] and one["state"] != "requested" else state
    )
    return Row(
        title=colour_words(one, language),
        url=reverse("notice", kwargs={"matter": UUID(str(one["id"]))}),
        facts=tuple(facts),
        term=_term(one, request),
        clock="none",
        unread=bool(unread),
    )


def _draft_row(row: DraftRow, request: Request) -> Row:
    language = request.language
    label = code_list("notice_colours").label(row.colour, language)
    state, _ = state_words(row.state, language)
    return Row(
        title=text("notices.page.update-of", language, colour=label) if row.matter else label,
        url=reverse("notice-draft", kwargs={"draft": UUID(id_text(row.id))}),
        facts=(text(f"notices.kind.{row.kind}", language), state, row.officer),
        clock="none",
    )


def _begun(request: Request) -> list[dict[str, Any]]:
    """What the reader has begun to write and has not laid on the desk or sent: nothing written is lost."""
    language, found = request.language, []
    for kept in list_drafts(request.visitor.number):
        room, _, what = kept.form.partition(".")
        if kept.form == "notice.answer":
            title, url = "notices.act.answer", reverse("notice-answer", kwargs={"matter": kept.about})
        elif room == "notice" and what in _WRITTEN:
            title, url = _WRITTEN[what], reverse("notice-write", kwargs={"what": what, "about": kept.about})
        elif kept.form.startswith(_DECLARED):
            what = kept.form.removeprefix(_DECLARED)
            title = "notices.act.declare" if what == "new" else "notices.act.end-declaration"
            url = reverse("notices-declare", kwargs={"what": what, "about": kept.about})
        else:
            continue
        found.append({"title": text(title, language), "url": url, "saved_ms": kept.saved_ms})
    return found


def _tabs(view: NoticeView) -> list[Tab]:
    """The three scopes."""
    return [
        Tab(label=f"notices.scope.{scope}", url=f"{reverse('interpol')}?{urlencode({'scope': scope})}", name=scope)
        for scope in SCOPES
        if scope != "asked" or own_desk() in view.posts
    ]


def _view(request: Request) -> NoticeView:
    """What the address asks for; what it does not know is passed over."""
    said = request.GET
    scope = str(said.get("scope", ""))
    colour = str(said.get("colour", ""))
    kind = str(said.get("kind", ""))
    return NoticeView(
        posts=looking(request).posts,
        scope=scope if scope in SCOPES else SCOPES[0],
        colour=colour if colour in code_list("notice_colours") else "",
        kind=kind if kind in _KINDS else "",
        own=said.get("own") == "1",
    )


def _address(view: NoticeView, **more: str) -> str:
    asked = {"scope": view.scope, "colour": view.colour, "kind": view.kind, "own": "1" if view.own else ""} | more
    return f"{reverse('interpol')}?{urlencode({name: value for name, value in asked.items() if value})}"


def _choices(view: NoticeView, language: str) -> dict[str, Any]:
    colours = [(code, code_list("notice_colours").label(code, language)) for code in code_list("notice_colours")]
    return {
        "colours": [(code, label, code == view.colour) for code, label in colours],
        "kinds": [(one, text(f"notices.kind.{one}", language), one == view.kind) for one in _KINDS],
        "scope": view.scope,
        "own": view.own,
    }


@page(*AT_A_DESK)
def notices(request: Request) -> HttpResponse:
    """The list."""
    named, view = Named(request.language), _view(request)
    found, following = notice_page(view, after=str(request.GET.get("after", "")))
    waiting = pending() if has_role(request, LEGAL) else []
    unread = unseen(view.posts)
    bureau = has_role(request, BUREAU)
    drafts = drafts_of([own_post(request, BUREAU)]) if bureau else []
    context = {
        "alerts": alerts_over(request, "notices"),
        "tabs": _tabs(view),
        "here": view.scope,
        "rows": [row_of(one, request, named, unread=unread.get(one["id"], 0)) for one in found],
        "count": counts(view),
        "waiting": [row_of(one, request, named) for one in waiting],
        "drafts": [_draft_row(row, request) for row in drafts],
        "begun": _begun(request),
        "choices": _choices(view, request.language),
        "narrowed": bool(view.colour or view.kind or view.own),
        "older": _address(view, after=following) if following else "",
        "bureau": bureau,
        "hub": at_the_hub(request),
    }
    return render(request, "notices/notices.html", context)
