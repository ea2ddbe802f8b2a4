"""Answering a notice: written, judged, shown as its source will read it, with who will see it, then signed.

Invariant: an answer is for the source alone; the hub's relay desk reads the docket. It gives away personal data, so it has a basis in law of its
own.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.directory.queries import own_directory
from tansiq.enquiries.attested import check_attested
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, flat_of, form_of, read_record
from tansiq.enquiries.pages_showing import Showing
from tansiq.enquiries.pages_sight import ReaderRow
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.reading import record_from
from tansiq.enquiries.wording import languages_read
from tansiq.errors import BadInput, Error
from tansiq.notices.answering import answer_notice
from tansiq.notices.desks import hub_agency, hub_posts, own_desk
from tansiq.notices.forms_words import answer_sections
from tansiq.notices.kinds import ANSWER
from tansiq.notices.pages_common import (
    AT_A_DESK,
    EDITING,
    Named,
    acting,
    looking,
    node_of,
    reader_here,
    thing_of,
    told,
    tongues,
)
from tansiq.notices.pages_list import colour_words
from tansiq.notices.queries import show_notice
from tansiq.policy.codes import code_list
from tansiq.policy.enquiry import LawBasis
from tansiq.policy.notice import Notice, NoticeAnswer
from tansiq.policy.notice_law import notice_word_faults
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "preview", "write"]


class _Answering:
    """An answer that is being written to a notice."""

    def __init__(self, request: Request, matter: UUID) -> None:
        self.request = request
        self.matter = matter
        self.shown = show_notice(thing_of(matter), officer=looking(request), context=node_of(request), log=False)
        if ANSWER not in self.shown["may"]:
            raise Http404
        self.named = Named(request.language)
        content = self.shown["content"]
        self.notice = Notice.from_plain(content) if content else None

    @property
    def here(self) -> str:
        return reverse("notice-answer", kwargs={"matter": self.matter})

    @property
    def back(self) -> str:
        return reverse("notice", kwargs={"matter": self.matter})

    def writing(self) -> Writing:
        law = (self.shown["content"] or {}).get("law") or {}
        kept = {name: law[name] for name in ("purpose", "offence", "legal_basis") if name in law}
        return Writing(
            kind="notice.answer",
            about=str(self.matter),
            here=self.here,
            sections=lambda _: answer_sections(self.request.language, self.notice),
            initial=flat_of(LawBasis, kept, at="law."),
        )


def _judge(answering: _Answering, data: Data) -> Judged:
    request, language = answering.request, answering.request.language
    form = form_of(answer_sections(language, answering.notice))
    read = read_record(NoticeAnswer, data, form=form, language=language, zone=request.visitor.zone)
    if read.faults:
        return Judged(faults=read.faults)
    plain: dict[str, Any] = dict(read.plain)
    if plain.get("result") == "result.not-followed":
        plain = {name: value for name, value in plain.items() if name in {"result", "words", "subject"}}
    try:
        body = record_from(NoticeAnswer, plain, officer=request.visitor.number, now_ms=request.now_ms)
    except BadInput as error:
        return Judged(messages=(told(error, language),))
    today = dt.datetime.fromtimestamp(request.now_ms / 1000, dt.UTC).date()
    found = notice_word_faults(body, said_ms=node_of(request).clock(), today=today)
    if faults := by_field(found, form=form, language=language):
        return Judged(faults=faults)
    try:
        check_attested(body.law, (), own_directory())
    except Error as error:
        return Judged(messages=(told(error, language),))
    return Judged(made=body)


@page(*AT_A_DESK, methods=EDITING)
def write(request: Request, matter: UUID) -> HttpResponse:
    """The form."""
    answering = _Answering(request, matter)
    showing = Showing(reader_here(request))
    content = answering.shown["content"] or {}
    context = {
        "title": text("notices.act.answer", request.language),
        "lead": colour_words(answering.shown, request.language),
        "back": answering.back,
        "forget": f"{answering.here}forget/",
        "submit": "enquiries.form.preview",
        "subjects": showing.subjects(content),
        "why": list(showing.facts(content, Notice, only=("facts", "actions"))),
    }
    return page_of(
        request,
        answering.writing(),
        lambda data: _judge(answering, data),
        template="enquiries/word.html",
        context=context,
    )


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, matter: UUID) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _Answering(request, matter).writing())


@page(*AT_A_DESK, methods=EDITING)
def forget(request: Request, matter: UUID) -> HttpResponse:
    """Throws the draft away, after asking."""
    answering = _Answering(request, matter)
    if request.method == "POST":
        drop(request, answering.writing())
        return HttpResponseRedirect(answering.back)
    return render(request, "enquiries/forget.html", {"back": answering.here, "url": request.path})


def _readers(answering: _Answering) -> list[ReaderRow]:
    """Who will see it: our desk, the source's, and of the hub the docket."""
    named, language = answering.named, answering.request.language

    def row(post: str, agency: str, why: str, *, body: bool) -> ReaderRow:
        return ReaderRow(
            name=named.post(post), agency=named.agency(agency), docket=True, body=body, why=text(why, language)
        )

    relay, _ = hub_posts()
    source = answering.shown["source"]
    own = node_of(answering.request).agency
    rows = [
        row(own_desk(), own, "notices.sight.own", body=True),
        row(relay, hub_agency(), "notices.sight.relay", body=False),
        row(answering.shown["source_post"], source, "notices.sight.source", body=True),
    ]
    operator = text("enquiries.sight.operator", language)
    rows += [
        ReaderRow(
            name=operator, agency=named.agency(agency), docket=True, body=agency != hub_agency(),
            why=text("enquiries.sight.why-operator", language),
        )
        for agency in (own, hub_agency(), source)
    ]  # fmt: skip
    return rows


def _as_read(answering: _Answering, body: NoticeAnswer) -> Mapping[str, Any]:
    request, language = answering.request, answering.request.language
    plain: dict[str, Any] = dict(body.to_plain())
    showing = Showing(reader_here(request))
    conditions = plain.get("conditions", {})
    words = conditions.get("words") or {}
    post = answering.shown["source_post"]
    return {
        "title": text("notices.act.answer", language),
        "what": code_list("notice_results").label(body.result or "", language),
        "to": answering.named.place(post),
        "handling": tuple(conditions.get("codes", ())),
        "classification": conditions.get("classification", ""),
        "condition": words.get("value", ""),
        "condition_language": words.get("language", ""),
        "facts": list(showing.facts(plain, NoticeAnswer, only=("on", "place", "authority", "confirmed", "words"))),
        "law": list(showing.facts(plain, NoticeAnswer, only=("law", "conditions"))),
        "subjects": [],
        "readers": _readers(answering),
        "desk_reads": tongues(languages_read(post), language),
        "grave": False,
    }


@page(*AT_A_DESK, methods=EDITING)
def preview(request: Request, matter: UUID) -> HttpResponse:
    """How its source will read it; by POST it is signed and sent."""
    answering = _Answering(request, matter)

    def send(body: NoticeAnswer) -> str:
        answer_notice(thing_of(matter), body, officer=acting(request), context=node_of(request))
        return answering.back

    return preview_of(
        request,
        answering.writing(),
        lambda data: _judge(answering, data),
        template="notices/said.html",
        context=lambda body: _as_read(answering, body),
        send=send,
    )
