"""Agreements, meetings and contact points of two services: the lists, one of them with what both sides said, what may be said now.

Invariant: agreements and contact points are for everybody who works at a desk; a meeting is for those who answer for it and for the desks
that take part in it or have to do something that it decided. What cannot be taken back is asked on a page of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.directory.queries import own_directory
from tansiq.enquiries.forms import read_record
from tansiq.enquiries.pages_common import told
from tansiq.errors import Error, NotFound
from tansiq.exchange.context import Context
from tansiq.policy.codes import code_list
from tansiq.policy.paper_course import AGREEMENT, CONTACTS, MEETING, Step, may_say
from tansiq.policy.papers import Contact, Minutes, PaperWord
from tansiq.protocol.ids import id_text
from tansiq.relations.forms_papers import step_form
from tansiq.relations.forms_reports import DAY_MS, calendar_day
from tansiq.relations.pages_accreditations import answers_for
from tansiq.relations.pages_common import AT_A_DESK, Looker, Named, acting, looker, node_of, reader_here
from tansiq.relations.paging import page_of, place_from
from tansiq.relations.papers import (
    OURS,
    PaperRow,
    WordRow,
    contact_lists,
    content_of,
    contents_of,
    paper_row,
    papers,
    papers_before,
    standing_of,
    state_at,
    waiting_papers,
    words_of,
)
from tansiq.relations.papers_saying import say_paper
from tansiq.relations.papers_todo import Todo, latest_minutes, may_see_meeting, todos
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.moments import day, local, moment
from tansiq.web.registry import Row, Tab
from tansiq.web.visitor import Request

__all__ = ["NAMES", "contact_points", "days_of", "done", "list_papers", "paper", "say", "tabs_of"]

_EDITING: Final = ("GET", "POST")
_PAGE: Final = 50
_LOOKED: Final = 200
_AGREED: Final = 5_000
"""Agreements, or meetings to come, that one list holds: each was confirmed by persons on both sides."""
NAMES: Final = {AGREEMENT: "agreements", MEETING: "meetings", CONTACTS: "contact-points"}
"""The name of each list in the addresses."""
_STEPS: Final = {"confirm": Step.AGREE, "refuse": Step.REFUSE, "end": Step.END}
_LOOKS: Final = {"confirm": "first", "refuse": "grave", "end": "grave"}
_TONES: Final = {
    "agreement.in-force": "proof", "agreement.proposed": "due", "agreement.ended": "late", "agreement.refused": "late",
    "agreement.coming": "accent", "agreement.withdrawn": "late", "meeting.proposed": "due", "meeting.agreed": "accent", "meeting.held": "proof",
    "meeting.refused": "late", "meeting.ended": "late",
}  # fmt: skip


def tabs_of(here: str) -> dict[str, Any]:
    """The three lists as tabs."""
    tabs = [Tab(label=f"institutional.page.{name}", url=reverse(name), name=name) for name in NAMES.values()]
    return {"tabs": tabs, "here": NAMES[here]}


def _title(word: PaperWord | None, request: Request) -> tuple[str, str]:
    """What a paper is called, in the language of whoever wrote it."""
    content = (word.agreement or word.meeting) if word is not None else None
    title = content.title if content is not None else None
    if title is None:
        return text("institutional.page.erased", request.language), ""
    return title.value, title.language


def dates_of(row: PaperRow, request: Request) -> str:
    """From when until when an agreement holds; when a meeting begins."""
    eye = reader_here(request)
    if row.kind == MEETING:
        return str(moment(row.from_ms, eye).short)
    first = day(local(row.from_ms, "UTC").date(), eye)  # a date in law is the same for both sides
    if row.until_ms is None:
        return text("institutional.page.since", request.language, first=first)
    return text("institutional.page.period", request.language, first=first, last=day(local(row.until_ms - 1, "UTC").date(), eye))  # fmt: skip


def days_of(word: PaperWord | None, until_ms: int | None = None) -> tuple[date | None, date | None]:
    """The first and the last day on which an agreement is in force; ``until_ms`` is an earlier end that was said since."""
    one = word.agreement if word is not None else None
    if one is None:
        return None, None
    ends = [ms for ms in (one.until_ms, until_ms) if ms is not None]
    first = local(one.from_ms, "UTC").date() if one.from_ms is not None else None
    return first, local(min(ends) - 1, "UTC").date() if ends else None


def row_of(row: PaperRow, request: Request, named: Named, context: Context) -> Row:
    """A paper in its list."""
    title, tongue = _title(content_of(row, context=context), request)
    return Row(
        title=title,
        title_language=tongue,
        url=reverse("paper", kwargs={"kind": row.kind, "identifier": id_text(row.id)}),
        facts=(named.agency(row.partner), dates_of(row, request)),
        term=code_list("paper_states").label(state_at(row, request.now_ms), request.language),
        clock="none",
    )


def todo_row(one: Todo, request: Request, named: Named) -> Row:
    """A decision that is to be carried out."""
    words = one.decision.words
    return Row(
        title=words.value if words is not None else "",
        title_language=words.language if words is not None else "",
        url=reverse("paper", kwargs={"kind": MEETING, "identifier": id_text(one.meeting)}),
        facts=(named.place(one.decision.post or ""),),
        due_ms=one.decision.due_ms,
        start_ms=one.said_ms,
    )


def _seen(rows: Sequence[PaperRow], person: Looker, context: Context) -> list[tuple[PaperRow, PaperRow]]:
    """Those of ``rows`` that this person may know of."""
    whole = answers_for(person)
    return [
        (row, row)
        for row in rows
        if row.kind != MEETING or whole or may_see_meeting(row, person.posts, context=context)
    ]


def _standing(kind: str, now_ms: int) -> list[PaperRow]:
    """What both agreed to, and nothing waits for: the agreements, the meetings that are to come."""
    found = papers(kind, state="agreed", from_ms=now_ms if kind == MEETING else 0, limit=_AGREED)
    found = [row for row in found if not row.pending]
    return found[::-1] if kind == MEETING else found


@page(*AT_A_DESK)
def list_papers(request: Request, kind: str) -> HttpResponse:
    """The agreements, or the meetings with what they decided: what waits for a word first."""
    person, context, named = looker(request), node_of(request), Named(request.language)
    before = place_from(request.GET.get("before", ""))
    above: dict[str, list[PaperRow]] = {"waiting": [], "coming": []}
    due: list[Todo] = []
    if before is None:
        found = {"waiting": waiting_papers(kind), "coming": _standing(kind, request.now_ms)}
        above = {name: [row for row, _ in _seen(rows, person, context)] for name, rows in found.items()}
        due = todos(person.posts, whole=answers_for(person), context=context) if kind == MEETING else []
    past = page_of(
        lambda place, most: papers_before(kind, place, most),
        lambda row: row.place,
        lambda rows: _seen(rows, person, context),
        before=before,
        limit=_PAGE,
        most=_LOOKED,
    )
    known = {row.id for row in above["coming"]}
    shown = {
        name: [row_of(row, request, named, context) for row in rows]
        for name, rows in {**above, "past": [row for row in past.rows if row.id not in known]}.items()
    }
    return render(
        request,
        "relations/papers.html",
        {
            **tabs_of(kind),
            **shown,
            "kind": kind,
            "name": NAMES[kind],
            "todos": [todo_row(one, request, named) for one in due],
            "may_write": answers_for(person),
            "older_url": f"?before={past.older}" if past.older is not None else "",
            "newer_url": reverse(NAMES[kind]) if before is not None else "",
        },
    )


# ----------------------------------------------------------------------------------------------------------- one of them


def found_paper(kind: str, identifier: UUID, person: Looker, context: Context) -> PaperRow:
    """The paper, where this person may see it. Raises Http404."""
    try:
        row = paper_row(kind, identifier.bytes)
    except NotFound as error:
        raise Http404 from error
    if kind == MEETING and not answers_for(person) and not may_see_meeting(row, person.posts, context=context):
        raise Http404
    return row


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision as the page shows it: its number from 1, whether it was carried out, whether this person may say so."""

    number: int
    words: Any
    post: str
    due_ms: int | None
    done: bool
    may: bool


def _decided(row: PaperRow, words: Sequence[WordRow], minutes: Minutes | None, person: Looker, named: Named) -> list[Decided]:  # fmt: skip
    standing = standing_of(row.kind, words)
    may = answers_for(person) and may_say(Step.DONE, row.side, standing)
    return [
        Decided(
            number=number,
            words=one.words,
            post=named.place(one.post or ""),
            due_ms=one.due_ms,
            done=(standing.recorded, number) in standing.done,
            may=may and (standing.recorded, number) not in standing.done,
        )
        for number, one in enumerate(minutes.decisions if minutes is not None else (), 1)
    ]


def _event(word: WordRow, request: Request, named: Named) -> dict[str, Any]:
    what = code_list("message_kinds").label(word.kind, request.language)
    reason = code_list("paper_reasons").label(word.reason, request.language) if word.reason else ""
    tones = {Step.AGREE: "proof", Step.REFUSE: "late", Step.END: "late", Step.PROPOSE: "due"}
    return {
        "words": f"{what}: {reason}" if reason else what,
        "at_ms": word.said_ms,
        "by": f"{named.place(word.post)} · {word.officer}",
        "tone": tones.get(word.step, ""),
    }


def _sayable(row: PaperRow, words: Sequence[WordRow], person: Looker) -> list[str]:
    """What this person may say of it now, by the names in the addresses."""
    if not answers_for(person):
        return []
    standing = standing_of(row.kind, words)
    return [name for name, step in _STEPS.items() if may_say(step, row.side, standing)]


def _change(row: PaperRow, words: Sequence[WordRow], context: Context) -> PaperWord | None:
    """The proposal that waits, where it is another than the one that holds."""
    said = [word for word in words if word.step is Step.PROPOSE and word.number == row.pending]
    if not said or said[0].statement == row.proposal:
        return None
    return contents_of(said[:1], context=context).get(said[0].statement)


@page(*AT_A_DESK)
def paper(request: Request, kind: str, identifier: UUID) -> HttpResponse:
    """One agreement or meeting: what holds, what is proposed, the minutes, what both sides said, what may be said now."""
    person, context, named = looker(request), node_of(request), Named(request.language)
    row = found_paper(kind, identifier, person, context)
    words, content = words_of(row.id), content_of(row, context=context)
    title, tongue = _title(content, request)
    state = state_at(row, request.now_ms)
    minutes = latest_minutes(words, context=context)
    standing, change = standing_of(kind, words), _change(row, words, context)
    shown = {
        "row": row,
        "kind": kind,
        "named": id_text(row.id),
        "title": title,
        "tongue": tongue,
        "list_url": reverse(NAMES[kind]),
        "list_label": f"institutional.page.{NAMES[kind]}",
        "state": code_list("paper_states").label(state, request.language),
        "tone": _TONES.get(state, ""),
        "partner": named.agency(row.partner),
        "dates": dates_of(row, request),
        "content": content,
        "days": days_of(content, row.until_ms),
        "change": change,
        "change_days": days_of(change),
        "posts": [named.place(post) for post in (content.meeting.posts if content and content.meeting else ())],
        "minutes": minutes,
        "attended": [named.place(post) for post in (minutes.posts if minutes else ())],
        "decisions": _decided(row, words, minutes, person, named),
        "events": [_event(word, request, named) for word in words],
        "may": [(name, f"institutional.act.{kind}-{name}", _LOOKS[name]) for name in _sayable(row, words, person)],
        "may_change": row.direction == OURS and answers_for(person) and may_say(Step.PROPOSE, row.side, standing),
        "may_record": answers_for(person) and may_say(Step.RECORD, row.side, standing),
        "own_post": named.place(row.own_post),
        "their_post": named.place(row.their_post),
    }
    return render(request, "relations/paper.html", shown)


@page(*AT_A_DESK, methods=_EDITING)
def say(request: Request, kind: str, identifier: UUID, word: str) -> HttpResponse:
    """Asks for the reason of a word, and says it."""
    person, context = looker(request), node_of(request)
    row = found_paper(kind, identifier, person, context)
    if word not in _sayable(row, words_of(row.id), person):
        raise Http404
    step = _STEPS[word]
    back = reverse("paper", kwargs={"kind": kind, "identifier": id_text(row.id)})
    form, status = step_form(kind, step, request.language), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if form.faulty:
            status = 422
        else:
            try:
                data = {"place": "1", "number": "1", **form.values}
                read = read_record(PaperWord, data, form=form, language=request.language, zone=request.visitor.zone)
                if "until_ms" in read.plain:  # the last day in force is still within
                    read.plain["until_ms"] = calendar_day(read.plain["until_ms"], request.visitor.zone) + DAY_MS
                said = PaperWord.from_plain(read.plain)
                say_paper(kind, row.id, step, word=said, context=context, officer=acting(request))
                return HttpResponseRedirect(back)
            except Error as error:
                form, status = form.faulted({}, [told(error, request.language)]), error.http_status
    shown = {
        "title": text(f"institutional.act.{kind}-{word}", request.language),
        "question": text(f"institutional.ask.{kind}-{word}", request.language),
        "form": form,
        "url": request.path,
        "action": f"institutional.act.{kind}-{word}",
        "grave": step in {Step.REFUSE, Step.END},
        "back": back,
    }
    return render(request, "relations/say.html", shown, status=status)


@page(*AT_A_DESK, methods=("POST",))
def done(request: Request, identifier: UUID, number: int) -> HttpResponse:
    """That a decision of the last minutes was carried out."""
    person, context = looker(request), node_of(request)
    row = found_paper(MEETING, identifier, person, context)
    said = PaperWord(place=1, number=1, item=number)
    say_paper(MEETING, row.id, Step.DONE, word=said, context=context, officer=acting(request))
    return HttpResponseRedirect(reverse("paper", kwargs={"kind": MEETING, "identifier": id_text(row.id)}))


# ----------------------------------------------------------------------------------------------------------- contacts


def _points(points: Sequence[Contact], named: Named) -> list[tuple[str, Contact]]:
    return [(named.post(one.post or ""), one) for one in points]


@page(*AT_A_DESK)
def contact_points(request: Request) -> HttpResponse:
    """Whom one reaches, for what, when and how: each partner's list, and what we told it."""
    context, named = node_of(request), Named(request.language)
    lists = []
    for row in sorted(contact_lists(), key=lambda row: (row.direction == OURS, row.partner)):
        word = content_of(row, context=context)
        told_ms = max((one.said_ms for one in words_of(row.id)), default=row.said_ms)
        contacts = word.contacts if word is not None else None
        lists.append(
            {
                "ours": row.direction == OURS,
                "agency": named.agency(row.partner),
                "points": _points(contacts.points if contacts is not None else (), named),
                "told_ms": told_ms,
            }
        )
    shown = {
        **tabs_of(CONTACTS),
        "lists": lists,
        "may_write": answers_for(looker(request)),
        "own": named.agency(own_directory().agency),
    }
    return render(request, "relations/contact_points.html", shown)
