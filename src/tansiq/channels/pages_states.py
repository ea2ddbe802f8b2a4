"""Pages of channel states: how each channel stands with each partner, and deciding it.

Invariant: everybody at a desk sees what is in force and why; only a decider is offered what a decider may do, and the rooms below
hold it all the same. A page says what a decision will hold before it is taken.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from tansiq.channels.emergencies import Unreviewed, unreviewed
from tansiq.channels.gap import interruptions_with
from tansiq.channels.pages_shared import (
    AT_A_DESK,
    LOOKS,
    TONES,
    acting,
    agency_name,
    channel_label,
    decides,
    form_page,
    met,
    moment_of,
    named_channel,
    node_of,
    period,
    reviews,
    told,
)
from tansiq.channels.queries import (
    OURS,
    THEIRS,
    DecisionRow,
    StandingRow,
    accepts_emergency,
    decision,
    decisions,
    proposals,
    standing_rows,
    waiting_counts,
    words_of,
)
from tansiq.channels.rules import rules
from tansiq.channels.states import accept_emergency, agree, check_period, decide, decline
from tansiq.channels.waiting import matters_waiting
from tansiq.errors import Error, NotFound
from tansiq.policy.channel_matter import Channel, State
from tansiq.policy.channel_word import StateWord
from tansiq.policy.codes import code_list
from tansiq.policy.values import Text
from tansiq.texts import LANGUAGES, text
from tansiq.web.access import page
from tansiq.web.forms import Field, Form, choices_of
from tansiq.web.visitor import Request

__all__ = ["acceptance", "channel", "channels", "decide_page", "event_of", "line_of", "proposal"]


def _state(state: State | str, language: str) -> str:
    return code_list("channel_states").label(str(state), language)


def _decided(row: DecisionRow | None, request: Request) -> dict[str, Any] | None:
    """A decision as a page shows it."""
    if row is None:
        return None
    words = words_of(row, keys=node_of(request).keys)
    return {
        "id": row.id.hex(),
        "state": _state(row.word.state, request.language),
        "tone": TONES[row.word.state],
        "reason": code_list("channel_state_reasons").label(row.word.reason, request.language),
        "words": words.value if words else "",
        "language": words.language if words else "",
        "from_ms": row.word.from_ms,
        "until_ms": row.word.until_ms,
        "officer": row.word.officer or "",
        "second": row.word.second or "",
        "announced": bool(row.statement),
        "announce": row.announce,
        "taken_ms": row.taken_ms,
        "partner": agency_name(row.partner, request.language),
        "channel": row.word.channel,
        "channel_name": channel_label(row.word.channel, request.language),
        "mine": row.word.officer == request.visitor.number,
    }


def line_of(partner: str, row: StandingRow, waiting: int, request: Request) -> dict[str, Any]:
    """How one channel stands, as a table shows it: the stricter word, whose it is, since when, what waits."""
    worst = row.standing.worst
    ours = row.standing.own is worst and worst is not State.OPEN
    behind = row.ours if ours else row.theirs
    return {
        "channel": str(row.channel),
        "name": channel_label(row.channel, request.language),
        "state": _state(worst, request.language),
        "tone": TONES[worst],
        "open": worst is State.OPEN,
        "by": text(f"channels.states.by-{'us' if ours else 'them'}", request.language),
        "behind": _decided(decision(behind), request) if behind and worst is not State.OPEN else None,
        "since_ms": row.since_ms,
        "waiting": waiting,
        "url": reverse("channel-with", args=(partner, str(row.channel))),
    }


def _partner(partner: str, counted: dict[tuple[str, str], int], request: Request) -> dict[str, Any]:
    rows = standing_rows(partner)
    return {
        "agency": partner,
        "name": agency_name(partner, request.language),
        "rows": [line_of(partner, row, counted.get((partner, str(row.channel)), 0), request) for row in rows.values()],
        "accepts": accepts_emergency(partner, side=THEIRS),
        "we_accept": accepts_emergency(partner, side=OURS),
        "reports": [
            {
                "id": one.id,
                "channel": str(one.channel),
                "name": channel_label(one.channel, request.language),
                "began_ms": one.began_ms,
                "ended_ms": one.ended_ms,
                "waited": one.waited,
            }
            for one in interruptions_with(partner, limit=5)
        ],
        "suspended": sum(row.standing.worst is State.SUSPENDED for row in rows.values()),
    }


def _emergency(one: Unreviewed, request: Request) -> dict[str, Any]:
    return {
        "id": one.id.hex(),
        "partner": agency_name(one.partner, request.language),
        "channel": channel_label(one.channel, request.language),
        "officer": one.officer,
        "at_ms": one.at_ms,
        "due_ms": one.due_ms,
        "late": one.due_ms < request.now_ms,
    }


@page(*LOOKS)
def channels(request: Request) -> HttpResponse:
    """How the channels stand with every partner; what waits for a second person, and for a review."""
    counted = waiting_counts()
    found = [_partner(one, counted, request) for one in met()]
    done = request.GET.get("done", "")
    shown = {
        "partners": found,
        "suspended": sum(one["suspended"] for one in found),
        "waiting": sum(counted.values()),
        "proposals": [_decided(row, request) for row in proposals()],
        "emergencies": [_emergency(one, request) for one in unreviewed()] if reviews(request) else [],
        "decides": decides(request),
        "number": request.visitor.number,
        "message": text(f"channels.states.done.{done}", request.language) if done in _DONE else "",
        "tone": _DONE.get(done, ""),
    }
    return render(request, "channels/states.html", shown)


_DONE = {"taken": "proof", "proposed": "due", "declined": "", "accepted": "proof", "refused": "", "reviewed": "proof"}


@page(*LOOKS)
def channel(request: Request, partner: str, channel: str) -> HttpResponse:
    """One channel with one partner: both sides' words, what waits of the visitor's desks, what was decided before."""
    named = named_channel(partner, channel)
    row = standing_rows(partner)[named]
    every = decides(request)
    at_a_desk = bool(request.visitor.roles & frozenset(AT_A_DESK))
    waits = (
        matters_waiting(request.visitor.posts, every=every, partner=partner, channel=channel, context=node_of(request))
        if at_a_desk
        else []
    )
    shown = {
        "partner": partner,
        "name": agency_name(partner, request.language),
        "channel": str(named),
        "channel_name": channel_label(named, request.language),
        "state": _state(row.standing.worst, request.language),
        "tone": TONES[row.standing.worst],
        "sides": [
            (text("channels.states.ours", request.language), _side(row.ours, row.standing.own, request)),
            (text("channels.states.theirs", request.language), _side(row.theirs, row.standing.announced, request)),
        ],
        "waits": [
            {
                "url": reverse("channel-waiting", args=(one.matter.hex(),)),
                "title": one.about.title(request.language)
                if one.about
                else code_list("message_kinds").label(one.kind, request.language),
                "kind": code_list("message_kinds").label(one.kind, request.language),
                "count": one.count,
                "held_ms": one.held_ms,
                "due_ms": one.about.deadline_ms if one.about else None,
                "by_hand": one.by_hand,
            }
            for one in waits
        ],
        "others": waiting_counts().get((partner, channel), 0) if not waits else 0,
        "events": [event_of(one, request) for one in decisions(partner, channel) if one.taken_ms or one.open],
        "reports": interruptions_with(partner, channel=channel),
        "decides": every,
    }
    return render(request, "channels/state.html", shown)


def _side(behind: bytes, state: State, request: Request) -> dict[str, Any]:
    found = _decided(decision(behind), request) if behind else None
    return found or {"state": _state(state, request.language), "tone": TONES[state]}


def event_of(row: DecisionRow, request: Request) -> dict[str, Any]:
    """A decision as an event of `components/course.html`."""
    side = "us" if row.side == OURS else "them"
    key = f"channels.states.event-{'proposed' if row.open else side}"
    found = _decided(row, request)
    assert found is not None  # noqa: S101 (the row is there)
    return {
        "words": text(key, request.language, state=found["state"], reason=found["reason"]),
        "at_ms": row.decided_ms,
        "by": " · ".join(number for number in (found["officer"], found["second"]) if number),
        "tone": found["tone"] or "proof",
        "said": found["words"],
        "said_language": found["language"],
    }


# ---------------------------------------------------------------------------------------------------- deciding


def _form(request: Request) -> Form:
    tongues = tuple((code, code_list("languages").label(code, request.language)) for code in LANGUAGES)
    return Form(
        (
            Field(
                name="state", label="channels.states.field.state", kind="radio", required=True,
                choices=choices_of("channel_states", request.language),
            ),
            Field(
                name="reason", label="channels.states.field.reason", kind="select", required=True, size="middle",
                choices=choices_of("channel_state_reasons", request.language),
            ),
            Field(
                name="words", label="channels.states.field.words", kind="words", help="channels.states.help.words",
                language=request.language, languages=tongues, rows=3,
            ),
            *period("from", "channels.states.field.from", "accounts.field.from-hour", help_key="channels.states.help.from"),
            *period("until", "channels.states.field.until", "accounts.field.until-hour", help_key="channels.states.help.until"),
            Field(
                name="announce", label="channels.states.field.announce", kind="tick", value=True,
                help="channels.states.help.announce",
            ),
        )
    )  # fmt: skip


def _word(form: Form, channel: Channel, request: Request) -> StateWord:
    values, zone = form.values, request.visitor.zone
    from_ms = moment_of(form, "from", zone) or node_of(request).clock()
    until_ms = moment_of(form, "until", zone)
    check_period(from_ms, until_ms)
    return StateWord(
        channel=str(channel),
        state=values["state"],
        reason=values["reason"],
        from_ms=from_ms,
        until_ms=until_ms,
        words=Text(values["words.language"], values["words"]) if values["words"].strip() else None,
    )


@page(*AT_A_DESK, methods=("GET", "POST"))
def decide_page(request: Request, partner: str, channel: str) -> HttpResponse:
    """Decides how a channel stands; the page says what waits now and what will."""
    named = named_channel(partner, channel)
    if not decides(request):
        raise NotFound("channels.unknown-decision")
    row = standing_rows(partner)[named]
    form = _form(request)
    error: Error | None = None
    if request.method == "POST":
        form = form.bound(request.POST, language=request.language).checked(request.language)
        if not form.faulty:
            try:
                _, settled = decide(
                    partner,
                    _word(form, named, request),
                    announce=form.values["announce"],
                    officer=acting(request),
                    context=node_of(request),
                )
                done = "taken" if settled is not None else "proposed"
                return HttpResponseRedirect(f"{reverse('channels')}?done={done}")
            except Error as raised:
                error = raised
    context = {
        "partner": partner,
        "name": agency_name(partner, request.language),
        "channel": str(named),
        "channel_name": channel_label(named, request.language),
        "state": _state(row.standing.worst, request.language),
        "tone": TONES[row.standing.worst],
        "waiting": waiting_counts().get((partner, channel), 0),
        "two_persons": rules().two_persons,
        "key_closed": request.officer is None,
    }
    return form_page(request, "channels/decide.html", form, error, context)


@page(*AT_A_DESK, methods=("POST",))
def proposal(request: Request, identifier: str) -> HttpResponse:
    """A second person's word on a proposal."""
    try:
        named = bytes.fromhex(identifier)
    except ValueError as error:
        raise NotFound("channels.unknown-decision") from error
    try:
        if request.POST.get("answer") == "agree":
            agree(named, officer=acting(request), context=node_of(request))
            return HttpResponseRedirect(f"{reverse('channels')}?done=taken")
        decline(named, officer=acting(request), context=node_of(request))
    except Error as error:
        return _failed(request, error)
    return HttpResponseRedirect(f"{reverse('channels')}?done=declined")


@page(*AT_A_DESK, methods=("POST",))
def acceptance(request: Request, partner: str) -> HttpResponse:
    """Declares whether we take what concerns danger to life on a channel that the partner suspended."""
    accepts = request.POST.get("answer") == "accept"
    try:
        accept_emergency(partner, accepts=accepts, officer=acting(request), context=node_of(request))
    except Error as error:
        return _failed(request, error)
    return HttpResponseRedirect(f"{reverse('channels')}?done={'accepted' if accepts else 'refused'}")


def _failed(request: Request, error: Error) -> HttpResponse:
    shown = {
        "message": told(error, request.language), "tone": "late", "partners": [], "proposals": [], "emergencies": [], "failed": True,
    }  # fmt: skip
    return render(request, "channels/states.html", shown, status=error.http_status)
