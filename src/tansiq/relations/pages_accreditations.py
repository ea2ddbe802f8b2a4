"""The registry of liaison officers, one accreditation with what both sides said of it, and what may be said of it now.

Invariant: the registry is everybody's who works at a desk; what a case is about is shown to those who answer for the accreditation, to
its officer and to the desks of that case alone. What ends or binds is asked on a page of its own, with its reason.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.accreditations import (
    AccreditationRow,
    Direction,
    WordRow,
    accreditation_row,
    accreditation_rows,
    standing_of,
    words_of,
)
from tansiq.channels.officers import post_in_role
from tansiq.directory.queries import own_directory
from tansiq.enquiries.pages_common import told
from tansiq.errors import BadInput, Error
from tansiq.policy.accreditation import Accreditation
from tansiq.policy.accreditation_course import Move, may_say
from tansiq.policy.accreditation_words import AWAY
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.protocol.ids import id_text
from tansiq.relations.accreditation_state import proposal_of
from tansiq.relations.accrediting import ANSWERS_FOR, decide, tell_reach
from tansiq.relations.forms_accreditation import reach_form, reason_form
from tansiq.relations.liaison_handover import handovers
from tansiq.relations.pages_common import (
    AT_A_DESK,
    Looker,
    Named,
    acting,
    looker,
    node_of,
    reader_here,
    state_in_words,
    time_in_words,
)
from tansiq.relations.registry import as_csv, postings
from tansiq.texts import text
from tansiq.web.access import page
from tansiq.web.forms import Form
from tansiq.web.moments import local, zone_of
from tansiq.web.registry import Row
from tansiq.web.visitor import Request

__all__ = ["accreditation", "accreditations", "answers_for", "export", "reach", "say"]

_EDITING: Final = ("GET", "POST")
_WORDS: Final = {
    "accept": Move.ACCEPT, "refuse": Move.REFUSE, "suspend": Move.SUSPEND, "resume": Move.RESUME, "withdraw": Move.WITHDRAW,
}  # fmt: skip
_TONES: Final = {"accept": "first", "resume": "first", "refuse": "grave", "withdraw": "grave"}
_GRAVE: Final = frozenset({Move.REFUSE, Move.WITHDRAW})


def answers_for(person: Looker) -> bool:
    """Whether somebody answers for accreditations."""
    return bool(post_in_role(person.posts, ANSWERS_FOR, own_directory()))


def _row(row: AccreditationRow, request: Request, named: Named) -> Row:
    state, _ = state_in_words(row, request.language, request.now_ms)
    return Row(
        title=text("relations.page.posting", request.language, officer=row.officer, host=named.agency(row.host)),
        url=reverse("liaison-accreditation", kwargs={"identifier": id_text(row.id)}),
        facts=(
            *(code_list("offences").label(code, request.language) for code in row.fields[:3]),
            time_in_words(row, request),
        ),
        term=state,
        clock="none",
    )


@page(*AT_A_DESK)
def accreditations(request: Request) -> HttpResponse:
    """All accreditations: those that wait for a word first, ours and the others' apart."""
    named, rows = Named(request.language), accreditation_rows()
    rows.sort(key=lambda row: (not row.pending, row.host, -row.until_ms))
    this_year = local(request.now_ms, request.visitor.zone).year
    years = range(this_year, min((local(row.from_ms, "UTC").year for row in rows), default=this_year) - 1, -1)
    context = {
        "ours": [_row(row, request, named) for row in rows if row.direction == Direction.OURS],
        "theirs": [_row(row, request, named) for row in rows if row.direction == Direction.THEIRS],
        "pending": sum(1 for row in rows if row.pending),
        "may_propose": answers_for(looker(request)),
        "years": [str(year) for year in years if year <= this_year][:10],
    }
    return render(request, "relations/accreditations.html", context)


@page(*AT_A_DESK)
def export(request: Request, year: int) -> HttpResponse:
    """The registry of a year as a table of values (CSV)."""
    if not MINYEAR <= year < MAXYEAR:
        raise Http404
    found = postings(context=node_of(request), officer=request.visitor.number, year=year)
    answer = HttpResponse(as_csv(found, request.language), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="liaison-{year}.csv"'
    return answer


# ---------------------------------------------------------------------------------------------------- one accreditation


def _found(identifier: UUID) -> AccreditationRow:
    try:
        return accreditation_row(identifier.bytes)
    except Error as error:
        raise Http404 from error


def _event(word: WordRow, request: Request, named: Named) -> dict[str, Any]:
    listed = "reachability" if word.kind == Move.REACH else "accreditation_reasons"
    reason = code_list(listed).label(word.reason, request.language) if word.reason else ""
    what = code_list("message_kinds").label(word.kind, request.language)
    tones: dict[str, str] = {
        Move.ACCEPT: "proof", Move.REFUSE: "late", Move.SUSPEND: "late", Move.WITHDRAW: "late", Move.PROPOSE: "due",
    }  # fmt: skip
    return {
        "words": f"{what}: {reason}" if reason else what,
        "at_ms": word.said_ms,
        "by": f"{named.place(word.post)} · {word.officer}",
        "tone": tones.get(word.kind, ""),
    }


def _sayable(row: AccreditationRow, words: list[WordRow], person: Looker) -> list[str]:
    """What this person may say of it now, by the names in the addresses."""
    if not answers_for(person):
        return []
    standing = standing_of(words)
    return [name for name, move in _WORDS.items() if may_say(move, row.side, standing)]


def _cases(one: Accreditation | None, row: AccreditationRow, person: Looker, named: Named) -> list[dict[str, Any]]:
    """The cases with their desks; what each is about only to whom it concerns."""
    whole = answers_for(person) or person.number == row.officer
    return [
        {
            "field": grant.field,
            "desk": named.place(grant.desk or ""),
            "counterpart": named.place(grant.counterpart or ""),
            "title": grant.title if whole or {grant.desk, grant.counterpart} & set(person.posts) else None,
        }
        for grant in (one.grants if one is not None else ())
    ]


def _shown(row: AccreditationRow, statement: bytes, request: Request, person: Looker, named: Named) -> dict[str, Any]:
    """One proposal on the page."""
    one = proposal_of(statement, context=node_of(request))
    whole = answers_for(person) or person.number == row.officer
    return {
        "tasks": one.tasks if one is not None else row.tasks,
        "fields": one.fields if one is not None else row.fields,
        "languages": one.languages if one is not None else row.languages,
        "reach": one.reach if one is not None else row.reach,
        "contacts": one.contacts if one is not None else (),
        "authorities": one.authorities if one is not None else (),
        "represents": one.represents if one is not None else (),
        "note": one.note if one is not None and whole else None,
        "time": time_in_words(
            replace(row, from_ms=one.from_ms or row.from_ms, until_ms=one.until_ms or row.until_ms), request
        )
        if one is not None
        else time_in_words(row, request),
        "cases": _cases(one, row, person, named),
    }


def _pending(row: AccreditationRow, words: list[WordRow]) -> bytes | None:
    """The statement of the proposal that waits for the host's word, where it is another than the one that holds."""
    said = next((word for word in words if word.kind == Move.PROPOSE and word.number == row.pending), None)
    return said.statement if said is not None and said.statement != row.proposal else None


@page(*AT_A_DESK)
def accreditation(request: Request, identifier: UUID) -> HttpResponse:
    """One accreditation: what holds, what is proposed, what was said, what may be said now."""
    row, person, named = _found(identifier), looker(request), Named(request.language)
    words = words_of(row.id)
    state, tone = state_in_words(row, request.language, request.now_ms)
    waiting = _pending(row, words)
    ours = row.direction == Direction.OURS
    answering = answers_for(person)
    context = {
        "row": row,
        "named": id_text(row.id),
        "officer": row.officer,
        "host": named.agency(row.host),
        "post": named.place(row.post),
        "state": state,
        "tone": tone,
        "away_until": row.away_until_ms if row.away_until_ms and row.away_until_ms > request.now_ms else None,
        "shown": _shown(row, row.proposal, request, person, named),
        "change": _shown(row, waiting, request, person, named) if waiting is not None else None,
        "sent_by": named.place(row.sent_by),
        "received_by": named.place(row.received_by),
        "events": [_event(word, request, named) for word in words],
        "may": [(name, f"relations.act.{name}", _TONES.get(name, "")) for name in _sayable(row, words, person)],
        "may_change": ours and answering and may_say(Move.PROPOSE, row.side, standing_of(words)),
        "may_reach": ours
        and (answering or person.number == row.officer)
        and may_say(Move.REACH, row.side, standing_of(words)),
        "may_hand_over": ours and answering and state_ended(row, request.now_ms),
        "handovers": [(id_text(one.id), one) for one in handovers("former = %s OR successor = %s", (row.id, row.id))]
        if ours
        else [],
    }
    return render(request, "relations/accreditation.html", context)


def state_ended(row: AccreditationRow, at_ms: int) -> bool:
    """Whether its cases may go to a successor."""
    return bool(row.accepted) and (row.state in {"withdrawn", "suspended"} or at_ms >= row.until_ms)


def _words_from(form: Form) -> Text | None:
    said = str(form["words"].value).strip()
    return Text(form["words"].language, said) if said else None


@page(*AT_A_DESK, methods=_EDITING)
def say(request: Request, identifier: UUID, word: str) -> HttpResponse:
    """Asks for the reason of a word, and says it."""
    row, person = _found(identifier), looker(request)
    if word not in _sayable(row, words_of(row.id), person):
        raise Http404
    move = _WORDS[word]
    back = reverse("liaison-accreditation", kwargs={"identifier": identifier})
    form, status = reason_form(move, request.language), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if not form.faulty:
            try:
                reason = str(form["reason"].value) if form.fields else ""
                words = _words_from(form) if form.fields else None
                decide(row.id, move, context=node_of(request), officer=acting(request), reason=reason, words=words)
                return HttpResponseRedirect(back)
            except Error as error:
                form, status = form.faulted({}, [told(error, request.language)]), error.http_status
        else:
            status = 422
    context = {
        "title": text(f"relations.act.{word}", request.language),
        "question": text(f"relations.ask.{word}", request.language, officer=row.officer),
        "form": form,
        "url": request.path,
        "action": f"relations.act.{word}",
        "grave": move in _GRAVE,
        "back": back,
    }
    return render(request, "relations/say.html", context, status=status)


def _end_of(said: str, zone: str) -> int | None:
    """When a day ends for its writer. Raises BadInput."""
    if not said:
        return None
    try:
        after = date.fromisoformat(said) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise BadInput("relations.wrong-day") from None
    return int(datetime(after.year, after.month, after.day, tzinfo=zone_of(zone)).timestamp() * 1000)


@page(*AT_A_DESK, methods=_EDITING)
def reach(request: Request, identifier: UUID) -> HttpResponse:
    """When the officer is reached, told to the host."""
    row, person = _found(identifier), looker(request)
    ours = row.direction == Direction.OURS
    if not ours or not (answers_for(person) or person.number == row.officer):
        raise Http404
    back = reverse("liaison-accreditation", kwargs={"identifier": identifier})
    form, status = reach_form(request.language, reach=row.reach), 200
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if not form.faulty:
            try:
                chosen = str(form["reach"].value)
                until = _end_of(str(form["until_ms"].value), reader_here(request).zone) if chosen == AWAY else None
                tell_reach(row.id, chosen, context=node_of(request), officer=acting(request), until_ms=until)
                return HttpResponseRedirect(back)
            except Error as error:
                form, status = form.faulted({}, [told(error, request.language)]), error.http_status
        else:
            status = 422
    context = {
        "title": text("relations.act.reach", request.language), "question": text("relations.ask.reach", request.language),
        "form": form, "url": request.path, "action": "relations.act.reach-go", "grave": False, "back": back,
    }  # fmt: skip
    return render(request, "relations/say.html", context, status=status)
