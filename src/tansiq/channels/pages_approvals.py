"""Approvals of a channel: what waits for somebody who holds a role, what the rules saw of it, and the answer.

Invariant: codes and reasons alone, never a word of the matter; who asked does not answer. What one may not answer is not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final, cast

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse

from tansiq.channels.approvals import ApprovalRow, decide_approval, lately_decided, open_approvals
from tansiq.channels.profile import channel_rules
from tansiq.channels.world import world_for
from tansiq.directory.queries import current_directory
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.policy.channel_advice import advise
from tansiq.policy.channel_matter import Matter
from tansiq.policy.channel_rules import APPROVERS
from tansiq.policy.channel_showing import condition_words, sentence
from tansiq.policy.channel_values import Effect
from tansiq.policy.codes import code_list
from tansiq.texts import text
from tansiq.web.access import Role, page
from tansiq.web.registry import NAVIGATION, NOTICES, Entry, Notice
from tansiq.web.visitor import Request

__all__ = ["register_approvals", "urlpatterns"]

_APPROVE: Final = tuple(Role(code) for code in sorted(APPROVERS))
_ASK: Final = frozenset({Role.OFFICER, Role.SUPERVISOR, Role.HEAD, Role.LIAISON, Role.BUREAU})


def _node(request: Request) -> Context:
    return cast(Context, request.node)


def _roles(request: Request) -> frozenset[str]:
    return frozenset(str(role) for role in request.visitor.roles)


def agency_name(agency: str, language: str) -> str:
    """The name of an agency in the reader's language; its identifier when it is not known."""
    try:
        names = current_directory(agency).names
    except NotFound:
        return agency
    return names.get(language) or names.get("en") or next(iter(names.values()), agency)


def _features(matter: Matter, language: str) -> Iterator[str]:
    """What the rules saw, in words: what is said, and what is not plain."""
    told = {
        "kind": matter.kind,
        "field": matter.field,
        "nature": str(matter.nature),
        "sensitive": "yes" if matter.sensitive else "no",
        "classification": matter.classification,
        "urgency": matter.urgency_ground,
    }
    yes = {
        "warrant": matter.warrant,
        "missing": matter.missing,
        "suspect": matter.suspect,
        "several_countries": len(matter.countries) > 1,
        "case": bool(matter.case),
        "joint_operation": bool(matter.joint_operation),
    }
    for name, value in told.items():
        if value:
            yield condition_words(name, (value,), language)
    for name, holds in yes.items():
        if holds:
            yield condition_words(name, ("yes",), language)


def _why(row: ApprovalRow, request: Request) -> list[str]:
    """Why an approval is wanted now, by the rules."""
    world = world_for(row.matter, row.partner, sender=row.post, at_ms=request.now_ms)
    found = next(one for one in advise(row.matter, world, channel_rules()) if one.channel == row.channel)
    return [
        sentence(reason, channel_rules(), request.language)
        for reason in found.reasons
        if reason.effect in {Effect.APPROVE, Effect.REFUSE}
    ]


def _shown(row: ApprovalRow, request: Request) -> dict[str, Any]:
    language = request.language
    return {
        "id": row.id.hex(),
        "channel": row.channel,
        "name": code_list("channels").label(row.channel, language),
        "partner": agency_name(row.partner, language),
        "officer": row.officer,
        "asked_ms": row.asked_ms,
        "role": code_list("roles").label(row.role, language),
        "features": list(_features(row.matter, language)),
        "why": _why(row, request),
    }


def _page(request: Request, *, message: str = "", tone: str = "", status: int = 200) -> HttpResponse:
    rows = open_approvals(_roles(request), number=request.visitor.number, now_ms=request.now_ms)
    shown = {"rows": [_shown(row, request) for row in rows], "message": message, "tone": tone}
    return render(request, "channels/approvals.html", shown, status=status)


@page(*_APPROVE)
def approvals(request: Request) -> HttpResponse:
    """What waits for an approval of this visitor."""
    done = request.GET.get("done")
    known = {"approved": "proof", "declined": ""}
    if done not in known:
        return _page(request)
    return _page(request, message=text(f"channels.approvals.{done}", request.language), tone=known[done])


@page(*_APPROVE, methods=("POST",))
def decide(request: Request, identifier: str) -> HttpResponse:
    """The answer."""
    approve = request.POST.get("answer") == "approve"
    try:
        named = bytes.fromhex(identifier)
        decide_approval(named, approve=approve, number=request.visitor.number, now_ms=_node(request).clock())
    except ValueError:
        return _page(request, status=404)
    except Error as error:
        advice = error.advice(request.language)
        return _page(request, message=f"{advice.what} {advice.do}", tone="late", status=error.http_status)
    return HttpResponseRedirect(f"{reverse('channel-approvals')}?done={'approved' if approve else 'declined'}")


def _count(request: Request) -> int:
    return len(open_approvals(_roles(request), number=request.visitor.number, now_ms=request.now_ms))


def _notices(request: Request) -> Iterable[Notice]:
    """Answers to what the visitor asked, and what waits for the visitor's own."""
    visitor, language = request.visitor, request.language
    if visitor.roles & set(_APPROVE):
        for row in open_approvals(_roles(request), number=visitor.number, now_ms=request.now_ms):
            words = text(
                "channels.approvals.waits", language,
                officer=row.officer, channel=code_list("channels").label(row.channel, language),
            )  # fmt: skip
            yield Notice(words=words, url=reverse("channel-approvals"), at_ms=row.asked_ms, tone="due")
    if visitor.roles & _ASK:
        for row in lately_decided(visitor.number, now_ms=request.now_ms):
            key = "channels.approvals.given" if row.approved else "channels.approvals.not-given"
            words = text(
                key, language, officer=row.approver, channel=code_list("channels").label(row.channel, language)
            )
            yield Notice(
                words=words, url=reverse("desk"), at_ms=row.decided_ms or row.asked_ms, tone="proof" if row.approved else "late"
            )  # fmt: skip


urlpatterns: list[URLPattern] = [
    path("channels/approvals/", approvals, name="channel-approvals"),
    path("channels/approvals/<str:identifier>/", decide, name="channel-approval"),
]


def register_approvals() -> None:
    """Registers the entry of the navigation and the notices; again does nothing new."""
    entry = Entry(label="channels.approvals.entry", url="channel-approvals", roles=frozenset(_APPROVE), count=_count)
    NAVIGATION.register("channel-approvals", entry, order=60)
    NOTICES.register("channel-approvals", _notices, order=15)
