"""The addresses of this room's pages, and what it shows in the frame: an entry, what is new, a tab at a case, what waits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.urls import URLPattern, path, reverse

from tansiq.cases.showing import CaseView
from tansiq.channels.accreditations import Direction, accreditation_rows
from tansiq.protocol.ids import id_text
from tansiq.relations import pages_accreditations, pages_handover, pages_liaison, pages_propose, pages_write
from tansiq.relations.liaison import channels_for, seat_of
from tansiq.relations.pages_accreditations import answers_for
from tansiq.relations.pages_case import of_case
from tansiq.relations.pages_common import AT_A_DESK, looker
from tansiq.relations.pages_direct_frame import direct_patterns, register_direct_frame
from tansiq.relations.pages_handover import mine
from tansiq.relations.pages_institutional import register_frame as register_institutional
from tansiq.relations.pages_institutional import urlpatterns as institutional_patterns
from tansiq.relations.pages_liaison import waiting_for
from tansiq.texts import text
from tansiq.web.addresses import WHOLE
from tansiq.web.registry import NAVIGATION, NOTICES, TABS, Entry, Notice, Tab
from tansiq.web.visitor import Request

__all__ = ["register_frame", "urlpatterns"]

_CHANNEL = "liaison/<uuid:matter>/"
_WRITE = f"{_CHANNEL}to/<slug:to>/"
_ONE = "liaison/accreditations/<uuid:identifier>/"
_NEW = "liaison/accreditations/new/"
_CHANGE = f"{_ONE}change/"

urlpatterns: list[URLPattern] = [
    path("liaison/", pages_liaison.channels, name="liaison"),
    path(_CHANNEL, pages_liaison.channel, name="liaison-channel"),
    path(f"{_CHANNEL}hand-on/<uuid:statement>/", pages_liaison.hand, name="liaison-hand"),
    path(_WRITE, pages_write.write, name="liaison-write"),
    path(f"{_WRITE}draft/", pages_write.draft, name="liaison-draft"),
    path(f"{_WRITE}preview/", pages_write.preview, name="liaison-preview"),
    path(f"{_WRITE}forget/", pages_write.forget, name="liaison-forget"),
    path("liaison/accreditations/", pages_accreditations.accreditations, name="liaison-accreditations"),
    path(f"liaison/registry/<{WHOLE}:year>.csv", pages_accreditations.export, name="liaison-registry"),
    path(_NEW, pages_propose.new, name="liaison-propose"),
    path(f"{_NEW}draft/", pages_propose.draft, name="liaison-propose-draft"),
    path(f"{_NEW}preview/", pages_propose.preview, name="liaison-propose-preview"),
    path(f"{_NEW}forget/", pages_propose.forget, name="liaison-propose-forget"),
    path(_ONE, pages_accreditations.accreditation, name="liaison-accreditation"),
    path(_CHANGE, pages_propose.new, name="liaison-change"),
    path(f"{_CHANGE}draft/", pages_propose.draft, name="liaison-change-draft"),
    path(f"{_CHANGE}preview/", pages_propose.preview, name="liaison-change-preview"),
    path(f"{_CHANGE}forget/", pages_propose.forget, name="liaison-change-forget"),
    path(f"{_ONE}say/<slug:word>/", pages_accreditations.say, name="liaison-say"),
    path(f"{_ONE}reach/", pages_accreditations.reach, name="liaison-reach"),
    path(f"{_ONE}hand-over/", pages_handover.order, name="liaison-hand-over"),
    path("liaison/handovers/<uuid:identifier>/", pages_handover.handover, name="liaison-handover"),
    path("liaison/handovers/<uuid:identifier>/<slug:deed>/", pages_handover.step, name="liaison-handover-step"),
    path("liaison/case/<str:named>/", of_case, name="case-liaison"),
    *direct_patterns,
    *institutional_patterns,
]


def _count(request: Request) -> int:
    """How much waits for the reader: messages, proposals to be answered, steps of handovers."""
    person = looker(request)
    return sum(waiting_for(person).values()) + len(_to_answer(request)) + len(mine(request))


def _to_answer(request: Request) -> list[Any]:
    if not answers_for(looker(request)):
        return []
    return accreditation_rows("pending > 0 AND direction = %s", (int(Direction.THEIRS),))


def _notices(request: Request) -> Iterable[Notice]:
    """Messages that wait, proposals to be answered, steps of handovers."""
    language, person = request.language, looker(request)
    unread = waiting_for(person)
    for one in channels_for(number=person.number, posts=person.posts):
        if one.matter in unread:
            yield Notice(
                words=text("relations.notice.message", language, officer=one.officer),
                url=reverse("liaison-channel", kwargs={"matter": id_text(one.matter)}),
                at_ms=one.last_ms,
                tone="due",
            )
    for row in _to_answer(request):
        yield Notice(
            words=text("relations.notice.proposal", language, officer=row.officer, agency=row.partner),
            url=reverse("liaison-accreditation", kwargs={"identifier": id_text(row.id)}),
            at_ms=row.changed_ms,
            tone="due",
        )
    for handover in mine(request):
        yield Notice(
            words=text("relations.notice.handover", language),
            url=reverse("liaison-handover", kwargs={"identifier": id_text(handover.id)}),
            at_ms=handover.first_ms or handover.ordered_ms,
            tone="due",
        )


def _tabs(request: Request, place: str, thing: Any) -> Sequence[Tab]:
    """The tab of a case that shows its channels."""
    if place != "case" or not isinstance(thing, CaseView):
        return ()
    person = looker(request)
    found = [
        one
        for one in channels_for(number=person.number, posts=person.posts)
        if one.case_ref == thing.row.id and seat_of(one, number=person.number, posts=person.posts) is not None
    ]
    if not found:
        return ()
    named = id_text(thing.row.id)
    url = reverse("case-liaison", kwargs={"named": named})
    return (Tab(label="relations.page.channels", url=url, name="liaison", count=len(found)),)


def register_frame() -> None:
    """Registers all of it; again does nothing new."""
    entry = Entry(label="relations.page.entry", url="liaison", roles=frozenset(AT_A_DESK), count=_count)
    NAVIGATION.register("liaison", entry, order=40)
    NOTICES.register("liaison", _notices, order=20)
    TABS.register("liaison", _tabs, order=60)
    register_direct_frame()
    register_institutional()
