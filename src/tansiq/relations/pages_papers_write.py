"""Stating an agreement, proposing a meeting, writing its minutes, telling one's contact points: kept as a draft, judged, shown with who will
see it, then signed.

Invariant: only who answers for papers writes them; until the other side has confirmed a change, what it confirmed before holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.officers import post_in_role
from tansiq.channels.ways import find
from tansiq.directory.queries import own_directory
from tansiq.enquiries.faulty import by_field
from tansiq.enquiries.forms import Data, form_of
from tansiq.enquiries.pages_common import told, tongues
from tansiq.enquiries.pages_sight import readers_in_words
from tansiq.enquiries.pages_writing import Judged, Writing, drop, keep, page_of, preview_of
from tansiq.enquiries.sight import readers_of
from tansiq.enquiries.wording import languages_read
from tansiq.errors import Error
from tansiq.exchange.drafts import Draft
from tansiq.exchange.readers import post_reader
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, KINDS, MEETING, Step, may_say
from tansiq.policy.papers import Minutes, PaperWord, paper_word_faults
from tansiq.protocol.docket import Docket, agency_of
from tansiq.protocol.ids import id_text
from tansiq.protocol.parts import Part
from tansiq.relations.accrediting import ANSWERS_FOR, EMBASSY
from tansiq.relations.forms_papers import flat, partner_post, sections_of, word_from
from tansiq.relations.pages_accreditations import answers_for
from tansiq.relations.pages_common import AT_A_DESK, Named, acting, looker, node_of, reader_here
from tansiq.relations.pages_papers import NAMES, days_of, found_paper
from tansiq.relations.papers import OURS, PaperRow, contact_lists, content_of, standing_of, words_of
from tansiq.relations.papers_saying import check_about, propose_meeting, say_paper, state_agreement, tell_contacts
from tansiq.relations.papers_todo import latest_minutes
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.visitor import Request

__all__ = ["draft", "forget", "preview", "write"]

_EDITING: Final = ("GET", "POST")
MINUTES: Final = "minutes"
_STEPS: Final = {AGREEMENT: Step.PROPOSE, MEETING: Step.PROPOSE, CONTACTS: Step.PROPOSE, MINUTES: Step.RECORD}


@dataclass(frozen=True, slots=True)
class _Paper:
    """What is being written (a paper's kind, or minutes), and the paper that it changes or belongs to."""

    request: Request
    writing: str
    row: PaperRow | None
    named: Named

    @property
    def kind(self) -> str:
        return MEETING if self.writing == MINUTES else self.writing

    @property
    def partner(self) -> str:
        return self.row.partner if self.row is not None else ""

    @property
    def here(self) -> str:
        if self.row is None or self.writing == CONTACTS:
            return reverse("paper-write", kwargs={"writing": self.writing})
        return reverse("paper-change", kwargs={"writing": self.writing, "identifier": id_text(self.row.id)})

    @property
    def back(self) -> str:
        if self.row is None or self.writing == CONTACTS:
            return reverse(NAMES[self.kind])
        return reverse("paper", kwargs={"kind": self.kind, "identifier": id_text(self.row.id)})

    @property
    def title(self) -> str:
        change = "change" if self.row is not None and self.writing in {AGREEMENT, MEETING} else "write"
        return text(f"institutional.act.{change}-{self.writing}", self.request.language)

    def sections(self, data: Data) -> Any:
        return sections_of(self.writing, data, self.request, self.named, partner=self.partner)

    def to(self, data: Data) -> str:
        """The post to which it goes."""
        if self.row is not None and self.writing != CONTACTS:
            return self.row.their_post
        return partner_post(data, self.named)

    def _initial(self) -> Mapping[str, Any]:
        if self.row is None:
            return {}
        context, zone = node_of(self.request), reader_here(self.request).zone
        if self.writing == MINUTES:
            minutes = latest_minutes(words_of(self.row.id), context=context)
            content = content_of(self.row, context=context)
            posts = content.meeting.posts if content is not None and content.meeting is not None else ()
            word = PaperWord(place=1, number=1, minutes=minutes or Minutes(posts=posts))
        else:
            found = content_of(self.row, context=context)
            if found is None:
                return {}
            word = found
        return flat(self.writing, word, to=self.row.their_post, zone=zone)

    def form(self) -> Writing:
        return Writing(
            kind=f"paper.{self.writing}",
            about=id_text(self.row.id) if self.row is not None and self.writing != CONTACTS else "",
            here=self.here,
            sections=self.sections,
            initial=self._initial(),
        )


def _paper(request: Request, writing: str, identifier: UUID | None) -> _Paper:
    """What is written, where this person may write it now. Raises Http404."""
    person, named = looker(request), Named(request.language)
    if writing not in _STEPS or not answers_for(person) or (writing == MINUTES) > (identifier is not None):
        raise Http404
    row = None
    if identifier is not None:
        kind = MEETING if writing == MINUTES else writing
        row = found_paper(kind, identifier, person, node_of(request))
        if row.direction != OURS or not may_say(_STEPS[writing], row.side, standing_of(kind, words_of(row.id))):
            raise Http404
    elif writing == CONTACTS:
        row = next((one for one in contact_lists() if one.direction == OURS), None)
    return _Paper(request, writing, row, named)


def _judge(paper: _Paper, data: Data) -> Judged:
    request = paper.request
    word, unread = word_from(paper.writing, data, request, paper.named, partner=paper.partner)
    if word is None:
        return Judged(faults=unread)
    to = paper.to(data)
    if not to:
        label = text("institutional.field.partner", request.language)
        return Judged(faults={"to": (text("web.form.missing", request.language, field=label),)})
    form = form_of(paper.sections(data))
    if found := paper_word_faults(word, paper.kind, _STEPS[paper.writing]):
        return Judged(faults=by_field(found, form=form, language=request.language))
    try:
        check_about(word, own=own_directory().agency, partner=agency_of(to))
    except Error as error:
        return Judged(messages=(told(error, request.language),))
    return Judged(made=(word, to))


@page(*AT_A_DESK, methods=_EDITING)
def write(request: Request, writing: str, identifier: UUID | None = None) -> HttpResponse:
    """The form."""
    paper = _paper(request, writing, identifier)
    context = {
        "title": paper.title,
        "lead": text(f"institutional.page.{NAMES[paper.kind]}", request.language),
        "back": paper.back,
        "forget": f"{paper.here}forget/",
        "submit": "enquiries.form.preview",
    }
    return page_of(
        request, paper.form(), lambda data: _judge(paper, data), template="enquiries/word.html", context=context
    )


@page(*AT_A_DESK, methods=("POST",))
def draft(request: Request, writing: str, identifier: UUID | None = None) -> HttpResponse:
    """Keeps what is written so far."""
    return keep(request, _paper(request, writing, identifier).form())


@page(*AT_A_DESK, methods=_EDITING)
def forget(request: Request, writing: str, identifier: UUID | None = None) -> HttpResponse:
    """Throws the draft away, after asking."""
    paper = _paper(request, writing, identifier)
    if request.method == "POST":
        drop(request, paper.form())
        return HttpResponseRedirect(paper.back)
    return render(request, "enquiries/forget.html", {"back": paper.here, "url": request.path})


def _sealed(paper: _Paper, to: str) -> Draft:
    """As much of the draft as says who will see what."""
    request, context = paper.request, node_of(paper.request)
    sender = post_in_role(looker(request).posts, ANSWERS_FOR, own_directory())
    kind = KINDS[paper.kind][_STEPS[paper.writing]]
    if (
        paper.writing == CONTACTS
    ):  # what always passes stands in no table of ways: its two ends read it, and nobody between
        readers = [post_reader(to, peer=agency_of(to), now_ms=request.now_ms)]
        docket = Docket(
            kind=kind, channel=EMBASSY, matter=bytes(16), sender=sender, route=(sender, to), addressees=(to,)
        )
        return Draft(docket=docket, parts=[Part(kind, {})], readers=readers)
    way = find(EMBASSY, sender, to, context=context, now_ms=request.now_ms)
    docket = Docket(
        kind=kind,
        channel=way.channel,
        matter=bytes(16),
        sender=sender,
        route=way.route,
        addressees=(to,),
        copies=way.copies,
    )
    return Draft(docket=docket, parts=[Part(kind, {})], readers=way.readers)


def _as_read(paper: _Paper, word: PaperWord, to: str) -> Mapping[str, Any]:
    """As the other side will read it, and who will see it."""
    named, language = paper.named, paper.request.language
    minutes, meeting = word.minutes, word.meeting
    return {
        "title": paper.title,
        "to": named.place(to),
        "content": word,
        "days": days_of(word),
        "posts": [named.place(post) for post in (meeting.posts if meeting is not None else ())],
        "minutes": minutes,
        "attended": [named.place(post) for post in (minutes.posts if minutes is not None else ())],
        "decisions": [
            {"words": one.words, "post": named.place(one.post or ""), "due_ms": one.due_ms}
            for one in (minutes.decisions if minutes is not None else ())
        ],
        "points": [
            (named.post(one.post or ""), one) for one in (word.contacts.points if word.contacts is not None else ())
        ],
        "readers": readers_in_words(readers_of(_sealed(paper, to), context=node_of(paper.request)), named, language),
        "desk_reads": tongues(languages_read(to), language),
        "grave": False,
    }


def _send(paper: _Paper, word: PaperWord, to: str) -> str:
    """Signs and says it; where one goes on."""
    context, officer = node_of(paper.request), acting(paper.request)
    known = paper.row.id if paper.row is not None else b""
    if word.agreement is not None:
        made = state_agreement(word.agreement, to_post=to, context=context, officer=officer, paper=known)
    elif word.meeting is not None:
        made = propose_meeting(word.meeting, to_post=to, context=context, officer=officer, paper=known)
    elif word.contacts is not None:
        tell_contacts(word.contacts, to_post=to, context=context, officer=officer)
        return reverse(NAMES[CONTACTS])
    else:
        say_paper(MEETING, known, Step.RECORD, word=word, context=context, officer=officer)
        made = known
    return reverse("paper", kwargs={"kind": paper.kind, "identifier": id_text(made)})


@page(*AT_A_DESK, methods=_EDITING)
def preview(request: Request, writing: str, identifier: UUID | None = None) -> HttpResponse:
    """How the other side will read it; by POST it is signed and said."""
    paper = _paper(request, writing, identifier)
    return preview_of(
        request,
        paper.form(),
        lambda data: _judge(paper, data),
        template="relations/paper_preview.html",
        context=lambda made: _as_read(paper, *made),
        send=lambda made: _send(paper, *made),
    )
