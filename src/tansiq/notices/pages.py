"""The addresses of this room's pages, and what it shows in the frame: an entry, what is new, a tab at an enquiry, cautions before one is sent."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.urls import URLPattern, path, reverse

from tansiq.enquiries.pages_common import AT_A_DESK, Named, looking, ms_of
from tansiq.enquiries.warned import register_cautions
from tansiq.notices import (
    pages_answer,
    pages_check,
    pages_declare,
    pages_declared,
    pages_flags,
    pages_list,
    pages_members,
    pages_notice,
    pages_words,
    pages_write,
)
from tansiq.notices.desks import LEGAL
from tansiq.notices.pages_alerts import alerts, flag_url, unseen_flags
from tansiq.notices.pages_common import has_role
from tansiq.notices.pages_list import colour_words
from tansiq.notices.pages_warned import cautions, flag_in_words
from tansiq.notices.queries import pending, summary, unseen
from tansiq.notices.rows import notice_rows
from tansiq.texts import text
from tansiq.web.registry import ALERTS, NAVIGATION, NOTICES, TABS, Entry, Notice
from tansiq.web.visitor import Request

__all__ = ["register_frame", "urlpatterns"]

_WRITE = "interpol/write/<slug:what>/<slug:about>/"
_DRAFT = "interpol/drafts/<uuid:draft>/"
_ONE = "interpol/notices/<uuid:matter>/"
_ANSWER = f"{_ONE}answer/"
_DECLARE = "interpol/declared/write/<slug:what>/<slug:about>/"
_MOST_NOTICES = 30

urlpatterns: list[URLPattern] = [
    path("interpol/", pages_list.notices, name="interpol"),
    path("interpol/new/<slug:what>/", pages_write.new, name="notice-new"),
    path(_WRITE, pages_write.write, name="notice-write"),
    path(f"{_WRITE}draft/", pages_write.draft, name="notice-write-draft"),
    path(f"{_WRITE}preview/", pages_write.preview, name="notice-write-preview"),
    path(f"{_WRITE}forget/", pages_write.forget, name="notice-write-forget"),
    path(_DRAFT, pages_check.desk_draft, name="notice-draft"),
    path(f"{_DRAFT}check/", pages_check.check, name="notice-draft-check"),
    path(f"{_DRAFT}send/", pages_check.send, name="notice-draft-send"),
    path(f"{_DRAFT}approval/", pages_check.approval, name="notice-draft-approval"),
    path(f"{_DRAFT}drop/", pages_check.drop, name="notice-draft-drop"),
    path("interpol/members/", pages_members.members_page, name="notices-members"),
    path("interpol/members/<str:agency>/<slug:deed>/", pages_members.decide, name="notices-member"),
    path("interpol/declared/", pages_declared.declared, name="notices-declared"),
    path("interpol/declared/new/", pages_declare.new, name="notices-declare-new"),
    path(_DECLARE, pages_declare.write, name="notices-declare"),
    path(f"{_DECLARE}draft/", pages_declare.draft, name="notices-declare-draft"),
    path(f"{_DECLARE}preview/", pages_declare.preview, name="notices-declare-preview"),
    path(f"{_DECLARE}forget/", pages_declare.forget, name="notices-declare-forget"),
    path("interpol/declared/<uuid:statement>/", pages_declared.declared_one, name="notices-declared-one"),
    path(_ONE, pages_notice.notice, name="notice"),
    path(f"{_ONE}print/", pages_notice.printed, name="notice-print"),
    path(f"{_ONE}say/<slug:word>/", pages_words.say, name="notice-say"),
    path(f"{_ONE}origin/", pages_words.origin, name="notice-origin"),
    path(_ANSWER, pages_answer.write, name="notice-answer"),
    path(f"{_ANSWER}draft/", pages_answer.draft, name="notice-answer-draft"),
    path(f"{_ANSWER}preview/", pages_answer.preview, name="notice-answer-preview"),
    path(f"{_ANSWER}forget/", pages_answer.forget, name="notice-answer-forget"),
    path("enquiries/<uuid:matter>/flags/", pages_flags.flags, name="enquiry-flags"),
]


def _count(request: Request) -> int:
    """How much waits for the reader: answers and flags not looked at, and what the legal desk has to judge."""
    return sum(unseen(looking(request).posts).values()) + (len(pending()) if has_role(request, LEGAL) else 0)


def _flags(request: Request, named: Named) -> Iterable[Notice]:
    for flag in unseen_flags(request, most=_MOST_NOTICES):
        yield Notice(words=flag_in_words(flag, request, named), url=flag_url(flag), at_ms=flag.at_ms, tone="late")


def _news(request: Request) -> Iterable[Notice]:
    """Flags, answers to our notices, and what waits for the legal desk."""
    language, named = request.language, Named(request.language)
    yield from _flags(request, named)
    for name in list(unseen(looking(request).posts))[:_MOST_NOTICES]:
        rows = notice_rows("matter = %s", (UUID(name).bytes,))
        if rows and rows[0].answers:
            one = summary(rows[0])
            yield Notice(
                words=text("notices.news.answer", language, notice=colour_words(one, language), number=one["number"]),
                url=reverse("notice", kwargs={"matter": UUID(name)}),
                at_ms=rows[0].order_ms,
                tone="due",
            )
    for one in pending(limit=_MOST_NOTICES) if has_role(request, LEGAL) else []:
        yield Notice(
            words=text(
                "notices.news.pending", language, notice=colour_words(one, language), agency=named.agency(one["source"])
            ),
            url=reverse("notice", kwargs={"matter": UUID(one["id"])}),
            at_ms=ms_of(one["said_at"]) or 0,
            tone="due",
        )


def register_frame() -> None:
    """Registers all of it; again does nothing new."""
    entry = Entry(label="notices.page.entry", url="interpol", roles=frozenset(AT_A_DESK), count=_count)
    NAVIGATION.register("notices", entry, order=250)
    ALERTS.register("notices", alerts, order=10)
    NOTICES.register("notices", _news, order=15)
    TABS.register("notices", pages_flags.flag_tabs, order=70)
    register_cautions("notices", cautions)
